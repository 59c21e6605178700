"""An ADD COLUMN that SQLite refuses."""

import operator
import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_STRICT = ("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY")
_COMPARED = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq,
    "==": operator.eq, "<>": operator.ne, "!=": operator.ne,
}  # fmt: skip


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    if not scene.sqlite:
        return
    kinds = {c.kind for c in column.constraints}
    reasons = []
    if "unique" in kinds or "primary key" in kinds:
        reasons.append("UNIQUE or PRIMARY KEY cannot be added")
    if column.generated == "stored":
        reasons.append("a STORED generated column cannot be added")
    if (
        column.default is not None
        and not column.default.constant
        and not scene.is_empty(action.table)
    ):
        reasons.append("the default has to be a constant where there are rows")
    on = scene.state.variables.get("foreign_keys", "") in ("on", "1", "true", "yes")
    if "foreign key" in kinds and column.default is not None and on:
        reasons.append("REFERENCES with a default is refused while foreign keys are on")
    if column.generated == "virtual" and not column.nullable and not scene.is_empty(action.table):
        reasons.append("NOT NULL fails where the expression is NULL in one row")
    table = scene.table(action.table)
    if table is not None and "strict" in table.options and not _strict_type(column.type.name):
        reasons.append(f"a STRICT table takes {', '.join(_STRICT)} only")
    if column.default is not None and not scene.is_empty(action.table):
        checks = (c.expression for c in column.constraints if c.kind == "check")
        if any(
            c is not None and _refutes(column.name, column.default.text, c.text) for c in checks
        ):
            reasons.append("the default does not meet the CHECK")
    for reason in reasons:
        yield Hazard((f"{action.table}.{column.name}",), detail=reason)


def _strict_type(name: str) -> bool:
    return name.upper() in _STRICT


def _refutes(column: str, default: str, check: str) -> bool:
    """Whether a number compared with a number says no; other conditions are not worked out."""
    found = re.fullmatch(rf"\s*\W?{re.escape(column)}\W?\s*([<>=!]+)\s*(-?[\d.]+)\s*", check, re.I)
    if found is None or found[1] not in _COMPARED:
        return False
    try:
        return not _COMPARED[found[1]](float(default), float(found[2]))
    except ValueError:
        return False


RULE = Rule(
    code="sqlite-add-column",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="SQLite refuses it: as soon as there are rows, or always.",
    remedy="Rebuild the table: create the new one, copy every column, drop the old one, rename.",
    source="SQLite manual, ALTER TABLE ADD COLUMN",
    looks=(at(AddColumn, find),),
)
