"""Where an executor is: `unix:PATH` of a socket, or `https://HOST:PORT`."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_LONGEST_SOCKET = 100  # bytes; the kernel takes 107, and a name beside it is needed
_HOW_PAGE = "write https://HOST:PORT, or http://localhost:PORT"
_HOW = "write unix:/run/faber-db/NAME.sock or https://HOST:PORT"


@dataclass(frozen=True, slots=True)
class Address:
    """One of the two: `path` is set for a socket, `host` and `port` for https."""

    text: str
    path: str = ""
    host: str = ""
    port: int = 0


def address_of(text: str) -> Address:
    """The parts of an address.

    Raises:
        ValueError: it is none.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or len(path.encode()) > _LONGEST_SOCKET or "\0" in path:
            raise ValueError(f"a socket is an absolute path of at most {_LONGEST_SOCKET} bytes")
        return Address(text, path=path)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(_HOW) from error
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(_HOW)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"an address holds no credential, query or fragment: {_HOW}")
    return Address(text, host=parts.hostname, port=port or 443)


def _check(text: str) -> str:
    address_of(text)
    return text


ExecutorAddress = Annotated[str, AfterValidator(_check)]


def _check_page(text: str) -> str:
    try:
        parts = urlsplit(text)
        local = parts.scheme == "http" and parts.hostname == "localhost" and bool(parts.port)
    except ValueError as error:
        raise ValueError(_HOW_PAGE) from error
    bare = f"{parts.scheme}://{parts.netloc}" == text and parts.username is None
    if not bare or not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError(_HOW_PAGE)
    return text


PageAddress = Annotated[str, AfterValidator(_check_page)]
