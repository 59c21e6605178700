"""The program as a whole: every verb of the plan is there once, in its panel, and has help."""

from collections import Counter
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from faber_db.cli.program import PANELS, program
from faber_db.cli.render.next_step import _VERBS, command_of
from faber_db.model.answer import NextTool
from tests.cli.conftest import Run

PLANNED = {
    "Start": "init doctor demo db-create",
    "Change": "detect architect generate build evaluate release",
    "Look": "status analyze explain drift health schema",
    "Decide": "approve reject approvers protect policy plan",
    "Undo": "backup restore rollback",
    "Repair": "job mark baseline accept-edit resume",
    "Serve": "serve executor",
    "More": "audit config",
}
NOT_YET = ["diff", "hook"]


def _group() -> TyperGroup:
    group = typer.main.get_command(program())
    assert isinstance(group, TyperGroup)
    return group


def _verbs(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _verbs(command, f"{before}{name} ")
        elif isinstance(command, TyperCommand):
            yield f"{before}{name}", command


def test_every_verb_stands_in_its_panel() -> None:
    shown: dict[str, set[str]] = {panel: set() for panel in PANELS}
    for name, command in _group().commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        if not command.hidden:
            shown[str(command.rich_help_panel)].add(name)
    assert shown == {panel: set(verbs.split()) for panel, verbs in PLANNED.items()}


def test_no_verb_is_declared_twice() -> None:
    made = program()
    names = [str(command.name) for command in made.registered_commands]
    names += [str(group.name) for group in made.registered_groups]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_verb_has_help_and_json() -> None:
    for name, command in _verbs(_group()):
        assert (command.help or "").endswith("."), name
        options = {option for parameter in command.params for option in parameter.opts}
        assert options >= {"--json", "--color", "--project"}, name
        undescribed = [p.name for p in command.params if not getattr(p, "help", "")]
        assert undescribed == [], name


@pytest.mark.parametrize("name", NOT_YET)
def test_what_is_not_there_says_so(faber_db: Run, name: str) -> None:
    ended = faber_db(name, "production", "--whatever", "--it", "takes")
    assert ended.code == 2
    assert ended.err.startswith(f"[not-supported] `faber-db {name}` is not there yet. Hint: ")


@pytest.mark.parametrize("tool", _VERBS)
def test_every_tool_has_its_verb(tool: str) -> None:
    words = command_of(NextTool(tool=tool)).split()[1:]
    assert " ".join(words) in dict(_verbs(_group()))
