"""MySQL's MODIFY and CHANGE to a smaller type."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import RedefineColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.effects_mysql import charset_shrinks, loses
from faber_db.rules.scene import Scene


def find(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    column = scene.state.column(action.table, action.column)
    name = f"{action.table}.{action.column}"
    if column is None:
        yield Hazard(
            (name,), detail=f"column {name}, whose old type is not known", table=action.table
        )
    elif loses(column.type, action.definition.type) or charset_shrinks(column, action):
        detail = f"column {name} from {column.type.text} to {action.definition.type.text}"
        yield Hazard((name,), detail=detail, table=action.table)


RULE = Rule(
    code="redefine-loses",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Values that do not fit are cut or rounded: silently without strict mode, and decimals and times in every mode.",
    remedy="Check first that every value fits, or add a new column, backfill it, and drop the old one later.",
    source="MySQL manual, ALTER TABLE, Renaming, Redefining, and Reordering Columns",
    looks=(at(RedefineColumn, find),),
)
