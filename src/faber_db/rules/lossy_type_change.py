"""A type change that alters values without an error."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeType
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.type_changes import change_of


def find(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    column = scene.state.column(action.table, action.column)
    change = change_of(action, scene.state)
    if change.loses:
        old = column.type.text if column else "its old type"
        name = f"{action.table}.{action.column}"
        detail = f"column {name} from {old} to {action.type.text}"
        yield Hazard((name,), detail=detail, table=action.table)


RULE = Rule(
    code="lossy-type-change",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Values are rounded, cut or reformatted, and the old ones are gone.",
    remedy="Add a column of the new type, backfill it, compare, and drop the old one later. Check first: SELECT count(*) WHERE column IS DISTINCT FROM column::newtype::oldtype.",
    source="PostgreSQL manual, ALTER TABLE, SET DATA TYPE",
    looks=(at(ChangeType, find),),
    paste=pasteable.count_of_changes,
)
