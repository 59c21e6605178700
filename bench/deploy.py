"""Deploying many migrations: `python bench/deploy.py [--counts 100,1000] [--servers postgresql,mariadb]`.

A generated history is deployed from nothing by everybody in turn, on one server that syncs to disk:
`psql -f` (`mariadb < file`) of each file, `faber-db build` from the command line, and the real
`prisma migrate deploy` and `dbmate up`. Peers that are not installed are left out by name.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.mysql import binaries as mysql_binaries
from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.model.dialect import Dialect
from tests.interop.generated_history import generated
from tests.interop.test_prisma import ENGINE, PACKAGES

SYNCED = {  # as a server is that is not thrown away
    "innodb-flush-log-at-trx-commit": "1",
    "innodb-flush-method": "fsync",
    "innodb-doublewrite": "ON",
    "sync-frm": "ON",
}
DBMATE = PACKAGES.parent / "npm-dbmate" / "node_modules"


class Ground:
    """A server, and a new database on it each time."""

    def __init__(self, dialect: Dialect, url: Callable[[str], str], client: str) -> None:
        self.dialect, self.url, self.client = dialect, url, client
        self._made = 0

    def new(self) -> str:
        self._made += 1
        name = f"bench_{self._made}"
        if self.dialect is Dialect.MARIADB:
            Mysql().create_database(self.url(name))
        else:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def ground(dialect: Dialect) -> Iterator[Ground]:
    """A private server that syncs as any other does."""
    if dialect is Dialect.MARIADB:
        with PrivateMariadb(mysql_binaries.find()[0], settings=SYNCED) as server:
            yield Ground(dialect, server.url, shutil.which("mariadb") or "mysql")
        return
    found = [b for b in binaries.find("initdb") if b.tool("postgres")]
    programs = min(found, key=lambda b: (b.wheel, -b.major))  # a package has the extensions
    with PrivatePostgresql(programs.folder, synced=True) as server:
        psql = shutil.which("psql") or str(programs.tool("psql"))
        yield Ground(dialect, server.url, psql)


def by_client(place: Ground, scripts: list[tuple[str, str]], root: Path) -> None:
    """One process of the server's own client for each file."""
    url = place.new()
    for name, _ in scripts:
        file = root / f"{name}.sql"
        if place.dialect is Dialect.MARIADB:
            at = mysql_address.parse(url)
            command = [
                place.client,
                "--no-defaults",
                f"--socket={at.socket}",
                "-uroot",
                at.database,
            ]
            with file.open() as script:
                subprocess.run(command, stdin=script, check=True)
        else:
            command = [place.client, "-qX1", "-v", "ON_ERROR_STOP=1", "-f", str(file), url]
            subprocess.run(command, check=True)


def by_us(place: Ground, root: Path, handler: str, folder: str) -> None:
    """The whole command: reading, analysis, plan, deployment, health."""
    build(root, place.new(), handler, folder)


def build(root: Path, url: str, handler: str, folder: str) -> None:
    """`faber-db build` and, where it takes longer than a call may, watching its job."""
    settings = {
        "handler": handler,
        "migrations": folder,
        "environments": {"dev": {"url": "env:BENCH_URL"}},
    }
    (root / "faber-db.json").write_text(json.dumps(settings))
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FABER_DB_")}
    environ |= {"BENCH_URL": url, "XDG_STATE_HOME": str(root / "state" / handler)}
    answer = run([sys.executable, "-m", "faber_db", "build", "--json"], root, environ)
    while json.loads(answer)["details"]["state"] == "running":
        job = json.loads(answer)["details"]["job_id"]
        command = [sys.executable, "-m", "faber_db", "status", job, "--wait", "25", "--json"]
        waited = json.loads(run(command, root, environ))["details"]["jobs"][0]
        if waited["state"] not in ("queued", "running"):
            if waited["state"] != "done":
                raise SystemExit(str(waited["error"]))
            return


def by_prisma(place: Ground, root: Path) -> None:
    url = place.new()
    prisma(root, url, "deploy")


