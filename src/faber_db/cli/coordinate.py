"""What build, evaluate and release share on the command line: arguments, waiting, drawing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from faber_db.cli.call import Call, environment_names
from faber_db.errors import Exit

if TYPE_CHECKING:
    from faber_db.model.answer import Answer
    from faber_db.services.app import App
    from faber_db.services.coordinate import CoordinateDetails, Request
    from faber_db.services.ports import Cancelled, Progress

    class Service(Protocol):
        """`run` of one of the three."""

        def __call__(
            self,
            request: Request,
            app: App,
            *,
            progress: Progress = ...,
            cancelled: Cancelled = ...,
        ) -> Answer[CoordinateDetails]: ...


OptionalEnvironment = Annotated[
    str,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="Instead of the one of this phase.",
        autocompletion=environment_names,
    ),
]
WorkOption = Annotated[
    str, typer.Option("--work-id", metavar="ID", help="The work item that this is for.")
]
PlanOption = Annotated[
    str, typer.Option("--plan", metavar="ID", help="Carry out exactly this plan, or nothing.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Plan only; nothing runs.")]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Watch a job to its end; without, for 25 s.")
]


@dataclass(frozen=True, slots=True)
class Coordinated:
    """The arguments of one of the three."""

    environment: str
    work_id: str
    plan: str
    dry_run: bool
    wait: bool
    database: str


def coordinate(call: Call, run: "Service", arguments: Coordinated) -> int:
    """Call the service, watch its job, draw the outcome.

    Ctrl-C cancels the work while the call carries it. Once a job has it, Ctrl-C only stops
    watching; the job goes on until it is cancelled by its id.
    """
    from faber_db.cli.render.coordinate import outcome
    from faber_db.model.answer import State
    from faber_db.services.coordinate import Request

    request = Request(
        environment=arguments.environment,
        work_id=arguments.work_id,
        dry_run=arguments.dry_run,
        plan_id=arguments.plan,
        database=arguments.database,
        requester=call.requester,
    )
    with call.cancellable() as cancelled:
        answer = run(request, call.app, progress=call.terminal.progress, cancelled=cancelled)
    try:
        while arguments.wait and answer.details.state is State.RUNNING:
            request = request.model_copy(update={"plan_id": answer.details.plan_id})
            answer = run(request, call.app, progress=call.terminal.progress)
    except KeyboardInterrupt:
        job_id = answer.details.job_id
        call.terminal.note(f"{job_id} goes on. Stop it with `faber-db job cancel {job_id}`.")
        return Exit.CANCELLED
    waits = answer.details.state is State.APPROVAL_REQUIRED
    return call.show(answer, outcome(call.app.now()), drawn=waits)
