"""Flyway: `V1_2__words.sql`, `R__words.sql`, `U1_2__words.sql`, and `flyway_schema_history`.

In Flyway's default configuration: prefixes, table, `outOfOrder` off. Repeatable migrations run after
the versioned ones, again when their checksum changed. `U` scripts are the way back: the row that
says so is of type `DELETE`, which every edition of Flyway reads; its own undo writes a type that the
free edition stops at. A `B` script is taken only where the folder has none of the versions that it
stands for; else these run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers import flyway_config, flyway_ledger, other_tools
from faber_db.adapters.handlers.advisory import (
    advisory_held,
    advisory_lock,
    named_held,
    named_lock,
)
from faber_db.adapters.handlers.applied_rows import AppliedRows
from faber_db.adapters.handlers.flyway_status import states
from faber_db.adapters.handlers.flyway_text import (
    CONF,
    Name,
    Settings,
    checksum_of,
    concerns,
    is_repeated,
    name_of,
    order_of,
    refuse_placeholders,
    settings_of,
)
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import next_number, slug_of
from faber_db.adapters.handlers.reading import folders, has_statements, text_in, text_of
from faber_db.adapters.handlers.renamed_ledger import RenamedLedger, Said
from faber_db.errors import (
    LedgerError,
    MigrationFailed,
    MigrationOutOfOrder,
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
from faber_db.services.ports import Bound, FoundHistory, Session
from faber_db.sql.script import Script

_USUAL = Path("db") / "migration"  # below src/main/resources, deeper than is looked elsewhere


class Flyway(RenamedLedger, AppliedRows):
    """SQL migrations of Flyway; those in Java, callbacks and placeholders are refused by name."""

    name = "flyway"
    code = False
    default_folder = "db/migration"
    tool = "Flyway"
    usual = LedgerTable(flyway_ledger.TABLE)
    columns = flyway_ledger.COLUMNS
    makes_schema = True

    def names_in(self, root: Path, folder: Path) -> Iterator[Said]:
        return flyway_config.names(root, folder, self.usual.name)

    def discover(self, root: Path) -> list[FoundHistory]:
        """The uppermost folders with files named as Flyway names them."""
        found: dict[Path, int] = {}
        for folder, files in folders(root):
            usual = folder / _USUAL
            if folder.name == "resources" and usual.is_dir():
                found.setdefault(usual, _count(file.name for file in usual.rglob("*.sql")))
            if count := _count(files):
                found.setdefault(folder, count)
        upper = [f for f in found if found[f] and not any(p in found for p in f.parents)]
        return [
            FoundHistory(self.name, f, f"{found[f]} file{'s' * (found[f] > 1)} named V…__….sql")
            for f in sorted(upper)
        ]

    def wants(self, path: str) -> bool:
        """Migrations at any depth, their script configurations, and what has to be refused."""
        return concerns(path) or other_tools.tool_of_file(path, self.name) not in ("", "Flyway")

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = {file.path: file for file in files if self.wants(file.path)}
        other_tools.refuse_files(path for path in sorted(wanted) if not concerns(path))
        named = {
            path: name
            for path in sorted(wanted)
            if not path.endswith(CONF) and (name := name_of(path)) is not None
        }
        by_key: dict[tuple[str, str], str] = {}
        for path, name in named.items():
            before = by_key.setdefault((name.kind, name.version), path)
            if before != path:
                raise MigrationUnreadable(
                    f"{before} and {path} are the same version for Flyway",
                    hint="Give one of them another version.",
                )
        _refuse_lone(by_key)
        runs = [path for path, name in named.items() if name.kind in "VR"]
        runs += _base(named)
        found = [_migration(wanted, path, named[path], by_key) for path in runs]
        return tuple(sorted(found, key=_order))

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return states(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        if session.dialect is Dialect.SQLITE:
            return ()
        table = self.located(session)
        if session.dialect is Dialect.POSTGRESQL:
            return advisory_held(session, flyway_ledger.lock_number(session, table), whose="Flyway")
        return named_held(session, flyway_ledger.lock_name(session, table), whose="Flyway")

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Flyway's own; on SQLite it has none."""
        if session.dialect is Dialect.SQLITE:
            return nullcontext()
        table = self.located(session)
        if session.dialect is Dialect.POSTGRESQL:
            number = flyway_ledger.lock_number(session, table)
            return advisory_lock(session, number, wait=wait, whose="Flyway")
        name = flyway_ledger.lock_name(session, table)
        return named_lock(session, name, wait=wait, whose="Flyway")

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
        """As any other; where something failed and stayed, a row says so, as Flyway's does."""
        try:
            return super().apply_one(
                session, migration, script, now=now, rehearse=rehearse, observe=observe
            )
        except MigrationFailed as error:
            if not rehearse and not error.rolled_back:
                table = self.located(session)
                with session.transaction():
                    bound = _row(session.dialect, table, migration, now, success=False)
                    session.execute(bound.sql, bound.parameters)
            raise

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """As `flyway repair` does: failed rows go, a checksum is corrected, what is gone is DELETE."""
        if state not in ("applied", "rolled_back"):
            raise NotSupported(f"a migration cannot be marked {state!r}")
        row = next((r for r in self.ledger(session) if r.version == migration.version), None)
        stands = row is not None and not row.rolled_back
        if state == "rolled_back" and not stands:
            raise LedgerError(f"{migration.name} does not stand in {self.located(session).label}")
        table = self._ensure(session, migration)
        with session.transaction():
            failed = flyway_ledger.removing_failed(session.dialect, table, _name_of(migration))
            self._execute(session, [failed])
            self._execute(session, self._marking(session, table, migration, state, now))
        session.settle(migration.version)

    def _marking(
        self,
        session: Session,
        table: LedgerTable,
        migration: Migration,
        state: str,
        now: datetime,
    ) -> list[Bound]:
        """By the rows alone: of a way back that was cut off the row of the way up still stands."""
        row = next((r for r in self.rows(session, table) if r.version == migration.version), None)
        applied, dialect = row is not None and not row.rolled_back, session.dialect
        if state == "rolled_back":
            return self.removing(dialect, table, migration, now) if applied else []
        if applied:
            checksum = checksum_of(text_in(migration.content))
            return [flyway_ledger.correcting(dialect, table, _name_of(migration), checksum)]
        return [_row(dialect, table, migration, None)]

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        return flyway_ledger.rows(session, table)

    def making(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> list[Bound]:
        return flyway_ledger.making(dialect, table)

    def applying(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        return [_row(dialect, table, migration, now)]

    def removing(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        return [_row(dialect, table, migration, None, kind="DELETE")]

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
        """A versioned migration after all others, in the way their versions are counted."""
        versions = [m.version for m in existing if not is_repeated(m.version)]
        number = next_number([v.partition(".")[0] for v in versions], now=now).lstrip("0")
        if versions and order_of(number) <= order_of(versions[-1]):
            raise MigrationOutOfOrder(f"a new version {number} would not be after {versions[-1]}")
        base = f"{number}__{slug_of(name)}.sql"
        files = [SourceFile(f"V{base}", up.encode())]
        if not wrap:
            files.append(SourceFile(f"V{base}{CONF}", b"executeInTransaction=false\n"))
        if has_statements(down):
            files.append(SourceFile(f"U{base}", down.encode()))
        return tuple(files)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile("db/migration/.gitkeep", b""),)


def _count(names: Iterable[str]) -> int:
    """How many files are versioned or repeatable migrations; an odd name is told when it is read."""
    count = 0
    for name in names:
        try:
            found = name_of(name) if name.lower().endswith(".sql") else None
        except MigrationUnreadable:
            continue
        count += found is not None and found.kind in "VB"
    return count


def _refuse_lone(by_key: dict[tuple[str, str], str]) -> None:
    for (kind, version), path in by_key.items():
        if kind == "U" and ("V", version) not in by_key:
            raise MigrationUnreadable(
                f"{path} undoes a version that is not there", hint="Add it, or remove this file."
            )


def _base(named: dict[str, Name]) -> list[str]:
    """The newest `B` script, where nothing that it stands for is in the folder."""
    bases = {path: order_of(n.version) for path, n in named.items() if n.kind == "B"}
    if not bases:
        return []
    newest = max(bases, key=lambda path: bases[path])
    earlier = any(n.kind == "V" and order_of(n.version) <= bases[newest] for n in named.values())
    return [] if earlier else [newest]


def _migration(
    files: dict[str, SourceFile], path: str, name: Name, by_key: dict[tuple[str, str], str]
) -> Migration:
    text, settings = _script(files, path)
    down_path = by_key.get(("U", name.version), "") if name.kind == "V" else ""
    down, undo = _script(files, down_path) if down_path else ("", Settings())
    beside = [p + CONF for p in (path, down_path) if p and p + CONF in files]
    return Migration(
        version=name.version,
        name=path.rpartition("/")[2][: -len(".sql")],
        path=path,
        content=files[path].content,
        up=text,
        down=down if has_statements(down) else None,
        down_path=down_path,
        beside=tuple(beside),
        wrap=settings.wrap,
        wrap_down=undo.wrap,
    )


def _script(files: dict[str, SourceFile], path: str) -> tuple[str, Settings]:
    conf = files.get(path + CONF)
    settings = settings_of(conf.path, text_of(conf)) if conf else Settings()
    text = text_of(files[path])
    if settings.placeholders:
        refuse_placeholders(path, text)
    return text, settings


def _order(migration: Migration) -> tuple[bool, tuple[int, ...], str]:
    if is_repeated(migration.version):
        return True, (), migration.version.replace("_", " ")
    return False, order_of(migration.version), ""


def _name_of(migration: Migration) -> Name:
    name = name_of(migration.path)
    if name is None:
        raise MigrationUnreadable(f"{migration.path} is no migration of Flyway")
    return name


def _row(
    dialect: Dialect,
    table: LedgerTable,
    migration: Migration,
    began: datetime | None,
    *,
    kind: str = "",
    success: bool = True,
) -> Bound:
    return flyway_ledger.inserting(
        dialect,
        table,
        _name_of(migration),
        migration.path,
        checksum_of(text_in(migration.content)),
        began=began,
        kind=kind,
        success=success,
    )
