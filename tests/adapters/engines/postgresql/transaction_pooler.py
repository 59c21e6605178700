"""A small transaction pooler for tests: every client shares a few real server sessions.

It speaks enough of the protocol to behave as PgBouncer does in its transaction mode: a client
keeps a server session from its first message until the server says that no transaction is open.
Nothing of the database is imitated: each query is answered by the real server.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import LifoQueue, Queue

from psycopg.conninfo import conninfo_to_dict


class TransactionPooler:
    """Listens on a Unix socket in `folder` and forwards to the server of `url`."""

    def __init__(self, url: str, folder: Path, *, sessions: int, newest_first: bool) -> None:
        found = conninfo_to_dict(url)
        self._server = f"{found['host']}/.s.PGSQL.5432"
        self._startup = {"user": str(found["user"]), "database": str(found["dbname"])}
        self._sessions: Queue[tuple[socket.socket, bytes]]
        self._sessions = LifoQueue() if newest_first else Queue()
        for _ in range(sessions):
            self._sessions.put(self._open())
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads: list[threading.Thread] = []

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._attend, args=(client,))
                thread.start()
                self._threads.append(thread)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
        while not self._sessions.empty():
            self._sessions.get()[0].close()

    def _open(self) -> tuple[socket.socket, bytes]:
        """A server session, and the parameters that the server told."""
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._server)
        pairs = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in self._startup.items())
        body = struct.pack("!I", 196608) + pairs + b"\0"
        server.sendall(struct.pack("!I", len(body) + 4) + body)
        told = b""
        for kind, message in _messages(server):
            if kind == b"S":
                told += message
            if kind == b"Z":
                return server, told
        raise AssertionError("the server did not greet")

    def _attend(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self._greet(client)
            while self._one_transaction(client):
                pass

    def _greet(self, client: socket.socket) -> None:
        while True:
            (length,) = struct.unpack("!I", _exactly(client, 4))
            (code,) = struct.unpack("!I", _exactly(client, length - 4)[:4])
            if code == 196608:
                break
            client.sendall(b"N")  # neither TLS nor GSS
        session = self._sessions.get(timeout=10)
        self._sessions.put(session)
        key = b"K" + struct.pack("!III", 12, 7, 7)  # made up, as poolers do
        client.sendall(b"R" + struct.pack("!II", 8, 0) + session[1] + key + b"Z\0\0\0\5I")

    def _one_transaction(self, client: socket.socket) -> bool:
        first = next(_messages(client), None)
        if first is None or first[0] == b"X":
            return False
        server, told = self._sessions.get(timeout=10)
        try:
            server.sendall(first[1])
            ready = b"T"
            while ready != b"I":
                if first[0] in (b"Q", b"S"):  # messages that the server answers with ReadyForQuery
                    for kind, message in _messages(server):
                        client.sendall(message)
                        if kind == b"Z":
                            ready = message[-1:]
                            break
                if ready != b"I":
                    first = next(_messages(client), (b"X", b""))
                    if first[0] == b"X":
                        return False
                    server.sendall(first[1])
        finally:
            self._sessions.put((server, told))
        return True


@contextlib.contextmanager
def pooled(url: str, folder: Path, *, sessions: int, newest_first: bool) -> Iterator[str]:
    """The URL of the same database through a pooler."""
    pooler = TransactionPooler(url, folder, sessions=sessions, newest_first=newest_first)
    thread = threading.Thread(target=pooler.serve)
    thread.start()
    try:
        found = conninfo_to_dict(url)
        yield f"postgresql://{found['user']}@/{found['dbname']}?host={folder}"
    finally:
        pooler.close()
        thread.join(10)


def _messages(end: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    while True:
        kind = end.recv(1)
        if not kind:
            return
        head = _exactly(end, 4)
        (length,) = struct.unpack("!I", head)
        yield kind, kind + head + _exactly(end, length - 4)


def _exactly(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = end.recv(count - len(data))
        if not piece:
            raise OSError("the other end is gone")
        data += piece
    return data
