"""A default takes its values from a new sequence, which only its owner may use."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn, Expression, Grant, SetDefault
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    serial = action.column.identity == "serial"
    if serial and scene.postgresql and not scene.is_new(action.table) and not _granted(scene):
        name = f"{action.table}.{action.column.name}"
        yield Hazard((name,), detail=f"serial column {name}", table=action.table)


def find_default(action: SetDefault, scene: Scene) -> Iterator[Hazard]:
    sequence = _new_sequence(action.default, scene)
    if sequence and not scene.is_new(action.table) and not _granted(scene):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"sequence {sequence} of {name}", table=action.table)


def _new_sequence(default: Expression, scene: Scene) -> str:
    if "nextval" not in default.functions or not scene.postgresql:
        return ""
    made = scene.state.born_others
    return next((text for text in default.literals if f"sequence {text}" in made), "")


def _granted(scene: Scene) -> bool:
    """Whether the script goes on to grant a right on sequences."""
    return any(
        isinstance(a, Grant) and not a.revoke and any("sequence" in o for o in a.objects)
        for a in scene.actions_later()
    )


RULE = Rule(
    code="sequence-needs-grant",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="Inserts of a role that does not own the table fail: it may not use the new sequence (42501).",
    remedy="GRANT USAGE ON SEQUENCE … TO the writing roles in the same migration, or use an identity column, which needs no right.",
    source="PostgreSQL manual, GRANT; CREATE TABLE, identity columns",
    looks=(
        at(AddColumn, find_column),
        at(SetDefault, find_default),
    ),
)
