"""Doctor looks at everything, hides nothing behind a first failure, and changes nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import handler_for
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.config.settings import DatabaseSettings, EnvironmentSettings, ProjectSettings
from faber_db.errors import ConfigMissing, Exit, SecretUnavailable
from faber_db.model.target import Marker
from faber_db.services import doctor
from faber_db.services.app import App, Database, Environment
from faber_db.services.doctor import Verdict

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Opened = Callable[..., App]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens a project whose environments are SQLite files, or references that give nothing."""
    with ExitStack() as stack:

        def make(**environments: str) -> App:
            state = SqliteState(tmp_path / "state" / "state.sqlite", lambda: NOW)
            stack.callback(state.close)
            (tmp_path / "state").mkdir(mode=0o700, exist_ok=True)
            settings = {name: EnvironmentSettings(url=url) for name, url in environments.items()}
            return App(
                root=tmp_path,
                settings=ProjectSettings(environments=settings),
                config_path=tmp_path / "faber-db.json",
                databases={"main": _database(tmp_path, settings)},
                state=state,
                state_folder=tmp_path / "state",
                executor=None,  # type: ignore[arg-type]  # doctor asks for no plan
                now=lambda: NOW,
                new_id=lambda kind: f"{kind}_1",
            )

        yield make


def _database(root: Path, settings: dict[str, EnvironmentSettings]) -> Database:
    def resolver(url: str) -> Callable[[], str]:
        def resolve() -> str:
            if url.startswith("env:"):
                raise SecretUnavailable(f"{url[4:]} is not set", hint=f"Set {url[4:]}.")
            return str(root / url)

        return resolve

    return Database(
        name="main",
        settings=DatabaseSettings(environments=settings),
        engine=Sqlite(root / "state" / "locks"),
        handler=handler_for("sql"),
        folder=root / "migrations",
        environments={
            name: Environment(
                name=name,
                settings=env,
                protected=name == "production",
                why_protected="named production" if name == "production" else "",
                resolve_url=resolver(env.url or ""),
            )
            for name, env in settings.items()
        },
        shadow=None,  # type: ignore[arg-type]  # doctor needs no shadow
    )


def _machine(tmp_path: Path, *, root: bool = False, writable: bool = True) -> doctor.Machine:
    return doctor.Machine(
        becomes_root=lambda: root,
        is_writable=lambda path: writable,
        keys_folder=tmp_path / "keys",
        cache_folder=tmp_path / "cache",
    )


def _file(path: Path) -> None:
    sqlite3.connect(path).close()
    path.touch()


def _found(answer_details: doctor.DoctorDetails) -> list[tuple[str, Verdict, str]]:
    return [(e.name, e.verdict, e.code) for e in answer_details.examined]


def test_all_is_well(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    answer = doctor.run(doctor.Request(), lambda: opened(dev="dev.db"), _machine(tmp_path))
    assert (answer.status, answer.exit_code) == ("success", Exit.DONE)
    assert _found(answer.details) == [
        ("configuration", Verdict.OK, ""),
        ("state folder", Verdict.OK, ""),
        ("dev", Verdict.OK, ""),
    ]
    assert answer.details.tier == 1
    assert len(answer.details.tier_limits) == 3


def test_one_failure_hides_no_other(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    answer = doctor.run(
        doctor.Request(),
        lambda: opened(gone="gone.db", unset="env:SHOP_URL", dev="dev.db"),
        _machine(tmp_path, writable=False),
    )
    assert answer.exit_code == Exit.FAILED
    assert _found(answer.details)[1:] == [
        ("state folder", Verdict.FAILED, "state-unusable"),
        ("gone", Verdict.FAILED, "connection-failed"),
        ("unset", Verdict.FAILED, "config-secret-unavailable"),
        ("dev", Verdict.OK, ""),
    ]
    assert not (tmp_path / "gone.db").exists()


def test_a_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    def missing() -> App:
        raise ConfigMissing("there is no faber-db.json here")

    answer = doctor.run(doctor.Request(), missing, _machine(tmp_path, root=True))
    assert (answer.status, answer.exit_code) == ("failure", Exit.USAGE)
    assert answer.as_json()["details"]["next"] == {"person": "faber-db init"}
    assert "root" in answer.details.tier_limits[-1]


def test_protected_without_an_approver(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "production.db")
    answer = doctor.run(
        doctor.Request(), lambda: opened(production="production.db"), _machine(tmp_path)
    )
    assert (answer.status, answer.exit_code) == ("warning", Exit.DONE)
    assert _found(answer.details)[-1] == ("production", Verdict.WARNING, "approval-not-set-up")


def test_a_copy_that_carries_the_marker(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    app = opened(dev="dev.db")
    with app.database().engine.connect(str(tmp_path / "dev.db")) as session:
        session.write_marker(
            Marker(
                target_id="a",
                environment="production",
                database="main",
                approvers=(),
                policy_digest="",
                server_digest="another server",
            )
        )
    answer = doctor.run(doctor.Request(), lambda: app, _machine(tmp_path))
    assert _found(answer.details)[-1] == ("dev", Verdict.FAILED, "policy-target-changed")
    assert "carries our marker" in answer.details.examined[-2].text


def test_a_state_folder_that_others_can_read(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    app = opened(dev="dev.db")
    (tmp_path / "state").chmod(0o755)
    answer = doctor.run(doctor.Request(), lambda: app, _machine(tmp_path))
    assert _found(answer.details)[1] == ("state folder", Verdict.WARNING, "")


def test_footprint(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    answer = doctor.run(
        doctor.Request(footprint=True),
        lambda: opened(dev="dev.db", unset="env:SHOP_URL"),
        _machine(tmp_path),
    )
    places = {f.place: (f.what, f.exists) for f in answer.details.footprint}
    assert places["marker in dev"] == ("tables _faber_db_marker, _faber_db_used", False)
    assert places["ledger in dev"] == ("faber_db_migrations", False)
    assert places["marker in unset"][1] is None
    assert places["ledger in unset"][1] is None
    assert places["state and audit trail"] == (str(tmp_path / "state"), True)
    assert places["keys of approvers"] == (str(tmp_path / "keys"), False)
    assert places["empty servers to copy"] == (str(tmp_path / "cache"), False)
