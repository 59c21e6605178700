"""Whether a process is alive, told apart from another one that got its number."""

import os
import platform
from functools import cache
from pathlib import Path


@cache
def here() -> str:
    """Where process numbers of this process mean something: host, boot, and container."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # no Linux: the name of the host has to do
    return " ".join(parts)


def started(pid: int) -> int:
    """When a process started, as a number that differs for a recycled pid; 0 if it is gone."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
        except OSError:
            return 0
        fields = stat.rpartition(")")[2].split()
        return 0 if fields[0] == "Z" else int(fields[19])  # a zombie runs nothing; 22nd field
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return 0
    except PermissionError:
        return 1
    return 1
