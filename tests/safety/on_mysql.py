"""Measure a MySQL case on MariaDB: how each statement is done, what is lost, what of the application breaks.

Each case gets a new database. Before each ALTER the server is asked on an empty copy which algorithm and
lock it needs; what cannot be asked is watched while it runs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.connections import Connection

from faber_db.adapters.engines.mysql import binaries
from faber_db.adapters.engines.mysql.address import parse
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.model.dialect import Dialect
from faber_db.sql.splitter import spans
from tests.safety.cases import Case, application_statements
from tests.safety.measure import Measurer
from tests.safety.mysql_locks import (
    Answer,
    Watch,
    ask,
    can_ask,
    held_now,
    number_of,
    own_choice,
    refused,
    without_choice,
)
from tests.safety.mysql_losses import losses
from tests.safety.mysql_shop import SHOP, Shop
from tests.safety.truth import Measured

ROLE = "shop_app"
_TARGET = re.compile(r"(?:\bTABLE\s+(?:IF\s+EXISTS\s+)?|\bON\s+)((?:`?\w+`?\.)?`?\w+`?)", re.I)
_REMOVES = re.compile(r"\s*(DROP|TRUNCATE|RENAME|CREATE\s+OR\s+REPLACE)\b", re.I)
_FREES = re.compile(r"\s*(UNLOCK|COMMIT|ROLLBACK|SET|LOCK)\b", re.I)


@contextmanager
def measurer(*version: int) -> Iterator[Measurer]:
    """What measures a case on a private MariaDB."""
    del version  # there is one
    programs = binaries.find()
    if not programs:
        raise LookupError("no MariaDB to start")
    with PrivateMariadb(programs[0]) as private:
        server = _Server(parse(private.url()).socket)
        with server.connect() as admin, admin.cursor() as cursor:
            cursor.execute("INSTALL SONAME 'metadata_lock_info'")
            server.shop = Shop(admin)
            yield server.measure


class _Server:
    """One private server."""

    shop: Shop

    def __init__(self, socket: str) -> None:
        self.socket = socket

    def connect(self, user: str = "root", database: str | None = None) -> "Connection[Any]":
        return pymysql.connect(
            unix_socket=self.socket,
            user=user,
            database=database,
            charset="utf8mb4",
            autocommit=user == "root",
            init_command="SET SESSION lock_wait_timeout = 5, innodb_lock_wait_timeout = 2",
        )

    def measure(self, case: Case) -> Measured:
        """Run a case, and look at what is there before and after."""
        self.shop.renew(case)
        before, app_before = self.shop.rows(), self._application()
        run = _Run(self, {name for name, rows in before.items() if rows.values})
        error = run.script(case)
        loss = losses(before, self.shop.rows())
        broken = {
            name: outcome
            for name, outcome in self._application().items()
            if app_before[name] == "" and outcome
        }
        facts: dict[str, Any] = {"done": run.done}
        facts |= {"error": error} if error else {}
        facts |= {"app_broken": broken} if broken else {}
        facts |= {k: v for k, v in vars(loss).items() if v}
        return Measured(
            data_loss=bool(loss),
            blocking=run.blocks,
            blocks_reads=run.blocks_reads,
            app_break=bool(broken),
            fails=bool(error),
            facts=facts,
        )

    def _application(self) -> dict[str, str]:
        """For each statement of the application why it does not work, or nothing."""
        try:
            connection = self.connect(ROLE, SHOP)
        except pymysql.MySQLError as error:
            return dict.fromkeys(application_statements(Dialect.MYSQL), str(error.args[0]))
        with connection, connection.cursor() as cursor:
            found = {}
            for name, statement in application_statements(Dialect.MYSQL).items():
                try:
                    rows = cursor.execute(statement)
                    reads = statement.startswith("SELECT")
                    found[name] = "finds nothing" if reads and not rows else ""
                except pymysql.MySQLError as error:
                    found[name] = str(error.args[0])
                connection.rollback()
            return found


class _Run:
    """The migration itself, statement by statement, as a runner sends them."""

    def __init__(self, server: _Server, filled: set[str]) -> None:
        self.server = server
        self.filled = filled
        self.done: list[str] = []
        self.blocks = False
        self.blocks_reads = False

    def script(self, case: Case) -> str:
        """Run it; the error that ended it, or nothing."""
        with self.server.connect(database=SHOP) as main, self.server.connect() as other:
            try:
                for start, end in spans(case.sql, Dialect.MYSQL):
                    self._statement(main, other, case.sql[start:end])
                main.commit()
            except pymysql.MySQLError as error:
                return f"{error.args[0]}"
        return ""

    def _statement(self, main: "Connection[Any]", other: "Connection[Any]", text: str) -> None:
        held = held_now(other, number_of(main), SHOP) & self.filled
        answer = self._answer(main, text)
        watch = Watch(main, other, SHOP)
        try:
            with watch, main.cursor() as cursor:
                cursor.execute(text)
        except pymysql.MySQLError as error:
            if refused(error):
                answer = Answer()
            self._note(text, answer, set() if refused(error) else watch.held(), held)
            raise
        self._note(text, answer, watch.held(), held)
        if _REMOVES.match(text):
            self._still_filled(other)

    def _answer(self, main: "Connection[Any]", text: str) -> Answer:
        if can_ask(text):
            return self._ask(main, text)
        chosen = own_choice(text)
        if chosen.waits and chosen.algorithm != "COPY":  # a lock under which nothing is done
            lightest = self._ask(main, without_choice(text))
            return lightest if lightest.algorithm == "INSTANT" else chosen
        return chosen

    def _ask(self, main: "Connection[Any]", text: str) -> Answer:
        with self.server.connect() as probe, probe.cursor() as cursor, main.cursor() as own:
            own.execute("SELECT @@sql_mode, @@foreign_key_checks")
            mode, checks = own.fetchone()
            cursor.execute("SET sql_mode = %s, foreign_key_checks = %s", (mode, checks))
            return ask(probe, text, SHOP)

    def _note(self, text: str, answer: Answer, watched: set[str], held: set[str]) -> None:
        targets = {t.replace("`", "").removeprefix(f"{SHOP}.") for t in _TARGET.findall(text)[:1]}
        seen = bool(watched & self.filled)
        if answer.algorithm or answer.lock:
            asked = answer.waits and bool(targets & self.filled)
            self.done.append(f"{answer.algorithm} {answer.lock}".strip())
            self.done[-1] += "; seen to wait" if seen and not asked else ""  # it said otherwise
            self.blocks_reads |= asked and answer.lock == "EXCLUSIVE"
            self.blocks |= asked or seen
        else:
            self.done.append(f"{', '.join(sorted(watched)) or 'nothing'} kept from writes")
            self.blocks |= seen
        if held and not _FREES.match(text):
            self.done[-1] += f"; held: {', '.join(sorted(held))}"
            self.blocks = True

    def _still_filled(self, other: "Connection[Any]") -> None:
        """Leave out the tables that are gone, or new under an old name."""
        with other.cursor() as cursor:
            for table in tuple(self.filled):
                try:
                    cursor.execute(f"SELECT 1 FROM {SHOP}.`{table}` LIMIT 1")
                except pymysql.MySQLError:
                    self.filled.discard(table)
                else:
                    self.filled -= set() if cursor.fetchone() else {table}
