"""Where a project stands, as a person reads it."""

from datetime import UTC, datetime

from faber_db.cli.render.page import Page
from faber_db.cli.render.status import project, standing
from faber_db.model.answer import Answer, NextPerson, NextTool, Problem
from faber_db.model.migration import MigrationState
from faber_db.model.plan import PlanKind, PlanState
from faber_db.services.status_lines import EnvironmentLine, MigrationLine, PlanLine, StatusDetails

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PENDING = {MigrationState.PENDING: 1, MigrationState.APPLIED: 24}


def _waiting() -> PlanLine:
    return PlanLine(
        plan_id="plan_7kq2",
        kind=PlanKind.DEPLOY,
        state=PlanState.WAITING,
        environment="production",
        risk="high",
        loses=["users.legacy_token"],
        asked_by="claude-code",
        work_id="123",
        created_at="2026-11-23T08:56:00+00:00",
        expires_at="2026-11-30T08:00:00+00:00",
    )


def _project() -> StatusDetails:
    return StatusDetails(
        environments=[
            EnvironmentLine(
                environment="dev",
                counts={MigrationState.APPLIED: 25},
                health="healthy",
                health_age="2 min",
            ),
            EnvironmentLine(environment="staging", counts=PENDING, pending=["20261123_profiles"]),
            EnvironmentLine(
                environment="production",
                counts=PENDING,
                pending=["20261123_profiles"],
                health="unhealthy",
                health_age="2 min",
                protected="named production",
            ),
        ],
        waiting=[_waiting()],
        next=NextPerson(person="faber-db approve plan_7kq2"),
    )


def test_a_project() -> None:
    page = Page(width=100)
    draw = project("shop", ["prisma", "postgresql"], NOW)
    draw(Answer(message="", details=_project()), page)
    assert page.render().splitlines() == [
        "shop · prisma · postgresql" + " " * 44 + "3 environments, 1 protected",
        "  dev          up to date   25 applied              healthy         2 min ago",
        "  staging      1 pending    20261123_profiles       not looked at",
        "  production   1 pending    waits for a signature   unhealthy       2 min ago"
        "   protected: named production",
        "",
        "  plan_7kq2   production   high   waits for a signature   expires in 6 d 23 h"
        "   loses users.legacy_token",
        "",
        "Next: faber-db approve plan_7kq2   (asked by claude-code for work item 123, 4 min ago)",
    ]


def test_one_environment_with_its_migrations() -> None:
    details = StatusDetails(
        environments=[EnvironmentLine(environment="dev", problem="the server is gone")],
        migrations={
            "1": MigrationLine(
                name="1", state=MigrationState.APPLIED, applied_at="2026-11-23T07:00:00+00:00"
            ),
            "2": MigrationLine(name="2", state=MigrationState.EDITED, detail="3 lines differ"),
        },
        next=NextTool(tool="health-check", arguments={"environment": "dev"}),
    )
    page = Page(width=100)
    gone = Problem(code="c", message="dev: the server is gone", hint="Start it.")
    standing(NOW)(Answer(message="", details=details, warnings=[gone]), page)
    assert page.render().splitlines() == [
        "  dev   could not look",
        "  problem  dev: the server is gone. Start it.",
        "",
        "  1   applied   2 h ago",
        "  2   edited              3 lines differ",
        "",
        "Next: faber-db health dev",
    ]
