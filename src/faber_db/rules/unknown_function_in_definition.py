"""A default, check or index uses a function that is not known."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    CreateIndex,
    CreateTable,
    Expression,
    SetDefault,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.postgresql.builtins import KNOWN


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    yield from _column(action.table, action.column, scene)


def find_table(action: CreateTable, scene: Scene) -> Iterator[Hazard]:
    for column in action.columns:
        yield from _column(action.table, column, scene)
    for constraint in action.constraints:
        yield from _unknown(action.table, constraint.expression, scene)


def find_default(action: SetDefault, scene: Scene) -> Iterator[Hazard]:
    yield from _unknown(f"{action.table}.{action.column}", action.default, scene)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    yield from _unknown(action.table, action.constraint.expression, scene)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    yield from _unknown(action.table, action.expression, scene)


def _column(table: str, column: ColumnDefinition, scene: Scene) -> Iterator[Hazard]:
    for expression in (
        column.default,
        column.generation,
        *(c.expression for c in column.constraints),
    ):
        yield from _unknown(f"{table}.{column.name}", expression, scene)


def _unknown(name: str, expression: Expression | None, scene: Scene) -> Iterator[Hazard]:
    if expression is None or not scene.postgresql:
        return
    for function in expression.functions:
        if function not in KNOWN and function not in scene.state.routines:
            yield Hazard((name,), detail=f"function {function} in {name}")


RULE = Rule(
    code="unknown-function-in-definition",
    kind=Kind.OPAQUE,
    risk=Risk.HIGH,
    effect="It runs for every row that is there or comes; what it does and how long it takes is not known.",
    remedy="Define it in these migrations, or use a built-in function.",
    source="PostgreSQL manual, Function Volatility Categories",
    looks=(
        at(AddColumn, find),
        at(CreateTable, find_table),
        at(SetDefault, find_default),
        at(AddConstraint, find_constraint),
        at(CreateIndex, find_index),
    ),
)
