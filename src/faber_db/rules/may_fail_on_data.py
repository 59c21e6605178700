"""Rows that are there may not meet a new constraint or type."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    AlterDomain,
    ChangeType,
    CreateIndex,
    Delete,
    RedefineColumn,
    SetNotNull,
)
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.redefinition import cuts
from faber_db.rules.scene import Scene
from faber_db.rules.type_changes import change_of

_REFUSES = ("NO ACTION", "RESTRICT")
_NULLS_PASS = ("unique", "foreign key")


def find_added(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    """A key over a new column whose value is the same in every row."""
    column = action.column
    alone = any(c.kind in ("unique", "primary key") for c in column.constraints)
    constant = column.default is not None and column.default.constant
    zero = scene.mysql and not column.nullable and column.default is None
    if alone and not column.identity and (constant or zero) and not scene.is_empty(action.table):
        name = f"{action.table}.{column.name}"
        effect = "It fails as soon as the table holds two rows, which get the same value."
        yield Hazard((name,), Risk.HIGH, detail=f"key over {name}", effect=effect)


def _unchecked(scene: Scene) -> bool:
    return scene.mysql and scene.state.is_off("foreign_key_checks")


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    lazy = constraint.not_valid or constraint.not_enforced or constraint.using_index
    if constraint.kind == "foreign key" and _unchecked(scene):
        return
    if constraint.kind in _NULLS_PASS and scene.state.holds_nulls(action.table, constraint.columns):
        return
    if not lazy and not scene.is_empty(action.table):
        detail = f"{constraint.kind} on {action.table}"
        yield Hazard((action.table,), detail=detail, table=action.table)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    there = action.if_not_exists and scene.state.has_index(action.name)
    unfilled = scene.state.holds_nulls(action.table, action.columns)
    if action.unique and not (there or unfilled) and not scene.is_empty(action.table):
        yield Hazard((action.table,), detail=f"unique index on {action.table}", table=action.table)


def find_null(action: SetNotNull, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    known = column is not None and not column.nullable
    proven = scene.state.has_valid_check(action.table, action.column)
    if not known and not proven and not scene.is_empty(action.table):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"NULLs in {name}", table=action.table)


def find_type(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    change = change_of(action, scene.state)
    if change.may_fail and not scene.is_empty(action.table):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"values of {name}", table=action.table)


def find_delete(action: Delete, scene: Scene) -> Iterator[Hazard]:
    """A row that others refer to stays, and the statement fails."""
    if scene.is_empty(action.table) or action.never or _unchecked(scene):
        return
    users = sorted({t for t, k in scene.state.referencing(action.table) if k.on_delete in _REFUSES})
    if users:
        detail = f"rows of {', '.join(users)} refer to {action.table}"
        yield Hazard((action.table,), detail=detail, table=action.table)


def find_domain(action: AlterDomain, scene: Scene) -> Iterator[Hazard]:
    reads = action.what in ("add constraint", "set not null", "validate constraint")
    used = not scene.state.known or scene.state.domain_tables(action.name)
    if reads and used and not action.not_valid and action.name not in scene.state.born_types:
        yield Hazard((action.name,), detail=f"values of domain {action.name}")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    if column is None or scene.state.is_strict is False:  # then it is a loss, not a failure
        return
    required = not action.definition.nullable and column.nullable
    parsed = action.definition.type.name == "json" and column.type.name != "json"
    if required or parsed or cuts(column.type, action.definition.type):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"values of {name}", table=action.table)


RULE = Rule(
    code="may-fail-on-data",
    kind=Kind.FAILS,
    risk=Risk.MEDIUM,
    effect="It fails if one row does not fit, and nobody has looked.",
    remedy="Look first (SELECT … WHERE NOT (condition) LIMIT 1; GROUP BY … HAVING count(*) > 1; a LEFT JOIN for orphans), and repair the rows.",
    source="PostgreSQL manual, ALTER TABLE",
    looks=(
        at(AddColumn, find_added),
        at(AddConstraint, find),
        at(CreateIndex, find_index),
        at(SetNotNull, find_null),
        at(ChangeType, find_type),
        at(Delete, find_delete),
        at(AlterDomain, find_domain),
        at(RedefineColumn, find_redefined),
    ),
    paste=pasteable.look_first,
)
