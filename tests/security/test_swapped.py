"""Files and rows are swapped all the time while a signed release runs: what was signed is what runs."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.model.sha256 import sha256_of
from tests.e2e.project import Project
from tests.security.forging import key_of, signed_by

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
EVIL = "DROP TABLE orders;\n"
BOTH = ["released", "postgresql_released"]


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(request.param)
    return found


@contextmanager
def meanwhile(swap: Callable[[], None]) -> Iterator[list[int]]:
    """Do it over and over beside what runs; how often."""
    over, times = threading.Event(), [0]

    def loop() -> None:
        while not over.is_set():
            swap()
            times[0] += 1

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def swapping(folder: Path) -> Callable[[], None]:
    """Other bytes, a link, another name, nothing, and the file as it was: each in turn."""
    file, evil, away = (folder / n for n in (f"{ADD}.up.sql", "evil.txt", f"{ADD}x.up.sql"))
    evil.write_text(EVIL, "utf-8")
    part = folder / "part.txt"

    def swap() -> None:
        part.write_text(EVIL, "utf-8")
        part.replace(file)
        part.symlink_to(evil.name)
        part.replace(file)
        file.rename(away)
        away.rename(file)
        file.unlink()
        part.hardlink_to(evil)
        part.replace(file)
        part.unlink(missing_ok=True)  # two names of one file: replacing does nothing
        file.unlink()
        part.write_text(PHONE, "utf-8")
        part.replace(file)

    return swap


def signed_plan(project: Project) -> str:
    project.add_migration(ADD, PHONE)
    plan = project.plan("release", "production")
    app = build(project.root, project.environ)
    app.executor.sign(signed_by(key_of(project), app, plan))
    return plan


def require_signed_bytes_ran(project: Project) -> None:
    assert "phone" in project.columns("production", "customers")
    assert project.rows("production", "SELECT count(*) FROM orders") == [(1,)]
    ledger = project.rows(
        "production", f"SELECT sha256 FROM faber_db_migrations WHERE version = '{ADD}'"
    )
    assert ledger == [(sha256_of(PHONE.encode()),)]


@pytest.mark.slow
@pytest.mark.parametrize("project_of", BOTH, indirect=True)
def test_files_swapped_while_a_release_runs(project_of: Project) -> None:
    project = project_of
    plan = signed_plan(project)
    with meanwhile(swapping(project.root / "migrations")) as times:
        code, answer = project.exits("release", "production", "--plan", plan)
    assert times[0] > 50  # seven changes of names each; thousands where the machine is idle
    assert (code, answer["details"].get("applied")) in ((0, [ADD]), (3, [ADD])), answer
    require_signed_bytes_ran(project)


@pytest.mark.slow
@pytest.mark.parametrize("project_of", BOTH, indirect=True)
def test_stored_bytes_swapped_while_a_release_runs(project_of: Project) -> None:
    """Bytes that do not have their digest are refused; those that have it are what was signed."""
    project = project_of
    plan = signed_plan(project)
    digest = sha256_of(PHONE.encode())
    state = sqlite3.connect(
        project.state_file, isolation_level=None, timeout=0.01, check_same_thread=False
    )

    def swap() -> None:
        for content in (EVIL, PHONE):
            with suppress(sqlite3.OperationalError):  # busy: the release has it
                state.execute(
                    "UPDATE files SET content = ? WHERE sha256 = ?", (content.encode(), digest)
                )
            time.sleep(0.002)  # so that the release finds the state free before it gives up

    with meanwhile(swap) as times:
        code, answer = project.exits("release", "production", "--plan", plan)
    state.close()
    assert times[0] > 10
    assert project.rows("production", "SELECT count(*) FROM orders") == [(1,)]
    if code in (0, 3):
        require_signed_bytes_ran(project)
    else:
        assert answer["errors"][0]["code"] in ("approval-invalid", "state-unusable"), answer
        assert "phone" not in project.columns("production", "customers")


@pytest.mark.slow
def test_the_database_file_renamed_while_a_release_runs(released: Project) -> None:
    """A copy takes the name of the protected file and gives it back: nothing runs on the copy."""
    live, copy, held = (released.root / n for n in ("production.db", "copy.db", "held.db"))
    plan = signed_plan(released)
    copy.write_bytes(live.read_bytes())
    before = copy.read_bytes()

    def swap() -> None:
        live.rename(held)
        copy.rename(live)
        live.rename(copy)
        held.rename(live)

    with meanwhile(swap) as times:
        code, answer = released.exits("release", "production", "--plan", plan)
    assert times[0] > 50  # seven changes of names each; thousands where the machine is idle
    assert copy.read_bytes() == before, answer
    ran = "phone" in released.columns("production", "customers")
    assert ran or code != 0, answer
