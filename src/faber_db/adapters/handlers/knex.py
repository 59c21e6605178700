"""Knex: `migrations/<14 digits>_<name>.js`, and the tables `knex_migrations` and its lock.

Read in the source of Knex 3, lib/migrations/migrate: every program of the folder is a migration,
sorted by its file name; a row without its file stops everything; those that one run applies share a
batch, which `migrate:rollback` takes back together. Each that we apply has a batch of its own, as
with `migrate:up`. The lock is the row `is_locked` (`knex_lock`).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from faber_db.adapters.handlers import knex_lock
from faber_db.adapters.handlers.js_named import NamedFiles, version_of
from faber_db.adapters.handlers.js_program import JsProgram, program_of
from faber_db.adapters.handlers.js_text import Found, literal, option
from faber_db.adapters.handlers.js_writing import body
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import new_id
from faber_db.errors import NotSupported
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote, LedgerRow, Migration, SourceFile
from faber_db.services.ports import Bound, Session, ToolPlace

_LOCK = "_lock"
_AGAIN = timedelta(seconds=10)  # for the lock, when Knex has given it back
_ALONE = re.compile(r"\bconfig\b[^;{}]{0,200}\{[^{}]{0,500}\btransaction\s*:\s*false\b")
_NOW = {
    Dialect.POSTGRESQL: "clock_timestamp()",
    Dialect.SQLITE: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}
_GIVEN = {Dialect.POSTGRESQL: "%s", Dialect.SQLITE: "%s"}
_READ = {Dialect.POSTGRESQL: "migration_time", Dialect.SQLITE: "migration_time"}


class Knex(NamedFiles):
    """Files with `up` and `down`, sorted by their names, and a lock row."""

    name = "knex"
    tool = "Knex"
    table = "knex_migrations"
    shapes = (frozenset({"id", "name", "batch", "migration_time"}),)
    configuration = re.compile(r"knexfile\.[cm]?[jt]s")
    product_keys = ("client", "dialect")
    folder_option = re.compile(
        r"\bmigrations['\"]?\s*:\s*\{[^{}]*?\bdirectory['\"]?\s*:\s*([^\n}]+)"
    )
    ignores = "Until it is there Knex itself refuses to run anything."
    leaves = "Knex ran it without a transaction (so does MySQL) and writes its row last"

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        tables = self.candidates.tables
        return tuple(t.label for t in (*tables, *(t.ending(_LOCK) for t in tables)))

    def table_option(self, texts: Sequence[str]) -> Found:
        return option(texts, "tableName", within="migrations")

    def schema_option(self, texts: Sequence[str]) -> Found:
        return option(texts, "schemaName", within="migrations")

    def wraps(self, text: str) -> bool:
        all_alone = "true" in option(self.texts.values(), "disableTransactions").values
        return not all_alone and not _ALONE.search(text)

    def ddl(self, dialect: Dialect, table: LedgerTable) -> Sequence[str]:
        name, lock = table.quoted(dialect), table.ending(_LOCK).quoted(dialect)
        if dialect is Dialect.POSTGRESQL:
            ledger = (
                '"id" serial PRIMARY KEY, "name" varchar(255), "batch" integer,'
                ' "migration_time" timestamptz'
            )
            row = '"index" serial PRIMARY KEY, "is_locked" integer'
        elif dialect is Dialect.SQLITE:
            key = "integer not null primary key autoincrement"
            ledger = f"`id` {key}, `name` varchar(255), `batch` integer, `migration_time` datetime"
            row = f"`index` {key}, `is_locked` integer"
        else:
            key = "int unsigned not null auto_increment primary key"
            ledger = f"`id` {key}, `name` varchar(255), `batch` int, `migration_time` timestamp"
            row = f"`index` {key}, `is_locked` int"
        return (
            f"CREATE TABLE {name} ({ledger})",
            f"CREATE TABLE {lock} ({row})",
            f"INSERT INTO {lock} (is_locked) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {lock})",  # noqa: S608 -- quoted
        )

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        read = _READ.get(session.dialect, "unix_timestamp(migration_time)")
        sql = f"SELECT name, {read} FROM {table.quoted(session.dialect)} ORDER BY id"  # noqa: S608 -- quoted
        found: dict[str, LedgerRow] = {}
        for name, at in session.query(sql):
            row = LedgerRow(version_of(str(name)), str(name), None, _moment(session.dialect, at))
            found.pop(row.version, None)
            found[row.version] = row
        return list(found.values())

    def insert(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> Bound:
        name = table.quoted(dialect)
        at = _NOW.get(dialect, "current_timestamp")
        moment: tuple[object, ...] = ()
        if now is not None:
            at, moment = _GIVEN.get(dialect, "from_unixtime(%s)"), (_time(dialect, now),)
        return Bound(
            f"INSERT INTO {name} (name, batch, migration_time)"  # noqa: S608 -- quoted
            f" SELECT %s, coalesce(max(batch), 0) + 1, {at} FROM {name}",
            (migration.name, *moment),
        )

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        times = [row.applied_at for row in ledger if row.applied_at]
        newest = max(times).isoformat(timespec="seconds") if times else ""
        table = self.candidates.chosen(session).ending(_LOCK)
        held = knex_lock.notes(session, table, newest)
        return (*held, *super().notes(session, history, ledger))

    def ensured(self, session: Session) -> LedgerTable:
        """With the lock beside it, and the one row of that."""
        table = super().ensured(session)
        lock = table.ending(_LOCK)
        _, made, filled = self.ddl(session.dialect, table)
        if lock.columns(session) is None:
            self._execute(session, Bound(made))
        if not session.query(f"SELECT 1 FROM {lock.quoted(session.dialect)}"):  # noqa: S608 -- quoted
            self._execute(session, Bound(filled))
        return table

    @contextmanager
    def lock(self, session: Session, *, wait: timedelta) -> Iterator[None]:
        """Knex's lock row; as Knex does, its tables are made where they are missing."""
        table = self.ensured(session).ending(_LOCK)
        with knex_lock.lock_row(session, table, wait=wait):
            yield

    def tool_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """`migrate:up NAME`, with the project's only knexfile where that does not lie beside it."""
        return self._words(place, "migrate:up", migration.name)

    def back_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        return self._words(place, "migrate:down", migration.name)

    def look_words(self, place: ToolPlace) -> tuple[JsProgram, list[str]]:
        return self._words(place, "migrate:currentVersion")

    def _words(self, place: ToolPlace, *command: str) -> tuple[JsProgram, list[str]]:
        program = program_of(place, "Knex", "knex", "bin/cli.js")
        words = [*command]
        files = [place.root / path for path in self.texts]
        if len(files) == 1 and files[0].parent != program.package:
            words += ["--knexfile", str(files[0])]
        return program, words

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        """Knex takes its lock itself, so ours is lent to it for that time."""
        table = self.in_project(place.root, place.folder).candidates.chosen(session)
        with knex_lock.lent(session, table.ending(_LOCK), wait=_AGAIN):
            super().run_tool(session, migration, place, back=back)

    def generate(
        self,
        name: str,
        up: str,
        down: str,
        *,
        now: datetime,
        existing: Sequence[Migration],
        wrap: bool = True,
    ) -> tuple[SourceFile, ...]:
        version, ending = new_id(name, now=now, existing=existing), self.ending(existing, "js")
        text = _text(up, down, ending=ending, wrap=wrap)
        return (SourceFile(f"{version}.{ending}", text.encode()),)


