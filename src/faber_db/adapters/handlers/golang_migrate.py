"""golang-migrate: pairs of `<number>_name.up.sql` and `.down.sql`, and `schema_migrations`.

Checked against its source (migrate.go, source/parse.go, database/postgres, mysql, sqlite) and, where
its program is there, by the interoperability tests. A script goes to the server whole, so that it is
one transaction on PostgreSQL unless it says otherwise itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from faber_db.adapters.handlers import build_files, by_hand, golang_migrate_lock, other_tools
from faber_db.adapters.handlers.golang_migrate_late import never_ran
from faber_db.adapters.handlers.golang_migrate_ledger import (
    COLUMNS,
    NOTHING,
    TABLE,
    Position,
    ddl_of,
    newest_of,
    place,
    previous,
    require_next,
    row_of,
    rows_for,
    rows_of,
)
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import next_number, slug_of
from faber_db.adapters.handlers.reading import folders, has_statements, text_of
from faber_db.adapters.handlers.renamed_ledger import RenamedLedger, Said, words_in
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.status import status, with_interrupted
from faber_db.errors import (
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
    MigrationState,
    MigrationStatus,
    SourceFile,
    StatementRun,
)
from faber_db.services.ports import FoundHistory, Session
from faber_db.sql.script import Script

_FILE = re.compile(r"([0-9]+)_([^/]*)\.(up|down)\.([^/]*)")
_LARGEST = 2**63 - 1  # of the column `version`
_ONE_WAY = "-- This migration has no way back.\n"


class GolangMigrate(RenamedLedger):
    """Pairs in the order of their numbers; the ledger is one row."""

    name = "golang-migrate"
    code = False
    default_folder = "migrations"
    tool = "golang-migrate"
    usual = LedgerTable(TABLE)
    columns = COLUMNS

    def names_in(self, root: Path, folder: Path) -> Iterator[Said]:
        """What the database's URL says; where that quotes a name, a dot parts it from its schema."""
        for file, name in quoted_names(words_in(root, folder, r"\bx-migrations-table(?![-\w])")):
            yield Said(file, name)

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders with pairs where a build file between them and the root names golang-migrate."""
        found = []
        for folder, files in folders(root):
            count = sum(is_up(name) for name in files)
            if count and (named := evidence(root, folder)):
                why = (
                    f"{count} numbered .up.sql file{'s' * (count > 1)}, and {named} names the tool"
                )
                found.append(FoundHistory(self.name, folder, why))
        return found

    def wants(self, path: str) -> bool:
        """What golang-migrate reads, and whatever gives another tool away."""
        return _FILE.fullmatch(path) is not None or bool(other_tools.tool_of_file(path, self.name))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = sorted((file for file in files if self.wants(file.path)), key=lambda f: f.path)
        other_tools.refuse_files(file.path for file in wanted)
        sides: dict[tuple[int, str], SourceFile] = {}
        for file in wanted:
            key = _key(file.path)
            if key in sides:
                raise MigrationUnreadable(
                    f"{sides[key].path} and {file.path} have the same number",
                    hint="golang-migrate refuses such a folder. Give one of them another number.",
                )
            sides[key] = file
        history: list[Migration] = []
        for number in sorted({number for number, _ in sides}):
            needs = (history[-1].version,) if history else ()
            up, down = sides.get((number, "up")), sides.get((number, "down"))
            history.append(_migration(number, up, down, needs))
        return tuple(history)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        table = self.located(session)
        return with_interrupted(row_of(self._position(session, table), session, table), session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        """As the one row has it, save files behind it that never ran, where the schema proves that."""
        late = never_ran(history, ledger, newest_of(ledger))
        return tuple(
            _skipped(one, late[one.version]) if one.version in late else one
            for one in status(history, rows_for(history, ledger))
        )

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return golang_migrate_lock.held(session, self.located(session))

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        return golang_migrate_lock.lock(session, self.located(session), wait=wait)

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
        """The dirty row in a transaction of its own; then the script and the clean row in one.

        A lock that could not be had puts the row back: nothing happened, so nothing has to be
        settled before the next try. Every other failure leaves it dirty, as the tool does.
        """
        if rehearse:
            ran = session.run(script, wrap=True, rehearse=True, observe=observe)
            return _applied(migration, ran.duration_ms, ran.statements)
        table = self.located(session)
        before = self._position(session, table)
        require_next(before, migration, table)
        here = Position(int(migration.version), dirty=True)
        self._move(session, table, here)
        try:
            ran = session.run(
                script,
                wrap=True,
                then=place(session.dialect, table, replace(here, dirty=False)),
                observe=observe,
                name=migration.version,
            )
        except LockTimeout:
            self._move(session, table, before)
            raise
        return _applied(migration, ran.duration_ms, ran.statements)

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run the down script, and set the row to the version before, in one transaction where it can be.

        Where it cannot, the row is dirty meanwhile at this version, not at the one before as the
        tool has it: this is the one of which nobody knows how much is there. Both stop the tool.
        """
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.name} has no down script",
                hint="Write its .down.sql, or restore a backup.",
            )
        here, table = Position(int(migration.version)), self.located(session)
        _require_newest(self._position(session, table), migration, table)
        whole = is_one(migration, script)
        if not whole:
            self._move(session, table, replace(here, dirty=True))
        then = place(session.dialect, table, Position(previous(migration)))
        try:
            ran = session.run(script, wrap=True, then=then, name=migration.version)
        except (MigrationFailed, LockTimeout) as error:
            if not whole and getattr(error, "rolled_back", isinstance(error, LockTimeout)):
                self._move(session, table, here)
            raise
        return _applied(migration, ran.duration_ms, ran.statements)

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """As `migrate force` does, but never past a version that is not applied."""
        table, here = self.located(session), Position(int(migration.version))
        position = self._position(session, table)
        if state == "applied":
            if position.version > here.version and not position.dirty:
                return  # it counts as applied already
            if position.version != here.version:
                require_next(position, migration, table)
            self._move(session, table, here)
        elif state == "rolled_back":
            at_nothing = position == Position(NOTHING, dirty=True) and not migration.needs
            if not at_nothing:
                _require_newest(replace(position, dirty=False), migration, table)
            self._move(session, table, Position(previous(migration)))
        else:
            raise NotSupported(f"a migration cannot be marked {state!r}")
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        here, table = int(migration.version), self.table_for(dialect)
        end = previous(migration) if back else here
        text = (migration.down or "") if back else migration.up
        last = _row_by_hand(dialect, table, Position(end))
        first = _row_by_hand(dialect, table, Position(here, dirty=True))
        made = _made_once(dialect, table)
        if is_one(migration, script):
            body = by_hand.in_one(dialect, text, last)
            return body if back else f"{made}\n{first};\n{body}"
        body = by_hand.one_by_one(first, text, last)
        return body if back else f"{made}\n{body}"

    def columns_there(self, session: Session, table: LedgerTable) -> tuple[str, ...] | None:
        """As everywhere; other tools have a table of the usual name."""
        if table == self.usual and table.columns(session) is not None:
            other_tools.require_owner(session, TABLE, "golang-migrate")
        return super().columns_there(session, table)

    def _position(self, session: Session, table: LedgerTable) -> Position:
        there = self.columns_there(session, table) is not None
        return rows_of(session, table) if there else Position()

    def _move(self, session: Session, table: LedgerTable, position: Position) -> None:
        """Put the row there in a transaction of its own, the table made where there is none."""
        is_there = table.columns(session) is not None
        with session.transaction():
            for ddl in () if is_there else ddl_of(session.dialect, table):
                session.execute(ddl)
            for bound in place(session.dialect, table, position):
                session.execute(bound.sql, bound.parameters)

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
        """A pair, counted where the others are, else by the time."""
        number = next_number([m.name.partition("_")[0] for m in existing], now=now)
        back = down if has_statements(down) else _ONE_WAY
        return tuple(
            SourceFile(f"{number}_{slug_of(name)}.{side}.sql", text.encode())
            for side, text in (("up", up), ("down", back))
        )

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)


