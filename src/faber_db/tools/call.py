"""One call of a tool: its services run in a worker thread, with progress and cancellation."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio import from_thread, to_thread
from anyio.lowlevel import checkpoint_if_cancelled
from mcp.server.mcpserver import Context

from faber_db.errors import Cancelled
from faber_db.model.answer import Answer, Details
from faber_db.services.account import account
from faber_db.tools.project import OpenProject

if TYPE_CHECKING:  # loaded by the first call, not at the start
    from faber_db.model.plan import Requester
    from faber_db.services.app import App

Caller = Context[OpenProject, Any]
D = TypeVar("D", bound=Details)


@dataclass(frozen=True)
class Call:
    """What a service is given beside its request."""

    app: "App"
    requester: "Requester"
    progress: Callable[[str], None]
    cancelled: Callable[[], bool]


async def in_thread(ctx: Caller, work: Callable[[Call], Answer[D]]) -> Answer[D]:
    """Run `work` in a worker thread.

    A cancelled call sets the flag that `work` asks for and then waits until it has cleaned up; no
    statement is left running behind the client's back.

    Raises:
        FaberDbError: what `work` raised.
    """
    stop = threading.Event()
    project = ctx.request_context.lifespan_context
    sender, receiver = anyio.create_memory_object_stream[str](16)

    def progress(words: str) -> None:
        from_thread.run_sync(partial(_offer, sender, words))

    def run() -> Answer[D]:
        if stop.is_set():
            raise Cancelled("the call was cancelled before it began")
        return work(Call(project.app(), requester_of(ctx), progress, stop.is_set))

    outcome: list[Answer[D] | Exception] = []
    async with anyio.create_task_group() as group:
        group.start_soon(_set_when_cancelled, stop)
        group.start_soon(_report, ctx, receiver)
        try:
            outcome.append(await to_thread.run_sync(run))  # shielded until the thread is done
        except Exception as error:  # noqa: BLE001 - carried out of the group as it is, not as a group
            outcome.append(error)
        group.cancel_scope.cancel()
    sender.close()
    receiver.close()
    await checkpoint_if_cancelled()  # a cancelled call has no answer
    result = outcome[0]
    if isinstance(result, Exception):
        raise result
    return result


def requester_of(ctx: Caller) -> "Requester":
    """Who asked, as far as a client says it."""
    from faber_db.model.plan import Requester

    parameters = ctx.request_context.session.client_params
    name = parameters.client_info.name if parameters is not None else ""
    printable = "".join(c for c in name[:80] if c.isprintable())  # it is signed, and shown
    return Requester(client=printable or "mcp client", account=account())


async def _set_when_cancelled(stop: threading.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


async def _report(ctx: Caller, receiver: "anyio.abc.ObjectReceiveStream[str]") -> None:
    count = 0
    async for words in receiver:
        count += 1
        await ctx.report_progress(count, message=words)


def _offer(sender: "anyio.abc.ObjectSendStream[str]", words: str) -> None:
    """Pass a word on, or drop it when nobody takes them as fast as they come."""
    try:
        sender.send_nowait(words)  # type: ignore[attr-defined]
    except anyio.WouldBlock:
        return
