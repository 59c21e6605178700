"""Running code inserts without a column that has just become required."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    AlterDomain,
    Constraint,
    Drop,
    DropDefault,
    RedefineColumn,
    SetNotNull,
)
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_NOT_NULL = re.compile(r"(\w+)\s+is\s+not\s+null", re.IGNORECASE)


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    if column.nullable or column.default or column.identity or column.generated:
        return
    if scene.mysql and column.type.name == "enum":  # its first label is the default
        return
    if action.if_not_exists and scene.state.column(action.table, column.name) is not None:
        return
    if not scene.is_new(action.table):
        name = f"{action.table}.{column.name}"
        yield Hazard((name,), detail=f"new column {name} has no default")


def find_null(action: SetNotNull, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or scene.state.has_valid_check(action.table, action.column):
        return
    if column is None or (column.nullable and column.default is None):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"{name} becomes NOT NULL without a default")


def find_domain(action: AlterDomain, scene: Scene) -> Iterator[Hazard]:
    if action.what == "set not null":
        users = scene.state.type_users(action.name)
        if users:
            yield Hazard(users, detail=f"{', '.join(users)} may no longer be NULL")


def find_check(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    """`CHECK (c IS NOT NULL)`, validated or not, refuses what leaves the column out."""
    constraint = action.constraint
    if constraint.not_enforced or scene.is_new(action.table):
        return
    for name in required_by(constraint):
        column = scene.state.column(action.table, name)
        known = column is not None and (not column.nullable or column.default is not None)
        if not known and not (column is not None and column.new):
            full = f"{action.table}.{name}"
            yield Hazard((full,), detail=f"{full} may no longer be NULL")


def required_by(constraint: Constraint) -> tuple[str, ...]:
    """The columns that a constraint wants to be not NULL."""
    if constraint.kind == "not null":
        return constraint.columns
    if constraint.kind != "check" or constraint.expression is None:
        return ()
    text = constraint.expression.text.replace('"', "").strip("() ")
    found = [_NOT_NULL.fullmatch(part.strip("() ")) for part in re.split(r"(?i)\s+and\s+", text)]
    return tuple(match[1] for match in found if match)


def find_default(action: DropDefault, scene: Scene) -> Iterator[Hazard]:
    """A new column that was required with a default, which goes in the same pending files."""
    column = scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or column is None or not column.new:
        return
    if not column.nullable and (column.default is not None or column.identity):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"new column {name} is required and loses its default")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    new, old = action.definition, scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or new.nullable or new.default is not None or new.identity:
        return
    if old is None or old.nullable:
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"{name} becomes NOT NULL without a default")


def find_rebuilt(action: Drop, scene: Scene) -> Iterator[Hazard]:
    for name in action.names if action.kind == "table" else ():
        rebuild = scene.rebuild_of(name)
        if rebuild is None or not rebuild.old.complete or rebuild.old.born:
            continue
        new = rebuild.new
        keys = {c.columns for c in new.constraints if c.kind == "primary key"}
        for key, column in new.columns.items():
            before = rebuild.old.columns.get(key)
            numbered = column.type.name.lower() == "integer" and (column.name,) in keys
            if column.nullable or column.default or column.identity or column.generated:
                continue
            if not numbered and (before is None or before.nullable or before.default):
                full = f"{name}.{column.name}"
                yield Hazard((full,), detail=f"{full} is required and has no default")


RULE = Rule(
    code="required-column-breaks-inserts",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Inserts of running code that leave the column out, or write NULL, fail.",
    remedy="Give the column a default, deploy code that writes it, and make it NOT NULL in a later migration.",
    source="PostgreSQL manual, ALTER TABLE, SET NOT NULL",
    looks=(
        at(AddColumn, find),
        at(SetNotNull, find_null),
        at(AddConstraint, find_check),
        at(AlterDomain, find_domain),
        at(DropDefault, find_default),
        at(RedefineColumn, find_redefined),
        at(Drop, find_rebuilt),
    ),
    paste=pasteable.nullable_column,
)
