"""Prisma Migrate: `prisma/migrations/<14 digits>_<name>/migration.sql` and `_prisma_migrations`.

The rows are those that Prisma's own engine writes, so both can work on one database (checked
against its source, schema-engine/core/src/commands/apply_migrations.rs and
sql_migration_persistence.rs, and by the interoperability tests). What Prisma has no word for is
left as Prisma would leave it; `down.sql` beside `migration.sql` is ours and Prisma ignores it.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers.naming import new_id
from faber_db.adapters.handlers.prisma_ledger import (
    TABLE,
    ensure_table,
    finished,
    insert_started,
    mark_applied,
    read_ledger,
    record_failure,
    reworked,
    rolled_back,
    text_by_hand,
    unfinish,
)
from faber_db.adapters.handlers.prisma_lock import advisory_lock, held, named_lock
from faber_db.adapters.handlers.prisma_provider import (
    LOCK_FILE,
    datasource_in,
    provider_in,
    provider_of,
    scaffold,
)
from faber_db.adapters.handlers.reading import folders, has_statements, text_of
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.status import status
from faber_db.errors import (
    ConnectionFailed,
    FaberDbError,
    LedgerError,
    LockTimeout,
    MigrationFailed,
    MigrationIrreversible,
    MigrationUnreadable,
    NotSupported,
)
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

_FILE = re.compile(r"[^/]+/(?:(?:migration|down)\.sql|migration\.[cm]?[jt]s)")


class Prisma:
    """Folders with a `migration.sql` each, in order of their names."""

    name = "prisma"
    code = False
    default_folder = "prisma/migrations"
    ledger_tables = (TABLE,)

    def discover(self, root: Path) -> list[FoundHistory]:
        """A folder with `migration_lock.toml` or `*/migration.sql`, or one beside a schema."""
        found: dict[Path, FoundHistory] = {}
        for folder, files in folders(root):
            if folder.name == "migrations" or folder == root or LOCK_FILE in files:
                count = sum(map(_is_ours, folder.iterdir()))
                if count or LOCK_FILE in files:
                    found[folder] = self._history(
                        folder, f"{count} folder{'s' * (count != 1)} with migration.sql"
                    )
            if "schema.prisma" in files:
                folder = folder.parent if folder.name == "schema" else folder
                migrations = folder / "migrations"
                found.setdefault(migrations, self._history(migrations, "schema.prisma"))
        return list(found.values())

    def wants(self, path: str) -> bool:
        return path == LOCK_FILE or _FILE.fullmatch(path) is not None

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        by_path = {file.path: file for file in files if self.wants(file.path)}
        lock = by_path.pop(LOCK_FILE, None)
        provider = provider_of(text_of(lock)) if lock else ""
        names = sorted({path.partition("/")[0] for path in by_path})
        return tuple(self._migration(name, by_path, provider) for name in names)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        return read_ledger(session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return status(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return (*held(session), *reworked(session, history))

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Prisma's own, asked for in a bounded loop so that the holder is named.

        On SQLite Prisma locks the file itself when it writes; there is nothing more to hold.
        """
        if session.dialect is Dialect.SQLITE:
            return nullcontext()
        if session.dialect is Dialect.POSTGRESQL:
            return advisory_lock(session, wait)
        return named_lock(session, wait)

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
        """Started row in a transaction of its own; then the script and the finished row in one.

        On MySQL each statement commits, as with Prisma's own engine.

        A lock that could not be had takes the started row off again: nothing happened, so nothing
        has to be settled before the next try. Every other failure leaves Prisma's failed row.
        """
        _check_provider(session, migration)
        wrap = migration.wrap and session.dialect not in MYSQL
        if rehearse:
            ran = session.run(script, wrap=wrap, rehearse=True, observe=observe)
        else:
            ensure_table(session)
            whole = wrap and is_one(migration, script)
            row_id = insert_started(session, migration, now, whole=whole)
            try:
                ran = session.run(
                    script,
                    wrap=wrap,
                    then=[finished(session.dialect, row_id)],
                    observe=observe,
                    name=migration.version,
                )
            except ConnectionFailed:
                raise  # the row stands unfinished, as after a crash of Prisma's own
            except FaberDbError as error:
                record_failure(session, row_id, error, may_have_kept=not is_one(migration, script))
                raise
        return AppliedMigration(
            version=migration.version,
            name=migration.name,
            sha256=migration.sha256,
            duration_ms=ran.duration_ms,
            statements=ran.statements,
        )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run `down.sql`, and set `rolled_back_at`, in one transaction where it allows one."""
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.version} has no down.sql",
                hint="Write down.sql beside its migration.sql, or restore a backup.",
            )
        _check_provider(session, migration)
        whole = is_one(migration, script)
        then = [rolled_back(session.dialect, migration, now)]
        as_it_was = None if whole else unfinish(session, migration)
        try:
            ran = session.run(script, wrap=True, then=then, name=migration.version)
        except (MigrationFailed, LockTimeout) as error:
            nothing_kept = getattr(error, "rolled_back", isinstance(error, LockTimeout))
            if as_it_was is not None and nothing_kept:
                with session.transaction():
                    session.execute(as_it_was.sql, as_it_was.parameters)
            raise
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """As `prisma migrate resolve` does; `applied` on an applied one records its new checksum."""
        row = next(iter(read_ledger(session, migration.name)), None)
        if state == "applied":
            ensure_table(session)
            with session.transaction():
                mark_applied(session, migration, row, now)
        elif state == "rolled_back":
            if row is None or row.rolled_back:
                raise LedgerError(f"{migration.version} does not stand in {TABLE} as applied")
            with session.transaction():
                bound = rolled_back(session.dialect, migration, now)
                session.execute(bound.sql, bound.parameters)
        else:
            raise NotSupported(f"a migration cannot be marked {state!r}")
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        return text_by_hand(dialect, migration, whole=is_one(migration, script), back=back)

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
        folder = new_id(name, now=now, existing=existing)
        files = [SourceFile(f"{folder}/migration.sql", up.encode())]
        if has_statements(down):
            files.append(SourceFile(f"{folder}/down.sql", down.encode()))
        return tuple(files)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return scaffold(engine, reference)

    def _history(self, folder: Path, evidence: str) -> FoundHistory:
        lock = folder / LOCK_FILE
        single, several = folder.parent / "schema.prisma", folder.parent / "schema"
        schemas = [single] if single.is_file() else sorted(several.glob("**/*.prisma"))
        engine = provider_in(lock) or next((p for s in schemas if (p := datasource_in(s))), "")
        return FoundHistory(self.name, folder, evidence, engine, tuple(schemas))

    def _migration(self, name: str, files: dict[str, SourceFile], provider: str) -> Migration:
        up, down = files.get(f"{name}/migration.sql"), files.get(f"{name}/down.sql")
        program = next((p for p in files if p.startswith(f"{name}/") and p[-4:] != ".sql"), "")
        if up is None and program:
            raise MigrationUnreadable(
                f"{program} is a program, and {name} holds no migration.sql",
                hint="Prisma refuses such a folder (P3015). Where another program runs these in"
                " between and makes a folder for Prisma, name that one as `migrations`.",
            )
        if up is None:
            raise MigrationUnreadable(
                f"{name} holds down.sql and no migration.sql", hint="Add it, or remove the folder."
            )
        down_text = text_of(down) if down else ""
        return Migration(
            version=name,
            name=name,
            path=up.path,
            content=up.content,
            up=text_of(up),
            down=down_text if has_statements(down_text) else None,
            down_path=down.path if down else "",
            provider=provider,
        )


def _is_ours(folder: Path) -> bool:
    """Whether it is a migration of Prisma; Drizzle 1.0 has such folders too, with a snapshot."""
    return (folder / "migration.sql").is_file() and not (folder / "snapshot.json").is_file()


def _check_provider(session: Session, migration: Migration) -> None:
    product = "mysql" if session.dialect in MYSQL else session.dialect.value
    if migration.provider and migration.provider != product:
        raise MigrationUnreadable(
            f"{LOCK_FILE} says {migration.provider}, but this is {session.server_label}",
            hint="A history is written for one product; make another folder for another one.",
        )
