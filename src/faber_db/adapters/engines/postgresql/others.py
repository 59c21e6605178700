"""Other sessions that a migration would wait for, and replicas that read from this server."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from faber_db.services.ports import Blocker, ReplicaLag
from faber_db.sql.redact import redact

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_SHOWN = 200  # characters of a statement

# Every lock on a table conflicts with that of a definition. Autovacuum gives way by itself, but not
# where it prevents wraparound, which its query says. A lock without a process belongs to a prepared
# transaction; that also locks its own number.
_BLOCKERS = """
    SELECT coalesce(a.pid::text, 'prepared ' || x.gid),
        coalesce(nullif(a.application_name, ''), a.backend_type, 'a prepared transaction'),
        coalesce(a.usename, x.owner, '?'), coalesce(a.xact_start, x.prepared),
        coalesce(a.state LIKE 'idle in transaction%%', true), coalesce(a.query, ''),
        array_agg(DISTINCT CASE WHEN n.nspname = 'public' THEN c.relname
            ELSE n.nspname || '.' || c.relname END)
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_catalog.pg_locks i ON l.pid IS NULL AND i.pid IS NULL
        AND i.locktype = 'transactionid' AND i.virtualtransaction = l.virtualtransaction
    LEFT JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = i.transactionid
    WHERE l.locktype = 'relation' AND l.granted
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        AND NOT coalesce(a.backend_type = 'autovacuum worker'
            AND a.query NOT LIKE '%%to prevent wraparound%%', false)
        AND (c.relname = ANY(%s) OR n.nspname || '.' || c.relname = ANY(%s))
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 4 NULLS FIRST
"""
_REPLICAS = """
    SELECT coalesce(nullif(application_name, ''), 'pid ' || pid),
        CASE WHEN state IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag), 0)::float8 END,
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)::bigint END
    FROM pg_catalog.pg_stat_replication
    WHERE state IS NULL OR state <> 'backup'
"""


def blockers(connection: "Connection", tables: Sequence[str]) -> tuple[Blocker, ...]:
    """Sessions with granted locks on some tables, by full name; the oldest transaction first."""
    if not tables:
        return ()
    names = [name.removeprefix("public.") for name in tables]
    found = connection.execute(_BLOCKERS.encode(), (names, names)).fetchall()
    return tuple(
        Blocker(
            session=str(session),
            application=str(application),
            user=str(user),
            since=since if isinstance(since, datetime) else None,
            idle=bool(idle),
            doing=redact(str(query))[:_SHOWN],
            tables=tuple(map(str, locked)) if isinstance(locked, list) else (),
        )
        for session, application, user, since, idle, query, locked in found
    )


def replicas(connection: "Connection") -> tuple[ReplicaLag, ...]:
    """What the server says of its replicas; a role without `pg_monitor` learns their names alone."""
    return tuple(
        ReplicaLag(
            str(name),
            None if seconds is None else float(str(seconds)),
            None if behind is None else int(str(behind)),
        )
        for name, seconds, behind in connection.execute(_REPLICAS.encode()).fetchall()
    )
