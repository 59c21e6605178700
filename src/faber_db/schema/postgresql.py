"""Statements of PostgreSQL, in the forms that keep other sessions waiting least."""

import re
from collections.abc import Iterator
from dataclasses import replace

from faber_db.errors import NotSupported
from faber_db.model.catalogue import Catalogue, Check, Column, EnumType, ForeignKey, Key, Table
from faber_db.model.dialect import Dialect
from faber_db.schema import written
from faber_db.schema.names import full, ident, made
from faber_db.schema.normal import same_default, same_type
from faber_db.schema.steps import Hints, Phase, Step

_PG = Dialect.POSTGRESQL


def steps(
    current: Catalogue, before: Catalogue, desired: Catalogue, hints: Hints, *, gentle: bool
) -> Iterator[Step]:
    """Statements for everything in which the catalogues differ, each with its phase.

    Args:
        current: the schema as it is.
        before: the same after the renames of the hints.
        desired: the schema to come to.
        hints: renames, values for stored rows.
        gentle: indexes are built concurrently and constraints validated apart; a column that
            comes back without a default may be NULL where this is false (the way back).
    """
    yield from _renames(current, hints)
    yield from _enums(before, desired)
    yield from _tables(before, desired)
    for table in desired.tables:
        earlier = before.table(table.full_name)
        if earlier is not None:
            yield from _columns(earlier, table, hints, gentle=gentle)
            yield from _constraints(earlier, table, desired, gentle=gentle)
            yield from _indexes(earlier, table, gentle=gentle)
    yield from _dropped_tables(before, desired)
    yield from _dropped_enums(before, desired)


def _renames(current: Catalogue, hints: Hints) -> Iterator[Step]:
    tables = {t.full_name for t in current.tables}
    for old, new in hints.renames.items():
        if old in tables:
            continue
        table, _, column = old.rpartition(".")
        yield Step(
            f"ALTER TABLE {full(table, _PG)} RENAME COLUMN {ident(column, _PG)} TO {ident(new, _PG)}",
            f"{table}.{new}",
            Phase.RENAME,
            table,
        )
    for old, new in hints.renames.items():
        if old in tables:
            sql = f"ALTER TABLE {full(old, _PG)} RENAME TO {ident(new, _PG)}"
            yield Step(sql, new, Phase.RENAME, new)


# enum types


def _enums(before: Catalogue, desired: Catalogue) -> Iterator[Step]:
    old = {e.full_name: e for e in before.enums}
    new = {e.full_name: e for e in desired.enums}
    for name, enum in new.items():
        if name not in old:
            labels = ", ".join(_literal(label) for label in enum.labels)
            sql = f"CREATE TYPE {full(name, _PG)} AS ENUM ({labels})"
            yield Step(sql, name, Phase.EXPAND)
        elif old[name].labels != enum.labels:
            yield from _labels(old[name], enum)


def _dropped_enums(before: Catalogue, desired: Catalogue) -> Iterator[Step]:
    """After the columns and tables that use them."""
    wanted = {e.full_name for e in desired.enums}
    for enum in before.enums:
        if enum.full_name not in wanted:
            sql = f"DROP TYPE {full(enum.full_name, _PG)}"
            yield Step(sql, enum.full_name, Phase.CONTRACT)


def _labels(old: EnumType, new: EnumType) -> Iterator[Step]:
    kept = [label for label in new.labels if label in old.labels]
    if kept != list(old.labels):
        gone = [label for label in old.labels if label not in new.labels]
        what = f"labels {', '.join(gone)} are removed" if gone else "the labels change their order"
        raise NotSupported(
            f"enum {new.full_name}: {what}, which is not written yet",
            hint="Give the statements as SQL in the specification.",
        )
    for at, label in enumerate(new.labels):
        if label in old.labels:
            continue
        place = f" AFTER {_literal(new.labels[at - 1])}" if at else ""
        if not at and old.labels:
            place = f" BEFORE {_literal(old.labels[0])}"
        sql = f"ALTER TYPE {full(new.full_name, _PG)} ADD VALUE {_literal(label)}{place}"
        yield Step(sql, new.full_name, Phase.EXPAND)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# tables


