"""Undo: backups, and the way back to one."""

import typer

PANEL = "Undo"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
