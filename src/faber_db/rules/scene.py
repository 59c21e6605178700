"""What a rule sees: one action, the state before it, its locks, and the transaction around it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddEnumValue,
    Drop,
    Insert,
    SetVariable,
    Transaction,
)
from faber_db.rules import effects_mysql, effects_postgresql, effects_sqlite
from faber_db.rules.ahead import Ahead
from faber_db.rules.context import Context
from faber_db.rules.effects import TableEffect, strength
from faber_db.rules.rebuild import Rebuild, in_the_way, rebuild_of
from faber_db.rules.state import State, TableState
from faber_db.rules.transaction import TransactionState
from faber_db.sql.neighbours import Reached, reached
from faber_db.sql.script import Statement


@dataclass(frozen=True, slots=True)
class Scene:
    """One action where it stands."""

    context: Context
    statement: Statement
    state: State  # before the action
    effects: tuple[TableEffect, ...]
    transaction: TransactionState  # before the action
    ahead: Ahead
    index: int  # of the statement in its script
    routine: str = ""  # the function through which the action happens

    @property
    def dialect(self) -> Dialect:
        return self.context.dialect

    @property
    def postgresql(self) -> bool:
        return self.context.dialect is Dialect.POSTGRESQL

    @property
    def mysql(self) -> bool:
        return self.context.dialect in (Dialect.MYSQL, Dialect.MARIADB)

    @property
    def sqlite(self) -> bool:
        return self.context.dialect is Dialect.SQLITE

    def reached(self, action: Action, *how: str) -> Iterator[Reached]:
        """MySQL: what the statement of an action reaches outside its database, once a statement."""
        if self.mysql and not self.routine and self.is_first(action):
            found = reached(self.statement.text, self.dialect)
            yield from (one for one in found if one.how in how)

    def is_own(self, schema: str) -> bool:
        """MySQL: whether a database of that name is the session's own, or one of the project's."""
        own = {self.context.database, *self.context.schemas} - {""}
        return schema in own or schema.lower() == "information_schema"  # nobody can write that

    def below(self, major: int) -> bool:
        """Whether the server is known to be PostgreSQL of an older major version."""
        known = self.context.postgresql_major
        return self.postgresql and known is not None and known < major

    def is_new(self, table: str) -> bool:
        return self.state.is_new(table)

    def is_first(self, action: Action) -> bool:
        """Whether the action is the first of its statement, for rules that look at whole statements."""
        return bool(self.statement.actions) and self.statement.actions[0] is action

    def is_empty(self, table: str) -> bool:
        """Whether the table is known to hold no row."""
        size = (self.context.sizes or {}).get(table)
        return self.is_new(table) or (size is not None and size.exact and size.rows == 0)

    def is_idle(self, table: str) -> bool:
        """Whether work on a table is none: the script made it, and did not fill it by a query."""
        found = self.table(table)
        return self.is_new(table) and not (found is not None and found.filled_from)

    def effect_on(self, table: str) -> TableEffect | None:
        """The strongest effect of the action on a table, one with work first."""
        found = [e for e in self.effects if e.table == table]
        return max(found, key=lambda e: (e.works, strength(e.lock)), default=None)

    def table(self, name: str) -> TableState | None:
        return self.state.table(name)

    @property
    def later(self) -> Iterator[Statement]:
        return self.ahead.statements(self.index)

    def lacks_column(self, table: str, column: str) -> bool:
        """Whether the table is known with all its columns, and this is none of them."""
        found = self.state.table(table)
        return found is not None and found.complete and self.state.column(table, column) is None

    def actions_later(self) -> Iterator[Action]:
        return self.ahead.actions(self.index)

    def copied_into(self, table: str) -> tuple[str, Insert] | None:
        """The new table that takes the place of one, with the INSERT that fills it.

        Create, copy, drop, rename: SQLite's and Prisma's way to change a table.
        """
        found = self.rebuild_of(table)
        return None if found is None else (found.copy, found.insert)

    def rebuild_of(self, table: str) -> Rebuild | None:
        """The same, with what arrives of the old columns and rows."""
        return rebuild_of(table, self.state, self.ahead, self.index)

    def rename_fails(self, table: str) -> tuple[str, ...]:
        """SQLite: what makes the last step of a rebuild fail when the table is dropped now."""
        if not self.sqlite or not any(self.ahead.renamed_to(table, self.index)):
            return ()
        later = {n for a in self.actions_later() if isinstance(a, Drop) for n in a.names}
        return tuple(w for w in in_the_way(table, self.state) if w.split()[1] not in later)


def effects_of(
    action: Action, state: State, context: Context, among: Iterable[Action] = ()
) -> tuple[TableEffect, ...]:
    """The locks and the work of one action; `among` are all actions of its statement."""
    if context.dialect is Dialect.POSTGRESQL:
        return tuple(effects_postgresql.effects(action, state, context.postgresql_major))
    if context.dialect is Dialect.SQLITE:
        return tuple(effects_sqlite.effects(action, state))
    return tuple(effects_mysql.effects(action, state, context.server_version, among))


def after(action: Action, scene: Scene) -> None:
    """Move state and transaction on behind an action."""
    transaction = scene.transaction
    if isinstance(action, Transaction) and not scene.routine:
        transaction.control(action)
    elif isinstance(action, AddEnumValue):
        transaction.added_values.add((action.type, action.value))
    transaction.take(scene.effects, scene.state, scene.statement.line)
    if not _without_effect(action, scene):
        scene.state.apply(action)


def _without_effect(action: Action, scene: Scene) -> bool:
    """SQLite: foreign keys cannot be switched inside a transaction that the script began itself.

    Where the runner begins it, ours does the PRAGMA before.
    """
    return (
        scene.sqlite
        and isinstance(action, SetVariable)
        and action.name == "foreign_keys"
        and scene.transaction.open
        and not scene.context.wrap
    )
