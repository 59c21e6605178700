"""Projects for the end-to-end tests."""

from collections.abc import Callable
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


@pytest.fixture
def postgresql_project(tmp_path: Path, new_postgresql: Callable[..., str]) -> Project:
    """The shop on a PostgreSQL server, with nothing applied anywhere."""
    names = ("dev", "staging", "production")
    return new_project(tmp_path, {name: new_postgresql() for name in names})


@pytest.fixture
def postgresql_released(postgresql_project: Project) -> Project:
    """The same with its first migration in a protected production, and a customer there."""
    release_first(postgresql_project)
    return postgresql_project
