"""How much work an action is, and how long that takes: always a range, never one number.

One unit is what reading one row costs, measured on the target itself (`Context.pace`). The factors
are those of `bench/times.py`, which prints what it predicted beside what it measured: reading goes
at the pace of the disk, the rest at most at that of a processor. Waiting for a lock is not in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faber_db.model.statement import Action, AddConstraint, CreateIndex, Delete, Update
from faber_db.rules.context import Context, Sized
from faber_db.rules.effects import TableEffect
from faber_db.rules.state import State, TableState

_READ = 1.2  # once through the table, in units of its rows and bytes
_PER_BYTES = {"rewrite": 15.0, "write": 70.0, "delete": 8.0}  # on top, in the same units
_PER_ROW = {"foreign key": 3.0, "number index": 7.5, "text index": 15.0}  # on top, in rows
_STEADY = (70, 150)  # nanoseconds between which a pace is that of a processor, not of a disk
_SPREAD = 2.5  # the range goes from the middle divided by this to the middle times this
_BYTES_OF_A_ROW = 400  # that cost as much as the row itself
_NUMBERS = ("int", "date", "time", "bool", "oid", "serial")


@dataclass(frozen=True, slots=True)
class Work:
    """One table that is read, with what is done on top; `perhaps` where a condition decides."""

    table: str
    per_bytes: float = 0
    per_row: float = 0
    perhaps: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time; rows are those of the biggest table that is worked through."""

    rows: int | None = None
    low_ms: int | None = None
    high_ms: int | None = None


def work_of(action: Action, effects: Iterable[TableEffect], state: State) -> Iterator[Work]:
    """The work of an action on tables that existed."""
    for effect in effects:
        if not effect.works or state.is_new(effect.table):
            continue
        found = state.table(effect.table)
        if effect.writes:
            kind = "delete" if isinstance(action, Delete) else "write"
            decided = isinstance(action, Update | Delete) and action.qualified
            yield Work(effect.table, per_bytes=_PER_BYTES[kind], perhaps=decided)
        elif effect.rewrite:
            yield Work(effect.table, _PER_BYTES["rewrite"], _all_indexes(found))
        else:
            yield Work(effect.table, per_row=_read(action, effect, found))


def _read(action: Action, effect: TableEffect, found: TableState | None) -> float:
    """What is built or compared while one reads."""
    match action:
        case CreateIndex() if action.table == effect.table:
            return _index(found, action.columns)
        case AddConstraint(constraint=added) if added.kind in ("unique", "primary key", "exclude"):
            return _index(found, added.columns)
        case AddConstraint(constraint=added) if added.kind == "foreign key":
            return _PER_ROW["foreign key"] if action.table == effect.table else 0
        case _:
            return 0


def _index(found: TableState | None, columns: tuple[str, ...]) -> float:
    kinds = [c.type.name for name in columns if found and (c := found.columns.get(name))]
    numbers = bool(kinds) and all(any(n in kind for n in _NUMBERS) for kind in kinds)
    return _PER_ROW["number index" if numbers else "text index"]


def _all_indexes(found: TableState | None) -> float:
    """A rewrite builds every index anew."""
    if found is None:
        return _PER_ROW["number index"]
    keys = [c.columns for c in found.constraints if c.kind in ("primary key", "unique")]
    return sum(_index(found, columns) for columns in (*keys, *(i.columns for i in found.indexes)))


def span_of(works: Iterable[Work], context: Context) -> Span:
    """The rows, and the time from the sizes and the pace of the target, as far as they are known."""
    sizes = context.sizes or {}
    done = list(works)
    rows = [size.rows for work in done if (size := sizes.get(work.table)) is not None]
    if not rows or len(rows) < len(done) or context.pace is None:
        return Span(max(rows, default=None))
    steady = min(max(context.pace, _STEADY[0]), _STEADY[1])
    low = high = 0.0
    for work in done:
        size = sizes[work.table]
        reading = units_of(size) * _READ * context.pace
        rest = (units_of(size) * work.per_bytes + size.rows * work.per_row) * steady
        low += (reading + (0 if work.perhaps else rest)) / _SPREAD
        high += (reading + rest) * _SPREAD
    return Span(max(rows), int(low / 1_000_000), int(high / 1_000_000) + 1)


def units_of(size: Sized) -> int:
    """What reading a table once costs: its rows, and its bytes."""
    return size.rows + size.size_bytes // _BYTES_OF_A_ROW
