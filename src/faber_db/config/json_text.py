"""JSON that remembers where things stand, so that a problem can name its line.

The standard library's decoder keeps no positions and lets a second key win silently; both matter
in a file that decides who may change a database.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")
_ATOM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_DECODER = json.JSONDecoder()
_DEEPEST = 64


class NotJson(ValueError):
    """The text is no JSON; `line` is where reading stopped."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value with the line of every key and element (1-based)."""

    value: Any
    lines: dict[Path, int]
    repeated: list[tuple[int, str]] = field(default_factory=list)  # (line, key)

    def line_of(self, path: Path) -> int:
        """The line of what stands at `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Located:
    """Parse a JSON text.

    Raises:
        NotJson: it is none, or nested deeper than 64.
    """
    reader = _Reader(text)
    found = Located(value=reader.value(()), lines=reader.lines, repeated=reader.repeated)
    reader.skip_space()
    if reader.at < len(text):
        raise reader.stopped("there is more text after the end")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.repeated: list[tuple[int, str]] = []

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def stopped(self, message: str) -> NotJson:
        return NotJson(self.line(), message)

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def next_is(self, character: str) -> bool:
        self.skip_space()
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def value(self, path: Path) -> Any:
        self.skip_space()
        self.lines.setdefault(path, self.line())
        if len(path) > _DEEPEST:
            raise self.stopped("this is nested too deeply")
        if self.next_is("{"):
            return self.members(path)
        if self.next_is("["):
            return self.elements(path)
        if self.text.startswith('"', self.at):
            return self.string()
        match = _ATOM.match(self.text, self.at)
        if match is None:
            raise self.stopped(self.what_is_wrong())
        try:
            value = json.loads(match[0])
        except ValueError as error:  # Python reads numbers of up to 4,300 digits
            raise self.stopped("this number is too long") from error
        self.at = match.end()
        return value

    def what_is_wrong(self) -> str:
        rest = self.text[self.at : self.at + 2]
        if rest.startswith(("//", "/*", "#")):
            return "JSON has no comments"
        if rest.startswith("'"):
            return "strings stand in double quotes"
        return (
            "a value is missing here" if not rest or rest[0] in ",]}" else "this is no JSON value"
        )

    def string(self) -> str:
        try:
            text, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise NotJson(error.lineno, "a string is not closed or holds a raw control") from error
        return str(text)

    def members(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.next_is("}"):
            return found
        while True:
            self.skip_space()
            if not self.text.startswith('"', self.at):
                raise self.stopped("a key in double quotes is missing here (a comma too many?)")
            line, key = self.line(), self.string()
            if key in found:
                self.repeated.append((line, key))
            self.lines[(*path, key)] = line
            if not self.next_is(":"):
                raise self.stopped(f'a colon is missing after "{key}"')
            found[key] = self.value((*path, key))
            if self.next_is("}"):
                return found
            if not self.next_is(","):
                raise self.stopped("a comma or a closing brace is missing here")

    def elements(self, path: Path) -> list[Any]:
        found: list[Any] = []
        if self.next_is("]"):
            return found
        while True:
            found.append(self.value((*path, len(found))))
            if self.next_is("]"):
                return found
            if not self.next_is(","):
                raise self.stopped("a comma or a closing bracket is missing here")
