"""dbmate: `db/migrations/<digits>_name.sql` with both directions, and `schema_migrations`.

The ledger holds the digits of the file's name and nothing else: no time, no checksum, no word for a
migration that was cut off. Checked against its source (pkg/dbmate/migration.go and db.go,
pkg/driver/*) and by the interoperability tests. dbmate takes no lock of its own, so ours keeps
only our own deployers apart; two that meet are kept apart by the key of `version`.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers import build_files, by_hand, other_tools
from faber_db.adapters.handlers.naming import new_id
from faber_db.adapters.handlers.reading import beginning_of, folders, has_statements, text_of
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.sql_text import has_markers, parts_of
from faber_db.adapters.handlers.status import status, with_interrupted
from faber_db.adapters.handlers.tables import columns_of, require_columns, require_writable
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
from faber_db.services.ports import Bound, FoundHistory, Session
from faber_db.sql.script import Script

TABLE = "schema_migrations"
_FILE = re.compile(r"([0-9]+)[^/]*\.sql")
_LIMITED = "varchar(128)"
_VERSION = {Dialect.POSTGRESQL: "varchar"}
_TWICE = "dbmate would take both for applied as soon as one is. Rename one of them."


class Dbmate:
    """Files with `-- migrate:up` and `-- migrate:down`, in order of their names."""

    name = "dbmate"
    code = False
    default_folder = "db/migrations"
    ledger_tables = (TABLE,)

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders with two-part files that a dump of dbmate's, a build file or their place gives away."""
        found = []
        for folder, files in folders(root):
            scripts = [folder / name for name in files if name.endswith(".sql")]
            if any(map(_is_two_part, scripts)) and (why := evidence(root, folder)):
                found.append(FoundHistory(self.name, folder, f"files with -- migrate:up, {why}"))
        return found

    def wants(self, path: str) -> bool:
        """What dbmate reads, and whatever gives another tool away."""
        return _FILE.fullmatch(path) is not None or bool(other_tools.tool_of_file(path))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = sorted((file for file in files if self.wants(file.path)), key=lambda f: f.path)
        other_tools.refuse_files(file.path for file in wanted)
        found: dict[str, Migration] = {}
        for migration in map(_migration, wanted):
            if migration.version in found:
                both = f"{found[migration.version].path} and {migration.path}"
                raise MigrationUnreadable(f"{both} have the same version", hint=_TWICE)
            found[migration.version] = migration
        return tuple(found.values())

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        if _columns(session) is None:
            return with_interrupted((), session)
        rows = session.query(f"SELECT version FROM {TABLE} ORDER BY version")  # noqa: S608 -- constant
        versions = [str(row[0]) for row in rows]
        return with_interrupted([LedgerRow(v, v, None, None) for v in versions], session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return status(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return ()

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Nothing: dbmate has none."""
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
        if not rehearse:
            _ensure_table(session)
            require_writable(session, migration, script, [_insert(migration)])
        ran = session.run(
            script,
            wrap=migration.wrap,
            then=() if rehearse else [_insert(migration)],
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
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.name} has nothing after `-- migrate:down`",
                hint="Write its way back there, or restore a backup.",
            )
        require_writable(session, migration, script, [_delete(migration)])
        ran = session.run(
            script, wrap=_wraps_down(migration), then=[_delete(migration)], name=migration.version
        )
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """The row is written or removed; dbmate has no other state."""
        if state not in ("applied", "rolled_back"):
            raise NotSupported(f"a migration cannot be marked {state!r}")
        stands = migration.version in {row.version for row in self.ledger(session)}
        if state == "rolled_back" and not stands:
            raise LedgerError(f"{migration.name} does not stand in {TABLE}")
        if state == "applied" or _columns(session) is not None:
            _ensure_table(session)
            with session.transaction():
                for bound in (_delete(migration), _insert(migration))[: 1 + (state == "applied")]:
                    session.execute(bound.sql, bound.parameters)
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        version = by_hand.literal(dialect, migration.version)
        wrap = _wraps_down(migration) if back else migration.wrap
        text = (migration.down or "") if back else migration.up
        row = (
            f"DELETE FROM {TABLE} WHERE version = {version}"  # noqa: S608 -- quoted
            if back
            else f"INSERT INTO {TABLE} (version) VALUES ({version})"  # noqa: S608 -- quoted
        )
        whole = is_one(replace(migration, wrap=wrap), script)
        body = by_hand.in_one(dialect, text, row) if whole else by_hand.then(text, row)
        return body if back else f"{by_hand.made_once(_ddl(dialect))}\n{body}"

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
        version = new_id(name, now=now, existing=existing)
        option = "" if wrap else " transaction:false"
        text = f"-- migrate:up{option}\n{up.rstrip()}\n\n-- migrate:down\n{down.rstrip()}\n"
        return (SourceFile(f"{version}.sql", text.encode()),)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)


def evidence(root: Path, folder: Path) -> str:
    """Why two-part files in a folder are dbmate's and not ours, or empty."""
    if folder.parts[-2:] == ("db", "migrations"):
        return "in dbmate's own folder"
    schema = folder.parent / "schema.sql"
    if schema.is_file() and b"Dbmate schema migrations" in schema.read_bytes():  # at its end
        return "beside a schema that dbmate dumped"
    named = build_files.names("dbmate", root, folder)
    return f"and {named} names dbmate" if named else ""


def _is_two_part(file: Path) -> bool:
    return _FILE.fullmatch(file.name) is not None and has_markers(beginning_of(file))


def _migration(file: SourceFile) -> Migration:
    text, number = text_of(file), _FILE.fullmatch(file.path)
    if tool := other_tools.tool_of_text(text):
        raise other_tools.error_for(f"{file.path} is written for {tool}", tool)
    up, down = parts_of(file.path, text)
    return Migration(
        version=number[1] if number else "",
        name=file.path.removesuffix(".sql"),
        path=file.path,
        content=file.content,
        up=up.text,
        down=down.text if has_statements(down.text) else None,
        wrap=up.wrap,
    )


def _wraps_down(migration: Migration) -> bool:
    return parts_of(migration.path, migration.content.decode("utf-8-sig"))[1].wrap


def _columns(session: Session) -> tuple[str, ...] | None:
    """Columns of the ledger, which is dbmate's and has its shape; None where there is none.

    Raises:
        LedgerForeign, LedgerError.
    """
    columns = columns_of(session, TABLE)
    if columns is None:
        other_tools.refuse_ledgers(session, TABLE, ("version",))
        return None
    other_tools.require_owner(session, TABLE, "dbmate")
    require_columns(TABLE, columns, {"version"})
    return columns


def _ensure_table(session: Session) -> None:
    if _columns(session) is None:
        with session.transaction():
            session.execute(_ddl(session.dialect))


def _ddl(dialect: Dialect) -> str:
    return f"CREATE TABLE {TABLE} (version {_VERSION.get(dialect, _LIMITED)} PRIMARY KEY)"


def _insert(migration: Migration) -> Bound:
    return Bound(f"INSERT INTO {TABLE} (version) VALUES (%s)", (migration.version,))  # noqa: S608 -- constant


def _delete(migration: Migration) -> Bound:
    return Bound(f"DELETE FROM {TABLE} WHERE version = %s", (migration.version,))  # noqa: S608 -- constant
