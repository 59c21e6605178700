"""Repair: look at jobs, and stop them."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit

PANEL = "Repair"
JobArgument = Annotated[str, typer.Argument(metavar="ID", help="A job, by id or unique prefix.")]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
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