def _tables(before: Catalogue, desired: Catalogue) -> Iterator[Step]:
    there = {t.full_name for t in before.tables}
    new = in_order([t for t in desired.tables if t.full_name not in there])
    waiting = {t.full_name for t in new}
    for table in new:
        waiting.discard(table.full_name)
        late = frozenset(waiting)
        sql = written.create_table(table, _PG, leave_out=late)
        yield Step(sql, table.full_name, Phase.EXPAND, table.full_name)
        for index in table.indexes:
            about = f"{table.full_name}.{index.name}"
            yield Step(written.index(index, table, _PG), about, Phase.EXPAND, table.full_name)
        yield from _comments(table)
    for table in new:
        at = new.index(table)
        later = {t.full_name for t in new[at + 1 :]}
        for key in table.foreign_keys:
            if key.table in later:
                yield _add(table, key.name, written.foreign_key(key, _PG), Phase.EXPAND)


def _dropped_tables(before: Catalogue, desired: Catalogue) -> Iterator[Step]:
    wanted = {t.full_name for t in desired.tables}
    order = list(reversed(in_order([t for t in before.tables if t.full_name not in wanted])))
    names = [t.full_name for t in order]
    for at, table in enumerate(order):
        for key in table.foreign_keys:
            if key.table in names[:at]:  # a circle: the key goes before its target does
                yield _drop(table, key.name, Phase.LOOSEN)
        sql = f"DROP TABLE {full(table.full_name, _PG)}"
        yield Step(sql, table.full_name, Phase.CONTRACT, table.full_name)


def _comments(table: Table) -> Iterator[Step]:
    for column in table.columns:
        if column.comment:
            yield _column_comment(table, column)


def _column_comment(table: Table, column: Column) -> Step:
    name = f"{full(table.full_name, _PG)}.{ident(column.name, _PG)}"
    text = _literal(column.comment) if column.comment else "NULL"
    about = f"{table.full_name}.{column.name}"
    return Step(f"COMMENT ON COLUMN {name} IS {text}", about, Phase.EXPAND, table.full_name)


def in_order(tables: list[Table]) -> list[Table]:
    """Tables after those they point to; in a circle the first one by name comes first."""
    left = {t.full_name: t for t in sorted(tables, key=lambda t: t.full_name)}
    ordered: list[Table] = []
    while left:
        ready = [
            t
            for t in left.values()
            if not any(k.table in left and k.table != t.full_name for k in t.foreign_keys)
        ] or [next(iter(left.values()))]
        for table in ready:
            ordered.append(left.pop(table.full_name))
    return ordered


# columns


def _columns(before: Table, after: Table, hints: Hints, *, gentle: bool) -> Iterator[Step]:
    for column in after.columns:
        old = before.column(column.name)
        if old is None:
            yield from _added(after, column, hints, gentle=gentle)
        else:
            yield from _altered(after, old, column, hints, gentle=gentle)
    for column in before.columns:
        if after.column(column.name) is None:
            yield _alter(after, f"DROP COLUMN {ident(column.name, _PG)}", column, Phase.CONTRACT)


def _alter(table: Table, words: str, column: Column, phase: Phase) -> Step:
    sql = f"ALTER TABLE {full(table.full_name, _PG)} {words}"
    return Step(sql, f"{table.full_name}.{column.name}", phase, table.full_name)


def _added(table: Table, column: Column, hints: Hints, *, gentle: bool) -> Iterator[Step]:
    about = f"{table.full_name}.{column.name}"
    fill = hints.fills.get(about)
    if fill and fill != column.default:
        text = written.column(column, _PG, nullable=True)
        yield _alter(table, f"ADD COLUMN {text}", column, Phase.EXPAND)
        yield _filled(table, column, fill)
        if not column.nullable:
            yield from _not_null(table, column, gentle=gentle)
        return
    bare = not column.nullable and column.default is None and not column.generated
    loose = bare and not gentle and not column.identity  # the way back: its values are gone
    text = written.column(column, _PG, nullable=True if loose else None)
    yield _alter(table, f"ADD COLUMN {text}", column, Phase.EXPAND)
    if column.comment:
        yield _column_comment(table, column)


