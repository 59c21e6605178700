"""MySQL's MODIFY and CHANGE to a type that does not take every value."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import RedefineColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.redefinition import charset_shrinks, cuts, rounds
from faber_db.rules.scene import Scene


def find(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    column, new = scene.state.column(action.table, action.column), action.definition
    name = f"{action.table}.{action.column}"
    if column is None:
        if not scene.lacks_column(action.table, action.column):
            detail = f"column {name}, whose old type is not known"
            yield Hazard((name,), detail=detail, table=action.table)
        return
    if column.generated:  # computed from other columns
        return
    detail = f"column {name} from {column.type.text} to {new.type.text}"
    table = scene.table(action.table)
    if rounds(column.type, new.type):
        effect = "Values are rounded or cut without an error, in every sql_mode."
        yield Hazard((name,), detail=detail, effect=effect, table=action.table)
    elif new.generated or (
        not scene.state.is_strict
        and (
            cuts(column.type, new.type)
            or charset_shrinks(column, new, table.charset if table else "")
        )
    ):
        yield Hazard((name,), detail=detail, table=action.table)


RULE = Rule(
    code="redefine-loses",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Values that do not fit are cut silently where the sql_mode is not strict.",
    remedy="Check first that every value fits, and set a strict sql_mode in the migration; or add a new column, backfill it, and drop the old one later.",
    source="MySQL manual, ALTER TABLE, Renaming, Redefining, and Reordering Columns; Server SQL Modes",
    looks=(at(RedefineColumn, find),),
)
