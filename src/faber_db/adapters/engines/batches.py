"""Run one statement in batches by ranges of a key, each in a transaction with its checkpoint.

The checkpoint is kept in the journal's row of the step, written in the batch's own transaction: a
run that is cut off goes on behind the last batch that was kept.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from faber_db.adapters.engines.runs import Observe, milliseconds_since
from faber_db.errors import NotSupported
from faber_db.model.migration import StatementRun
from faber_db.services.ports import ReplicaLag
from faber_db.sql.batches import Batched, NotBatched, batched
from faber_db.sql.script import Script, Statement

Ask = Callable[[str, Sequence[object]], Sequence[tuple[object, ...]]]
"""Rows of one statement of ours, written with `%s`."""

_LONGEST_PAUSE = 1.0  # seconds between two batches
_BEHIND_SECONDS, _BEHIND_BYTES = 10.0, 256 * 1024 * 1024
_PATIENCE = 300.0  # seconds for a replica to catch up
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Key:
    """The one column that is a table's primary key."""

    column: str  # quoted
    placeholder: str  # `%s`, with a cast where the driver needs one
    text: str  # what reads a value of it back as it is kept: `{}` or `{}::text`


@dataclass(slots=True)
class Checkpoint:
    """How far a step has come."""

    last: object = None  # the highest key when it began; rows that come later are not its own
    upto: object = None  # all keys up to this one are done
    rows: int = 0

    @classmethod
    def read(cls, looked: str) -> "Checkpoint":
        kept = json.loads(looked) if looked else {}
        return cls(kept.get("last"), kept.get("upto"), int(kept.get("rows", 0)))

    def written(self) -> str:
        kept = {"kind": "batches", "last": self.last, "upto": self.upto, "rows": self.rows}
        return json.dumps(kept)


@dataclass(frozen=True, slots=True)
class Engine:
    """What a product does for one run of batches."""

    key: Callable[[str], Key | None]  # of a table as it is written; None: not one column of a kind
    ask: Ask
    one: Callable[[str, Sequence[object], Callable[[int], str]], tuple[int, bool]]
    """Run a statement in a transaction that keeps the checkpoint for its rows; the rows, and whether
    it had to be tried again."""
    replicas: Callable[[], Sequence[ReplicaLag]]
    kept: Callable[[], str]  # the checkpoint as the journal has it


def refused(script: Script) -> tuple[Statement, str] | None:
    """The first statement that asks for batches and cannot have them, with the reason."""
    for statement in script.statements:
        if statement.batch:
            try:
                batched(statement)
            except NotBatched as error:
                return statement, f"it cannot run in batches: {error}"
    return None


def run_batches(statement: Statement, engine: Engine, observe: Observe | None) -> StatementRun:
    """All batches that are not done yet.

    Raises:
        NotSupported: the table has no key to go by; a replica does not catch up.
        Exception: the driver's, of the batch that failed; the ones before it are kept.
    """
    what, start = batched(statement), monotonic()
    key = engine.key(what.table)
    if key is None:
        raise NotSupported(
            f"{what.table} has no primary key of one integer, text or uuid column to go by"
        )
    if key.column.strip('"`').lower() in what.assigned:
        raise NotSupported(f"it may change {key.column}, by which its batches go")
    at = Checkpoint.read(engine.kept())
    if at.last is None:
        at.last = _one(engine.ask(_last(what, key), ()))
    size = statement.batch
    run = _run(statement, start, at.rows)
    while at.last is not None:
        began = monotonic()
        upto = _one(engine.ask(*_bound(what, key, at, size)))
        if upto is None:
            break
        rows, again = engine.one(*_batch(what, key, at, upto), _after(at, upto))
        at.rows, at.upto = at.rows + max(rows, 0), upto
        run = _run(statement, start, at.rows)
        if observe is not None:
            observe(run)
        size = max(1, size // 2) if again else size
        sleep(min((monotonic() - began) / 2, _LONGEST_PAUSE))
        _wait_for(engine.replicas)
    return run


def _after(at: Checkpoint, upto: object) -> Callable[[int], str]:
    return lambda rows: Checkpoint(at.last, upto, at.rows + max(rows, 0)).written()


# The outer columns are qualified: else ORDER BY means the text that is selected, not the key.


def _last(what: Batched, key: Key) -> str:
    column = f"whole.{key.column}"
    value = key.text.format(column)
    return f"SELECT {value} FROM {what.table} AS whole ORDER BY {column} DESC LIMIT 1"  # noqa: S608 - as the script writes it


def _bound(what: Batched, key: Key, at: Checkpoint, size: int) -> tuple[str, list[object]]:
    """The highest key of the next batch."""
    condition, given = _range(key, key.column, at.upto, at.last)
    inner = f"SELECT {key.column} FROM {what.table} WHERE {condition} ORDER BY {key.column} LIMIT {size:d}"  # noqa: S608 - as the script writes it
    column = f"batch.{key.column}"
    value = key.text.format(column)
    return f"SELECT {value} FROM ({inner}) AS batch ORDER BY {column} DESC LIMIT 1", given  # noqa: S608 - as above


def _batch(what: Batched, key: Key, at: Checkpoint, upto: object) -> tuple[str, list[object]]:
    condition, given = _range(key, f"{what.name}.{key.column}", at.upto, upto)
    return what.text(condition), given


def _range(key: Key, column: str, above: object, upto: object) -> tuple[str, list[object]]:
    low = [] if above is None else [f"{column} > {key.placeholder}"]
    given = [] if above is None else [above]
    return " AND ".join([*low, f"{column} <= {key.placeholder}"]), [*given, upto]


def _one(rows: Sequence[tuple[object, ...]]) -> object:
    return rows[0][0] if rows else None


def _run(statement: Statement, start: float, rows: int) -> StatementRun:
    text = statement.text.strip()[:_SHOWN]
    return StatementRun(statement.line, text, milliseconds_since(start), rows)


def _wait_for(replicas: Callable[[], Sequence[ReplicaLag]]) -> None:
    deadline = monotonic() + _PATIENCE
    while behind := [r.name for r in replicas() if _is_behind(r)]:
        if monotonic() >= deadline:
            raise NotSupported(f"replica {behind[0]} does not catch up with the batches")
        sleep(1)


def _is_behind(replica: ReplicaLag) -> bool:
    return (replica.seconds or 0) > _BEHIND_SECONDS or (replica.bytes or 0) > _BEHIND_BYTES
