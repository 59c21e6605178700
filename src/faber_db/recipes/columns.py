"""Columns added to filled tables: the column first, its values and its constraints step by step."""

from dataclasses import replace

from faber_db.model.statement import AddColumn, Constraint
from faber_db.recipes.backfill import BATCH, backfill
from faber_db.recipes.base import Known, NoWay, Part, Step, part_of, quoted_full, sentence
from faber_db.recipes.constraints import add_constraint
from faber_db.recipes.names import constraint_name, free_name
from faber_db.recipes.not_null import filled
from faber_db.recipes.pieces import ColumnText, column_of, head_of
from faber_db.rules.effects_postgresql import constrained_type, volatile_default
from faber_db.rules.state import ColumnState

_SERIAL = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
    "smallserial": "smallint", "serial2": "smallint",
}  # fmt: skip


def add_column(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ADD COLUMN` with a default for each row, NOT NULL, or constraints of its own."""
    match part.main:
        case (AddColumn() as action,):
            pass
        case _:
            return None
    column = action.column
    if column.generated == "stored" or (column.identity and column.identity != "serial"):
        raise NoWay(
            "a stored generated or identity column rewrites the table and no other way is known: a"
            " plain column kept by a trigger, filled in batches, serves the same reads"
        )
    if constrained_type(column, known.state):
        raise NoWay(
            "every row is checked against the domain: give the column the domain's base type and a"
            " check of its own"
        )
    text = column_of(part.text)
    serial = text.type.lower() in _SERIAL
    every_row = serial or volatile_default(column, known.state)
    required = (not column.nullable or serial) and not _is_key(text)
    if required and not column.default and not serial:
        raise NoWay(
            "NOT NULL without a default fails as soon as there is a row: give a constant DEFAULT, or"
            " add the column nullable and fill it first"
        )
    if every_row:
        steps = _filled_later(part, action, text, known, serial=serial)
    else:
        base = sentence(text.base(default=True, not_null=True))
        steps = (Step(f"{column.name} column", base, "A new column takes a brief lock; no row is read or written."),)  # fmt: skip
    after = _with_column(action, known, nullable=every_row)
    if every_row and required:
        steps += filled(action.table, column.name, after)
    for clause in text.clauses:
        steps += _constraint(part, action, text, clause, after)
    return steps


def _is_key(text: ColumnText) -> bool:
    return any("PRIMARY" in clause.upper().split() for clause in text.clauses)


def _filled_later(
    part: Part, action: AddColumn, text: ColumnText, known: Known, *, serial: bool
) -> tuple[Step, ...]:
    table, column = action.table, action.column.name
    default = text.default
    before = after = ""
    head = text.base(default=False, not_null=False)
    if serial:
        kind = _SERIAL[text.type.lower()]
        head = f"{head[: head.rindex(text.type)]}{kind}"
        schema = table.rpartition(".")[0]
        bare = free_name(table.rpartition(".")[2], column, "seq", known.taken(table))
        name = quoted_full(f"{schema}.{bare}" if schema else bare, known.dialect)
        literal = name.replace("'", "''")
        default = f"nextval('{literal}'::regclass)"
        before = sentence(f"CREATE SEQUENCE {name} AS {kind}")
        after = sentence(f"ALTER SEQUENCE {name} OWNED BY {quoted_full(table, known.dialect)}.{text.name}")  # fmt: skip
    add = sentence(head)
    default_set = sentence(f"{head_of(part.text)} ALTER COLUMN {text.name} SET DEFAULT {default}")
    full = action.table
    return (
        Step(
            f"{column} column",
            before + add + default_set + after,
            "Without a default of its own the column takes a brief lock; new rows get theirs from now on.",
        ),
        backfill(
            full,
            f"{text.name} = DEFAULT",
            f"{text.name} IS NULL",
            known,
            why=f"Rows that were there get theirs, {BATCH} at a time; it can be stopped and run again.",
        ),
    )


def _with_column(action: AddColumn, known: Known, *, nullable: bool) -> Known:
    """What is known once the column alone is there."""
    from copy import deepcopy

    state = deepcopy(known.state)
    plain = replace(action, column=replace(action.column, constraints=()))
    state.apply(plain)
    found = state.column(action.table, action.column.name)
    if isinstance(found, ColumnState) and nullable:
        found.nullable = True
    return replace(known, state=state)


def _constraint(
    part: Part, action: AddColumn, text: ColumnText, clause: str, known: Known
) -> tuple[Step, ...]:
    """A constraint of the column as a constraint of the table, added by its own recipe."""
    name, rest = _name_of(clause)
    kind = rest.split("(")[0].split()[0].upper()
    of = text.name
    match kind:
        case "CHECK":
            of_column = Constraint("check", columns=(action.column.name,))
            free = constraint_name(action.table, of_column, known.taken(action.table))
            name = name or known.quoted(free)
            body = rest
        case "UNIQUE":
            words = rest.split(None, 1)[1] if " " in rest else ""
            nulls = words.upper().startswith("NULLS ")
            body = f"UNIQUE {words} ({of})" if nulls else f"UNIQUE ({of}) {words}"
        case "PRIMARY":
            body = f"PRIMARY KEY ({of}) {' '.join(rest.split()[2:])}"
        case "REFERENCES":
            body = f"FOREIGN KEY ({of}) {rest}"
        case _:
            raise NoWay(f"the clause {kind} of a new column is not known here")
    named = f"CONSTRAINT {name} " if name else ""
    inner = part_of(f"{head_of(part.text)} ADD {named}{body.strip()}", part.line)
    return add_constraint(inner, known) or (Step(f"{action.column.name} constraint", sentence(inner.text), "It is brief."),)  # fmt: skip


def _name_of(clause: str) -> tuple[str, str]:
    from faber_db.recipes.pieces import words

    found = words(clause)
    if found[0].text != "CONSTRAINT":
        return "", clause
    return clause[found[1].start : found[1].end], clause[found[2].start :]
