"""An executor of another account or host, as the services see it: the port over the protocol."""

import http.client
import json
import math
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from faber_db import __version__
from faber_db.config.address import Address
from faber_db.errors import (
    ApprovalStale,
    ExecutorGarbled,
    ExecutorTimeout,
    ExecutorUnavailable,
    Exit,
    InternalError,
    PolicyRefused,
)
from faber_db.errors import Cancelled as CancelledError
from faber_db.executor import checking
from faber_db.executor import requests as asked
from faber_db.executor.protocol import (
    BEAT_SECONDS,
    MAX_LINE,
    PROTOCOL,
    PROTOCOL_HEADER,
    VERSION_HEADER,
    Line,
    SentHistory,
    error_of,
    read_line,
    require_near,
    require_small,
)
from faber_db.executor.transport import Connect
from faber_db.model.answer import Answer, Details
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.job import Job
from faber_db.model.plan import StoredPlan
from faber_db.model.target import Marker
from faber_db.services.jobs import OfJob
from faber_db.services.ports import (
    Cancelled,
    Handler,
    History,
    PolicyState,
    Progress,
    Proposal,
    PublicKey,
    Rendering,
    never,
    silent,
)

_SILENCE = 3 * BEAT_SECONDS  # without a sign of life
_POLL = 0.1
_WATCH = 25

T = TypeVar("T")
D = TypeVar("D", bound=Details)


