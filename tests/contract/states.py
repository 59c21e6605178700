"""Both stores behind one door, and what other processes do to them."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg

from faber_db.adapters.stores.postgresql_state import PostgresqlState
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.model.finding import Analysis, Risk
from faber_db.model.plan import (
    BackupRequirement,
    Plan,
    PlanKind,
    PlannedMigration,
    PlanSettings,
    Requester,
)
from faber_db.model.target import TargetIdentity
from faber_db.services.ports import State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Store(State, Protocol):
    """A state that can be closed."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where a store lives: a file, or the URL of a PostgreSQL database."""

    where: str

    @property
    def is_server(self) -> bool:
        return self.where.startswith("postgres")

    def open(self) -> Store:
        """The store, as another process would open it."""
        if self.is_server:
            return PostgresqlState(lambda: self.where, lambda: NOW)
        return SqliteState(Path(self.where), lambda: NOW)

    def execute(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Behind the store's back; a table is named as SQLite has it."""
        if self.is_server:
            with psycopg.connect(self.where, autocommit=True) as connection:
                connection.execute("SET search_path = faber_db_state, public")
                cursor = connection.execute(sql.replace("?", "%s").encode(), parameters)
                return cursor.fetchall() if cursor.description else []
        with closing(sqlite3.connect(self.where, isolation_level=None, timeout=30)) as db:
            found: list[tuple[Any, ...]] = db.execute(sql, parameters).fetchall()
            return found

    def set_format(self, number: int) -> None:
        if self.is_server:
            self.execute("UPDATE meta SET value = ? WHERE key = 'format'", str(number))
        else:
            self.execute(f"PRAGMA user_version = {number}")


def plan(plan_id: str, *, subject: str = "", **changes: Any) -> Plan:
    """A plan; of a subject of its own if none is given."""
    migration = PlannedMigration(
        version="1", name="1_add", path="1_add.up.sql", sha256="aa", size_bytes=1, statements=1
    )
    made = Plan(
        id=plan_id,
        kind=PlanKind.DEPLOY,
        database="main",
        environment="production",
        protected=True,
        engine="sqlite",
        handler="sql",
        requester=Requester(client="test", account="me"),
        created_at=NOW.isoformat(),
        expires_at=NOW.isoformat(),
        target=TargetIdentity(product="sqlite", parts={"inode": "1"}),
        ledger_head="",
        subject=subject or plan_id,
        migrations=(migration,),
        analysis=Analysis(risk=Risk.LOW),
        settings=PlanSettings(lock_timeout_ms=1, statement_timeout_ms=1, lock_retries=0),
        schema_fingerprint="",
        backup=BackupRequirement(required=False),
        policy_digest="",
        min_approvals=1,
        rules_version="1",
        tool_version="1",
    )
    return made.model_copy(update=changes)


def at_once(work: str, place: Place, processes: int) -> list[int]:
    """Do one of `state_worker.WORK` in so many processes at once; the numbers that it held for."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.state_worker", work, place.where, str(processes)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def damage(place: Place, table: str, column: str, value: str) -> None:
    """Write a value into every row of a table."""
    place.execute(f"UPDATE {table} SET {column} = ?", value)
