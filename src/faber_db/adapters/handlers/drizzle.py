"""Drizzle: `drizzle/0000_name.sql`, `meta/_journal.json`, and `__drizzle_migrations`.

Read and written as drizzle-kit and drizzle-orm's migrator do (checked against drizzle-orm's
*/dialect.js and migrator.js, and by the interoperability tests). Drizzle applies all that is
pending in one transaction and has no lock; here each migration has its own, with its row in it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers import drizzle_journal as journal
from faber_db.adapters.handlers import drizzle_ledger as ledger_of
from faber_db.adapters.handlers import other_tools
from faber_db.adapters.handlers.drizzle_journal import JOURNAL, DrizzleMigration
from faber_db.adapters.handlers.drizzle_status import told
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.reading import beginning_of, folders
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.tables import require_writable
from faber_db.errors import LedgerError, MigrationIrreversible, MigrationUnreadable, NotSupported
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
from faber_db.services.ports import FoundHistory, Session
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Script

_PRODUCTS = {"postgresql": "postgresql", "sqlite": "sqlite", "turso": "sqlite"}
_PRODUCTS |= dict.fromkeys(("mysql", "singlestore"), "mysql")
_SHOWN = 3  # files in a note


class Drizzle:
    """The entries of a journal, in its order."""

    name = "drizzle"
    code = False
    default_folder = "drizzle"
    ledger_tables = (ledger_of.NAME, ledger_of.IN_SCHEMA)

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders with `meta/_journal.json`."""
        found = []
        for folder, _ in folders(root):
            if (folder / JOURNAL).is_file():
                engine = _engine_in(beginning_of(folder / JOURNAL))
                found.append(FoundHistory(self.name, folder, JOURNAL, engine))
        return found

    def wants(self, path: str) -> bool:
        """The journal, scripts beside its folder, and whatever gives another tool away."""
        own = path == JOURNAL or ("/" not in path and path.endswith(".sql"))
        return own or bool(other_tools.tool_of_file(path))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = [file for file in files if self.wants(file.path)]
        other_tools.refuse_files(sorted(f.path for f in wanted if f.path != JOURNAL))
        return journal.read(wanted)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        return ledger_of.read(session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return told(history, ledger)

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

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Nothing: Drizzle has none."""
        return nullcontext()

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
        then = () if rehearse else [ledger_of.insert(ledger_of.ensure(session), migration)]
        require_writable(session, migration, script, then)
        ran = session.run(
            script,
            wrap=True,
            then=then,
            rehearse=rehearse,
            observe=observe,
            name=migration.version,
        )
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run `<tag>.down.sql`, which is ours: Drizzle has no way back, and does not read it."""
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.name} has no {migration.name}.down.sql",
                hint="Write it beside its script, or restore a backup.",
            )
        _check_provider(session, migration)
        then = [ledger_of.delete(ledger_of.ensure(session), migration)]
        require_writable(session, migration, script, then)
        ran = session.run(script, wrap=True, then=then, name=migration.version)
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """The row is written, with the checksum that the file has now, or removed."""
        if state not in ("applied", "rolled_back"):
            raise NotSupported(f"a migration cannot be marked {state!r}")
        stands = migration.version in {row.version for row in self.ledger(session)}
        if state == "rolled_back" and not stands:
            raise LedgerError(f"{migration.name} does not stand in {ledger_of.NAME}")
        table = ledger_of.ensure(session) if state == "applied" else ledger_of.table_of(session)
        with session.transaction():
            if table:
                gone = ledger_of.delete(table, migration)
                session.execute(gone.sql, gone.parameters)
            if state == "applied":
                row = ledger_of.insert(table, migration)
                session.execute(row.sql, row.parameters)
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        whole = is_one(migration, script)
        return ledger_of.text_by_hand(dialect, migration, whole=whole, back=back)

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

        `when` is after that of every entry, so that Drizzle runs it everywhere.
        """
        newest = max((int(migration.version) for migration in existing), default=-1)
        when = max(int(now.timestamp() * 1000), newest + 1)
        tag = f"{journal.next_prefix(existing)}_{slug_of(name)}"
        return journal.grown(existing, tag, up, down, when=when)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)


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
