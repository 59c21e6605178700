"""Partitions attached and detached while both tables are used."""

import re

from faber_db.model.statement import AttachPartition, Constraint, DetachPartition, Expression
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full, sentence
from faber_db.recipes.indexes import partitions
from faber_db.recipes.names import constraint_name, free_name
from faber_db.recipes.pieces import between, words

_KEY = re.compile(r"partitioned by (RANGE|LIST) \((\"(?:[^\"]|\"\")+\"|\w+)\)", re.IGNORECASE)


def detach(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`DETACH PARTITION`; CONCURRENTLY from PostgreSQL 14."""
    match part.main:
        case (DetachPartition(concurrently=False, table=table, partition=partition),):
            pass
        case _:
            return None
    if _default_of(table, known):
        raise NoWay("CONCURRENTLY is refused while the parent has a default partition")
    detached = Step(
        f"detach {partition}",
        sentence(f"{part.text} CONCURRENTLY"),
        "Queries on the parent go on; it waits for those that began before it.",
        transaction=False,
    )
    found = known.catalogue.table(table) if known.catalogue else None
    keys = [m[2] for o in found.options if (m := _KEY.fullmatch(o))] if found else []
    if not keys:  # PostgreSQL names the check that it leaves, and the name is not known here
        return (detached,)
    check = Constraint("check", expression=Expression("", columns=(keys[0].strip('"'),)))
    name = known.quoted(constraint_name(partition, check, known.taken(partition)))
    full = quoted_full(partition, known.dialect)
    return (
        detached,
        Step(
            f"{partition} without bounds",
            sentence(f"ALTER TABLE {full} DROP CONSTRAINT IF EXISTS {name}"),
            "CONCURRENTLY leaves a check with the bounds behind; keep it to attach the table again.",
        ),
    )


def attach(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ATTACH PARTITION`, with a validated check that repeats the bounds."""
    match part.main:
        case (AttachPartition(table=table, partition=partition),):
            pass
        case _:
            return None
    if _default_of(table, known):
        raise NoWay("the default partition is read under its lock: add a check to it first that keeps"
                    " the new bounds out")  # fmt: skip
    condition = _condition(part.text, table, known)
    name = free_name(partition.rpartition(".")[2], "", "bounds", known.taken(partition))
    full, check = quoted_full(partition, known.dialect), known.quoted(name)
    return (
        Step(
            f"{partition} bounds not valid",
            sentence(f"ALTER TABLE {full} ADD CONSTRAINT {check} CHECK ({condition}) NOT VALID"),
            "The bounds as a check; the rows that are there are not read.",
        ),
        Step(
            f"{partition} bounds validated",
            sentence(f"ALTER TABLE {full} VALIDATE CONSTRAINT {check}"),
            "Every row is read while reads and writes go on.",
        ),
        Step(
            f"attach {partition}",
            sentence(part.text) + sentence(f"ALTER TABLE {full} DROP CONSTRAINT {check}"),
            "The validated check proves the bounds, so no row is read; then it is not needed.",
        ),
    )


def _default_of(table: str, known: Known) -> bool:
    if known.catalogue is None:
        return False
    children = set(partitions(table, known))
    return any(
        option.endswith(" DEFAULT")
        for t in known.catalogue.tables
        if t.full_name in children
        for option in t.options
    )


def _condition(text: str, table: str, known: Known) -> str:
    """The bounds of FOR VALUES as a condition on the key.

    Raises:
        NoWay: the key is not one plain column, or not known, or the bounds are of another kind.
    """
    found = known.catalogue.table(table) if known.catalogue else None
    keys = [m for o in found.options if (m := _KEY.fullmatch(o))] if found else []
    if not keys:
        raise NoWay(
            "the partition key is not known, or it is not one plain column by range or list"
        )
    key = keys[0][2]
    spoken = [w.text for w in words(text)]
    groups = _groups(text)
    if keys[0][1].upper() == "LIST" and "IN" in spoken and len(groups) == 1:
        return _listed(key, groups[0])
    if keys[0][1].upper() == "RANGE" and len(groups) == 2:
        return _ranged(key, *groups)
    raise NoWay("the bounds cannot be said as a check")


def _groups(text: str) -> list[str]:
    """What stands in the parentheses behind FOR VALUES."""
    found = words(text)
    start = next((i for i, w in enumerate(found) if w.text == "VALUES"), len(found))
    opened = [w for w in found[start:] if w.text == "(" and w.depth == 0]
    closed = [w for w in found[start:] if w.text == ")" and w.depth == 0]
    return [between(text, found, o.end, c.start) for o, c in zip(opened, closed, strict=True)]


def _listed(key: str, values: str) -> str:
    if "NULL" in {w.text for w in words(values)}:
        raise NoWay("a list with NULL in it cannot be said as a check that proves the bounds")
    return f"{key} IS NOT NULL AND {key} IN ({values})"


def _ranged(key: str, low: str, high: str) -> str:
    limits = [f"{key} IS NOT NULL"]
    if low.upper() != "MINVALUE":
        limits.append(f"{key} >= {low}")
    if high.upper() != "MAXVALUE":
        limits.append(f"{key} < {high}")
    return " AND ".join(limits)
