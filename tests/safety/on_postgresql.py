"""Measure a PostgreSQL case: locks, rewrites, scans, written rows, losses, and what of the application breaks.

Each case gets a clone of the filled database.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.engines.postgresql.address import conninfo, parse
from faber_db.adapters.shadows.private_postgresql import USER, PrivatePostgresql
from faber_db.model.dialect import Dialect
from tests.safety.cases import Case, application_statements, schema
from tests.safety.measure import Measurer
from tests.safety.postgresql_losses import Connection, Tables, losses, snapshot
from tests.safety.postgresql_run import Runner
from tests.safety.truth import Measured

ROLE = "shop_app"
USUAL = 17
_SETTINGS = (
    "SET max_parallel_workers_per_gather = 0",  # the counters of workers are not ours
    "SET max_parallel_maintenance_workers = 0",
    "SET enable_indexonlyscan = off",  # it reads a table without being counted for it
    "SET statement_timeout = '20s'",
)


@contextmanager
def measurer(version: int = 0) -> Iterator[Measurer]:
    """Start servers for the time of the measurements: of one version, else 17 and what a case needs.

    Raises:
        LookupError: that version is not installed.
    """
    with ExitStack() as servers:
        benches: dict[int, Bench] = {}

        def measure(case: Case) -> Measured:
            major = version or max(USUAL, case.since)
            if major not in benches:
                fitting = [b for b in binaries.find("initdb") if b.major == major]
                if not fitting:
                    raise LookupError(f"no PostgreSQL {major} to start")
                server = servers.enter_context(PrivatePostgresql(fitting[0].folder))
                benches[major] = Bench(server.url())
            return benches[major].measure(case)

        yield measure


class Bench:
    """A server with the filled database to clone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template = ""
        self._roles: list[tuple[Any, ...]] = []
        self._usual: tuple[Tables, dict[str, str]] | None = None  # where a case has no setup
        self._prepare()

    def _connect(self, database: str, user: str = "") -> Connection:
        address = parse(self._url).to_database(database)
        text = make_conninfo(conninfo(address), **({"user": user} if user else {}))
        connection = psycopg.connect(text, autocommit=True)
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        return connection

    def _admin(self, *statements: sql.Composed | str) -> None:
        with psycopg.connect(conninfo(parse(self._url)), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode() if isinstance(statement, str) else statement)

    def _prepare(self) -> None:
        """Make the database that is cloned, and the roles that it needs."""
        if self._template:
            self._admin(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._template))
            )
            self._remove_roles()
        self._usual = None
        self._template = f"shop_{secrets.token_hex(4)}"
        self._admin(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._template)))
        with self._connect(self._template) as connection:
            connection.execute(schema(Dialect.POSTGRESQL).encode())
        self._roles = self._read_roles()

    def _read_roles(self) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo(parse(self._url)), autocommit=True) as connection:
            return connection.execute(
                "SELECT r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,"
                " r.rolbypassrls, r.rolreplication, (SELECT array_agg(m.roleid::regrole::text)"
                " FROM pg_auth_members m WHERE m.member = r.oid),"
                " (SELECT array_agg(s.setconfig::text) FROM pg_db_role_setting s WHERE s.setrole = r.oid)"
                " FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1"
            ).fetchall()

    def _remove_roles(self) -> None:
        for name, *_ in self._read_roles():
            if name != USER:
                self._admin(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))

    def measure(self, case: Case) -> Measured:
        """Run one case in a clone of its own."""
        clone = f"c_{secrets.token_hex(6)}"
        name = sql.Identifier(clone)
        self._admin(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(self._template))
        )
        try:
            return self._measure(case, clone)
        finally:
            self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            if self._read_roles() != self._roles:
                self._prepare()

    def _measure(self, case: Case, clone: str) -> Measured:
        before, answers = self._before(case, clone)
        with self._connect(clone) as connection, self._connect(clone) as other:
            run = Runner(connection, other, before).run(case)
        with self._connect(clone) as connection:
            lost = losses(connection, before)
        broken = _broken(answers, self._ask(clone))
        return Measured(
            data_loss=bool(lost),
            blocking=bool(run.blocked),
            blocks_reads="AccessExclusiveLock" in run.blocked.values(),
            app_break=bool(broken),
            fails=bool(run.error),
            facts={
                "error": run.error,
                "locks": {t: sorted(m) for t, m in sorted(run.locks.items())},
                "rewritten": sorted(run.rewritten),
                "worked": sorted(run.worked),
                "blocked": dict(sorted(run.blocked.items())),
                "lost": lost,
                "broken": broken,
            },
        )

    def _before(self, case: Case, clone: str) -> tuple[Tables, dict[str, str]]:
        if self._usual is not None and not case.setup:
            return self._usual
        with self._connect(clone) as connection:
            if case.setup:
                connection.execute(case.setup.encode())
            before = snapshot(connection)
        answers = self._ask(clone)
        if not case.setup:
            self._usual = before, answers
        return before, answers

    def _ask(self, clone: str) -> dict[str, str]:
        """The application's statements: "" where one found rows, else "empty" or an SQLSTATE."""
        found: dict[str, str] = {}
        try:
            connection = self._connect(clone, ROLE)
        except psycopg.Error:
            return dict.fromkeys(application_statements(Dialect.POSTGRESQL), "no connection")
        with connection:
            for name, text in application_statements(Dialect.POSTGRESQL).items():
                try:
                    with connection.transaction(force_rollback=True):
                        rows = connection.execute(text.encode()).fetchall()
                    found[name] = "" if rows else "empty"
                except psycopg.Error as error:
                    found[name] = error.sqlstate or "error"
        return found


def _broken(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    return {name: after[name] for name, was in before.items() if not was and after[name]}
