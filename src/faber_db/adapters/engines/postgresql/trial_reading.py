"""What a session holds, has rewritten and has scanned, of the tables that existed before a trial."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faber_db.model.dialect import Dialect
from faber_db.sql.identifiers import full_name

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

MODES = {  # weakest first, as the manual writes them
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}
_STRENGTH = {mode: strength for strength, mode in enumerate(MODES)}
_MATERIALIZED = "m"  # others read from it only, so nothing but ACCESS EXCLUSIVE is in their way

# Indexes are left out: no statement locks one without its table.
_TABLES = """
    SELECT c.oid::bigint FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
        AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
"""
_STATE = """
    WITH held AS (
        SELECT relation, array_agg(DISTINCT mode) AS modes FROM pg_catalog.pg_locks
        WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
        GROUP BY relation
    )
    SELECT e.oid, n.nspname, c.relname, c.relkind::text, c.relfilenode::bigint,
        coalesce(pg_catalog.pg_stat_get_xact_numscans(e.oid::oid), 0), coalesce(held.modes, '{}')
    FROM unnest(%s::bigint[]) AS e (oid)
    LEFT JOIN pg_catalog.pg_class c ON c.oid = e.oid::oid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN held ON held.relation = e.oid::oid
"""


@dataclass(frozen=True, slots=True)
class TableNow:
    """One table at one moment; a dropped one has its last name, and neither file nor scans."""

    name: str
    materialized: bool
    file: int
    scans: int
    modes: frozenset[str]


Reading = Mapping[int, TableNow]
_NOTHING = TableNow("", materialized=False, file=0, scans=0, modes=frozenset())


def existing(connection: "Connection") -> Reading:
    """The tables that are there, by oid."""
    found = {int(str(oid)): _NOTHING for (oid,) in connection.execute(_TABLES).fetchall()}
    return read(connection, found)


def any_filled(connection: "Connection", tables: Reading) -> bool:
    """Whether one of them holds anything."""
    row = connection.execute(
        "SELECT coalesce(bool_or(pg_catalog.pg_relation_size(t::oid::regclass) > 0), false)"
        " FROM unnest(%s::bigint[]) AS t",
        (list(tables),),
    ).fetchone()
    return bool(row and row[0])


def read(connection: "Connection", tables: Mapping[int, TableNow]) -> Reading:
    """What is now, as this transaction sees it; one question.

    Args:
        connection: of the trial.
        tables: as they were at an earlier moment.
    """
    found: dict[int, TableNow] = {}
    rows = connection.execute(_STATE, (list(tables),)).fetchall()
    for number, schema, name, kind, file, scans, modes in rows:
        oid = int(str(number))
        found[oid] = TableNow(
            name=full_name(str(schema), str(name), Dialect.POSTGRESQL)
            if name
            else tables[oid].name,
            materialized=kind == _MATERIALIZED if name else tables[oid].materialized,
            file=int(str(file or 0)),
            scans=int(str(scans)),
            modes=frozenset(modes if isinstance(modes, list) else ()),
        )
    return found


def locks(before: Reading, after: Reading) -> tuple[tuple[str, str], ...]:
    """What was taken between two readings: the strongest new mode of each table."""
    return _strongest(before, {oid: now.modes - before[oid].modes for oid, now in after.items()})


def held(before: Reading) -> tuple[tuple[str, str], ...]:
    """What was held already."""
    return _strongest(before, {oid: now.modes for oid, now in before.items()})


def rewritten(before: Reading, after: Reading) -> tuple[str, ...]:
    """Tables that got a new file; one that was dropped has none."""
    return _names(
        was.name
        for oid, was in before.items()
        if after[oid].file and was.file and after[oid].file != was.file
    )


def scanned(before: Reading, after: Reading) -> tuple[str, ...]:
    """Tables that were read from their first page to their last."""
    return _names(was.name for oid, was in before.items() if after[oid].scans > was.scans)


def _strongest(before: Reading, modes: Mapping[int, frozenset[str]]) -> tuple[tuple[str, str], ...]:
    found = {}
    for oid, taken in modes.items():
        was = before[oid]
        counted = taken & {"AccessExclusiveLock"} if was.materialized else taken
        if counted:
            found[was.name] = MODES[max(counted, key=_STRENGTH.__getitem__)]
    return tuple(sorted(found.items()))


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))
