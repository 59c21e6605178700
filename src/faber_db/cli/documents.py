"""The reference pages that are made from the code: `python -m faber_db.cli.documents` writes them.

With `--check` nothing is written; the exit code is 1 when a page is not current.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from faber_db.cli.configuration_page import configuration
from faber_db.cli.health_page import health
from faber_db.cli.program import program
from faber_db.cli.rules_page import rules
from faber_db.errors import Exit, FaberDbError, all_errors

_MADE = "<!-- Made from the code by `make docs`; do not edit. -->"
_EVERY_VERB = "Every verb"
_ROOT = Path(__file__).parents[3]  # of the checkout


def pages() -> dict[str, str]:
    """Every generated page, by file name below `docs/`."""
    return {
        "troubleshooting.md": troubleshooting(),
        "cli.md": command_line(),
        "configuration.md": configuration(_MADE),
        "health.md": health(_MADE),
        "rules.md": rules(_MADE, _ROOT / "tests" / "rules" / "examples"),
    }


def troubleshooting() -> str:
    """An entry for every error code, from the docstring of its class."""
    lines = [
        "# Troubleshooting",
        "",
        _MADE,
        "",
        "An error reads `[code] message. Hint: next step.` and goes to standard error; with `--json`",
        "it stands in `errors` on standard output. `faber-db explain CODE` shows these entries too.",
        "",
        "## Exit codes",
        "",
        "| Code | Means |",
        "|---|---|",
        *(f"| {code.value} | {code.meaning} |" for code in Exit),
    ]
    family = ""
    for error in all_errors():
        if (mine := _family(error)) != family:
            family = mine
            lines += ["", f"## {family}"]
        lines += ["", f"### `{error.code}`", "", *_paragraphs(error), "", _exits(error)]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """Every verb with its arguments and options, in the panels of the help."""
    group = typer.main.get_command(program())
    assert isinstance(group, TyperGroup)  # noqa: S101 - the program is one
    lines = ["# Command line", "", _MADE, "", *_preface(group)]
    for panel, verbs in _panels(group).items():
        lines += ["", f"## {panel}"]
        for words, command in verbs.items():
            lines += ["", *_verb(words, command)]
    return "\n".join(lines) + "\n"


def _preface(group: TyperGroup) -> Iterator[str]:
    yield "`faber-db` alone prints where this project stands and the one next command."
    yield ""
    yield "These options stand before or after every verb:"
    yield ""
    yield "| Option | |"
    yield "|---|---|"
    for option in group.params:
        if isinstance(option, TyperOption) and option.rich_help_panel == _EVERY_VERB:
            yield f"| {_spelling(option)} | {option.help or ''} |"


def _panels(group: TyperGroup) -> Mapping[str, dict[str, TyperCommand]]:
    panels: dict[str, dict[str, TyperCommand]] = {}
    for name in group.list_commands(typer.Context(group)):
        command = group.commands[name]
        if isinstance(command, TyperGroup):
            panel = panels.setdefault(str(command.rich_help_panel), {})
            for below, verb in command.commands.items():
                if isinstance(verb, TyperCommand) and not verb.hidden:
                    panel[f"{name} {below}"] = verb
        elif isinstance(command, TyperCommand) and not command.hidden:
            panels.setdefault(str(command.rich_help_panel), {})[name] = command
    return panels


def _verb(words: str, command: TyperCommand) -> Iterator[str]:
    arguments = [p for p in command.params if isinstance(p, TyperArgument)]
    options = [
        p
        for p in command.params
        if isinstance(p, TyperOption) and not p.hidden and p.rich_help_panel != _EVERY_VERB
    ]
    usage = " ".join(["faber-db", words, *(_usage(a) for a in arguments)])
    yield f"### `{usage}`"
    yield ""
    yield " ".join((command.help or "").split("\n\n")[0].split())
    if arguments or options:
        yield ""
        yield "| | |"
        yield "|---|---|"
    for argument in arguments:
        yield f"| `{_name(argument)}` | {argument.help or ''} |"
    for option in options:
        yield f"| {_spelling(option)} | {option.help or ''} |"


def _usage(argument: TyperArgument) -> str:
    name = _name(argument) + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _name(argument: TyperArgument) -> str:
    return str(argument.metavar or argument.name or "").upper()


def _spelling(option: TyperOption) -> str:
    words = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    return words if option.is_flag else f"{words} `{option.metavar or (option.name or '').upper()}`"


def _family(error: type[FaberDbError]) -> str:
    if error.code in ("not-supported", "internal-error"):
        return error.code
    return f"{error.code.split('-')[0]}-*"


def _paragraphs(error: type[FaberDbError]) -> list[str]:
    return [" ".join(p.split()) for p in (error.__doc__ or "").strip().split("\n\n")]


def _exits(error: type[FaberDbError]) -> str:
    return f"Exit code {error.exit_code.value}: {error.exit_code.meaning}."


def main(arguments: list[str], folder: Path) -> int:
    """Write the pages, or with `--check` name those that are not current."""
    stale = [
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        if "--check" not in arguments:
            (folder / name).write_text(pages()[name], encoding="utf-8")
        sys.stdout.write(f"{name}\n")
    return Exit.USAGE if stale and "--check" in arguments else Exit.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _ROOT / "docs"))
