"""The exact way back of a migration without a down script, where nothing is lost by it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration
from faber_db.model.statement import Action, AddColumn, CreateIndex, CreateTable
from faber_db.services.ports import Session
from faber_db.sql.identifiers import quote, quote_full
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import parse

ARGUMENT = "inverse"  # of a plan: SQL by version


def inverse_of(migration: Migration, session: Session) -> tuple[str, str]:
    """SQL that undoes it, or empty with the reason why there is none.

    Only new tables, plain new columns that may be NULL and new indexes count, and tables and columns
    only while nothing was written to them.
    """
    undone: list[str] = []
    made: set[str] = set()
    for statement in parse(migration.up, session.dialect).statements:
        for action in statement.actions if statement.understood else ():
            sql = _undo(action, made, session.dialect)
            if not sql:
                return "", f"line {statement.line} has no inverse that loses nothing"
            if used := _used(action, session):
                return "", used
            undone.insert(0, sql)
        if not statement.understood or not statement.actions:
            return "", f"line {statement.line} has no inverse that loses nothing"
    return "".join(f"{sql};\n" for sql in undone if sql != _GONE), ""


_GONE = "-- gone with its table"


def _undo(action: Action, made: set[str], dialect: Dialect) -> str:
    match action:
        case CreateTable(if_not_exists=False, temporary=False, query=False, partition_of="") if (
            not action.inherits and not action.foreign_server
        ):
            made.add(action.table)
            return f"DROP TABLE {quote_full(action.table, dialect)}"
        case AddColumn(if_not_exists=False, column=column) if (
            column.nullable
            and column.default is None
            and not (column.identity or column.generated or column.constraints)
        ):
            if action.table in made:
                return _GONE
            table = quote_full(action.table, dialect)
            return f"ALTER TABLE {table} DROP COLUMN {quote(column.name, dialect)}"
        case CreateIndex(if_not_exists=False, name=name) if name:
            if action.table in made:
                return _GONE
            if dialect in MYSQL:
                return f"DROP INDEX {quote(name, dialect)} ON {quote_full(action.table, dialect)}"
            schema, dot, _ = action.table.rpartition(".")
            return f"DROP INDEX {quote_full(f'{schema}{dot}{name}', dialect)}"
    return ""


def _used(action: Action, session: Session) -> str:
    """What was written since, in words; empty where nothing was."""
    dialect = session.dialect
    match action:
        case CreateTable(table=table):
            there = session.query(f"SELECT 1 FROM {quote_full(table, dialect)} LIMIT 1")  # noqa: S608 - quoted
            return f"{table} has rows" if there else ""
        case AddColumn(table=table, column=column):
            name = quote(column.name, dialect)
            sql = f"SELECT 1 FROM {quote_full(table, dialect)} WHERE {name} IS NOT NULL LIMIT 1"  # noqa: S608 - quoted
            return f"{table}.{column.name} has values" if session.query(sql) else ""
    return ""


def with_inverses(
    migrations: Sequence[Migration], arguments: Mapping[str, str]
) -> tuple[Migration, ...]:
    """Migrations with the ways back that a plan has for those without a down script."""
    found = json.loads(arguments.get(ARGUMENT) or "{}")
    return tuple(
        replace(m, down=found[m.version]) if m.down is None and m.version in found else m
        for m in migrations
    )
