"""Ledgers that a session must not touch, over every format: nothing is taken for empty, nothing runs."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.postgresql import address as postgresql_address
from faber_db.adapters.handlers import HANDLERS, handler_for
from faber_db.errors import FaberDbError
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.services.ports import Engine, Handler, Limits, Session
from faber_db.sql.identifiers import quote
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import parse

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIMITS = Limits(lock_timeout=timedelta(seconds=1), lock_retries=0)
JOURNAL = "_faber_db_journal"


class Place:
    """A database with one applied migration and one that is pending, and an account without rights."""

    def __init__(self, handler: Handler, engine: Engine, url: str) -> None:
        self.handler, self.engine, self.url = handler, engine, url
        self.role = f"r_{secrets.token_hex(6)}"
        files: list[SourceFile] = []
        for name in ("one", "two"):
            up = f"CREATE TABLE {name} (a integer);"
            existing = handler.parse(files)
            files += handler.generate(name, up, "", now=NOW, existing=existing)
            if handler.code:
                files.append(recorded_file(handler.parse(files)[-1].version, up))
        self.history = handler.parse(files)

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        with self.handler.lock(session, wait=timedelta(0)):
            self.handler.apply_one(session, migration, script, now=NOW)

    def account(self, owner: Session, ledger_rights: str) -> str:
        """The URL of a new account that may make tables, with some rights to the ledger's."""
        role = self.role
        ours = [t.name for t in owner.catalogue().tables if t.name in self.handler.ledger_tables]
        if self.engine.dialect in MYSQL:
            parts = mysql_address.parse(self.url)
            name = quote(parts.database, Dialect.MYSQL)
            owner.execute(f"CREATE USER {role}@localhost")
            owner.execute(f"GRANT CREATE ON {name}.* TO {role}@localhost")
            owner.execute(f"GRANT ALL ON {name}.{JOURNAL} TO {role}@localhost")
            rights = [f"GRANT {ledger_rights} ON {{}} TO {role}@localhost"] if ledger_rights else []
            url = mysql_address.url_of(replace(parts, user=role, password=""))
        else:
            address = postgresql_address.parse(self.url)
            owner.execute(f"CREATE ROLE {role} LOGIN")
            owner.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {role}")
            rights = [f"GRANT {ledger_rights} ON {{}} TO {role}"] if ledger_rights else []
            parameters = {**address.parameters, "user": role}
            url = postgresql_address.url_of(replace(address, parameters=parameters))
        for table in ours:
            for right in rights:
                owner.execute(right.format(quote(table, self.engine.dialect)))
        return url

    def forget(self, owner: Session) -> None:
        if self.engine.dialect in MYSQL:
            owner.execute(f"DROP USER {self.role}@localhost")
        else:
            owner.execute(f"DROP OWNED BY {self.role}")
            owner.execute(f"DROP ROLE {self.role}")


@pytest.fixture(
    params=[
        (h.name, p)
        for h in HANDLERS
        for p in ("postgresql", "mariadb")
        if (h.name, p) != ("drizzle", "postgresql")  # in a schema of its own: rights on that too
    ],
    ids=lambda found: f"{found[1]}-{found[0]}",
)
def place(request: pytest.FixtureRequest) -> Place:
    name, product = request.param
    engines: dict[str, Engine] = {"postgresql": Postgresql(), "mariadb": Mysql()}
    return Place(handler_for(name), engines[product], request.getfixturevalue(f"{product}_url"))


@pytest.fixture
def owner(place: Place) -> Iterator[Session]:
    with place.engine.connect(place.url, limits=LIMITS) as session:
        place.apply(session, place.history[0])
        yield session
        place.forget(session)


def tables(session: Session) -> set[str]:
    return {table.name for table in session.catalogue().tables}


def refused(call: Callable[[], object], codes: Sequence[str]) -> FaberDbError:
    with pytest.raises(FaberDbError) as caught:
        call()
    assert caught.value.code in codes, caught.value
    assert caught.value.hint, caught.value
    return caught.value


def test_a_ledger_that_may_not_be_read(place: Place, owner: Session) -> None:
    url = place.account(owner, "")
    with place.engine.connect(url, limits=LIMITS) as session:
        refused(
            lambda: place.handler.ledger(session), ("connection-permission", "ledger-unreadable")
        )
        refused(
            lambda: place.apply(session, place.history[1]),
            ("connection-permission", "ledger-unreadable", "migration-failed"),
        )
    assert "two" not in tables(owner)


def test_a_ledger_that_may_not_be_written(place: Place, owner: Session) -> None:
    url = place.account(owner, "SELECT")
    with place.engine.connect(url, limits=LIMITS) as session:
        rows = place.handler.ledger(session)
        assert [row.version for row in rows] == [place.history[0].version]
        refused(
            lambda: place.apply(session, place.history[1]),
            ("connection-permission", "migration-failed", "ledger-unreadable"),
        )
    assert "two" not in tables(owner)
    assert [row.finished for row in place.handler.ledger(owner)] == [True]


@pytest.mark.parametrize(
    "name",
    [h.name for h in HANDLERS if h.name != "drizzle"],  # whose schema is always the same one
)
def test_a_ledger_of_another_schema(name: str, postgresql_url: str) -> None:
    place = Place(handler_for(name), Postgresql(), postgresql_url)
    address = postgresql_address.parse(postgresql_url)

    def at(schema: str) -> str:
        parameters = {**address.parameters, "options": f"-csearch_path={schema}"}
        return postgresql_address.url_of(replace(address, parameters=parameters))

    with place.engine.connect(place.url, limits=LIMITS) as session:
        session.execute("CREATE SCHEMA app")
        session.execute("CREATE SCHEMA tenant")
    with place.engine.connect(at("app"), limits=LIMITS) as session:
        place.apply(session, place.history[0])
    with place.engine.connect(place.url, limits=LIMITS) as session:
        codes = ("ledger-unreadable", "ledger-foreign")
        refused(lambda: place.handler.ledger(session), codes)
        refused(lambda: place.apply(session, place.history[1]), codes)
        assert "two" not in tables(session)
    with place.engine.connect(
        at("tenant"), limits=LIMITS
    ) as session:  # which the URL says is meant
        assert place.handler.ledger(session) == ()
