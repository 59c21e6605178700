"""Projects for the end-to-end tests."""

from pathlib import Path

import pytest

from tests.e2e.kept import Kept
from tests.e2e.project import Project, new_project, release_first


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The shop, with nothing applied anywhere."""
    return new_project(tmp_path)


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Made once: protecting and releasing take a few seconds."""
    folder = tmp_path_factory.mktemp("released")
    project = new_project(folder / "home")
    release_first(project)
    return Kept(project, folder)


@pytest.fixture
def released(released_once: Kept) -> Project:
    """The shop with its first migration in a protected production, and a customer there."""
    return released_once.again()
