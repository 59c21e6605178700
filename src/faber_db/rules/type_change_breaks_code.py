"""Running code compares or writes the column as its old type."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeType, RedefineColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.redefinition import cuts
from faber_db.rules.scene import Scene
from faber_db.rules.type_changes import category, change_of


def find(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if not scene.postgresql or scene.is_new(action.table) or (column is not None and column.new):
        return
    if change_of(action, scene.state).breaks:
        old = column.type.text if column else "its old type"
        name = f"{action.table}.{action.column}"
        narrower = column is not None and category(scene.state.base_of(column.type)) == category(
            scene.state.base_of(action.type)
        )
        risk = Risk.MEDIUM if narrower else None
        yield Hazard((name,), risk, detail=f"{name} from {old} to {action.type.text}")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if column is None or scene.is_new(action.table):
        return
    if cuts(column.type, action.definition.type) and column.type.name not in ("enum", "set"):
        name = f"{action.table}.{action.column}"
        detail = f"{name} from {column.type.text} to {action.definition.type.text}"
        yield Hazard((name,), Risk.MEDIUM, detail=detail)
    gone = set(column.type.arguments) - set(action.definition.type.arguments)
    if (
        column.type.name in ("enum", "set")
        and action.definition.type.name == column.type.name
        and gone
    ):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"labels {', '.join(sorted(gone))} of {name} go")


RULE = Rule(
    code="type-change-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Operators and parameters of running code no longer fit the type (42883, 42804), or values it writes no longer fit.",
    remedy="Add a column of the new type, let code use it, deploy, and drop the old column later.",
    source="PostgreSQL manual, ALTER TABLE, SET DATA TYPE",
    looks=(
        at(ChangeType, find),
        at(RedefineColumn, find_redefined),
    ),
)
