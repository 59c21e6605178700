"""An applied migration that was edited: what differs is shown, then its new checksum is recorded."""

import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.handlers import handler_for
from faber_db.adapters.handlers.flyway_text import checksum_of
from faber_db.adapters.version_control import Git
from faber_db.errors import InputError, MigrationEdited
from faber_db.executor.local import LocalExecutor
from faber_db.model.answer import State
from faber_db.model.finding import Risk
from faber_db.services import build
from faber_db.services.accept_edit import AcceptEditRequest, run
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails
from faber_db.services.coordinate import Request as BuildRequest
from tests.services.conftest import AppFactory

UP = "CREATE TABLE users (\n  id integer PRIMARY KEY,\n  name varchar(20)\n);\n"
MIGRATIONS = {"001_users.up.sql": UP, "001_users.down.sql": "DROP TABLE users;\n"}


def git(folder: Path, *words: str) -> None:
    as_somebody = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=no")
    subprocess.run(["git", *as_somebody, *words], cwd=folder, check=True, capture_output=True)


def made(app_factory: AppFactory, url: str, *, commit: bool = True) -> App:
    """One applied migration, committed or not."""
    app = replace(app_factory(url, migrations=MIGRATIONS), version_control=Git())
    if commit:
        git(app.root, "init", "--quiet")
        git(app.root, "add", ".")
        git(app.root, "commit", "--quiet", "-m", "one")
    build.run(BuildRequest(), app)
    return app


def edit(app: App, text: str) -> None:
    (app.database().folder / "001_users.up.sql").write_text(text)


def planned(app: App) -> CoordinateDetails:
    request = AcceptEditRequest(environment="dev", version="001_users", dry_run=True)
    return run(request, app).details


@pytest.mark.parametrize("url", ["sqlite_url", pytest.param("mariadb_url", marks=pytest.mark.slow)])
def test_a_change_is_shown_and_recorded(
    request: pytest.FixtureRequest, url: str, app_factory: AppFactory
) -> None:
    app = made(app_factory, request.getfixturevalue(url))
    before = _applied_at(app)
    edit(app, UP.replace("varchar(20)", "varchar(30)"))
    git(app.root, "commit", "--quiet", "-am", "two")
    with pytest.raises(MigrationEdited):
        build.run(BuildRequest(), app)
    plan = planned(app)
    assert plan.risk is Risk.HIGH
    assert "-  name varchar(20)\n+  name varchar(30)" in plan.difference
    with pytest.raises(MigrationEdited):
        build.run(BuildRequest(), app)
    answer = run(AcceptEditRequest(environment="dev", version="001_users"), app)
    assert answer.message == "dev: the ledger has the new checksum of 001_users; nothing ran"
    assert build.run(BuildRequest(), app).details.state is State.SKIPPED
    assert _applied_at(app) == before
    again = run(AcceptEditRequest(environment="dev", version="001_users"), app)
    assert again.details.state is State.SKIPPED


def _applied_at(app: App) -> object:
    url = app.database().environment("dev").resolve_url()
    with app.database().engine.connect(url) as session:
        (row,) = app.database().handler.ledger(session)
    return row.applied_at


LAYOUT = {
    "a comment": (f"-- what it is for\n{UP}", Risk.LOW),
    "white space": (UP.replace("\n", "\r\n    "), Risk.LOW),
    "a comment of some lines": (UP.replace("id", "/* key\n */ id"), Risk.LOW),
    "within a string": (UP.replace("varchar(20)", "varchar(20) DEFAULT 'a  b'"), Risk.HIGH),
    "an order": (UP.replace("  id integer PRIMARY KEY,\n", "").replace("(20)", "(20), id integer"), Risk.HIGH),
}  # fmt: skip


@pytest.mark.parametrize(("text", "risk"), LAYOUT.values(), ids=LAYOUT)
def test_layout_alone_is_told_from_the_rest(
    text: str, risk: Risk, app_factory: AppFactory, sqlite_url: str
) -> None:
    app = made(app_factory, sqlite_url)
    edit(app, text)
    plan = planned(app)
    assert plan.risk is risk
    assert ("only white space and comments" in plan.findings[0].effect) is (risk is Risk.LOW)


def test_what_was_applied_is_not_known(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url, commit=False)
    edit(app, f"-- a comment\n{UP}")
    plan = planned(app)
    assert (plan.risk, plan.difference) == (Risk.HIGH, "")
    assert "no committed version has the recorded checksum" in plan.findings[0].effect


def test_a_text_that_was_not_applied_is_not_believed(
    app_factory: AppFactory, sqlite_url: str
) -> None:
    app = made(app_factory, sqlite_url, commit=False)
    edit(app, UP.replace("20", "30"))
    request = AcceptEditRequest(
        environment="dev", version="001_users", dry_run=True, candidates=(UP.replace("20", "25"),)
    )
    assert run(request, app).details.difference == ""


