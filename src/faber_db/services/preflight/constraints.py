"""Rows that a constraint would not accept: NULLs, repeated keys, orphans, broken checks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from faber_db.model.catalogue import Table
from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    AddColumn,
    AlterDomain,
    Constraint,
    CreateIndex,
    ValidateConstraint,
)
from faber_db.services.preflight.question import MOST, Here, Question, about, bad_rows, total
from faber_db.sql.harmless import objection

_NOT_THERE = "it is not in the database yet"
_FILLS_IN = (Dialect.MYSQL, Dialect.MARIADB)  # a zero or an empty text, without an error


def nulls(here: Here, name: str, column: str) -> Iterator[Question]:
    """NULLs where none may be."""
    if here.state.is_new(name):
        return
    table = here.table(name)
    question = about(name, (column,), f"NULLs in {name}.{column}")
    if table is None or not here.has(table, (column,)):
        yield replace(question, why=_NOT_THERE)
        return
    sql, estimated = bad_rows(here, table, here.source(table), f"{here.named(column)} IS NULL")
    yield replace(question, says=f"have NULL in {name}.{column}", sql=sql, estimated=estimated)


def required(here: Here, action: AddColumn) -> Iterator[Question]:
    """Rows, where a NOT NULL column without a default is added."""
    column = action.column
    given = column.default is not None or column.identity or column.generation is not None
    table = here.table(action.table)
    if column.nullable or given or table is None or here.dialect in _FILLS_IN:
        return
    label = f"rows that {action.table}.{column.name} would leave without a value"
    rows, estimated = total(here, table)
    found = f"SELECT 1 FROM {here.source(table)} LIMIT {MOST + 1}"  # noqa: S608 - quoted
    question = about(action.table, (column.name,), label, codes=("add-required-column",))
    yield replace(
        question,
        says=f"would have no value in {action.table}.{column.name}",
        sql=f"SELECT (SELECT count(*) FROM ({found}) AS found), {rows}",  # noqa: S608
        estimated=estimated,
    )


def constraint(here: Here, name: str, added: Constraint) -> Iterator[Question]:
    """What a constraint asks of the rows that are there."""
    if added.not_valid or added.not_enforced or here.state.is_new(name):
        return
    yield from _of_kind(here, name, added)


def validated(here: Here, action: ValidateConstraint) -> Iterator[Question]:
    """The same for one that was added without looking."""
    found = here.state.table(action.table)
    for known in found.constraints if found else ():
        if known.name == action.name:
            yield from _of_kind(here, action.table, known)
            return
    question = about(action.table, (), f"rows that break {action.name}")
    yield replace(question, why="the constraint is not in the database")


def _of_kind(here: Here, name: str, added: Constraint) -> Iterator[Question]:
    match added.kind:
        case "primary key" | "unique" if added.using_index:
            return  # the index is there, and unique
        case "primary key":
            yield from repeated(here, name, added.columns)
            table = here.table(name)
            for column in added.columns:
                known = table.column(column) if table else None
                if known is None or known.nullable:
                    yield from nulls(here, name, column)
        case "unique":
            yield from repeated(here, name, added.columns, equal_nulls=added.nulls_not_distinct)
        case "not null":
            for column in added.columns:
                yield from nulls(here, name, column)
        case "foreign key":
            yield from _orphans(here, name, added)
        case "check" if added.expression is not None:
            label = f"rows of {name} that break {added.name or 'the new check'}"
            yield from _outside(here, name, added, label)
        case kind:
            question = about(name, (), f"rows that break the {kind} constraint")
            yield replace(question, why=f"{kind} constraints are not looked into")


def unique_index(here: Here, action: CreateIndex) -> Iterator[Question]:
    """Repeated keys before a unique index, partial and of expressions too."""
    if here.state.is_new(action.table):
        return
    yield from repeated(
        here,
        action.table,
        action.columns,
        predicate=action.predicate,
        equal_nulls=action.nulls_not_distinct,
    )


def repeated(
    here: Here,
    name: str,
    keys: Sequence[str],
    *,
    predicate: str = "",
    equal_nulls: bool = False,
) -> Iterator[Question]:
    """Keys that several rows have; a NULL equals nothing unless the constraint says so."""
    label = f"repeated keys ({', '.join(keys)}) in {name}"
    table = here.table(name)
    question = about(name, keys, label, unit="key")
    why = _NOT_THERE if table is None else _unaskable(here, table, keys, predicate)
    if table is None or why:
        yield replace(question, why=why)
        return
    texts = [here.named(k) if here.has(table, (k,)) else f"({k}\n)" for k in keys]
    given = [] if equal_nulls else [f"{text} IS NOT NULL" for text in texts]
    if predicate:
        given.append(f"({predicate}\n)")
    where = f" WHERE {' AND '.join(given)}" if given else ""
    found = (
        f"SELECT 1 FROM {here.source(table)}{where} GROUP BY {', '.join(texts)}"  # noqa: S608
        f" HAVING count(*) > 1 LIMIT {MOST + 1}"
    )
    rows, estimated = total(here, table)
    yield replace(
        question,
        says=f"of ({', '.join(keys)}) in {name} stand in several rows",
        sql=f"SELECT (SELECT count(*) FROM ({found}) AS found), {rows}",  # noqa: S608
        estimated=estimated,
        written=bool(predicate) or any(not here.has(table, (k,)) for k in keys),
    )


def _unaskable(here: Here, table: Table, keys: Sequence[str], predicate: str) -> str:
    """Why repeated keys cannot be looked for; empty: they can."""
    if not keys:
        return "its columns are not known"
    if any(here.state.is_new_column(table.full_name, key) for key in keys):
        return _NOT_THERE
    lowered = here.text.lower()
    if not here.postgresql and ("collate" in lowered or any(f"{k}(" in lowered for k in keys)):
        return "a collation or a length of the key decides what is equal"
    written = [k for k in keys if not here.has(table, (k,))] + ([predicate] if predicate else [])
    return next((why for text in written if (why := objection(text, here.dialect, here.own))), "")


def _orphans(here: Here, name: str, added: Constraint) -> Iterator[Question]:
    child, parent = here.table(name), here.table(added.references)
    label = f"rows of {name} without their {added.references}"
    question = about(name, added.columns, label, more=(added.references,))
    if child is None or not here.has(child, added.columns):
        yield replace(question, why=_NOT_THERE)
        return
    given = " AND ".join(f"c.{here.named(mine)} IS NOT NULL" for mine in added.columns)
    if parent is None:
        if not here.state.is_new(added.references):
            yield replace(question, why=f"{added.references} is not in the database")
            return
        condition = given  # the new table is empty, unless the change fills it
    else:
        theirs = added.referenced_columns or (
            parent.primary_key.columns if parent.primary_key else ()
        )
        if len(theirs) != len(added.columns) or not here.has(parent, theirs):
            yield replace(question, why=f"the key of {added.references} is not known")
            return
        pairs = zip(added.columns, theirs, strict=True)
        equal = " AND ".join(f"p.{here.named(t)} = c.{here.named(m)}" for m, t in pairs)
        source = here.source(parent)
        condition = f"{given} AND NOT EXISTS (SELECT 1 FROM {source} AS p WHERE {equal})"  # noqa: S608
    sql, estimated = bad_rows(here, child, f"{here.source(child)} AS c", condition)
    yield replace(
        question, says=f"refer to no row of {added.references}", sql=sql, estimated=estimated
    )


def _outside(here: Here, name: str, added: Constraint, label: str) -> Iterator[Question]:
    table, expression = here.table(name), added.expression
    text = expression.text if expression else ""
    columns = expression.columns if expression else ()
    question = about(name, columns, label)
    why = _NOT_THERE if table is None or not here.has(table, columns) else ""
    why = why or objection(text, here.dialect, here.own)
    if table is None or why:
        yield replace(question, why=why)
        return
    sql, estimated = bad_rows(here, table, here.source(table), f"NOT ({text}\n)")
    yield replace(
        question,
        says=f"break {added.name or 'the new check'}",
        sql=sql,
        estimated=estimated,
        written=True,
    )


def domain(here: Here, action: AlterDomain) -> Iterator[Question]:
    """Values of a domain's columns that its new constraint would not accept."""
    if action.not_valid or action.what not in (
        "add constraint",
        "set not null",
        "validate constraint",
    ):
        return
    used = [
        (table, column.name)
        for table in here.catalogue.tables
        for column in table.columns
        if column.type in (action.name, f'"{action.name}"')
        and not any(o.startswith("partition of") for o in table.options)
    ]
    for table, column in used:
        if action.what == "set not null":
            yield from nulls(here, table.full_name, column)
            continue
        label = f"values of {table.full_name}.{column} that break the check of {action.name}"
        question = about(table.full_name, (column,), label, more=(action.name,))
        text = action.expression.text if action.expression else ""
        why = objection(text, here.dialect, here.own) if text else "its check is not known here"
        if why:
            yield replace(question, why=why)
            continue
        source = f"(SELECT {here.named(column)} AS value FROM {here.source(table)}) AS s"  # noqa: S608
        sql, estimated = bad_rows(here, table, source, f"NOT ({text}\n)")
        yield replace(
            question,
            says=f"have a {column} that breaks it",
            sql=sql,
            estimated=estimated,
            written=True,
        )
