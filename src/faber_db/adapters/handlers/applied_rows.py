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

from faber_db.adapters.handlers import by_hand
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.renamed_ledger import OneLedger
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.status import status, with_interrupted
from faber_db.adapters.handlers.tables import require_writable
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
from faber_db.sql.identifiers import quote
from faber_db.sql.script import Script


class AppliedRows(OneLedger, ABC):
    """The half of a handler that deals with the database."""

    makes_schema: ClassVar[bool] = False  # the tool makes the schema of its ledger too

    @abstractmethod
    def making(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> list[Bound]:
        """What makes the ledger's tables for a migration, and the rows that an empty one has."""

    @abstractmethod
    def applying(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        """The rows that say that a migration is applied; no time means the server's clock."""

    @abstractmethod
    def removing(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        """What takes a migration off the ledger."""

    @abstractmethod
    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        """What the table says, oldest first; the table is there and has its columns."""

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        table = self.located(session)
        there = self.columns_there(session, table) is not None
        return with_interrupted(self.rows(session, table) if there else (), session)

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
            table = self._ensure(session, migration)
            then = self.applying(session.dialect, table, migration, now)
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
        then = self.removing(session.dialect, self.located(session), migration, now)
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
            raise LedgerError(f"{migration.name} does not stand in {self.located(session).label}")
        table = self._ensure(session, migration)
        bounds = self.removing(session.dialect, table, migration, now) if stands else []
        if state == "applied":
            bounds = bounds + self.applying(session.dialect, table, migration, now)
        with session.transaction():
            for bound in bounds:
                session.execute(bound.sql, bound.parameters)
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        table = self.table_for(dialect)
        if back:
            text, bounds = migration.down or "", self.removing(dialect, table, migration, None)
            migration = replace(migration, wrap=migration.wrap_down)
        else:
            text, bounds = migration.up, self.applying(dialect, table, migration, None)
        rows = ";\n".join(by_hand.spelled(dialect, bound) for bound in bounds)
        in_one = is_one(migration, script)
        body = by_hand.in_one(dialect, text, rows) if in_one else by_hand.then(text, rows)
        if back:
            return body
        bounds = [*self._schema(dialect, table), *self.making(dialect, table, migration)]
        made = "".join(f"{by_hand.spelled(dialect, b)};\n" for b in bounds)
        return f"{made}{body}"

    def _ensure(self, session: Session, migration: Migration) -> LedgerTable:
        """The ledger, made where there is none."""
        table = self.located(session)
        if self.columns_there(session, table) is None:
            with session.transaction():
                if table.schema and not table.has_schema(session):
                    self._execute(session, self._schema(session.dialect, table))
                self._execute(session, self.making(session.dialect, table, migration))
        return table

    def _schema(self, dialect: Dialect, table: LedgerTable) -> list[Bound]:
        if not self.makes_schema or not table.schema or dialect is not Dialect.POSTGRESQL:
            return []
        return [Bound(f"CREATE SCHEMA IF NOT EXISTS {quote(table.schema, dialect)}")]

    @staticmethod
    def _execute(session: Session, bounds: Sequence[Bound]) -> None:
        for bound in bounds:
            session.execute(bound.sql, bound.parameters)
