"""The five phases and what belongs to them, on SQLite, through the command line."""

import pytest

from tests.e2e import phases
from tests.e2e.project import Project


def test_five_phases(released: Project) -> None:
    phases.five_phases(released)


def test_confirm_rule(project: Project) -> None:
    phases.confirm_rule(project)


def test_autonomy(project: Project) -> None:
    phases.autonomy(project)


def test_work_items(released: Project) -> None:
    phases.work_items(released)


@pytest.mark.slow
def test_roll_back(released: Project) -> None:
    phases.roll_back(released)


def test_restore(released: Project) -> None:
    phases.restore(released)


def test_policy_change(released: Project) -> None:
    phases.policy_change(released)


def test_state_lost(released: Project) -> None:
    phases.state_lost(released)
