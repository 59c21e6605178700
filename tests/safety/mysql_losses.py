"""What a migration on MySQL or MariaDB did to values that were there: rows, columns, values."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pymysql.connections import Connection

Key = tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """One table: for each key the values of each column. A table without a key may repeat one."""

    key: tuple[str, ...]
    columns: tuple[str, ...]  # without those that the server computes or touches by itself
    values: Mapping[Key, tuple[tuple[str | None, ...], ...]]


@dataclass
class Loss:
    """What of the old values is nowhere any more."""

    rows: dict[str, int] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.columns or self.values)


_COLUMNS = """
    SELECT column_name, column_key = 'PRI', extra FROM information_schema.columns
    WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
_NO_KEY = {"journal": ("ref",)}  # tables without a primary key, and what tells their rows apart


def read(connection: "Connection[Any]", database: str, tables: Iterable[str]) -> dict[str, Rows]:
    """Tables with all their rows."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(_COLUMNS, (database, table))
            columns = [(name, bool(key), extra.lower()) for name, key, extra in cursor.fetchall()]
            found[table] = _table(cursor, database, table, columns)
    return found


def _table(cursor: Any, database: str, name: str, columns: list[tuple[str, bool, str]]) -> Rows:
    kept = tuple(
        c for c, _, extra in columns if "generated" not in extra and "on update" not in extra
    )
    key = _NO_KEY.get(name) or tuple(c for c, primary, _ in columns if primary)
    key = tuple(c for c in key if c in kept) or kept
    names = ", ".join(f"`{c}`" for c in kept)
    cursor.execute(f"SELECT {names} FROM `{database}`.`{name}`")
    found: dict[Key, list[tuple[str | None, ...]]] = defaultdict(list)
    positions = [kept.index(c) for c in key]
    for row in cursor.fetchall():
        values = tuple(_text(v) for v in row)
        found[tuple(values[p] or "" for p in positions)].append(values)
    return Rows(key, kept, {k: tuple(v) for k, v in found.items()})


def _text(value: object) -> str | None:
    """A value in a form that does not tell types apart which hold the same."""
    match value:
        case None:
            return None
        case Decimal() | float():
            number = Decimal(repr(value)) if isinstance(value, float) else value
            text = format(number.normalize(), "f")
            return "0" if text == "-0" else text
        case datetime.datetime():
            midnight = value.time() == datetime.time()
            return value.date().isoformat() if midnight else value.isoformat(" ")
        case bytes():
            return value.hex()
        case _:
            return str(value)


def losses(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> Loss:
    """Compare; a value that another table or a renamed column still holds is not lost."""
    loss = Loss()
    for name, old in before.items():
        homes = [after[name]] if name in after else []
        homes += [
            rows
            for other, rows in after.items()
            if other not in before or (other != name and set(old.columns) <= set(rows.columns))
        ]
        homes = [h for h in homes if set(old.key) <= set(h.columns)]
        gone = sum(not any(k in _keyed(h, old.key) for h in homes) for k in old.values)
        if gone:
            loss.rows[name] = gone
        if gone < len(old.values):
            for column in old.columns:
                _column(name, old, column, homes, loss)
    return loss


def _keyed(rows: Rows, key: tuple[str, ...]) -> Mapping[Key, tuple[tuple[str | None, ...], ...]]:
    if rows.key == key:
        return rows.values
    positions = [rows.columns.index(c) for c in key]
    found: dict[Key, list[tuple[str | None, ...]]] = defaultdict(list)
    for several in rows.values.values():
        for row in several:
            found[tuple(row[p] or "" for p in positions)].append(row)
    return {k: tuple(v) for k, v in found.items()}


def _column(name: str, old: Rows, column: str, homes: list[Rows], loss: Loss) -> None:
    fewest: int | None = None
    for home in homes:
        keyed = _keyed(home, old.key)
        for other in _same(column, old, home):
            missing = sum(_missing(old, column, keyed, home.columns.index(other)))
            fewest = missing if fewest is None else min(fewest, missing)
    filled = sum(_missing(old, column, {}, 0, alone=True))
    if fewest is None and filled:
        loss.columns.append(f"{name}.{column}")
    elif fewest:
        loss.values[f"{name}.{column}"] = fewest


def _same(column: str, old: Rows, home: Rows) -> tuple[str, ...]:
    """The columns that may be this one now: of its name, else new ones."""
    named = tuple(c for c in home.columns if c.lower() == column.lower())
    return named or tuple(c for c in home.columns if c not in old.columns)


def _missing(
    old: Rows, column: str, keyed: Mapping[Key, Any], position: int, *, alone: bool = False
) -> Iterator[bool]:
    """For each old row that still is there: whether its value in the column is not."""
    index = old.columns.index(column)
    for key, several in old.values.items():
        if alone or key in keyed:
            held = () if alone else {row[position] for row in keyed[key]}
            for row in several:
                yield row[index] is not None and row[index] not in held
