"""A project that is made once and put back, in place, before each test that may spoil it.

In place, since a database is known by what it is and not by its name: a copied SQLite file has
another inode, and a PostgreSQL database made from a template another oid. Both would be refused as
clones, and rightly.
"""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from tests.e2e.project import Project


class Kept:
    """What a project was like, so that it can be so again."""

    def __init__(self, project: Project, folder: Path) -> None:
        """Remember `project`, whose root, state and keys are the whole of its parent folder."""
        self._project = project
        self._home = project.root.parent
        self._saved = folder / "saved"
        self._inodes = folder / "inodes"
        shutil.copytree(self._home, self._saved)
        self._inodes.mkdir()
        for file in project.root.glob("*.db"):
            os.link(file, self._inodes / file.name)

    def again(self) -> Project:
        """The project as it was, with the same database files at the same inodes."""
        _wait_until_left(self._home)
        _make_writable(self._home)
        shutil.rmtree(self._home)
        shutil.copytree(self._saved, self._home)
        for kept in self._inodes.iterdir():
            file = self._project.root / kept.name
            kept.write_bytes(file.read_bytes())
            kept.chmod(0o644)
            file.unlink()
            os.link(kept, file)
        return self._project


def _wait_until_left(folder: Path) -> None:
    """Until no process works below a folder: a job of the test before may be about to end."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        places = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):  # gone meanwhile
                places.append(link.readlink())
        if not any(place.is_relative_to(folder) for place in places):
            return
        time.sleep(0.02)
    raise AssertionError(f"a process still works in {folder}")


def _make_writable(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o700)
