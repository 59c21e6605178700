"""The end-to-end projects, for what goes wrong around them, and a project of each handler."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.postgresql import address as postgresql_address
from faber_db.adapters.handlers import handler_for
from tests.e2e.conftest import (
    postgresql_project,
    postgresql_released,
    project,
    released,
    released_once,
)
from tests.faults.places import Place, new_place

__all__ = ["postgresql_project", "postgresql_released", "project", "released", "released_once"]

Get = Callable[[str, str], Place]


@pytest.fixture(scope="session")
def places(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Get, dict[tuple[str, str], ExitStack]]]:
    """One project for each handler and product, whose history grows from case to case."""
    made: dict[tuple[str, str], tuple[Place, ExitStack]] = {}
    stacks: dict[tuple[str, str], ExitStack] = {}

    def get(name: str, product: str) -> Place:
        if (name, product) not in stacks:
            stack, home = ExitStack(), tmp_path_factory.mktemp("place")
            url = new_database(request, product, home)
            place = stack.enter_context(new_place(handler_for(name), product, url, home))
            made[name, product], stacks[name, product] = (place, stack), stack
        return made[name, product][0]

    yield get, stacks
    for stack in stacks.values():
        stack.close()


def new_database(request: pytest.FixtureRequest, product: str, home: Path) -> str:
    """On a server that goes with the session of tests."""
    if product == "sqlite":
        return f"sqlite:{home / 'dev.db'}"
    if product == "mariadb":
        return database_on(request.getfixturevalue("mariadb_server"))
    major = int(product.removeprefix("postgresql") or 0)
    return database_on(request.getfixturevalue("postgresql_server")(major))


def database_on(server: str) -> str:
    """A new one there."""
    name = f"t_{secrets.token_hex(6)}"
    if mysql_address.is_mysql(server):
        url = mysql_address.url_of(mysql_address.parse(server).to_database(name))
        Mysql().create_database(url)
        return url
    at = postgresql_address.parse(server)
    with psycopg.connect(postgresql_address.conninfo(at), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgresql_address.url_of(at.to_database(name))


@pytest.fixture
def place(
    request: pytest.FixtureRequest, places: tuple[Get, dict[tuple[str, str], ExitStack]]
) -> Iterator[Place]:
    """With one more migration; after a case that fails the next one gets another project."""
    get, stacks = places
    found = get(*request.param)
    found.add_next()
    yield found
    if found.newest_is_not_applied():
        stacks.pop(request.param).close()