class RemoteExecutor:
    """`services.ports.Away`: every call is a request to the executor; nothing is kept but what was shown.

    Args:
        address: where it is.
        connect: opens a connection to it.
        headers: what this client shows it.
        handler: reads a migration format, by its name.
    """

    def __init__(
        self,
        address: Address,
        connect: Connect,
        headers: Callable[[], dict[str, str]],
        handler: Callable[[str], Handler],
    ) -> None:
        self._address = address
        self._connect = connect
        self._headers = headers
        self._handler = handler
        self._shown: dict[str, StoredPlan] = {}  # what a person saw here, by id

    @property
    def address(self) -> str:
        return self._address.text

    # --- services ------------------------------------------------------------------------------

    def ask(
        self,
        operation: str,
        request: BaseModel,
        details: type[D],
        *,
        history: History | None = None,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> Answer[D]:
        line = self._ask(operation, request, history, progress, cancelled)
        try:  # a newer executor may say more than this version knows
            answer = Answer[details].model_validate(line.answer, extra="ignore")  # type: ignore[valid-type]
            return answer.model_copy(update={"exit_code": Exit(line.exit_code)})
        except (ValidationError, ValueError) as error:
            raise _garbled(self.address) from error

    def hello(self) -> asked.HelloDetails:
        """Who answers there, and as whom it knows this side."""
        return self._get("hello", asked.HelloRequest(), asked.HelloDetails)

    def find(self, handle: str) -> str:
        return self._get("find", asked.FindRequest(handle=handle[:80]), str)

    def plan(self, plan_id: str) -> StoredPlan:
        return self._get("plan", asked.OfPlan(plan_id=plan_id), StoredPlan)

    # --- the port ------------------------------------------------------------------------------

    def propose(self, proposal: Proposal) -> StoredPlan:
        request = asked.ProposeRequest(
            kind=proposal.kind,
            database=proposal.database,
            environment=proposal.environment,
            client=proposal.requester.client[:80],
            work_id=proposal.work_id,
            arguments=dict(proposal.arguments),
        )
        history = History(proposal.handler, proposal.files) if proposal.handler else None
        return self._get("propose", request, StoredPlan, history)

    def show(self, plan_id: str) -> Rendering:
        request = asked.OfPlan(plan_id=plan_id)
        shown = self._get("show", request, Rendering)
        plan = shown.stored.plan
        files = self._get("files", asked.OfPlan(plan_id=plan.id), SentHistory).as_files()
        checking.require_shown(shown, files, self._handler(plan.handler))
        self._shown[plan.id] = shown.stored
        return shown

    def payload(self, plan_id: str, *, approver: str, key_id: str) -> ApprovalPayload:
        if plan_id not in self._shown:
            raise ApprovalStale(
                f"{plan_id} was not shown here, so it is not signed here",
                hint=f"`faber-db approve {plan_id}` shows it first.",
            )
        request = asked.PayloadRequest(plan_id=plan_id, approver=approver, key_id=key_id)
        payload = self._get("payload", request, ApprovalPayload)
        shown = self._shown[plan_id].plan
        checking.require_payload(payload, shown, approver=approver, key_id=key_id)
        return payload

    def sign(self, approval: Approval) -> StoredPlan:
        return self._get("sign", asked.SignRequest(approval=approval.text().decode()), StoredPlan)

    def reject(self, plan_id: str, *, reason: str, by: str = "") -> StoredPlan:
        request = asked.RejectRequest(plan_id=plan_id, reason=reason[:2_000])
        return self._get("reject", request, StoredPlan)

    def start(
        self, plan_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        request = asked.OfPlan(plan_id=plan_id)
        return self._get("start", request, Job, progress=progress, cancelled=cancelled)

    def start_backup(self, *, database: str, environment: str, label: str) -> Job:
        raise InternalError("a backup elsewhere is asked for as a whole")

    def start_recording(self, *, database: str, twice: Sequence[str], back: Sequence[str]) -> Job:
        raise InternalError("programs are recorded in the project's own account")

    def run_job(
        self, job_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        raise InternalError("a job runs where its executor is")

    def protect(self, *, database: str, environment: str, key: PublicKey) -> Marker:
        raise PolicyRefused(
            f"{environment} is protected on the executor's own account",
            hint=f"There: `faber-db protect {environment} --key FILE` with its configuration.",
        )

    def policy(self, *, database: str, environment: str) -> PolicyState:
        request = asked.PolicyRequest(database=database, environment=environment)
        return self._get("policy", request, PolicyState)

    def watch(
        self,
        job_id: str,
        *,
        seconds: float,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> Job:
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, min(until - time.monotonic(), _WATCH))
            request = asked.WatchRequest(job_id=job_id, seconds=math.ceil(left))
            job = self._get("watch", request, Job, progress=progress, cancelled=cancelled)
            if job.state.over or time.monotonic() >= until or cancelled():
                return job

    def cancel(self, job_id: str) -> Job:
        return self._get("cancel", OfJob(job_id=job_id), Job)

    # --- one request ---------------------------------------------------------------------------

    def _get(
        self,
        operation: str,
        request: BaseModel,
        kind: type[T],
        history: History | None = None,
        *,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> T:
        line = self._ask(operation, request, history, progress, cancelled)
        try:
            return TypeAdapter(kind).validate_json(json.dumps(line.answer), strict=True)
        except (ValidationError, ValueError) as error:
            raise _garbled(self.address) from error

    def _ask(
        self,
        operation: str,
        request: BaseModel,
        history: History | None,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Line:
        body = self._body(request, history)
        connection = self._connect()
        try:
            return self._talk(connection, operation, body, progress, cancelled)
        except (OSError, http.client.HTTPException) as error:
            raise ExecutorUnavailable(
                f"the executor at {self.address} ended the connection",
                hint="`faber-db status` tells what became of it, once the executor is there again.",
            ) from error
        finally:
            connection.close()

    def _body(self, request: BaseModel, history: History | None) -> bytes:
        sent = SentHistory.of(history).model_dump(mode="json") if history else None
        ask = {"request": request.model_dump(mode="json"), "history": sent}
        body = json.dumps(ask, ensure_ascii=False, separators=(",", ":")).encode()
        require_small(body)
        return body

    def _talk(
        self,
        connection: http.client.HTTPConnection,
        operation: str,
        body: bytes,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Line:
        assert connection.sock is not None  # noqa: S101 it was connected
        connection.sock.settimeout(_SILENCE)
        with closing(_Lines(connection, operation, body, self._headers())) as lines:
            for data in lines.read(self.address, cancelled):
                line = read_line(data)
                if line.error is not None:
                    raise error_of(line.error)
                if line.answer is not None:
                    return line
                if line.progress:
                    progress(line.progress)
        raise ExecutorUnavailable(
            f"the executor at {self.address} ended before it had answered",
            hint="`faber-db status` tells what became of it, once the executor is there again.",
        )


class _Lines:
    """The lines of one answer, read by a thread of its own, so that the caller can turn away."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        operation: str,
        body: bytes,
        headers: dict[str, str],
    ) -> None:
        self._connection = connection
        self._sock = connection.sock
        self._lines: queue.Queue[bytes | BaseException | None] = queue.Queue()
        arguments = (operation, body, headers)
        self._reader = threading.Thread(target=self._read, args=arguments, daemon=True)
        self._reader.start()

    def read(self, address: str, cancelled: Cancelled) -> Iterator[bytes]:
        """Each line; ends with the answer's end.

        Raises:
            CancelledError: the caller turned away; the executor sees that.
            ExecutorTimeout: there was no sign of life.
            OSError, http.client.HTTPException: the connection ended.
        """
        while True:
            try:
                item = self._lines.get(timeout=_POLL)
            except queue.Empty:
                if cancelled():
                    raise CancelledError(
                        "cancelled; the executor stops what it had not handed to a job",
                        hint="`faber-db status` tells what became of it.",
                    ) from None
                continue
            if item is None:
                return
            if isinstance(item, TimeoutError):
                raise ExecutorTimeout(
                    f"the executor at {address} gives no sign of life",
                    hint="`faber-db status` tells what became of it, once it answers again.",
                )
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """Turn away: the executor sees it, and the reading thread ends."""
        if self._sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        self._reader.join(_SILENCE)

    def _read(self, operation: str, body: bytes, headers: dict[str, str]) -> None:
        try:
            own = {"Content-Type": "application/json", PROTOCOL_HEADER: PROTOCOL}
            own |= {VERSION_HEADER: __version__, **headers}
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered already
                self._connection.request("POST", f"/v1/{operation}", body, own)
            with closing(self._connection.getresponse()) as answer:
                self._pass_on(answer)
            self._lines.put(None)
        except BaseException as error:  # noqa: BLE001 handed to the thread that asked
            self._lines.put(error)

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        protocol = answer.headers.get(PROTOCOL_HEADER)
        if protocol is None:
            raise ExecutorGarbled("what answers there is no executor")
        require_near(protocol, answer.headers.get(VERSION_HEADER, ""), "the executor")
        while data := answer.readline(MAX_LINE + 1):
            if len(data) > MAX_LINE:
                raise ExecutorGarbled("a line of the executor's answer has no end")
            self._lines.put(data)


def _garbled(address: str) -> ExecutorGarbled:
    return ExecutorGarbled(
        f"the executor at {address} answered something else than was asked for",
        hint="Install the same version of faber-db on both sides.",
    )
