"""Sockets to listen on, and the end of listening. Requests are `server`'s."""

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import socket
import ssl
import stat
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from faber_db.config.address import Address, address_of
from faber_db.config.executor import ExecutorSettings, TlsSettings
from faber_db.errors import ConfigError, ExecutorUnavailable
from faber_db.executor.peers import Peer, uid_of

log = logging.getLogger(__name__)

_BACKLOG = 128
_LAST_ANSWERS = 2  # seconds that answers are given to end in
_HEAD_SECONDS = 10.0  # in which a connection asks for something
_CONNECTIONS = 256  # at once, of everybody
_CONNECTIONS_EACH = 64  # of one account or address, so that nobody keeps the others out
_OPEN: "Counter[str]" = Counter()  # connections now, by who is at the other end


class _WithPeer(H11Protocol):
    """HTTP that knows who is at the other end; `request.state.peer`.

    Any account may connect to a socket, so connections that ask for nothing are few and short.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            peer = Peer(uid=uid_of(connection))
            self._from = peer.label
        else:
            tls = transport.get_extra_info("ssl_object")
            shown = tls.getpeercert(binary_form=True) if tls is not None else None
            peer = Peer(certificate_sha256=hashlib.sha256(shown).hexdigest() if shown else "")
            self._from = str(transport.get_extra_info("peername")[0])
        self.app_state = {**self.app_state, "peer": peer}
        too_many = _OPEN.total() >= _CONNECTIONS or _OPEN[self._from] >= _CONNECTIONS_EACH
        _OPEN[self._from] += 1
        if too_many:
            transport.abort()
        else:
            self.loop.call_later(_HEAD_SECONDS, self._end_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.subtract([self._from])
        if not _OPEN[self._from]:
            del _OPEN[self._from]
        super().connection_lost(exc)

    def _end_if_silent(self) -> None:
        if getattr(self, "scope", None) is None:  # no head of a request was read
            self.transport.abort()


class _Server(uvicorn.Server):
    """Without signal handlers: there are several servers, and one place that ends them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def listen(
    application: ASGIApp,
    settings: ExecutorSettings,
    ready: Callable[[str], None],
    page: ASGIApp | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Jobs that run then go on in their own processes.

    Args:
        application: what answers.
        settings: where to listen.
        ready: told each address that is listened on.
        page: the approval page, where it has a port of its own on localhost.

    Raises:
        ConfigError: an address cannot be had, or the certificate not be read.
        ExecutorUnavailable: another executor listens there.
    """
    addresses = [address_of(text) for text in settings.listen]
    if not addresses:
        raise ConfigError("there is no address to listen on", hint='Add "listen", or --listen.')
    with contextlib.ExitStack() as opened:
        servers = []
        for address in addresses:
            bound = opened.enter_context(_bound(address))
            servers.append((_Server(_config(application, address, settings.tls)), bound))
        if page is not None and settings.page is not None:
            for at in local_page(settings.page.address):
                bound = opened.enter_context(_bound(at))
                servers.append((_Server(_config(page, at, None)), bound))
        for _, bound in servers:
            bound.listen(_BACKLOG)  # who is told may connect at once
        for address in addresses:
            ready(address.text)
        asyncio.run(_serve(servers))


def local_page(address: str) -> tuple[Address, ...]:
    """Where `http://localhost:PORT` is listened on: never beyond this machine.

    On both addresses of that name, since a browser takes either: an account of this machine that
    had the other one could show another page at the origin which passkeys are bound to.
    """
    hosts = ("127.0.0.1", "::1") if _has_ipv6() else ("127.0.0.1",)
    return tuple(Address(address, host=h, port=urlsplit(address).port or 0) for h in hosts)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _config(application: ASGIApp, address: Address, tls: TlsSettings | None) -> uvicorn.Config:
    config = uvicorn.Config(
        application,
        http=_WithPeer,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    config.load()
    if address.host and tls is not None:
        config.ssl = _context(tls)
    return config


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"the certificate, key or `client_ca` of `tls` cannot be read ({error.strerror})"
        ) from error
    return context


async def _serve(servers: Sequence[tuple[_Server, socket.socket]]) -> None:
    def end() -> None:
        for server, _ in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await asyncio.gather(*(server.serve(sockets=[bound]) for server, bound in servers))


@contextlib.contextmanager
def _bound(address: Address) -> Generator[socket.socket, None, None]:
    if address.path:
        yield from _unix(Path(address.path))
    else:
        yield from _tcp(address)


def _tcp(address: Address) -> Generator[socket.socket, None, None]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"{address.text} cannot be listened on ({error.strerror})") from error
    with bound:
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
        except OSError as error:
            raise ConfigError(f"{address.text} cannot be listened on ({error.strerror})") from error
        yield bound


def _unix(path: Path) -> Generator[socket.socket, None, None]:
    """A socket that every account may connect to: who it is decides the kernel's word, not a mode."""
    _require_own_folder(path.parent)
    _remove_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(0o666)
        made = path.stat()
    except OSError as error:
        bound.close()
        raise ConfigError(f"{path} cannot be made ({error.strerror})") from error
    try:
        with bound:
            yield bound
    finally:
        with contextlib.suppress(OSError):  # only what is still ours is removed
            if (path.stat().st_dev, path.stat().st_ino) == (made.st_dev, made.st_ino):
                path.unlink()


def _require_own_folder(folder: Path) -> None:
    """Nobody else may put another socket into the place of ours.

    Raises:
        ConfigError.
    """
    try:
        found = folder.stat()
    except OSError as error:
        raise ConfigError(
            f"the folder {folder} of the socket is not there",
            hint=f"Make it: install -d -o {os.geteuid()} -m 0755 {folder}",
        ) from error
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            f"the folder {folder} of the socket belongs to another account, or others may write it",
            hint=f"chown {os.geteuid()} {folder}; chmod 0755 {folder}",
        )


def _remove_stale(path: Path) -> None:
    """Take away the socket of an executor that is gone; a living one stays.

    Raises:
        ExecutorUnavailable: one listens there.
        ConfigError: what is there is no socket.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ConfigError(f"{path} is there and is no socket", hint="Name another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"{path} cannot be looked at ({error.strerror})") from error
    raise ExecutorUnavailable(
        f"another executor listens on {path}", hint="Stop it first, or name another path."
    )
