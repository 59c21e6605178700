"""What a SQLite file held before a case and holds no more."""

import sqlite3
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """One table: where it begins in the file, its rows, and how often each value stands in a column."""

    root: int
    rows: int
    values: dict[str, Counter[str]]


def snapshot(connection: sqlite3.Connection) -> dict[str, Held]:
    """Every table with its values, generated columns apart."""
    roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema"))
    names = [
        name
        for schema, name, kind, *_ in connection.execute("PRAGMA table_list")
        if schema == "main" and kind in ("table", "virtual") and not name.startswith("sqlite_")
    ]
    return {name: _held(connection, name, roots.get(name, 0)) for name in names}


def _held(connection: sqlite3.Connection, name: str, root: int) -> Held:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(name)})")]
    chosen = ", ".join(map(_quoted, columns))
    rows = connection.execute(f"SELECT {chosen} FROM {_quoted(name)}").fetchall()
    values = {
        column: Counter(_plain(row[place]) for row in rows if row[place] is not None)
        for place, column in enumerate(columns)
    }
    return Held(root, len(rows), values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: object) -> str:
    """The same text for the same value in another type: 7, 7.0 and '7'."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def losses(connection: sqlite3.Connection, before: dict[str, Held]) -> list[str]:
    """What was there and is no more: tables, rows, columns, values; one line each."""
    now = snapshot(connection)
    found: list[str] = []
    for name, held in before.items():
        same = [now[name]] if name in now else []
        same += [h for n, h in now.items() if n != name and h.root == held.root and h.root]
        if same:
            compared = [_lost(name, held, h) for h in same]
            found += sorted(compared, key=len)[0]
        elif held.rows:
            found.append(f"{name}: table with {held.rows} rows")
    return found


def _lost(name: str, was: Held, now: Held) -> list[str]:
    found = [f"{name}: {was.rows - now.rows} rows"] if now.rows < was.rows else []
    for place, (column, values) in enumerate(was.values.items()):
        here = _same(column, place, was, now)
        if here is None:
            if values:
                found.append(f"{name}.{column}: column with {values.total()} values")
        elif now.rows >= was.rows and (gone := values - here):
            found.append(f"{name}.{column}: {gone.total()} values")
    return found


def _same(column: str, place: int, was: Held, now: Held) -> Counter[str] | None:
    """The column under its name, or under a new one in its place."""
    if column in now.values:
        return now.values[column]
    names = list(now.values)
    renamed = names[place] if place < len(names) and names[place] not in was.values else ""
    values = now.values.get(renamed)
    return values if values is not None and not was.values[column] - values else None
