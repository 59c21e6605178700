"""A column beside another one: what depends on the old one, and the parts that fill the new one."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from faber_db.model.catalogue import Catalogue, Column, Index, Table
from faber_db.recipes.backfill import BATCH, backfill
from faber_db.recipes.base import Known, NoWay, Step, quoted_full, sentence
from faber_db.recipes.not_null import filled
from faber_db.rules.state import ColumnState

_LONGEST = 63  # bytes of a name


def refuse_dependants(table: Table, column: Column, catalogue: Catalogue) -> None:
    """What the steps would have to move, and do not.

    Raises:
        NoWay: there is such a thing.
    """
    found = next(_dependants(table, column, catalogue), "")
    if found:
        raise NoWay(
            f"{found}, which would have to be moved to the new column by hand: add a"
            " column, keep it with a trigger, fill it in batches, then swap the two"
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
        if any(o.split()[:3] == ["partition", "of", table.full_name] for o in other.options):
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
        reads = re.search(rf"\b{re.escape(table.name)}\b", view.definition)
        if reads and (word.search(view.definition) or "*" in view.definition):
            yield f"view {view.full_name} reads it"
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


class Beside:
    """A new column of a table, kept equal to an old one by a trigger until the old one goes.

    Args:
        known: where the statement stands.
        table: of the schema before the script.
        column: the old one.
        new: name of the new one.
    """

    def __init__(self, known: Known, table: Table, column: Column, new: str) -> None:
        self.known, self.table, self.column, self.name = known, table, column, new
        self.old, self.new = known.quoted(column.name), known.quoted(new)
        self.full = quoted_full(table.full_name, known.dialect)
        bare = f"{table.name}_{new}_kept"[:_LONGEST]
        self._trigger = known.quoted(bare)
        self._function = self.qualified(bare)

    def qualified(self, name: str) -> str:
        """A name in the schema of the table."""
        schema = self.table.schema
        return quoted_full(f"{schema}.{name}" if schema else name, self.known.dialect)

    def added(self, kind: str, body: str) -> Step:
        """The column and the trigger; `body` sets it in the row that is written."""
        function = f"""\
CREATE FUNCTION {self._function}() RETURNS trigger LANGUAGE plpgsql AS $keep$
BEGIN
{body}
    RETURN NEW;
END
$keep$;
"""
        trigger = (
            f"CREATE TRIGGER {self._trigger} BEFORE INSERT OR UPDATE ON {self.full}\n"
            f"    FOR EACH ROW EXECUTE FUNCTION {self._function}()"
        )
        column = sentence(f"ALTER TABLE {self.full} ADD COLUMN {self.new} {kind}")
        why = "The new column, and a trigger that fills it with every write from now on."
        return Step(f"{self.name} column", column + function + sentence(trigger), why)

    def filled(self, value: str) -> tuple[Step, ...]:
        """The rows that were there, and NOT NULL where the old column has it."""
        step = backfill(
            self.table.full_name,
            f"{self.new} = {value}",
            f"{self.new} IS NULL AND {self.old} IS NOT NULL",
            self.known,
            why=f"Rows that were there get it, {BATCH} at a time; it can be stopped and run again.",
        )
        return (step,) if self.column.nullable else (step, *self._required())

    def _required(self) -> tuple[Step, ...]:
        state = deepcopy(self.known.state)
        found = state.table(self.table.full_name)
        before = state.column(self.table.full_name, self.column.name)
        if found is not None and before is not None:
            new = ColumnState(self.name, before.type, default="by the trigger")
            found.columns[self.name] = new
        return filled(self.table.full_name, self.name, replace(self.known, state=state))

    def indexes(self) -> Iterator[Step]:
        """The indexes on the old column, built on the new one under other names."""
        for index in self._own_indexes():
            unique = "UNIQUE " * index.unique
            method = f" USING {index.method}" if index.method else ""
            columns = ", ".join(map(self._entry, index.columns))
            name = self.known.quoted(f"{index.name}_new")
            create = f"CREATE {unique}INDEX CONCURRENTLY {name} ON {self.full}{method} ({columns})"
            yield Step(
                f"{index.name}_new concurrently",
                sentence(create),
                "The index is built on the new column while reads and writes go on.",
                transaction=False,
            )

    def indexes_renamed(self, old: str) -> str:
        """The new indexes take the names; the old ones get `old` behind theirs, or are gone already."""
        text = ""
        for index in self._own_indexes():
            pairs = [(index.name, f"{index.name}{old}")] if old else []
            for before, after in (*pairs, (f"{index.name}_new", index.name)):
                new = self.known.quoted(after)
                text += sentence(f"ALTER INDEX {self.qualified(before)} RENAME TO {new}")
        return text

    def trigger_dropped(self) -> str:
        """The end of the trigger."""
        why = "-- faber-db: allow trigger-switched-off: it kept two columns equal, and one goes\n"
        drop = sentence(f"DROP TRIGGER {self._trigger} ON {self.full}")
        nobody = "-- faber-db: allow drop-breaks-code: only the trigger called it\n"
        return why + drop + nobody + sentence(f"DROP FUNCTION {self._function}()")

    def commented(self, column: str) -> str:
        """The comment of the old column, for another one."""
        if not self.column.comment:
            return ""
        literal = self.column.comment.replace("'", "''")
        return sentence(f"COMMENT ON COLUMN {self.full}.{column} IS '{literal}'")

    def _own_indexes(self) -> tuple[Index, ...]:
        return tuple(
            index
            for index in self.table.indexes
            if any(_behind(entry, self.column.name) is not None for entry in index.columns)
        )

    def _entry(self, entry: str) -> str:
        """An entry of an index, of the new column instead of the old one."""
        tail = _behind(entry, self.column.name)
        if tail is not None:
            return self.new + tail
        return self.known.quoted(entry) if self.table.column(entry) else entry
