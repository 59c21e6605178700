"""Time backup and restore against the plain tools: `python bench/backup.py [--rows 1000000]`.

On a private PostgreSQL with mixed data (dates, uuids, JSON, text that compresses about 3:1) and on
a SQLite file of the same rows. Best of three; "stored" is dumped, hashed and recorded but not yet
decoded, "whole" is verified to level 2, synced and in the catalogue.
"""

import argparse
import json
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.app import build
from faber_db.services import backup as backups
from faber_db.services import restore

TABLES = """
CREATE TABLE customers (id integer PRIMARY KEY, key uuid, name text, profile jsonb);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer, placed timestamptz, total numeric,
    note text);
INSERT INTO customers SELECT n, md5(n::text)::uuid, 'customer ' || n || ' äöü ' || md5((n * 7)::text),
    jsonb_build_object('n', n, 'tags', ARRAY['a', 'b', (n % 97)::text], 'mail', 'u' || n || '@x.org')
    FROM generate_series(1, {rows} / 8) n;
INSERT INTO orders SELECT n, 1 + n::bigint * 7919 % ({rows} / 8), timestamptz '2020-01-01' + n * interval
    '97 s', (n::bigint * 31 % 100000) / 100.0, 'order ' || n || ' ' || md5(n::text) FROM generate_series(1, {rows}) n;
CREATE INDEX orders_by_customer ON orders (customer);
VACUUM ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(f"{datetime.now(UTC):%Y-%m-%d}, {rows} orders")
    found = binaries.find("initdb")[0]
    with tempfile.TemporaryDirectory() as folder, PrivatePostgresql(found.folder) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for statement in TABLES.format(rows=rows).split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())
        on_postgresql(Path(folder), server.url(), found.folder)
        on_sqlite(Path(folder), rows)


def on_postgresql(folder: Path, url: str, tools: Path) -> None:
    def tool(*arguments: str) -> Callable[[], object]:
        command = [str(tools / arguments[0]), *arguments[1:]]
        return lambda: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    archive = str(folder / "peer.dump")
    print(f"PostgreSQL, {size_of(url) / 1e6:.0f} MB")
    limit = best(tool("pg_dump", "-Fp", "-f", "/dev/null", "-d", url))
    plain = best(tool("pg_dump", "-Fc", "--compress=zstd:1", "-f", archive, "-d", url))
    create = [str(tools / "createdb"), "--maintenance-db", url, "peer"]
    subprocess.run(create, check=True)
    peer = url.replace("/postgres?", "/peer?")
    restored = timed(tool("pg_restore", "-j", "2", "-d", peer, archive))
    print(f"  pg_dump -Fp > /dev/null {limit:.2f} s; -Fc zstd:1 to a file {plain:.2f} s,")
    print(f"  {Path(archive).stat().st_size / 1e6:.0f} MB; pg_restore -j 2 {restored:.2f} s")
    ours(folder / "postgresql", url, limit, plain, restored)


def on_sqlite(folder: Path, rows: int) -> None:
    file = folder / "bench.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE orders (id integer PRIMARY KEY, customer integer, note text)")
        notes = ((n, n * 7919 % 1000, f"order {n} {n * 48_271:032x}") for n in range(rows))
        db.executemany("INSERT INTO orders VALUES (?, ?, ?)", notes)
        db.execute("CREATE INDEX by_customer ON orders (customer)")
    db.close()
    print(f"SQLite, {file.stat().st_size / 1e6:.0f} MB")

    def copy() -> None:
        source, target = sqlite3.connect(file), sqlite3.connect(folder / "peer.db")
        source.backup(target, pages=-1)
        source.close()
        target.close()

    plain = best(copy)
    print(f"  backup API to a file {plain:.2f} s")
    ours(folder / "sqlite", str(file), plain, plain, plain)


def ours(project: Path, url: str, limit: float, plain: float, restored: float) -> None:
    project.mkdir()
    (project / "faber-db.json").write_text(json.dumps({"environments": {"dev": {"url": url}}}))
    app = build(project, {"XDG_STATE_HOME": str(project / "state")})
    database = app.database()
    environment = database.environment("dev")
    runs = []
    for _ in range(3):
        moments: dict[str, float] = {}
        began = time.perf_counter()
        made = backups.create(
            app,
            database,
            environment,
            progress=lambda words, at=moments: at.setdefault(words, time.perf_counter()),  # type: ignore[misc]  # the default is no argument of Progress
        )
        whole = time.perf_counter() - began
        runs.append((whole, moments["decoding the backup"] - began))
    whole, stored = min(runs)
    print(f"  ours: stored {stored:.2f} s = {stored / limit:.2f} x the limit,", end=" ")
    print(
        f"{stored / plain:.2f} x the plain tool; whole {whole:.2f} s; {made.size_bytes / 1e6:.0f} MB"
    )
    beside = timed(lambda: backups.verify(app, made, 3))
    print(f"  ours: level 3 (hash, decode, restore beside, compare, drop) {beside:.2f} s", end=" ")
    print(f"= {beside / restored:.2f} x the plain restore")
    swapped = timed(lambda: restore.carry_out(app, database, environment, made))
    print(f"  ours: whole restore with a safety backup first {swapped:.2f} s")


def size_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0


def best(work: Callable[[], object]) -> float:
    return min(timed(work) for _ in range(3))


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
