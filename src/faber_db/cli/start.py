"""Start: set a project up, and see that everything works."""

import os
from pathlib import Path
from typing import Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, verb
from faber_db.cli.coordinate import DryRunOption, PlanOption, followed
from faber_db.errors import InputError

PANEL = "Start"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def init(
        call: Call,
        handler: Annotated[
            str,
            typer.Option("--handler", help="Migration format of an empty project: sql, prisma."),
        ] = "",
        engine: Annotated[
            str,
            typer.Option(
                "--engine", help="Where it cannot be detected: sqlite, postgresql, mysql."
            ),
        ] = "",
        migrations: Annotated[
            str, typer.Option("--migrations", metavar="FOLDER", help="One of several folders.")
        ] = "",
        url: Annotated[
            str, typer.Option("--url", help="Where dev is: env:NAME, file:PATH, a SQLite path.")
        ] = "",
        force: Annotated[
            bool, typer.Option("--force", help="Write over a file that is there.")
        ] = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only show what would be written.")
        ] = False,
        client: Annotated[
            str,
            typer.Option(
                "--client",
                help="Also settings of that coding assistant (claude): the server, and rules that"
                " ask before a database is emptied. A speed bump, not a wall.",
            ),
        ] = "",
    ) -> int:
        """Write the configuration of this project, from what is found here."""
        from faber_db.app import initialise
        from faber_db.cli.render.configuration import initialised
        from faber_db.services.init import CLIENTS, Request

        if client not in CLIENTS:
            raise InputError(f"there are no rules for {client!r}", hint="Give `--client claude`.")
        request = Request(
            handler=handler,
            engine=engine,
            migrations=migrations,
            url=url,
            force=force,
            dry_run=dry_run,
            client=client,
        )
        root = (call.project or Path.cwd()).resolve()
        return call.show(initialise(request, root, os.environ), initialised)

    @verb(program, panel=PANEL)
    def db_create(
        call: Call,
        environment: EnvironmentArgument,
        roles: Annotated[
            str,
            typer.Option(
                "--roles",
                metavar="FOLDER",
                help="Make a role that migrates and one that reads; their URLs go into files there."
                " Of a protected one: `executor`, which keeps them.",
            ),
        ] = "",
        yes: Annotated[
            bool, typer.Option("--yes", help="Run the statements; without, they are only shown.")
        ] = False,
        plan: PlanOption = "",
        dry_run: DryRunOption = False,
        database: DatabaseOption = "",
    ) -> int:
        """Make the empty database of an environment, and two roles for it; signed where protected."""
        from faber_db.cli.render.configuration import made
        from faber_db.services import db_create as service

        place = call.app.database(database).environment(environment)
        if place.protected or place.away is not None:
            return _ask(call, place.name, roles, plan, dry_run, database)
        if plan:
            raise InputError(f"{place.name} is not protected: its database needs no plan")
        request = service.Request(
            environment=environment, database=database, roles=roles, yes=yes and not dry_run
        )
        return call.show(service.run(request, call.app), made)

    @verb(program, panel=PANEL)
    def doctor(
        call: Call,
        footprint: Annotated[
            bool, typer.Option("--footprint", help="List every file and database object of ours.")
        ] = False,
    ) -> int:
        """Check configuration, connections, tools and how far the protection reaches."""
        from faber_db.cli.machine import machine
        from faber_db.cli.render.doctor import draw
        from faber_db.services import doctor as service

        request = service.Request(footprint=footprint)
        return call.show(service.run(request, lambda: call.app, machine()), draw, drawn=True)


def _ask(call: Call, environment: str, roles: str, plan: str, dry_run: bool, database: str) -> int:
    """By a plan that a person signs; the executor names the place of what is secret itself."""
    from faber_db.cli.render.configuration import made
    from faber_db.services import db_create as service

    if roles not in ("", service.EXECUTORS_FOLDER):
        raise InputError(
            f"{environment} is protected: its executor keeps the URLs of the roles, in no folder"
            " that is named here",
            hint=f"Give `--roles {service.EXECUTORS_FOLDER}`.",
        )
    request = service.AskRequest(
        environment=environment,
        roles=bool(roles),
        dry_run=dry_run,
        plan_id=plan,
        database=database,
        requester=call.requester,
    )
    progress = call.terminal.progress
    with call.cancellable() as cancelled:
        answer = service.ask(request, call.app, progress=progress, cancelled=cancelled)
    again = request.model_copy(update={"plan_id": answer.details.plan_id})
    answer = followed(
        call, answer, lambda: service.ask(again, call.app, progress=progress), wait=True
    )
    return call.show(answer, made)
