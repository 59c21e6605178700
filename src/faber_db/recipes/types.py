"""A column's type changed while it is used: a new column beside it, kept by a trigger, then swapped."""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.catalogue import Catalogue, Column, Table
from faber_db.model.statement import ChangeType
from faber_db.recipes.base import Known, NoWay, Part, Step, sentence
from faber_db.recipes.beside import Beside, refuse_dependants
from faber_db.recipes.pieces import between, subcommand_of, words
from faber_db.rules.state import State


def change_type(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ALTER COLUMN c TYPE new [USING expression]` that rewrites the table."""
    match part.main:
        case (ChangeType() as action,):
            pass
        case _:
            return None
    table, column = column_known(action.table, action.column, known)
    taken = {f"{column.name}_new", f"{column.name}_old"} & {c.name for c in table.columns}
    if taken:
        raise NoWay(f"the name {min(taken)}, which its steps need, is taken")
    refuse_dependants(table, column, known.catalogue or Catalogue())
    kind, using = _type_of(part.text)
    return tuple(_steps(Beside(known, table, column, f"{column.name}_new"), kind, using))


def column_known(table: str, column: str, known: Known) -> tuple[Table, Column]:
    """A table and a column of the schema before the script.

    Raises:
        NoWay: they are not in it, or there is none.
    """
    if known.catalogue is None:
        raise NoWay("what depends on the column is not known: give the schema with --schema")
    found = known.catalogue.table(table)
    inner = found.column(column) if found else None
    if found is None or inner is None:
        raise NoWay("the column is not in the schema that is known")
    now, before = known.table(table), State(known.dialect, known.catalogue).table(table)
    key = known.state.key(column)
    if now is None or before is None or key not in now.columns:
        raise NoWay("the column is not in the schema that is known")
    default = now.columns[key].default  # the one thing that may have changed on the way here
    before.columns[key].default = default
    if now != before:
        raise NoWay("an earlier statement changes the table: give each a migration of its own")
    return found, replace(inner, default=default)


def _type_of(text: str) -> tuple[str, str]:
    """The new type with its collation, and the expression behind USING, or empty."""
    inner = subcommand_of(text)
    found = words(inner)
    start = next(w for w in found if w.text == "TYPE" and w.depth == 0)
    using = next((w for w in found if w.text == "USING" and w.depth == 0), None)
    kind = between(inner, found, start.end, using.start if using else len(inner))
    return kind, between(inner, found, using.end, len(inner)) if using else ""


def _steps(beside: Beside, kind: str, using: str) -> Iterator[Step]:
    name, value = beside.column.name, using or beside.old
    # the expression sees the written row under the names of its columns
    keep = f"    SELECT {value} INTO NEW.{beside.new} FROM (SELECT NEW.*) AS written;"  # noqa: S608 - the source's words
    yield beside.added(kind, keep)
    yield from beside.filled(value)
    yield from beside.indexes()
    gone = beside.known.quoted(f"{name}_old")
    yield Step(
        f"{name} swapped",
        _swap(beside, gone),
        "The new column takes the name in one moment; it stands behind the others of the table, and"
        " rights on the single column have to be given anew.",
        deploy=f"code that reads and writes {name} as {kind}, and names its columns",
    )
    yield Step(
        f"{name}_old dropped",
        "-- faber-db: allow drop-column: its values live on in the column of the new type\n"
        "-- faber-db: allow drop-breaks-code: no code uses it any more\n"
        + sentence(f"ALTER TABLE {beside.full} DROP COLUMN {gone}"),
        "The column of the old type goes.",
        deploy="nothing; wait until the new values are known to be right",
        last=True,
    )


def _swap(beside: Beside, gone: str) -> str:
    full, column = beside.full, beside.column
    why = f"-- faber-db: allow rename-breaks-code: code finds the new column as {column.name} at once\n"
    text = beside.trigger_dropped()
    if column.default is not None:
        alter = f"ALTER TABLE {full} ALTER COLUMN {beside.new}"
        text += sentence(f"{alter} SET DEFAULT {column.default}")
    if not column.nullable:
        text += sentence(f"ALTER TABLE {full} ALTER COLUMN {beside.old} DROP NOT NULL")
    text += why + sentence(f"ALTER TABLE {full} RENAME COLUMN {beside.old} TO {gone}")
    text += why + sentence(f"ALTER TABLE {full} RENAME COLUMN {beside.new} TO {beside.old}")
    return text + beside.indexes_renamed("_old") + beside.commented(beside.old)
