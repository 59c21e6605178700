"""Where MariaDB's own programs lie on this machine."""

import re
from dataclasses import dataclass
from pathlib import Path

from faber_db.adapters.engines.programs import folders, folders_of_path, is_program, said_version

_FOLDERS = (
    "/usr/sbin",  # Debian has the server here and the other programs in /usr/bin
    "/usr/bin",
    "/usr/libexec",
    "/opt/homebrew/opt/mariadb*/bin",
    "/usr/local/opt/mariadb*/bin",
    "/usr/local/mysql/bin",
)
_VERSION = re.compile(r"(?:Ver |from )(\d+\.\d+\.\d+)-MariaDB")


@dataclass(frozen=True, slots=True)
class Programs:
    """A MariaDB server's program and what belongs to it."""

    server: Path
    version: str  # "10.11.19"

    @property
    def series(self) -> str:
        """`10.11`: what MariaDB calls a major version."""
        return ".".join(self.version.split(".")[:2])

    def tool(self, name: str) -> Path | None:
        """The absolute path of a program beside the server's; None where it is not here."""
        package = self.server.parent.parent
        for folder in (self.server.parent, package / "bin", package / "scripts"):
            if is_program(folder / name):
                return folder / name
        return None


def find() -> tuple[Programs, ...]:
    """Every MariaDB server that can be set up here, newest first.

    Looked at: the folders of Debian, Red Hat and Homebrew, and only then PATH. What does not tell its version,
    or comes without `mariadb-install-db`, is left out.
    """
    found: dict[Path, Programs] = {}
    for folder in (*folders(*_FOLDERS), *folders_of_path()):
        server = folder / "mariadbd"
        if not is_program(server) or server.resolve() in found:
            continue
        match = _VERSION.search(said_version(server.resolve()))
        if match:
            programs = Programs(server.resolve(), match[1])
            if programs.tool("mariadb-install-db"):
                found[programs.server] = programs
    return tuple(sorted(found.values(), key=lambda p: _numbers(p.version), reverse=True))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
