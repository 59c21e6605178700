"""Rows filled in batches by key, each in a transaction of its own.

One DO block with COMMIT in it: it runs outside a transaction only, stops anywhere without harm, and
goes on where it was when it is run again, since rows that are filled are passed over.
"""

from dataclasses import replace

from faber_db.model.statement import Update
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full
from faber_db.recipes.pieces import Word, between, words

BATCH = 1000  # rows; a fraction of a second under row locks
_ALONE = {"FROM", "RETURNING", "WITH"}


def backfill(table: str, assignment: str, unfilled: str, known: Known, *, why: str) -> Step:
    """The step that fills what is not filled yet.

    Args:
        table: full name.
        assignment: what stands behind SET.
        unfilled: condition on a row that has to be filled.
        known: has the primary key.
        why: a sentence.

    Raises:
        NoWay: the table has no primary key that is known.
    """
    keys = tuple(map(known.quoted, _key(table, known)))
    full = quoted_full(table, known.dialect)
    first, upto = (_variables(word, keys) for word in ("from_key", "upto_key"))
    columns, order = ", ".join(keys), ", ".join(f"{k} DESC" for k in keys)
    declared = "\n".join(
        f"    {name} {full}.{key}%TYPE;"
        for names in (first, upto)
        for name, key in zip(names, keys, strict=True)
    )
    here, low, high = _row(keys), _row(first), _row(upto)
    sql = f"""\
DO $backfill$
DECLARE
{declared}
BEGIN
    SELECT {columns} INTO {", ".join(first)} FROM {full} ORDER BY {columns} LIMIT 1;
    WHILE FOUND LOOP
        SELECT {columns} INTO {", ".join(upto)}
        FROM (SELECT {columns} FROM {full} WHERE {here} >= {low} ORDER BY {columns} LIMIT {BATCH}) AS batch
        ORDER BY {order} LIMIT 1;
        BEGIN
            UPDATE {full} SET {assignment}
            WHERE {here} >= {low} AND {here} <= {high} AND ({unfilled});
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            CONTINUE;  -- somebody holds a row of this batch: once more
        END;
        COMMIT;
        SELECT {columns} INTO {", ".join(first)} FROM {full} WHERE {here} > {high} ORDER BY {columns} LIMIT 1;
    END LOOP;
END
$backfill$;
"""  # noqa: S608 - names are quoted
    return Step(f"{table} backfill", sql, why + _fired(table, known), transaction=False)


def _fired(table: str, known: Known) -> str:
    """What the writes of a backfill set off."""
    others = known.catalogue.others if known.catalogue else ()
    found = [o.name.rpartition(".")[2] for o in others if o.kind == "trigger" and o.table == table]
    if not found:
        return ""
    verb = "fires" if len(found) == 1 else "fire"
    return (
        f" Trigger {', '.join(found)} of the table {verb} for every row, where UPDATE sets it off."
    )


def _key(table: str, known: Known) -> tuple[str, ...]:
    found = known.table(table)
    for constraint in found.constraints if found else ():
        if constraint.kind == "primary key" and not constraint.using_index:
            return constraint.columns
    if known.catalogue is None:
        raise NoWay(f"the primary key of {table}, by which to fill it, is not known: give --schema")
    raise NoWay(f"{table} has no primary key by which it could be filled in batches")


def _variables(word: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{word}_{i}" if len(keys) > 1 else word for i in range(1, len(keys) + 1))


def _row(names: tuple[str, ...]) -> str:
    return f"({', '.join(names)})" if len(names) > 1 else names[0]


def update(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`UPDATE` of columns that the pending files added."""
    match part.main:
        case (Update() as action, *_) if action.columns:
            pass
        case _:
            return None
    if not all(known.state.is_new_column(action.table, c) for c in action.columns):
        return None
    found = [w for w in words(part.text) if w.depth == 0]
    start = next((i for i, w in enumerate(found) if w.text == "SET"), 0)
    there = {w.text for w in found}
    if not start or there & _ALONE or start > _behind_name(found):
        return None
    where = next((w for w in found[start:] if w.text == "WHERE"), None)
    every = words(part.text)
    assignment = between(part.text, every, found[start].end, where.start if where else 10**9)
    condition = between(part.text, every, where.end, 10**9) if where else ""
    unfilled = " OR ".join(f"{known.quoted(c)} IS NULL" for c in action.columns)
    if any(_has_value(action.table, c, known) for c in action.columns):
        raise NoWay(
            "the new column has a default, so that rows which are done cannot be told from those which"
            " are not: add it without one, fill it, then set the default"
        )
    if condition and condition.lower() != unfilled.lower():
        unfilled = f"({unfilled}) AND ({condition})"
    why = f"{BATCH} rows at a time, by key; it can be stopped and run again."
    step = backfill(action.table, assignment, unfilled, known, why=why)
    names = ", ".join(action.columns)
    return (replace(step, deploy=f"code that writes {names} into every new row"),)


def _behind_name(found: list[Word]) -> int:
    """Index of the word behind the table; where it is not SET, the table has another name here."""
    at = 2 if found[1].text == "ONLY" else 1
    at += 1
    while found[at].text == ".":
        at += 2
    return at


def _has_value(table: str, column: str, known: Known) -> bool:
    found = known.state.column(table, column)
    return found is None or found.default is not None or not found.nullable
