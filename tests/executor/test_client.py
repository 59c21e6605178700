"""A client before executors that are not there, hang, lie, or are somebody else."""

import os
import pwd
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from faber_db import __version__
from faber_db.adapters.handlers import handler_for
from faber_db.config.address import address_of
from faber_db.config.settings import EnvironmentSettings
from faber_db.errors import (
    Cancelled,
    ExecutorGarbled,
    ExecutorTimeout,
    ExecutorUnavailable,
    ExecutorUntrusted,
    ExecutorVersion,
    FaberDbError,
    InputTooLarge,
    PolicyRefused,
)
from faber_db.executor import client as client_module
from faber_db.executor import protocol
from faber_db.executor.client import RemoteExecutor
from faber_db.executor.transport import connector
from faber_db.model.migration import SourceFile
from faber_db.services import status
from faber_db.services.ports import History
from faber_db.services.status_lines import StatusDetails

ME = pwd.getpwuid(os.geteuid()).pw_name


def remote(path: Path, account: str = ME) -> RemoteExecutor:
    settings = EnvironmentSettings(executor=f"unix:{path}", executor_account=account)
    address = address_of(f"unix:{path}")
    connect, headers = connector(address, settings, path.parent, lambda: "")
    return RemoteExecutor(address, connect, headers, handler_for)


def ask(executor: RemoteExecutor, cancelled: Callable[[], bool] = lambda: False) -> None:
    executor.ask("status", status.Request(), StatusDetails, cancelled=cancelled)


@contextmanager
def answering(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[list[bytes]]:
    """A server that reads a request and then does `answer`; gives what it was sent."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    heard: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                heard.append(_request(connection))
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _request(connection: socket.socket) -> bytes:
    """A whole request, or what came before the other side went away."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(1 << 16)):
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length and (more := connection.recv(1 << 16)):
        body += more
    return body


def http(*lines: bytes, version: str = __version__, number: str = "1") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nfaber-db-protocol: {number}\r\nfaber-db-version: {version}\r\n\r\n"
    return head.encode() + b"".join(lines)


ANSWERS = {
    "closes at once": (b"", ExecutorUnavailable),
    "no HTTP": (b"hello\r\n\r\n", ExecutorUnavailable),
    "another server": (b"HTTP/1.1 200 OK\r\n\r\n{}", ExecutorGarbled),
    "a page": (b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", ExecutorGarbled),
    "another version": (http(version="9.9.9"), ExecutorVersion),
    "another protocol": (http(number="2"), ExecutorVersion),
    "no version": (http(version=""), ExecutorVersion),
    "no JSON": (http(b"what?\n"), ExecutorGarbled),
    "a list": (http(b"[]\n"), ExecutorGarbled),
    "half a line": (http(b'{"answer": {'), ExecutorGarbled),
    "nothing after a sign of life": (http(b"{}\n"), ExecutorUnavailable),
    "another answer": (http(b'{"answer": {"hello": 1}}\n'), ExecutorGarbled),
    "a text for an answer": (http(b'{"answer": "done"}\n'), ExecutorGarbled),
    "an exit code that is none": (
        http(b'{"answer": {"message": "m", "details": {}}, "exit_code": 99}\n'),
        ExecutorGarbled,
    ),
    "an error": (
        http(b'{"error": {"code": "policy-refused", "message": "no", "hint": ""}}\n'),
        PolicyRefused,
    ),
}


@pytest.mark.parametrize(("data", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_answer_is_a_coded_error(
    data: bytes, kind: type[FaberDbError], tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with answering(path, lambda c: c.sendall(data)), pytest.raises(FaberDbError) as caught:
        ask(remote(path))
    assert type(caught.value) is kind, caught.value


def test_an_answer_of_a_newer_executor_may_say_more(tmp_path: Path) -> None:
    line = b'{"answer": {"message": "m", "details": {"tomorrow": 1}, "more": 2}, "exit_code": 4}\n'
    with answering(tmp_path / "s", lambda c: c.sendall(http(line))):
        answer = remote(tmp_path / "s").ask("status", status.Request(), StatusDetails)
    assert (answer.message, int(answer.exit_code)) == ("m", 4)


def test_silence_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_SILENCE", 0.2)
    over = threading.Event()

    def wait(_: socket.socket) -> None:
        over.wait(30)

    with answering(tmp_path / "s", wait):
        with pytest.raises(ExecutorTimeout):
            ask(remote(tmp_path / "s"))
        over.set()


def test_a_line_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_LINE", 1_000)
    with (
        answering(tmp_path / "s", lambda c: c.sendall(http(b'"' + b"x" * 5_000))),
        pytest.raises(ExecutorGarbled),
    ):
        ask(remote(tmp_path / "s"))


def test_who_turns_away_is_noticed_there(tmp_path: Path) -> None:
    gone = threading.Event()

    def wait(connection: socket.socket) -> None:
        connection.sendall(http(b"{}\n"))
        if not connection.recv(1):
            gone.set()

    with answering(tmp_path / "s", wait):
        began = time.monotonic()
        with pytest.raises(Cancelled):
            ask(remote(tmp_path / "s"), lambda: True)
        assert gone.wait(10)
        assert time.monotonic() - began < 10


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(ExecutorUnavailable, match="no such file"):
        ask(remote(tmp_path / "s"))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with pytest.raises(ExecutorUnavailable, match="refused"):
        ask(remote(tmp_path / "s"))


def test_a_socket_of_this_very_account_is_no_executor(tmp_path: Path) -> None:
    with answering(tmp_path / "s", lambda _: None) as heard:
        with pytest.raises(ExecutorUntrusted, match="very account"):
            ask(remote(tmp_path / "s", account=""))
        assert heard == [] or heard == [b""]  # nothing was sent


def test_a_socket_of_another_account_than_named_is_none(tmp_path: Path) -> None:
    other = next(a.pw_name for a in pwd.getpwall() if a.pw_uid != os.geteuid())
    with answering(tmp_path / "s", lambda _: None) as heard:
        with pytest.raises(ExecutorUntrusted, match="served by"):
            ask(remote(tmp_path / "s", account=other))
        with pytest.raises(ExecutorUntrusted, match="no account"):
            ask(remote(tmp_path / "s", account="nobody-has-this-name"))
        assert heard == [] or heard == [b""]


def test_too_much_is_not_even_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_BODY", 1_000)
    history = History("sql", (SourceFile("a.sql", b"x" * 2_000),))
    with pytest.raises(InputTooLarge):
        remote(tmp_path / "s").ask("status", status.Request(), StatusDetails, history=history)


def test_a_refusal_before_everything_was_read_is_heard(tmp_path: Path) -> None:
    refusal = http(b'{"error": {"code": "policy-refused", "message": "no", "hint": ""}}\n')
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    listening.listen()

    def refuse() -> None:
        connection, _ = listening.accept()
        connection.recv(1_000)
        connection.sendall(refusal)
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    history = History("sql", (SourceFile("a.sql", b"x" * 5_000_000),))
    with listening, pytest.raises(PolicyRefused):
        remote(tmp_path / "s").ask("status", status.Request(), StatusDetails, history=history)
    thread.join(10)
