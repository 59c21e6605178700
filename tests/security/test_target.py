"""The target is compared in the session that deploys: every other one is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from faber_db.adapters.engines.postgresql.address import parse, url_of
from tests.e2e.project import Project
from tests.security.forging import write

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
URL = "SHOP_PRODUCTION_URL"
Elsewhere = Callable[[Project, Callable[..., str]], dict[str, str]]


def administer(project: Project, statement: sql.Composed | sql.SQL) -> None:
    with psycopg.connect(project.urls["dev"], autocommit=True) as connection:
        connection.execute(statement)


def name_of(url: str) -> str:
    return parse(url).database


def another_server(project: Project, new: Callable[..., str]) -> dict[str, str]:
    return {URL: new(15)}


def another_database(project: Project, new: Callable[..., str]) -> dict[str, str]:
    return {URL: new()}


def a_copy(project: Project, new: Callable[..., str]) -> dict[str, str]:
    """With everything in it, the marker too."""
    copy = parse(project.urls["production"]).to_database("t_copy_of_production")
    administer(
        project,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(copy.database), sql.Identifier(name_of(project.urls["production"]))
        ),
    )
    return {URL: url_of(copy)}


def another_role(project: Project, new: Callable[..., str]) -> dict[str, str]:
    administer(project, sql.SQL("CREATE ROLE t_mallory LOGIN SUPERUSER"))
    address = parse(project.urls["production"])
    return {URL: url_of(type(address)({**address.parameters, "user": "t_mallory"}))}


def options(text: str) -> Elsewhere:
    return lambda _project, _new: {"PGOPTIONS": text}


def in_the_url(**parameters: str) -> Elsewhere:
    def elsewhere(project: Project, _new: Callable[..., str]) -> dict[str, str]:
        address = parse(project.urls["production"])
        return {URL: url_of(type(address)({**address.parameters, **parameters}))}

    return elsewhere


def a_service_file(project: Project, _new: Callable[..., str]) -> dict[str, str]:
    file: Path = project.root.parent / "services.conf"
    file.write_text("[away]\noptions=-c search_path=pg_temp\n", "utf-8")
    return {"PGSERVICEFILE": str(file), "PGSERVICE": "away"}


def of_the_database(project: Project, _new: Callable[..., str]) -> dict[str, str]:
    name = sql.Identifier(name_of(project.urls["production"]))
    administer(project, sql.SQL("ALTER DATABASE {} SET check_function_bodies = off").format(name))
    return {}


ELSEWHERE: dict[str, Elsewhere] = {
    "another server": another_server,
    "another database": another_database,
    "a copy": a_copy,
    "another role": another_role,
    "PGOPTIONS: search_path": options("-c search_path=pg_temp"),
    "PGOPTIONS: role": options("-c role=pg_monitor"),
    "PGOPTIONS: no triggers": options("-c session_replication_role=replica"),
    "PGOPTIONS: what NULL means": options("-c transform_null_equals=on"),
    "PGTZ": lambda _project, _new: {"PGTZ": "Asia/Kathmandu"},
    "PGDATESTYLE": lambda _project, _new: {"PGDATESTYLE": "German"},
    "PGHOSTADDR": lambda _project, _new: {"PGHOSTADDR": "192.0.2.7"},
    "a service file": a_service_file,
    "options in the URL": in_the_url(options="-c search_path=pg_temp"),
    "a schema in the URL": lambda p, _new: {URL: p.urls["production"] + "&schema=faber_db"},
    "a setting of the database": of_the_database,
}
PLAIN = {
    "connection-permission",
    "connection-failed",
    "policy-target-changed",
    "approval-not-set-up",
    "policy-changed",
}


@pytest.mark.slow
def test_every_other_target_is_refused(
    postgresql_released: Project, new_postgresql: Callable[..., str]
) -> None:
    project = postgresql_released
    project.add_migration(ADD, PHONE)
    plan = project.plan("release", "production")
    assert project.sign(plan).exit_code == 0
    try:
        for name, elsewhere in ELSEWHERE.items():
            environ = elsewhere(project, new_postgresql)
            write(project, "UPDATE plans SET state = 'signed', job_id = '' WHERE id = ?", plan)
            done = project.run("release", "production", "--plan", plan, "--json", environ=environ)
            assert "Traceback" not in done.stderr, (name, done.stderr)
            answer = json.loads(done.stdout)
            assert done.returncode in (1, 2, 5), (name, answer)
            assert answer["errors"][0]["code"] in PLAIN, (name, answer)
            assert "phone" not in project.columns("production", "customers"), name
    finally:
        administer(project, sql.SQL("DROP DATABASE IF EXISTS t_copy_of_production"))
        administer(project, sql.SQL("DROP ROLE IF EXISTS t_mallory"))


@pytest.mark.slow
def test_a_marker_protects_whatever_the_configuration_says(
    postgresql_released: Project,
) -> None:
    """Under another name, said to be open, as the phase that asks nobody."""
    project = postgresql_released
    project.add_migration(ADD, PHONE)
    file = project.root / "faber-db.json"
    settings = {"url": f"env:{URL}", "protected": False, "approval": "none", "backup": "off"}
    for names in ({"sandbox": settings}, {"dev": settings}, {"staging": settings}):
        file.write_text(json.dumps({"environments": names, "autonomy": "autonomous"}), "utf-8")
        (name,) = names
        for words in (["build", name], ["evaluate", name], ["release", name]):
            done = project.run(*words, "--json")
            assert done.returncode in (1, 2, 4, 5), (words, done.stdout)
            assert "phone" not in project.columns("production", "customers"), words


def test_a_renamed_environment_does_not_carry_its_approval_along(released: Project) -> None:
    released.add_migration(ADD, PHONE)
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    file = released.root / "faber-db.json"
    settings = json.loads(file.read_text("utf-8"))
    settings["environments"]["prod2"] = settings["environments"].pop("production")
    settings["environments"]["prod2"]["url"] = "production.db"
    file.write_text(json.dumps(settings), "utf-8")
    for words in (["release", "prod2", "--plan", plan], ["release", "production", "--plan", plan]):
        code, answer = released.exits(*words)
        assert code in (1, 5), answer
    assert "phone" not in released.columns("production", "customers")
