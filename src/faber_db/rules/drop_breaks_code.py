"""Running code still uses what is dropped."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateRoutine, CreateView, Drop, DropColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_USED = ("owned", "table", "view", "materialized view", "function", "procedure", "routine", "sequence",
         "schema", "type", "domain", "extension", "aggregate", "foreign table", "server",
         "database")  # fmt: skip


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in _USED:
        return
    for name in action.names:
        if action.if_exists and scene.state.lacks(action.kind, name):
            continue
        if action.kind == "table" and (scene.is_new(name) or scene.copied_into(name) is not None):
            yield from _left_out(name, scene)
            if not scene.transaction.open and scene.rename_fails(name):
                yield Hazard((name,), detail=f"table {name} is gone when the rename fails")
        elif not _made_here(action.kind, name, scene) and not _made_again(action.kind, name, scene):
            risk = Risk.LOW if scene.mysql and _follows(action.kind, name, scene) else None
            yield Hazard((name,), risk, detail=f"{action.kind} {name}")


def find_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if scene.is_new(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    if action.if_exists and scene.lacks_column(action.table, action.column):
        return
    name = f"{action.table}.{action.column}"
    yield Hazard((name,), detail=f"column {name}")


def find_view(action: CreateView, scene: Scene) -> Iterator[Hazard]:
    """MySQL: a view is replaced by one with fewer columns; PostgreSQL refuses that."""
    before = scene.state.view_columns.get(action.name, ())
    if action.replace and action.columns and action.name not in scene.state.born_views:
        for column in before:
            if column not in action.columns:
                name = f"{action.name}.{column}"
                yield Hazard((name,), detail=f"column {column} of view {action.name}")


def _left_out(name: str, scene: Scene) -> Iterator[Hazard]:
    found = scene.rebuild_of(name)
    if found is not None and found.old.complete and not found.old.born:
        there = set(found.new.columns) if found.new.complete else set(found.sources or {})
        for column in sorted(set(found.old.columns) - there):
            yield Hazard((f"{name}.{column}",), detail=f"column {name}.{column}")
        sources = found.sources or {column: column for column in there}
        for column in sorted(set(found.old.columns) & there):
            if sources.get(column) != column and not found.old.columns[column].generated:
                detail = f"column {name}.{column} holds something else afterwards"
                yield Hazard((f"{name}.{column}",), Risk.MEDIUM, detail=detail)


def _made_here(kind: str, name: str, scene: Scene) -> bool:
    state = scene.state
    if kind in ("type", "domain"):
        swapped = state.known and not state.type_users(name) and bool(state.born_types)
        return name in state.born_types or swapped
    if kind in ("function", "procedure") and name.lower() in state.born_routines:
        return scene.mysql  # the signature of PostgreSQL's may be another one
    return name in state.born_views or f"{kind} {name}" in state.born_others


def _made_again(kind: str, name: str, scene: Scene) -> bool:
    """Dropped and created anew in one transaction, which nobody sees; in SQLite within milliseconds."""
    unseen = scene.sqlite or (scene.transaction.open and not scene.mysql)
    return unseen and _follows(kind, name, scene)


def _follows(kind: str, name: str, scene: Scene) -> bool:
    """Whether a view with the columns, or a routine of the name is created further down."""
    for action in scene.actions_later():
        if isinstance(action, CreateView) and "view" in kind and action.name == name:
            old = scene.state.view_columns.get(name, ())
            known = old and action.columns and "*" not in (*old, *action.columns)
            return not known or set(old) <= set(action.columns)
        if (
            isinstance(action, CreateRoutine)
            and kind in ("function", "procedure")
            and action.name == (name.lower() if scene.mysql else name)
        ):
            return True
    return False


RULE = Rule(
    code="drop-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Running code that uses it fails at once.",
    remedy="Deploy code that no longer uses it first, then drop it in a later migration.",
    source="PostgreSQL manual, DROP VIEW; DROP FUNCTION; DROP SEQUENCE",
    looks=(
        at(Drop, find),
        at(DropColumn, find_column),
        at(CreateView, find_view),
    ),
)
