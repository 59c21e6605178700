"""Constraints on filled tables: checked later, or built as an index first."""

from faber_db.model.statement import AddConstraint, Constraint
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full, sentence
from faber_db.recipes.names import constraint_name
from faber_db.recipes.not_null import filled
from faber_db.recipes.pieces import head_of, subcommand_of, words


def add_constraint(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ALTER TABLE … ADD CONSTRAINT` of every kind."""
    match part.main:
        case (AddConstraint(table=table, constraint=constraint),):
            pass
        case _:
            return None
    if constraint.not_valid or constraint.not_enforced:
        return None
    if constraint.using_index:
        return _using_index(part, table, constraint, known)
    match constraint.kind:
        case "foreign key" | "check":
            return _validated_later(part, table, constraint, known)
        case "unique" | "primary key":
            return _as_index_first(part, table, constraint, known)
        case "not null":
            return filled(table, constraint.columns[0], known)
        case _:
            raise NoWay(
                "an EXCLUDE constraint builds its index under ACCESS EXCLUSIVE, and no other way is"
                " known: add it while the table is not used, or keep writers out for so long"
            )


def _named(part: Part, table: str, constraint: Constraint, known: Known) -> tuple[str, str]:
    """The statement with the constraint's name in it, and that name."""
    name = constraint.name or constraint_name(table, constraint, known.taken(table))
    if constraint.name:
        return part.text, name
    rest = subcommand_of(part.text)[len("ADD") :].strip()
    return f"{head_of(part.text)} ADD CONSTRAINT {known.quoted(name)} {rest}", name


def _validated_later(
    part: Part, table: str, constraint: Constraint, known: Known
) -> tuple[Step, ...]:
    state = known.table(table)
    if (
        state is not None
        and state.partitioned
        and constraint.kind == "foreign key"
        and not known.at_least(18)
    ):
        raise NoWay(
            "before PostgreSQL 18 a foreign key of a partitioned table cannot be NOT VALID: add it to"
            " each partition NOT VALID, validate there, then add it to the parent"
        )
    text, name = _named(part, table, constraint, known)
    full = quoted_full(table, known.dialect)
    return (
        Step(
            f"{name} not valid",
            sentence(f"{text} NOT VALID"),
            "New rows are checked from now on; the rows that are there are not read.",
        ),
        Step(
            f"{name} validated",
            sentence(f"ALTER TABLE {full} VALIDATE CONSTRAINT {known.quoted(name)}"),
            "Every row is read while reads and writes go on.",
        ),
    )


def _as_index_first(
    part: Part, table: str, constraint: Constraint, known: Known
) -> tuple[Step, ...]:
    state = known.table(table)
    if state is not None and state.partitioned:
        raise NoWay(
            "a key of a partitioned table cannot be made from an index: build it on each partition"
            " first, then add it to the parent, which takes those indexes over"
        )
    words_there = {w.text for w in words(subcommand_of(part.text)) if w.depth == 0}
    if words_there & {"INCLUDE", "WITH", "USING", "TABLESPACE", "OVERLAPS"}:
        raise NoWay(
            "a key with INCLUDE, WITH or TABLESPACE is not rewritten: build its index by hand"
        )
    _, name = _named(part, table, constraint, known)
    steps: tuple[Step, ...] = ()
    if constraint.kind == "primary key":
        for column in constraint.columns:
            steps += filled(table, column, known)
    full, index = quoted_full(table, known.dialect), known.quoted(name)
    columns = ", ".join(map(known.quoted, constraint.columns))
    nulls = " NULLS NOT DISTINCT" * constraint.nulls_not_distinct
    return (
        *steps,
        *_leftover(table, name, known),
        Step(
            f"{name} index",
            sentence(f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {full} ({columns}){nulls}"),
            "The index is built while reads and writes go on; a duplicate fails here, before anything"
            " is locked.",
            transaction=False,
        ),
        Step(
            f"{name} constraint",
            sentence(
                f"ALTER TABLE {full} ADD CONSTRAINT {index} {constraint.kind.upper()}"
                f" USING INDEX {index}{_deferrable(constraint)}"
            ),
            "The index becomes the constraint: a brief lock, no row is read.",
        ),
    )  # fmt: skip


def _using_index(
    part: Part, table: str, constraint: Constraint, known: Known
) -> tuple[Step, ...] | None:
    """A primary key out of an index on columns that may hold NULL reads every row for that."""
    state = known.table(table)
    index = next((i for i in state.indexes if i.name == constraint.using_index), None) if state else None  # fmt: skip
    if constraint.kind != "primary key" or index is None:
        return None
    steps = tuple(s for column in index.columns for s in filled(table, column, known))
    if not steps:
        return None
    last = Step(
        f"{constraint.name or constraint.using_index} constraint",
        sentence(part.text),
        "The index becomes the key: a brief lock, no row is read.",
    )
    return (*steps, last)


def _deferrable(constraint: Constraint) -> str:
    return f" {constraint.deferrable.upper()}" if constraint.deferrable else ""


def _leftover(table: str, name: str, known: Known) -> tuple[Step, ...]:
    """An invalid index of that name, from a build that failed, has to go first."""
    from faber_db.recipes.indexes import drop_invalid

    return drop_invalid(table, name, known)
