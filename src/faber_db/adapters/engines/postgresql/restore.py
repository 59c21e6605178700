"""Restore into a database beside the live one, and put it in its place."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, LiteralString

from faber_db.adapters.engines.postgresql import binaries, child
from faber_db.adapters.engines.postgresql.address import Address
from faber_db.adapters.engines.postgresql.connect import raw
from faber_db.adapters.engines.postgresql.dump import password_of, without_secrets
from faber_db.adapters.engines.postgresql.faults import INSUFFICIENT_PRIVILEGE, words
from faber_db.errors import (
    BackupToolMissing,
    Cancelled,
    PermissionMissing,
    RestoreFailed,
)
from faber_db.services import ports

if TYPE_CHECKING:
    from psycopg import sql

    from faber_db.adapters.engines.postgresql.connect import Connection

_LONGEST_NAME = 63  # bytes of an identifier
_PATIENCE = 10.0  # seconds for ended sessions to go


def restore_beside(
    address: Address, file: Path, *, progress: ports.Progress, cancelled: ports.Cancelled
) -> str:
    """Restore an archive into a new database of the same server; its name.

    The new database has the live one's owner, encoding and locale, and nobody but the owner may
    connect to it meanwhile.

    Raises:
        RestoreFailed: nothing is left of the copy.
        BackupToolMissing: no pg_restore that the server's version can be restored with.
        PermissionMissing: the role may not create databases.
    """
    with _translated(address) as connection:
        major = connection.info.server_version // 10000
        found = binaries.for_server("pg_restore", major)
        if found is None:
            raise BackupToolMissing(
                f"pg_restore for a PostgreSQL {major} server is not installed here",
                hint=f"Install the client package, as postgresql-client-{major}.",
            )
        name = _name(address.database, "restored")
        _create_like(connection, address.database, name)
        done = False
        try:
            progress(f"restoring into {name}")
            copy = address.to_database(name)
            arguments = [
                str(found.folder / "pg_restore"),
                "--exit-on-error",
                "--no-password",
                f"--dbname={without_secrets(copy)}",
                str(file),
            ]
            code, said = child.run(
                arguments,
                password=password_of(connection),
                watch=lambda: not cancelled(),
            )
            if code is None:
                raise Cancelled("the restore was cancelled; the live database was not touched")
            if code != 0:
                raise RestoreFailed(
                    f"pg_restore {found.version} ended with code {code}: {_reason(said)}",
                    hint=f"A tool of version {major} restores best into a server {major}.",
                )
            _settings_like(connection, address.database, name)
            done = True
        finally:
            if not done:
                drop(connection, name)
    return name


def swap(address: Address, copy: str) -> str:
    """Give the copy the live database's name. Sessions on the live one are ended.

    Raises:
        RestoreFailed: nothing changed; the hint names the right that is missing.
    """
    live = address.database
    kept = _name(live, "before_restore")
    with _maintenance(address) as connection:
        _allow(connection, live, connections=False)
        try:
            _end_sessions(connection, live, copy)
            _rename(connection, live, kept)
            try:
                _rename(connection, copy, live)
            except BaseException:
                _rename(connection, kept, live)
                raise
        except BaseException:
            _allow(connection, live, connections=True)
            raise
        _allow(connection, live, connections=True)
    return (
        f'The database as it was is "{kept}", closed to connections. To go back:'
        f' ALTER DATABASE "{live}" RENAME TO "{copy}"; ALTER DATABASE "{kept}" RENAME TO "{live}";'
        f' ALTER DATABASE "{live}" WITH ALLOW_CONNECTIONS true.'
    )


def drop_copy(address: Address, name: str) -> None:
    """Remove a copy, its sessions ended."""
    with _maintenance(address) as connection:
        drop(connection, name)


def drop(connection: "Connection", name: str) -> None:
    """Drop a database if it is there."""
    from psycopg import sql

    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def maintenance_address(address: Address) -> Address:
    """Another database of the server to stand in while one is renamed or dropped."""
    return address.to_database("postgres" if address.database != "postgres" else "template1")


def _maintenance(address: Address) -> "contextlib.AbstractContextManager[Connection]":
    return _translated(maintenance_address(address))


@contextlib.contextmanager
def _translated(address: Address) -> "Iterator[Connection]":
    """A session whose refusals are errors of a restore."""
    import psycopg

    try:
        with raw(address) as connection:
            connection.execute("SET lock_timeout = '10s'")
            yield connection
    except psycopg.Error as error:
        if error.sqlstate == INSUFFICIENT_PRIVILEGE:
            raise PermissionMissing(
                words(error),
                hint="The role needs CREATEDB, must own the database, and must be allowed to end"
                " its sessions (pg_signal_backend).",
            ) from error
        raise RestoreFailed(
            words(error), hint="Nothing was put in place of the live database."
        ) from error


def _create_like(connection: "Connection", live: str, name: str) -> None:
    """A database with the live one's owner, encoding and locale, closed to the public."""
    from psycopg import sql

    row = connection.execute(
        "SELECT pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,"
        " pg_get_userbyid(d.datdba), current_user, to_jsonb(d) ->> 'datlocprovider',"
        " coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')"
        " FROM pg_catalog.pg_database d WHERE d.datname = %s",
        (live,),
    ).fetchone()
    if row is None:
        raise RestoreFailed(f"there is no database {live}")
    encoding, collate, ctype, owner, user, provider, locale = row
    options = {"ENCODING": encoding, "LC_COLLATE": collate, "LC_CTYPE": ctype}
    if provider == "i":
        options |= {"LOCALE_PROVIDER": "icu", "ICU_LOCALE": locale}
    elif provider == "b":
        options |= {"LOCALE_PROVIDER": "builtin", "BUILTIN_LOCALE": locale}
    parts: list[sql.Composable] = [
        sql.SQL("{} {}").format(sql.SQL(_OPTIONS[key]), sql.Literal(value))
        for key, value in options.items()
    ]
    parts.append(sql.SQL("TEMPLATE template0"))
    if owner != user:
        parts.append(sql.SQL("OWNER {}").format(sql.Identifier(str(owner))))
    connection.execute(
        sql.SQL("CREATE DATABASE {} WITH {}").format(sql.Identifier(name), sql.SQL(" ").join(parts))
    )
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
    )


