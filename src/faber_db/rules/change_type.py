"""A type change that rewrites or re-reads the table while reads and writes wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeType
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.table)
    if not scene.postgresql or scene.is_new(action.table) or effect is None or not effect.works:
        return
    column = scene.state.column(action.table, action.column)
    old = column.type.text if column else "a type that is not known"
    name = f"{action.table}.{action.column}"
    yield Hazard((name,), detail=f"{name} from {old} to {action.type.text}", table=action.table)


RULE = Rule(
    code="change-type",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while the table is rewritten or read and its indexes are built anew.",
    remedy="Add a column of the new type, write both, backfill in batches, switch reads, drop the old column later.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(at(ChangeType, find),),
    paste=pasteable.new_column_of_type,
)
