"""What a PostgreSQL database held before a case and holds no more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]
_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


@dataclass
class Tables:
    """The tables that were there, and what they held."""

    names: dict[int, str]
    filled: set[int]
    files: dict[int, int]
    roots: dict[int, int]  # a partition's topmost parent
    values: dict[int, dict[int, Counter[str]]]  # by table and column number: how often each value
    columns: dict[int, dict[int, tuple[str, str]]]  # name and type
    rows: dict[int, int]
    materialized: set[int]
    labels: dict[int, tuple[str, str]]  # of enums: type and label, by the label's own number


def regclass(connection: Connection, oid: int) -> Any:
    row = connection.execute("SELECT %s::oid::regclass::text", (oid,)).fetchone()
    assert row is not None
    return row[0]


def snapshot(connection: Connection) -> Tables:
    """Every table with its values; a partitioned one through its partitions."""
    rows = connection.execute(
        f"SELECT c.oid::int, n.nspname || '.' || c.relname, c.relkind::text, c.relfilenode::bigint,"
        f" CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::int ELSE c.oid::int END"
        f" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'm', 'p') AND c.relispopulated AND {_OWN}".encode()
    ).fetchall()
    materialized = {oid for oid, _, kind, _, _ in rows if kind == "m"}
    found = Tables({}, set(), {}, {}, {}, {}, {}, materialized, _labels(connection))
    for oid, name, kind, file, root in rows:
        found.names[oid] = name
        found.files[oid] = file
        found.roots[oid] = root
        if kind != "p":
            found.columns[oid] = _columns(connection, oid)
            found.values[oid], found.rows[oid] = _values(connection, oid, found.columns[oid])
            if found.rows[oid]:
                found.filled |= {oid, root}
    for oid in materialized:  # made again from other tables: nothing of it is lost
        del found.values[oid]
    return found


def _labels(connection: Connection) -> dict[int, tuple[str, str]]:
    rows = connection.execute(
        "SELECT oid::int, format_type(enumtypid, NULL), enumlabel::text FROM pg_enum"
    ).fetchall()
    return {int(oid): (str(kind), str(label)) for oid, kind, label in rows}


def _renamed(before: Tables, now: Tables, kind: str, values: Counter[str]) -> Counter[str]:
    """Values of an enum under the labels that they had before: a new name loses nothing."""
    old = {
        label: before.labels[oid][1]
        for oid, (owner, label) in now.labels.items()
        if owner == kind and oid in before.labels
    }
    found = Counter[str]()
    for value, count in values.items():
        found[old.get(value, value)] += count
    return found


def _columns(connection: Connection, oid: int) -> dict[int, tuple[str, str]]:
    rows = connection.execute(
        "SELECT attnum, attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (oid,),
    ).fetchall()
    return {int(number): (str(name), str(kind)) for number, name, kind in rows}


def _values(
    connection: Connection,
    oid: int,
    columns: dict[int, tuple[str, str]],
    as_type: dict[int, str] | None = None,
) -> tuple[dict[int, Counter[str]], int]:
    """How often each value of each column stands there, and the number of rows."""
    table = sql.SQL(regclass(connection, oid))
    parts = [
        sql.SQL("({}){}::text").format(
            sql.Identifier(name),
            sql.SQL("::" + (as_type or {}).get(number, kind)),
        )
        for number, (name, kind) in columns.items()
    ]
    query = sql.SQL("SELECT {} FROM ONLY {}").format(sql.SQL(", ").join(parts), table)
    rows: Sequence[tuple[Any, ...]] = connection.execute(query).fetchall()
    found = {
        number: Counter(str(row[place]) for row in rows if row[place] is not None)
        for place, number in enumerate(columns)
    }
    return found, len(rows)


def losses(connection: Connection, before: Tables) -> list[str]:
    """What was there and is no more: tables, rows, columns, values; one line each."""
    now = snapshot(connection)
    by_name = {name: oid for oid, name in now.names.items()}
    found: list[str] = []
    for root in sorted({before.roots[oid] for oid in before.values}):
        old = [oid for oid in before.values if before.roots[oid] == root]
        if all(
            before.values[o] == now.values.get(o) and before.columns[o] == now.columns[o]
            for o in old
        ):
            continue
        new = {oid for oid in old if oid in now.values}
        new |= {oid for oid in now.values if now.roots[oid] == root}
        again = by_name.get(before.names[root])
        if not new and again is not None and again in now.values:
            new = {again}  # made anew under its name
        found += _lost_of(connection, before, old, now, sorted(new))
    return found


def _lost_of(
    connection: Connection, before: Tables, old: list[int], now: Tables, new: list[int]
) -> list[str]:
    name = before.names[before.roots[old[0]]]
    had, has = sum(before.rows[o] for o in old), sum(now.rows[o] for o in new)
    if not new:
        return [f"{name}: table with {had} rows"] if had else []
    found = [f"{name}: {had - has} rows"] if has < had else []
    for column in dict.fromkeys(c for o in old for c, _ in before.columns[o].values()):
        values, kind = _of_column(before, old, column)
        if not values:
            continue
        kept = Counter[str]()
        missing = False
        for oid in new:
            here = _same_column(before, now, oid, column)
            if here is None:
                missing = True
                continue
            number, kind_now = here
            if kind_now == kind:
                kept += _renamed(before, now, kind, now.values[oid][number])
            else:
                kept += _cast_back(connection, now, oid, number, kind)
        gone = values - kept
        if missing and gone:
            found.append(f"{name}.{column}: column with {values.total()} values")
        elif gone and has >= had:
            found.append(f"{name}.{column}: {gone.total()} values")
    return found


def _of_column(before: Tables, old: list[int], column: str) -> tuple[Counter[str], str]:
    values, kind = Counter[str](), ""
    for oid in old:
        for number, (name, type_) in before.columns[oid].items():
            if name == column:
                values += before.values[oid][number]
                kind = type_
    return values, kind


def _same_column(before: Tables, now: Tables, oid: int, column: str) -> tuple[int, str] | None:
    """The column as it is now: by its number where the table is the same, else by its name."""
    numbers = [n for n, (name, _) in before.columns.get(oid, {}).items() if name == column]
    for number, (name, kind) in now.columns[oid].items():
        if number in numbers if numbers and numbers[0] in now.columns[oid] else name == column:
            return number, kind
    return None


def _cast_back(
    connection: Connection, now: Tables, oid: int, number: int, kind: str
) -> Counter[str]:
    """The values cast to the old type; as text where that cannot be done."""
    column = {number: now.columns[oid][number]}
    try:
        return _values(connection, oid, column, {number: kind})[0][number]
    except psycopg.Error:
        return now.values[oid][number]
