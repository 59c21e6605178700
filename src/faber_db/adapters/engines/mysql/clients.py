"""MariaDB's client programs: `mariadb-dump` and `mariadb`, by absolute path.

The folders of the packages come before PATH, which whoever starts us can set. Options of other
files are never read (`--no-defaults`). The password goes through the environment, which the same
account and root alone can read: nothing of it is on a command line, and nothing is left on disk
where we are killed.
"""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from faber_db.adapters.engines import child
from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.connect import Server
from faber_db.adapters.engines.programs import folders, folders_of_path, is_program, said_version
from faber_db.errors import BackupToolMissing, NotSupported
from faber_db.model.dialect import Dialect

_FOLDERS = (
    "/usr/bin",
    "/opt/homebrew/opt/mariadb*/bin",
    "/usr/local/opt/mariadb*/bin",
    "/usr/local/bin",
)
_VERSION = re.compile(r"(?:Distrib |from )(\d+)\.(\d+)\.(\d+)-MariaDB")
_SAID = re.compile(r"(?i)error:? (\d+)(?: \(\w+\))?(?: at line (\d+))?|\((\d{4})\)")
_PACKET = "--max-allowed-packet=1G"
_TEXT = "--default-character-set=utf8mb4"


@dataclass(frozen=True, slots=True)
class Client:
    """One program."""

    path: Path
    version: tuple[int, int, int]

    @property
    def label(self) -> str:
        """`mariadb-dump 10.11.19`."""
        return f"{self.path.name} {'.'.join(map(str, self.version))}"


def find(name: str, server: Server | None = None) -> Client:
    """A program of the server's series or a newer one.

    Raises:
        BackupToolMissing: there is none.
        NotSupported: the server is no MariaDB, whose dumps these programs do not make well.
    """
    if server is not None and server.dialect is not Dialect.MARIADB:
        raise NotSupported(
            f"backups of {server.label} are not made: it was never tried",
            hint="Back it up with the tools that it came with.",
        )
    series = (0, 0) if server is None else (server.version // 10_000, server.version // 100 % 100)
    found = [client for client in _all(name) if client.version[:2] >= series]
    if not found:
        wanted = f" {server.series} or newer" if server else ""
        raise BackupToolMissing(
            f"{name}{wanted} is not installed here",
            hint="Install the package `mariadb-client`, of the server's version.",
        )
    return min(found, key=lambda client: client.version)


def run(
    client: Client,
    address: Address,
    arguments: list[str],
    *,
    output: IO[bytes] | int = subprocess.DEVNULL,
    source: IO[bytes] | int = subprocess.DEVNULL,
    watch: Callable[[], bool] = lambda: True,
) -> tuple[int | None, str]:
    """Run a program on a server, as the account of an address; as `child.run`."""
    argv = [str(client.path), "--no-defaults", _PACKET, _TEXT, *_where(address), *arguments]
    more = {"MYSQL_PWD": address.password} if address.password else {}
    return child.run(argv, more=more, output=output, source=source, watch=watch)


def said(words: str) -> str:
    """What a program said, without values of rows, which a message of the server may repeat."""
    match = _SAID.search(words)
    if match is None:
        return "it gave no number of an error"
    place = f" at line {match[2]} of the dump" if match[2] else ""
    return f"error {match[1] or match[3]}{place}"


def _all(name: str) -> list[Client]:
    """In order of trust; the same file is there once."""
    found: dict[Path, Client] = {}
    fixed = list(folders(*_FOLDERS))
    for folder in (*fixed, *folders_of_path()):
        path = folder / name
        if not is_program(path):
            continue
        match = _VERSION.search(said_version(path))
        if match:
            version = (int(match[1]), int(match[2]), int(match[3]))
            found.setdefault(path.resolve(), Client(path, version))
        if found and folder in fixed:
            break
    return list(found.values())


def _where(address: Address) -> list[str]:
    options = [f"--user={address.user}"] if address.user else []
    if address.socket:
        return [*options, f"--socket={address.socket}"]
    options += [f"--host={address.host or 'localhost'}", f"--port={address.port}", "--protocol=tcp"]
    return [*options, *_tls(address)]


def _tls(address: Address) -> list[str]:
    if address.tls == "disabled":
        return ["--skip-ssl"]
    options = ["--ssl", *(f"--ssl-{name}={file}" for name, file in address.tls_files.items())]
    if address.tls.startswith("verify"):
        options.append("--ssl-verify-server-cert")
    return options
