"""A glance at the approval page, where its extra is installed. Whatever goes wrong ends in silence."""

import http.client
import re
import selectors
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import IO
from urllib.parse import urlsplit

from faber_db.demo.shop import Shop

_SECONDS = 3.0  # that the demo waits for the page at most


def look(command: Sequence[str], shop: Shop) -> str:
    """The page's address and the title that a browser would show; empty where there is none.

    Args:
        command: serves the page and says where, on standard error.
        shop: whose it is.
    """
    process = subprocess.Popen(  # noqa: S603 our own command line
        [*command, "--port", str(_free_port())],
        cwd=shop.project,
        env={**shop.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""},  # no window in a demo
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        with suppress(OSError, http.client.HTTPException):
            return _seen(_first_line(process.stderr))
        return ""
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _first_line(stream: IO[bytes] | None) -> str:
    if stream is None:
        return ""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        ready = selector.select(_SECONDS)
    return stream.readline().decode("utf-8", "replace") if ready else ""


def _seen(line: str) -> str:
    url = line.split()[0] if line.startswith("http://localhost:") else ""
    if not url:
        return ""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("localhost", parts.port, timeout=_SECONDS)
    connection.request("GET", parts.path)
    title = re.search(r"<title>(.*?)</title>", connection.getresponse().read().decode())
    connection.close()
    return f"{url}   “{title[1]}”" if title else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