def is_up(name: str) -> bool:
    """Whether golang-migrate would run a file on its way up."""
    found = _FILE.fullmatch(name)
    return found is not None and found.group(3, 4) == ("up", "sql")


def evidence(root: Path, folder: Path) -> str:
    """The build file that says that pairs in a folder are golang-migrate's, or empty."""
    return build_files.names("golang-migrate", root, folder)


def _key(path: str) -> tuple[int, str]:
    found = _FILE.fullmatch(path)
    if found is None or found[4] != "sql":
        raise MigrationUnreadable(
            f"{path} is no SQL file, and golang-migrate would run it",
            hint="Name it <number>_<name>.up.sql or .down.sql, or move it out of the folder.",
        )
    if int(found[1]) > _LARGEST:
        raise MigrationUnreadable(f"the number of {path} does not fit into the ledger")
    return int(found[1]), found[3]


def _migration(
    number: int, up: SourceFile | None, down: SourceFile | None, needs: tuple[str, ...]
) -> Migration:
    if up is None:
        there = down.path if down else str(number)
        raise MigrationUnreadable(
            f"{there} has no .up.sql beside it",
            hint="golang-migrate would count it as applied without running anything; add the file.",
        )
    for file in (up, down):
        if file and (tool := other_tools.tool_of_text(text_of(file))):
            raise other_tools.error_for(f"{file.path} is written for {tool}", tool)
    back = text_of(down) if down else ""
    return Migration(
        version=str(number),
        name=up.path.removesuffix(".up.sql"),
        path=up.path,
        content=up.content,
        up=text_of(up),
        down=back if has_statements(back) else None,
        down_path=down.path if down else "",
        needs=needs,
    )