def test_what_is_not_edited_is_not_accepted(app_factory: AppFactory, sqlite_url: str) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    Path(sqlite_url.removeprefix("sqlite:")).touch()
    with pytest.raises(InputError, match="is pending in dev, not edited"):
        planned(app)
    with pytest.raises(InputError, match="there is no migration '002'"):
        run(AcceptEditRequest(environment="dev", version="002"), app)


def test_a_plan_is_stale_once_the_row_changed(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url)
    edit(app, UP.replace("20", "30"))
    plan = planned(app)
    with app.database().engine.connect(sqlite_url) as session:
        session.execute("UPDATE faber_db_migrations SET sha256 = 'other'")
    request = AcceptEditRequest(environment="dev", version="001_users", plan_id=plan.plan_id)
    assert [p.code for p in run(request, app).errors] == ["approval-stale"]


def test_nothing_that_the_repository_names_is_run(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url)
    ran = app.root / "ran"
    program = app.root / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    for setting in (
        "core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand",
        "core.editor", "diff.x.textconv", "diff.x.command", "filter.x.smudge", "filter.x.clean",
    ):  # fmt: skip
        git(app.root, "config", setting, str(program))
    git(app.root, "config", "log.showSignature", "true")
    (app.root / ".git/hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (app.root / ".git/hooks" / hook).symlink_to(program)
    (app.root / ".gitattributes").write_text("*.sql diff=x filter=x\n")
    edit(app, UP.replace("20", "30"))
    assert planned(app).difference
    assert not ran.exists()


def test_another_kind_of_checksum(app_factory: AppFactory, sqlite_url: str) -> None:
    """Flyway's is no SHA-256: what was applied is what its own handler recognises."""
    app = app_factory(sqlite_url, migrations={"V1__users.sql": UP})
    database = replace(app.database(), handler=handler_for("flyway"))
    app = replace(app, databases={"main": database}, version_control=Git())
    app = replace(app, executor=LocalExecutor(lambda: app, {}, {}))
    git(app.root, "init", "--quiet")
    git(app.root, "add", ".")
    git(app.root, "commit", "--quiet", "-m", "one")
    build.run(BuildRequest(), app)
    (database.folder / "V1__users.sql").write_text(UP.replace("20", "30"))
    request = AcceptEditRequest(environment="dev", version="1")
    assert "+  name varchar(30)" in run(request, app).details.difference
    assert build.run(BuildRequest(), app).details.state is State.SKIPPED


def forged(text: str, checksum: int) -> str:
    """The text with a comment that gives it a CRC-32 of choice: some of its letters in upper case."""
    head, count = f"{text}-- ", 64
    plain = zlib.crc32((head + "a" * count).encode())
    rows: list[tuple[int, int]] = []  # effect of letters on the checksum, and which letters
    for place in range(count):
        letters = "".join("A" if i == place else "a" for i in range(count))
        effect, which = zlib.crc32((head + letters).encode()) ^ plain, 1 << place
        for known, letters_of in rows:
            if effect ^ known < effect:
                effect, which = effect ^ known, which ^ letters_of
        if effect:
            rows.append((effect, which))
            rows.sort(reverse=True)
    wanted, chosen = (checksum % 2**32) ^ plain, 0
    for known, letters_of in rows:
        if wanted ^ known < wanted:
            wanted, chosen = wanted ^ known, chosen ^ letters_of
    assert wanted == 0
    return head + "".join("A" if chosen >> i & 1 else "a" for i in range(count))


def test_a_text_made_to_have_a_short_checksum_proves_no_layout(
    app_factory: AppFactory, sqlite_url: str
) -> None:
    app = app_factory(sqlite_url)
    file = app.database().folder / "V1__users.sql"
    file.parent.mkdir(exist_ok=True)
    applied = "CREATE TABLE users (id integer);"
    file.write_text(applied)
    databases = {"main": replace(app.database(), handler=handler_for("flyway"))}
    found = replace(app, databases=databases)
    app = replace(found, executor=LocalExecutor(lambda: found, {}, {}), version_control=Git())
    build.run(BuildRequest(), app)
    edited = "CREATE TABLE users (id bigint);"
    file.write_text(forged(edited, checksum_of(applied)))
    git(app.root, "init", "--quiet")
    git(app.root, "add", ".")
    git(app.root, "commit", "--quiet", "-m", "made up")
    file.write_text(edited)
    request = AcceptEditRequest(environment="dev", version="1", dry_run=True)
    plan = run(request, app).details
    assert plan.risk is Risk.HIGH
    assert "another text can be given the same" in plan.findings[0].effect
