"""A script switches off the time limits that keep a migration from blocking for long."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import SetVariable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
_OFF = ("0", "0s", "0ms", "0min", "")


def find(action: SetVariable, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql and action.name in _LIMITS and action.value.strip().lower() in _OFF:
        yield Hazard((action.name,), detail=f"{action.name} is switched off")


RULE = Rule(
    code="loosens-limits",
    kind=Kind.STYLE,
    risk=Risk.LOW,
    effect="A statement behind it may wait for a lock without end, and everybody else behind it.",
    remedy="Leave it out: the limits of the environment hold. Where one statement needs longer, SET LOCAL a number for that one.",
    source="PostgreSQL manual, Client Connection Defaults",
    looks=(at(SetVariable, find),),
)
