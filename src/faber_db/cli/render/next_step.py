"""The next step of an answer as a command that a person can type."""

import shlex
from typing import Any

from faber_db.cli.render.page import Page
from faber_db.model.answer import NextPerson, NextTool

_VERBS = {
    "detect-database-needs": "detect",
    "describe-schema": "schema",
    "coordinate-architect": "architect",
    "coordinate-build": "build",
    "coordinate-evaluate": "evaluate",
    "coordinate-release": "release",
    "analyze-migration": "analyze",
    "health-check": "health",
    "status": "status",
    "create-backup": "backup create",
    "list-backups": "backup list",
    "restore-backup": "restore",
}
_OPTIONS = {"plan_id": "--plan", "work_id": "--work-id", "database": "--database", "name": "--name"}


def add_next(page: Page, step: NextTool | NextPerson | None) -> None:
    """Add the next step as its own paragraph, if there is one to type."""
    match step:
        case NextPerson(person=command):
            page.next_step(command)
        case NextTool():
            page.next_step(command_of(step))
        case None:
            pass


def command_of(step: NextTool) -> str:
    """The command line that does what a tool call would do."""
    arguments = dict(step.arguments)
    if step.tool == "status" and str(arguments.get("id", "")).startswith("job_"):
        return f"faber-db job show {arguments['id']}"
    if step.tool == "analyze-migration" and arguments.get("environment"):
        return f"faber-db analyze --environment {_word(arguments, 'environment')}"
    words = ["faber-db", *_VERBS.get(step.tool, step.tool).split()]
    words += [_word(arguments, key) for key in ("environment", "spec_file", "backup_id")]
    for key, option in _OPTIONS.items():
        if arguments.get(key):
            words += [option, shlex.quote(str(arguments[key]))]
    return " ".join(word for word in words if word)


def _word(arguments: dict[str, Any], key: str) -> str:
    value = arguments.get(key)
    return shlex.quote(str(value)) if value else ""
