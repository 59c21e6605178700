"""The executor's side of the protocol: who asks, may they, what for; then a service of its own.

`application` is an ASGI application; `listening` puts it on sockets. The order of the checks is that
of what they cost: nothing of a stranger's request is read.
"""

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from faber_db import __version__
from faber_db.config.address import address_of
from faber_db.config.executor import ExecutorSettings
from faber_db.errors import (
    ExecutorRefused,
    ExecutorTimeout,
    ExecutorUnavailable,
    FaberDbError,
    InputError,
    InternalError,
)
from faber_db.executor.operations import OPERATIONS, Asked, Operation, answer_line, require_place
from faber_db.executor.peers import Client, Peer, client_of
from faber_db.executor.protocol import (
    BEAT_SECONDS,
    PROTOCOL,
    PROTOCOL_HEADER,
    SOCKET_HOST,
    VERSION_HEADER,
    Ask,
    line_of_error,
    read_ask,
    require_near,
    require_small,
)
from faber_db.executor.view import seen_from
from faber_db.services.app import App
from faber_db.sql.visible import visible

log = logging.getLogger(__name__)

BODY_SECONDS = 60.0
AT_ONCE = 64  # requests of all clients
AT_ONCE_EACH = 32  # of one, so that nobody keeps the others out
_REFUSALS_APART = 60.0  # seconds between two audit entries about the same stranger
_HEADERS = [
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-store"),
    (PROTOCOL_HEADER.encode(), PROTOCOL.encode()),
    (VERSION_HEADER.encode(), __version__.encode()),
]


