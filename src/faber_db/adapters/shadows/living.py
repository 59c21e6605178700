"""Whether the process that made something is still there."""

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process of that number runs, of whatever account.

    One that ended and only waits for its parent's look does not: orphans in a container without
    an init do so for ever.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another account's
    return not _has_ended(pid)


def _has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("Z", "X")
