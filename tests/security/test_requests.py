"""An agent that asks again and again: the person is not asked more often, and sees every earlier no."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faber_db.errors import TooManyRequests
from faber_db.executor import asking
from faber_db.model.plan import PlanKind, PlanState
from tests.contract.states import plan
from tests.e2e.project import Project
from tests.services.conftest import AppFactory

ADD = "20261101000000_add"
MORE = "20261102000000_more"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
CITY = "ALTER TABLE customers ADD COLUMN city text;\n"
NO = "not on a Friday"


def asked_for(project: Project, name: str, up: str) -> tuple[int, dict[str, Any]]:
    project.add_migration(name, up)
    return project.exits("release")


def test_a_no_is_remembered(released: Project) -> None:
    """By what it was about: also where the ledger has moved since, and to the agent too."""
    project = released
    code, _ = asked_for(project, ADD, PHONE)
    assert code == 4
    plan_id = project.plan("release")
    assert project.run("reject", plan_id, "--reason", NO).returncode == 0
    entry = project.json("audit", "show", "--event", "approval.rejected")["details"]["entries"][-1]
    assert entry["body"]["plan_id"] == plan_id
    assert entry["body"]["account"]
    assert NO not in json.dumps(entry)

    code, answer = project.exits("release")
    again = answer["details"]["plan_id"]
    assert (code, again != plan_id) == (4, True), answer
    assert [w["code"] for w in answer["warnings"]] == ["approval-required", "approval-rejected"]
    assert NO in answer["warnings"][1]["message"]
    assert plan_id in answer["warnings"][1]["message"]
    listed = project.json("approve")["details"]["waiting"]
    assert [(w["plan_id"], w["rejected"]) for w in listed] == [(again, [NO])]
    assert NO in project.run("approve").stdout
    shown = project.run("plan", "show", again).stdout
    assert "Rejected" in shown
    assert NO in shown

    project.add_migration(ADD, CITY)  # other bytes are about something else
    code, answer = project.exits("release")
    assert [w["code"] for w in answer["warnings"]] == ["approval-required"], answer
    assert NO not in project.run("plan", "show", answer["details"]["plan_id"]).stdout


def test_the_same_is_asked_once(released: Project) -> None:
    released.add_migration(ADD, PHONE)
    plans = {released.plan("release") for _ in range(3)}
    assert len(plans) == 1
    assert len(released.json("approve")["details"]["waiting"]) == 1


def test_so_many_wait_at_once(released: Project, tmp_path: Path) -> None:
    """The sixth is refused and not kept; room is made by a decision; the person is told once."""
    project = released
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\necho "$@" >> {told}\n', "utf-8")
    script.chmod(0o755)
    project.configure("production", notify=str(script))
    for number in range(asking.MOST_WAITING):
        code, answer = asked_for(project, ADD, f"{PHONE}-- {number}\n")
        assert code == 4, answer
    for number in (98, 99):
        code, answer = asked_for(project, ADD, f"{PHONE}-- {number}\n")
        assert (code, answer["errors"][0]["code"]) == (5, "approval-too-many-requests"), answer
        assert answer["errors"][0]["hint"]
    waiting = project.json("approve")["details"]["waiting"]
    assert len(waiting) == asking.MOST_WAITING
    refused = project.json("audit", "show", "--event", "plan.refused")["details"]["entries"]
    assert [e["body"]["code"] for e in refused] == ["approval-too-many-requests"] * 2
    assert project.run("reject", waiting[-1]["plan_id"], "--reason", NO).returncode == 0
    code, answer = asked_for(project, ADD, f"{PHONE}-- 99\n")
    assert code == 4, answer
    events = [line.split()[0] for line in told.read_text("utf-8").splitlines()]
    assert sorted(events) == ["too-many", *["waiting"] * (asking.MOST_WAITING + 1)]


def test_so_many_within_an_hour(app_factory: AppFactory, tmp_path: Path) -> None:
    """What nobody signed counts, also what was rejected or replaced; what was signed does not."""
    app = app_factory(str(tmp_path / "p.db"), environment="production", protected=True)
    environment = app.database().environment("production")
    now = app.now().isoformat(timespec="seconds")

    def ask(number: int, state: PlanState, kind: PlanKind = PlanKind.DEPLOY) -> None:
        made = plan(f"plan_{number}", created_at=now, expires_at="2999", kind=kind)
        app.state.add_plan(made, {}, PlanState.WAITING)
        asking.require_patience(app, environment, made)
        app.state.move_plan(made.id, expect=(PlanState.WAITING,), to=state)

    for number in range(30):
        ask(number, PlanState.DONE)
    for number in range(100, 100 + asking.MOST_AN_HOUR):
        ask(number, PlanState.REJECTED if number % 2 else PlanState.VOID)
    with pytest.raises(TooManyRequests):
        ask(200, PlanState.DONE)
    assert app.state.plan("plan_200").state is PlanState.VOID


@pytest.mark.slow
def test_many_at_once_do_not_slip_through(released: Project) -> None:
    """Twenty processes, each with a change of its own."""
    project = released
    processes = []
    for number in range(20):
        project.add_migration(ADD, f"{PHONE}-- {number}\n")
        files = project.root.parent / f"copy{number}"
        subprocess.run(["cp", "-r", str(project.root / "migrations"), str(files)], check=True)
    code = (
        "import os, sys; from pathlib import Path; from faber_db import app;"
        "from faber_db.services.ports import Proposal; from faber_db.model.plan import PlanKind;"
        "from faber_db.model.migration import SourceFile; from faber_db.errors import *;"
        "a = app.build(Path('.'), os.environ);"
        "f = tuple(SourceFile(path=p.name, content=p.read_bytes())"
        " for p in sorted(Path(sys.argv[1]).iterdir()));"
        "\ntry: a.executor.propose(Proposal(kind=PlanKind.DEPLOY, database='main',"
        " environment='production', files=f)); print('made')"
        "\nexcept TooManyRequests: print('refused')"
    )
    for number in range(20):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", code, str(project.root.parent / f"copy{number}")],
                cwd=project.root,
                env=project.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    said = [process.communicate(timeout=300) for process in processes]
    assert {out.strip() for out, _ in said} <= {"made", "refused"}, said
    waiting = project.json("approve")["details"]["waiting"]
    assert len(waiting) <= asking.MOST_WAITING
