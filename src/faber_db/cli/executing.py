"""The executor of its own: run it, under the account that holds the credentials."""

import os
from pathlib import Path
from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit

PANEL = "Serve"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
    executor = typer.Typer(help="Hold credentials, state and backups under another account.")
    program.add_typer(executor, name="executor", rich_help_panel=PANEL)

    @verb(executor)
    def run(
        call: Call,
        config: Annotated[
            str,
            typer.Option(
                "--config",
                metavar="FILE",
                help="Its configuration; /etc/faber-db/executor.json without.",
                show_default=False,
            ),
        ] = "",
        listen: Annotated[
            list[str] | None,
            typer.Option(
                "--listen",
                metavar="ADDRESS",
                help="unix:PATH or https://HOST:PORT, in the place of those in the file.",
            ),
        ] = None,
    ) -> int:
        """Serve the environments of its configuration to the accounts that it names, until SIGTERM."""
        from faber_db.app import run_executor

        run_executor(
            Path(config) if config else None,
            tuple(listen or ()),
            os.environ,
            lambda address: call.terminal.note(f"listening on {address}"),
        )
        return Exit.DONE
