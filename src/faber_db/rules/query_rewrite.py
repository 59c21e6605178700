"""`CREATE RULE` changes what the queries of running code do."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateRule
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: CreateRule, scene: Scene) -> Iterator[Hazard]:
    if scene.is_new(action.table) or action.table in scene.state.born_views:
        return
    how = "instead of" if action.instead else "besides"
    detail = f"rule {action.name} {how} {action.event} on {action.table}"
    yield Hazard((action.table,), detail=detail)


RULE = Rule(
    code="query-rewrite",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="Queries are rewritten: rows may not be written, RETURNING and ON CONFLICT fail (0A000).",
    remedy="Use a trigger, or change the code that writes the table.",
    source="PostgreSQL manual, CREATE RULE",
    looks=(at(CreateRule, find),),
)
