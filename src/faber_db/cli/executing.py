"""The executor of its own: run it, under the account that holds the credentials."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Cancelled, Exit

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

    @verb(executor)
    def install(
        call: Call,
        client: Annotated[
            str,
            typer.Option("--client", metavar="ACCOUNT", help="Who may ask: the agent's account."),
        ],
        account: Annotated[
            str, typer.Option("--account", metavar="NAME", help="Made where it is not there.")
        ] = "faber-exec",
        environment: Annotated[
            str, typer.Option("--environment", metavar="ENVIRONMENT", help="Which it holds.")
        ] = "production",
        engine: Annotated[str, typer.Option("--engine", help="Its product.")] = "postgresql",
        handler: Annotated[str, typer.Option("--handler", help="Its migration format.")] = "sql",
        only_print: Annotated[
            bool, typer.Option("--print", help="Say what would be done, and how to undo it.")
        ] = False,
    ) -> int:
        """Set an executor up under an account of its own, as root. Says first what it does."""
        from faber_db.cli.render import installing as render
        from faber_db.services import install_executor as service

        request = service.request_of(
            account=account,
            client=client,
            environment=environment,
            engine=engine,
            handler=handler,
            program=str(Path(sys.executable).with_name("faber-db")),
        )
        planned = service.plan(request)
        if only_print:
            return call.show(planned, render.planned)
        from faber_db.cli.controlling_terminal import ControllingTerminal

        with ControllingTerminal() as terminal:
            page = call.page()
            render.planned(planned, page)
            terminal.say(page.render())
            if terminal.ask("Type yes to do this: ").strip() != "yes":
                raise Cancelled("nothing was done")
        return call.show(service.carry_out(planned.details), render.done)
