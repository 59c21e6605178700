"""A comment asks for batches, and the statement below it cannot run in them."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.batches import NotBatched, batched


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if not scene.statement.batch or not scene.is_first(action):
        return
    try:
        batched(scene.statement)
    except NotBatched as error:
        yield Hazard((), detail=str(error))


RULE = Rule(
    code="not-batched",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The migration is refused before anything runs.",
    remedy="Take the comment away, or write one plain UPDATE, DELETE or INSERT … SELECT below it.",
    source="docs/while-it-runs.md",
    looks=(at(Action, find),),
)
