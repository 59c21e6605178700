"""Alembic: `versions/<revision>_<slug>.py`, a graph, and `alembic_version` with a row for each end.

Rows are changed as Alembic changes them (checked against its source, runtime/migration.py, and by
the interoperability tests): an applied revision takes the place of those that come right before it.
It has no lock, keeps no checksum and no time, so an edited revision cannot be told.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers import by_hand
from faber_db.adapters.handlers.alembic_config import config_for, homes, versions_of
from faber_db.adapters.handlers.alembic_files import Revision, revisions
from faber_db.adapters.handlers.alembic_ledger import Versions, after, before
from faber_db.adapters.handlers.alembic_new import new_revision
from faber_db.adapters.handlers.alembic_tool import current, downgrade, upgrade
from faber_db.adapters.handlers.dead_end import require_obedient
from faber_db.adapters.handlers.graph import Graph
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.status import graph_status, with_interrupted
from faber_db.adapters.handlers.tables import require_writable
from faber_db.adapters.handlers.user_tool import require_gone, require_row
from faber_db.errors import (
    LedgerError,
    MigrationIrreversible,
    MigrationNotRecorded,
    MigrationOutOfOrder,
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
    recorded_version,
)
from faber_db.services.ports import FoundHistory, Session, ToolPlace
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Script

_NO_REVISIONS = {"env.py", "__init__.py", "conftest.py", "setup.py"}


@dataclass(frozen=True)
class Alembic:
    """A folder of revisions; one `in_project` knows more of it than a fresh one does."""

    versions: Versions = field(default_factory=Versions)
    unknown: str = ""  # why the ledger's table is not known
    locations: tuple[str, ...] = ()  # folders of revisions, below the migration folder; () is any
    recursive: bool = True

    name = "alembic"
    code = True
    default_folder = "migrations"

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        return (self.versions.full_name,)

    def discover(self, root: Path) -> list[FoundHistory]:
        """What `alembic.ini` or `pyproject.toml` names, and folders with an `env.py` of Alembic's."""
        return [
            FoundHistory(self.name, home, config.file.name if config else "env.py")
            for home, config in homes(root)
        ]

    def in_project(self, root: Path, folder: Path) -> "Alembic":
        """This handler for one folder of a project, with the ledger's name and what is a revision.

        Where the configuration names no `version_locations`, revisions in folders below count: a
        program may name those to Alembic (as OpenStack's do), and one too many is told as a head.
        """
        config = config_for(root, folder)
        versions, unknown = versions_of(folder, config)
        if config is None or "version_locations" not in config.values:
            return replace(self, versions=versions, unknown=unknown)
        below = tuple(p.relative_to(config.folder).as_posix() for p in config.version_locations)
        return replace(
            self, versions=versions, unknown=unknown, locations=below, recursive=config.recursive
        )

    def with_ledger(self, table: LedgerTable) -> "Alembic":
        """With the name that our configuration gives, whatever the project's says."""
        return replace(self, versions=Versions(table.name, table.schema), unknown="")

    def wants(self, path: str) -> bool:
        """Python files of the folders of revisions."""
        folder, _, name = path.rpartition("/")
        if not name.endswith(".py") or name in _NO_REVISIONS or name.startswith(".#"):
            return False
        if recorded_version(path):
            return False
        return not self.locations or any(
            folder == place or (self.recursive and f"{folder}/".startswith(f"{place}/"))
            for place in self.locations
        )

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        return revisions([f for f in files if self.wants(f.path) or recorded_version(f.path)])

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        """A row for each row; what comes before them is applied too, and stands nowhere."""
        rows = (LedgerRow(version, version, None, None) for version in self._rows(session))
        return with_interrupted(tuple(rows), session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        graph = _graph(history)
        applied = graph.before(row.version for row in ledger if row.finished)
        return graph_status(history, ledger, applied)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        heads = _graph(history).last()
        if len(heads) < 2:
            return ()
        names = ", ".join(heads)
        meant = _are_branches(history, heads)
        message = f"{len(heads)} heads: {names}"
        if meant:
            return (LedgerNote("several-heads", f"{message}, each a branch of its own"),)
        hint = f"Join them: `alembic merge -m merge {' '.join(heads)}`, and look that both orders work."
        return (LedgerNote("several-heads", message, hint, blocks=True),)

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Alembic has none; ours does not stop an `alembic upgrade` that somebody runs by hand."""
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
        """The SQL and the change of the rows in one transaction, where it allows one."""
        revision = _recorded(migration)
        wrap = migration.wrap
        if rehearse:
            ran = session.run(script, wrap=wrap, rehearse=True, observe=observe)
        else:
            self.versions.ensure(session)
            rows = self._rows(session)
            self._require_next(revision, rows)
            then = self.versions.change(
                session.dialect, rows, after(revision.graph, rows, revision.version)
            )
            require_writable(session, migration, script, then)
            ran = session.run(script, wrap=wrap, then=then, observe=observe, name=migration.version)
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def require_obedient(self, place: ToolPlace, dialect: Dialect) -> None:
        config = config_for(place.root, place.folder)
        require_obedient(lambda there: current(there, config), place, dialect)

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        """`alembic upgrade REVISION`, where all that comes before it is applied."""
        revision = _revision(migration)
        if back:
            self._run_back(session, revision, place)
            return
        self._require_next(revision, self._rows(session))
        tool, said = upgrade(session, revision, place, config_for(place.root, place.folder))
        require_row(tool, migration, lambda: self.ledger(session), said)

    def _run_back(self, session: Session, revision: Revision, place: ToolPlace) -> None:
        rows = self._rows(session)
        self._require_end(revision, rows)
        config = config_for(place.root, place.folder)
        tool, said = downgrade(session, revision, place, config)
        left = before(revision.graph, rows, revision.version)
        require_gone(tool, revision, lambda: self.ledger(session), said, left=left)

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run the way back, as the file or a recording has it, and change the rows with it."""
        revision = _revision(migration)
        if migration.down is None:
            raise MigrationIrreversible(
                f"the way back of {migration.name} is not known as SQL",
                hint="Write its downgrade as `op.execute` of plain texts, or restore a backup.",
            )
        rows = self._rows(session)
        self._require_end(revision, rows)
        then = self.versions.change(
            session.dialect, rows, before(revision.graph, rows, revision.version)
        )
        require_writable(session, migration, script, then)
        ran = session.run(script, wrap=True, then=then, name=migration.version)
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """As `alembic stamp` does, one revision at a time, so that nothing else changes with it."""
        revision = _revision(migration)
        graph, version = revision.graph, revision.version
        rows = self._rows(session)
        if state == "applied":
            self.versions.ensure(session)
            then = rows
            if version not in graph.before(rows):
                self._require_next(revision, rows)
                then = tuple(after(graph, rows, version))
        elif state == "rolled_back":
            then = rows
            if version not in session.interrupted() or version in graph.before(rows):
                self._require_end(revision, rows)
                then = tuple(before(graph, rows, version))
        else:
            raise NotSupported(f"a migration cannot be marked {state!r}")
        with session.transaction():
            for bound in self.versions.change(session.dialect, rows, then):
                session.execute(bound.sql, bound.parameters)
        session.settle(version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        """Where several branches are open, the rows depend on the database: then `stamp` says them."""
        if migration.code and not (migration.recorded_path or back):
            return f"-- a program: alembic upgrade {migration.version}"
        revision = _revision(migration)
        needs = revision.needs
        one, other = ((revision.version,), needs) if back else (needs, (revision.version,))
        ledger = self.versions.text(dialect, self.versions.change(dialect, one, other))
        text = ((migration.down or "") if back else migration.up).lstrip("\n")
        body = (
            by_hand.then(text, ledger)
            if dialect in MYSQL
            else by_hand.in_one(dialect, text, ledger)
        )
        return body if back else f"{by_hand.made_once(self.versions.ddl(dialect))}\n{body}"

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
        heads = _graph(existing).last()
        newest = next((m for m in existing if m.version in heads), None)
        where = newest.path.rpartition("/")[0] if newest else (*self.locations, "versions")[0]
        return (new_revision(name, up, down, now=now, heads=heads, folder=where, wrap=wrap),)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        """Nothing but the folder: `alembic init` writes what is the project's own to decide."""
        return (SourceFile(f"{self.default_folder}/versions/.gitkeep", b""),)

    def _rows(self, session: Session) -> tuple[str, ...]:
        if self.unknown:
            raise LedgerError(
                f"the name of Alembic's table is not known: {self.unknown}",
                hint="Add it to the section of alembic.ini or pyproject.toml: version_table ="
                " alembic_version, and version_table_schema where it has one.",
            )
        return self.versions.read(session)

    def _require_next(self, revision: Revision, rows: Collection[str]) -> None:
        applied = revision.graph.before(rows)
        lacking = [one for one in revision.needs if one not in applied]
        if lacking:
            raise MigrationOutOfOrder(
                f"{revision.name} comes after {', '.join(lacking)}, which is not applied",
                hint="Apply that first.",
            )

    def _require_end(self, revision: Revision, rows: Collection[str]) -> None:
        if revision.version in rows:
            return
        if revision.version not in revision.graph.before(rows):
            raise LedgerError(f"{revision.name} does not stand in {self.versions.full_name}")
        raise MigrationOutOfOrder(
            f"{revision.name} is applied, and what comes after it too",
            hint="Take that back first.",
        )


def _revision(migration: Migration) -> Revision:
    assert isinstance(migration, Revision)  # noqa: S101 - `parse` makes no other
    return migration


def _recorded(migration: Migration) -> Revision:
    if migration.code and not migration.recorded_path:
        raise MigrationNotRecorded(
            f"{migration.name} is a program, and what it runs is not known",
            hint="Record it on a throw-away database, or write it as `op.execute` of plain texts.",
        )
    return _revision(migration)


def _graph(history: Sequence[Migration]) -> Graph:
    return Graph({m.version: m.needs for m in history})


def _are_branches(history: Sequence[Migration], heads: Sequence[str]) -> bool:
    """Whether each head is of a branch that is meant: with a label, or a first revision, of its own."""
    known = [m for m in history if isinstance(m, Revision)]
    lines = Graph({m.version: m.line for m in known})
    begins = {m.version for m in known if m.labels or not m.line}
    before_each = [lines.before([head]) for head in heads]
    shared = frozenset.intersection(*before_each)
    return all(begins & (among - shared) for among in before_each)
