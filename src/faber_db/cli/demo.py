"""`faber-db demo`: a work item becomes a released change, before your eyes."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit, InputError

PANEL = "Start"
Product = Literal["sqlite", "postgresql"]


def register(program: typer.Typer) -> None:
    """Add the verb."""

    @verb(program, panel=PANEL)
    def demo(
        call: Call,
        db: Annotated[
            Product, typer.Option("--db", help="SQLite files, or a private PostgreSQL server.")
        ] = "sqlite",
        folder: Annotated[
            str, typer.Option("--folder", help="A new folder for it, instead of a temporary one.")
        ] = "",
    ) -> int:
        """Carry a small shop through all five phases, with a real backup and signature."""
        from faber_db.demo.shop import opened
        from faber_db.demo.story import Story

        with opened(_new_folder(folder), db) as shop:
            Story(shop, _tell).run()
        return Exit.DONE


def _new_folder(named: str) -> Path:
    if not named:
        return Path(tempfile.mkdtemp(prefix="faber-db-demo-"))
    folder = Path(named).resolve()
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{named!r} is not empty", hint="Name a folder that does not exist yet.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
