"""Connections that ask for nothing: any account of the machine may open them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from faber_db.config.address import address_of
from faber_db.config.executor import ExecutorSettings
from faber_db.errors import ConfigError
from faber_db.executor import listening

ASKS = b"GET / HTTP/1.1\r\nHost: executor\r\nConnection: close\r\n\r\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """A socket that is served as an executor's."""

    async def answer(_: Request) -> PlainTextResponse:
        return PlainTextResponse("here")

    path = str(tmp_path / "s")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(path)
    app = Starlette(routes=[Route("/", answer)])
    server = listening._Server(listening._config(app, address_of(f"unix:{path}"), None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield path
    server.should_exit = True
    thread.join(30)


def connected(path: str, opened: ExitStack) -> socket.socket:
    made = opened.enter_context(socket.socket(socket.AF_UNIX))
    made.settimeout(30)
    made.connect(path)
    return made


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def answered(path: str) -> bool:
    with ExitStack() as opened:
        connection = connected(path, opened)
        try:
            connection.sendall(ASKS)
            return b"here" in b"".join(iter(lambda: connection.recv(4096), b""))
        except (BrokenPipeError, ConnectionResetError):
            return False


def test_one_account_holds_so_many_open_and_no_more(place: str) -> None:
    with ExitStack() as opened:
        silent = [connected(place, opened) for _ in range(listening._CONNECTIONS_EACH)]
        assert is_closed(connected(place, opened))
        silent[0].sendall(ASKS)  # the others are still heard
        assert silent[0].recv(4096).startswith(b"HTTP/1.1 200")
    while not answered(place):  # what was closed is forgotten
        time.sleep(0.01)


def test_who_asks_nothing_is_cut_off(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_HEAD_SECONDS", 0.05)
    with ExitStack() as opened:
        silent, slow = connected(place, opened), connected(place, opened)
        slow.sendall(ASKS[:20])
        assert is_closed(silent)
        assert is_closed(slow)
    assert answered(place)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_other_account_answers_for_the_page_at_localhost(
    family: socket.AddressFamily, tmp_path: Path
) -> None:
    """A browser takes either address of that name, and passkeys are bound to the name."""
    if family is socket.AF_INET6 and not listening._has_ipv6():
        return  # then nobody has that address
    with socket.socket(family) as squatter:
        squatter.bind(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0))
        squatter.listen()
        origin = f"http://localhost:{squatter.getsockname()[1]}"
        settings = ExecutorSettings.model_validate(
            {
                "handler": "sql",
                "environments": {"production": {"url": "production.db"}},
                "listen": [f"unix:{tmp_path}/s"],
                "clients": [{"uid": 12345}],
                "page": {"address": origin, "secret": "file:secret"},
            }
        )
        with pytest.raises(ConfigError, match="cannot be listened on"):
            listening.listen(Starlette(), settings, print, Starlette())
