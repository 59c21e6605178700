"""Time a whole health look: `python bench/health.py [--tables 5000] [--indexes 4]`.

Makes a private PostgreSQL with that many tables and indexes, and a SQLite file of about 100 MB, and
takes the median of five looks at each. Drift is looked at apart, since the first look replays.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.checks import FOR
from faber_db.services.health import LIMITS, examine
from faber_db.services.ports import Engine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=5000)
    parser.add_argument("--indexes", type=int, default=4, help="of each table, with its key")
    arguments = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, budgets: 300 ms small, 2 s large")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        report("SQLite, empty", Sqlite(Path(folder)), sqlite_file(file, rows=0))
        report("SQLite, 100 MB", Sqlite(Path(folder)), sqlite_file(file, rows=900_000))
    with PrivatePostgresql(binaries.find("initdb")[0].folder) as server:
        report("PostgreSQL, empty", Postgresql(), server.url())
        fill(server.url(), arguments.tables, arguments.indexes)
        name = f"PostgreSQL, {arguments.tables} tables x {arguments.indexes} indexes"
        report(name, Postgresql(), server.url())


def report(name: str, engine: Engine, url: str) -> None:
    times = []
    slow: dict[str, int] = {}
    for _ in range(5):
        began = time.perf_counter()
        with engine.connect(url, limits=LIMITS, read_only=True) as session:
            results = list(examine(session, FOR[engine.name]))
        times.append((time.perf_counter() - began) * 1000)
        slow = {r.check: r.ms for r in sorted(results, key=lambda r: -r.ms)[:3]}
    print(f"{name}: {statistics.median(times):.0f} ms, with connecting; slowest: {slow}")


def sqlite_file(file: Path, *, rows: int) -> str:
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE IF NOT EXISTS t (id integer PRIMARY KEY, note text)")
    db.execute("CREATE INDEX IF NOT EXISTS t_note ON t (note)")
    db.executemany("INSERT INTO t VALUES (?, ?)", ((n, f"{n:040}") for n in range(rows)))
    db.commit()
    db.close()
    return f"sqlite:{file}"


def fill(url: str, tables: int, indexes: int) -> None:
    columns = ", ".join(f"c{n} integer UNIQUE" for n in range(1, indexes))
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(0, tables, 500):
            statements = [
                f"CREATE TABLE t{n} (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns})"
                for n in range(first, min(first + 500, tables))
            ]
            connection.execute("; ".join(statements).encode())


if __name__ == "__main__":
    main()
