"""The outcome of build, evaluate and release as a person reads it."""

from datetime import UTC, datetime

import pytest

from faber_db.cli.render.coordinate import outcome
from faber_db.cli.render.page import Page
from faber_db.model.answer import Answer, NextPerson, NextTool, State
from faber_db.model.finding import Risk
from faber_db.services.coordinate import CoordinateDetails, Measured

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CASES: dict[str, tuple[Answer[CoordinateDetails], list[str]]] = {
    "applied": (
        Answer(
            message="dev: 2 migrations applied in 400 ms",
            details=CoordinateDetails(
                environment="dev",
                plan_id="plan_a",
                risk=Risk.LOW,
                applied=["1", "2"],
                measured=[
                    Measured(version="1", duration_ms=300),
                    Measured(version="2", duration_ms=100),
                ],
                ledger_head="2",
                health="healthy",
            ),
        ),
        [
            "dev  done  2 migrations applied in 0.4 s",
            "  applied     1, 2",
            "  health      healthy",
            "  ledger      2",
        ],
    ),
    "waits for a person": (
        Answer(
            status="warning",
            message="waits",
            details=CoordinateDetails(
                state=State.APPROVAL_REQUIRED,
                environment="production",
                plan_id="plan_7kq2",
                risk=Risk.HIGH,
                pending=["20261123_drop"],
                loses=["users.legacy_token"],
                expires_at="2026-11-30T08:00:00+00:00",
                tier=1,
                next=NextPerson(person="faber-db approve plan_7kq2"),
            ),
        ),
        [
            "production  approval required  plan_7kq2 waits for a signature; nothing has run",
            "  pending     20261123_drop",
            "  loses       users.legacy_token",
            "  expires     in 6 d 23 h",
            "  tier        1",
            "  risk        HIGH",
            "",
            "Next: faber-db approve plan_7kq2",
        ],
    ),
    "has to be confirmed": (
        Answer(
            status="warning",
            message="confirm",
            details=CoordinateDetails(
                state=State.CONFIRM_REQUIRED,
                environment="staging",
                plan_id="plan_b",
                next=NextTool(
                    tool="coordinate-evaluate",
                    arguments={"environment": "staging", "plan_id": "plan_b"},
                ),
            ),
        ),
        [
            "staging  confirm required  plan_b runs when it is confirmed; nothing has run",
            "",
            "Next: faber-db evaluate staging --plan plan_b",
        ],
    ),
    "nothing to do": (
        Answer(
            message="dev is up to date",
            details=CoordinateDetails(state=State.SKIPPED, environment="dev"),
        ),
        ["dev  nothing to do  dev is up to date"],
    ),
}


@pytest.mark.parametrize(("answer", "expected"), CASES.values(), ids=CASES)
def test_outcome(answer: Answer[CoordinateDetails], expected: list[str]) -> None:
    page = Page()
    outcome(NOW)(answer, page)
    assert page.render().splitlines() == expected
