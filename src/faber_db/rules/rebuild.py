"""A table is made anew under its name: create, copy, drop, rename, in the orders that tools write.

SQLite's way to change a table. Prisma, Django and Alembic copy into a new table and rename it; people
rename the old one first; Rails copies into a temporary table and back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from faber_db.model.statement import CreateTable, Insert
from faber_db.rules.ahead import Ahead
from faber_db.rules.state import ColumnState, State, TableState


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What takes the place of a table when it is dropped."""

    old: TableState
    new: TableState  # as it will be
    copy: str  # the table that holds the rows while the old one is dropped
    insert: Insert
    sources: Mapping[str, str] | None  # column of the new table: of the old one, or empty
    leaves_rows_out: bool
    renamed_first: bool = False

    @property
    def taken(self) -> set[str]:
        """The columns of the old table whose values arrive."""
        return set((self.sources or {}).values()) - {""}


def rebuild_of(table: str, state: State, ahead: Ahead, index: int) -> Rebuild | None:
    """How the script at this point makes a table anew that it drops; None where it does not."""
    old = state.table(table)
    if old is None:
        old = TableState(table)
    for name in dict.fromkeys(ahead.renamed_to(table, index)):
        found = state.table(name)
        if found is not None and found.born and (insert := _filling(found, table, state)):
            return _rebuild(old, found, insert, state)
    again = state.table(old.was) if old.was and not old.born else None
    if again is not None and again.born and (insert := _filling(again, table, state)):
        return _rebuild(old, again, insert, state, renamed_first=True)
    return _there_and_back(table, old, state, ahead, index)


def _filling(new: TableState, table: str, state: State) -> Insert | None:
    """The INSERT that copies a table into a new one."""
    wanted = state.key(table)
    return next(
        (i for i in new.filled_from if wanted in {state.key(r) for r in i.reads}),
        None,
    )


def _rebuild(
    old: TableState, new: TableState, insert: Insert, state: State, *, renamed_first: bool = False
) -> Rebuild:
    return Rebuild(
        old=old,
        new=new,
        copy=new.name,
        insert=insert,
        sources=sources_of(insert, old, new, state),
        leaves_rows_out=insert.filtered or insert.conflict in ("nothing", "replace"),
        renamed_first=renamed_first,
    )


def sources_of(
    insert: Insert, old: TableState, new: TableState, state: State
) -> dict[str, str] | None:
    """Which column comes from where; None where it cannot be told, or they do not pair."""
    values: list[str] = []
    for value in insert.values:
        if value != "*":
            values.append(state.key(value))
        elif old.complete:
            values += [k for k, c in old.columns.items() if not c.generated]
        else:
            return None
    into = [state.key(c) for c in insert.columns]
    into = into or [k for k, c in new.columns.items() if not c.generated] or values
    return dict(zip(into, values, strict=True)) if values and len(into) == len(values) else None


def _there_and_back(
    table: str, old: TableState, state: State, ahead: Ahead, index: int
) -> Rebuild | None:
    """Copied into another table, dropped, made again under its name and copied back."""
    made: TableState | None = None
    for action in ahead.actions(index):
        if isinstance(action, CreateTable) and state.key(action.table) == state.key(table):
            columns = {state.key(c.name): ColumnState.defined(c) for c in action.columns}
            keys = [*action.constraints, *(k for c in action.columns for k in c.constraints)]
            made = TableState(
                action.table,
                born=True,
                columns=columns,
                constraints=keys,
                complete=not action.query,
            )
        elif made is not None and isinstance(action, Insert) and action.query:
            if state.key(action.table) != state.key(table):
                continue
            for name in action.reads:
                kept = state.table(name)
                if kept is None or not kept.born or not (insert := _filling(kept, table, state)):
                    continue
                there = sources_of(insert, old, kept, state)
                back = sources_of(action, kept, made, state)
                sources = None
                if there is not None and back is not None:
                    sources = {new: there.get(via, "") for new, via in back.items()}
                filtered = insert.filtered or action.filtered
                return Rebuild(old, made, kept.name, insert, sources, filtered)
    return None


def in_the_way(table: str, state: State) -> Iterator[str]:
    """The views and triggers that name a table, so that SQLite's next RENAME fails when it is gone."""
    if not state.is_on("legacy_alter_table"):
        yield from (f"view {name}" for name in state.views_on(table))
        yield from (f"trigger {name}" for name in state.triggers_naming(table))
