"""The disk under our own state and backups takes no more, at whatever moment of a release."""

import shutil
import sys

import pytest

from tests.e2e.project import Project
from tests.faults.small_disk import KIB, can_mount, fill, make_room, small_disk

pytestmark = pytest.mark.slow

MOUNTS = [True] if can_mount() else []
ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"

LIMITED = (
    "import os, resource, sys; n = int(sys.argv[1]);"
    " resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)); os.execv(sys.argv[2], sys.argv[2:])"
)


class Limited(Project):
    """Its commands can let no file grow beyond four MiB."""

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", LIMITED, str(4 * KIB * KIB), *super().command(*words)]


def test_a_backup_that_cannot_grow(released: Project) -> None:
    project = released
    project.write("production", f"UPDATE customers SET name = hex(randomblob({4 * KIB * KIB}))")
    project.add_migration(ADD, DROP)
    plan = project.plan("release")
    assert project.sign(plan, loses=("customers.legacy_token",)).exit_code == 0
    limited = Limited(project.root, project.environ)
    code, answer = limited.exits("release", "--plan", plan)
    assert (code, [e["code"] for e in answer["errors"]]) == (2, ["backup-failed"]), answer
    assert answer["errors"][0]["hint"], answer
    assert "legacy_token" in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0
    found = project.json("backup", "list", "production")["details"]["backups"]
    assert found[0]["state"] == "failed", found
    code, answer = project.exits("release", "--plan", plan)  # the same signature
    assert code == 0, answer
    assert "legacy_token" not in project.columns("production", "customers")


@pytest.mark.parametrize("_mounts", MOUNTS)
@pytest.mark.parametrize("but_kib", [0, 16, 64, 160])
def test_a_release_on_a_full_disk(released: Project, _mounts: bool, but_kib: int) -> None:
    """It ran and all say so, or it did not and all say so; with room again it goes on."""
    with small_disk(32 * KIB) as disk:
        shutil.copytree(released.root.parent / "state", disk / "state")
        environ = released.environ | {"XDG_STATE_HOME": str(disk / "state")}
        project = Project(released.root, environ)
        project.add_migration(ADD, PHONE)
        plan = project.plan("release")
        assert project.sign(plan).exit_code == 0
        fill(disk, but_kib=but_kib)
        code, answer = project.exits("release", "--plan", plan)
        is_there = "phone" in project.columns("production", "customers")
        make_room(disk)
        if code != 0:
            assert [e["code"] for e in answer["errors"]] == ["state-unusable"], answer
            assert answer["errors"][0]["hint"], answer
        else:
            assert is_there, answer
        assert project.run("audit", "verify").returncode == 0
        found = project.json("status", "production", "--detail", "full")["details"]
        assert (found["migrations"][ADD]["state"] == "applied") is is_there, found
        if not is_there:
            code, answer = project.exits(
                "release", "--plan", plan
            )  # if its signature was not spent
            if code != 0:
                project.release()
        assert project.columns("production", "customers").count("phone") == 1
