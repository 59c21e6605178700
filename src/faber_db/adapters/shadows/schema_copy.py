"""Build the schema of a PostgreSQL database again in an empty one, as far as it can be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql.address import Address
from faber_db.adapters.engines.postgresql.connect import raw
from faber_db.adapters.engines.postgresql.faults import translating, words
from faber_db.adapters.engines.postgresql.schema_text import SchemaText
from faber_db.errors import AnalysisTooLarge, ShadowUnavailable
from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddConstraint,
    ChangeRole,
    Create,
    CreateDomain,
    CreateEnum,
    CreateIndex,
    CreateRoutine,
    CreateView,
    Grant,
    TableAction,
)
from faber_db.sql.postgresql.objects import OUTSIDE_EXTENSIONS, UNTRUSTED_LANGUAGES
from faber_db.sql.script import Statement, parse

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_NO_ROLE = {"PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"}
_NOT_COPIED = OUTSIDE_EXTENSIONS | UNTRUSTED_LANGUAGES | {"http", "pg_net", "pg_cron", "aws_s3"}


def build(schema: SchemaText, owner: Address, superuser: Address | None) -> Mapping[str, str]:
    """Run the schema in an empty database; what could not be made there, with the reason.

    Args:
        schema: of another database.
        owner: the new database, as the role that owns it.
        superuser: the same as a superuser, where the server is our own: for roles and extensions.

    Raises:
        ShadowUnavailable: the schema is too large to be read.
    """
    statements = _statements(schema.sql)
    lacking: dict[str, str] = {}
    with translating(), raw(owner) as connection:
        if superuser is not None:
            _make_roles(superuser, schema.roles, owner.parameters["user"])
        for is_extension, group in groupby(statements, key=lambda s: bool(_extension(s))):
            if is_extension:
                for statement in group:
                    lacking |= _add_extension(statement, superuser or owner)
            else:
                lacking |= _run(connection, [s for s in group if not _of_roles(s)])
        _open_schemas(connection)
        _fill_views(connection)
    return lacking


def of_text(sql: str) -> SchemaText:
    """A schema that somebody wrote down: the roles that it makes or names are made first.

    Raises:
        ShadowUnavailable: it is too large to be read.
    """
    statements = _statements(sql)
    roles = {a.name for s in statements for a in s.actions_of(ChangeRole)}
    roles |= {name for s in statements for a in s.actions_of(Grant) for name in a.grantees}
    return SchemaText(sql=sql, server_version=0, settings=(), roles=tuple(sorted(roles - _NO_ROLE)))


def _statements(sql: str) -> tuple[Statement, ...]:
    try:
        return parse(sql, Dialect.POSTGRESQL).statements
    except AnalysisTooLarge as error:
        raise ShadowUnavailable(f"the schema cannot be copied: {error.message}") from error


def apply_settings(connection: "Connection", schema: SchemaText) -> None:
    """Make a session read and write as one on the copied database would."""
    for name, value in schema.settings:
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _run(connection: "Connection", statements: Sequence[Statement]) -> dict[str, str]:
    """All at once; where that fails, one by one, so that as much as possible is there."""
    import psycopg

    try:
        connection.execute(";\n".join(s.text for s in statements).encode())
    except psycopg.Error:
        return dict(_one_by_one(connection, statements))
    return {}


def _one_by_one(
    connection: "Connection", statements: Sequence[Statement]
) -> Iterator[tuple[str, str]]:
    import psycopg

    for statement in statements:
        try:
            connection.execute(statement.text.encode())
        except psycopg.Error as error:
            for name in filter(None, _made_by(statement.actions)):
                yield name, words(error)


def _made_by(actions: Iterable[Action]) -> Iterator[str]:
    """What is not there, or not whole, without a statement."""
    for action in actions:
        match action:
            case AddConstraint(table=table, constraint=constraint):
                yield from (table, constraint.name)
            case CreateIndex(table=table, name=name) | Create(table=table, name=name):
                yield from (table, name)
            case TableAction(table=table):
                yield table
            case CreateView(name=name) | CreateRoutine(name=name):
                yield name
            case CreateEnum(name=name) | CreateDomain(name=name):
                yield name
            case _:
                continue


def _of_roles(statement: Statement) -> bool:
    return any(isinstance(a, ChangeRole) for a in statement.actions)


def _fill_views(connection: "Connection") -> None:
    """A dump leaves materialised views unfilled, and then they cannot be refreshed concurrently."""
    import psycopg
    from psycopg import sql

    left = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'm' AND NOT c.relispopulated ORDER BY c.oid"
    ).fetchall()
    for _ in left:  # one may read another
        for schema, name in list(left):
            view = sql.Identifier(str(schema), str(name))
            try:
                connection.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(view))
            except psycopg.Error:
                continue
            left.remove((schema, name))


def _extension(statement: Statement) -> str:
    found = (a.name for a in statement.actions_of(Create) if a.kind == "extension")
    return next(found, "")


def _add_extension(statement: Statement, place: Address) -> dict[str, str]:
    import psycopg

    name = _extension(statement)
    if name in _NOT_COPIED:
        return {name: f"extension {name} reaches out of the database"}
    try:
        with raw(place) as connection:
            connection.execute(statement.text.encode())
    except psycopg.Error as error:
        return {name: words(error)}
    return {}


def _make_roles(superuser: Address, roles: Sequence[str], owner: str) -> None:
    """Roles of the same names, without any right; the owner may hand its objects over to them."""
    from psycopg import sql

    with raw(superuser) as connection:
        there = {
            str(name): bool(power)
            for name, power in connection.execute("SELECT rolname, rolsuper FROM pg_roles")
        }
        for role in roles:
            name = sql.Identifier(role)
            if role not in there:
                connection.execute(sql.SQL("CREATE ROLE {}").format(name))
            if not there.get(role) and role != owner:
                connection.execute(sql.SQL("GRANT {} TO {}").format(name, sql.Identifier(owner)))


def _open_schemas(connection: "Connection") -> None:
    """An owner must be allowed to create where its object lies."""
    from psycopg import sql

    rows = connection.execute(
        "SELECT nspname FROM pg_catalog.pg_namespace WHERE NOT starts_with(nspname, 'pg_')"
        " AND nspname <> 'information_schema'"
        " AND pg_catalog.pg_has_role(nspowner, 'USAGE')"
    ).fetchall()
    for (name,) in rows:
        connection.execute(
            sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO PUBLIC").format(sql.Identifier(str(name)))
        )
