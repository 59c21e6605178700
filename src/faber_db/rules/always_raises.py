"""A block or function that is called raises an error of its own, whatever the data."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Raise
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Raise, scene: Scene) -> Iterator[Hazard]:
    if action.always:
        yield Hazard((), detail=scene.routine or "the block")


RULE = Rule(
    code="always-raises",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="RAISE EXCEPTION is reached in every run, and what the transaction did is undone.",
    remedy="Put the RAISE behind a condition, or take the statement out.",
    source="PostgreSQL manual, PL/pgSQL, Errors and Messages",
    looks=(at(Raise, find),),
)
