"""A page of text: lines of styled spans, everything foreign escaped and redacted on the way in.

Colour only adds: a page reads the same without it. Where the output cannot show a character, an
ASCII stand-in takes its place.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_ANSI = {
    "strong": "\x1b[1m",
    "dim": "\x1b[2m",
    "good": "\x1b[32m",
    "warn": "\x1b[33m",
    "bad": "\x1b[1;31m",
}
_STAND_INS = str.maketrans(
    {
        "·": "-",
        "…": "...",
        "→": "->",
        "\N{EN DASH}": "-",
        "—": "-",
        "≤": "<=",
        "≥": ">=",
        "\N{MULTIPLICATION SIGN}": "x",
        "“": '"',
        "”": '"',
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "✓": "ok",
        "✗": "!!",
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """Text with a style of `_ANSI`, or none."""

    text: str
    style: str = ""


def strong(text: str) -> Span:
    return Span(text, "strong")


def dim(text: str) -> Span:
    return Span(text, "dim")


def good(text: str) -> Span:
    return Span(text, "good")


def warn(text: str) -> Span:
    return Span(text, "warn")


def bad(text: str) -> Span:
    return Span(text, "bad")


def clean(text: str) -> str:
    """One line of text that is safe to show: no control characters, no secrets."""
    from faber_db.sql.redact import redact
    from faber_db.sql.visible import visible

    return visible(redact(text.replace("\n", " ").replace("\t", "    ")))


@dataclass
class Page:
    """Lines in the making."""

    width: int = 100
    lines: list[tuple[Span, ...]] = field(default_factory=list)

    def line(self, *parts: Span | str) -> None:
        """Add a line; a string is a span without style."""
        spans = (Span(part) if isinstance(part, str) else part for part in parts)
        self.lines.append(tuple(Span(clean(s.text), s.style) for s in spans if s.text))

    def blank(self) -> None:
        """Add an empty line, unless there is one already."""
        if self.lines and self.lines[-1]:
            self.lines.append(())

    def fact(self, label: Span | str, text: str, *, indent: int = 2, column: int = 12) -> None:
        """Add a label and its text, wrapped below itself; line breaks of the text are kept."""
        head = label if isinstance(label, Span) else Span(label)
        first = " " * indent + head.text.ljust(column - indent)
        if len(first) > column or not first.endswith(" "):
            first = first.rstrip() + "  "
        for number, piece in enumerate(self._wrapped(text, column)):
            if number == 0:
                lead, rest = first[:indent], first[indent:]
                self.line(lead, Span(rest, head.style), piece)
            else:
                self.line(" " * column, piece)

    def text(self, text: str, *, indent: int = 0, style: str = "") -> None:
        """Add running text, wrapped."""
        for piece in self._wrapped(text, indent):
            self.line(" " * indent, Span(piece, style))

    def verbatim(self, text: str, *, indent: int = 0) -> None:
        """Add text that people copy: never wrapped."""
        for piece in text.splitlines():
            self.line(" " * indent, piece)

    def table(self, rows: Sequence[Sequence[Span | str]], *, indent: int = 2, gap: int = 3) -> None:
        """Add rows whose cells stand below each other."""
        cells = [[c if isinstance(c, Span) else Span(c) for c in row] for row in rows]
        cells = [[Span(clean(c.text), c.style) for c in row] for row in cells]
        columns = max((len(row) for row in cells), default=0)
        widths = [
            max((len(r[i].text) for r in cells if i < len(r)), default=0) for i in range(columns)
        ]
        for row in cells:
            parts: list[Span | str] = [" " * indent]
            for i, cell in enumerate(row):
                last = all(not c.text for c in row[i + 1 :])
                parts.append(cell)
                if last:
                    break
                parts.append(" " * (widths[i] - len(cell.text) + gap))
            self.line(*parts)

    def next_step(self, command: str, note: str = "") -> None:
        """Add the one next step, as its own paragraph."""
        if command:
            self.blank()
            self.line(strong("Next: "), strong(command), dim(f"   ({note})") if note else "")

    def add(self, other: "Page") -> None:
        self.lines.extend(other.lines)

    def render(self, *, colour: bool = False, ascii_only: bool = False) -> str:
        """The page as text, without a line end after the last line."""
        return "\n".join(
            "".join(_painted(span, colour, ascii_only) for span in line).rstrip()
            if not colour
            else "".join(_painted(span, colour, ascii_only) for span in line)
            for line in self.lines
        )

    def _wrapped(self, text: str, used: int) -> Iterable[str]:
        for paragraph in text.splitlines() or [""]:
            if paragraph.endswith(";") or paragraph.startswith("--"):
                yield paragraph  # SQL that people copy
                continue
            yield from textwrap.wrap(
                paragraph,
                max(self.width - used, 24),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [""]


def _painted(span: Span, colour: bool, ascii_only: bool) -> str:
    text = span.text
    if ascii_only:
        text = text.translate(_STAND_INS).encode("ascii", "backslashreplace").decode("ascii")
    return f"{_ANSI[span.style]}{text}\x1b[0m" if colour and span.style and text.strip() else text
