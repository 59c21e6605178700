"""Restore into a database beside the live one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import clients
from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.connect import Server, raw, rows, server_of
from faber_db.adapters.engines.mysql.faults import is_forbidden, words
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.errors import Cancelled, PermissionMissing, RestoreFailed
from faber_db.services import ports

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_LONGEST_NAME = 64  # characters
_PATIENCE = 10  # seconds for the lock of a table
_CLIENT = ("--batch", "--binary-mode", "--skip-local-infile")


def restore_beside(
    address: Address, file: Path, *, progress: ports.Progress, cancelled: ports.Cancelled
) -> str:
    """Restore a dump into a new database of the same server; its name.

    Raises:
        RestoreFailed: nothing is left of the copy.
        BackupToolMissing: no `mariadb` of the server's version or newer.
        PermissionMissing: the account may not make databases.
    """
    with talking(address) as (connection, server):
        client = clients.find("mariadb", server)
        name = beside(address.database, "restored")
        make_like(connection, address.database, name)
        done = False
        try:
            progress(f"restoring into {name}")
            run_file(client, address.to_database(name), file, cancelled)
            done = True
        finally:
            if not done:
                drop(connection, name)
    return name


def run_file(
    client: clients.Client, address: Address, file: Path, cancelled: ports.Cancelled = ports.never
) -> None:
    """Run what a dump holds, which can reach nothing but the server: no command of the client's.

    Raises:
        RestoreFailed, Cancelled.
    """
    with file.open("rb") as source:
        code, said = clients.run(
            client,
            address,
            [*_CLIENT, f"--init-command=SET lock_wait_timeout={_PATIENCE}", address.database],
            source=source,
            watch=lambda: not cancelled(),
        )
    if code is None:
        raise Cancelled("the restore was cancelled; the live database was not touched")
    if code != 0:
        raise RestoreFailed(
            f"{client.label} ended with code {code}: {clients.said(said)}",
            hint="Views, routines and triggers of another account need the right SET USER.",
        )


def make_like(connection: "Connection", live: str, name: str) -> None:
    """An empty database with the character set of another."""
    found = rows(
        connection,
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = %s",
        (live,),
    )
    if not found:
        raise RestoreFailed(f"there is no database {live}")
    charset, collation = found[0]
    rows(connection, f"CREATE DATABASE {quoted(name)} CHARACTER SET {charset} COLLATE {collation}")


def drop(connection: "Connection", name: str) -> None:
    """Drop a database if it is there."""
    rows(connection, "SET SESSION foreign_key_checks = 0")
    rows(connection, f"DROP DATABASE IF EXISTS {quoted(name)}")


def beside(live: str, what: str) -> str:
    """A name for a database that belongs to a live one."""
    ending = f"_{what}_{secrets.token_hex(4)}"
    return live[: _LONGEST_NAME - len(ending)] + ending


@contextmanager
def talking(address: Address) -> "Iterator[tuple[Connection, Server]]":
    """A session whose refusals are errors of a restore."""
    import pymysql

    try:
        with raw(address.to_database("")) as connection:
            ((version, comment),) = rows(connection, "SELECT @@version, @@version_comment")
            rows(connection, f"SET SESSION lock_wait_timeout = {_PATIENCE}")
            yield connection, server_of(str(version), str(comment))
    except pymysql.err.Error as error:
        if is_forbidden(error):
            raise PermissionMissing(
                words(error),
                hint="The account needs CREATE, DROP and the rest on a database beside its own.",
            ) from error
        raise RestoreFailed(
            words(error), hint="Nothing was put in place of the live database."
        ) from error
