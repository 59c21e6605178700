"""How fast a target reads: one timed scan, remembered for a day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter_ns

from faber_db.errors import FaberDbError, StatementTimeout
from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.dialect import Dialect
from faber_db.rules.work import units_of
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Limits, Session, TableSize
from faber_db.services.verdict import Surroundings
from faber_db.sql.identifiers import quote, quote_full

_ROWS = 100_000  # that one scan reads at most
_FEWEST = 5_000  # below, a scan is over before it can be timed
_SCANS = 5  # the quickest counts: what disturbed the others is no property of the target
_KEPT = timedelta(days=1)
_UNTIMED = 150  # nanoseconds, where no table is big enough: a slow machine
LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=100),
    statement_timeout=timedelta(milliseconds=200),
    lock_retries=0,
)


def pace_of(
    app: App,
    database: Database,
    environment: Environment,
    catalogue: Catalogue,
    sizes: Mapping[str, TableSize],
) -> int | None:
    """Nanoseconds that reading one row takes; None where it cannot be told.

    Five scans of at most 100,000 rows, read-only, 0.2 s each at the most.
    """
    key = f"pace:{database.name}:{environment.name}"
    known = app.state.recall(key)
    if known is not None and app.now() - datetime.fromisoformat(str(known["at"])) < _KEPT:
        return int(str(known["nanoseconds"]))
    table = _middle(catalogue, sizes)
    if table is None:
        return _UNTIMED
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=LIMITS, read_only=True
        ) as session:
            pace = timed(session, table, sizes[table.full_name])
    except FaberDbError:  # locked or forbidden: then no time is given
        return None
    if pace is None:
        return None
    app.state.remember(key, {"nanoseconds": pace, "at": app.now().isoformat(timespec="seconds")})
    return pace


def paced(
    around: Surroundings, app: App, database: Database, environment: Environment
) -> Surroundings:
    """What is known of a database, with its pace; the factors of the work are PostgreSQL's."""
    catalogue, sizes = around.catalogue, around.sizes
    if catalogue is None or sizes is None or around.dialect is not Dialect.POSTGRESQL:
        return around
    return replace(around, pace=pace_of(app, database, environment, catalogue, sizes))


def timed(session: Session, table: Table, size: TableSize) -> int | None:
    """Nanoseconds for a unit of the quickest of five scans; None where each took too long."""
    schema = table.schema or ("public" if session.dialect is Dialect.POSTGRESQL else "")
    name = quote_full(f"{schema}.{table.name}", session.dialect) if schema else ""
    name = name or quote(table.name, session.dialect)
    question = f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {_ROWS}) AS scanned"  # noqa: S608
    share = min(1.0, _ROWS / max(size.rows, 1))
    found = []
    for _ in range(_SCANS):
        began = perf_counter_ns()
        try:
            session.query(question)
        except StatementTimeout:
            continue
        found.append((perf_counter_ns() - began) / max(1.0, units_of(size) * share))
    return max(1, int(min(found))) if found else None


def _middle(catalogue: Catalogue, sizes: Mapping[str, TableSize]) -> Table | None:
    """The table whose size is nearest to what one scan reads."""
    big = [t for t in catalogue.tables if (s := sizes.get(t.full_name)) and s.rows >= _FEWEST]
    return min(big, key=lambda t: abs(sizes[t.full_name].rows - _ROWS), default=None)
