"""Rows and values that go: dropped, emptied, deleted, overwritten, and what goes with them."""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.catalogue import Table
from faber_db.model.statement import Action, Delete, Drop, DropColumn, Truncate, Update
from faber_db.services.preflight.question import Here, Question, Use, about, total
from faber_db.sql.harmless import objection
from faber_db.sql.reach import Reach, reach_of

_CASCADES = ("CASCADE", "SET NULL", "SET DEFAULT")
_DEEPEST = 5  # cascades that are followed one after the other
_EVERY = Reach("", "")


def gone(here: Here, action: Action) -> Iterator[Question]:
    """What an action takes away, counted as it is now."""
    match action:
        case DropColumn():
            yield from _values(here, action)
        case Drop(kind="table"):
            for name in action.names:
                yield from _rows(here, name, "drop-table", _EVERY)
        case Drop(kind="schema"):
            for table in here.catalogue.tables:
                if table.schema in action.names:
                    yield from _rows(here, table.full_name, "drop-schema", _EVERY)
        case Truncate():
            for name in action.tables:
                yield from _rows(here, name, "truncate", _EVERY)
            if action.cascade:
                for name in _referring(here, action.tables):
                    yield from _rows(here, name, "truncate", _EVERY)
        case Delete() | Update():
            yield from _written(here, action)
        case _:
            return


def _values(here: Here, action: DropColumn) -> Iterator[Question]:
    table = here.table(action.table)
    if table is None or not here.has(table, (action.column,)):
        return
    name = f"{table.full_name}.{action.column}"
    yield replace(
        about(
            table.full_name,
            (action.column,),
            f"values in {name}",
            codes=("drop-column",),
            use=Use.GOES,
            unit="value",
        ),
        says=f"go with {name}",
        sql=f"SELECT count({here.named(action.column)}), count(*) FROM {here.source(table)}",  # noqa: S608
    )


def _rows(here: Here, name: str, code: str, reach: Reach | None) -> Iterator[Question]:
    table = here.table(name)
    if table is None:
        return
    question = about(name, (), f"rows in {table.full_name}", codes=(code,), use=Use.GOES)
    rows, estimated = total(here, table)
    sql = f"SELECT {rows}"
    if rows == "NULL" or reach is None:
        sql = f"SELECT count(*) FROM {here.source(table)}"  # noqa: S608 - quoted
    yield replace(question, says="go", sql=sql, estimated=estimated)


def _referring(here: Here, names: tuple[str, ...]) -> list[str]:
    """Tables that refer to some tables, and those that refer to them, and so on."""
    found: dict[str, None] = {}
    pending = list(names)
    while pending:
        for child, _ in here.state.referencing(pending.pop()):
            if child not in found and child not in names:
                found[child] = None
                pending.append(child)
    return list(found)


def _written(here: Here, action: Delete | Update) -> Iterator[Question]:
    """Rows that meet the condition, and what a DELETE takes along by cascade."""
    table = here.table(action.table)
    if table is None:
        return
    deletes = isinstance(action, Delete)
    codes = ("delete-rows",) if deletes else ("update-all-rows", "update-rows")
    verb = "deleted" if deletes else "overwritten"
    label = f"rows of {action.table} that are {verb}"
    question = about(action.table, (), label, codes=codes, use=Use.GOES)
    if isinstance(action, Update):
        more = tuple(f"{action.table}.{c}" for c in action.columns)
        question = replace(question, objects=(*question.objects, *more))
    reach = reach_of(here.text, here.dialect)
    why = "more than its own condition decides" if reach is None else ""
    if reach is not None and reach.condition:
        why = objection(reach.condition, here.dialect, here.own)
    if reach is None or why:
        yield replace(question, why=why)
        return
    rows, estimated = total(here, table)
    sql = f"SELECT count(*), {rows} FROM {_reached(here, table, reach)}"  # noqa: S608 - quoted
    written = bool(reach.condition)
    yield replace(question, says=f"are {verb}", sql=sql, estimated=estimated, written=written)
    if deletes:
        yield from _cascades(here, table, _reached(here, table, reach), written, ())


def _reached(here: Here, table: Table, reach: Reach) -> str:
    """FROM and WHERE of the rows that a statement reaches."""
    alias = f" AS {here.named(reach.alias)}" if reach.alias else ""
    where = f" WHERE ({reach.condition}\n)" if reach.condition else ""
    return f"{here.source(table)}{alias}{where}"


def _cascades(
    here: Here, parent: Table, reached: str, written: bool, above: tuple[str, ...]
) -> Iterator[Question]:
    for name, key in here.state.referencing(parent.full_name):
        child = here.table(name)
        theirs = key.referenced_columns or (
            parent.primary_key.columns if parent.primary_key else ()
        )
        if key.on_delete not in _CASCADES or child is None or name in above:
            continue
        if len(theirs) != len(key.columns) or len(above) >= _DEEPEST:
            continue
        mine = ", ".join(here.named(c) for c in key.columns)
        keys = ", ".join(here.named(c) for c in theirs)
        below = f"{here.source(child)} WHERE ({mine}) IN (SELECT {keys} FROM {reached})"  # noqa: S608
        happens = "go with them" if key.on_delete == "CASCADE" else f"are {key.on_delete}"
        question = about(
            name,
            (),
            f"rows of {name} reached by ON DELETE {key.on_delete}",
            codes=("delete-rows",),
            use=Use.GOES,
        )
        rows, estimated = total(here, child)
        yield replace(
            question,
            says=happens,
            sql=f"SELECT count(*), {rows} FROM {below}",  # noqa: S608
            estimated=estimated,
            written=written,
        )
        if key.on_delete == "CASCADE":
            yield from _cascades(here, child, below, written, (*above, parent.full_name))
