"""Serve an ASGI application on one address until somebody stops it."""

import asyncio
import errno
import ipaddress
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from faber_db.errors import AddressTaken, ConfigError, FileUnreadable

if TYPE_CHECKING:  # loaded by who serves
    import uvicorn

_CONNECTIONS = 64  # at once; a person's browser has six
_LOOK = 5.0  # seconds between looks at the clock


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of a certificate (with its chain) and its key."""

    certificate: Path
    key: Path


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own and nobody else's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        AddressTaken: somebody else does.
        ConfigError: there is no such address here.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"{host!r} is no address of this machine") from error
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        found.listen(128)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressTaken(
                f"port {port} of {host} is taken by another program",
                hint="Stop it, or take another port with --port; a passkey works at the port"
                " where it was made.",
            ) from error
        raise ConfigError(f"{host} port {port} cannot be listened at: {error.strerror}") from error
    return found


def serve(
    app: ASGIApp, listening: socket.socket, *, tls: Tls | None = None, idle: float = 0
) -> None:
    """Serve until SIGINT or SIGTERM, or until nobody has asked for `idle` seconds (0: for ever).

    Raises:
        FileUnreadable: the certificate or its key cannot be used.
    """
    import uvicorn

    watched = _Watched(app)
    try:
        config = uvicorn.Config(
            watched,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="auto",
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=2,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise FileUnreadable("the certificate or its key cannot be used") from error
    server = uvicorn.Server(config)
    try:
        asyncio.run(_run(server, watched, listening, idle))
    except KeyboardInterrupt:
        return


async def _run(
    server: "uvicorn.Server", watched: "_Watched", listening: socket.socket, idle: float
) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not serving.done():
        await asyncio.wait([serving], timeout=min(_LOOK, idle) if idle else None)
        if idle and time.monotonic() - watched.asked_at > idle:
            server.should_exit = True
    await serving


class _Watched:
    """Remembers when it was asked last."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.asked_at = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked_at = time.monotonic()
        await self._app(scope, receive, send)
