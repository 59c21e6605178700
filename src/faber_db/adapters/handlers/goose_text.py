"""A goose script: which of its lines are the way up, which the way down, and how it is run.

Read as goose's own parser does (internal/sqlparser), so that what goose refuses is refused here.
"""

from dataclasses import dataclass

from faber_db.errors import MigrationUnreadable

_WORD = "+goose"
_WORDS = (
    "up",
    "down",
    "statementbegin",
    "statementend",
    "no transaction",
    "envsub on",
    "envsub off",
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Both directions. Each keeps the line numbers of the file; lines of the other one are empty."""

    up: str
    down: str
    wrap: bool


def is_goose(text: str) -> bool:
    """Whether a script has one of goose's annotations."""
    return _WORD in text and any(_is_annotation(line) for line in text.splitlines())


def parts_of(path: str, text: str) -> Parts:
    """Up and down of a file.

    Raises:
        MigrationUnreadable: goose would refuse it, or puts variables of its environment into it.
    """
    return _Reader(path).read(text)


def _is_annotation(line: str) -> bool:
    return line.lstrip().startswith("--") and _WORD in line


class _Reader:
    """One pass over the lines of one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._part = ""  # "", "up", "down"
        self._block = False  # between StatementBegin and StatementEnd
        self._open = False  # a statement has begun and not ended
        self._wrap = True
        self._variables = False
        self._lines: dict[str, list[str]] = {"up": [], "down": []}

    def read(self, text: str) -> Parts:
        number = 0
        for number, line in enumerate(text.split("\n"), start=1):
            shown = line.rstrip("\r")
            if _is_annotation(shown):
                self._annotation(number, shown)
                line = ""
            else:
                self._line(number, shown)
            for part, lines in self._lines.items():
                lines.append(line if part == self._part else "")
        if not self._part:
            raise self._bad(number, "there is no `-- +goose Up`", "Write it before the first one.")
        if self._block:
            raise self._bad(number, "`-- +goose StatementEnd` is missing", "Write it.")
        self._require_ended(number)
        return Parts("\n".join(self._lines["up"]), "\n".join(self._lines["down"]), self._wrap)

    def _annotation(self, number: int, line: str) -> None:
        word = line.replace("--", "").replace(_WORD, "", 1).strip().lower()
        if line[:1].isspace() or word not in _WORDS:
            raise self._bad(
                number,
                f"goose does not know the line {line.strip()[:80]!r}",
                "It begins at the first column, with one annotation of goose's.",
            )
        match word:
            case "up" | "down":
                self._turn(number, word)
            case "statementbegin" | "statementend":
                self._bracket(number, begins=word == "statementbegin")
            case "no transaction":
                self._wrap = False
            case _:
                self._variables = word == "envsub on"

    def _turn(self, number: int, word: str) -> None:
        self._require_ended(number)
        if self._block or self._part != {"up": "", "down": "up"}[word]:
            raise self._bad(
                number,
                f"`-- +goose {word.title()}` does not belong here",
                "A file has one Up, and after it at most one Down.",
            )
        self._part = word

    def _bracket(self, number: int, *, begins: bool) -> None:
        if not self._part or begins == self._block:
            name = "StatementBegin" if begins else "StatementEnd"
            raise self._bad(
                number,
                f"`-- +goose {name}` does not belong here",
                "They come in pairs, after `-- +goose Up` or `-- +goose Down`.",
            )
        self._block, self._open = begins, False

    def _line(self, number: int, line: str) -> None:
        if not self._open and (not line.strip() or line.lstrip().startswith("--")):
            return
        if not self._part:
            raise self._bad(
                number, "a statement stands before `-- +goose Up`", "It would never run."
            )
        if self._variables and "$" in line:
            raise self._bad(
                number,
                "`-- +goose ENVSUB ON` puts a variable of goose's environment here",
                "Write the value itself: what runs has to be in the file.",
            )
        self._open = self._block or not _ends(line)

    def _require_ended(self, number: int) -> None:
        if self._open and not self._block:
            raise self._bad(
                number,
                "the last statement before it has no semicolon at the end of a line",
                "goose refuses that too; write the semicolon.",
            )

    def _bad(self, number: int, why: str, hint: str) -> MigrationUnreadable:
        return MigrationUnreadable(f"{self._path} line {number}: {why}", hint=hint)


def _ends(line: str) -> bool:
    """Whether a statement ends with this line: its last word before a comment has a semicolon."""
    last = ""
    for word in line.split():
        if word.startswith("--"):
            break
        last = word
    return last.endswith(";")
