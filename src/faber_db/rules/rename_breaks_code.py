"""Code that runs while the migration does still uses the old name."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateRoutine, CreateView, Insert, Move, Rename
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_NAMED = ("table", "column", "view", "materialized view", "sequence", "function", "procedure",
          "schema", "type", "domain", "enum value", "attribute", "aggregate", "foreign table", "role")  # fmt: skip


def find(action: Rename, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in _NAMED or _made_here(action, scene):
        return
    if _view_stays(action, scene) or _replaced(action, scene) or _comes_back(action, scene):
        return
    name = f"{action.table}.{action.old}" if action.table else action.old
    yield Hazard((name,), detail=f"{action.kind} {name} becomes {action.new}")


def find_move(action: Move, scene: Scene) -> Iterator[Hazard]:
    if action.kind in _NAMED and not scene.is_new(action.name):
        yield Hazard((action.name,), detail=f"{action.kind} {action.name} moves to {action.schema}")


def _view_stays(action: Rename, scene: Scene) -> bool:
    """The old name is made again in the same transaction, and keeps the rights on it."""
    if not scene.transaction.open:
        return False
    later = list(scene.actions_later())
    if action.kind in ("function", "procedure"):
        old = scene.state.routines.get(action.old.lower())
        return any(
            isinstance(a, CreateRoutine)
            and a.name == action.old
            and (old is None or (a.arguments, a.returns) == (old.arguments, old.returns))
            for a in later
        )
    stays = any(
        isinstance(a, CreateView) and a.name == action.old and action.new in a.reads for a in later
    )
    return stays and not scene.state.loses_grants(action.old, later)


def _replaced(action: Rename, scene: Scene) -> bool:
    """Whether a copy of the table takes its name in the same statement (MySQL's RENAME a TO b, c TO a)."""
    key = scene.state.key
    for other in scene.statement.actions:
        if (
            isinstance(other, Rename)
            and other.kind == "table"
            and key(other.new) == key(action.old)
        ):
            old, new = scene.table(action.old), scene.table(other.old)
            copied = new is not None and any(
                key(action.old) in map(key, insert.reads) for insert in new.filled_from
            )
            if (
                copied
                and old is not None
                and new is not None
                and set(old.columns) <= set(new.columns)
            ):
                return True
    return False


def _made_here(action: Rename, scene: Scene) -> bool:
    state = scene.state
    if action.kind == "column":
        return scene.is_new(action.table) or state.is_new_column(action.table, action.old)
    if action.kind == "enum value":
        return action.table in state.born_types
    if action.kind in ("type", "domain"):  # an enum is swapped, and no column is left behind
        swapped = action.old in state.enums and not state.type_users(action.old) and state.known
        return action.old in state.born_types or swapped
    return (
        scene.is_new(action.old)
        or action.old in state.born_views
        or f"{action.kind} {action.old}" in state.born_others
    )


def _comes_back(action: Rename, scene: Scene) -> bool:
    """SQLite: the old name is there again at the end, by a rename, a view, or a table with the rows."""
    if not scene.sqlite or action.kind != "table":
        return False
    key, old = scene.state.key, scene.state.key(action.old)
    table = scene.table(action.old)
    if table is not None and key(table.was) == key(action.new):
        return True
    new = {key(action.new)}
    for later in scene.actions_later():
        if isinstance(later, Rename) and later.kind == "table" and key(later.old) in new:
            new.add(key(later.new))
        elif isinstance(later, CreateView | Insert):
            made = later.name if isinstance(later, CreateView) else later.table
            if key(made) == old:
                return bool(new & {key(r) for r in later.reads})
    return old in new


RULE = Rule(
    code="rename-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Running code that uses the old name fails at once.",
    remedy="Expand and contract: add the new name beside the old one (a new column kept equal, or a view of the old name), deploy, then remove the old one in a later migration.",
    source="PostgreSQL manual, ALTER TABLE, RENAME",
    looks=(
        at(Rename, find),
        at(Move, find_move),
    ),
    paste=pasteable.both_names,
)
