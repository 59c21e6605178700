"""The configuration of an executor of its own: the same models, whom it listens to, and where."""

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from faber_db.config.address import ExecutorAddress, PageAddress, address_of
from faber_db.config.reference import Reference
from faber_db.config.settings import ProjectSettings, _says, _Settings
from faber_db.errors import ConfigError
from faber_db.model.target import APPROVER_NAME

PATH = Path("/etc/faber-db/executor.json")
MARKS = ("listen", "clients")  # a file with one of these keys is an executor's

Kind = Literal[
    "propose", "show", "sign", "reject", "state", "run", "backup", "health", "audit", "cancel"
]
KINDS: tuple[Kind, ...] = (
    "propose",
    "show",
    "sign",
    "reject",
    "state",
    "run",
    "backup",
    "health",
    "audit",
    "cancel",
)


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("a SHA-256 is 64 hex digits in small letters")
    return text


_Digest = Annotated[str, AfterValidator(_sha256)]


class ClientSettings(_Settings):
    """One who may ask: an account on the same machine, or who shows a token or a certificate."""

    account: Annotated[str, _says("Account on this machine, for sockets.", "agent")] = ""
    uid: Annotated[int | None, Field(ge=0), _says("Or its number.", 1001)] = None
    name: Annotated[
        str, Field(max_length=80), _says("What plans and audit call an https client.", "laptop")
    ] = ""
    token_sha256: Annotated[
        _Digest | None, _says("SHA-256 of the token that an https client shows.", "9f86d0...")
    ] = None
    certificate_sha256: Annotated[
        _Digest | None, _says("SHA-256 of the certificate (DER) that it shows.", "4b22c1...")
    ] = None
    may: Annotated[
        tuple[Kind, ...], _says("What it may ask for. Empty: everything.", ["propose", "state"])
    ] = ()
    environments: Annotated[
        tuple[str, ...], _says("Of which environments. Empty: of all.", ["production"])
    ] = ()

    @model_validator(mode="after")
    def _one_way_to_know_it(self) -> Self:
        ways = [bool(self.account), self.uid is not None]
        ways += [self.token_sha256 is not None, self.certificate_sha256 is not None]
        if sum(ways) != 1:
            raise ValueError(
                "a client has exactly one of `account`, `uid`, `token_sha256`, `certificate_sha256`"
            )
        if any(ways[2:]) and not self.name:
            raise ValueError("a client over https needs a `name`, for plans and audit")
        return self


class TlsSettings(_Settings):
    """How the executor shows itself over https."""

    certificate: Annotated[str, _says("PEM file, the chain included.", "/etc/faber-db/tls.pem")]
    key: Annotated[str, _says("PEM file of its key.", "/etc/faber-db/tls.key")]
    client_ca: Annotated[
        str, _says("PEM file of who signs the clients' certificates.", "/etc/faber-db/clients.pem")
    ] = ""
    names: Annotated[
        tuple[str, ...],
        _says("Hosts that it is asked under. Empty: those in `listen`.", ["db.example.com"]),
    ] = ()


class PageSettings(_Settings):
    """The approval page of an executor."""

    address: Annotated[
        PageAddress,
        _says("As the browser has it; passkeys are bound to it.", "https://db.example.com:8443"),
    ]
    secret: Annotated[
        Reference,
        _says("What the browser asks for first: a reference.", "file:/etc/faber-db/page-secret"),
    ]


class CreatorSettings(_Settings):
    """One who may sign that a protected database is made: there is none yet to pin approvers in."""

    name: Annotated[
        str, Field(pattern=f"^{APPROVER_NAME}$"), _says("Whose key it is; signs as this.", "ada")
    ]
    key: Annotated[
        str,
        _says("File of the public key, which root alone may write.", "/etc/faber-db/ada.pub"),
    ]
    accounts: Annotated[
        tuple[str, ...], _says("What this person asks from, where not named alike.", ["adal"])
    ] = ()

    @field_validator("key")
    @classmethod
    def _whole(cls, key: str) -> str:
        if not key.startswith("/"):
            raise ValueError("`key` is an absolute path")
        return key


class ExecutorSettings(ProjectSettings):
    """`/etc/faber-db/executor.json`: what `faber-db.json` has, and whom it listens to."""

    listen: Annotated[
        tuple[ExecutorAddress, ...],
        _says("Where it listens.", ["unix:/run/faber-db/shop.sock", "https://10.0.0.5:8443"]),
    ] = ()
    clients: Annotated[
        tuple[ClientSettings, ...], _says("Who may ask.", [{"account": "agent"}])
    ] = ()
    creators: Annotated[
        tuple[CreatorSettings, ...],
        _says(
            "Who may sign `db-create`. Counts only where root alone writes this file.",
            [{"name": "ada", "key": "/etc/faber-db/ada.pub"}],
        ),
    ] = ()
    tls: Annotated[TlsSettings | None, _says("For https.", None)] = None
    page: Annotated[
        PageSettings | None, _says("The approval page: see approval-page.md.", None)
    ] = None
    state_folder: Annotated[
        str, _says("State, audit and backups. Empty: below XDG_STATE_HOME.", "/var/lib/faber-db")
    ] = ""

    @model_validator(mode="after")
    def _holds_what_it_serves(self) -> Self:
        for name, database in self.all_databases().items():
            if not database.handler:
                raise ValueError(
                    f"name the `handler` of database {name!r}: there is no folder to tell it from"
                )
            for environment in database.environments.values():
                if environment.executor is not None:
                    raise ValueError("an executor holds the URL itself: it has no `executor`")
        if any(address_of(a).host for a in self.listen) and self.tls is None:
            raise ValueError("listening on https needs `tls`")
        if self.page is not None and not self._serves(self.page.address):
            raise ValueError("`page.address` is none of `listen`, nor http://localhost:PORT")
        if self.state_folder and not self.state_folder.startswith("/"):
            raise ValueError("`state_folder` is an absolute path")
        return self

    def _serves(self, address: str) -> bool:
        """Whether a page can be at that address."""
        if address.startswith("http:"):
            return True
        names = self.tls.names if self.tls else ()
        asked = address_of(address)
        return any(
            found.port == asked.port and asked.host in (found.host, *names)
            for found in map(address_of, self.listen)
            if found.host
        )


def require_private(path: Path) -> None:
    """The file and every folder above it are root's or this account's, and nobody else's to write.

    Raises:
        ConfigError: somebody else could change what the executor reads.
    """
    place = _foreign(path, (0, os.geteuid()))
    if place is not None:
        raise ConfigError(
            f"{place} belongs to another account or can be written by one",
            hint=f"An executor reads only what its own account or root may write: "
            f"chown root {place}; chmod go-w {place}",
        )


def is_roots(path: Path) -> bool:
    """Whether root alone decided what the file says: an executor that anybody can set up proves nothing.

    Raises:
        ConfigError: it cannot be looked at.
    """
    return _foreign(path, (0,)) is None


def _foreign(path: Path, trusted: tuple[int, ...]) -> Path | None:
    """The file or a folder above it that somebody else than these accounts may change."""
    for place in (path.resolve(), *path.resolve().parents):
        try:
            found = place.stat()
        except OSError as error:
            raise ConfigError(f"{place} cannot be looked at ({error.strerror})") from error
        others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if found.st_uid not in trusted or (others_write and not sticky):
            return place
    return None


def folder_name(path: Path) -> str:
    """What the state folder of the executor with that file is called, where none is named."""
    return "executor-" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
