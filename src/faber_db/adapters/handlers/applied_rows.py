"""What formats share whose ledger knows what is applied, and has no word for anything else.

The row is written in the transaction of its script where that is one. Of a script that is not, the
engine's own journal tells what a run has left (`Session.interrupted`); the ledger then claims
nothing, as the tool itself would leave it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from faber_db.adapters.handlers import by_hand, other_tools
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.status import status, with_interrupted
from faber_db.adapters.handlers.tables import columns_of, require_writable
from faber_db.errors import LedgerError, MigrationIrreversible, NotSupported
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    AppliedMigration,
    LedgerNote,
    LedgerRow,
    Migration,
    MigrationStatus,
    StatementRun,
)
from faber_db.services.ports import Bound, Session
from faber_db.sql.script import Script


class AppliedRows(ABC):
    """The half of a handler that deals with the database."""

    table: ClassVar[str]
    columns: ClassVar[frozenset[str]]  # without which it is another table

    @abstractmethod
    def making(self, dialect: Dialect) -> list[Bound]:
        """What makes the ledger's tables, and the rows that an empty one has."""

    @abstractmethod
    def applying(self, dialect: Dialect, migration: Migration, now: datetime | None) -> list[Bound]:
        """The rows that say that a migration is applied; no time means the server's clock."""

    @abstractmethod
    def removing(self, dialect: Dialect, migration: Migration, now: datetime | None) -> list[Bound]:
        """What takes a migration off the ledger."""

    @abstractmethod
    def rows(self, session: Session) -> list[LedgerRow]:
        """What the table says, oldest first; the table is there and has its columns."""

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        columns = columns_of(session, self.table)
        if columns is None:
            other_tools.refuse_ledgers(session, self.table, self.columns)
            return with_interrupted((), session)
        if missing := self.columns - set(columns):
            raise LedgerError(f"{self.table} lacks the columns {', '.join(sorted(missing))}")
        return with_interrupted(self.rows(session), session)

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return status(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return ()

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Nothing: the tool has none, and its own program does not wait for ours."""
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
        if rehearse:
            ran = session.run(script, wrap=migration.wrap, rehearse=True, observe=observe)
        else:
            self._ensure(session)
            then = self.applying(session.dialect, migration, now)
            require_writable(session, migration, script, then)
            ran = session.run(
                script,
                wrap=migration.wrap,
                then=then,
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
                f"{migration.name} has no down script",
                hint="Write one, or restore a backup.",
            )
        then = self.removing(session.dialect, migration, now)
        require_writable(session, replace(migration, wrap=migration.wrap_down), script, then)
        ran = session.run(
            script,
            wrap=migration.wrap_down,
            then=then,
            name=migration.version,
        )
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """`applied` writes the rows anew; `rolled_back` takes them off. Nothing runs."""
        if state not in ("applied", "rolled_back"):
            raise NotSupported(f"a migration cannot be marked {state!r}")
        stands = migration.version in {row.version for row in self.ledger(session)}
        if state == "rolled_back" and not stands:
            raise LedgerError(f"{migration.name} does not stand in {self.table}")
        self._ensure(session)
        bounds = self.removing(session.dialect, migration, now) if stands else []
        if state == "applied":
            bounds = bounds + self.applying(session.dialect, migration, now)
        with session.transaction():
            for bound in bounds:
                session.execute(bound.sql, bound.parameters)
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        if back:
            text, bounds = migration.down or "", self.removing(dialect, migration, None)
            migration = replace(migration, wrap=migration.wrap_down)
        else:
            text, bounds = migration.up, self.applying(dialect, migration, None)
        rows = ";\n".join(by_hand.spelled(dialect, bound) for bound in bounds)
        in_one = is_one(migration, script)
        body = by_hand.in_one(dialect, text, rows) if in_one else by_hand.then(text, rows)
        if back:
            return body
        made = "".join(f"{by_hand.spelled(dialect, b)};\n" for b in self.making(dialect))
        return f"{made}{body}"

    def _ensure(self, session: Session) -> None:
        if columns_of(session, self.table) is None:
            other_tools.refuse_ledgers(session, self.table, self.columns)
            with session.transaction():
                for bound in self.making(session.dialect):
                    session.execute(bound.sql, bound.parameters)
