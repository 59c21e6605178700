"""Whether the process that made something is still there."""

import os


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists, of whatever account."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
