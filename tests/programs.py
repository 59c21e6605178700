"""Migrations as Python programs, with a runner of our own: what the recorder is tried with."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from faber_db.adapters.handlers.dead_end import require_obedient
from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.adapters.handlers.user_tool import UserTool, run_tool
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration, SourceFile, recorded_version
from faber_db.services.ports import Session, ToolPlace

_RUNNER = """
import os, pathlib, sys
sys.path.insert(0, os.environ["PEER"]) if os.environ.get("PEER") else None
file, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
if kind == "postgresql":
    import psycopg
    connection = psycopg.connect(os.environ["DATABASE_URL"])
    mark, ddl = "%s", "CREATE TABLE IF NOT EXISTS faber_db_migrations (version text PRIMARY KEY," \\
        " name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz," \\
        " execution_ms bigint NOT NULL DEFAULT 0)"
elif kind == "sqlite":
    import sqlite3
    connection = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:"))
    mark, ddl = "?", "CREATE TABLE IF NOT EXISTS faber_db_migrations (version TEXT PRIMARY KEY" \\
        " NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT," \\
        " execution_ms INTEGER NOT NULL DEFAULT 0)"
else:
    import pymysql
    from urllib.parse import urlsplit
    url = urlsplit(os.environ["DATABASE_URL"])
    connection = pymysql.connect(host=url.hostname, port=url.port, user=url.username,
                                 password=url.password, database=url.path[1:])
    mark, ddl = "%s", "CREATE TABLE IF NOT EXISTS faber_db_migrations (version varchar(255)" \\
        " NOT NULL PRIMARY KEY, name varchar(255) NOT NULL, sha256 varchar(64) NOT NULL," \\
        " applied_at datetime(6), execution_ms bigint NOT NULL DEFAULT 0)"
cursor = connection.cursor()
cursor.execute(ddl)
connection.commit()
cursor.execute("SELECT version FROM faber_db_migrations")
cursor.fetchall()
exec(compile(file.read_text(), str(file), "exec"), {"db": cursor, "connection": connection})
cursor.execute("INSERT INTO faber_db_migrations (version, name, sha256, applied_at) VALUES"
               f" ({mark}, {mark}, 'x', CURRENT_TIMESTAMP)", (file.stem, file.stem))
connection.commit()
"""


class Programs(SqlFiles):
    """`NNN.py` files with statements on a cursor `db`; the ledger is that of plain SQL files."""

    name = "programs"
    code = True

    def __init__(self, ran: Callable[[str], None] = lambda _version: None) -> None:
        self._ran = ran

    def wants(self, path: str) -> bool:
        return path.endswith(".py") and "/" not in path

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        by_version = {recorded_version(f.path): f for f in files}
        return tuple(
            _with_recording(f, by_version.get(Path(f.path).stem))
            for f in sorted(files, key=lambda f: f.path)
            if self.wants(f.path)
        )

    def require_obedient(self, place: ToolPlace, dialect: Dialect) -> None:
        nothing = place.root / "nothing.txt"
        nothing.touch()
        require_obedient(lambda there: _runner(there, nothing, dialect), place, dialect)

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        assert not back, "its programs have no way back"
        self._ran(migration.version)
        run_tool(session, _runner(place, place.folder / migration.path, session.dialect), place)


def _runner(place: ToolPlace, program: Path, dialect: Dialect) -> UserTool:
    argv = (sys.executable, "-c", _RUNNER, str(program), dialect.value)
    return UserTool("runner", argv, place.folder)


def _with_recording(file: SourceFile, recording: SourceFile | None) -> Migration:
    version = Path(file.path).stem
    program = Migration(version, version, file.path, file.content, up="", code=True)
    if recording is None:
        return program
    return replace(
        program,
        content=recording.content,
        up=recording.content.decode(),
        recorded_path=recording.path,
    )
