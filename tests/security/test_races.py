"""The file behind a name is exchanged while a signed release or restore runs."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Project

DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
LOST = ("customers.legacy_token",)


@contextmanager
def flipping(name: Path, one: Path, other: Path) -> Iterator[list[int]]:
    """Point a link at one file and the other in turn, as fast as it goes."""
    over, flips = threading.Event(), [0]

    def flip() -> None:
        part = name.with_name("flip")
        while not over.wait(0.0002):
            for target in (other, one):
                part.symlink_to(target.name)
                part.replace(name)
                flips[0] += 1

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield flips
    finally:
        over.set()
        thread.join()


def test_a_release_runs_on_the_approved_file_or_nowhere(released: Project) -> None:
    live, real, decoy = (released.root / n for n in ("production.db", "real.db", "decoy.db"))
    live.rename(real)
    shutil.copy(real, decoy)
    live.symlink_to(real.name)
    before = decoy.read_bytes()
    released.add_migration("20261101000000_drop", DROP)
    code, answer = released.exits("release", "production")
    # The path is part of the identity: the renamed file is not the one that was protected.
    assert (code, answer["errors"][0]["code"]) == (5, "policy-target-changed"), answer
    assert decoy.read_bytes() == before


@pytest.mark.parametrize("turn", range(3))
def test_a_link_that_flips_during_a_release(released: Project, turn: int) -> None:
    live, decoy = released.root / "production.db", released.root / "decoy.db"
    shutil.copy(live, decoy)
    link = released.root / "link.db"
    link.symlink_to(live.name)
    released.configure("production", url="link.db")
    released.add_migration("20261101000000_drop", DROP)
    plan = released.plan("release", "production")
    assert released.sign(plan, loses=LOST).exit_code == 0
    before = decoy.read_bytes()
    with flipping(link, live, decoy) as flips:
        code, answer = released.exits("release", "production", "--plan", plan)
    assert flips[0] > 500, turn
    assert decoy.read_bytes() == before, answer
    gone = "legacy_token" not in released.columns("production", "customers")
    assert gone == (code == 0), answer
