"""Other sessions that a migration would wait for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.services.ports import Blocker
from faber_db.sql.redact import redact

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_SHOWN = 200  # characters of a statement
_LOCKS_SHOWN = (
    "SELECT 1 FROM information_schema.plugins"
    " WHERE plugin_name = 'METADATA_LOCK_INFO' AND plugin_status = 'ACTIVE'"
)
_TRANSACTIONS = """
    SELECT p.id, p.user, substring_index(p.host, ':', 1),
        unix_timestamp(t.trx_started), p.command, coalesce(t.trx_query, p.info, ''), ''
    FROM information_schema.innodb_trx t
    JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
    WHERE p.db = database() AND p.id <> connection_id()
    ORDER BY t.trx_started
"""
_LOCKS = """
    SELECT p.id, p.user, substring_index(p.host, ':', 1),
        coalesce(unix_timestamp(t.trx_started), unix_timestamp() - p.time), p.command,
        coalesce(t.trx_query, p.info, ''), group_concat(DISTINCT m.table_name)
    FROM information_schema.metadata_lock_info m
    JOIN information_schema.processlist p ON p.id = m.thread_id
    LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id
    WHERE m.table_schema = database() AND m.lock_type = 'Table metadata lock'
        AND p.id <> connection_id() AND lower(m.table_name) IN %s
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 4
"""


def blockers(connection: "Connection", tables: Sequence[str]) -> tuple[Blocker, ...]:
    """Sessions with a transaction open in this database; only those on some tables where it says.

    MariaDB tells of its metadata locks where its plugin `METADATA_LOCK_INFO` is installed. An
    account without PROCESS sees its own sessions alone.
    """
    if not tables:
        return ()
    if rows(connection, _LOCKS_SHOWN):
        names = tuple(name.rpartition(".")[2].lower() for name in tables)
        found = rows(connection, _LOCKS, (names,))
    else:
        found = rows(connection, _TRANSACTIONS)
    return tuple(
        Blocker(
            session=str(number),
            application=str(host),
            user=str(user),
            since=datetime.fromtimestamp(float(str(began)), UTC),
            idle=command == "Sleep",
            doing=redact(str(query))[:_SHOWN],
            tables=tuple(str(locked).split(",")) if locked else (),
        )
        for number, user, host, began, command, query, locked in found
    )
