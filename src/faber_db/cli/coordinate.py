"""What build, evaluate, release and rollback share: arguments, waiting, drawing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer

from faber_db.cli.call import Call, DatabaseOption, environment_names
from faber_db.errors import Cancelled

if TYPE_CHECKING:
    from faber_db.model.answer import Answer, Details
    from faber_db.services.app import App
    from faber_db.services.coordinate import CoordinateDetails, Request
    from faber_db.services.ports import Cancelled as IsCancelled
    from faber_db.services.ports import Progress

    D = TypeVar("D", bound=Details)

    R = TypeVar("R", bound=Request)
    R_contra = TypeVar("R_contra", bound=Request, contravariant=True)

    class Service(Protocol[R_contra]):
        """`run` of one of them."""

        def __call__(
            self,
            request: R_contra,
            app: App,
            *,
            progress: Progress = ...,
            cancelled: IsCancelled = ...,
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
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Plan only: show what would run; nothing does.")
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Watch a job to its end; without, for 25 s.")
]


def followed(
    call: Call, answer: "Answer[D]", again: "Callable[[], Answer[D]]", *, wait: bool
) -> "Answer[D]":
    """The answer once its job is over; the same one where there is none, or nobody waits.

    Args:
        call: whose.
        answer: to the first call.
        again: the same call with its plan, which attaches to the job.
        wait: false gives the first answer.

    Raises:
        Cancelled: Ctrl-C; the job goes on.
    """
    try:
        while wait and answer.details.state.value == "running":
            answer = again()
    except KeyboardInterrupt as pressed:
        job_id = getattr(answer.details, "job_id", "")
        raise Cancelled(
            f"no longer watching; {job_id} goes on",
            hint=f"`faber-db job cancel {job_id}` stops it.",
        ) from pressed
    finally:
        call.terminal.clear_progress()
    return answer


@dataclass(frozen=True)
class Asked:
    """The options of every verb that plans a change, and carries it out."""

    work_id: WorkOption = ""
    plan: PlanOption = ""
    dry_run: DryRunOption = False
    database: DatabaseOption = ""

    def request(self, call: Call, model: "type[R]", environment: str, **more: object) -> "R":
        """The service's request; `more` is what its verb has beside."""
        return model.model_validate(
            {
                "environment": environment,
                "work_id": self.work_id,
                "dry_run": self.dry_run,
                "plan_id": self.plan,
                "database": self.database,
                "requester": call.requester,
                **more,
            }
        )


def coordinate(
    call: Call, run: "Service[R]", request: "R", *, wait: bool, did: str = "applied"
) -> int:
    """Call the service, watch its job, draw the outcome.

    Ctrl-C cancels the work while the call carries it. Once a job has it, Ctrl-C only stops
    watching; the job goes on until it is cancelled by its id.
    """
    from faber_db.cli.render.coordinate import outcome

    with call.cancellable() as cancelled:
        app = call.app if wait else replace(call.app, waits=False)
        answer = run(request, app, progress=call.terminal.progress, cancelled=cancelled)
    attached = request.model_copy(update={"plan_id": answer.details.plan_id})
    answer = followed(
        call,
        answer,
        lambda: run(attached, call.app, progress=call.terminal.progress),
        wait=wait,
    )
    waits = answer.details.state.value == "approval_required"
    return call.show(answer, outcome(call.app.now(), did), drawn=waits)
