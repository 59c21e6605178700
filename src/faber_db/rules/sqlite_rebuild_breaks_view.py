"""A table rebuild in SQLite whose last rename fails, because a view or trigger still names the table."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite or action.kind != "table":
        return
    for name in action.names:
        ways = scene.rename_fails(name)
        if ways:
            yield Hazard((name,), detail=f"{', '.join(ways)} names {name}")


RULE = Rule(
    code="sqlite-rebuild-breaks-view",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The rename fails after the old table was dropped: outside a transaction the table is gone.",
    remedy="DROP VIEW (or DROP TRIGGER) before the rebuild and create it anew behind it, or PRAGMA legacy_alter_table=ON.",
    source="SQLite manual, ALTER TABLE RENAME",
    looks=(at(Drop, find),),
)