def prisma(root: Path, url: str, *words: str, fails: tuple[int, ...] = ()) -> str:
    """What `prisma migrate …` says in a project of `write`'s shape, on PostgreSQL."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    theirs = (
        f"postgresql://{parts['user']}@localhost/{parts['dbname']}?host={quote(str(parts['host']))}"
    )
    (root / "prisma.config.ts").write_text(
        'export default { schema: "prisma/schema.prisma", migrations: { path: "prisma/migrations" },'
        f" datasource: {{ url: {json.dumps(theirs)} }} }}\n"
    )
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "PRISMA_SCHEMA_ENGINE_BINARY": str(ENGINE),
        "PRISMA_PACKAGES": str(PACKAGES),
        "CHECKPOINT_DISABLE": "1",
        "NO_COLOR": "1",
    }
    cli = PACKAGES / "node_modules" / "prisma" / "build" / "index.js"
    return run(["node", str(cli), "migrate", *words], root, environ, fails=fails)


def by_dbmate(place: Ground, root: Path) -> None:
    url = place.new()
    if place.dialect is Dialect.MARIADB:
        at = mysql_address.parse(url)
        theirs = f"mysql://root@/{at.database}?socket={at.socket}"
    else:
        parts = psycopg.conninfo.conninfo_to_dict(url)
        theirs = f"postgres://{parts['user']}@/{parts['dbname']}?socket={parts['host']}"
    command = [str(DBMATE / ".bin" / "dbmate"), "--url", theirs, "--no-dump-schema"]
    run([*command, "--migrations-dir", str(root / "dbmate"), "up"], root, dict(os.environ))


def write(root: Path, scripts: list[tuple[str, str]], provider: str) -> None:
    """The same scripts as each of them wants its files."""
    for name, sql in scripts:
        folder = root / "prisma" / "migrations" / name
        folder.mkdir(parents=True)
        (folder / "migration.sql").write_text(sql)
        (root / "dbmate").mkdir(exist_ok=True)
        both = f"-- migrate:up\n{sql}\n-- migrate:down\n"
        (root / "dbmate" / f"{name}.sql").write_text(both)
        (root / f"{name}.sql").write_text(sql)
    lock = root / "prisma" / "migrations" / "migration_lock.toml"
    lock.write_text(f'provider = "{provider}"\n')
    (root / "prisma" / "schema.prisma").write_text(
        f'datasource db {{\n  provider = "{provider}"\n}}\n'
    )
    if PACKAGES.exists():
        (root / "node_modules").symlink_to(PACKAGES / "node_modules")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--counts", default="100,1000")
    parser.add_argument("--servers", default="postgresql,mariadb")
    given = parser.parse_args()
    for server in given.servers.split(","):
        dialect = Dialect(server)
        with ground(dialect) as place:
            for count in map(int, given.counts.split(",")):
                with tempfile.TemporaryDirectory() as temporary:
                    _compare(place, generated(count, dialect), Path(temporary))


def _compare(place: Ground, scripts: list[tuple[str, str]], root: Path) -> None:
    is_mariadb = place.dialect is Dialect.MARIADB
    write(root, scripts, "mysql" if is_mariadb else "postgresql")
    client = "mariadb < file" if is_mariadb else "psql -1 -f file"
    ways: dict[str, Callable[[], None]] = {
        client: lambda: by_client(place, scripts, root),
        "faber-db build, prisma": lambda: by_us(place, root, "prisma", "prisma/migrations"),
        "faber-db build, dbmate": lambda: by_us(place, root, "dbmate", "dbmate"),
    }
    if PACKAGES.exists() and not is_mariadb:
        ways["prisma migrate deploy"] = lambda: by_prisma(place, root)
    if DBMATE.exists():
        ways["dbmate up"] = lambda: by_dbmate(place, root)
    base = 0.0
    for name, way in ways.items():
        began = time.perf_counter()
        way()
        took = time.perf_counter() - began
        base = base or took
        label = f"{place.dialect.value} {len(scripts):5d}  {name:24}"
        print(f"{label} {took:7.1f} s  {took / base:5.2f} of the client", flush=True)


def run(
    command: list[str], root: Path, environ: dict[str, str], *, fails: tuple[int, ...] = ()
) -> str:
    """What a program prints, which has to end well (4: a job of ours still runs)."""
    done = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 4, *fails):
        raise SystemExit(f"{command[:4]}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


if __name__ == "__main__":
    main()
