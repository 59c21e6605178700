"""What is read as a request, and what is refused before anything looks at it."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db import __version__
from faber_db.errors import (
    ExecutorFailed,
    ExecutorGarbled,
    ExecutorVersion,
    FaberDbError,
    InputError,
    InputTooLarge,
    PolicyChanged,
    all_errors,
)
from faber_db.executor import protocol
from faber_db.executor.operations import OPERATIONS
from faber_db.executor.protocol import (
    SentHistory,
    error_of,
    is_label,
    line_of_error,
    read_ask,
    read_line,
    require_near,
)
from faber_db.model.migration import SourceFile
from faber_db.services import coordinate
from faber_db.services.ports import History


def body(**changes: Any) -> bytes:
    whole: dict[str, Any] = {"request": {"environment": "production"}, "history": None}
    return json.dumps(whole | changes).encode()


def with_files(*files: tuple[str, bytes]) -> bytes:
    sent = [{"path": p, "content": base64.b64encode(c).decode()} for p, c in files]
    return body(history={"handler": "sql", "files": sent})


def test_a_request_comes_through_as_it_was_sent() -> None:
    history = History("sql", (SourceFile("1_a.up.sql", b"SELECT 1;\n\xff"), SourceFile("b/c", b"")))
    sent = SentHistory.of(history).model_dump(mode="json")
    ask = read_ask(coordinate.Request, body(history=sent))
    assert ask.history is not None
    assert ask.history.as_files() == history.files
    assert ask.request == coordinate.Request(environment="production")


REFUSED = {
    "no JSON": b"{",
    "empty": b"",
    "a list": b"[]",
    "a key twice": b'{"request": {"environment": "a", "environment": "b"}}',
    "the request twice": b'{"request": {}, "request": {}}',
    "another encoding": body().decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + body(),
    "not UTF-8": b'{"request": {"environment": "\xff"}}',
    "an unknown key": body(more=1),
    "an unknown argument": body(request={"environment": "production", "url": "env:HOME"}),
    "a number for a text": body(request={"environment": 1}),
    "a text for a flag": body(request={"dry_run": "yes"}),
    "one for a flag": body(request={"dry_run": 1}),
    "no request": b"{}",
    "NaN": b'{"request": {"environment": NaN}}',
    "a float": b'{"request": {"environment": 1.0}}',
    "deep": b'{"request":' * 100_000,
    "bytes as a list": body(
        history={"handler": "sql", "files": [{"path": "a", "content": [1, 2]}]}
    ),
    "bytes that are no base64": body(
        history={"handler": "sql", "files": [{"path": "a", "content": "%%%%"}]}
    ),
    "base64 with a line": body(
        history={"handler": "sql", "files": [{"path": "a", "content": "YQ\n=="}]}
    ),
    "a file with a mode": body(
        history={"handler": "sql", "files": [{"path": "a", "content": "", "mode": 493}]}
    ),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_with_a_code(text: bytes) -> None:
    with pytest.raises(InputError):
        read_ask(coordinate.Request, text)


PATHS = {
    "up": "../../etc/passwd",
    "up inside": "a/../../b.sql",
    "absolute": "/etc/passwd",
    "NUL": "a\0b.sql",
    "line": "a\nb.sql",
    "bidi": "a\u202eb.sql",
    "backslash": "..\\windows",
    "long": "a" * 4_096,
    "empty": "",
    "a dot": "./a.sql",
    "twice a slash": "a//b.sql",
    "a folder": "a/",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_path_is_a_plain_label_below_its_folder(path: str) -> None:
    assert not is_label(path)
    with pytest.raises(InputError):
        read_ask(coordinate.Request, with_files((path, b"SELECT 1;")))


def test_two_files_of_one_name_are_refused() -> None:
    ask = read_ask(coordinate.Request, with_files(("a.sql", b"1"), ("a.sql", b"2")))
    assert ask.history is not None
    with pytest.raises(InputError, match="same path"):
        ask.history.as_files()


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_BODY", 1_000)
    with pytest.raises(InputTooLarge):
        read_ask(coordinate.Request, with_files(("a.sql", b"x" * 1_000)))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=30)  # each for every operation
@given(st.binary(max_size=200) | VALUES.map(lambda v: json.dumps(v).encode()))
def test_no_bytes_do_anything_but_pass_or_be_refused(data: bytes) -> None:
    for operation in OPERATIONS.values():
        with suppress(InputError):
            read_ask(operation.request, data)


@given(VALUES)
def test_no_value_of_an_argument_passes_that_is_no_text(value: object) -> None:
    try:
        ask = read_ask(coordinate.Request, json.dumps({"request": {"plan_id": value}}).encode())
    except InputError:
        return
    assert ask.request.plan_id == value
    assert isinstance(value, str)


@given(st.binary(max_size=200))
def test_a_line_that_is_none_is_garbled(data: bytes) -> None:
    try:
        line = read_line(data)
    except ExecutorGarbled:
        return
    assert line.answer is None or json.loads(data)["answer"] == line.answer


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: kind.code)
def test_every_failure_travels_as_its_class(kind: type[FaberDbError]) -> None:
    told = line_of_error(kind("it did not work", hint="Do it."))["error"]
    again = error_of(told)
    assert type(again) is kind
    assert (again.message, again.hint, again.exit_code) == (
        "it did not work",
        "Do it.",
        kind.exit_code,
    )


def test_a_code_of_a_newer_executor_is_told() -> None:
    error = error_of({"code": "policy-of-tomorrow", "message": "no", "hint": "Wait."})
    assert type(error) is ExecutorFailed
    assert "policy-of-tomorrow" in error.message
    assert error.hint == "Wait."
    assert type(error_of({"code": PolicyChanged.code})) is PolicyChanged


MAJOR, MINOR = (int(n) for n in __version__.split(".")[:2])
VERSIONS = {
    "the same": ("1", __version__, True),
    "a minor newer": ("1", f"{MAJOR}.{MINOR + 1}.9", True),
    "two newer": ("1", f"{MAJOR}.{MINOR + 2}.0", False),
    "a major newer": ("1", f"{MAJOR + 1}.{MINOR}.0", False),
    "another protocol": ("2", __version__, False),
    "none": ("", "", False),
    "no number": ("1", "latest", False),
    "digits of another script": ("1", "\u0660.\u0661.\u0660", False),
    "very long": ("1", __version__ + "0" * 100, False),
}


@pytest.mark.parametrize(("number", "version", "near"), VERSIONS.values(), ids=VERSIONS)
def test_one_minor_version_apart_is_near(number: str, version: str, near: bool) -> None:
    if near:
        require_near(number, version, "the other side")
        return
    with pytest.raises(ExecutorVersion):
        require_near(number, version, "the other side")


def test_nothing_is_reachable_that_opens_a_file_or_runs_a_program() -> None:
    """The whole list, so that an addition is a decision."""
    assert sorted(OPERATIONS) == [
        "accept-edit", "analyze", "baseline", "build", "cancel", "cancel-job", "create-backup", "db-create", "deploy",
        "describe", "drift",
        "evaluate", "export-audit", "files", "find", "health", "hello", "list-backups", "list-jobs", "mark",
        "payload", "plan", "policy", "propose", "prune-backups", "reject", "release", "restore",
        "resume", "rollback", "show", "show-audit", "show-backup", "show-job", "sign", "start", "status",
        "verify-audit", "verify-backup", "waiting", "watch",
    ]  # fmt: skip
    fields = {name for o in OPERATIONS.values() for name in o.request.model_fields}
    assert not fields & {
        "path",
        "paths",
        "url",
        "command",
        "anywhere",
        "write",
        "account",
        "config",
    }


MANY = {
    "objects": b"{},",
    "lists": b"[],",
    "numbers": b"0,",
}


@pytest.mark.parametrize("part", MANY.values(), ids=MANY)
def test_many_small_parts_are_refused_before_they_are_read(
    part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tens of millions fit into the size that histories need, and take minutes to be read."""
    monkeypatch.setattr(protocol, "json", None)
    parts = part * (protocol.MAX_PARTS + 1)
    with pytest.raises(InputTooLarge):
        read_ask(coordinate.Request, b'{"history":{"files":[' + parts + b"{}]}}")


def test_a_history_of_the_most_files_is_read() -> None:
    files = tuple((f"{n}.sql", b"SELECT 1;") for n in range(protocol.MAX_FILES))
    history = read_ask(coordinate.Request, with_files(*files)).history
    assert history is not None
    assert len(history.files) == protocol.MAX_FILES
