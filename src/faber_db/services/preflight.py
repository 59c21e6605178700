"""Preflight: what the data itself says about a migration, by read-only counts.

Only counts leave the database, never a value. A question that takes too long is answered
`unknown`; one that earlier statements of the same change may settle is asked all the same, and
says so. Nothing that could run a function of the migration's own is asked: these questions come
before anybody has approved anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from faber_db.errors import FaberDbError, StatementTimeout
from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.dialect import Dialect
from faber_db.model.plan import PreflightAnswer
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    Constraint,
    CreateIndex,
    Drop,
    DropColumn,
    Insert,
    SetNotNull,
    Truncate,
    Update,
)
from faber_db.services.app import Database, Environment
from faber_db.services.ports import Limits, Session
from faber_db.sql.identifiers import quote, quote_full
from faber_db.sql.script import Script

LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=200), statement_timeout=timedelta(seconds=5), lock_retries=0
)


@dataclass(frozen=True, slots=True)
class Question:
    """One count. With `must_be_none`, anything but 0 makes the migration fail."""

    text: str  # "NULLs in users.email"
    sql: str  # gives one number, or the number and the rows it was counted among
    must_be_none: bool
    table: str
    changed_before: bool = False  # an earlier statement changes rows of the table


def ask(
    scripts: Sequence[Script],
    catalogue: Catalogue,
    database: Database,
    environment: Environment,
    now: datetime,
) -> tuple[PreflightAnswer, ...]:
    """Ask everything that these scripts raise, in a read-only session with short limits."""
    found = list(questions(scripts, catalogue))
    if not found:
        return ()
    asked_at = now.isoformat(timespec="seconds")
    with database.engine.connect(
        environment.resolve_url(), limits=LIMITS, read_only=True
    ) as session:
        return tuple(_answer(session, question, asked_at) for question in found)


def worse(before: Sequence[PreflightAnswer], after: Sequence[PreflightAnswer]) -> str:
    """What was fine when the plan was made and is not now, or an empty text."""
    fine = {a.question for a in before if a.ok}
    return "; ".join(f"{a.question}: {a.answer}" for a in after if a.question in fine and not a.ok)


def questions(scripts: Sequence[Script], catalogue: Catalogue) -> Iterator[Question]:
    """The questions that some scripts raise, each once. Pure; only about tables that are there."""
    changed: set[str] = set()
    seen: set[str] = set()
    for script in scripts:
        for statement in script.statements:
            for action in statement.actions:
                for question in _of(action, catalogue, script.dialect):
                    if question.text not in seen:
                        seen.add(question.text)
                        yield replace(question, changed_before=question.table in changed)
                if isinstance(action, Update | Insert):
                    changed.add(action.table)


def _of(action: Action, catalogue: Catalogue, dialect: Dialect) -> Iterator[Question]:
    match action:
        case DropColumn(table=table, column=column):
            yield from _values(catalogue.table(table), column, dialect)
        case Drop(kind="table", names=names) | Truncate(tables=names):
            for name in names:
                yield from _rows(catalogue.table(name), dialect)
        case SetNotNull(table=table, column=column):
            yield from _nulls(catalogue.table(table), column, dialect)
        case AddColumn(table=table, column=column) if not column.nullable:
            if column.default is None and not column.identity and column.generation is None:
                yield from _none(catalogue.table(table), column.name, dialect)
        case AddConstraint(table=table, constraint=constraint) if not constraint.not_valid:
            yield from _constraint(catalogue, table, constraint, dialect)
        case CreateIndex(unique=True, table=table) if not action.predicate and (
            action.expression is None
        ):
            yield from _repeated(catalogue.table(table), action.columns, dialect)
        case _:
            return


def _constraint(
    catalogue: Catalogue, name: str, constraint: Constraint, dialect: Dialect
) -> Iterator[Question]:
    table = catalogue.table(name)
    match constraint.kind:
        case "unique" | "primary key" if not constraint.using_index:
            yield from _repeated(table, constraint.columns, dialect)
        case "foreign key":
            target = catalogue.table(constraint.references)
            yield from _orphans(table, target, constraint, dialect)
        case "check" if constraint.expression and _only_operators(constraint):
            yield from _outside(table, constraint, dialect)
        case _:
            return


def _only_operators(constraint: Constraint) -> bool:
    expression = constraint.expression
    return expression is not None and not expression.functions and not expression.tables


def _values(table: Table | None, column: str, dialect: Dialect) -> Iterator[Question]:
    if table and table.column(column):
        yield _question(
            f"values in {table.full_name}.{column}",
            f"SELECT count({quote(column, dialect)}), count(*) FROM {_from(table, dialect)}",  # noqa: S608 quoted
            table,
        )


def _rows(table: Table | None, dialect: Dialect) -> Iterator[Question]:
    if table:
        sql = f"SELECT count(*) FROM {_from(table, dialect)}"  # noqa: S608 quoted
        yield _question(f"rows in {table.full_name}", sql, table)


def _nulls(table: Table | None, column: str, dialect: Dialect) -> Iterator[Question]:
    if table and table.column(column):
        yield _question(
            f"NULLs in {table.full_name}.{column}",
            f"SELECT count(*) FROM {_from(table, dialect)} WHERE {quote(column, dialect)} IS NULL",  # noqa: S608 quoted
            table,
            must_be_none=True,
        )


def _none(table: Table | None, column: str, dialect: Dialect) -> Iterator[Question]:
    if table:
        yield _question(
            f"rows that {table.full_name}.{column} would leave without a value",
            f"SELECT count(*) FROM {_from(table, dialect)}",  # noqa: S608 quoted
            table,
            must_be_none=True,
        )


def _repeated(table: Table | None, columns: Sequence[str], dialect: Dialect) -> Iterator[Question]:
    if not table or not columns or not all(table.column(c) for c in columns):
        return
    names = [quote(c, dialect) for c in columns]
    given = " AND ".join(f"{name} IS NOT NULL" for name in names)
    yield _question(
        f"repeated keys ({', '.join(columns)}) in {table.full_name}",
        f"SELECT count(*) FROM (SELECT 1 FROM {_from(table, dialect)} WHERE {given}"  # noqa: S608 quoted
        f" GROUP BY {', '.join(names)} HAVING count(*) > 1) AS repeated",
        table,
        must_be_none=True,
    )


def _orphans(
    table: Table | None, target: Table | None, constraint: Constraint, dialect: Dialect
) -> Iterator[Question]:
    if not table or not target or not all(table.column(c) for c in constraint.columns):
        return
    key = target.primary_key.columns if target.primary_key else ()
    theirs = constraint.referenced_columns or key
    if len(theirs) != len(constraint.columns) or not all(target.column(c) for c in theirs):
        return
    pairs = list(zip(constraint.columns, theirs, strict=True))
    given = " AND ".join(f"c.{quote(mine, dialect)} IS NOT NULL" for mine, _ in pairs)
    equal = " AND ".join(f"p.{quote(t, dialect)} = c.{quote(m, dialect)}" for m, t in pairs)
    yield _question(
        f"rows of {table.full_name} without their {target.full_name}",
        f"SELECT count(*) FROM {_from(table, dialect)} AS c WHERE {given} AND NOT EXISTS"  # noqa: S608 quoted
        f" (SELECT 1 FROM {_from(target, dialect)} AS p WHERE {equal})",
        table,
        must_be_none=True,
    )


def _outside(table: Table | None, constraint: Constraint, dialect: Dialect) -> Iterator[Question]:
    expression = constraint.expression
    if table and expression and all(table.column(c) for c in expression.columns):
        yield _question(
            f"rows of {table.full_name} that break {constraint.name or 'the new check'}",
            f"SELECT count(*) FROM {_from(table, dialect)} WHERE NOT ({expression.text})",  # noqa: S608 no functions in it
            table,
            must_be_none=True,
        )


def _question(text: str, sql: str, table: Table, *, must_be_none: bool = False) -> Question:
    return Question(text, sql, must_be_none, table.full_name)


def _from(table: Table, dialect: Dialect) -> str:
    return quote_full(table.full_name, dialect)


def _answer(session: Session, question: Question, asked_at: str) -> PreflightAnswer:
    ok: bool | None
    try:
        (row,) = session.query(question.sql)
    except StatementTimeout:
        words, ok = "unknown: it took too long to count", None
    except FaberDbError as error:
        words, ok = f"unknown: {error.message}", None
    else:
        number = int(str(row[0]))
        words = f"{number:,} of {int(str(row[1])):,} rows" if len(row) > 1 else f"{number:,}"
        ok = not (question.must_be_none and number)
        if not ok and question.changed_before:
            words, ok = f"{words} now, before the statements above it run", None
    return PreflightAnswer(question=question.text, answer=words, ok=ok, asked_at=asked_at)
