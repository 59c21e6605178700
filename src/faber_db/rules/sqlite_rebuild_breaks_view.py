"""A table rebuild in SQLite whose last rename fails, because a view still names the table."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite or action.kind != "table":
        return
    if scene.state.variables.get("legacy_alter_table", "off") in ("on", "1", "true", "yes"):
        return
    for name in action.names:
        views = scene.state.views_on(name)
        if views and scene.copied_into(name) is not None:
            yield Hazard((name,), detail=f"view {', '.join(views)} names {name}")


RULE = Rule(
    code="sqlite-rebuild-breaks-view",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The rename fails after the old table was dropped: outside a transaction the table is gone.",
    remedy="DROP VIEW before the rebuild and CREATE VIEW behind it, or PRAGMA legacy_alter_table=ON.",
    source="SQLite manual, ALTER TABLE RENAME",
    looks=(at(Drop, find),),
)
