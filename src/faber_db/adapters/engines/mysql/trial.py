"""Run a script on a throw-away database as the runner would, and ask how each change is carried out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pymysql

from faber_db.adapters.engines.mysql import asking
from faber_db.adapters.engines.mysql.connect import Server, in_transaction, rows, set_limits
from faber_db.adapters.engines.mysql.faults import (
    errno,
    is_cancelled,
    is_forbidden,
    is_lost,
    words,
)
from faber_db.adapters.engines.mysql.marker import SHADOW
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.adapters.engines.mysql.trial_queries import Queries
from faber_db.adapters.engines.mysql.trial_refusals import missing, refusal
from faber_db.adapters.engines.runs import milliseconds_since
from faber_db.errors import NotSupported
from faber_db.model import online_ddl as way
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    Calls,
    Copy,
    CreateIndex,
    CreateTable,
    CreateTrigger,
    Delete,
    Drop,
    Harmless,
    Insert,
    Lock,
    Maintain,
    Query,
    Rename,
    SetVariable,
    TableAction,
    TableSetting,
    Transaction,
    Truncate,
    Update,
)
from faber_db.services.ports import Limits, Tried
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

LIMITS = Limits(
    lock_timeout=timedelta(seconds=2), statement_timeout=timedelta(seconds=30), lock_retries=0
)
_CUT = 300
_ON_ROWS = (Insert, Update, Delete, Query, Calls, Copy, SetVariable, Harmless)
_ROWS_DECIDE = "which rows it locks depends on the rows that are there"
_NOT_ASKED = "it takes no ALGORITHM and LOCK, so the server could not be asked"


class Trial:
    """The trial runs of one session: what existed before the first, and what was left out since."""

    def __init__(
        self, connection: "Connection", server: Server, lacking: Mapping[str, str]
    ) -> None:
        ((database,),) = rows(connection, "SELECT database()")
        if not str(database).startswith(SHADOW):
            raise NotSupported(
                "scripts are tried on throw-away databases only",
                hint="Leave the trial run out; the analysis without it still holds.",
            )
        self._connection = connection
        self._server = server
        self._lacking = lacking
        self._left_out = False  # whether anything was; what fails later may fail because of that
        self._locked: dict[str, str] = {}  # by LOCK TABLES
        self._rows: dict[str, str] = {}  # touched in the open transaction
        self._existing = {
            str(name)
            for (name,) in rows(
                connection,
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = database() AND table_type <> 'VIEW'",
            )
        }

    def run(self, script: Script, *, wrap: bool, queries: Sequence[str]) -> tuple[Tried, ...]:
        """The answer for each statement that was reached, in order."""
        set_limits(self._connection, self._server, LIMITS)
        watched = Queries(self._connection, queries)
        answers: list[Tried] = []
        if wrap:
            rows(self._connection, "START TRANSACTION")
        for statement in script.statements:
            tried = self._try(statement)
            if statement.transaction_control and not tried.error:
                continue  # it only begins or ends
            answers.append(tried)
            if tried.error:
                break
            watched.after(len(answers) - 1, statement)
        rows(self._connection, "ROLLBACK" if answers and answers[-1].error else "COMMIT")
        self._rows.clear()
        return tuple(
            replace(
                one, breaks=tuple((q, why) for q, (at, why) in watched.broken.items() if at == n)
            )
            for n, one in enumerate(answers)
        )

    def _try(self, statement: Statement) -> Tried:
        why = refusal(statement) or missing(statement, self._lacking)
        if why:
            self._left_out = True
            return replace(_nothing(statement), not_tried=why)
        if not _keeps_rows(statement):
            self._rows.clear()  # it commits before it begins
        held = tuple({**self._rows, **self._locked}.items())
        start = monotonic()
        try:
            tried = self._carried_out(statement)
        except pymysql.err.Error as error:
            return self._failed(statement, error)
        self._follow(statement)
        return replace(tried, held=held, duration_ms=milliseconds_since(start))

    def _failed(self, statement: Statement, error: pymysql.err.Error) -> Tried:
        if is_lost(error):
            raise error
        nothing, said = _nothing(statement), words(error)
        why = ""
        if is_forbidden(error):
            why = f"the account of a trial may not do it ({said})"
        elif is_cancelled(error):
            why = f"it took longer than {LIMITS.statement_timeout.seconds} s"
        elif self._left_out:
            why = f"it fails here ({errno(error)}: {said}), perhaps only since others were left out"
        if why:
            self._left_out = True
            return replace(nothing, not_tried=why)
        return replace(nothing, error=f"{errno(error)}: {said}")

    def _carried_out(self, statement: Statement) -> Tried:
        """Run it, the lightest way first that the server takes.

        Raises:
            pymysql.err.Error: it fails.
        """
        brief = dict(self._brief(statement))
        question = asking.question_of(statement)
        optimized = [
            t for a in statement.actions_of(Maintain) if a.what == "optimize" for t in a.names
        ]
        if optimized:
            found = {t: self._ask(_rebuilding(t)) for t in optimized}
            self._run(statement.text)
            return self._answer(statement, found, brief)
        if question is None:
            self._run(statement.text)
            unseen = next(filter(None, map(_unseen, statement.actions)), "")
            return replace(self._answer(statement, {}, brief), unseen=unseen)
        table = question.table
        forced = question.copies or self._changes_engine(statement, table)
        carried = None if forced else self._ask(question)
        if carried is None:
            self._run(statement.text)
        if forced:  # the server pays no heed to ALGORITHM then
            carried = asking.Way("COPY", "SHARED")
        tried = self._answer(statement, {table: carried}, brief)
        return tried if carried else replace(tried, unseen=_NOT_ASKED)

    def _ask(self, question: asking.Question) -> asking.Way | None:
        """Carry a change out; None where the server took no way, and nothing is done then."""
        for found, text in question.ladder(self._server):
            try:
                self._run(text)
            except pymysql.err.Error as error:
                if errno(error) in asking.REFUSALS:
                    continue
                return None  # the clauses, or the statement itself: it says so without them
            return found
        return None

    def _answer(
        self,
        statement: Statement,
        ways: Mapping[str, asking.Way | None],
        brief: Mapping[str, str],
    ) -> Tried:
        known = {name: found for t, found in ways.items() if found and (name := self._known(t))}
        works = {name: _work(found, statement.actions) for name, found in known.items()}
        locks = {name: word for name, word in brief.items() if name not in known}
        for name, found in known.items():
            locks[name] = found.words if any(works[name]) else way.BRIEF
        return replace(
            _nothing(statement),
            locks=tuple(locks.items()),
            rewritten=tuple(name for name, (rewritten, _) in works.items() if rewritten),
            scanned=tuple(name for name, (_, scanned) in works.items() if scanned),
        )

    def _known(self, table: str) -> str:
        """The name of a table that existed, as the server spells it; empty for any other."""
        same = (name for name in self._existing if name.lower() == table.lower())
        return next(same, "")

    def _brief(self, statement: Statement) -> Iterator[tuple[str, str]]:
        """Locks that the kind of a statement tells by itself."""
        for action in statement.actions:
            for table, word in _locks(action):
                if name := self._known(table):
                    yield name, word

    def _changes_engine(self, statement: Statement, table: str) -> bool:
        wanted = [
            a.value for a in statement.actions_of(TableSetting) if a.setting == "option engine"
        ]
        found = rows(
            self._connection,
            "SELECT engine FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name = %s",
            (table,),
        )
        return bool(wanted and found) and str(found[0][0]).lower() != wanted[-1].lower()

    def _follow(self, statement: Statement) -> None:
        """Move on: what is held now, and which tables are still the ones that existed."""
        if not in_transaction(self._connection):
            self._rows.clear()
        else:
            changed = (
                a.table for a in statement.actions if isinstance(a, Insert | Update | Delete)
            )
            self._rows |= {name: way.ROWS for t in changed if (name := self._known(t))}
        for action in statement.actions:
            match action:
                case Lock(tables=tables, mode=mode):
                    self._locked |= {n: _table_lock(mode) for t in tables if (n := self._known(t))}
                case Harmless(what="unlock") | Transaction(what="begin"):
                    self._locked.clear()
                case Rename(kind="table", old=old, new=new) if name := self._known(old):
                    self._existing.remove(name)
                    self._existing.add(new)
                case Drop(kind="table", names=names):
                    self._existing -= {self._known(n) for n in names}
                case _:
                    continue

    def _run(self, text: str) -> None:
        """One statement to its end; all its results are read and forgotten."""
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            while cursor.nextset():
                pass


def _nothing(statement: Statement) -> Tried:
    return Tried(
        line=statement.line,
        text=statement.text[:_CUT],
        locks=(),
        rewritten=(),
        scanned=(),
        duration_ms=0,
    )


def _rebuilding(table: str) -> asking.Question:
    """What OPTIMIZE TABLE does to a table of InnoDB."""
    return asking.Question(table, f"ALTER TABLE {quoted(table)}", "FORCE", ", ", ", ")


def _keeps_rows(statement: Statement) -> bool:
    """Whether an open transaction goes on, as it does not around a change of the schema."""
    return all(isinstance(a, _ON_ROWS) for a in statement.actions)


def _builds(action: Action) -> bool:
    """Whether an index is built of the rows that are there."""
    match action:
        case CreateIndex():
            return True
        case AddConstraint(constraint=constraint):
            return constraint.kind in ("unique", "primary key")
        case AddColumn(column=column):
            return any(c.kind in ("unique", "primary key") for c in column.constraints)
        case _:
            return False


def _work(found: asking.Way, actions: Sequence[Action]) -> tuple[bool, bool]:
    """Whether the rows are written anew, and whether they are read.

    MySQL has no NOCOPY: an index alone is built in place there, and the rows stay.
    """
    builds = any(map(_builds, actions))
    only_indexes = all(_builds(a) or isinstance(a, Drop) for a in actions)
    match found.algorithm:
        case "COPY":
            return True, True
        case "INPLACE" if not only_indexes:
            return True, True
        case "INPLACE" | "NOCOPY":
            return False, builds
        case _:
            return False, False


def _locks(action: Action) -> Iterator[tuple[str, str]]:
    match action:
        case Lock(tables=tables, mode=mode):
            yield from ((table, _table_lock(mode)) for table in tables)
        case Drop(kind="table" | "view", names=names) | Truncate(tables=names):
            yield from ((table, way.BRIEF) for table in names)
        case Drop(kind="trigger", table=table) if table:
            yield table, way.BRIEF
        case Rename(kind="table", old=old):
            yield old, way.BRIEF
        case CreateTrigger(table=table):
            yield table, way.BRIEF
        case AddConstraint(constraint=constraint) if constraint.references:
            yield constraint.references, way.BRIEF
        case CreateTable(constraints=constraints):
            yield from ((c.references, way.BRIEF) for c in constraints if c.references)
        case _:
            return


def _table_lock(mode: str) -> str:
    return way.EXCLUSIVE if mode == "ACCESS EXCLUSIVE" else way.READ_LOCK


def _unseen(action: Action) -> str:
    """Why the kind of a statement does not tell its locks."""
    match action:
        case Insert() | Update() | Delete() | Calls():
            return _ROWS_DECIDE
        case CreateTable(reads=reads):
            return _ROWS_DECIDE if reads else ""
        case CreateTrigger():
            return ""
        case Maintain() | TableAction():  # through EXECUTE, for one
            return _NOT_ASKED
        case _:
            return ""
