"""What the hop to an executor costs: `python bench/executor.py [--rounds 15]`.

Releases the same migrations to two protected SQLite files, one through the executor in this process,
one through an executor in a process of its own over a Unix socket, in turn; medians of both steps,
the plan and the deployment with its backup. Then the memory of the idle executor process.
"""

# ruff: noqa: S101, S105 - a bench stops where something is not as it should be

import argparse
import json
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from faber_db.app import build
from faber_db.model.approval import Approval
from faber_db.services import release, status
from faber_db.services.app import App
from faber_db.services.coordinate import Request

PASSPHRASE = "a passphrase of the bench"
ME = pwd.getpwuid(os.geteuid()).pw_name


@dataclass
class Side:
    """One of the two: the project that asks, and the one that holds the target."""

    asking: App
    holding: App

    def protect(self) -> None:
        assert self.holding.keys is not None
        key = self.holding.keys.create("ada", PASSPHRASE)
        self.holding.executor.protect(database="main", environment="production", key=key)

    def sign(self, plan: str) -> None:
        assert self.holding.keys is not None
        key = self.holding.keys.unlock("ada", PASSPHRASE)
        payload = self.holding.executor.payload(plan, approver="ada", key_id=key.public.key_id)
        signature = key.sign(payload.signed_bytes())
        approval = Approval(
            payload=payload,
            signer=key.signer,
            public_key=key.public.public_key,
            signature=signature,
        )
        self.holding.executor.sign(approval)

    def release(self) -> tuple[float, float]:
        """Seconds to the plan, and from the signature to the end."""
        began = time.perf_counter()
        answer = release.run(Request(environment="production"), self.asking)
        planned = time.perf_counter() - began
        plan = answer.details.plan_id
        assert answer.details.state == "approval_required", answer
        self.sign(plan)
        began = time.perf_counter()
        answer = release.run(Request(environment="production", plan_id=plan), self.asking)
        assert answer.details.state == "done", answer
        return planned, time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        here = _in_process(folder / "here")
        with _own_process(folder / "away") as (away, pid):
            times: dict[str, list[tuple[float, float]]] = {"in process": [], "over a socket": []}
            for number in range(rounds + 1):
                for name, side in (("in process", here), ("over a socket", away)):
                    _add(side.asking.root, number)
                    took = side.release()
                    if number:  # the first loads what is loaded once
                        times[name].append(took)
            for name, taken in times.items():
                plans, deployed = ([t[i] * 1000 for t in taken] for i in (0, 1))
                print(f"{name:14} plan {median(plans):7.1f} ms   deploy {median(deployed):7.1f} ms")
            asked = [_timed(lambda: status.run(_STATUS, away.asking)) for _ in range(50)]
            looked = [_timed(lambda: status.run(_STATUS, here.asking)) for _ in range(50)]
            print(
                f"status         {median(looked):5.1f} ms in process, {median(asked):5.1f} ms over"
            )
            print(f"memory         {_megabytes(pid):.0f} MiB, {rounds + 1} releases later")


_STATUS = status.Request(environment="production")


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _add(root: Path, number: int) -> None:
    folder = root / "migrations"
    folder.mkdir(exist_ok=True)
    name = f"{20260101000000 + number}_t{number}"
    (folder / f"{name}.up.sql").write_text(f"CREATE TABLE t{number} (id integer PRIMARY KEY);\n")
    (folder / f"{name}.down.sql").write_text(f"DROP TABLE t{number};\n")


def _homes(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FABER_DB_")}
    return kept | {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}


def _project(folder: Path, production: dict[str, str]) -> App:
    root = folder / "project"
    root.mkdir(parents=True)
    settings = {"engine": "sqlite", "handler": "sql", "environments": {"production": production}}
    (root / "faber-db.json").write_text(json.dumps(settings))
    _add(root, 0)
    return build(root, _homes(folder))


def _in_process(folder: Path) -> Side:
    folder.mkdir()
    (folder / "production.db").touch()
    app = _project(folder, {"url": str(folder / "production.db")})
    side = Side(app, app)
    side.protect()
    return side


@contextmanager
def _own_process(folder: Path) -> Iterator[tuple[Side, int]]:
    folder.mkdir()
    (folder / "production.db").touch()
    socket = f"unix:{folder}/s"
    config = folder / "executor.json"
    settings = {
        "handler": "sql",
        "environments": {"production": {"url": str(folder / "production.db")}},
        "listen": [socket],
        "clients": [{"account": ME}],
        "state_folder": str(folder / "kept"),
    }
    config.write_text(json.dumps(settings))
    environ = _homes(folder)
    holding = build(folder, environ | {"FABER_DB_CONFIG": str(config)})
    command = [sys.executable, "-m", "faber_db", "executor", "run", "--config", str(config)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        process.stderr.readline()  # listening on …
        print(f"memory         {_megabytes(process.pid):.0f} MiB, nothing asked yet")
        asking = _project(folder, {"executor": socket, "executor_account": ME})
        side = Side(asking, holding)
        side.protect()
        yield side, process.pid
    finally:
        process.terminate()
        process.wait()


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(x.split()[1]) for x in lines if x.startswith("VmRSS:")) / 1024


if __name__ == "__main__":
    main()
