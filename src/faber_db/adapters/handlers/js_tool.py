"""What TypeORM, Sequelize and Knex have in common: programs in a folder, and a row for each applied.

Files are read as text and never run. Of a recorded migration the recorded SQL runs, and the row is
written as the tool writes it. None of the three keeps a checksum.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from faber_db.adapters.handlers import (
    by_hand,
    js_project,
    other_tools,
    program_row,
    remains,
    user_tool,
)
from faber_db.adapters.handlers.dead_end import require_obedient
from faber_db.adapters.handlers.js_program import JsProgram, is_typed
from faber_db.adapters.handlers.js_text import Found, code_of, is_program, tool_of_code
from faber_db.adapters.handlers.ledger_table import Candidates, LedgerTable, require_nothing_else
from faber_db.adapters.handlers.reading import text_of
from faber_db.adapters.handlers.status import status, with_interrupted
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    MigrationUnreadable,
    NotSupported,
    ToolFailed,
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
    recorded_file,
)
from faber_db.services.ports import Bound, FoundHistory, Session, ToolPlace
from faber_db.sql.script import Script

_PLAIN = re.compile(r"[\w$-]+")
_NO_FILE = "The ledger has it and the folder does not; restore its file."


class JsTool:
    """A tool whose migrations are JavaScript or TypeScript. What is its own is asked of a subclass."""

    code = True
    name: ClassVar[str]
    tool: ClassVar[str]  # as people write it
    default_folder: ClassVar[str] = "migrations"
    table: ClassVar[str]  # its usual ledger
    shapes: ClassVar[tuple[frozenset[str], ...]]  # columns of the ledger, the usual form first
    configuration: ClassVar[re.Pattern[str]]  # names of the files that may configure it
    product_keys: ClassVar[tuple[str, ...]]  # options there that name the product
    folder_option: ClassVar[
        re.Pattern[str]
    ]  # what names the folder there; its group is an expression
    ignores: ClassVar[str]  # what the tool does about a row without a file, a sentence
    leaves: ClassVar[str]  # how it comes to leave a part of a migration and no row, a clause

    def __init__(
        self,
        root: Path | None = None,
        folder: Path | None = None,
        ledger: LedgerTable | None = None,
    ) -> None:
        self._root, self._folder, self._ledger = root, folder, ledger

    def in_project(self, root: Path, folder: Path) -> Self:
        """The same for one folder of a project; what is configured there is read when it is needed."""
        return type(self)(root, folder, self._ledger)

    def with_ledger(self, table: LedgerTable) -> Self:
        """With the name that our configuration gives, whatever the project's says."""
        return type(self)(self._root, self._folder, table)

    # --- asked of the subclass -----------------------------------------------------------------

    def migrations_in(self, path: str, text: str) -> Iterator[Migration]:
        """What a file declares, not recorded yet; its content is set by the caller.

        Raises:
            MigrationUnreadable.
        """
        raise NotImplementedError

    def order(self, migration: Migration) -> tuple[object, ...]:
        """The key by which the tool sorts."""
        raise NotImplementedError

    def table_option(self, texts: Sequence[str]) -> Found:
        """The ledger's name in configurations."""
        raise NotImplementedError

    def schema_option(self, texts: Sequence[str]) -> Found:
        raise NotImplementedError

    def ddl(self, dialect: Dialect, table: LedgerTable) -> Sequence[str]:
        """What makes the ledger, as the tool makes it."""
        raise NotImplementedError

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        """What the ledger holds, oldest first."""
        raise NotImplementedError

    def insert(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> Bound:
        """The row of an applied migration; without `now` the server's clock is asked."""
        raise NotImplementedError

    def delete(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> Bound:
        raise NotImplementedError

    def tool_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """The project's own tool, and the words that have it apply exactly one migration.

        Raises:
            ToolMissing.
        """
        raise NotImplementedError

    def back_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """The same, and the words that have it take back exactly one, the newest."""
        raise NotImplementedError

    def look_words(self, place: ToolPlace) -> tuple[JsProgram, list[str]]:
        """The same, and the words that have it only ask what is applied.

        Where it then reaches a database all the same, it may make its empty ledger there.

        Raises:
            ToolMissing.
        """
        raise NotImplementedError

    # --- the files -----------------------------------------------------------------------------

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders in which a file is written for this tool, and those that its configuration names."""
        found = {place.path: place for place in js_project.migration_folders(root, self._is_ours)}
        for file, text in js_project.configurations(root, self.configuration):
            for match in self.folder_option.finditer(text):
                place = js_project.named_folder(root, file, match[1])
                if place and self._holds_ours(place.path):
                    found[place.path] = place
        return [self._found(root, place) for place in found.values()]

    def _found(self, root: Path, place: js_project.MigrationFolder) -> FoundHistory:
        texts = tuple(self.in_project(root, place.path).texts.values())
        engine = js_project.product_named(place.path.name)
        engine = engine or js_project.product_of(texts, *self.product_keys)
        files = f"{place.count} program{'s' * (place.count != 1)}"
        return FoundHistory(self.name, place.path, f"{files} written for {self.tool}", engine)

    def _is_ours(self, code: str) -> bool:
        return tool_of_code(code) == self.tool

    def _holds_ours(self, folder: Path) -> bool:
        """Whether a folder that the configuration names holds nothing of another tool."""
        texts = [js_project.text_at(file) for file in sorted(folder.iterdir())[-3:]]
        return all(tool_of_code(code_of(text)) in ("", self.tool) for text in texts)

    def wants(self, path: str) -> bool:
        return "/" not in path and is_program(path)

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        given = {file.path: file for file in files}
        found: dict[str, Migration] = {}
        for path in sorted(filter(self.wants, given)):
            text = code_of(text_of(given[path]))
            theirs = tool_of_code(text)
            if theirs and theirs != self.tool:
                raise other_tools.error_for(f"{path} is written for {theirs}", theirs)
            for migration in self.migrations_in(path, text):
                if migration.version in found and not self.is_twin(found[migration.version], path):
                    raise MigrationUnreadable(
                        f"{migration.version} stands in {found[migration.version].path} and {path}",
                        hint=f"{self.tool} would see two migrations; keep one of the files.",
                    )
                migration = replace(migration, content=given[path].content)
                found[migration.version] = _with_recording(migration, given)
        return tuple(sorted(found.values(), key=self.order))

    def is_twin(self, migration: Migration, path: str) -> bool:
        """Whether a second file is the same migration for the tool too."""
        return False

    # --- the ledger ----------------------------------------------------------------------------

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        return tuple(table.label for table in self.candidates.tables)

    @cached_property
    def texts(self) -> dict[str, str]:
        """Configuration files of the project, by path, without comments."""
        if self._root is None or self._folder is None:
            return {}
        package = js_project.package_of(self._root, self._folder)
        return {
            path.relative_to(self._root).as_posix(): text
            for path, text in js_project.configurations(package, self.configuration)
        }

    @cached_property
    def candidates(self) -> Candidates:
        """The ledgers that the project's configuration names as plain text, or the usual one."""
        if self._ledger is not None:
            return Candidates((self._ledger,))
        tables: dict[LedgerTable, None] = {}
        unread = ""
        for path, text in self.texts.items():
            names, schemas = self.table_option([text]), self.schema_option([text])
            plain = [v for v in (*names.values, *schemas.values) if _PLAIN.fullmatch(v)]
            if names.unread or schemas.unread or len(plain) < len(names.values + schemas.values):
                unread = unread or path
                continue
            for schema in schemas.values or ("",):
                for name in names.values or ((self.table,) if schema else ()):
                    tables[LedgerTable(name, schema)] = None
        return Candidates(tuple(tables) or (LedgerTable(self.table),), unread)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        table = self.candidates.chosen(session)
        columns = table.columns(session)
        if columns is None:
            self._refuse_others(session)
            return ()
        if not set(columns) >= self.shapes[0]:
            missing = ", ".join(sorted(self.shapes[0] - set(columns)))
            raise LedgerError(f"{table.label} lacks the columns {missing}")
        if table.name != self.table:
            require_nothing_else(table.label, columns, self.shapes, self.tool)
        return with_interrupted(self.rows(session, table), session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        """As everywhere; of a row without a file it says what the tool makes of it."""
        return tuple(
            replace(found, detail=f"{found.detail} {self.ignores}")
            if found.state is MigrationState.MISSING
            else found
            for found in status(history, ledger)
        )

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        """What a try has left; what somebody applies while it is looked for has its row by then."""
        while True:
            found = remains.notes(
                session, history, ledger, why=self.leaves, leave_out=self.ledger_tables
            )
            now = self.ledger(session) if found else ledger
            if {row.version for row in now} == {row.version for row in ledger}:
                return found
            ledger = now

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Nothing: the tool has none. Our own, which is held already, does not stop its CLI."""
        return nullcontext()

    # --- changes -------------------------------------------------------------------------------

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
        program_row.require_recorded(migration)
        then: list[Bound] = []
        if not rehearse:
            table = self.ensured(session)
            then = [
                self.insert(session.dialect, table, self._as_named(session, table, migration), now)
            ]
        return program_row.apply(
            session, migration, script, then=then, rehearse=rehearse, observe=observe
        )

    def require_obedient(self, place: ToolPlace, dialect: Dialect) -> None:
        here = self.in_project(place.root, place.folder)

        def tool(there: ToolPlace) -> user_tool.UserTool:
            program, words = here.look_words(there)
            return program.run_as(there, words, dialect, typed=is_typed([*words, *here.texts]))

        require_obedient(tool, place, dialect)

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        """Have the project's own tool apply it; no other migration may wait before it."""
        here = self.in_project(place.root, place.folder)
        before = {row.version for row in here.ledger(session)}
        table = here.candidates.chosen(session)
        named = here._as_named(session, table, migration) if before else migration
        program, words = (here.back_words if back else here.tool_words)(place, named)
        typed = is_typed([migration.path, *here.texts])
        tool = program.run_as(place, words, session.dialect, typed=typed)
        said = user_tool.run_tool(session, tool, place)
        if back:
            left = before - {migration.version}
            user_tool.require_gone(tool, migration, lambda: here.ledger(session), said, left=left)
            return
        user_tool.require_row(tool, migration, lambda: here.ledger(session), said)
        here._require_only(session, migration, before)

    def _require_only(self, session: Session, migration: Migration, before: set[str]) -> None:
        """Raise where the tool did more than it was asked to.

        Raises:
            ToolFailed.
        """
        more = {row.version for row in self.ledger(session)} - before - {migration.version}
        if more:
            raise ToolFailed(
                f"{self.tool} was to apply {migration.version}, and applied"
                f" {', '.join(sorted(more))} too",
                hint="Look what stands in the ledger before the next try.",
            )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        table = self.candidates.chosen(session)
        then = [self.delete(session.dialect, table, migration)]
        return program_row.roll_back(session, migration, script, then=then)

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """`applied` writes the row where there is none; `rolled_back` removes it."""
        if state not in ("applied", "rolled_back"):
            raise NotSupported(f"a migration cannot be marked {state!r}")
        if state == "applied":
            table = self.ensured(session)
            if all(row.version != migration.version for row in self.rows(session, table)):
                named = self._as_named(session, table, migration)
                self._execute(session, self.insert(session.dialect, table, named, now))
        else:
            if all(row.version != migration.version for row in self.ledger(session)):
                raise LedgerError(f"{migration.version} does not stand in {self.table}")
            table = self.candidates.chosen(session)
            self._execute(session, self.delete(session.dialect, table, migration))
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        table = self.candidates.tables[0]
        if back:
            then = [self.delete(dialect, table, migration)]
            return program_row.text(dialect, migration, script, then, back=True)
        made = "".join(f"{by_hand.made_once(sql)}\n" for sql in self.ddl(dialect, table))
        then = [self.insert(dialect, table, migration, None)]
        return made + program_row.text(dialect, migration, script, then, back=False)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)

    def ensured(self, session: Session) -> LedgerTable:
        """The ledger, made where it is missing."""
        self.ledger(session)  # refuses what is not this tool's
        table = self.candidates.chosen(session)
        if table.columns(session) is None:
            for sql in self.ddl(session.dialect, table):
                self._execute(session, Bound(sql))
        return table

    def ending(self, existing: Sequence[Migration], usual: str) -> str:
        """Of a new file: that of the newest one, else what the project is written in."""
        if existing:
            return existing[-1].path.rpartition(".")[2]
        if self._root is None or self._folder is None:
            return usual
        package = js_project.package_of(self._root, self._folder)
        return "ts" if (package / "tsconfig.json").is_file() else "js"

    def _refuse_others(self, session: Session) -> None:
        try:
            other_tools.refuse_foreign(session, self.table)
            self.candidates.require_no_other(
                session, self.tool, self.shapes, self.is_ledger(session)
            )
        except (LedgerForeign, LedgerError):
            if self.candidates.chosen(session).columns(session) is None:
                raise  # else a deployment has made it since

    def is_ledger(self, session: Session) -> Callable[[str], bool]:
        """Tells of a table with a ledger's columns whether its rows are a ledger's."""
        return lambda _table: True

    def _as_named(self, session: Session, table: LedgerTable, migration: Migration) -> Migration:
        """With the name that the ledger would have for it."""
        return migration

    @staticmethod
    def _execute(session: Session, bound: Bound) -> None:
        with session.transaction():
            session.execute(bound.sql, bound.parameters)


def _with_recording(migration: Migration, files: dict[str, SourceFile]) -> Migration:
    """With what was recorded of it in the place of the program, where something was."""
    there = files.get(recorded_file(migration.version, "").path)
    back = files.get(recorded_file(migration.version, "", back=True).path)
    if there is None:
        return migration
    return replace(
        migration,
        content=there.content,
        up=text_of(there),
        recorded_path=there.path,
        down=text_of(back) if back else None,
        down_path=back.path if back else "",
    )
