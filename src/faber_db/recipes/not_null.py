"""NOT NULL on a filled column: proved by a validated check, so that nothing is read under the lock."""

from dataclasses import replace

from faber_db.model.statement import SetNotNull
from faber_db.recipes.base import Known, Part, Step, quoted_full, sentence
from faber_db.recipes.names import free_name, object_name


def set_not_null(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ALTER COLUMN c SET NOT NULL`."""
    match part.main:
        case (SetNotNull(table=table, column=column),):
            return filled(table, column, known)
        case _:
            return None


def filled(table: str, column: str, known: Known) -> tuple[Step, ...]:
    """The steps that make a column NOT NULL; none where it is already."""
    found = known.state.column(table, column)
    if found is not None and not found.nullable:
        return ()
    steps = (_by_constraint if known.at_least(18) else _by_check)(table, column, known)
    if found is not None and found.default is not None:
        return steps
    first = replace(steps[0], deploy=f"code that writes {column} into every new row")
    return (first, *steps[1:])


def _by_check(table: str, column: str, known: Known) -> tuple[Step, ...]:
    name = free_name(table.rpartition(".")[2], column, "is_filled", known.taken(table))
    full, check, of = quoted_full(table, known.dialect), known.quoted(name), known.quoted(column)
    return (
        Step(
            f"{column} check not valid",
            sentence(f"ALTER TABLE {full} ADD CONSTRAINT {check} CHECK ({of} IS NOT NULL) NOT VALID"),
            f"New rows need {column} from now on; the rows that are there are not read.",
        ),
        Step(
            f"{column} check validated",
            sentence(f"ALTER TABLE {full} VALIDATE CONSTRAINT {check}"),
            "Every row is read while reads and writes go on.",
        ),
        Step(
            f"{column} not null",
            sentence(f"ALTER TABLE {full} ALTER COLUMN {of} SET NOT NULL")
            + sentence(f"ALTER TABLE {full} DROP CONSTRAINT {check}"),
            "The validated check proves it, so no row is read; then the check is not needed.",
        ),
    )  # fmt: skip


def _by_constraint(table: str, column: str, known: Known) -> tuple[Step, ...]:
    """From PostgreSQL 18, NOT NULL is a constraint that can be validated later."""
    name = object_name(table.rpartition(".")[2], column, "not_null")
    if name in known.taken(table):
        return _by_check(table, column, known)
    full, constraint = quoted_full(table, known.dialect), known.quoted(name)
    add = f"ADD CONSTRAINT {constraint} NOT NULL {known.quoted(column)} NOT VALID"
    return (
        Step(
            f"{column} not null not valid",
            sentence(f"ALTER TABLE {full} {add}"),
            f"New rows need {column} from now on; the rows that are there are not read.",
        ),
        Step(
            f"{column} not null validated",
            sentence(f"ALTER TABLE {full} VALIDATE CONSTRAINT {constraint}"),
            "Every row is read while reads and writes go on.",
        ),
    )
