"""An `App` put together by hand from real parts, for tests of services."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.adapters.shadows import MariadbShadow, PostgresShadow, SqliteShadow
from faber_db.adapters.signers import ed25519
from faber_db.adapters.stores.backup_folder import BackupFolder
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.config.settings import ProjectSettings
from faber_db.executor.local import LocalExecutor
from faber_db.services.app import App, Database, Environment
from faber_db.services.history import history
from faber_db.services.ports import Engine, Shadow
from faber_db.sql.script import parse


class AppFactory(Protocol):
    """Makes an `App` with the database `main` and one environment."""

    def __call__(
        self,
        url: str,
        *,
        environment: str = "dev",
        migrations: Mapping[str, str] = {},
        protected: bool = False,
        settings: Mapping[str, Any] = {},
        project: Mapping[str, Any] = {},
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> App: ...


@pytest.fixture
def app_factory(tmp_path: Path) -> Iterator[AppFactory]:
    """Real engine, handler, state and backup folder; several apps share state and folder.

    Args of the factory:
        url: of the live database; a SQLite path or a PostgreSQL URL.
        environment: its name.
        migrations: text by path below the folder `migrations`, for the handler `sql`.
        protected: as the configuration would say.
        settings: keys of the environment beside `url`.
        project: keys of the whole file beside `environments`.
        now: the clock.
    """
    states: list[SqliteState] = []
    numbers = count(1)

    def make(
        url: str,
        *,
        environment: str = "dev",
        migrations: Mapping[str, str] = {},
        protected: bool = False,
        settings: Mapping[str, Any] = {},
        project: Mapping[str, Any] = {},
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> App:
        folder = tmp_path / "project" / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in migrations.items():
            (folder / path).write_text(text, encoding="utf-8")
        file = {**project, "environments": {environment: {"url": url, **settings}}}
        whole = ProjectSettings.model_validate(file)
        of_database = whole.all_databases()["main"]
        state_folder = tmp_path / "state"
        state_folder.mkdir(mode=0o700, exist_ok=True)
        state = SqliteState(state_folder / "state.sqlite3", now)
        states.append(state)
        place = Environment(
            name=environment,
            settings=of_database.environments[environment],
            protected=protected,
            why_protected="a test says so" if protected else "",
            resolve_url=lambda: url,
        )
        database = Database(
            name="main",
            settings=of_database,
            engine=_engine(url, state_folder / "locks"),
            handler=SqlFiles(),
            folder=folder,
            environments={environment: place},
            shadow=_shadow(url),
        )
        app = App(
            root=tmp_path / "project",
            settings=whole,
            config_path=None,
            databases={"main": database},
            state=state,
            state_folder=state_folder,
            executor=LocalExecutor(lambda: app, {ed25519.SIGNER: ed25519.verify}, {}),
            now=now,
            new_id=lambda kind: f"{kind}_{next(numbers):04}",
            backup_store=BackupFolder(state_folder / "backups"),
        )
        return app

    yield make
    for state in states:
        state.close()


def _engine(url: str, locks: Path) -> Engine:
    if url.startswith("postgres"):
        return Postgresql()
    return Mysql() if url.startswith(("mysql", "mariadb")) else Sqlite(locks)


def _shadow(url: str) -> Shadow:
    if url.startswith("postgres"):
        return PostgresShadow(None)
    return MariadbShadow(None) if url.startswith(("mysql", "mariadb")) else SqliteShadow()


@pytest.fixture
def apply_all() -> Callable[[App], None]:
    """Applies the whole folder of an app to its one environment, as the handler does it."""

    def apply(app: App) -> None:
        database = app.database()
        environment = next(iter(database.environments.values()))
        with database.engine.connect(environment.resolve_url(), create=True) as session:
            done = {row.version for row in database.handler.ledger(session)}
            for migration in history(database):
                if migration.version not in done:
                    script = parse(migration.up, session.dialect)
                    database.handler.apply_one(session, migration, script, now=app.now())

    return apply
