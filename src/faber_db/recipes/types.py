"""A column's type changed while it is used: a new column beside it, kept by a trigger, then swapped."""

import re
from collections.abc import Iterator

from faber_db.model.catalogue import Catalogue, Column, Index, Table
from faber_db.model.statement import ChangeType
from faber_db.recipes.backfill import BATCH, backfill
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full, sentence
from faber_db.recipes.not_null import filled
from faber_db.recipes.pieces import between, subcommand_of, words
from faber_db.rules.state import ColumnState

_RESERVED_SUFFIXES = ("_new", "_old")


def change_type(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`ALTER COLUMN c TYPE new [USING expression]` that rewrites the table."""
    match part.main:
        case (ChangeType() as action,):
            pass
        case _:
            return None
    table, column = _there(action, known)
    _refuse_dependants(table, column, known.catalogue or Catalogue())
    kind, using = _type_of(part.text)
    return tuple(_Change(known, table, column, kind, using).steps())


def _there(action: ChangeType, known: Known) -> tuple[Table, Column]:
    if known.catalogue is None:
        raise NoWay("what depends on the column is not known: give the schema with --schema")
    table = known.catalogue.table(action.table)
    column = table.column(action.column) if table else None
    if table is None or column is None:
        raise NoWay("the column is not in the schema that is known")
    taken = {f"{column.name}{suffix}" for suffix in _RESERVED_SUFFIXES}
    if taken & {c.name for c in table.columns}:
        raise NoWay(f"the names {' and '.join(sorted(taken))} are taken, which its steps need")
    return table, column


def _type_of(text: str) -> tuple[str, str]:
    """The new type with its collation, and the expression behind USING, or empty."""
    inner = subcommand_of(text)
    found = words(inner)
    start = next(w for w in found if w.text == "TYPE" and w.depth == 0)
    using = next((w for w in found if w.text == "USING" and w.depth == 0), None)
    kind = between(inner, found, start.end, using.start if using else len(inner))
    return kind, between(inner, found, using.end, len(inner)) if using else ""


def _refuse_dependants(table: Table, column: Column, catalogue: Catalogue) -> None:
    found = next(_dependants(table, column, catalogue), "")
    if found:
        raise NoWay(
            f"{found}, which would have to be moved to the new column by hand: add a column of the new"
            " type, keep it with a trigger, fill it in batches, then swap the two"
        )


def _dependants(table: Table, column: Column, catalogue: Catalogue) -> Iterator[str]:
    name = column.name
    word = re.compile(rf"(?<![\w\"]){re.escape(name)}(?!\w)|\"{re.escape(name)}\"")
    keys = [*table.uniques, *([table.primary_key] if table.primary_key else [])]
    for key in keys:
        if name in key.columns:
            yield f"constraint {key.name} is on the column"
    for foreign in table.foreign_keys:
        if name in foreign.columns:
            yield f"foreign key {foreign.name} is on the column"
    for other in catalogue.tables:
        for foreign in other.foreign_keys:
            if foreign.table == table.full_name and name in foreign.references:
                yield f"foreign key {foreign.name} refers to it"
        if any(o.startswith(f"partition of {table.full_name} ") for o in other.options):
            yield "the table has partitions"
        if any(f"inherits {table.full_name}" in o for o in other.options):
            yield "other tables inherit from it"
    for check in table.checks:
        if word.search(check.expression):
            yield f"check {check.name} is on the column"
    if column.identity or column.generated:
        yield "it is an identity or generated column"
    if column.default is not None and "nextval(" in column.default:
        yield "a sequence belongs to it"
    for each in table.columns:
        if each.generated and word.search(each.generated):
            yield f"column {each.name} is generated from it"
    for index in table.indexes:
        own = any(_behind(entry, name) is not None for entry in index.columns)
        if _is_on(index, name, word) and (index.predicate or not own):
            yield f"index {index.name} has an expression or a condition on it"
    for view in catalogue.views:
        if re.search(rf"\b{re.escape(table.name)}\b", view.definition):
            yield f"view {view.full_name} reads the table"
    for thing in catalogue.others:
        if thing.table == table.full_name and word.search(thing.definition):
            yield f"{thing.kind} {thing.name} uses it"


def _behind(entry: str, name: str) -> str | None:
    """What stands behind a column in an index (` DESC`); None where the entry is another one."""
    for written in (name, '"' + name.replace('"', '""') + '"'):
        if entry == written or entry.startswith(f"{written} "):
            return entry[len(written) :]
    return None


def _is_on(index: Index, name: str, word: re.Pattern[str]) -> bool:
    return name in index.columns or any(map(word.search, (*index.columns, index.predicate)))


class _Change:
    """The steps of one change."""

    def __init__(self, known: Known, table: Table, column: Column, kind: str, using: str) -> None:
        self._known, self._table, self._column = known, table, column
        self._kind, self._using = kind, using
        name = column.name
        self._old, self._new, self._gone = map(known.quoted, (name, f"{name}_new", f"{name}_old"))
        self._full = quoted_full(table.full_name, known.dialect)
        bare = f"{table.name}_{name}_new"[:63]
        self._trigger = known.quoted(bare)
        schema = f"{table.schema}." if table.schema else ""
        self._function = quoted_full(f"{schema}{bare}", known.dialect)

    def steps(self) -> Iterator[Step]:
        name, full, new = self._column.name, self._full, self._new
        value = self._using or self._old
        yield Step(
            f"{name}_new column",
            sentence(f"ALTER TABLE {full} ADD COLUMN {new} {self._kind}") + self._kept_by_trigger(),
            "The new column, and a trigger that fills it with every write from now on.",
        )
        yield backfill(
            self._table.full_name,
            f"{new} = {value}",
            f"{new} IS NULL AND {self._old} IS NOT NULL",
            self._known,
            why=f"Rows that were there get it, {BATCH} at a time; it can be stopped and run again.",
        )
        if not self._column.nullable:
            yield from self._required()
        yield from self._indexes()
        yield Step(
            f"{name} swapped",
            self._swap(),
            "The new column takes the name in one moment; it stands behind the others of the table.",
            deploy=f"code that reads and writes {name} as {self._kind}, and names its columns",
        )
        yield Step(
            f"{name}_old dropped",
            "-- faber-db: allow drop-column: its values live on in the column of the new type\n"
            + sentence(f"ALTER TABLE {full} DROP COLUMN {self._gone}"),
            "The column of the old type goes.",
            deploy="nothing; wait until the new values are known to be right",
            last=True,
        )

    def _kept_by_trigger(self) -> str:
        """The expression sees the new row under the names of its columns."""
        value = self._using or self._old
        function = f"""\
CREATE FUNCTION {self._function}() RETURNS trigger LANGUAGE plpgsql AS $keep$
BEGIN
    SELECT {value} INTO NEW.{self._new} FROM (SELECT NEW.*) AS written;
    RETURN NEW;
END
$keep$;
"""  # noqa: S608 - the source's own words
        return function + sentence(
            f"CREATE TRIGGER {self._trigger} BEFORE INSERT OR UPDATE ON {self._full}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {self._function}()"
        )

    def _required(self) -> tuple[Step, ...]:
        from copy import deepcopy
        from dataclasses import replace

        state = deepcopy(self._known.state)
        found = state.table(self._table.full_name)
        before = state.column(self._table.full_name, self._column.name)
        if found is not None and before is not None:
            name = f"{self._column.name}_new"
            found.columns[name] = ColumnState(name, before.type, default="by the trigger")
        known = replace(self._known, state=state)
        return filled(self._table.full_name, f"{self._column.name}_new", known)

    def _indexes(self) -> Iterator[Step]:
        for index in self._own_indexes():
            unique = "UNIQUE " * index.unique
            method = f" USING {index.method}" if index.method else ""
            columns = ", ".join(map(self._entry, index.columns))
            name = self._known.quoted(f"{index.name}_new")
            yield Step(
                f"{index.name}_new concurrently",
                sentence(f"CREATE {unique}INDEX CONCURRENTLY {name} ON {self._full}{method} ({columns})"),
                "The index is built on the new column while reads and writes go on.",
                transaction=False,
            )  # fmt: skip

    def _own_indexes(self) -> tuple[Index, ...]:
        return tuple(
            index
            for index in self._table.indexes
            if any(_behind(entry, self._column.name) is not None for entry in index.columns)
        )

    def _entry(self, entry: str) -> str:
        """An entry of an index, of the new column instead of the old one."""
        tail = _behind(entry, self._column.name)
        if tail is not None:
            return self._new + tail
        return self._known.quoted(entry) if self._table.column(entry) else entry

    def _swap(self) -> str:
        full, column = self._full, self._column
        schema = f"{self._table.schema}." if self._table.schema else ""
        why = f"-- faber-db: allow rename-breaks-code: code finds the new column as {column.name} at once\n"
        text = sentence(f"DROP TRIGGER {self._trigger} ON {full}")
        text += sentence(f"DROP FUNCTION {self._function}()")
        if column.default is not None:
            text += sentence(
                f"ALTER TABLE {full} ALTER COLUMN {self._new} SET DEFAULT {column.default}"
            )
        if not column.nullable:
            text += sentence(f"ALTER TABLE {full} ALTER COLUMN {self._old} DROP NOT NULL")
        text += why + sentence(f"ALTER TABLE {full} RENAME COLUMN {self._old} TO {self._gone}")
        text += why + sentence(f"ALTER TABLE {full} RENAME COLUMN {self._new} TO {self._old}")
        for index in self._own_indexes():
            for old, new in ((index.name, f"{index.name}_old"), (f"{index.name}_new", index.name)):
                of = quoted_full(f"{schema}{old}", self._known.dialect)
                text += sentence(f"ALTER INDEX {of} RENAME TO {self._known.quoted(new)}")
        if column.comment:
            literal = column.comment.replace("'", "''")
            text += sentence(f"COMMENT ON COLUMN {full}.{self._old} IS '{literal}'")
        return text
