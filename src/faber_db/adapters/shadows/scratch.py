"""A database made on a server for a moment, dropped again, also when its maker was killed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql import marker
from faber_db.adapters.engines.postgresql.address import Address, parse
from faber_db.adapters.engines.postgresql.connect import raw
from faber_db.adapters.engines.postgresql.faults import translating
from faber_db.errors import ShadowUnavailable

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

PREFIX = "faber_db_shadow_"
COMMENT = "a throw-away database of faber-db"  # none is dropped by its name alone


@contextmanager
def database(url: str, *, owner: str, source: str = "template0") -> Iterator[Address]:
    """An empty database on the server of `url`.

    While it lives, its maker holds an advisory lock named after it; a database with our name and
    comment whose lock is free and which nobody is connected to was left by a process that is gone,
    and is dropped.

    Args:
        url: of any database on that server; only read from.
        owner: a role to make as its owner, without any right of its own; empty: the URL's role.
        source: the database that it is a copy of; nobody may be connected to that.

    Raises:
        ShadowUnavailable: that database is protected.
        PermissionMissing: the role may not create databases.
    """
    from psycopg import sql

    address = parse(url)
    name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
    with raw(address) as connection:
        with translating():
            if marker.read(connection) is not None:
                raise ShadowUnavailable(
                    f"{address.label} carries our marker: nothing is tried on a protected server",
                    hint="Name an unprotected environment on another server.",
                )
            _drop_leftovers(connection)
            connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
            clause: sql.Composable = sql.SQL("")
            if owner:
                _make_role(connection, owner)
                clause = sql.SQL(" OWNER {}").format(sql.Identifier(owner))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}{}").format(
                    sql.Identifier(name), sql.Identifier(source), clause
                )
            )
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), COMMENT)
            )
        made = Address(
            {**address.to_database(name).parameters, **({"user": owner} if owner else {})}
        )
        try:
            yield made
        finally:
            with translating():
                _drop(connection, name)


def _make_role(connection: "Connection", owner: str) -> None:
    from psycopg import errors, sql

    try:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(owner)))
    except errors.DuplicateObject:
        return


def _drop_leftovers(connection: "Connection") -> None:
    rows = connection.execute(
        "SELECT d.datname FROM pg_catalog.pg_database d"
        " WHERE starts_with(d.datname, %s) AND pg_has_role(d.datdba, 'MEMBER') AND NOT EXISTS"
        " (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)"
        " AND pg_catalog.shobj_description(d.oid, 'pg_database') = %s",
        (PREFIX, COMMENT),
    ).fetchall()
    for (name,) in rows:
        lock = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)
        ).fetchone()
        if lock and lock[0]:
            _drop(connection, str(name))
            connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (name,))


def _drop(connection: "Connection", name: str) -> None:
    from psycopg import sql

    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
