"""A statement, or a part of one, could not be read."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import NotUnderstood
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: NotUnderstood, scene: Scene) -> Iterator[Hazard]:
    del scene
    yield Hazard((), detail=action.reason or "not read")


RULE = Rule(
    code="not-understood",
    kind=Kind.OPAQUE,
    risk=Risk.CRITICAL,
    effect="What it does is not known, so it counts as the worst.",
    remedy="Correct the SQL, or write it in a form that is known; else a person has to judge it.",
    source="faber-db, coverage",
    looks=(at(NotUnderstood, find),),
)
