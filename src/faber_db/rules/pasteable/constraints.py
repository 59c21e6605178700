"""Constraints and indexes that are added without making others wait, and looks at what they refuse."""

# ruff: noqa: S608 - texts to be pasted by people; nothing here is run

import re

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddConstraint,
    Constraint,
    CreateIndex,
    SetNotNull,
    TableAction,
)
from faber_db.rules.pasteable.names import (
    Names,
    checked_not_null,
    constraint_name,
    definition,
    lines,
)
from faber_db.rules.scene import Scene
from faber_db.sql.identifiers import shown
from faber_db.sql.lexer import WORD, significant


def set_not_null(action: Action, scene: Scene) -> str:
    """By way of a check that is validated without blocking anybody."""
    if not isinstance(action, SetNotNull) or not scene.postgresql:
        return ""
    return lines(*checked_not_null(action.table, action.column, Names(scene.dialect)))


def concurrent_index(action: Action, scene: Scene) -> str:
    """The same index, built while writes go on."""
    if not isinstance(action, CreateIndex) or scene.statement.text.count(";"):
        return ""
    found = scene.table(action.table)
    if found is not None and found.partitioned:
        return ""
    text = _with_word(scene.statement.text, "INDEX", "CONCURRENTLY", scene.dialect)
    if not text:
        return ""
    return lines(
        "-- in a migration of its own, outside a transaction:", f"{' '.join(text.split())};"
    )


def _with_word(text: str, after: str, word: str, dialect: Dialect) -> str:
    for token in significant(text, dialect):
        if token.kind == WORD and text[token.start : token.end].upper() == after:
            return f"{text[: token.end]} {word}{text[token.end :]}"
    return ""


def not_valid(action: Action, scene: Scene) -> str:
    """A constraint that looks at old rows later, without blocking writes."""
    if not isinstance(action, AddConstraint) or not scene.postgresql:
        return ""
    name, added = Names(scene.dialect), action.constraint
    text = definition(added, name)
    if not text:
        return ""
    table = name(action.table)
    own = name(added.name) if added.name else constraint_name(action.table, added, name)
    return lines(
        f"ALTER TABLE {table} ADD CONSTRAINT {own} {text} NOT VALID;",
        "-- next migration:",
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {own};",
    )


def unique_by_index(action: Action, scene: Scene) -> str:
    """The index first, while writes go on; then the constraint takes it over."""
    if not isinstance(action, AddConstraint) or not scene.postgresql:
        return ""
    name, added = Names(scene.dialect), action.constraint
    if added.using_index or not added.columns:
        return ""
    table = name(action.table)
    own = name(added.name) if added.name else constraint_name(action.table, added, name)
    nulls = " NULLS NOT DISTINCT" if added.nulls_not_distinct else ""
    late = f" {added.deferrable.upper()}" if added.deferrable else ""
    return lines(
        "-- in a migration of its own, outside a transaction:",
        f"CREATE UNIQUE INDEX CONCURRENTLY {own} ON {table} ({name.all(added.columns)}){nulls};",
        "-- next migration:",
        f"ALTER TABLE {table} ADD CONSTRAINT {own} {added.kind.upper()} USING INDEX {own}{late};",
    )


def look_first(action: Action, scene: Scene) -> str:
    """The query that finds rows which do not fit."""
    name = Names(scene.dialect)
    if not isinstance(action, TableAction):
        return ""
    table = name(action.table)
    match action:
        case SetNotNull(column=column):
            return f"SELECT count(*) FROM {table} WHERE {name(column)} IS NULL;"
        case CreateIndex(unique=True, columns=columns) if columns:
            where = f" WHERE {action.predicate}" if action.predicate else ""
            return _repeated(table, ", ".join(_key(c, action, scene) for c in columns), where)
        case AddConstraint(constraint=added):
            return _broken(table, added, name)
        case _:
            return ""


def _key(text: str, action: CreateIndex, scene: Scene) -> str:
    """A column's name, or an expression as it stands."""
    known = scene.state.column(action.table, text) is not None or re.fullmatch(r"\w+", text)
    return shown(text, scene.dialect) if known else f"({text})"


def _repeated(table: str, keys: str, where: str) -> str:
    return f"SELECT {keys}, count(*) FROM {table}{where} GROUP BY {keys} HAVING count(*) > 1;"


def _broken(table: str, added: Constraint, name: Names) -> str:
    match added.kind:
        case "unique" | "primary key" if added.columns:
            return _repeated(table, name.all(added.columns), "")
        case "check" if added.expression is not None and added.expression.text:
            return f"SELECT count(*) FROM {table} WHERE NOT ({added.expression.text});"
        case "foreign key" if len(added.columns) == len(added.referenced_columns) > 0:
            pairs = zip(added.columns, added.referenced_columns, strict=True)
            equal = " AND ".join(f"p.{name(t)} = c.{name(m)}" for m, t in pairs)
            given = " AND ".join(f"c.{name(m)} IS NOT NULL" for m in added.columns)
            return (
                f"SELECT count(*) FROM {table} c WHERE {given} AND NOT EXISTS"
                f" (SELECT 1 FROM {name(added.references)} p WHERE {equal});"
            )
        case _:
            return ""
