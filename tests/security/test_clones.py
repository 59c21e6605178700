"""A copy of a protected database: protected, never a match, and adopted only by a signature."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from faber_db import app
from faber_db.adapters.engines.postgresql.address import conninfo, parse, url_of
from faber_db.errors import ApprovalError
from faber_db.model.job import JobState
from tests.e2e.project import Project
from tests.security.test_signing import signed as signature_of

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
MARKER = {"sqlite": "_faber_db_marker", "postgresql": "faber_db.marker"}
USED = {"sqlite": "_faber_db_used", "postgresql": "faber_db.used_approvals"}


@dataclass(frozen=True)
class Pair:
    """A released production and the copy that somebody made of it, under the name `copy`."""

    project: Project
    product: str

    def marker(self, environment: str) -> dict[str, Any]:
        found = self.project.rows(environment, f"SELECT marker FROM {MARKER[self.product]}")
        marker: dict[str, Any] = json.loads(found[0][0])
        return marker

    def used(self, environment: str) -> set[str]:
        found = self.project.rows(environment, f"SELECT nonce FROM {USED[self.product]}")
        return {nonce for (nonce,) in found}

    def swapped(self, environment: str, other: str) -> Project:
        """The same project where one environment's name leads to the other's database."""
        if self.product == "sqlite":
            self.project.configure(environment, url=f"{other}.db")
            return self.project
        name = f"SHOP_{environment.upper()}_URL"
        environ = {**self.project.environ, name: self.project.urls[other]}
        return replace(self.project, environ=environ)

    def straight(self, environment: str) -> None:
        if self.product == "sqlite":
            self.project.configure(environment, url=f"{environment}.db")

    def adopt(self) -> str:
        """Propose and sign, and carry it out; the id of the plan."""
        plan = self.project.plan("protect", "copy", "--adopt-clone")
        done = self.project.sign(plan, loses=("copy",), deploy=True)
        assert done.exit_code == 0, done.screen
        return plan


@pytest.fixture
def sqlite_pair(released: Project) -> Pair:
    shutil.copy(released.root / "production.db", released.root / "copy.db")
    released.configure("production")
    file = released.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    whole["environments"]["copy"] = {"url": "copy.db"}
    file.write_text(json.dumps(whole), "utf-8")
    released.add_migration(ADD, PHONE)
    return Pair(released, "sqlite")


@pytest.fixture
def postgresql_pair(postgresql_released: Project) -> Pair:
    project = postgresql_released
    address = parse(project.urls["production"])
    url = url_of(address.to_database(f"{address.database}_copy"))
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(f"{address.database}_copy"), sql.Identifier(address.database)
    )
    with psycopg.connect(
        conninfo(address.to_database("postgres")), autocommit=True
    ) as connection:  # dropped with the original, whose name it begins with
        connection.execute(copy)
    file = project.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    whole["environments"]["copy"] = {"url": "env:SHOP_COPY_URL"}
    file.write_text(json.dumps(whole), "utf-8")
    project.add_migration(ADD, PHONE)
    environ = {**project.environ, "SHOP_COPY_URL": url}
    return Pair(replace(project, environ=environ, urls={**project.urls, "copy": url}), "postgresql")


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Pair:
    found: Pair = request.getfixturevalue(request.param)
    return found


BOTH = pytest.mark.parametrize("pair", ["sqlite_pair", "postgresql_pair"], indirect=True)


@pytest.mark.slow
@BOTH
def test_the_whole_way(pair: Pair) -> None:
    project = pair.project
    original, used = pair.marker("production"), pair.used("production")

    for words in (("release", "copy"), ("build", "copy"), ("policy", "propose", "copy")):
        code, answer = project.exits(*words)
        assert (code, answer["errors"][0]["code"]) == (5, "policy-target-changed"), answer
        assert "--adopt-clone" in answer["errors"][0]["hint"]
    code, answer = project.exits("protect", "production", "--adopt-clone")
    assert (code, answer["errors"][0]["code"]) == (5, "policy-refused"), answer

    pair.adopt()
    adopted = pair.marker("copy")
    assert adopted["target_id"] != original["target_id"]
    assert adopted["approvers"] == original["approvers"]
    assert (adopted["environment"], adopted["database"]) == ("copy", "main")
    assert used < pair.used("copy")  # what was used stays used, and one more is
    assert (pair.marker("production"), pair.used("production")) == (original, used)
    assert project.run("audit", "verify").returncode == 0

    code, answer = project.exits("protect", "copy", "--adopt-clone")  # once only
    assert (code, answer["errors"][0]["code"]) == (5, "policy-refused"), answer
    done = project.sign(project.plan("release", "copy"), deploy=True)
    assert done.exit_code == 0, done.screen
    assert "phone" in project.columns("copy", "customers")
    assert "phone" not in project.columns("production", "customers")
    project.release()
    assert "phone" in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0


@pytest.mark.slow
@BOTH
def test_an_approval_for_one_never_matches_the_other(pair: Pair) -> None:
    """Before and after the adoption, and whichever of the two names leads astray."""
    project = pair.project
    signed = project.plan("release", "production")
    assert project.sign(signed).exit_code == 0
    refusals = ("policy-target-changed", "approval-stale")

    def astray(plan: str, environment: str, other: str) -> None:
        code, answer = pair.swapped(environment, other).exits(
            "release", environment, "--plan", plan
        )
        pair.straight(environment)
        assert code == 5, answer
        assert answer["errors"][0]["code"] in refusals, answer
        for each in ("copy", "production"):
            assert "phone" not in project.columns(each, "customers")

    astray(signed, "production", "copy")  # its claim is given back: it may run where it belongs
    adoption = project.plan("protect", "copy", "--adopt-clone")
    assert project.sign(adoption, loses=("copy",)).exit_code == 0
    swapped = pair.swapped("copy", "production")
    opened = app.build(swapped.root, swapped.environ)
    job = opened.executor.watch(opened.executor.start(adoption).id, seconds=60)
    assert (job.state, job.error["code"]) == (JobState.FAILED, "policy-target-changed")
    pair.straight("copy")
    code, answer = project.exits("release", "production", "--plan", adoption)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-stale"), answer
    done = project.run("approve", adoption, "--deploy")  # signed before, and given back
    assert done.returncode == 0, done.stderr
    astray(signed, "production", "copy")
    signed = project.plan("release", "copy")
    assert project.sign(signed).exit_code == 0
    astray(signed, "copy", "production")


def test_nobody_else_adopts_it(sqlite_pair: Pair) -> None:
    """An agent makes a key of its own: it is not pinned in the copy."""
    project = sqlite_pair.project
    before = sqlite_pair.marker("copy")
    plan = project.plan("protect", "copy", "--adopt-clone")
    stranger = replace(
        project, environ={**project.environ, "XDG_CONFIG_HOME": str(project.root.parent / "own")}
    )
    (stranger.root / "own.db").touch()
    file = project.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    whole["environments"]["own"] = {"url": "own.db"}
    file.write_text(json.dumps(whole), "utf-8")
    stranger.protect("own")
    done = stranger.at_terminal("approve", plan, "--deploy", answers=[])
    assert "[approval-key-unknown]" in done.screen
    theirs = app.build(stranger.root, stranger.environ)
    with pytest.raises(ApprovalError):
        theirs.executor.sign(signature_of(theirs, plan))
    assert sqlite_pair.marker("copy") == before
    last = project.json("audit", "show", "--event", "approval.refused")["details"]["entries"][-1]
    assert last["body"]["fault"]


def test_a_marker_that_is_changed_meanwhile(sqlite_pair: Pair) -> None:
    """Between signature and run somebody pins another policy into the copy."""
    project = sqlite_pair.project
    plan = project.plan("protect", "copy", "--adopt-clone")
    assert project.sign(plan, loses=("copy",)).exit_code == 0
    forged = {**sqlite_pair.marker("copy"), "policy_digest": "0" * 64}
    with closing(sqlite3.connect(project.root / "copy.db")) as db, db:
        db.execute("UPDATE _faber_db_marker SET marker = ?", (json.dumps(forged),))
    opened = app.build(project.root, project.environ)
    job = opened.executor.watch(opened.executor.start(plan).id, seconds=60)
    assert (job.state, job.error["code"]) == (JobState.FAILED, "approval-stale")
    assert sqlite_pair.marker("copy") == forged
