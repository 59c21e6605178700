"""Who is at the other end of a connection, and what that one may ask for."""

import hashlib
import hmac
import os
import pwd
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from faber_db.config.executor import KINDS, ClientSettings, Kind
from faber_db.errors import ExecutorRefused

_MAC_LEVEL, _MAC_OPTION = 0, 1  # SOL_LOCAL, LOCAL_PEERCRED of <sys/un.h>


@dataclass(frozen=True, slots=True)
class Peer:
    """A connection as the kernel, or the TLS library, knows it; never as it names itself."""

    uid: int | None = None  # of a socket
    certificate_sha256: str = ""  # of a TLS connection that showed one

    @property
    def label(self) -> str:
        if self.uid is not None:
            return account_of(self.uid)
        return f"certificate {self.certificate_sha256[:16]}" if self.certificate_sha256 else "https"


@dataclass(frozen=True, slots=True)
class Client:
    """One who is configured: under which name it acts, and what it may."""

    name: str  # the account's on a socket, else as the configuration calls it
    may: frozenset[Kind]
    environments: frozenset[str]  # empty: all

    def require(self, kind: Kind) -> None:
        """Let only through what the configuration lists.

        Raises:
            ExecutorRefused.
        """
        if kind not in self.may:
            raise ExecutorRefused(
                f"{self.name} may not ask this executor for {kind}",
                hint="`clients` in its configuration lists what each `may`.",
            )


def uid_of(connection: socket.socket) -> int:
    """The account at the other end of a Unix socket, as the kernel says.

    Raises:
        ExecutorRefused: the system does not tell; then nobody is served.
    """
    system: str = sys.platform  # a variable: types are checked for every system
    if system == "linux":
        size = struct.calcsize("3i")
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", told)[1])
    if system == "darwin":
        told = connection.getsockopt(_MAC_LEVEL, _MAC_OPTION, 76)  # struct xucred
        return int(struct.unpack("2I", told[:8])[1])
    raise ExecutorRefused("this system does not say which account is at the other end of a socket")


def account_of(uid: int) -> str:
    """The name of an account, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def serves_of(clients: Sequence[ClientSettings]) -> str:
    """`App.serves` of an executor with these clients, the same in every process of it.

    "host" only where all of them come over https: an account of this machine that may ask is near
    enough for what an account can do. Empty where one of them is the executor's own account.
    """
    uids = [_uid(c) for c in clients if c.account or c.uid is not None]
    if os.geteuid() in uids:
        return ""
    return "account" if uids or not clients else "host"


def client_of(clients: Sequence[ClientSettings], peer: Peer, token: str) -> Client:
    """The configured client that this peer is.

    Raises:
        ExecutorRefused: none; the same words for every reason.
    """
    if peer.uid is not None:
        found = next((c for c in clients if _uid(c) == peer.uid), None)
    else:
        shown = hashlib.sha256(token.encode()).hexdigest() if token else ""
        found = None
        for client in clients:  # all of them, so that time tells nothing of which one fits
            fits = _same(client.token_sha256, shown)
            fits |= _same(client.certificate_sha256, peer.certificate_sha256)
            found = client if fits else found
    if found is None:
        raise ExecutorRefused(
            f"this executor does not serve {peer.label}",
            hint="Its configuration lists its `clients`.",
        )
    return Client(
        name=account_of(peer.uid) if peer.uid is not None else found.name,
        may=frozenset(found.may or KINDS),
        environments=frozenset(found.environments),
    )


def _uid(client: ClientSettings) -> int | None:
    if client.uid is not None:
        return client.uid
    if not client.account:
        return None
    try:
        return pwd.getpwnam(client.account).pw_uid
    except KeyError:
        return None


def _same(configured: str | None, shown: str) -> bool:
    return configured is not None and hmac.compare_digest(configured, shown)
