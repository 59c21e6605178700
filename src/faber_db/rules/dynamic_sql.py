"""SQL that is put together while it runs."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Calls, Dynamic
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.postgresql.builtins import RUNS_SQL


def find(action: Dynamic, scene: Scene) -> Iterator[Hazard]:
    del scene
    yield Hazard((), detail=action.text[:80] or "EXECUTE")


def find_calls(action: Calls, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql:
        for name in action.functions:
            if name in RUNS_SQL and not name.startswith(("query_to", "cursor_to")):
                yield Hazard((name,), detail=f"function {name} runs SQL from a text")


RULE = Rule(
    code="dynamic-sql",
    kind=Kind.OPAQUE,
    risk=Risk.CRITICAL,
    effect="What will run is not known before, so it counts as the worst.",
    remedy="Write the statements out; a loop over tables becomes one statement for each.",
    source="PostgreSQL manual, PL/pgSQL, Executing Dynamic Commands",
    looks=(
        at(Dynamic, find),
        at(Calls, find_calls),
    ),
)
