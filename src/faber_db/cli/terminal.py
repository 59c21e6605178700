"""Where the command line writes: answers on standard output, progress and errors on standard error."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from faber_db.cli.render.page import Page, clean
from faber_db.errors import FaberDbError


class ReaderGone(Exception):
    """Standard output was closed by its reader."""


class Terminal:
    """The two output streams, with what they can show."""

    def __init__(self, *, color: str = "auto", environ: Mapping[str, str] = os.environ) -> None:
        self.interactive = sys.stdout.isatty()
        self.watched = sys.stderr.isatty()
        self.colour = _colour(color, environ, self.interactive)
        self.width = _width(environ)
        self._progress_shown = False

    def page(self, page: Page) -> None:
        """Write a page to standard output."""
        self.clear_progress()
        text = page.render(colour=self.colour, ascii_only=not _is_unicode(sys.stdout.encoding))
        _write(text + "\n")

    def json(self, value: Mapping[str, Any] | list[Any]) -> None:
        """Write one JSON document to standard output, secrets hidden."""
        self.clear_progress()
        text = json.dumps(
            hidden(value),
            ensure_ascii=not _is_unicode(sys.stdout.encoding),
            indent=2 if self.interactive else None,
        )
        _write(text + "\n")

    def json_line(self, value: Mapping[str, Any]) -> None:
        """Write one JSON object on a line of its own, secrets hidden."""
        unicode = _is_unicode(sys.stdout.encoding)
        _write(json.dumps(hidden(value), ensure_ascii=not unicode) + "\n")

    def text(self, text: str) -> None:
        """Write a machine contract's text to standard output as it is."""
        self.clear_progress()
        _write(text if text.endswith("\n") else text + "\n")

    def error(self, error: FaberDbError) -> None:
        """Write `[code] message. Hint: …` to standard error."""
        self.note(str(error))

    def note(self, text: str) -> None:
        """Write a line for people to standard error."""
        self.clear_progress()
        lines = [clean(line) for line in text.splitlines()]
        if not _is_unicode(sys.stderr.encoding):
            lines = [line.encode("ascii", "backslashreplace").decode("ascii") for line in lines]
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()

    def progress(self, text: str) -> None:
        """Rewrite the progress line in place; silent when nobody watches standard error."""
        if self.watched:
            line = clean(text)[: max(self.width - 1, 20)]
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            self._progress_shown = True

    def clear_progress(self) -> None:
        if self._progress_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._progress_shown = False


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing fails at exit
        raise ReaderGone from error


def hidden(value: Any) -> Any:
    """The same JSON value with every secret in its texts replaced."""
    return _hidden(value, {})


def _hidden(value: Any, seen: dict[str, str]) -> Any:
    """`seen` holds what became of a text: a long answer says the same again and again."""
    from faber_db.sql.redact import redact

    match value:
        case str():
            if value not in seen:
                seen[value] = redact(value)
            return seen[value]
        case Mapping():
            return {key: _hidden(item, seen) for key, item in value.items()}
        case list() | tuple():
            return [_hidden(item, seen) for item in value]
        case _:
            return value


def _colour(color: str, environ: Mapping[str, str], interactive: bool) -> bool:
    if color != "auto":
        return color == "always"
    return interactive and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _width(environ: Mapping[str, str]) -> int:
    if not sys.stdout.isatty() and not environ.get("COLUMNS"):
        return 100
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)


def _is_unicode(encoding: str | None) -> bool:
    return (encoding or "ascii").lower().replace("-", "").startswith("utf")
