"""A statement of another product, which this one refuses."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Foreign
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Foreign, scene: Scene) -> Iterator[Hazard]:
    yield Hazard((action.what,), detail=f"{scene.dialect.value} has no {action.what}")


RULE = Rule(
    code="foreign-syntax",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The migration ends there with a syntax error.",
    remedy="SQLite: one change an ALTER TABLE (ADD, DROP or RENAME COLUMN, RENAME TO); for all others rebuild the table. DELETE FROM empties one.",
    source="SQLite manual, ALTER TABLE; SQL Features That SQLite Does Not Implement",
    looks=(at(Foreign, find),),
)
