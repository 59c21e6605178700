"""A function is called whose body could not be read."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Calls
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.grammar.builtins import is_built_in
from faber_db.sql.postgresql.builtins import KNOWN, RUNS_SQL, SERVER_CONTROL, SERVER_FILES


def find(action: Calls, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql:
        for name in action.functions:
            if name not in scene.state.routines and not is_built_in(name, scene.dialect):
                yield Hazard((name,), detail=f"function {name}")
        return
    for name in action.functions:
        routine = scene.state.routines.get(name)
        if routine is not None:
            continue  # its body was read; what it does is judged by itself
        if name not in KNOWN | SERVER_FILES | SERVER_CONTROL | RUNS_SQL and not name.startswith(
            "dblink"
        ):
            yield Hazard((name,), detail=f"function {name}")


RULE = Rule(
    code="unknown-function",
    kind=Kind.OPAQUE,
    risk=Risk.CRITICAL,
    effect="It may do anything, so it counts as the worst.",
    remedy="Define it in these migrations, or give the analysis a database where its body can be read.",
    source="PostgreSQL manual, Function Volatility Categories",
    looks=(at(Calls, find),),
)
