"""Whether a real schema is what was desired, where the desired one was declared.

Names of constraints are free, texts are compared as far as their sameness is sure; an expression
that the server prints in another form is matched by its table and place.
"""

from collections.abc import Iterator

from faber_db.model.catalogue import Catalogue, Column, ForeignKey, Table
from faber_db.model.dialect import Dialect
from faber_db.schema.normal import normal_type, same_default


def unlike(desired: Catalogue, real: Catalogue, dialect: Dialect) -> tuple[str, ...]:
    """What of the desired schema is otherwise in the real one, a sentence each."""
    return tuple(_all(desired, real, dialect))


def _all(desired: Catalogue, real: Catalogue, dialect: Dialect) -> Iterator[str]:
    wanted = {t.full_name: t for t in desired.tables}
    there = {t.full_name: t for t in real.tables}
    for name in sorted(wanted.keys() - there.keys()):
        yield f"table {name} is missing"
    for name in sorted(there.keys() - wanted.keys()):
        yield f"table {name} is there and was not wanted"
    for name in sorted(wanted.keys() & there.keys()):
        yield from _table(wanted[name], there[name], dialect)
    enums = {e.full_name: e.labels for e in desired.enums}
    found = {e.full_name: e.labels for e in real.enums}
    for name in sorted(enums.keys() | found.keys()):
        if enums.get(name) != found.get(name):
            yield f"enum {name} has the labels {found.get(name)}, wanted were {enums.get(name)}"
    if {v.full_name for v in desired.views} != {v.full_name for v in real.views}:
        yield "the views differ"
    if {(o.kind, o.name) for o in desired.others if not _of_new(o.table, wanted, there)} != {
        (o.kind, o.name) for o in real.others if not _of_new(o.table, wanted, there)
    }:
        yield "triggers, functions or other objects differ"


def _of_new(table: str, wanted: dict[str, Table], there: dict[str, Table]) -> bool:
    return bool(table) and not (table in wanted and table in there)


def _table(wanted: Table, real: Table, dialect: Dialect) -> Iterator[str]:
    name = wanted.full_name
    for column in wanted.columns:
        found = real.column(column.name)
        if found is None:
            yield f"column {name}.{column.name} is missing"
        else:
            yield from _column(f"{name}.{column.name}", column, found, dialect)
    for column in real.columns:
        if wanted.column(column.name) is None:
            yield f"column {name}.{column.name} is there and was not wanted"
    yield from _keys(wanted, real)
    if len(wanted.checks) != len(real.checks):
        yield f"table {name} has {len(real.checks)} checks, wanted were {len(wanted.checks)}"


def _column(name: str, wanted: Column, real: Column, dialect: Dialect) -> Iterator[str]:
    if normal_type(wanted.type, dialect) != normal_type(real.type, dialect):
        yield f"{name} has the type {real.type}, wanted was {wanted.type}"
    if wanted.nullable != real.nullable and not wanted.identity:
        yield f"{name} is {'nullable' if real.nullable else 'NOT NULL'}, wanted was the other"
    if not same_default(wanted.default, real.default, dialect):
        yield f"{name} has the default {real.default}, wanted was {wanted.default}"
    if bool(wanted.identity) != bool(real.identity):
        yield f"{name} {'counts' if real.identity else 'does not count'} up by itself"


def _keys(wanted: Table, real: Table) -> Iterator[str]:
    name = wanted.full_name
    if (wanted.primary_key and wanted.primary_key.columns) != (
        real.primary_key and real.primary_key.columns
    ):
        yield f"table {name} has another primary key"
    for what, one, other in (
        ("unique constraint", _uniques(wanted), _uniques(real)),
        ("foreign key", _foreign(wanted), _foreign(real)),
        ("index", _indexes(wanted), _indexes(real)),
    ):
        for words in sorted(one - other):
            yield f"table {name} lacks the {what} {words}"
        for words in sorted(other - one):
            yield f"table {name} has the {what} {words}, which was not wanted"


def _uniques(table: Table) -> set[str]:
    return {", ".join(key.columns) for key in table.uniques}


def _foreign(table: Table) -> set[str]:
    def words(key: ForeignKey) -> str:
        far = f"{key.table} ({', '.join(key.references)})"
        return f"({', '.join(key.columns)}) to {far} on delete {key.on_delete} on update {key.on_update}"

    return {words(key) for key in table.foreign_keys}


def _indexes(table: Table) -> set[str]:
    return {
        f"{'unique ' if i.unique else ''}({', '.join(c.replace(chr(34), '') for c in i.columns)})"
        for i in table.indexes
    }
