"""A proxy in front of a server: it stops a session at a named message, and may cut it there."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PATIENCE = 60.0  # seconds until a test that hangs is given up


@dataclass
class Stop:
    """Where one session is held: at the last of these texts, each looked for after the one before."""

    texts: Sequence[bytes]
    answered: bool = False  # the message goes to the server, and only its answer is held
    found: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    is_cut: bool = False  # what is held is never passed on

    def is_reached(self, message: bytes) -> bool:
        """Whether this message is the one; each counts for one text at most."""
        if self.found < len(self.texts) and self.texts[self.found].lower() in message.lower():
            self.found += 1
            return self.found == len(self.texts)
        return False

    def wait(self) -> None:
        assert self.held.wait(PATIENCE), f"never came: {self.texts[self.found :]!r}"


class Proxy:
    """Listens on a port of this machine; whole sessions pass through unless a stop is set."""

    def __init__(self, server: Callable[[], socket.socket]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stop: Stop | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Close every session on both sides, as a network does that goes away."""
        if self._stop:
            self._stop.is_cut = True
            self._stop.let_go.set()
        for pair in self._pairs:
            for end in pair:
                _close(end)
        self._pairs.clear()

    @contextmanager
    def stopping(self, texts: Sequence[bytes], *, answered: bool = False) -> Iterator[Stop]:
        """Hold the next session that says these texts; all others pass."""
        stop = self._stop = Stop(texts, answered)
        try:
            yield stop
        finally:
            stop.let_go.set()
            self._stop = None

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                try:
                    server = self._server()
                except OSError:  # it is away
                    _close(client)
                    continue
                for end in (client, server):
                    if end.family == socket.AF_INET:
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs.append((client, server))
                session = _Session(client, server, self._stop)
                threading.Thread(target=session.there, daemon=True).start()
                threading.Thread(target=session.back, daemon=True).start()


class _Session:
    """One connection, a thread each way."""

    def __init__(self, client: socket.socket, server: socket.socket, stop: Stop | None) -> None:
        self._client, self._server, self._stop = client, server, stop
        self._holding_answers = False

    def there(self) -> None:
        with suppress(OSError):
            while message := self._client.recv(1 << 20):
                stop = self._stop
                if stop and not stop.held.is_set() and stop.is_reached(message):
                    if stop.answered:
                        self._holding_answers = True
                    else:
                        stop.held.set()
                        stop.let_go.wait(PATIENCE)
                        if stop.is_cut:
                            break
                self._server.sendall(message)
        _close(self._server)

    def back(self) -> None:
        with suppress(OSError):
            while answer := self._server.recv(1 << 20):
                stop = self._stop
                if self._holding_answers and stop:
                    self._holding_answers = False
                    stop.held.set()
                    stop.let_go.wait(PATIENCE)
                    if stop.is_cut:
                        break
                self._client.sendall(answer)
        _close(self._client)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
