"""What doctor asks of the machine it runs on: what this account can read, change and become."""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 1_000_000  # bytes of a file that is looked into


@dataclass(frozen=True, slots=True)
class Listener:
    """The process that listens on a socket, as the kernel tells it."""

    pid: int
    uid: int
    command: tuple[str, ...]  # empty: not to be seen
    is_open: bool  # its memory or environment can be read from this account


@dataclass(frozen=True)
class Machine:
    """The machine, for this process and its account. Everything only looks."""

    becomes_root: Callable[[], bool]  # `sudo -n true` works, or this is root
    is_writable: Callable[[Path], bool]
    is_readable: Callable[[Path], bool]
    uid: int
    home: Path
    environ: Mapping[str, str]
    keys_folder: Path
    cache_folder: Path
    groups: Callable[[], Sequence[str]]  # names of those that this process is in
    programs: Sequence[Path]  # interpreter and packages that faber-db runs from
    agent_keys: Callable[[], Sequence[bytes]]  # public keys that an SSH agent signs with
    listener: Callable[[str], Listener | None]  # by the path of a socket
    tcp_owner: Callable[[int], int | None]  # uid of who listens on a port of this machine


def there(path: Path) -> bool:
    """Whether something is there that this account can see; never an error."""
    try:
        return path.exists()
    except OSError:
        return False


def replaceable(path: Path, machine: Machine) -> bool:
    """Whether this account can change a file or folder, or put another one in its place.

    In a sticky folder (`/tmp`) only the owner of a file or of the folder can replace it.
    """
    here = path
    if there(here) and machine.is_writable(here):
        return True
    for parent in path.parents:
        if there(parent):
            if machine.is_writable(parent) and not _held_by_sticky(parent, here, machine.uid):
                return True
            here = parent
    return False


def _held_by_sticky(folder: Path, child: Path, uid: int) -> bool:
    found = folder.stat()
    if not found.st_mode & stat.S_ISVTX or not there(child):
        return False
    return uid not in (found.st_uid, child.lstat().st_uid)


def lines_of(path: Path, machine: Machine) -> Iterator[tuple[int, str]]:
    """Numbered lines of a small text file that this account can read; none of any other."""
    try:
        if not path.is_file() or not machine.is_readable(path) or path.stat().st_size > _LARGEST:
            return
        text = path.read_text(errors="replace")
    except OSError:
        return
    yield from enumerate(text.splitlines(), start=1)
