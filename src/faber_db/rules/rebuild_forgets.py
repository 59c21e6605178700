"""What belongs to a table goes with it when it is rebuilt, and is not made again."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateIndex, CreateTrigger, Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.rebuild import Rebuild
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind != "table":
        return
    for name in action.names:
        rebuild = scene.rebuild_of(name)
        if rebuild is not None and not scene.is_new(name):
            yield from _unique(name, rebuild, scene)
            yield from _triggers(name, scene)


def _unique(name: str, rebuild: Rebuild, scene: Scene) -> Iterator[Hazard]:
    """Unique keys of columns that stay, which the new table does not have."""
    key, new = scene.state.key, rebuild.new
    kept = [
        {key(c) for c in k.columns} for k in new.constraints if k.kind in ("unique", "primary key")
    ]
    again = [a for a in scene.actions_later() if isinstance(a, CreateIndex)]
    kept += [{key(c) for c in i.columns} for i in (*new.indexes, *again) if i.unique]
    old = rebuild.old
    keys = [c.columns for c in old.constraints if c.kind in ("unique", "primary key")]
    for columns in (*keys, *(i.columns for i in old.indexes if i.unique and not i.predicate)):
        wanted = {key(c) for c in columns}
        if wanted <= set(new.columns) and wanted not in kept:
            yield Hazard((name,), detail=f"the unique key on {', '.join(columns)} of {name}")


def _triggers(name: str, scene: Scene) -> Iterator[Hazard]:
    again = {scene.state.key(a.name) for a in scene.actions_later() if isinstance(a, CreateTrigger)}
    for trigger in scene.state.trigger_names(name):
        if scene.state.key(trigger) not in again:
            yield Hazard((name,), detail=f"trigger {trigger} of {name}")


RULE = Rule(
    code="rebuild-forgets",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="It goes with the old table and is not made again: upserts on it fail, duplicates come in, or nothing fires.",
    remedy="Behind the rename, create the unique indexes and triggers of the old table anew.",
    source="SQLite manual, ALTER TABLE, Making Other Kinds Of Table Schema Changes",
    looks=(at(Drop, find),),
)
