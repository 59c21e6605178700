"""What can be read from JavaScript and TypeScript without running it.

Only plain things: which classes a file declares, and options that are written as literals. What is
computed is not guessed; `Found.unread` says that an option is there and has no literal.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

EXTENSIONS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")
_PIECE = re.compile(  # one that does not end goes on to its last possible place: linear time
    r"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
    r"|'(?:\\.|[^'\\\n])*+'?|\"(?:\\.|[^\"\\\n])*+\"?|`(?:\\.|[^`\\])*+`?",
    re.DOTALL,
)
_TOOLS = (  # by what only its migrations are given; the first that is found
    ("TypeORM", re.compile(r"\bMigrationInterface\b|\bqueryRunner\b|\bQueryRunner\b")),
    ("Sequelize", re.compile(r"\bqueryInterface\b|\bQueryInterface\b")),
    ("node-pg-migrate", re.compile(r"\bpgm\b|\bMigrationBuilder\b")),
    ("Knex", re.compile(r"\b[kK]nex\b")),
)
_SHORT = re.compile(r"[^\s'\"`\\$()]*")  # a name, a path or a pattern, nothing that looks like code


def is_program(path: str) -> bool:
    """Whether a file name is that of a program; a declaration file of TypeScript is none."""
    return path.endswith(EXTENSIONS) and not re.search(r"\.d\.[cm]?ts$", path)


def stem_of(path: str) -> str:
    """The file name without folder and ending."""
    return path.rpartition("/")[2].rpartition(".")[0]


def tool_of_code(code: str) -> str:
    """The tool that a migration without its comments (`code_of`) is written for, or empty."""
    return next((tool for tool, mark in _TOOLS if mark.search(code)), "")


def code_of(text: str) -> str:
    """The text without comments, and with strings emptied that are more than a name or a path."""

    def piece(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "/":
            return " "
        return found if _SHORT.fullmatch(found[1:-1]) else found[0] * 2

    return _PIECE.sub(piece, text)


@dataclass(frozen=True, slots=True)
class Found:
    """The literals that an option has in some texts, each once, and whether one was no literal."""

    values: tuple[str, ...] = ()
    unread: bool = False


def option(texts: Iterable[str], key: str, *, within: str = "") -> Found:
    """An option `key: "value"` or `"key": "value"` in texts without comments (`code_of`).

    Args:
        texts: of configuration files.
        key: of the option.
        within: of the object that it has to stand in, where the key alone says too little.
    """
    before = rf"\b{within}['\"]?\s*[:=]\s*\{{(?:[^{{}}]|\{{[^{{}}]*\}})*?" if within else ""
    pattern = re.compile(rf"{before}(?<![\w.$-]){key}['\"]?\s*[:=]\s*(?:(['\"`])(.*?)\1|(\w+))?")
    values: dict[str, None] = {}
    unread = False
    for text in texts:
        for match in pattern.finditer(text):
            if match[2]:
                values[match[2]] = None
            elif match[3] in ("true", "false"):
                values[match[3]] = None
            else:
                unread = True
    return Found(tuple(values), unread)


def joined(expression: str) -> str:
    """The path that the literals of an expression make: `path.join(__dirname, "a", "b/*.js")`.

    Of a pattern it is the part before its first place holder.
    """
    parts = "/".join(re.findall(r"['\"`]([^'\"`]*)['\"`]", expression)).split("/")
    plain = list(takewhile(lambda part: not re.search(r"[*{\[?]", part), parts))
    return "/".join(part for part in plain if part not in ("", "."))


def literal(text: str) -> str:
    """A string literal that gives exactly this text; on lines of its own where it has several."""
    if "\n" not in text:
        return json.dumps(text, ensure_ascii=False)
    escaped = re.sub(r"[`\\]|\$(?=\{)", r"\\\g<0>", text).replace("\r", "\\r")
    return f"`{escaped}`"
