"""Something still depends on what is dropped or changed."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeType, Drop, DropColumn, Truncate
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.cascade or not scene.postgresql:
        return
    for name in action.names:
        users: tuple[str, ...] = ()
        if action.kind in ("table", "view", "materialized view"):
            users = scene.state.views_on(name)
            if action.kind == "table":
                gone = set(action.names)
                users += tuple(t for t, _ in scene.state.referencing(name) if t not in gone)
        elif action.kind == "schema":
            users = tuple(
                t.name for t in scene.state.tables.values() if t.name.startswith(f"{name}.")
            )
        elif action.kind == "role" and name in scene.state.grantees:
            users = (f"rights of {name}",)
        elif action.kind in ("type", "domain"):
            users = scene.state.type_users(name)
        if users:
            yield Hazard((name,), detail=f"{', '.join(users)} depends on {name}")


def find_truncate(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    if action.cascade or not scene.postgresql:
        return
    given = {scene.state.key(t) for t in action.tables}
    for name in action.tables:
        users = sorted(
            {t for t, _ in scene.state.referencing(name) if scene.state.key(t) not in given}
        )
        if users:
            yield Hazard((name,), detail=f"{', '.join(users)} refers to {name}")


def find_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if not action.cascade and scene.postgresql:
        yield from _views(action.table, action.column, scene)


def find_type(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql:
        yield from _views(action.table, action.column, scene)


def _views(table: str, column: str, scene: Scene) -> Iterator[Hazard]:
    views = scene.state.views_on(table, column)
    if views:
        yield Hazard((f"{table}.{column}",), detail=f"{', '.join(views)} uses {table}.{column}")


RULE = Rule(
    code="has-dependants",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The statement fails, since something else depends on it.",
    remedy="Drop or change the dependants first, by name, in the same migration, and create them anew behind it.",
    source="PostgreSQL manual, Dependency Tracking",
    looks=(
        at(Drop, find),
        at(Truncate, find_truncate),
        at(DropColumn, find_column),
        at(ChangeType, find_type),
    ),
)