def _filled(table: Table, column: Column, expression: str) -> Step:
    name = ident(column.name, _PG)
    sql = f"UPDATE {full(table.full_name, _PG)} SET {name} = {expression} WHERE {name} IS NULL"  # noqa: S608 - quoted
    return Step(sql, f"{table.full_name}.{column.name}", Phase.FILL, table.full_name)


def _not_null(table: Table, column: Column, *, gentle: bool) -> Iterator[Step]:
    """A validated check lets SET NOT NULL skip its scan (PostgreSQL manual, ALTER TABLE, 12+)."""
    name = ident(column.name, _PG)
    if not gentle:
        yield _alter(table, f"ALTER COLUMN {name} SET NOT NULL", column, Phase.TIGHTEN)
        return
    helper = ident(made(table.full_name, [column.name], "not_null"), _PG)
    for words in (
        f"ADD CONSTRAINT {helper} CHECK ({name} IS NOT NULL) NOT VALID",
        f"VALIDATE CONSTRAINT {helper}",
        f"ALTER COLUMN {name} SET NOT NULL",
        f"DROP CONSTRAINT {helper}",
    ):
        yield _alter(table, words, column, Phase.TIGHTEN)


def _altered(
    table: Table, old: Column, new: Column, hints: Hints, *, gentle: bool
) -> Iterator[Step]:
    name = ident(new.name, _PG)
    if not same_type(old.type, new.type, _PG):
        yield from _retyped(table, old, new)
    elif not same_default(old.default, new.default, _PG):
        change = "DROP DEFAULT" if new.default is None else f"SET DEFAULT {new.default}"
        yield _alter(table, f"ALTER COLUMN {name} {change}", new, Phase.EXPAND)
    fill = hints.fills.get(f"{table.full_name}.{new.name}")
    if fill:
        yield _filled(table, new, fill)
    if old.nullable and not new.nullable:
        yield from _not_null(table, new, gentle=gentle)
    elif new.nullable and not old.nullable:
        yield _alter(table, f"ALTER COLUMN {name} DROP NOT NULL", new, Phase.LOOSEN)
    if old.comment != new.comment:
        yield _column_comment(table, new)


def _retyped(table: Table, old: Column, new: Column) -> Iterator[Step]:
    name = ident(new.name, _PG)
    if old.default is not None:
        yield _alter(table, f"ALTER COLUMN {name} DROP DEFAULT", new, Phase.EXPAND)
    words = f"ALTER COLUMN {name} TYPE {new.type} USING {name}::{new.type}"
    yield _alter(table, words, new, Phase.EXPAND)
    if new.default is not None:
        yield _alter(table, f"ALTER COLUMN {name} SET DEFAULT {new.default}", new, Phase.EXPAND)


# constraints


def _constraints(
    before: Table, after: Table, desired: Catalogue, *, gentle: bool
) -> Iterator[Step]:
    gone = {c.name for c in before.columns} - {c.name for c in after.columns}
    yield from _primary_keys(before, after, gone)
    yield from _uniques(before, after, gone, gentle=gentle)
    yield from _checks(before, after, gone, gentle=gentle)
    yield from _foreign_keys(before, after, desired, gone, gentle=gentle)


def _add(table: Table, name: str, words: str, phase: Phase) -> Step:
    sql = f"ALTER TABLE {full(table.full_name, _PG)} ADD {words}"
    return Step(sql, f"{table.full_name}.{name}", phase, table.full_name)


def _drop(table: Table, name: str, phase: Phase) -> Step:
    sql = f"ALTER TABLE {full(table.full_name, _PG)} DROP CONSTRAINT {ident(name, _PG)}"
    return Step(sql, f"{table.full_name}.{name}", phase, table.full_name)


def _validate(table: Table, name: str) -> Step:
    sql = f"ALTER TABLE {full(table.full_name, _PG)} VALIDATE CONSTRAINT {ident(name, _PG)}"
    return Step(sql, f"{table.full_name}.{name}", Phase.OUTSIDE, table.full_name)


def _primary_keys(before: Table, after: Table, gone: set[str]) -> Iterator[Step]:
    old, new = before.primary_key, after.primary_key
    if (old and old.columns) == (new and new.columns):
        return
    if old and not gone & set(old.columns):
        yield _drop(after, old.name, Phase.LOOSEN)
    if new:
        yield _add(after, new.name, written.primary_key(new, _PG), Phase.TIGHTEN)


