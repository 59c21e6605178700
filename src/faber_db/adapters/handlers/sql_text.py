"""What a script is: both directions with `-- migrate:up` and `-- migrate:down`, or the way up alone."""

import re
from dataclasses import dataclass

from faber_db.adapters.handlers.reading import has_statements
from faber_db.errors import MigrationUnreadable

_MARKER = re.compile(r"(?m)^--[ \t]*migrate:(up|down)\b[ \t]*([^\r\n]*)\r?$")
_NUMBERED = re.compile(r"\d+(?:[_.-].*)?\.sql")
_PARTED = re.compile(  # a line that other tools, or people, part a file with
    r"(?:--+|#+|/\*+)[^\w]*(?:(?:migrate|migration|rambler|goose|dbmate)\W+)?"
    r"(?:ups?|downs?|undo|rollback|revert)[^\w]*|--+ create above / drop below --+",
    re.IGNORECASE,
)
_LONGEST_MARKER = 80


@dataclass(frozen=True, slots=True)
class Part:
    """One direction. `text` begins with as many line ends as stand before it in the file."""

    text: str
    wrap: bool


def has_markers(text: str) -> bool:
    """Whether a script is one with both directions."""
    return _MARKER.search(text) is not None


def is_numbered(name: str) -> bool:
    """Whether a file name is a number with words behind it: `001_create.sql`, `2.sql`."""
    return _NUMBERED.fullmatch(name) is not None


def parting_line(text: str) -> str:
    """The first line that looks as if the file had two directions, for a format we do not know."""
    for line in text.splitlines():
        shown = line.strip()
        if len(shown) <= _LONGEST_MARKER and _PARTED.fullmatch(shown):
            return shown
    return ""


def parts_of(path: str, text: str) -> tuple[Part, Part]:
    """Up and down of a file.

    Raises:
        MigrationUnreadable: a marker is missing, stands twice or in the wrong order, has an
            option other than `transaction:true` or `transaction:false`, or follows a statement.
    """
    markers = list(_MARKER.finditer(text))
    if [marker[1] for marker in markers] != ["up", "down"]:
        raise MigrationUnreadable(
            f"{path} does not hold one `-- migrate:up` and after it one `-- migrate:down`",
            hint="Write both lines; what follows the second may be empty.",
        )
    up, down = markers
    if has_statements(text[: up.start()]):
        raise MigrationUnreadable(
            f"{path} holds statements before `-- migrate:up`", hint="They would never run."
        )
    return (
        _part(path, text, up, down.start()),
        _part(path, text, down, len(text)),
    )


def _part(path: str, text: str, marker: re.Match[str], end: int) -> Part:
    wrap = True
    for option in marker[2].split():
        name, _, value = option.partition(":")
        if name != "transaction" or value not in ("true", "false"):
            raise MigrationUnreadable(
                f"{path}: unknown option {option!r} of `-- migrate:{marker[1]}`",
                hint="`transaction:false` is the only one.",
            )
        wrap = value == "true"
    lines_before = text.count("\n", 0, marker.end())
    return Part(text="\n" * lines_before + text[marker.end() : end], wrap=wrap)
