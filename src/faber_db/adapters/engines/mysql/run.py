"""Run a script on a server where each definition commits by itself.

What may stand in a transaction does, and is rolled back where it fails. For every other statement
the catalogue is looked at before it and after its failure, and a journal tells what was done.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pymysql

from faber_db.adapters.engines.batches import Checkpoint, Engine, refused, run_batches
from faber_db.adapters.engines.mysql import evidence
from faber_db.adapters.engines.mysql.connect import Server, in_transaction, rows
from faber_db.adapters.engines.mysql.faults import errno, is_locked, translated
from faber_db.adapters.engines.mysql.journal import Journal
from faber_db.adapters.engines.mysql.keys import key_of
from faber_db.adapters.engines.mysql.variables import Variables, refuse
from faber_db.adapters.engines.runs import Observe, failed, milliseconds_since, pauses, ran
from faber_db.adapters.engines.steps import set_again, without_steps
from faber_db.adapters.engines.stretches import Stretch, Unit, one_unit, units
from faber_db.errors import ConnectionLost, FaberDbError, LockTimeout, NotSupported
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Limits, Ran
from faber_db.sql.mysql_transactions import changes_nothing, commits_itself, words_of
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_NOT_ROLLED_BACK = 1196  # rows of a table that knows no transactions stay
_STAYING = "rows in a table whose storage engine has no transactions"
_UNKNOWN = "not known"
_DEFINES = ("CREATE", "ALTER", "DROP", "RENAME")
_SHOWN = {
    "TABLE",
    "TABLES",
    "INDEX",
    "VIEW",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "EVENT",
    "SEQUENCE",
}
_NOT_SHOWN = {"USER", "ROLE", "SERVER", "DATABASE", "SCHEMA", "PACKAGE", "TABLESPACE", "INSTANCE"}
_WHOLE = ("TRUNCATE",)  # done or not done, and an error says: not done
_TAKEN = {"CREATE": (1050, 1304, 1359), "ALTER": (1050, 1060, 1061)}  # by name, before any work


class ScriptRun:
    """One call of `Session.run`."""

    def __init__(
        self,
        connection: "Connection",
        server: Server,
        limits: Limits,
        journal: Journal,
        observe: Observe | None,
        *,
        lock: str,
        rehearse: bool,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._journal = journal
        self._observe = observe
        self._rehearse = rehearse
        self._variables = Variables(connection, server, limits, lock)
        self._journalled = False
        self._kept: list[int] = []  # lines of what was committed
        self._line = 0  # of the statement under way
        self._looked: tuple[tuple[str, ...], str] | None = None  # before a definition
        self._remains = ""  # of a transaction that could not be rolled back whole
        self._in_step = False  # an intent in the journal has no outcome yet
        self._committing = False

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound],
        then: Sequence[Bound],
        name: str,
        resume: bool = False,
    ) -> Ran:
        start = monotonic()
        self._refuse(script)
        inside = in_transaction(self._connection)
        if inside or self._rehearse:
            work: tuple[Unit, ...] = (one_unit(script, wrap=wrap, first=first, then=then),)
        else:
            work = units(script, wrap=wrap, first=first, then=then)
        done: list[StatementRun] = []
        try:
            alone = any(commits_itself(s) or s.batch for u in work for s in u.stretch.statements)
            if alone or len(work) > 1:
                work = self._begin(work, name, resume=resume)
            for unit in work:
                done += self._with_retries(unit, retry=not inside)
        except BaseException:
            with suppress(pymysql.err.Error):  # the first error says what is wrong
                self._put_back()
            raise
        self._put_back()
        if self._journalled and (inside or not then):
            self._journal.end()
        return Ran(tuple(done), milliseconds_since(start))

    def _begin(self, work: tuple[Unit, ...], name: str, *, resume: bool) -> tuple[Unit, ...]:
        """Begin the journal, or go on where it says; what is left to do."""
        if not resume:
            self._journal.begin(name)
        else:
            done = self._journal.go_on(name, [u.stretch for u in work if u.stretch.statements])
            for statement in set_again(done):
                self._one(statement, open_=False)
            self._kept = [s.line for step in done for s in step.statements]
            work = without_steps(work, len(done))
        self._journalled = True
        return work

    def _put_back(self) -> None:
        if self._connection.open and not in_transaction(self._connection):
            self._variables.put_back()

    def _refuse(self, script: Script) -> None:
        found = refused(script) or refuse(script, self._limits)
        if found is not None:
            statement, why = found
            raise failed(
                f"{' '.join(words_of(statement, 2))} is not run: {why}",
                line=statement.line,
                rolled_back=True,
                hint="Leave it out; limits and transactions are taken care of.",
            )

    def _with_retries(self, unit: Unit, *, retry: bool) -> list[StatementRun]:
        """One unit, again after a lock timeout that left nothing."""
        alone = unit.stretch.alone and commits_itself(unit.stretch.statements[0])
        attempt = self._alone if alone else self._transaction
        may_be_repeated = retry and (
            not alone or words_of(unit.stretch.statements[0], 1)[0] in (*_DEFINES, *_WHOLE)
        )
        waits = pauses(self._limits.lock_retries if may_be_repeated else 0)
        self._begin_step(unit.stretch)
        if unit.stretch.alone and unit.stretch.statements[0].batch:
            return [self._batches(unit.stretch.statements[0])]
        while True:
            try:
                return attempt(unit)
            except pymysql.err.Error as error:
                remains = self._left(unit.stretch, error) if alone else self._remains
                wait = next(waits, None) if is_locked(error) and not remains else None
                if wait is None:
                    raise self._failure(error, remains) from error
                sleep(wait)
            except NotSupported as error:  # before the statement
                raise self._told(error, self._remains) from error

    def _batches(self, statement: Statement) -> StatementRun:
        """Each batch in a transaction of its own, with its checkpoint, tried again by itself."""
        self._line = statement.line

        def once(sql: str, given: Sequence[object], kept: Callable[[int], str]) -> int:
            self._variables.require(open_=False)
            self._connection.query("BEGIN")
            try:
                with self._connection.cursor() as cursor:
                    count = cursor.execute(sql, tuple(given))
                self._journal.keep_checkpoint(kept(count))
                self._connection.query("COMMIT")
            except BaseException:
                if self._connection.open:
                    self._roll_back()
                raise
            return count

        def one(sql: str, given: Sequence[object], kept: Callable[[int], str]) -> tuple[int, bool]:
            waits, again = pauses(self._limits.lock_retries), False
            while True:
                try:
                    return once(sql, given, kept), again
                except pymysql.err.Error as error:
                    wait = next(waits, None) if is_locked(error) and not self._remains else None
                    if wait is None:
                        raise
                    again = True
                    sleep(wait)

        engine = Engine(
            key=lambda table: key_of(self._connection, table),
            ask=lambda sql, given: rows(self._connection, sql, tuple(given)),
            one=one,
            replicas=lambda: (),
            kept=self._journal.checkpoint,
        )
        try:
            run = run_batches(statement, engine, self._observe)
        except pymysql.err.Error as error:
            raise self._failure(error, self._batches_left()) from error
        except NotSupported as error:
            raise self._told(error, self._batches_left()) from error
        self._kept.append(statement.line)
        self._journal.done()
        self._in_step = False
        return run

    def _batches_left(self) -> str:
        """What the batches before the one that failed have left."""
        if not self._connection.open:
            return ""
        done = Checkpoint.read(self._journal.checkpoint()).rows
        return self._remains or (f"{done} rows of its first batches" if done else "")

    def _begin_step(self, stretch: Stretch) -> None:
        """Look at the catalogue and write the intent, as far as the step is one for the journal."""
        self._looked, self._remains, self._in_step = None, "", False
        if not self._journalled or not stretch.statements:
            return
        names: tuple[str, ...] = ()
        digest = ""
        if commits_itself(stretch.statements[0]):
            self._line = stretch.statements[0].line
            names = evidence.names_in(stretch.statements[0])
            digest = self._digest(names)
            self._looked = names, digest
        self._journal.intent(stretch, names, digest)
        self._in_step = True

    def _digest(self, names: tuple[str, ...]) -> str:
        try:
            return evidence.look(self._connection, names)
        except pymysql.err.Error as error:
            raise self._failure(error, "") from error

    def _alone(self, unit: Unit) -> list[StatementRun]:
        statement = unit.stretch.statements[0]
        done = [self._one(statement, open_=False)]
        self._kept.append(statement.line)
        self._journal.done()
        self._in_step = False
        return done

    def _left(self, stretch: Stretch, error: pymysql.err.Error) -> str:
        """What a statement that failed by itself has left, by the catalogue; empty for nothing."""
        statement = stretch.statements[0]
        word = words_of(statement, 1)[0]
        if word in _WHOLE or errno(error) in _TAKEN.get(word, ()):
            return ""  # a change in the catalogue is somebody else's
        if not _shows(statement) or self._looked is None:
            return _UNKNOWN
        names, before = self._looked
        try:
            after = evidence.look(self._connection, names)
        except pymysql.err.Error:
            return _UNKNOWN
        return "" if after == before else "a part of it in the catalogue"

    def _transaction(self, unit: Unit) -> list[StatementRun]:
        if in_transaction(self._connection):
            return self._body(unit)
        self._line = 0
        self._connection.query(unit.stretch.begin.text if unit.stretch.begin else "BEGIN")
        keeps = unit.stretch.keeps and not self._rehearse
        try:
            done = self._body(unit)
            self._line = 0
            if self._journalled and keeps and unit.then:
                self._journal.end()  # from here on the ledger tells
            elif self._in_step and keeps:
                self._journal.done()
            self._committing = keeps
            self._connection.query("COMMIT" if keeps else "ROLLBACK")
            self._committing = False
            if not keeps:
                self._note_remains()
        except BaseException:
            if self._connection.open:
                self._roll_back()
            raise
        if keeps:
            self._in_step = False
            self._kept += [s.line for s in unit.stretch.statements if not changes_nothing(s)]
        return done

    def _roll_back(self) -> None:
        """Also after a deadlock, in which the server has done it: it warns of what stays."""
        try:
            self._connection.query("ROLLBACK")
            self._note_remains()
        except pymysql.err.Error:
            return  # the connection is gone, and the first error says so

    def _note_remains(self) -> None:
        warnings = rows(self._connection, "SHOW WARNINGS")
        if any(number == _NOT_ROLLED_BACK for _, number, _ in warnings):
            self._remains = _STAYING

    def _body(self, unit: Unit) -> list[StatementRun]:
        self._ledger(unit.first)
        done = [self._one(statement, open_=True) for statement in unit.stretch.statements]
        self._ledger(unit.then)
        return done

    def _ledger(self, bounds: Sequence[Bound]) -> None:
        """Ledger statements of ours run as the session began, whatever the script has set."""
        self._line = 0
        if bounds:
            self._variables.require(open_=True)
            self._variables.put_back()
        for bound in bounds:
            rows(self._connection, bound.sql, bound.parameters)

    def _one(self, statement: Statement, *, open_: bool) -> StatementRun:
        self._line = statement.line
        self._variables.require(open_=open_)
        start = monotonic()
        with self._connection.cursor() as cursor:
            count = cursor.execute(statement.text)  # exactly as in the source
        run = ran(statement, start, count)
        self._variables.tighten(statement)
        if self._observe is not None:
            self._observe(run)
        return run

    def _failure(self, error: pymysql.err.Error, remains: str) -> FaberDbError:
        ours = translated(error)
        if isinstance(ours, ConnectionLost):
            return self._lost(ours)
        return self._told(ours, remains, number=errno(error))

    def _told(self, ours: FaberDbError, remains: str, *, number: int = 0) -> FaberDbError:
        """The error of a statement, with what is in the database."""
        rolled_back = not remains and not self._kept
        if self._journalled:
            self._note(remains)
        if isinstance(ours, LockTimeout) and rolled_back and number:
            where = f"line {self._line}: " if self._line else ""
            tries = self._limits.lock_retries + 1
            return LockTimeout(
                f"{where}{ours.message}, tried {tries} times; nothing was kept", hint=ours.hint
            )
        return failed(
            ours.message,
            line=self._line,
            rolled_back=rolled_back,
            hint=ours.hint if rolled_back else ours.hint or _HINT,
            kept=self._what_is_there(remains),
        )

    def _note(self, remains: str) -> None:
        try:
            if not self._kept and not remains:
                self._journal.end()
            elif self._in_step:
                self._journal.failed(remains)
        except pymysql.err.Error:
            return  # the intent stands in the journal, and the catalogue tells the rest

    def _what_is_there(self, remains: str) -> str:
        there = f"in the database: {_lines(self._kept)}" if self._kept else "nothing before it"
        if not self._line:
            return there
        if not remains:
            why = "as the catalogue shows" if self._looked else "which was rolled back"
            return f"{there}; nothing of line {self._line}, {why}"
        return f"{there}; of line {self._line}: {remains}"

    def _lost(self, ours: ConnectionLost) -> ConnectionLost:
        what = (
            "it is not known whether COMMIT was kept"
            if self._committing
            else "whether it was kept, `faber-db status` tells from the catalogue"
            if self._looked
            else "the server rolls back what was not committed"
        )
        there = f"; in the database: {_lines(self._kept)}" if self._kept else ""
        return ConnectionLost(f"{ours.message} at line {self._line}; {what}{there}", hint=ours.hint)


_HINT = "`faber-db status` tells what is there; finish or undo it by hand, then mark the migration."


def _shows(statement: Statement) -> bool:
    """Whether what it does shows in the part of the catalogue that is looked at."""
    words = words_of(statement, 12)
    kind = next((word for word in words if word in _SHOWN | _NOT_SHOWN), "")
    return words[0] in _DEFINES and kind in _SHOWN


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:20]) + (", …" * (len(numbers) > 20))
    return f"line {shown}" if len(numbers) == 1 else f"lines {shown}"
