"""Drizzle: `drizzle/0000_name.sql`, `meta/_journal.json`, and `__drizzle_migrations`.

Read and written as drizzle-kit and drizzle-orm's migrator do (checked against drizzle-orm's
*/dialect.js and migrator.js, and by the interoperability tests). Drizzle applies all that is
pending in one transaction and has no lock; here each migration has its own, with its row in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from faber_db.adapters.handlers import drizzle_folders, js_project, other_tools
from faber_db.adapters.handlers import drizzle_journal as journal
from faber_db.adapters.handlers import drizzle_ledger as ledger_of
from faber_db.adapters.handlers.applied_rows import AppliedRows
from faber_db.adapters.handlers.drizzle_folders import FolderMigration
from faber_db.adapters.handlers.drizzle_journal import JOURNAL, DrizzleMigration
from faber_db.adapters.handlers.drizzle_status import told
from faber_db.adapters.handlers.js_text import option
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.reading import beginning_of, folders
from faber_db.adapters.handlers.renamed_ledger import RenamedLedger, Said
from faber_db.adapters.handlers.status import status
from faber_db.adapters.handlers.tables import tables_among
from faber_db.errors import LedgerError, MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    AppliedMigration,
    LedgerNote,
    LedgerRow,
    Migration,
    MigrationStatus,
    SourceFile,
    StatementRun,
)
from faber_db.services.ports import Bound, FoundHistory, Session
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Script

_CONFIG = re.compile(r"drizzle[\w.-]*\.config\.[cm]?[jt]s|drizzle\.config\.json")
_PRODUCTS = {"postgresql": "postgresql", "sqlite": "sqlite", "turso": "sqlite"}
_PRODUCTS |= dict.fromkeys(("mysql", "singlestore"), "mysql")
_SHOWN = 3  # files in a note


class Drizzle(RenamedLedger, AppliedRows):
    """The entries of a journal, in its order; or folders, in the order of their names."""

    name = "drizzle"
    code = False
    default_folder = "drizzle"
    tool = "Drizzle"
    usual = LedgerTable(ledger_of.NAME, ledger_of.SCHEMA)
    columns = ledger_of.COLUMNS
    more_columns = ledger_of.NAMED
    makes_schema = True

    def names_in(self, root: Path, folder: Path) -> Iterator[Said]:
        """`migrations` of `drizzle.config.*`; only PostgreSQL has the schema."""
        package = js_project.package_of(root, folder)
        for path, text in js_project.configurations(package, _CONFIG):
            table = option([text], "table", within="migrations")
            schema = option([text], "schema", within="migrations")
            named = (*table.values, *schema.values)
            if table.unread or schema.unread or max(len(table.values), len(schema.values)) > 1:
                yield Said(path.relative_to(root).as_posix(), "")
            elif named:
                name = (*table.values, ledger_of.NAME)[0].replace(".", " ")
                where = (*schema.values, ledger_of.SCHEMA)[0]
                products = option([text], "dialect").values
                inside = where.replace(".", " ") if "postgresql" in products else ""
                yield Said(path.relative_to(root).as_posix(), name, inside)

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        is_usual = self._named.tables == (self.usual,)
        return (ledger_of.NAME, self.usual.label) if is_usual else super().ledger_tables

    def located(self, session: Session) -> LedgerTable:
        """Where the project says it is, else in Drizzle's schema or on the search path.

        Raises:
            LedgerError: it is in both.
        """
        table = super().located(session)
        if table != self.usual:
            return table
        found = tables_among(session, [table.name], {table.schema: table.name})
        if len(found) > 1:
            raise LedgerError(
                f"there are two ledgers of Drizzle: {' and '.join(found)}",
                hint="Find out which one the project's migrator uses, and drop the other.",
            )
        return LedgerTable(table.name) if found == (table.name,) else table

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders with `meta/_journal.json`, and those with folders that have a script and a snapshot."""
        found = []
        for folder, _ in folders(root):
            if (folder / JOURNAL).is_file():
                engine = _engine_in(beginning_of(folder / JOURNAL))
                found.append(FoundHistory(self.name, folder, JOURNAL, engine))
            elif count := sum(map(_is_ours, folder.iterdir())):
                why = f"{count} folder{'s' * (count > 1)} of Drizzle 1.0"
                found.append(FoundHistory(self.name, folder, why))
        return found

    def wants(self, path: str) -> bool:
        """The journal, scripts beside its folder, those of 1.0, and what gives another tool away."""
        own = path == JOURNAL or ("/" not in path and path.endswith(".sql"))
        return own or _is_in_folder(path) or bool(other_tools.tool_of_file(path))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = [file for file in files if self.wants(file.path)]
        other_tools.refuse_files(
            sorted(f.path for f in wanted if f.path != JOURNAL and not _is_in_folder(f.path))
        )
        if any(_is_in_folder(file.path) for file in wanted):
            return drizzle_folders.read(wanted)
        return journal.read(wanted)

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        return ledger_of.rows(session, table)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        """As everywhere since 1.0; before that, what comes of Drizzle's looking at one number.

        Raises:
            LedgerError: folder and ledger are of different ages.
        """
        told_of = [row.version for row in ledger if row.finished]
        named = any(not version.isdecimal() for version in told_of)
        if history and told_of:
            columns = tuple(ledger_of.NAMED if named else ledger_of.COLUMNS)
            ledger_of.require_form(self._named.tables[0], columns, named=_is_named(history[0]))
        return status(history, ledger) if _is_of_1(history) or named else told(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        """Scripts of the folder that no entry of the journal names: Drizzle never runs them."""
        last = history[-1] if history else None
        strays = last.strays if isinstance(last, DrizzleMigration) else ()
        if not strays:
            return ()
        more = f" and {len(strays) - _SHOWN} more" if len(strays) > _SHOWN else ""
        return (
            LedgerNote(
                "file-not-in-journal",
                f"no entry of {JOURNAL} names {', '.join(strays[:_SHOWN])}{more}:"
                " Drizzle never runs what it does not name",
                "Make an entry with `drizzle-kit generate --custom`, or move the file away.",
            ),
        )

    def apply_one(
        self,
        session: Session,
        migration: Migration,
        script: Script,
        *,
        now: datetime,
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
    ) -> AppliedMigration:
        _check_provider(session, migration)
        return super().apply_one(
            session, migration, script, now=now, rehearse=rehearse, observe=observe
        )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run the down script, which is ours: Drizzle has no way back, and does not read it."""
        _check_provider(session, migration)
        return super().roll_back(session, migration, script, now=now)

    def making(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> list[Bound]:
        return ledger_of.making(dialect, table, named=_is_named(migration))

    def applying(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        return [ledger_of.inserting(dialect, table, migration)]

    def removing(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        return [ledger_of.deleting(dialect, table, migration)]

    def _ensure(self, session: Session, migration: Migration) -> LedgerTable:
        table = super()._ensure(session, migration)
        ledger_of.require_form(table, table.columns(session), named=_is_named(migration))
        return table

    def _as_written(self, table: LedgerTable, dialect: Dialect) -> LedgerTable:
        """Drizzle's own schema is one of PostgreSQL."""
        return (
            LedgerTable(table.name)
            if dialect is not Dialect.POSTGRESQL and table == self.usual
            else table
        )

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
        """The script, the journal with its entry, and a way back where there is one.

        `when` is after that of every entry, so that Drizzle runs it everywhere. Where the folder is
        one of 1.0, a folder of its own.
        """
        if _is_of_1(existing):
            return drizzle_folders.new_files(name, up, down, now=now, existing=existing)
        newest = max((int(migration.version) for migration in existing), default=-1)
        when = max(int(now.timestamp() * 1000), newest + 1)
        tag = f"{journal.next_prefix(existing)}_{slug_of(name)}"
        return journal.grown(existing, tag, up, down, when=when)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)


def _is_named(migration: Migration) -> bool:
    return isinstance(migration, FolderMigration)


def _is_of_1(history: Sequence[Migration]) -> bool:
    return bool(history) and _is_named(history[0])


def _is_in_folder(path: str) -> bool:
    return drizzle_folders.FILE.fullmatch(path) is not None


def _is_ours(folder: Path) -> bool:
    """Whether it is a migration of 1.0; Prisma has such folders too, without a snapshot."""
    files = (drizzle_folders.SCRIPT, drizzle_folders.SNAPSHOT)
    return all((folder / name).is_file() for name in files)


def _engine_in(text: str) -> str:
    from json import loads

    try:
        found = loads(text)
    except (ValueError, RecursionError):
        return ""
    return _PRODUCTS.get(str(found.get("dialect")), "") if isinstance(found, dict) else ""


def _check_provider(session: Session, migration: Migration) -> None:
    product = "mysql" if session.dialect in MYSQL else session.dialect.value
    if migration.provider and _PRODUCTS.get(migration.provider, migration.provider) != product:
        raise MigrationUnreadable(
            f"{JOURNAL} says {migration.provider}, but this is {session.server_label}",
            hint="A history is written for one product; make another folder for another one.",
        )
