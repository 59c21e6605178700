"""What a failed CREATE INDEX CONCURRENTLY leaves: an invalid index, which blocks the next try.

PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently": the recommended way on is to drop
it and try again. With IF NOT EXISTS the next try would be skipped, and the index stay unusable.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faber_db.sql.script import Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_NAME = r'(?:"((?:[^"]|"")+)"|([\w$]+))'
_BUILD = re.compile(
    rf"\bINDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:(?!ON\s){_NAME}\s+)?ON\s+(?:ONLY\s+)?"
    rf"(?:{_NAME}\s*\.\s*)?{_NAME}",
    re.I,
)

# Nothing that is being built right now, by whomever; where the role may not see what others build,
# nothing at all.
_INVALID = """
    SELECT i.indexrelid::bigint, n.nspname, c.relname, t.relname
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_progress_create_index p
        WHERE p.index_relid = i.indexrelid
            OR (p.index_relid IS NULL
                AND p.datid = (SELECT oid FROM pg_catalog.pg_database
                    WHERE datname = current_database())))
"""


@dataclass(frozen=True, slots=True)
class Build:
    """An index that is built concurrently; `name` is empty where the server makes one up."""

    name: str
    table: str


def build_of(statement: Statement) -> Build | None:
    """What a statement builds concurrently, or None where it is another statement."""
    if not re.match(r"\s*CREATE\b", plain(statement.text), re.I):
        return None
    match = _BUILD.search(plain(statement.text))
    if match is None:
        return None
    groups = match.groups()
    return Build(_folded(*groups[0:2]), _folded(*groups[4:6]))


def invalid_indexes(connection: "Connection") -> frozenset[object]:
    """The oids of indexes that are invalid and not being built."""
    return frozenset(row[0] for row in connection.execute(_INVALID).fetchall())


def leftovers(
    connection: "Connection", build: Build, *, keep: frozenset[object]
) -> list[tuple[str, str]]:
    """Schema and name of what failed tries of a build left.

    Args:
        connection: outside a transaction.
        build: the index; one without a name takes only what is not in `keep`.
        keep: oids that were there before this run.
    """
    return [
        (str(schema), str(name))
        for oid, schema, name, table in connection.execute(_INVALID).fetchall()
        if (name == build.name if build.name else oid not in keep) and table == build.table
    ]


def drop_leftovers(connection: "Connection", build: Build, *, keep: frozenset[object]) -> None:
    """Drop what failed tries of a build left; waits for writers as the build itself does.

    Raises:
        psycopg.errors.LockNotAvailable: a writer goes on for longer than `lock_timeout`.
    """
    from psycopg import sql

    for schema, name in leftovers(connection, build, keep=keep):
        connection.execute(
            sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
        )


def plain(text: str) -> str:
    """Without comments, so that words stand beside each other."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


def _folded(quoted: str | None, plain: str | None) -> str:
    return quoted.replace('""', '"') if quoted else (plain or "").lower()
