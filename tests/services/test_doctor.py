"""Doctor looks at everything, hides nothing behind a first failure, and changes nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
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
from faber_db.services.machine import Machine

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


def _machine(tmp_path: Path, *, writable: bool = True) -> Machine:
    """One where nothing is open but what the files of the project are."""
    return Machine(
        becomes_root=lambda: False,
        is_writable=lambda path: writable,
        is_readable=lambda path: True,
        uid=1,
        home=tmp_path / "home",
        environ={},
        keys_folder=tmp_path / "keys",
        cache_folder=tmp_path / "cache",
        groups=list,
        programs=(),
        agent_keys=list,
        listener=lambda path: None,
        tcp_owner=lambda port: None,
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
    assert len(answer.details.tier_limits) == 4
    assert answer.details.holds == []
    assert answer.details.holes == []


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

    answer = doctor.run(doctor.Request(), missing, _machine(tmp_path))
    assert (answer.status, answer.exit_code) == ("failure", Exit.USAGE)
    assert answer.as_json()["details"]["next"] == {"person": "faber-db init"}


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


def test_two_names_of_one_database(opened: Opened, tmp_path: Path) -> None:
    """A name that is not protected reaches a protected database, until the marker covers both."""
    _file(tmp_path / "production.db")
    (tmp_path / "other.db").hardlink_to(tmp_path / "production.db")
    app = opened(dev="other.db", production="production.db")
    found = doctor.run(doctor.Request(), lambda: app, _machine(tmp_path)).details.examined
    told = next(e for e in found if e.code == "same-database-unprotected")
    assert told.text == "dev, production are one database, and dev is not protected"
    with app.database().engine.connect(str(tmp_path / "production.db")) as session:
        session.write_marker(
            Marker(
                target_id="a",
                environment="production",
                database="main",
                approvers=(),
                policy_digest="",
                server_digest=session.identity().server_digest,
            )
        )
    again = doctor.run(doctor.Request(), lambda: app, _machine(tmp_path)).details.examined
    assert [e.text for e in again if e.name == "same database"] == [
        "dev, production are one database"
    ]


def test_what_a_restore_kept_is_told(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "dev.db")
    _file(tmp_path / "dev.before-restore-0123abcd.db")
    answer = doctor.run(doctor.Request(), lambda: opened(dev="dev.db"), _machine(tmp_path))
    assert any("dev.before-restore-0123abcd.db" in e.text for e in answer.details.examined)


def test_a_minimum_that_does_not_hold_is_refused(opened: Opened, tmp_path: Path) -> None:
    _file(tmp_path / "production.db")
    app = opened(production="production.db")
    where = app.database().environments["production"]
    settings = where.settings.model_copy(update={"minimum_tier": 3})
    database = replace(
        app.database(), environments={"production": replace(where, settings=settings)}
    )
    app = replace(app, databases={"main": database})
    answer = doctor.run(doctor.Request(), lambda: app, _machine(tmp_path))
    assert answer.exit_code == Exit.REFUSED
    assert _found(answer.details)[-1] == ("production", Verdict.FAILED, "policy-refused")
    assert [(h.in_force, h.holds, h.minimum) for h in answer.details.holds] == [(1, 1, 3)]


def test_footprint_of_a_client(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {"faber-db": {}}}')
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text("{}")
    request = doctor.Request(footprint=True)
    answer = doctor.run(request, lambda: opened(dev="dev.db"), _machine(tmp_path))
    found = [(Path(f.what).name, f.exists) for f in answer.details.footprint if "client" in f.place]
    assert found == [(".mcp.json", True), ("settings.json", False)]
