"""Sequelize: `migrations/<14 digits>-<name>.js` and `SequelizeMeta`, a table of file names.

Read in the sources of sequelize-cli 6 and umzug 2: every program of the folder is a migration,
sorted by its file name; a file runs without a transaction of the tool, and its row is written after
it, so that one that failed half-way leaves what it did and no row. Sequelize has no lock.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from faber_db.adapters.handlers.js_named import NamedFiles, version_of
from faber_db.adapters.handlers.js_program import JsProgram, program_of
from faber_db.adapters.handlers.js_text import Found, literal, option
from faber_db.adapters.handlers.js_writing import body
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import new_id
from faber_db.errors import LedgerError, MigrationOutOfOrder
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration, SourceFile
from faber_db.services.ports import Bound, Session, ToolPlace

_TIMES = frozenset({"createdAt", "updatedAt"})
_PROGRAM = re.compile(r".+\.[cm]?[jt]s")


class Sequelize(NamedFiles):
    """Files with `up` and `down`, sorted by their names."""

    name = "sequelize"
    tool = "Sequelize"
    table = "SequelizeMeta"
    shapes = (frozenset({"name"}), frozenset({"name"}) | _TIMES)
    configuration = re.compile(
        r"(?i)\.sequelizerc|(config|database|sequelize([-_.]config)?|db)\.([cm]?[jt]s|json)"
    )
    product_keys = ("dialect",)
    folder_option = re.compile(r"['\"]migrations-path['\"]\s*:\s*([^\n}]+)")
    ignores = "Sequelize itself says nothing about it."
    leaves = "Sequelize runs a file without a transaction and writes its row last"

    def table_option(self, texts: Sequence[str]) -> Found:
        return option(texts, "migrationStorageTableName")

    def schema_option(self, texts: Sequence[str]) -> Found:
        return option(texts, "migrationStorageTableSchema")

    def ddl(self, dialect: Dialect, table: LedgerTable) -> Sequence[str]:
        name = table.quoted(dialect)
        if dialect in (Dialect.POSTGRESQL, Dialect.SQLITE):
            return (
                f'CREATE TABLE {name} ("name" VARCHAR(255) NOT NULL UNIQUE, PRIMARY KEY ("name"))',
            )
        return (
            f"CREATE TABLE {name} (`name` VARCHAR(255) NOT NULL UNIQUE, PRIMARY KEY (`name`))"
            " ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE utf8_unicode_ci",
        )

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        """By name: nothing else orders them, unless the project asked for times."""
        sql = f"SELECT name FROM {table.quoted(session.dialect)} ORDER BY name"  # noqa: S608 -- quoted
        names = sorted(str(name) for (name,) in session.query(sql))
        return [LedgerRow(version_of(name), name, None, None) for name in names]

    def insert(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> Bound:
        return Bound(
            f"INSERT INTO {table.quoted(dialect)} (name) VALUES (%s)",  # noqa: S608 -- quoted
            (migration.name,),
        )

    def tool_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """`db:migrate --to`: with nothing waiting before it, that is this file alone.

        `--name` would say it more plainly, but an older CLI takes no notice of it and applies all.
        """
        return self._words(place, "db:migrate", "--to", migration.name)

    def back_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """An older CLI takes no notice of `--name`, and takes back the newest."""
        return self._words(place, "db:migrate:undo", "--name", migration.name)

    def look_words(self, place: ToolPlace) -> tuple[JsProgram, list[str]]:
        return self._words(place, "db:migrate:status")

    def _words(self, place: ToolPlace, *command: str) -> tuple[JsProgram, list[str]]:
        program = program_of(place, "Sequelize's CLI", "sequelize-cli", "lib/sequelize")
        words = [*command]
        if not (program.package / ".sequelizerc").is_file():
            words += ["--migrations-path", str(place.folder)]
        return program, words

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        """With `--to` the CLI applies whatever waits before it too, so nothing may wait there."""
        done = {row.version for row in self.in_project(place.root, place.folder).ledger(session)}
        names = sorted(file.name for file in place.folder.iterdir() if self.wants(file.name))
        before = [n for n in names if n < migration.path and version_of(n) not in done]
        if before and not back:
            raise MigrationOutOfOrder(
                f"{before[0]} waits before {migration.path}, and Sequelize's CLI would apply both",
                hint="Apply them in their order.",
            )
        super().run_tool(session, migration, place, back=back)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        kept = option(self.texts.values(), "migrationStorage").values
        if elsewhere := sorted(set(kept) - {"sequelize"}):
            raise LedgerError(
                f"the project keeps what is applied in {elsewhere[0]!r}, not in a table",
                hint="`migrationStorage: 'sequelize'` keeps it where every deployment sees it.",
            )
        return super().ledger(session)

    def is_ledger(self, session: Session) -> Callable[[str], bool]:
        """An application may well have a table with a name only; file names give it away."""

        def looks(table: str) -> bool:
            schema, _, name = table.rpartition(".")
            found = LedgerTable(name, schema).quoted(session.dialect)
            names = session.query(f"SELECT name FROM {found} LIMIT 20")  # noqa: S608 -- quoted
            return bool(names) and all(_PROGRAM.fullmatch(str(row[0])) for row in names)

        return looks

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
        """One file; with `wrap` each direction stands in a transaction of its own."""
        version = new_id(name, now=now, existing=existing)
        stamp, _, words = version.partition("_")
        ending = self.ending(existing, "js")
        text = _text(up, down, typed=ending in ("ts", "cts"), module=ending == "mjs", wrap=wrap)
        return (SourceFile(f"{stamp}-{words.replace('_', '-')}.{ending}", text.encode()),)


def _text(up: str, down: str, *, typed: bool, module: bool, wrap: bool) -> str:
    head = 'import { QueryInterface } from "sequelize";\n\nexport = {' if typed else (
        "export default {" if module else '"use strict";\n\nmodule.exports = {'
    )  # fmt: skip
    argument = "queryInterface: QueryInterface" if typed else "queryInterface"
    parts = "\n".join(
        f"  async {way}({argument}) {{\n{_run(sql, wrap=wrap)}\n  }},"
        for way, sql in (("up", up), ("down", down))
    )
    return f"{head}\n{parts}\n}};\n"


def _run(sql: str, *, wrap: bool) -> str:
    def call(statement: str) -> str:
        within = ", { transaction }" if wrap else ""
        return f"await queryInterface.sequelize.query({literal(statement)}{within});"

    lines = body(sql, call, indent="      " if wrap else "    ")
    if not wrap or "throw " in lines.split("\n")[0]:
        return lines
    opened = "    await queryInterface.sequelize.transaction(async (transaction) => {"
    return f"{opened}\n{lines}\n    }});"
