"""Pinned npm packages, installed once into the cache folder of the repository."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict

_CACHE = Path(__file__).parents[2] / ".cache"


def installed(name: str, pinned: Sequence[str]) -> Path:
    """The folder that holds `node_modules`; no install script runs."""
    folder = _CACHE / f"npm-{name}"
    with one_at_a_time():
        return _installed(folder, pinned)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Workers of one run do not install into one folder at once."""
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _installed(folder: Path, pinned: Sequence[str]) -> Path:
    wanted = folder / "pinned.json"
    if wanted.exists() and json.loads(wanted.read_text()) == list(pinned):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *pinned]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail(f"npm install failed: {done.stderr[-500:]}")
        pytest.skip("the pinned npm packages cannot be installed here")
    wanted.write_text(json.dumps(list(pinned)))
    return folder


def postgresql_for_go(url: str) -> str:
    """A URL of ours as Go's drivers and node-postgres read it: the socket is a parameter."""
    parts = conninfo_to_dict(url)
    place = {"host": str(parts["host"]), "port": str(parts.get("port", 5432))}
    query = urlencode(place | {"sslmode": "disable"})
    password = f":{quote(str(parts['password']))}" if parts.get("password") else ""
    return f"postgres://{quote(str(parts['user']))}{password}@/{parts['dbname']}?{query}"
