"""Do something as an account that is not root: what root may always do cannot be refused to it."""

import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

NOBODY = 65534


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that belongs to the account which `as_plain_user` runs as."""
    folder = Path(tempfile.mkdtemp(prefix="fdb-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
        rmtree(folder)


def as_plain_user(action: Callable[[], None], *, groups: Sequence[int] = ()) -> None:
    """Run `action` in this process, or as root in a child that has given its rights up.

    With `groups`, the child is in those too; without root it stays in its own.

    The child may not be able to read this project's own files: import what `action` needs before.
    """
    if os.geteuid() != 0:
        action()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads, from 3.12
        child = os.fork()
    if child == 0:
        try:
            os.setgroups(list(groups))
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            action()
        except BaseException:  # noqa: BLE001 the child must not go on with the tests
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, "it failed in the child; see its traceback above"
