"""Credentials of a protected database that this account can read."""

import os
import re
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from pathlib import Path

from faber_db.config.protection import host_of, place_of
from faber_db.config.reference import describe, split
from faber_db.errors import FaberDbError
from faber_db.services.app import Environment
from faber_db.services.holes import Hole
from faber_db.services.machine import Machine, lines_of

_URL = re.compile(r"""(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?://[^\s"'`<>]+""", re.I)
_ASSIGNED = re.compile(r"""^\s*(?:export\s+)?(\w+)\s*[=:]""")
_SKIPPED = {"node_modules", ".git", ".venv", "venv", "__pycache__", "target", "vendor"}
_FILES = 50_000  # of a tree that are looked at by name
_MOVE = "Keep it in the account of an executor, and name that executor here: docs/security.md."
_BY_REFERENCE = {
    "env": "credential-in-environment",
    "file": "credential-in-file",
    "command": "credential-by-command",
    "keyring": "credential-in-keyring",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A URL that lies open somewhere, without what is secret about it."""

    code: str
    where: str  # "variable DATABASE_URL of this process", ".env line 3"
    url: str
    variable: str = ""  # of this process


def of_reference(environment: Environment, engine: str, machine: Machine) -> Iterator[Hole]:
    """Whether the environment's own reference gives its value to this account. It is tried."""
    reference = environment.settings.direct_url or environment.settings.url
    try:
        url = environment.resolve_url() if reference else ""
    except FaberDbError:
        return  # this account is given nothing
    if not url or reference is None:
        return
    if engine == "sqlite":
        yield from _open_file(environment.name, Path(url.removeprefix("sqlite:")), machine)
        return
    kind, _ = split(reference)
    yield Hole(
        code=_BY_REFERENCE.get(kind, "credential-in-configuration"),
        environment=environment.name,
        text=f"this account can read the URL: {describe(reference)}",
        hint=_MOVE,
    )


def _open_file(environment: str, file: Path, machine: Machine) -> Iterator[Hole]:
    verb = "change" if machine.is_writable(file) else "read" if machine.is_readable(file) else ""
    if verb:
        yield Hole(
            code="database-file-open",
            environment=environment,
            text=f"this account can {verb} {file} with any program",
            hint=f"Give it to the executor's account: chown, then chmod 600 {file.name}.",
        )


def lying_about(root: Path, machine: Machine) -> list[Seen]:
    """URLs of database servers in this process' variables and in the `.env` files of the tree."""
    found = [
        Seen("credential-in-environment", f"variable {name} of this process", match[0], name)
        for name, value in sorted(machine.environ.items())
        if (match := _URL.search(value))
    ]
    for file in _dotenvs(root):
        for number, line in lines_of(file, machine):
            if not line.lstrip().startswith("#") and (match := _URL.search(line)):
                name = _ASSIGNED.match(line)
                where = f"{file.relative_to(root)} line {number}"
                where += f" ({name[1]})" if name else ""
                found.append(Seen("credential-in-dotenv", where, match[0]))
    return found


def unlooked(root: Path) -> Iterator[Hole]:
    """A tree so big that not all of it was looked at is not known to be closed."""
    if len(_names(root)) > _FILES:
        yield Hole(
            code="credential-in-dotenv",
            certain=False,
            text=f"the project has more than {_FILES:,} files, and not all were looked at",
            hint="Look for .env files in it yourself.",
        )


def _dotenvs(root: Path) -> Iterator[Path]:
    for path in _names(root)[:_FILES]:
        name = path.name
        if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
            yield path


def _names(root: Path) -> list[Path]:
    """Files of the tree by name, one more than are looked at where there are more."""
    found: list[Path] = []
    for folder, below, names in os.walk(root):
        below[:] = sorted(d for d in below if d not in _SKIPPED)
        found += [Path(folder) / name for name in sorted(names)]
        if len(found) > _FILES:
            break
    return found[: _FILES + 1]


def of_target(
    environment: Environment, url: str, seen: list[Seen], root: Path, machine: Machine
) -> Iterator[Hole]:
    """Other ways to the server behind `url`: what lies about, and the files of its own clients."""
    place, host = place_of(url, root), host_of(url)
    own = split(environment.settings.direct_url or environment.settings.url or "")
    for one in seen:
        if own == ("env", one.variable):
            continue  # told as the reference itself
        if place is not None and place_of(one.url, root) == place:
            yield Hole(
                code=one.code,
                environment=environment.name,
                text=f"{one.where} leads to the same database",
                hint="Take it out, and change the password: it was readable.",
            )
    if host:
        yield from _of_client_files(environment.name, host, machine)


def unplaced(
    environment: str, seen: list[Seen], known: set[tuple[str, str]], root: Path
) -> Iterator[Hole]:
    """Where this account cannot know the target: any URL that is no unprotected environment's.

    Args:
        environment: reached through its executor.
        seen: what lies about.
        known: places of the environments that are not protected.
        root: of the project.
    """
    for one in seen:
        place = place_of(one.url, root)
        if place is None or place not in known:
            yield Hole(
                code=one.code,
                environment=environment,
                certain=False,
                text=f"{one.where} holds a URL of {host_of(one.url) or 'a server'}, which may be"
                f" that of {environment}",
                hint="If it is, take it out, and change the password: it was readable.",
            )


def _of_client_files(environment: str, host: str, machine: Machine) -> Iterator[Hole]:
    for where, named in (*_pgpass(machine), *_services(machine), *_my_cnf(machine)):
        if named in ("*", host):
            yield Hole(
                code="credential-in-client-file",
                environment=environment,
                text=f"{where} holds a password for {'any host' if named == '*' else host}",
                hint="Take the line out, and change the password: it was readable.",
            )
    if machine.environ.get("PGPASSWORD") and machine.environ.get("PGHOST", host) == host:
        yield Hole(
            code="credential-in-environment",
            environment=environment,
            text=f"PGPASSWORD of this process is for {host} or any host",
            hint="Unset it where the agent runs, and change the password: it was readable.",
        )


def _pgpass(machine: Machine) -> Iterator[tuple[str, str]]:
    file = Path(machine.environ.get("PGPASSFILE") or machine.home / ".pgpass")
    for number, line in lines_of(file, machine):
        parts = re.split(r"(?<!\\):", line.strip())
        if len(parts) == 5 and not line.startswith("#"):
            yield f"{file} line {number}", parts[0]


def _services(machine: Machine) -> Iterator[tuple[str, str]]:
    file = Path(machine.environ.get("PGSERVICEFILE") or machine.home / ".pg_service.conf")
    for section, keys in _sections(file, machine).items():
        if keys.get("password") or keys.get("passfile"):
            yield f"{file} [{section}]", keys.get("hostaddr") or keys.get("host") or "*"


def _my_cnf(machine: Machine) -> Iterator[tuple[str, str]]:
    file = machine.home / ".my.cnf"
    for section, keys in _sections(file, machine).items():
        if keys.get("password"):
            yield f"{file} [{section}]", keys.get("host") or "*"


def _sections(file: Path, machine: Machine) -> Mapping[str, Mapping[str, str]]:
    parser = ConfigParser(allow_no_value=True, interpolation=None, strict=False)
    try:
        parser.read_string("\n".join(line for _, line in lines_of(file, machine)))
    except ConfigParserError:
        return {}
    return {
        name: {key: (value or "").strip("\"'") for key, value in parser[name].items()}
        for name in parser.sections()
    }