_OPTIONS: dict[str, LiteralString] = {
    "ENCODING": "ENCODING",
    "LC_COLLATE": "LC_COLLATE",
    "LC_CTYPE": "LC_CTYPE",
    "LOCALE_PROVIDER": "LOCALE_PROVIDER",
    "ICU_LOCALE": "ICU_LOCALE",
    "BUILTIN_LOCALE": "BUILTIN_LOCALE",
}


def _settings_like(connection: "Connection", live: str, name: str) -> None:
    """Rights on the database, its settings and its comment: an archive does not hold them."""
    from psycopg import sql

    rights = connection.execute(
        "SELECT a.grantee = 0, pg_get_userbyid(a.grantee), a.privilege_type, a.is_grantable"
        " FROM pg_catalog.pg_database d,"
        " aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
        " WHERE d.datname = %s AND a.grantee <> d.datdba",
        (live,),
    ).fetchall()
    for public, role, right, grantable in rights:
        connection.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(_RIGHTS[str(right)]),
                sql.Identifier(name),
                sql.SQL("PUBLIC") if public else sql.Identifier(str(role)),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
        )
    settings = connection.execute(
        "SELECT split_part(u.pair, '=', 1), substr(u.pair, strpos(u.pair, '=') + 1),"
        " CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END"
        " FROM pg_catalog.pg_db_role_setting s"
        " JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,"
        " unnest(s.setconfig) u(pair) WHERE d.datname = %s",
        (live,),
    ).fetchall()
    for key, value, role in settings:
        whose = sql.SQL("DATABASE {}").format(sql.Identifier(name))
        if role:
            whose = sql.SQL("ROLE {} IN {}").format(sql.Identifier(str(role)), whose)
        connection.execute(
            sql.SQL("ALTER {} SET {} TO {}").format(
                whose, sql.Identifier(str(key)), _setting(str(key), str(value))
            )
        )


_RIGHTS: dict[str, LiteralString] = {
    "CONNECT": "CONNECT",
    "CREATE": "CREATE",
    "TEMPORARY": "TEMPORARY",
}
_LISTS = ("search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries")


def _setting(key: str, value: str) -> "sql.Composable":
    """A value as SET wants it: a list is stored already quoted, piece by piece."""
    from psycopg import sql

    if key not in _LISTS:
        return sql.Literal(value)
    pieces = [piece.strip().strip('"').replace('""', '"') for piece in value.split(",")]
    return sql.SQL(", ").join(sql.Literal(piece) for piece in pieces)


def _name(live: str, why: str) -> str:
    """A free name that says what it is, whatever the length of the live one's."""
    tail = f"_{why}_{secrets.token_hex(4)}"
    return live.encode()[: _LONGEST_NAME - len(tail)].decode(errors="ignore") + tail


def _allow(connection: "Connection", name: str, *, connections: bool) -> None:
    from psycopg import sql

    connection.execute(
        sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(
            sql.Identifier(name), sql.SQL("true" if connections else "false")
        )
    )


def _end_sessions(connection: "Connection", *names: str) -> None:
    """End every session on some databases and wait, some seconds, until they are gone."""
    connection.execute(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
        " WHERE datname = ANY (%s) AND pid <> pg_catalog.pg_backend_pid()",
        (list(names),),
    )
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline:
        row = connection.execute(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = ANY (%s)",
            (list(names),),
        ).fetchone()
        if row is None or not row[0]:
            return
        sleep(0.05)


def _rename(connection: "Connection", old: str, new: str) -> None:
    from psycopg import sql

    connection.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )


def _reason(said: str) -> str:
    lines = said.splitlines() or ["no reason given"]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines)[0].rpartition("error: ")[2]
