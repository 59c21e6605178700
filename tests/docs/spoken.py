"""What the pages name: commands of ours, files, links, `make` targets."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup

from faber_db.cli.program import program

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
}
_FENCE = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```$")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str


def blocks(text: str) -> list[Block]:
    return [Block(m[1], m[2]) for m in _FENCE.finditer(text)]


def prose(text: str) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", text)


def quoted(text: str) -> list[str]:
    """What stands in backticks, outside of blocks."""
    return re.findall(r"`([^`]+)`", prose(text))


def commands(text: str) -> Iterator[str]:
    """Every command of ours on a page: in backticks, and the lines of `sh` and `console` blocks."""
    for words in quoted(text):
        flat = " ".join(words.split())
        if re.match(r"faber-db( |$)", flat):
            yield flat
    for block in blocks(text):
        if block.language == "console":
            lines = [x.strip()[2:] for x in block.text.splitlines() if x.strip().startswith("$ ")]
        elif block.language == "sh":
            lines = re.sub(r"'[^']*'|\"[^\"]*\"", "X", block.text).splitlines()
        else:
            continue
        for line in lines:
            for part in re.split(r"&&|;|\|", line.partition("#")[0]):
                if re.match(r"faber-db( |$)", part.strip()):
                    yield part.strip()


def unknown(command: str) -> str:
    """What in a command does not exist; empty when all of it does.

    A verb that answers `not-supported` does not exist either.
    """
    words = shlex.split(command)[1:]
    group = typer.main.get_command(program())
    assert isinstance(group, TyperGroup)
    known = _options(group)
    found: TyperGroup | TyperCommand = group
    while words and isinstance(found, TyperGroup):
        if words[0].startswith("-") or words[0].startswith("<"):
            break
        verb = words.pop(0)
        alternatives = verb.split("|")
        if not all(name in found.commands for name in alternatives):
            return verb
        below = found.commands[alternatives[0]]
        assert isinstance(below, TyperGroup | TyperCommand)
        if below.hidden:
            return f"{verb} (not there yet)"
        found = below
        known |= _options(found)
    for word in words:
        option = word.partition("=")[0]
        if word.startswith("--") and option not in known:
            return option
    takes_none = not any(p.param_type_name == "argument" for p in found.params)
    if isinstance(found, TyperCommand) and takes_none and words and words[0][0] not in "->":
        return words[0]
    return ""


def _options(found: TyperGroup | TyperCommand) -> set[str]:
    return {"--help", "--version"} | {
        name for p in found.params for name in (*p.opts, *p.secondary_opts) if name[:2] == "--"
    }


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
