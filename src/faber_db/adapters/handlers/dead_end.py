"""Whether a project's own tool takes the database that it is told.

A tool whose address stands in the project's settings changes the database there, whatever it is told,
and that may be anybody's. So before it runs a program it is told of a place where nothing is, and only
asked what is applied: one that looks there does as it is told.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from faber_db.adapters.handlers.user_tool import UserTool, looked
from faber_db.adapters.shadows import shut_in
from faber_db.errors import ToolFailed
from faber_db.model.dialect import Dialect
from faber_db.services.ports import ToolPlace
from faber_db.sql.visible import visible

_LIMIT = timedelta(minutes=1)
_PORT = 5432  # in a network of the tool's own


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A database that is not there."""

    url: str
    within: tuple[str, ...]  # as in `ToolPlace`
    reached: Callable[[], bool]  # whether anybody looked for it


def require_obedient(
    tool: Callable[[ToolPlace], UserTool], place: ToolPlace, dialect: Dialect
) -> None:
    """Let no tool run that looks for its database elsewhere than where it is told.

    Args:
        tool: what only looks, for a place.
        place: where it would run.
        dialect: of the database.

    Raises:
        ToolFailed: it looked elsewhere, or nowhere.
        ToolMissing, Cancelled.
    """
    with dead_end(dialect) as nowhere:
        there = replace(place, url=nowhere.url, within=nowhere.within)
        asked = tool(there)
        code, said = looked(asked, there, dialect, limit=_LIMIT)
        if nowhere.reached():
            return
    raise ToolFailed(
        f"{asked.name} was told of a database that is not there and did not look for it, so it"
        f" takes another one; no migration was run. {_told(code, said)}",
        hint="Have the project read its database's URL from"
        f" {' or '.join(place.variables)}, or its parts from DB_HOST, DB_PORT, DB_NAME, DB_USER and"
        " DB_PASSWORD.",
    )


def _told(code: int | None, said: str) -> str:
    """The end of what a tool said that went wrong by itself; it may not have come that far."""
    if code == 0:
        return "It found what it looked for elsewhere"
    lines = [line.strip() for line in said.splitlines() if line.strip()][-5:]
    words = visible(" | ".join(lines), keep_lines=False)[-400:]
    how = "did not end" if code is None else f"ended with {code}"
    return f"It {how} and said: {words or 'nothing'}"


@contextmanager
def dead_end(dialect: Dialect) -> Iterator[DeadEnd]:
    """A place that a tool can be told of, where it finds nothing and is noticed."""
    with TemporaryDirectory(prefix="faber-db-") as name:
        if dialect is Dialect.SQLITE:
            file = Path(name) / "nowhere.db"
            yield DeadEnd(f"sqlite:{file}", (), file.exists)
            return
        scheme = "postgresql" if dialect is Dialect.POSTGRESQL else "mysql"
        alone = not shut_in.obstacle()
        path = str(Path(name) / "socket")
        with _listener(path if alone else "") as server:
            port = _PORT if alone else server.getsockname()[1]
            seen = threading.Event()
            threading.Thread(target=_refuse_all, args=(server, seen), daemon=True).start()
            url = f"{scheme}://nobody:none@127.0.0.1:{port}/nowhere"
            yield DeadEnd(url, shut_in.words(path, port) if alone else (), seen.is_set)


def _listener(path: str) -> socket.socket:
    """A server at a Unix socket, or on a free port of the loopback interface."""
    if not path:
        return socket.create_server(("127.0.0.1", 0))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen()
    return server


def _refuse_all(server: socket.socket, seen: threading.Event) -> None:
    with suppress(OSError):  # closed: nobody is expected any more
        while True:
            connection, _ = server.accept()
            seen.set()
            connection.close()
