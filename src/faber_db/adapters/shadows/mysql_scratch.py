"""A database on a MySQL or MariaDB server for a moment, with an account that may use it alone."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import marker
from faber_db.adapters.engines.mysql.address import Address, parse
from faber_db.adapters.engines.mysql.connect import raw, rows
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.engines.mysql.marker import SHADOW
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.errors import NotSupported, ShadowUnavailable

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection


@contextmanager
def database(url: str, *, charset: str = "", collation: str = "") -> Iterator[Address]:
    """An empty database on the server of `url`, as an account that has rights on it alone.

    While it lives, its maker holds a lock named after it (GET_LOCK); a database whose lock is free
    was left by a process that is gone, and is dropped with its account.

    Args:
        url: of any database on that server, as an account that may make databases and accounts.
        charset: of the new database; empty is the server's default.
        collation: the same.

    Raises:
        ShadowUnavailable: a database there is protected.
        PermissionMissing: the account may not make databases or accounts.
    """
    address = parse(url)
    name = f"{SHADOW}{os.getpid()}_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(18)
    with raw(address.to_database("")) as connection, translating():
        _refuse_protected(connection, address)
        _drop_leftovers(connection)
        rows(connection, "SELECT get_lock(%s, 5)", (name,))
        try:
            text = f" CHARACTER SET {charset} COLLATE {collation}" if charset else ""
            rows(connection, f"CREATE DATABASE {quoted(name)}{text}")
            _make_account(connection, name, password, local=address.is_local)
            yield Address(
                host=address.host,
                port=address.port,
                socket=address.socket,
                user=name,
                password=password,
                database=name,
                tls=address.tls,
                tls_files=address.tls_files,
            )
        finally:
            _drop(connection, name)


def _refuse_protected(connection: "Connection", address: Address) -> None:
    try:
        marker.refuse_on_server(connection)
    except NotSupported as error:
        raise ShadowUnavailable(
            f"{address.label} carries our marker: nothing is tried on a protected server",
            hint="Name an unprotected environment on another server.",
        ) from error


def _make_account(connection: "Connection", name: str, password: str, *, local: bool) -> None:
    account = f"{quoted(name)}@{quoted('localhost' if local else '%')}"
    rows(connection, f"CREATE USER {account} IDENTIFIED BY %s", (password,))
    only_this = quoted(name).replace("_", r"\_")  # in a GRANT it stands for any character
    rows(connection, f"GRANT ALL PRIVILEGES ON {only_this}.* TO {account}")


def _drop_leftovers(connection: "Connection") -> None:
    pattern = SHADOW.replace("_", r"\_") + "%"
    for (name,) in rows(connection, "SHOW DATABASES LIKE %s", (pattern,)):
        ((free,),) = rows(connection, "SELECT is_free_lock(%s)", (name,))
        if free:
            _drop(connection, str(name))


def _drop(connection: "Connection", name: str) -> None:
    rows(connection, f"DROP DATABASE IF EXISTS {quoted(name)}")
    for host in ("localhost", "%"):
        rows(connection, f"DROP USER IF EXISTS {quoted(name)}@{quoted(host)}")
    rows(connection, "SELECT release_lock(%s)", (name,))
