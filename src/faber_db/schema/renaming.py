"""A catalogue after tables and columns were renamed, with everything that names them."""

import re
from collections.abc import Mapping
from dataclasses import replace

from faber_db.errors import SchemaConflict
from faber_db.model.catalogue import Catalogue, Check, ForeignKey, Index, Key, Table


def renamed(catalogue: Catalogue, renames: Mapping[str, str]) -> Catalogue:
    """The catalogue with `table` and `table.column` renamed as a server would do it.

    Raises:
        SchemaConflict: what is to be renamed is not there, or the new name is taken.
    """
    tables = {t.full_name: t for t in catalogue.tables}
    for old, new in renames.items():
        if old in tables:
            continue
        name, _, column = old.rpartition(".")
        table = tables.get(name)
        if table is None or table.column(column) is None:
            raise SchemaConflict(f"{old} cannot be renamed: it is not there")
        if table.column(new) is not None:
            raise SchemaConflict(f"{old} cannot be renamed: {name}.{new} is there already")
        tables[name] = _with_column_renamed(table, column, new)
        tables = {n: _pointing(t, name, column, new) for n, t in tables.items()}
    for old, new in renames.items():
        if old in tables:
            moved = replace(tables.pop(old), name=new)
            if moved.full_name in tables:
                raise SchemaConflict(f"{old} cannot be renamed: {moved.full_name} is there already")
            tables[moved.full_name] = moved
            tables = {n: _retargeted(t, old, moved.full_name) for n, t in tables.items()}
    return replace(catalogue, tables=tuple(sorted(tables.values(), key=lambda t: t.full_name)))


def _swap(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if n == old else n for n in names)


def _in_text(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w\"']){re.escape(old)}(?![\w\"'])", new, text)


def _with_column_renamed(table: Table, old: str, new: str) -> Table:
    def key(item: Key) -> Key:
        return replace(item, columns=_swap(item.columns, old, new))

    def index(item: Index) -> Index:
        columns = tuple(new if c == old else _in_text(c, old, new) for c in item.columns)
        return replace(item, columns=columns, predicate=_in_text(item.predicate, old, new))

    def foreign(item: ForeignKey) -> ForeignKey:
        return replace(item, columns=_swap(item.columns, old, new))

    def check(item: Check) -> Check:
        return replace(item, expression=_in_text(item.expression, old, new))

    return replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        primary_key=key(table.primary_key) if table.primary_key else None,
        uniques=tuple(map(key, table.uniques)),
        indexes=tuple(map(index, table.indexes)),
        foreign_keys=tuple(map(foreign, table.foreign_keys)),
        checks=tuple(map(check, table.checks)),
    )


def _pointing(table: Table, target: str, old: str, new: str) -> Table:
    keys = tuple(
        replace(k, references=_swap(k.references, old, new)) if k.table == target else k
        for k in table.foreign_keys
    )
    return replace(table, foreign_keys=keys)


def _retargeted(table: Table, old: str, new: str) -> Table:
    keys = tuple(replace(k, table=new) if k.table == old else k for k in table.foreign_keys)
    return replace(table, foreign_keys=keys)