def application(
    app: App, settings: ExecutorSettings, routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """The ASGI application of an executor.

    Args:
        app: the executor's own project.
        settings: whom it serves, and under which names.
        routes: of the approval page, which checks its callers itself.
    """
    server = _Server(app, settings)
    return Starlette(routes=[Route("/v1/{operation}", server.answer, methods=["POST"]), *routes])


@dataclass
class _Server:
    app: App
    settings: ExecutorSettings
    running: "Counter[str]" = field(default_factory=Counter)
    counting: threading.Lock = field(default_factory=threading.Lock)
    told: dict[str, float] = field(default_factory=dict)  # refusals, and when they were recorded

    async def answer(self, request: Request) -> "Lines":
        """The answer to one request, or the refusal of it; never raises."""
        name = str(request.path_params["operation"])
        try:
            client = self._known(request)
            operation = _operation(name)
            self._require_kind(operation, name, client)
            body = await _body(request)
            ask = await asyncio.to_thread(read_ask, operation.request, body)
        except FaberDbError as error:
            return Lines.refusing(error)
        return Lines(
            lambda progress, cancelled: self._run(operation, ask, client, progress, cancelled)
        )

    # --- before anything is read ---------------------------------------------------------------

    def _known(self, request: Request) -> Client:
        peer = request.state.peer
        assert isinstance(peer, Peer)  # noqa: S101 put there by `listening`
        headers = request.headers
        if "origin" in headers:
            raise ExecutorRefused("a page of a browser may not ask an executor for anything")
        if _host(headers.get("host", "")) not in self._hosts(peer):
            raise ExecutorRefused(
                "this executor is not asked under that name",
                hint="`tls.names` in its configuration lists the names.",
            )
        scheme, _, token = headers.get("authorization", "").partition(" ")
        try:
            client = client_of(
                self.settings.clients, peer, token.strip() if scheme.lower() == "bearer" else ""
            )
        except ExecutorRefused:
            self._record(peer.label, {"peer": peer.label, "uid": peer.uid})
            raise
        require_near(
            headers.get(PROTOCOL_HEADER, ""), headers.get(VERSION_HEADER, ""), "the other side"
        )
        if headers.get("content-type", "") != "application/json":
            raise InputError("a request is application/json")
        return client

    def _hosts(self, peer: Peer) -> set[str]:
        if peer.uid is not None:
            return {SOCKET_HOST}
        names = self.settings.tls.names if self.settings.tls else ()
        return {n.lower() for n in names} or {
            a.host.lower() for a in map(address_of, self.settings.listen) if a.host
        }

    def _require_kind(self, operation: Operation, name: str, client: Client) -> None:
        """A phase is carried out with `run`, and only planned with `propose`."""
        if operation.kind == "propose" and "run" in client.may:
            return
        try:
            client.require(operation.kind)
        except ExecutorRefused:
            about = {"peer": client.name, "operation": name}
            self._record(f"{client.name} {name}", about)
            raise

    def _record(self, key: str, body: Mapping[str, object]) -> None:
        """A refusal into the audit, but not so often that somebody could fill the disk."""
        now = time.monotonic()
        last = self.told.get(key)
        if last is not None and now - last < _REFUSALS_APART:
            return
        if len(self.told) > 1_000:
            self.told.clear()
        self.told[key] = now
        self.app.state.append_audit("executor.refused", body)

    # --- the work ------------------------------------------------------------------------------

    def _run(
        self,
        operation: Operation,
        ask: "Ask[Any]",
        client: Client,
        progress: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        with self._place_for(client):
            view = seen_from(self.app, ask.history if operation.history else None)
            require_place(ask.request, client, view)
            asked = Asked(view, client, progress, cancelled)
            return answer_line(operation, operation.run(ask.request, asked))

    @contextmanager
    def _place_for(self, client: Client) -> Iterator[None]:
        with self.counting:
            if self.running.total() >= AT_ONCE or self.running[client.name] >= AT_ONCE_EACH:
                raise ExecutorUnavailable(
                    "the executor has as many requests as it takes at once", hint="Ask again later."
                )
            self.running[client.name] += 1
        try:
            yield
        finally:
            with self.counting:
                self.running[client.name] -= 1


def _operation(name: str) -> Operation:
    if name not in OPERATIONS:
        raise InputError(
            f"an executor cannot be asked for {visible(name[:40], keep_lines=False)!r}"
        )
    return OPERATIONS[name]


def _host(header: str) -> str:
    """The host of a `Host` header, without its port."""
    host, colon, port = header.rpartition(":")
    return (host if colon and port.isdigit() else header).strip("[]").lower()


async def _body(request: Request) -> bytes:
    """The whole body within its size and time.

    Raises:
        InputTooLarge, ExecutorTimeout.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                require_small(body)
    except TimeoutError as error:
        raise ExecutorTimeout("the request did not come in time") from error
    except ClientDisconnect as error:
        raise ExecutorUnavailable("the request was broken off") from error
    return bytes(body)


Work = Callable[[Callable[[str], None], Callable[[], bool]], Mapping[str, Any]]


class Lines:
    """An answer as lines of JSON, while the work goes on in a thread of its own.

    Who goes away before the end has cancelled; who is cut off because the executor ends has not,
    and what was begun goes on.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._gone = threading.Event()
        self._lines: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    @classmethod
    def refusing(cls, error: FaberDbError) -> "Lines":
        """An answer that is only the refusal."""

        def refuse(_progress: object, _cancelled: object) -> Mapping[str, Any]:
            raise error

        return cls(refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines as they come; a sign of life where there are none."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._carry_out, daemon=True).start()
        watching = asyncio.ensure_future(self._watch(receive))
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        try:
            over = False
            while not over:
                line = await self._next()
                over = "answer" in line or "error" in line
                data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                await send({"type": "http.response.body", "body": data, "more_body": not over})
        finally:
            watching.cancel()

    async def _next(self) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                return await self._lines.get()
        except TimeoutError:
            return {}

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    def _carry_out(self) -> None:
        try:
            line = self._work(lambda words: self._tell({"progress": words}), self._gone.is_set)
        except FaberDbError as error:
            line = line_of_error(error)
        except BaseException as error:  # the boundary: a bug is logged, never shown
            log.exception("a request failed")
            line = line_of_error(
                InternalError(
                    f"an internal error of the executor ({type(error).__name__})",
                    hint="Its log has the details.",
                )
            )
        self._tell(line)

    def _tell(self, line: Mapping[str, Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
