"""Projects for the end-to-end tests."""

from pathlib import Path

import pytest

from tests.e2e.project import Project, new_project, release_first


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The shop, with nothing applied anywhere."""
    return new_project(tmp_path)


@pytest.fixture
def released(tmp_path: Path) -> Project:
    """The shop with its first migration in a protected production, and a customer there."""
    project = new_project(tmp_path)
    release_first(project)
    return project
