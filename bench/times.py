"""Predicted and measured times of the classes of work: `python bench/times.py [--rows 50000,200000,800000]`.

Fills tables on a private PostgreSQL, lets the analysis predict each statement from sizes and one
timed scan, runs it, and says whether what was measured lies inside the range. Run it on a machine
that is otherwise idle: a range is for a server at work, not for one that stops.
"""

# ruff: noqa: S608 - fixed texts and numbers

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.model.dialect import Dialect
from faber_db.model.finding import StatementReport
from faber_db.services.pace import LIMITS, timed
from faber_db.services.verdict import Surroundings, surroundings, verdict_of
from faber_db.sql.script import parse

STATEMENTS = {
    "scan": "ALTER TABLE t ALTER COLUMN number SET NOT NULL",
    "check": "ALTER TABLE t ADD CONSTRAINT positive CHECK (number >= 0)",
    "foreign key": "ALTER TABLE t ADD FOREIGN KEY (parent) REFERENCES p",
    "number index": "CREATE INDEX i ON t (number)",
    "text index": "CREATE INDEX i ON t (word)",
    "unique": "ALTER TABLE t ADD UNIQUE (number)",
    "rewrite": "ALTER TABLE t ALTER COLUMN small TYPE bigint",
    "rewrite by default": "ALTER TABLE t ADD COLUMN z double precision DEFAULT random()",
    "mass UPDATE": "UPDATE t SET small = small + 1",
    "mass DELETE": "DELETE FROM t",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="50000,200000,800000")
    parser.add_argument("--width", default="20,300", help="bytes of a padding column")
    arguments = parser.parse_args()
    inside = tried = 0
    with PrivatePostgresql(binaries.find("initdb")[0].folder) as server:
        for rows in map(int, arguments.rows.split(",")):
            for width in map(int, arguments.width.split(",")):
                fill(server.url(), rows, width)
                around = look(server.url())
                print(f"\n{rows:,} rows of about {width + 80} bytes, pace {around.pace} ns")
                for name, took_ms, report in run(server.url(), around):
                    fits = report.low_ms is not None and report.high_ms is not None
                    fits = fits and (report.low_ms or 0) <= took_ms <= (report.high_ms or 0)
                    inside, tried = inside + fits, tried + 1
                    print(
                        f"  {name:20} {took_ms:8.0f} ms   {report.low_ms:6} to {report.high_ms:6} ms"
                        f"   {report.takes:18} {'inside' if fits else 'OUTSIDE'}"
                    )
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d}: {inside} of {tried} measured times are inside their range"
    )


def fill(url: str, rows: int, width: int) -> None:
    """One table with a key, a number, a word and padding; a small one that it refers to."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "DROP TABLE IF EXISTS t, p",
            "CREATE TABLE p (id integer PRIMARY KEY)",
            "INSERT INTO p SELECT generate_series(1, 1000)",
            "CREATE TABLE t (id integer PRIMARY KEY, number integer, small integer,"
            " parent integer, word text, padding text)",
            "INSERT INTO t SELECT g, (g::bigint * 7919 % 2147483647)::integer, g % 1000,"
            f" g % 1000 + 1, md5(g::text), repeat('x', {width:d})"
            f" FROM generate_series(1, {rows:d}) g",
            "VACUUM ANALYZE t",
            "VACUUM ANALYZE p",
            "CHECKPOINT",
        ):
            connection.execute(statement.encode())


def look(url: str) -> Surroundings:
    """Schema, sizes and the pace, as `analyze --environment` finds them."""
    with Postgresql().connect(url, limits=LIMITS, read_only=True) as session:
        around = surroundings(session, leave_out=(), protected=False)
        sizes = around.sizes or {}
        table = around.catalogue.table("t") if around.catalogue else None
        if table is None:
            raise SystemExit("the table is not there")
        pace = timed(session, table, sizes["t"])
    return Surroundings(
        dialect=around.dialect,
        server_version=around.server_version,
        catalogue=around.catalogue,
        sizes=around.sizes,
        pace=pace,
    )


def run(url: str, around: Surroundings) -> Iterator[tuple[str, float, StatementReport]]:
    """Each statement in a transaction that is rolled back."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, sql in STATEMENTS.items():
            script = parse(sql, Dialect.POSTGRESQL)
            (report,) = verdict_of([script], [""], [True], around).statements
            connection.execute("BEGIN")
            began = time.perf_counter()
            connection.execute(sql.encode())
            took_ms = (time.perf_counter() - began) * 1000
            connection.execute("ROLLBACK")
            yield name, took_ms, report


if __name__ == "__main__":
    main()