def quoted_names(said: Iterable[Said]) -> Iterator[tuple[str, str]]:
    """Names as a URL has them: `%22ops%22.%22done%22` is `ops.done`, and a plain dot is none."""
    for one in said:
        name = unquote(one.name)
        parts = re.fullmatch(r'"([^"]+)"(?:\."([^"]+)")?', name)
        plain = ".".join(filter(None, parts.groups())) if parts else name.replace(".", " ")
        yield one.file, plain


def _require_newest(position: Position, migration: Migration, table: LedgerTable) -> None:
    if position.dirty or str(position.version) != migration.version:
        where = f"at {position.version}{', dirty' if position.dirty else ''}"
        raise LedgerError(
            f"{migration.name} does not stand in {table.label} as the newest: that is {where}",
            hint="One row stands for all versions up to it, so the newest one goes back first.",
        )


def _skipped(one: MigrationStatus, missing: str) -> MigrationStatus:
    """What counts as applied and is not there."""
    if one.state is not MigrationState.APPLIED:
        return one
    detail = (
        f"The one row counts it as applied, but {missing} is not there: it came after a higher number,"
        " and golang-migrate never runs it. Give it a number above all others. Where that was dropped by"
        " hand, write the drop as a migration."
    )
    return replace(one, state=MigrationState.SKIPPED_BY_TOOL, detail=detail)


def _applied(
    migration: Migration, duration_ms: int, statements: tuple[StatementRun, ...]
) -> AppliedMigration:
    return AppliedMigration(
        migration.version, migration.name, migration.sha256, duration_ms, statements
    )


def _row_by_hand(dialect: Dialect, table: LedgerTable, position: Position) -> str:
    bounds = place(dialect, table, position)
    return ";\n".join(by_hand.spelled(dialect, bound) for bound in bounds)


def _made_once(dialect: Dialect, table: LedgerTable) -> str:
    return "\n".join(
        by_hand.made_once(ddl).replace(" INDEX ", " INDEX IF NOT EXISTS ")
        for ddl in ddl_of(dialect, table)
    )
