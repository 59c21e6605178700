"""A constraint on a domain reads every table that has a column of it, while writes wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AlterDomain
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_READING = ("add constraint", "validate constraint", "set not null")


def find(action: AlterDomain, scene: Scene) -> Iterator[Hazard]:
    if action.what not in _READING or action.not_valid or action.name in scene.state.born_types:
        return
    tables = scene.state.domain_tables(action.name)
    if tables or not scene.state.known:
        table = tables[0] if tables else ""
        yield Hazard(tables or (action.name,), detail=f"domain {action.name}", table=table)


RULE = Rule(
    code="alter-domain",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Writes to every table with a column of the domain wait while it is read; VALIDATE does the same.",
    remedy="Put CHECK … NOT VALID on the columns instead, and validate them one by one.",
    source="PostgreSQL manual, ALTER DOMAIN",
    looks=(at(AlterDomain, find),),
)
