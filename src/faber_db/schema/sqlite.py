"""Statements of SQLite: ALTER TABLE where it can, else the documented rebuild of the table.

SQLite manual, ALTER TABLE, "Making Other Kinds Of Table Schema Changes".
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from faber_db.errors import NotSupported
from faber_db.model.catalogue import Catalogue, Column, Index, OtherObject, Table, View
from faber_db.model.dialect import Dialect
from faber_db.schema import written
from faber_db.schema.names import ident, listed
from faber_db.schema.normal import same_default, same_type
from faber_db.schema.postgresql import in_order
from faber_db.schema.steps import Hints, Phase, Step

_SQLITE = Dialect.SQLITE


def steps(
    current: Catalogue, before: Catalogue, desired: Catalogue, hints: Hints, *, gentle: bool
) -> Iterator[Step]:
    """Statements for everything in which the catalogues differ, each with its phase."""
    yield from _renames(current, hints)
    there = {t.full_name for t in before.tables}
    wanted = {t.full_name for t in desired.tables}
    for table in in_order([t for t in desired.tables if t.full_name not in there]):
        create = written.create_table(table, _SQLITE)
        yield Step(create, table.name, Phase.EXPAND, table.name)
        yield from _created_indexes(table, table.indexes, Phase.EXPAND)
    rebuilt: list[tuple[Table, Table]] = []
    for table in desired.tables:
        earlier = before.table(table.full_name)
        if earlier is None:
            continue
        if _needs_rebuild(earlier, table, before, hints, gentle=gentle):
            rebuilt.append((earlier, table))
        else:
            yield from _altered(earlier, table, hints)
    yield from _rebuilds(rebuilt, before, hints, gentle=gentle)
    for table in reversed(in_order([t for t in before.tables if t.full_name not in wanted])):
        sql = f"DROP TABLE {ident(table.name, _SQLITE)}"
        yield Step(sql, table.name, Phase.CONTRACT, table.name)


def _renames(current: Catalogue, hints: Hints) -> Iterator[Step]:
    tables = {t.full_name for t in current.tables}
    for old, new in sorted(hints.renames.items(), key=lambda r: r[0] in tables):
        if old in tables:
            sql = f"ALTER TABLE {ident(old, _SQLITE)} RENAME TO {ident(new, _SQLITE)}"
            yield Step(sql, new, Phase.RENAME, new)
            continue
        table, _, column = old.rpartition(".")
        names = f"{ident(column, _SQLITE)} TO {ident(new, _SQLITE)}"
        sql = f"ALTER TABLE {ident(table, _SQLITE)} RENAME COLUMN {names}"
        yield Step(sql, f"{table}.{new}", Phase.RENAME, table)


def _needs_rebuild(
    before: Table, after: Table, catalogue: Catalogue, hints: Hints, *, gentle: bool
) -> bool:
    """Whether ALTER TABLE cannot do it: only plain new columns and free ones that go are its job."""
    if _keys(before) != _keys(after):
        return True
    kept = [c.name for c in before.columns if after.column(c.name)]
    if kept != [c.name for c in after.columns if before.column(c.name)]:
        return True  # the order changes
    for column in after.columns:
        old = before.column(column.name)
        if old is None and not _can_be_added(column, after, hints):
            return True
        if old is not None and not _same(old, column):
            return True
    first_new = next((n for n, c in enumerate(after.columns) if not before.column(c.name)), None)
    if first_new is not None and any(before.column(c.name) for c in after.columns[first_new:]):
        return gentle  # ALTER TABLE appends; on the way back the order is not restored
    gone = [c for c in before.columns if after.column(c.name) is None]
    return any(not _can_be_dropped(c, before, catalogue) for c in gone)


def _same(one: Column, other: Column) -> bool:
    return (
        same_type(one.type, other.type, _SQLITE)
        and same_default(one.default, other.default, _SQLITE)
        and replace(one, type="", default=None) == replace(other, type="", default=None)
    )


def _keys(table: Table) -> object:
    return (
        table.primary_key and table.primary_key.columns,
        {k.columns for k in table.uniques},
        {replace(k, name="") for k in table.foreign_keys if len(k.columns) > 0},
        {c.expression for c in table.checks},
    )


def _can_be_added(column: Column, table: Table, hints: Hints) -> bool:
    """SQLite manual, ALTER TABLE ADD COLUMN: no key, a constant default if NOT NULL, not stored."""
    constant = column.default is None or bool(
        re.fullmatch(r"[-+]?[\d.]+|'(?:[^']|'')*'|true|false|null", column.default.strip(), re.I)
    )
    if not constant or column.generated.startswith("stored:"):
        return False
    return column.nullable or (
        column.default is not None and column.default.strip().lower() != "null"
    )


def _can_be_dropped(column: Column, table: Table, catalogue: Catalogue) -> bool:
    """SQLite manual, ALTER TABLE DROP COLUMN: nothing may name it."""
    word = re.compile(rf"(?<!\w){re.escape(column.name)}(?!\w)", re.IGNORECASE)
    key = table.primary_key
    texts = [
        *(c.expression for c in table.checks),
        *(text for i in table.indexes for text in (*i.columns, i.predicate)),
        *(c.generated for c in table.columns if c.name != column.name),
        *(o.definition for o in catalogue.others),
        *(v.definition for v in catalogue.views),
    ]
    named = {c for k in table.uniques for c in k.columns}
    named |= {c for k in table.foreign_keys for c in k.columns}
    pointed_at = any(
        k.table == table.name and column.name in k.references
        for t in catalogue.tables
        for k in t.foreign_keys
    )
    in_key = bool(key and column.name in key.columns)
    return not (
        in_key or pointed_at or column.name in named or any(word.search(text) for text in texts)
    )


def _altered(before: Table, after: Table, hints: Hints) -> Iterator[Step]:
    name = ident(after.name, _SQLITE)
    for column in after.columns:
        if before.column(column.name) is None:
            sql = f"ALTER TABLE {name} ADD COLUMN {written.column(column, _SQLITE)}"
            yield Step(sql, f"{after.name}.{column.name}", Phase.EXPAND, after.name)
            fill = hints.fills.get(f"{after.name}.{column.name}")
            if fill:
                quoted = ident(column.name, _SQLITE)
                update = f"UPDATE {name} SET {quoted} = {fill} WHERE {quoted} IS NULL"  # noqa: S608 - quoted
                yield Step(update, f"{after.name}.{column.name}", Phase.FILL, after.name)
    old = {i.name: i for i in before.indexes}
    new = {i.name: i for i in after.indexes}
    for index_name, index in old.items():
        if new.get(index_name) != index:
            sql = f"DROP INDEX {ident(index_name, _SQLITE)}"
            yield Step(sql, f"{after.name}.{index_name}", Phase.LOOSEN, after.name)
    changed = tuple(i for i in after.indexes if old.get(i.name) != i)
    yield from _created_indexes(after, changed, Phase.TIGHTEN)
    for column in before.columns:
        if after.column(column.name) is None:
            sql = f"ALTER TABLE {name} DROP COLUMN {ident(column.name, _SQLITE)}"
            yield Step(sql, f"{after.name}.{column.name}", Phase.CONTRACT, after.name)


def _created_indexes(table: Table, indexes: tuple[Index, ...], phase: Phase) -> Iterator[Step]:
    for index in table.indexes:
        if index in indexes:
            sql = written.index(index, table, _SQLITE)
            yield Step(sql, f"{table.name}.{index.name}", phase, table.name)


# the rebuild


def _rebuilds(
    tables: list[tuple[Table, Table]], catalogue: Catalogue, hints: Hints, *, gentle: bool
) -> Iterator[Step]:
    """All rebuilds between one pair of switches. Views are taken away meanwhile and put back.

    A view that names a table makes RENAME fail while the table is away (SQLite 3.26 and later).
    """
    if not tables:
        return
    views = in_need(catalogue.views)
    yield _step("PRAGMA foreign_keys = OFF", tables[0][1])
    for view in reversed(views):
        yield _step(f"DROP VIEW {ident(view.name, _SQLITE)}", tables[0][1])
    for before, after in tables:
        yield from _rebuilt(before, after, catalogue, hints, gentle=gentle)
    for view in views:
        yield _step(f"CREATE VIEW {ident(view.name, _SQLITE)} AS {view.definition}", tables[0][1])
    yield _step("PRAGMA foreign_keys = ON", tables[0][1])


def in_need(views: tuple[View, ...]) -> list[View]:
    """Views after those they read."""
    left = {v.name: v for v in views}
    ordered: list[View] = []
    while left:
        ready = [
            v
            for v in left.values()
            if not any(
                re.search(rf"(?<!\w){re.escape(n)}(?!\w)", v.definition)
                for n in left
                if n != v.name
            )
        ] or [next(iter(left.values()))]
        ordered.extend(left.pop(v.name) for v in ready)
    return ordered


def _step(sql: str, table: Table) -> Step:
    return Step(sql, table.name, Phase.TIGHTEN, table.name)


def _rebuilt(
    before: Table, after: Table, catalogue: Catalogue, hints: Hints, *, gentle: bool
) -> Iterator[Step]:
    _refuse(catalogue.others, before)
    if not gentle:
        after = _loosened(before, after)
    new = f"_new_{after.name}"
    copied = [c for c in after.columns if not c.generated and _source(c, before, hints)]
    names = listed([c.name for c in copied], _SQLITE)
    values = ", ".join(_source(c, before, hints) for c in copied)
    old = ident(before.name, _SQLITE)
    yield _step(written.create_table(after, _SQLITE, name=new), after)
    if copied:
        insert = f"INSERT INTO {ident(new, _SQLITE)} ({names}) SELECT {values} FROM {old}"  # noqa: S608 - quoted
        yield _step(insert, after)
    yield _step(f"DROP TABLE {old}", after)
    yield _step(f"ALTER TABLE {ident(new, _SQLITE)} RENAME TO {ident(after.name, _SQLITE)}", after)
    for index in after.indexes:
        yield _step(written.index(index, after, _SQLITE), after)
    for trigger in catalogue.others:
        if trigger.kind == "trigger" and trigger.table == before.name:
            yield _step(trigger.definition, after)


def _source(column: Column, before: Table, hints: Hints) -> str:
    """What a column of the new table is copied from; empty: its default."""
    name = ident(column.name, _SQLITE)
    fill = hints.fills.get(f"{before.name}.{column.name}", "")
    old = before.column(column.name)
    if old is None:
        return fill
    if fill:
        return f"coalesce({name}, {fill})"
    if old.nullable and not column.nullable and column.default is not None:
        return f"coalesce({name}, {column.default})"
    return name


def _loosened(before: Table, after: Table) -> Table:
    """On the way back the values of a dropped column are gone, so it may be NULL."""
    columns = tuple(
        replace(c, nullable=True)
        if before.column(c.name) is None and not c.nullable and c.default is None
        else c
        for c in after.columns
    )
    return replace(after, columns=columns)


def _refuse(others: tuple[OtherObject, ...], table: Table) -> None:
    for item in others:
        if item.kind == "conflict clause" and item.table == table.name:
            raise NotSupported(
                f"table {table.name} would be rebuilt and holds an ON CONFLICT clause,"
                " which would be lost",
                hint="Give the statements as SQL in the specification.",
            )
