"""Names changed while old code runs: a column beside the old one, a view with a table's old name."""

from collections.abc import Iterator

from faber_db.model.catalogue import Catalogue
from faber_db.model.statement import Rename
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full, sentence
from faber_db.recipes.beside import Beside, refuse_dependants
from faber_db.recipes.types import column_known


def rename(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`RENAME COLUMN a TO b` and `RENAME TO b` of a table."""
    match part.main:
        case (Rename(kind="column", table=table, old=old, new=new),) if table:
            return _column(table, old, new, known)
        case (Rename(kind="table", old=old),):
            return _table(part, old, known)
        case _:
            return None


def _column(table_name: str, old: str, new: str, known: Known) -> tuple[Step, ...]:
    table, column = column_known(table_name, old, known)
    refuse_dependants(table, column, known.catalogue or Catalogue())
    if column.default is not None:
        raise NoWay(
            f"column {old} has a default, so that a trigger cannot tell which of two columns was"
            " written: rename it while the application is stopped"
        )
    return tuple(_beside(Beside(known, table, column, new)))


def _beside(beside: Beside) -> Iterator[Step]:
    old, new, full = beside.old, beside.new, beside.full
    keep = f"""\
    IF TG_OP = 'INSERT' THEN
        NEW.{new} := coalesce(NEW.{new}, NEW.{old});
        NEW.{old} := NEW.{new};
    ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN
        NEW.{old} := NEW.{new};
    ELSE
        NEW.{new} := NEW.{old};
    END IF;"""
    collation = f' COLLATE "{beside.column.collation}"' if beside.column.collation else ""
    yield beside.added(beside.column.type + collation, keep)
    yield from beside.filled(old)
    yield from beside.indexes()
    yield Step(
        f"{beside.column.name} dropped",
        beside.trigger_dropped()
        + "-- faber-db: allow drop-column: its values live on under the new name\n"
        + "-- faber-db: allow drop-breaks-code: no code uses it any more\n"
        + sentence(f"ALTER TABLE {full} DROP COLUMN {old}")
        + beside.indexes_renamed("")
        + beside.commented(new),
        "The old name goes; the column stands behind the others of the table.",
        deploy=f"code that uses {beside.name} instead of {beside.column.name}",
        last=True,
    )


def _table(part: Part, old: str, known: Known) -> tuple[Step, ...]:
    state = known.table(old)
    if state is None or state.partitioned or state.partition_of:
        raise NoWay("the table is not known, or it is partitioned")
    new = quoted_full(_renamed(part, old), known.dialect)
    view = quoted_full(old, known.dialect)
    stand_in = f"CREATE VIEW {view} AS SELECT * FROM {new}"  # noqa: S608 - names are quoted
    allow = "-- faber-db: allow rename-breaks-code: a view takes the old name in the same moment\n"
    return (
        Step(
            f"{old} renamed",
            allow + sentence(part.text) + sentence(stand_in),
            "Old code reads and writes the view. Roles other than the owner need their rights on it:"
            " add a GRANT for each to this file.",
        ),
        Step(
            f"{old} view dropped",
            sentence(f"DROP VIEW {view}"),
            "The old name goes.",
            deploy=f"code that uses {_renamed(part, old)} instead of {old}",
            last=True,
        ),
    )


def _renamed(part: Part, old: str) -> str:
    new = next(a.new for a in part.main if isinstance(a, Rename))
    schema = old.rpartition(".")[0]
    return f"{schema}.{new}" if schema and "." not in new else new