def _uniques(before: Table, after: Table, gone: set[str], *, gentle: bool) -> Iterator[Step]:
    old = {k.columns: k for k in before.uniques}
    new = {k.columns: k for k in after.uniques}
    for columns in old:
        if columns not in new and not gone & set(columns):
            yield _drop(after, old[columns].name, Phase.LOOSEN)
    for columns, key in new.items():
        if columns in old:
            continue
        if not gentle:
            yield _add(after, key.name, written.unique(key, _PG), Phase.TIGHTEN)
            continue
        yield from _unique_by_index(after, key)


def _unique_by_index(table: Table, key: Key) -> Iterator[Step]:
    """The index is built without blocking writes; the constraint then takes it over."""
    name = ident(key.name, _PG)
    columns = ", ".join(ident(c, _PG) for c in key.columns)
    about = f"{table.full_name}.{key.name}"
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {full(table.full_name, _PG)} ({columns})"
    yield Step(create, about, Phase.OUTSIDE, table.full_name)
    yield _add(table, key.name, f"CONSTRAINT {name} UNIQUE USING INDEX {name}", Phase.OUTSIDE)


def _checks(before: Table, after: Table, gone: set[str], *, gentle: bool) -> Iterator[Step]:
    old = {c.name: c for c in before.checks}
    new = {c.name: c for c in after.checks}
    for name, check in old.items():
        if (name not in new or new[name].expression != check.expression) and not _names_any(
            check, gone
        ):
            yield _drop(after, name, Phase.LOOSEN)
    for name, check in new.items():
        if name in old and old[name].expression == check.expression:
            continue
        words = written.check(check, _PG)
        yield _add(after, name, f"{words} NOT VALID" if gentle else words, Phase.TIGHTEN)
        if gentle and check.validated:
            yield _validate(after, name)


def _names_any(check: Check, columns: set[str]) -> bool:
    """PostgreSQL drops a check with the column that it names."""
    return any(re.search(rf"(?<!\w){re.escape(c)}(?!\w)", check.expression) for c in columns)


def _foreign_keys(
    before: Table, after: Table, desired: Catalogue, gone: set[str], *, gentle: bool
) -> Iterator[Step]:
    def meaning(key: ForeignKey) -> ForeignKey:
        return replace(key, name="", validated=True)

    old = {meaning(k): k for k in before.foreign_keys}
    new = {meaning(k): k for k in after.foreign_keys}
    for meant, key in old.items():
        if meant not in new and not gone & set(key.columns):
            yield _drop(after, key.name, Phase.LOOSEN)
    for meant, key in new.items():
        if meant in old:
            continue
        words = written.foreign_key(key, _PG)
        added = desired.table(key.table)
        if gentle and added is not None:
            yield _add(after, key.name, f"{words} NOT VALID", Phase.TIGHTEN)
            yield _validate(after, key.name)
        else:
            yield _add(after, key.name, words, Phase.TIGHTEN)


def _indexes(before: Table, after: Table, *, gentle: bool) -> Iterator[Step]:
    old = {i.name: i for i in before.indexes}
    new = {i.name: i for i in after.indexes}
    gone = {c.name for c in before.columns} - {c.name for c in after.columns}
    schema = f"{ident(after.schema, _PG)}." if after.schema else ""
    for name, index in old.items():
        falls = any(column.split(" ")[0].strip('"') in gone for column in index.columns)
        if (name not in new or replace(new[name], valid=index.valid) != index) and not falls:
            how = "CONCURRENTLY " if gentle and name not in new else ""
            sql = f"DROP INDEX {how}{schema}{ident(name, _PG)}"
            phase = Phase.OUTSIDE if how else Phase.LOOSEN
            yield Step(sql, f"{after.full_name}.{name}", phase, after.full_name)
    for name, index in new.items():
        if name in old and replace(old[name], valid=index.valid) == index:
            continue
        sql = written.index(index, after, _PG, concurrently=gentle)
        phase = Phase.OUTSIDE if gentle else Phase.TIGHTEN
        yield Step(sql, f"{after.full_name}.{name}", phase, after.full_name)
