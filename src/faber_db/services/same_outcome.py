"""Whether two databases hold the same after a program ran on one and its recording on the other."""

import re
from collections.abc import Collection, Sequence

from faber_db.model.catalogue import Column, Table
from faber_db.services.catalogue_differences import differences
from faber_db.services.ports import Session
from faber_db.services.reprinting import reprinted
from faber_db.sql.identifiers import quote, quote_full

_MOST_ROWS = 20_000  # of one table; of a bigger one they are counted
_OF_THE_MOMENT = re.compile(r"time|date|uuid", re.I)


def difference_between(
    one: Session, other: Session, *, leave_out: Sequence[str], rows_of: Collection[str]
) -> str:
    """The first difference in schema or rows, in words; empty: there is none.

    Columns that a default fills by a function, and times and identifiers, are not compared by value:
    two runs of one script differ in them.

    Args:
        one: where the program ran.
        other: where its recording ran.
        leave_out: tables that are no part of the schema.
        rows_of: full names of the tables whose rows are compared.
    """
    mine, theirs = (reprinted(s.catalogue(leave_out=leave_out)) for s in (one, other))
    found = differences(mine, theirs)
    if found:
        return f"{found[0].kind} {found[0].name}: {found[0].difference}"
    for table in mine.tables:
        if table.full_name in rows_of and _rows(one, table) != _rows(other, table):
            return f"the rows of {table.full_name}"
    return ""


def _rows(session: Session, table: Table) -> list[str]:
    name = quote_full(table.full_name, session.dialect)
    ((count,),) = session.query(f"SELECT count(*) FROM {name}")  # noqa: S608 - quoted
    columns = [quote(c.name, session.dialect) for c in table.columns if _is_steady(c)]
    if int(str(count)) > _MOST_ROWS or not columns:
        return [str(count)]
    found = session.query(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608 - quoted
    return sorted(repr(row) for row in found)


def _is_steady(column: Column) -> bool:
    filled = column.default is not None and "(" in column.default
    return not (filled or column.generated or column.identity or _OF_THE_MOMENT.search(column.type))
