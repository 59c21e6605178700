"""SQLite: the old table is renamed before it is replaced, and what refers to it follows the wrong one."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.rebuild import in_the_way
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite or action.kind != "table":
        return
    for name in action.names:
        rebuild = scene.rebuild_of(name)
        if rebuild is None or not rebuild.renamed_first:
            continue
        children = [f"the foreign key of {t}" for t, _ in scene.state.referencing(name)]
        ways = [*children, *in_the_way(name, scene.state)]
        if ways:
            yield Hazard((name,), detail=f"{', '.join(dict.fromkeys(ways))} now names {name}")


RULE = Rule(
    code="renamed-away",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="It followed the rename and points to a table that is dropped: reads of the view and writes to the child fail.",
    remedy="Create the new table under another name, copy, drop the old one and rename the new one last; or PRAGMA legacy_alter_table=ON.",
    source="SQLite manual, ALTER TABLE RENAME; Making Other Kinds Of Table Schema Changes",
    looks=(at(Drop, find),),
)
