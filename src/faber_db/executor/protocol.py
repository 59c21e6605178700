"""What travels between the agent's side and an executor of another account or host.

A request is `POST /v1/OPERATION` with one JSON object; the answer is lines of JSON: `progress` as
often as there is some, an empty object as a sign of life, then one `answer` or one `error`. Whatever
a request holds is a value: a path is a label, never opened; a reference is a text, never resolved.
"""

import base64
import binascii
import json
import re
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from faber_db import __version__
from faber_db.errors import (
    ExecutorFailed,
    ExecutorGarbled,
    ExecutorVersion,
    FaberDbError,
    InputError,
    InputTooLarge,
    all_errors,
)
from faber_db.model.migration import SourceFile
from faber_db.services.ports import History
from faber_db.sql.visible import visible

PROTOCOL = "1"
PROTOCOL_HEADER = "faber-db-protocol"
VERSION_HEADER = "faber-db-version"
SOCKET_HOST = "executor"  # what a request over a socket names as its host
MAX_BODY = 64 * 1024 * 1024
MAX_FILES = 50_000
MAX_PARTS = 500_000  # objects, lists and commas: what a reader's time and memory grow with
MAX_PATH = 1_024
MAX_LINE = 64 * 1024 * 1024  # of an answer
BEAT_SECONDS = 5.0

R = TypeVar("R", bound=BaseModel)


class Strict(BaseModel):
    """A part of a request: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("bytes travel as base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("that is no base64") from error


def _name(value: object) -> str:
    if not isinstance(value, str) or not is_label(value):
        raise ValueError("a file is named below the migration folder, with /")
    return value


def is_label(path: str) -> bool:
    """Whether a path may name a file of a history: relative, plain, below its folder."""
    parts = path.split("/")
    return (
        0 < len(path) <= MAX_PATH
        and not any(part in ("", ".", "..") for part in parts)
        and "\\" not in path
        and visible(path, keep_lines=False) == path
    )


class SentFile(Strict):
    """One file of a migration folder. Its path is a label and nothing else."""

    path: Annotated[str, BeforeValidator(_name)]
    content: Annotated[
        bytes,
        BeforeValidator(_decoded),
        PlainSerializer(lambda b: base64.b64encode(b).decode(), when_used="json"),
    ]


class SentHistory(Strict):
    """A migration folder as the agent's side read it, for the handler that it has there."""

    handler: Annotated[str, Field(max_length=40)]
    files: Annotated[tuple[SentFile, ...], Field(max_length=MAX_FILES)]

    @classmethod
    def of(cls, history: History) -> "SentHistory":
        files = tuple(
            SentFile.model_construct(path=f.path, content=f.content) for f in history.files
        )
        return cls.model_construct(handler=history.handler, files=files)

    def as_files(self) -> tuple[SourceFile, ...]:
        """The files, none twice.

        Raises:
            InputError: two have the same path.
        """
        if len({f.path for f in self.files}) != len(self.files):
            raise InputError("two files of the history have the same path")
        return tuple(SourceFile(f.path, f.content) for f in self.files)


class Ask(Strict, Generic[R]):
    """The body of a request."""

    request: R
    history: SentHistory | None = None


class Line(BaseModel):
    """One line of an answer; all empty is a sign of life."""

    model_config = ConfigDict(extra="ignore")  # a newer executor may say more

    progress: str = ""
    answer: Any = None
    exit_code: int = 0
    error: dict[str, str] | None = None


def read_ask(model: type[R], body: bytes) -> Ask[R]:
    """A request, strictly.

    Raises:
        InputError: it is no JSON, holds a key twice or one that is not known, or a wrong type.
        InputTooLarge.
    """
    require_small(body)
    _require_few_parts(body)
    _require_plain(body)
    try:
        return Ask[model].model_validate_json(body, strict=True)  # type: ignore[valid-type]
    except ValidationError as error:
        raise InputError(f"the request cannot be taken: {_first(error)}") from None


def require_small(body: bytes | bytearray) -> None:
    """Keep a request within what is taken.

    Raises:
        InputTooLarge.
    """
    if len(body) > MAX_BODY:
        raise InputTooLarge(
            f"the request is over {MAX_BODY // 1024 // 1024} MB",
            hint="Applied migrations can be squashed into one baseline file.",
        )


def _require_few_parts(body: bytes) -> None:
    """Counted before anything is read: bytes travel as base64, which has none of these.

    Millions of empty objects within the size would keep everybody else waiting for minutes.
    """
    if sum(body.count(mark) for mark in (b"{", b"[", b",")) > MAX_PARTS:
        raise InputTooLarge(f"the request has over {MAX_PARTS:,} parts")


def _require_plain(body: bytes) -> None:
    """UTF-8 JSON in which no key appears twice; two readers must not see two requests."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise InputError("a key appears twice in the request")
        return found

    def refuse(text: str) -> NoReturn:
        raise InputError(f"{text} is no number of a request")

    try:
        json.loads(body.decode(), object_pairs_hook=once, parse_constant=refuse, parse_float=refuse)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError("the request is no JSON text in UTF-8") from error


def _first(error: ValidationError) -> str:
    """What is wrong, without the value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part)[:80] for part in first["loc"])
    return visible(f"{where}: {first['msg']}", keep_lines=False)


# --- answers -----------------------------------------------------------------------------------


def line_of_error(error: FaberDbError) -> dict[str, Any]:
    """A failure as it travels: code, message and hint; nothing else of it."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def read_line(data: bytes) -> Line:
    """One line of an answer.

    Raises:
        ExecutorGarbled: it is none.
    """
    try:
        return Line.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise ExecutorGarbled("the executor's answer cannot be read") from error


def error_of(told: dict[str, str]) -> FaberDbError:
    """The failure that an executor told, as the class that it was there."""
    code = told.get("code", "")
    known = next((kind for kind in all_errors() if kind.code == code), None)
    if known is None:
        known = ExecutorFailed
        told = {**told, "message": f"{told.get('message', 'it refused')} ({code[:60]})"}
    return known(told.get("message", ""), hint=told.get("hint", ""))


# --- versions ----------------------------------------------------------------------------------


def require_near(protocol: str, version: str, whose: str) -> None:
    """Both sides are at most one minor version apart and speak the same protocol.

    Raises:
        ExecutorVersion: they are not, or the other one does not say.
    """
    ours, theirs = _numbers(__version__), _numbers(version)
    near = (
        theirs is not None
        and ours is not None
        and ours[0] == theirs[0]
        and abs(ours[1] - theirs[1]) <= 1
    )
    if protocol != PROTOCOL or not near:
        said = version if theirs is not None else "no version"
        raise ExecutorVersion(
            f"{whose} is {said}, and this is {__version__}",
            hint="Install the same version of faber-db on both sides.",
        )


def _numbers(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d{1,6})\.(\d{1,6})(?:\D|$)", version, re.ASCII)
    return (int(found[1]), int(found[2])) if found and len(version) <= 40 else None