def _time(dialect: Dialect, moment: datetime) -> object:
    if dialect is Dialect.POSTGRESQL:
        return moment
    stamp = moment.astimezone(UTC).timestamp()
    return int(stamp * 1000) if dialect is Dialect.SQLITE else stamp


def _moment(dialect: Dialect, value: object) -> datetime | None:
    """On SQLite a number of milliseconds; a text there was written by something else."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if value is None or isinstance(value, str):
        return None
    seconds = float(str(value)) / (1000 if dialect is Dialect.SQLITE else 1)
    return datetime.fromtimestamp(seconds, UTC)


def _text(up: str, down: str, *, ending: str, wrap: bool) -> str:
    def call(statement: str) -> str:
        if "\\?" in statement:
            raise NotSupported(
                "a backslash before a question mark cannot be written in a migration of Knex",
                hint="`knex.raw` drops it. Write that statement by hand, with a bound value.",
            )
        escaped = statement.replace("?", "\\?")  # else it is a place for a value
        return f"await knex.raw({literal(escaped)});"

    typed, module = ending in ("ts", "cts", "mts"), ending not in ("js", "cjs")
    argument, result = ("knex: Knex", ": Promise<void>") if typed else ("knex", "")
    lines = ['import type { Knex } from "knex";', ""] if typed else []
    for way, sql in (("up", up), ("down", down)):
        head = (
            f"export async function {way}({argument}){result} {{"
            if module
            else f"exports.{way} = async function ({argument}) {{"
        )
        lines += [head, body(sql, call, indent="  "), "}" if module else "};", ""]
    if not wrap:
        config = "export const config =" if module else "exports.config ="
        lines += [f"{config} {{ transaction: false }};", ""]
    return "\n".join(lines)
