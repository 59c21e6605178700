"""The schema of a database as SQL, and what else a copy of it needs. Only reads."""

import re
import tempfile
from dataclasses import dataclass

from faber_db.adapters.engines.postgresql import binaries, child
from faber_db.adapters.engines.postgresql.address import Address
from faber_db.adapters.engines.postgresql.connect import opened
from faber_db.adapters.engines.postgresql.dump import last_words, password_of, without_secrets
from faber_db.errors import ShadowUnavailable
from faber_db.services.ports import Limits

_WANTED = (
    "--schema-only", "--no-owner", "--no-privileges", "--no-comments", "--no-security-labels",
    "--no-publications", "--no-subscriptions", "--no-tablespaces", "--no-password",
    "--exclude-schema=faber_db", "--encoding=UTF8", "--lock-wait-timeout=2s",
)  # fmt: skip
# Lines for psql alone, and a setting that servers before 17 do not know.
_NOT_FOR_A_SERVER = re.compile(r"(?m)^(?:\\(?:un)?restrict .*|SET transaction_timeout = 0;)$")
_SETTINGS = ("TimeZone", "DateStyle", "IntervalStyle")


@dataclass(frozen=True, slots=True)
class SchemaText:
    """What is copied of a database."""

    sql: str
    server_version: int
    settings: tuple[tuple[str, str], ...]  # of a session there; `search_path` among them
    roles: tuple[str, ...]  # names only


def read(address: Address) -> SchemaText:
    """Dump the schema with the server's own tool, in a session that only reads.

    Raises:
        ShadowUnavailable: no pg_dump of that version or newer, or it failed.
        ConnectionFailed: the database cannot be reached.
    """
    with opened(address, limits=Limits(), read_only=True) as connection:
        version, password = connection.info.server_version, password_of(connection)
        row = connection.execute(
            "SELECT array_to_string(ARRAY(SELECT quote_ident(s) FROM unnest(current_schemas(false))"
            " AS s), ', '), current_setting(%s), current_setting(%s), current_setting(%s)",
            _SETTINGS,
        ).fetchone()
        roles = connection.execute(
            "SELECT rolname FROM pg_catalog.pg_roles WHERE NOT starts_with(rolname, 'pg_')"
        ).fetchall()
    names = ("search_path", *_SETTINGS)
    return SchemaText(
        sql=_NOT_FOR_A_SERVER.sub("", _dumped(address, version // 10000, password)),
        server_version=version,
        settings=tuple(zip(names, map(str, row or ()), strict=True)),
        roles=tuple(str(name) for (name,) in roles),
    )


def _dumped(address: Address, major: int, password: str) -> str:
    fitting = [found for found in binaries.find("pg_dump") if found.major >= major]
    if not fitting:
        raise ShadowUnavailable(
            f"pg_dump for a PostgreSQL {major} server is not installed here, so its schema cannot"
            " be copied",
            hint=f"Install the client package, as postgresql-client-{major}.",
        )
    tool = min(fitting, key=lambda found: found.major)
    with tempfile.TemporaryFile() as file:  # has no name: nothing of it is left, whatever happens
        code, said = child.run(
            [str(tool.folder / "pg_dump"), *_WANTED, f"--dbname={without_secrets(address)}"],
            password=password,
            output=file,
        )
        if code != 0:
            raise ShadowUnavailable(
                f"the schema cannot be copied: pg_dump {tool.version} ended with code {code}:"
                f" {last_words(said)}",
                hint="Check what the role may read.",
            )
        file.seek(0)
        return file.read().decode("utf-8")
