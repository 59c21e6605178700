"""Another deployment runs between any two questions of ours: what we say was true while we asked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS, handler_for
from faber_db.model.migration import LedgerNote, Migration, SourceFile, recorded_file
from faber_db.services.ports import Engine, Handler, Session
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT_ONCE = timedelta(0)


class Asked:
    """A session that does something right before a question of ours."""

    def __init__(self, session: Session, number: int, meanwhile: Callable[[], None]) -> None:
        self._session, self._number, self._meanwhile = session, number, meanwhile
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        if name not in ("query", "execute", "catalogue", "interrupted", "sizes"):
            return found

        def ask(*given: Any, **named: Any) -> Any:
            if self.asked == self._number:
                self._meanwhile()
            self.asked += 1
            return found(*given, **named)

        return ask


class Place:
    def __init__(self, handler: Handler, engine: Engine, url: str) -> None:
        self.handler, self.engine, self.url = handler, engine, url
        self.files: list[SourceFile] = []

    def session(self) -> Any:
        return self.engine.connect(self.url, create=True)

    def add(self, name: str) -> Migration:
        up = f"CREATE TABLE {name} (a integer);\nCREATE TABLE {name}_too (a integer);\n"
        existing = self.handler.parse(self.files)
        new = self.handler.generate(name, up, "", now=NOW, existing=existing)
        self.files = [f for f in self.files if f.path not in {n.path for n in new}] + [*new]
        if self.handler.code:
            self.files.append(recorded_file(self.handler.parse(self.files)[-1].version, up))
        return self.history()[-1]

    def history(self) -> tuple[Migration, ...]:
        return self.handler.parse(self.files)

    def deploy(self, migration: Migration) -> None:
        with (
            self.session() as session,
            self.handler.lock(session, wait=AT_ONCE),
            session.deploy_lock(wait=AT_ONCE),
        ):
            script = parse(migration.up, session.dialect)
            self.handler.apply_one(session, migration, script, now=NOW)

    def look(self, session: Any) -> tuple[str, str, list[LedgerNote]]:
        """State and detail of the newest migration, and the notes that keep a deployment from starting."""
        history = self.history()
        ledger = self.handler.ledger(session)
        *_, newest = self.handler.status(history, ledger)
        notes = self.handler.notes(session, history, ledger)
        return newest.state.value, newest.detail, [n for n in notes if n.blocks]


ON_SERVERS = [
    ("drizzle", "postgresql"),
    ("alembic", "postgresql"),
    ("knex", "postgresql"),
    ("goose", "mariadb"),
    ("typeorm", "mariadb"),
]
PLACES = [
    pytest.param(
        name,
        product,
        id=f"{name}-{product}",
        marks=() if (name, product) == ("drizzle", "sqlite") else pytest.mark.slow,
    )
    for name, product in [*((h.name, "sqlite") for h in HANDLERS), *ON_SERVERS]
]


@pytest.mark.parametrize(("name", "product"), PLACES)
def test_a_deployment_between_two_questions(
    name: str, product: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """It makes the ledger, or adds a row: it is not there yet, or whole, and nothing is in the way."""
    number, said = 0, set[str]()
    while True:
        place = new_place(name, product, request, tmp_path / str(number))
        for nth in ("one", "two"):
            deploy = partial(place.deploy, place.add(nth))
            with place.session() as session:
                asked = Asked(session, number, deploy)
                state, detail, notes = place.look(asked)
            assert (state in ("pending", "applied"), notes) == (True, []), (nth, number, detail)
            if asked.asked <= number:  # all were asked before
                assert said == {"pending", "applied"}  # by which question it had come
                return
            said.add(state)
        number += 1


def new_place(name: str, product: str, request: pytest.FixtureRequest, home: Path) -> Place:
    home.mkdir()
    if product == "sqlite":
        return Place(handler_for(name), Sqlite(home / "locks"), f"sqlite:{home / 'dev.db'}")
    engine: Engine = Postgresql() if product == "postgresql" else Mysql()
    return Place(handler_for(name), engine, request.getfixturevalue(f"new_{product}")())
