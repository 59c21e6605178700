"""Run a script on a file: transactions, foreign keys, lock retries."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic, sleep

from faber_db.adapters.engines.batches import Engine, refused, run_batches
from faber_db.adapters.engines.runs import Observe, failed, milliseconds_since, pauses, ran, there
from faber_db.adapters.engines.sqlite.faults import is_locked, translated
from faber_db.adapters.engines.sqlite.journal import Journal
from faber_db.adapters.engines.sqlite.keys import key_of
from faber_db.adapters.engines.steps import lines_of, without_steps
from faber_db.adapters.engines.stretches import (
    Stretch,
    Unit,
    first_words,
    foreign_keys_switch,
    holds_by_itself,
    is_one,
    one_unit,
    units,
)
from faber_db.errors import LockTimeout, MigrationFailed, NotSupported
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Limits, Ran
from faber_db.sql.script import Script, Statement

Execute = Callable[[str, Sequence[object]], int]


class ScriptRun:
    """One call of `Session.run`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        execute: Execute,
        limits: Limits,
        observe: Observe | None,
        *,
        rehearse: bool,
    ) -> None:
        self._connection = connection
        self._execute = execute  # one statement, within `statement_timeout`
        self._limits = limits
        self._observe = observe
        self._rehearse = rehearse
        self._journal: Journal | None = None  # of a script that is not one transaction
        self._step: Stretch | None = None  # under way, and not in the journal as done
        self._committed = False  # whether anything of this script was kept
        self._kept: list[str] = []  # lines of it
        self._line = 0  # of the statement under way

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound],
        then: Sequence[Bound],
        name: str = "",
        resume: bool = False,
    ) -> Ran:
        start = monotonic()
        if found := refused(script):
            raise failed(
                found[1],
                line=found[0].line,
                rolled_back=True,
                hint="docs/while-it-runs.md says what may stand there.",
            )
        inside = self._connection.in_transaction
        if inside or self._rehearse:
            work: tuple[Unit, ...] = (one_unit(script, wrap=wrap, first=first, then=then),)
        else:
            work = units(script, wrap=wrap, first=first, then=then)
        done: list[StatementRun] = []
        with self._foreign_keys_kept():
            before = Counter[tuple[str, str]]() if inside or wrap else self._violations()
            if name and not (inside or self._rehearse or is_one(work)):
                work = self._journalled(work, name, resume=resume)
            for unit in work:
                if unit.then and not inside and not wrap:  # before the ledger says it is applied
                    self._line = 0
                    self._refuse_new(before)
                done += self._with_retries(unit, retry=not inside)
            if not inside and not wrap:
                self._line = 0
                self._refuse_new(before)
        if self._journal is not None:
            self._journal.clear()
        return Ran(tuple(done), milliseconds_since(start))

    @property
    def journalled(self) -> bool:
        return self._journal is not None

    def _journalled(self, work: tuple[Unit, ...], name: str, *, resume: bool) -> tuple[Unit, ...]:
        """Begin the journal, or go on where it says; what is left to do."""
        journal = Journal(self._connection, name)
        try:
            if resume:
                steps = [unit.stretch for unit in work if unit.stretch.statements]
                done, again = journal.go_on(steps)
                self._committed, self._kept = done > 0, [lines_of(step) for step in steps[:done]]
                for statement in again.statements:
                    self._one(statement)
                work = without_steps(work, done)
            else:
                journal.begin()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        self._journal = journal
        return work

    def _with_retries(self, unit: Unit, *, retry: bool) -> list[StatementRun]:
        """One unit, again after a lock timeout; all of it is rolled back between the tries."""
        waits = pauses(self._limits.lock_retries if retry else 0)
        begun = False
        while True:
            try:
                begun = begun or self._begin_step(unit)
                done = self._alone(unit) if unit.stretch.alone else self._transaction(unit)
                break
            except sqlite3.Error as error:
                wait = next(waits, None) if is_locked(error) else None
                if wait is None:
                    raise self._failure(error) from error
                sleep(wait)
        if unit.stretch.keeps and unit.stretch.statements:
            self._kept.append(lines_of(unit.stretch))
        self._step = None
        return done

    def _begin_step(self, unit: Unit) -> bool:
        if self._journal is not None and unit.stretch.statements:
            held = holds_by_itself(unit).stretch
            self._journal.next_step(held)
            self._step = unit.stretch
        return True

    def _alone(self, unit: Unit) -> list[StatementRun]:
        if unit.stretch.statements[0].batch and self._journal is not None:
            return [self._batches(unit.stretch, self._journal)]
        holds = not holds_by_itself(unit).stretch.alone and not self._is_open()
        if self._journal is not None and holds:
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            done = [self._one(statement) for statement in unit.stretch.statements]
            if self._journal is not None:
                self._journal.done(unit.stretch)
                if holds:
                    self._connection.execute("COMMIT")
        except BaseException:
            if holds and self._is_open():
                self._connection.execute("ROLLBACK")
            raise
        self._committed = True
        return done

    def _batches(self, stretch: Stretch, journal: Journal) -> StatementRun:
        """Each batch in a transaction of its own, with its checkpoint, tried again by itself."""
        statement = stretch.statements[0]
        self._line = statement.line

        def once(sql: str, given: Sequence[object], kept: Callable[[int], str]) -> int:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                rows = self._execute(sql, given)
                journal.keep_checkpoint(kept(rows))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._is_open():
                    self._connection.execute("ROLLBACK")
                raise
            self._committed = True
            return rows

        def one(sql: str, given: Sequence[object], kept: Callable[[int], str]) -> tuple[int, bool]:
            waits, again = pauses(self._limits.lock_retries), False
            while True:
                try:
                    return once(sql, given, kept), again
                except sqlite3.Error as error:
                    wait = next(waits, None) if is_locked(error) else None
                    if wait is None:
                        raise
                    again = True
                    sleep(wait)

        engine = Engine(
            key=lambda table: key_of(self._connection, table),
            ask=lambda sql, given: self._connection.execute(
                sql.replace("%s", "?"), tuple(given)
            ).fetchall(),
            one=one,
            replicas=lambda: (),
            kept=journal.checkpoint,
        )
        try:
            run = run_batches(statement, engine, self._observe)
        except NotSupported as error:
            self._note_failed()
            raise failed(
                error.message,
                line=self._line,
                rolled_back=not self._committed,
                hint=error.hint,
                kept=there(self._kept),
            ) from error
        journal.done(stretch)
        self._committed = True
        return run

    def _transaction(self, unit: Unit) -> list[StatementRun]:
        if self._is_open():
            return self._body(unit)
        self._line = 0
        switches = [foreign_keys_switch(s) for s in unit.stretch.statements]
        if False in switches:  # inside the transaction the switch would do nothing
            self._connection.execute("PRAGMA foreign_keys = OFF")
        elif True in switches:
            self._connection.execute("PRAGMA foreign_keys = ON")
        begin = unit.stretch.begin
        exclusive = begin is not None and first_words(begin.text)[1] == "EXCLUSIVE"
        self._connection.execute("BEGIN EXCLUSIVE" if exclusive else "BEGIN IMMEDIATE")
        try:
            before = self._violations()
            done = self._body(unit)
            self._line = 0
            self._refuse_new(before)
            keeps = unit.stretch.keeps and not self._rehearse
            self._note_done(unit, keeps=keeps)
            self._connection.execute("COMMIT" if keeps else "ROLLBACK")
        except BaseException:
            if self._is_open():  # a full disk has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise
        self._committed = self._committed or keeps
        return done

    def _note_done(self, unit: Unit, *, keeps: bool) -> None:
        """In the transaction of the step: the journal says it if and only if it was kept."""
        if self._journal is None or not keeps:
            return
        if unit.then:
            self._journal.clear()
        elif unit.stretch.statements:
            self._journal.done(unit.stretch)

    def _is_open(self) -> bool:
        return self._connection.in_transaction

    def _body(self, unit: Unit) -> list[StatementRun]:
        self._line = 0
        for bound in unit.first:
            self._execute(bound.sql, bound.parameters)
        done = [self._one(statement) for statement in unit.stretch.statements]
        self._line = 0
        for bound in unit.then:
            self._execute(bound.sql, bound.parameters)
        return done

    def _one(self, statement: Statement) -> StatementRun:
        self._line = statement.line
        start = monotonic()
        rows = self._execute(statement.text, ())
        run = ran(statement, start, rows)
        if self._observe is not None:
            self._observe(run)
        return run

    @contextmanager
    def _foreign_keys_kept(self) -> Iterator[None]:
        """Put `foreign_keys` back to what it was before the script."""
        (before,) = self._connection.execute("PRAGMA foreign_keys").fetchone()
        try:
            yield
        finally:
            if not self._connection.in_transaction:
                self._connection.execute(f"PRAGMA foreign_keys = {int(before)}")

    def _violations(self) -> Counter[tuple[str, str]]:
        """Broken references by (table, referred table); a reference to no key counts as one."""
        found = Counter[tuple[str, str]]()
        tables = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            try:
                rows = self._connection.execute(
                    "SELECT parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY parent",
                    (table,),
                ).fetchall()
            except sqlite3.OperationalError as error:  # "foreign key mismatch"
                if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                    raise
                rows = [("a table without that key", 1)]
            found.update({(table, parent): count for parent, count in rows})
        return found

    def _refuse_new(self, before: Counter[tuple[str, str]]) -> None:
        new = self._violations() - before
        if new:
            (table, parent), count = next(iter(new.items()))
            self._note_failed()
            raise failed(
                f"{count} {'row' if count == 1 else 'rows'} of {table} would refer to nothing"
                f" in {parent}",
                line=self._line,
                rolled_back=not self._committed,
                hint="Delete or repair those rows in the same migration.",
            )

    def _failure(self, error: sqlite3.Error) -> LockTimeout | MigrationFailed:
        ours = translated(error)
        self._note_failed()
        if isinstance(ours, LockTimeout) and not self._committed:
            tries = self._limits.lock_retries + 1
            return LockTimeout(f"{ours.message}, {tries} times; nothing was kept", hint=ours.hint)
        return failed(
            ours.message,
            line=self._line,
            rolled_back=not self._committed,
            hint=ours.hint,
            kept=there(self._kept) if self._journal is not None else "",
        )

    def _note_failed(self) -> None:
        if self._journal is None or self._is_open():
            return
        with suppress(sqlite3.Error):  # what is written already stands, and is true
            if not self._committed:
                self._journal.clear()
            elif self._step is not None:
                self._journal.failed(self._step)
