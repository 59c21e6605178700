"""Running code looks for rows or values that are gone."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Delete, Drop, Maintain, TableSetting, Truncate, Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.update_all_rows import overwritten


def find_truncate(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    for name in action.tables:
        if not scene.is_empty(name):
            yield Hazard((name,), Risk.HIGH, detail=f"table {name} is emptied")


def find_delete(action: Delete, scene: Scene) -> Iterator[Hazard]:
    if action.never or scene.is_empty(action.table):
        return
    if not action.qualified:
        yield Hazard((action.table,), Risk.HIGH, detail=f"table {action.table} is emptied")
    elif not scene.state.by_key(action):
        yield Hazard((action.table,), detail=f"rows of {action.table} go")


def find_partition(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind in ("partition", "partition rows") and not scene.is_empty(action.table):
        detail = f"partitions {', '.join(action.names)} of {action.table}"
        yield Hazard((action.table,), detail=detail)


def find_exchanged(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting == "exchange partition" and not scene.is_empty(action.table):
        detail = f"a partition of {action.table} trades places with a table"
        yield Hazard((action.table,), detail=detail)


def find_refresh(action: Maintain, scene: Scene) -> Iterator[Hazard]:
    if action.no_data:
        for name in action.names:
            if not scene.is_new(name):
                yield Hazard(
                    (name,),
                    Risk.HIGH,
                    detail=f"materialized view {name} has no data",
                    effect="Every query of it fails (55000) until it is refreshed.",
                    remedy="REFRESH MATERIALIZED VIEW CONCURRENTLY keeps it readable.",
                )


def find_update(action: Update, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or scene.state.by_key(action):
        return
    old = overwritten(action, scene)
    if old:
        names = tuple(f"{action.table}.{c}" for c in old)
        yield Hazard(names, detail=f"{', '.join(names)} get other values")


RULE = Rule(
    code="loss-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="Running code that looks for the rows or the old values finds nothing, and goes on writing the old ones.",
    remedy="Deploy code that can do with both first; then change the rows in a later migration.",
    source="PostgreSQL manual, TRUNCATE; DELETE; UPDATE",
    looks=(
        at(Truncate, find_truncate),
        at(Delete, find_delete),
        at(Update, find_update),
        at(Maintain, find_refresh),
        at(Drop, find_partition),
        at(TableSetting, find_exchanged),
    ),
)
