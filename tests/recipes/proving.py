"""A plan and its original on two copies of one filled database: who waits, and where each ends."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Kind, Risk
from faber_db.recipes import Plan, Step, plan
from faber_db.rules import Context, analyze
from faber_db.sql.script import parse

SHOP = Path(__file__).with_name("shop.sql").read_text("utf-8")
Connection = psycopg.Connection[tuple[object, ...]]
_STRONG = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
OWN_ROWS = 1_000_000  # ids from here on are the traffic's


def fill(url: str, more: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SHOP.encode())
        connection.execute("VACUUM ANALYZE")
        if more:
            connection.execute(more.encode())


def catalogue_at(url: str) -> Catalogue:
    with Postgresql().connect(url) as session:
        return session.catalogue()


def findings_of(
    sql: str, catalogue: Catalogue | None, major: int, *, wrap: bool = True, earlier: str = ""
) -> tuple[Context, tuple[Finding, ...]]:
    context = Context(
        Dialect.POSTGRESQL,
        major * 10_000,
        catalogue,
        wrap=wrap,
        earlier=(parse(earlier, Dialect.POSTGRESQL),) if earlier else (),
    )
    return context, analyze(parse(sql, Dialect.POSTGRESQL), context).findings


def plan_of(sql: str, catalogue: Catalogue | None, major: int) -> Plan:
    context, findings = findings_of(sql, catalogue, major)
    return plan(parse(sql, Dialect.POSTGRESQL), context, findings)


def blocking_in(steps: tuple[Step, ...], catalogue: Catalogue, major: int) -> list[str]:
    """What our own rules say of the plan, file by file: what makes others wait, or fails."""
    found, before = [], ""
    for step in steps:
        _, findings = findings_of(step.sql, catalogue, major, wrap=step.transaction, earlier=before)
        found += [
            f"{step.name}: {f.code}"
            for f in findings
            if f.kind in (Kind.BLOCKING, Kind.FAILS)
            and f.code != "may-fail-on-data"
            and f.risk.at_least(Risk.MEDIUM)
        ]
        before += step.sql
    return found


def run_original(url: str, sql: str) -> None:
    with Postgresql().connect(url) as session:
        session.run(parse(sql, Dialect.POSTGRESQL), wrap=True)


def run_steps(
    url: str, steps: tuple[Step, ...], *, old_code: bool = True, new_orders: bool = True
) -> list[str]:
    """Run a plan under traffic; every statement that works while others cannot."""
    wrong: list[str] = []
    with (
        traffic(url, users=old_code, orders=new_orders) as jam,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute("SET lock_timeout = '5s'")
        for step in steps:
            statements = parse(step.sql, Dialect.POSTGRESQL).statements
            if step.transaction:
                with connection.transaction():
                    for statement in statements:
                        wrong += _observed(connection, statement.text)
            else:
                assert len(statements) == 1, "what Prisma sends at once has to be one statement"
                connection.execute(statements[0].text.encode())
    return [*wrong, *jam.errors]


def _observed(connection: Connection, statement: str) -> Iterator[str]:
    before, tables = _work(connection), _nodes(connection)
    connection.execute(statement.encode())
    after, now = _work(connection), _nodes(connection)
    worked = {t for t, n in after.items() if n > before.get(t, 0) and t in tables}
    worked |= {t for t, node in tables.items() if now.get(t, node) != node}
    held = _held(connection) & set(tables)
    if worked and held:
        yield f"{statement[:80]}: works through {worked} while {held} is locked"


def _work(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT relname, seq_scan + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
    ).fetchall()
    return {str(name): int(str(number)) for name, number in rows}


def _nodes(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT relname, relfilenode::int FROM pg_class WHERE relkind IN ('r', 'm')"
        " AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {str(name): int(str(node)) for name, node in rows}


def _held(connection: Connection) -> set[str]:
    """The tables whose writers wait; of a materialised view, those whose readers do."""
    rows = connection.execute(
        "SELECT c.relname, c.relkind::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted"
    ).fetchall()
    return {
        str(name)
        for name, kind, mode in rows
        if str(mode) in _STRONG and (kind != "m" or mode == "AccessExclusiveLock")
    }


@dataclass
class Jam:
    """What went wrong for the application meanwhile."""

    errors: list[str] = field(default_factory=list)
    statements: int = 0


@contextmanager
def traffic(url: str, *, users: bool, orders: bool) -> Iterator[Jam]:
    """An application that reads and writes all the time and waits for nobody longer than 2 s."""
    jam, stop = Jam(), threading.Event()
    ready = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '2s'")
            number = OWN_ROWS
            while not stop.is_set():
                number += 1
                user = f"INSERT INTO users (id, email, name, zip, age) VALUES ({number}, 'x{number}', 'x', '1', 1)"
                order = f"INSERT INTO orders (id, user_id, total) VALUES ({number}, 1, 1)"
                for statement in (
                    *([user] if users else []),
                    *([order] if orders else []),
                    f"UPDATE users SET age = age WHERE id = {number % 2500 + 1}",
                    "SELECT count(*) FROM orders WHERE user_id = 7",
                    "SELECT body FROM events LIMIT 1",
                ):
                    try:
                        connection.execute(statement.encode())
                        jam.statements += 1
                    except psycopg.Error as error:
                        jam.errors.append(f"{statement}: {error}")
                        if len(jam.errors) > 3:
                            return
                ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(60)
    try:
        yield jam
    finally:
        stop.set()
        thread.join()


def rows_of(url: str, without: Callable[[str, str], bool]) -> dict[str, list[str]]:
    """The rows of every table that were there before, as JSON without some columns."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = [
            str(row[0])
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
            ).fetchall()
        ]
        found = {}
        for table in sorted(tables):
            columns = connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped ORDER BY attname",
                (f'"{table}"',),
            ).fetchall()
            names = [str(c[0]) for c in columns if not without(table, str(c[0]))]
            row = ", ".join(f'"{name}"' for name in names)
            where = f"WHERE id < {OWN_ROWS}" if "id" in names else ""
            rows = connection.execute(f'SELECT row({row})::text FROM "{table}" {where}'.encode())
            found[table] = sorted(str(r[0]) for r in rows.fetchall())
        return found
