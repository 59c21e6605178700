"""A statement reaches out of its own database or schemas."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Outside
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.neighbours import Reached

_WORDS = {
    "database": "database {0.schema} is not the session's own",
    "dynamic": "what {0.name} holds is known only when it runs, and may name any database",
    "engine": "engine {0.name} reaches another server or database",
}
_SYSTEM = ("pg_catalog", "information_schema", "mysql", "performance_schema", "sys")


def find(action: Outside, scene: Scene) -> Iterator[Hazard]:
    own = scene.mysql and action.how == "database" and scene.is_own(action.name)
    if action.how not in ("file", "program") and not own:
        yield Hazard((action.name,), detail=f"{action.how} {action.name}")


def find_reached(action: Action, scene: Scene) -> Iterator[Hazard]:
    for one in scene.reached(action, "database", "dynamic", "engine"):
        if one.how == "database" and scene.is_own(one.schema):
            continue
        yield Hazard((one.name,), detail=_WORDS[one.how].format(one))
    told = {one.name for one in scene.reached(action, "database")}
    for name in dict.fromkeys(e.table for e in scene.effects):  # also those of a called routine
        schema = name.rpartition(".")[0]
        if schema and not scene.is_own(schema) and name not in told:
            yield Hazard((name,), detail=_WORDS["database"].format(Reached("", name, schema)))


def find_effects(action: Action, scene: Scene) -> Iterator[Hazard]:
    if scene.mysql:
        yield from find_reached(action, scene)
        return
    for name in dict.fromkeys(e.table for e in scene.effects):
        schema = name.rpartition(".")[0]
        if scene.postgresql and name.startswith("pg_") and scene.table(name) is None:
            schema = "pg_catalog"
        if not schema or scene.is_new(name):
            continue
        writes = any(
            e.table == name and not e.lock.startswith("ACCESS SHARE") for e in scene.effects
        )
        if schema in _SYSTEM:
            if writes:
                yield Hazard((name,), detail=f"system table {name}")
        elif scene.context.schemas and schema not in scene.context.schemas:
            yield Hazard((name,), detail=f"schema {schema} is not one of this environment's")
        elif not scene.context.schemas and schema not in scene.state.schemas:
            risk = Risk.HIGH if scene.state.known else Risk.LOW
            yield Hazard((name,), risk, detail=f"schema {schema} is not known here")
    del action


RULE = Rule(
    code="leaves-database",
    kind=Kind.SECURITY,
    risk=Risk.HIGH,
    effect="It reads or changes something that this migration's plan, backup and approval do not cover.",
    remedy="Keep a migration inside its own database; give the other one a migration of its own.",
    source="PostgreSQL manual, dblink; SET ROLE; SQLite manual, ATTACH",
    looks=(
        at(Outside, find),
        at(Action, find_effects),
    ),
)
