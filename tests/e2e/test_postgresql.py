"""The five phases and what belongs to them, on PostgreSQL, through the command line."""

import pytest

from tests.e2e import phases
from tests.e2e.project import Project


def test_five_phases(postgresql_released: Project) -> None:
    phases.five_phases(postgresql_released, health="degraded")  # the test server: fsync off


@pytest.mark.slow
def test_confirm_rule(postgresql_project: Project) -> None:
    phases.confirm_rule(postgresql_project)


@pytest.mark.slow
def test_autonomy(postgresql_project: Project) -> None:
    phases.autonomy(postgresql_project)


@pytest.mark.slow
def test_work_items(postgresql_released: Project) -> None:
    phases.work_items(postgresql_released)


@pytest.mark.slow
def test_roll_back(postgresql_released: Project) -> None:
    phases.roll_back(postgresql_released)


def test_restore(postgresql_released: Project) -> None:
    phases.restore(postgresql_released)


@pytest.mark.slow
def test_policy_change(postgresql_released: Project) -> None:
    phases.policy_change(postgresql_released)


@pytest.mark.slow
def test_state_lost(postgresql_released: Project) -> None:
    phases.state_lost(postgresql_released)
