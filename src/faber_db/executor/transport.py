"""A connection to an executor: over a socket or TLS, with a check of who is at the other end."""

import http.client
import os
import pwd
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from faber_db.config.address import Address
from faber_db.config.settings import EnvironmentSettings
from faber_db.errors import ConfigError, ExecutorTimeout, ExecutorUnavailable, ExecutorUntrusted
from faber_db.executor.peers import account_of, uid_of
from faber_db.executor.protocol import SOCKET_HOST

CONNECT_SECONDS = 5.0

Connect = Callable[[], http.client.HTTPConnection]


def connector(
    address: Address, settings: EnvironmentSettings, root: Path, token: Callable[[], str]
) -> tuple[Connect, Callable[[], dict[str, str]]]:
    """What opens a connection, and what gives the headers that only this client has.

    Raises, when it is opened:
        ExecutorUnavailable, ExecutorTimeout: nobody answers there.
        ExecutorUntrusted: somebody else does.
        ConfigError: a file of the configuration cannot be used.
    """
    if address.path:
        account = settings.executor_account
        return (lambda: _over_socket(address, account)), dict
    return (lambda: _over_tls(address, settings, root)), lambda: _bearer(token())


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


class _Socket(http.client.HTTPConnection):
    """HTTP over a Unix socket that is connected already."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(SOCKET_HOST)
        self.sock = connected


def _over_socket(address: Address, account: str) -> http.client.HTTPConnection:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(CONNECT_SECONDS)
    try:
        connected.connect(address.path)
        _require_right_account(uid_of(connected), account, address)
    except OSError as error:
        connected.close()
        raise _unreached(address, error) from error
    except BaseException:
        connected.close()
        raise
    return _Socket(connected)


def _require_right_account(uid: int, account: str, address: Address) -> None:
    """The socket is served by the account that is named, or at least by another one than this."""
    if account:
        try:
            wanted = pwd.getpwnam(account).pw_uid
        except KeyError as error:
            raise ExecutorUntrusted(f"there is no account {account!r} on this machine") from error
        if uid != wanted:
            raise ExecutorUntrusted(
                f"{address.text} is served by {account_of(uid)}, not by {account}",
                hint="Somebody else took the place of the executor, or `executor_account` is wrong.",
            )
    elif uid == os.geteuid():
        raise ExecutorUntrusted(
            f"{address.text} is served by this very account, so it holds nothing back from it",
            hint="Run the executor under another account; to try it out, name your own in"
            " `executor_account`.",
        )


def _over_tls(
    address: Address, settings: EnvironmentSettings, root: Path
) -> http.client.HTTPConnection:
    try:
        context = ssl.create_default_context(
            cafile=str(root / settings.executor_ca) if settings.executor_ca else None
        )
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.executor_certificate:
            context.load_cert_chain(str(root / settings.executor_certificate))
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"`executor_ca` or `executor_certificate` cannot be read ({error.strerror})"
        ) from error
    made = http.client.HTTPSConnection(
        address.host, address.port, timeout=CONNECT_SECONDS, context=context
    )
    try:
        made.connect()
    except ssl.SSLCertVerificationError as error:
        raise ExecutorUntrusted(
            f"the certificate of {address.text} does not hold: {error.verify_message}",
            hint="`executor_ca` names the authority that signed it.",
        ) from error
    except OSError as error:
        raise _unreached(address, error) from error
    return made


def _unreached(address: Address, error: OSError) -> ExecutorUnavailable:
    if isinstance(error, TimeoutError):
        return ExecutorTimeout(f"the executor at {address.text} does not answer")
    reason = (error.strerror or type(error).__name__).lower()
    return ExecutorUnavailable(
        f"the executor at {address.text} cannot be reached ({reason})",
        hint="Is `faber-db executor run` running there, and may this account reach it?",
    )
