"""Running code looks for rows in a table that was emptied."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Delete, Drop, TableSetting, Truncate
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find_truncate(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    for name in action.tables:
        if not scene.is_empty(name):
            yield Hazard((name,), detail=f"table {name}")


def find_delete(action: Delete, scene: Scene) -> Iterator[Hazard]:
    if not action.qualified and not action.never and not scene.is_empty(action.table):
        yield Hazard((action.table,), detail=f"table {action.table}")


def find_partition(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind in ("partition", "partition rows") and not scene.is_empty(action.table):
        detail = f"partitions {', '.join(action.names)} of {action.table}"
        yield Hazard((action.table,), Risk.MEDIUM, detail=detail)


def find_exchanged(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting == "exchange partition" and not scene.is_empty(action.table):
        detail = f"a partition of {action.table} trades places with a table"
        yield Hazard((action.table,), Risk.MEDIUM, detail=detail)


RULE = Rule(
    code="emptied-table-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Running code that reads it finds nothing; new rows that refer to what is gone are refused.",
    remedy="Deploy code that can do without these rows first, or put the new rows in within the same transaction.",
    source="PostgreSQL manual, TRUNCATE; DELETE",
    looks=(
        at(Truncate, find_truncate),
        at(Delete, find_delete),
        at(Drop, find_partition),
        at(TableSetting, find_exchanged),
    ),
)
