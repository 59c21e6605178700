"""Verbs of the plan that this version does not have: they say so, and what to do instead."""

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import NotSupported

_INSTEAD = {
    "diff": "`faber-db architect FILE --dry-run` shows the SQL that a desired schema needs.",
    "hook": "Call the MCP tools from the workflow: they decide what there is to do.",
}


def register(program: typer.Typer) -> None:
    """Add the verbs, hidden from the help."""
    for name, instead in _INSTEAD.items():
        _add(program, name, instead)


def _add(program: typer.Typer, name: str, instead: str) -> None:
    @verb(program, name=name, hidden=True, takes_anything=True)
    def refuse(call: Call) -> int:
        """Say that it is not there yet."""
        raise NotSupported(f"`faber-db {name}` is not there yet", hint=instead)
