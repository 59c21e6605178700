"""Repair: put the ledger right, look at jobs, and stop them."""

from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli.call import Call, EnvironmentArgument, verb
from faber_db.cli.coordinate import Asked, coordinate
from faber_db.errors import Exit

if TYPE_CHECKING:
    from faber_db.services.mark import MarkedAs

PANEL = "Repair"
VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="A migration of the folder, by its version.")
]
JobArgument = Annotated[str, typer.Argument(metavar="ID", help="A job, by id or unique prefix.")]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
    _register_mark(program)
    _register_baseline(program)
    _register_accept_edit(program)
    _register_resume(program)
    job = typer.Typer(help="Look at jobs, and stop them.")
    program.add_typer(job, name="job", rich_help_panel=PANEL)

    @verb(job, name="list")
    def list_jobs(
        call: Call,
        running: Annotated[
            bool, typer.Option("--running", help="Only those that still run.")
        ] = False,
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    ) -> int:
        """List the newest jobs."""
        from faber_db.cli.render import jobs as render
        from faber_db.services import jobs

        answer = jobs.list_jobs(jobs.ListRequest(running=running, limit=limit), call.app)
        return call.show(answer, render.listing(call.app.now()))

    @verb(job)
    def show(call: Call, job_id: JobArgument) -> int:
        """Show one job: how far it is, or how it ended."""
        from faber_db.cli.render import jobs as render
        from faber_db.services import jobs

        return call.show(jobs.show(job_id, call.app), render.one(call.app.now()))

    @verb(job)
    def cancel(call: Call, job_id: JobArgument) -> int:
        """Ask a job to stop and clean up."""
        from faber_db.cli.render import jobs as render
        from faber_db.services import jobs

        return call.show(jobs.cancel(job_id, call.app), render.one(call.app.now()))

    @verb(job, hidden=True)
    def run(call: Call, job_id: JobArgument) -> int:
        """Carry a job out. A job's own process calls this, nobody else."""
        with call.cancellable() as cancelled:
            job = call.app.executor.run_job(
                job_id, progress=call.terminal.progress, cancelled=cancelled
            )
        return {"done": Exit.DONE, "cancelled": Exit.CANCELLED}.get(job.state.value, Exit.FAILED)


def _register_mark(program: typer.Typer) -> None:
    mark = typer.Typer(help="Record in the ledger what was done without faber-db; nothing runs.")
    program.add_typer(mark, name="mark", rich_help_panel=PANEL)

    @verb(mark)
    def applied(
        call: Call, environment: EnvironmentArgument, version: VersionArgument, asked: Asked
    ) -> int:
        """Record that a migration is applied; signed where the environment is protected."""
        return _mark(call, "applied", environment, version, asked)

    @verb(mark, name="rolled-back")
    def rolled_back(
        call: Call, environment: EnvironmentArgument, version: VersionArgument, asked: Asked
    ) -> int:
        """Take a migration off the ledger; signed where the environment is protected."""
        return _mark(call, "rolled_back", environment, version, asked)


def _register_baseline(program: typer.Typer) -> None:
    @verb(program, panel=PANEL)
    def baseline(
        call: Call,
        environment: EnvironmentArgument,
        asked: Asked,
        up_to: Annotated[
            str,
            typer.Option(
                "--up-to", metavar="VERSION", help="The last one it has; else the newest."
            ),
        ] = "",
        accept_differences: Annotated[
            bool,
            typer.Option(
                "--accept-differences", help="Although its schema is not what they yield."
            ),
        ] = False,
    ) -> int:
        """Adopt a database that is there: mark its migrations applied, if they yield its schema."""
        from faber_db.services import baseline as service

        request = asked.request(
            call,
            service.BaselineRequest,
            environment,
            up_to=up_to,
            accept_differences=accept_differences,
        )
        return coordinate(call, service.run, request, wait=True, did="adopted")


def _register_accept_edit(program: typer.Typer) -> None:
    @verb(program, name="accept-edit", panel=PANEL)
    def accept_edit(
        call: Call, environment: EnvironmentArgument, version: VersionArgument, asked: Asked
    ) -> int:
        """Record that an applied migration was edited, after showing what differs; nothing runs."""
        from faber_db.services import accept_edit as service

        request = asked.request(call, service.AcceptEditRequest, environment, version=version)
        return coordinate(call, service.run, request, wait=True, did="accepted")


def _register_resume(program: typer.Typer) -> None:
    @verb(program, panel=PANEL)
    def resume(
        call: Call,
        environment: EnvironmentArgument,
        asked: Asked,
        version: Annotated[
            str, typer.Argument(metavar="VERSION", help="Where several did not end.")
        ] = "",
    ) -> int:
        """Go on with a migration that failed or is half applied, past what is proved to be there."""
        from faber_db.services import resume as service

        request = asked.request(call, service.ResumeRequest, environment, version=version)
        return coordinate(call, service.run, request, wait=True)


def _mark(call: Call, marked_as: "MarkedAs", environment: str, version: str, asked: Asked) -> int:
    from faber_db.services import mark as service

    request = asked.request(
        call, service.MarkRequest, environment, version=version, marked_as=marked_as
    )
    return coordinate(call, service.run, request, wait=True, did="marked")
