"""The ways in: the same call of an adversary through each of them, as real processes."""

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import ElicitResult, TextContent

from tests.e2e.project import PASSPHRASE, Project

SECONDS = 120.0


@dataclass(frozen=True)
class Said:
    """What came back, to whoever asked."""

    text: str
    codes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()  # code, message and hint of the first error
    state: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Front(Protocol):
    """One way in."""

    seen: list[str]  # everything that came back so far

    def call(self, tool: str, **arguments: Any) -> Said: ...


def _said(text: str, answer: Mapping[str, Any]) -> Said:
    details = answer.get("details") or {}
    errors = answer.get("errors") or []
    return Said(
        text=text,
        codes=tuple(str(problem["code"]) for problem in errors),
        told=tuple(str(errors[0][k]) for k in ("code", "message", "hint")) if errors else (),
        state=str(details.get("state", "")),
        details=details,
    )


class Mcp:
    """A client of the server; it says yes to whatever it is asked."""

    def __init__(self, portal: BlockingPortal, client: Client, asked: list[object]) -> None:
        self._portal, self._client, self._asked = portal, client, asked
        self.seen: list[str] = []

    def call(self, tool: str, **arguments: Any) -> Said:
        result = self._portal.call(partial(self._client.call_tool, tool, arguments))
        texts = [b.text for b in result.content if isinstance(b, TextContent)]
        answer = result.structured_content or {}
        self.seen.append("\n".join([*texts, json.dumps(answer)]))
        assert self._asked == []  # nothing is decided by asking a client
        return _said(self.seen[-1], answer)

    def everything(self) -> None:
        """Read every resource and prompt that is listed."""
        for resource in self._portal.call(self._client.list_resources).resources:
            read = self._portal.call(partial(self._client.read_resource, str(resource.uri)))
            self.seen.append(read.model_dump_json())
        for prompt in self._portal.call(self._client.list_prompts).prompts:
            got = self._portal.call(partial(self._client.get_prompt, prompt.name))
            self.seen.append(got.model_dump_json())
        self.seen.append(self._portal.call(self._client.list_tools).model_dump_json())


class CommandLine:
    """An agent's shell: no terminal, a yes on standard input, and variables that say more."""

    _VERBS = {
        "coordinate-build": "build",
        "coordinate-evaluate": "evaluate",
        "coordinate-release": "release",
        "restore-backup": "restore",
    }
    _ENVIRON = {"FABER_DB_PASSPHRASE": PASSPHRASE, "FABER_DB_YES": "1", "CI": "", "YES": "1"}

    def __init__(self, project: Project) -> None:
        self._project = project
        self.seen: list[str] = []

    def call(self, tool: str, **arguments: Any) -> Said:
        words = [self._VERBS.get(tool, tool)]
        words += [arguments[k] for k in ("environment", "id", "backup_id") if k in arguments]
        for name, option in (("plan_id", "--plan"), ("work_id", "--work-id")):
            if name in arguments:
                words += [option, arguments[name]]
        return self.run(*words, "--json")

    def run(self, *words: str) -> Said:
        done = self._project.run(*words, stdin=f"y\nyes\n{PASSPHRASE}\n", environ=self._ENVIRON)
        self.seen.append(done.stdout + done.stderr)
        assert "Traceback" not in self.seen[-1], self.seen[-1]
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {}
        return _said(self.seen[-1], answer if isinstance(answer, dict) else {})


@contextmanager
def over_stdio(project: Project) -> Iterator[Mcp]:
    command, *words = project.command("serve")
    server = StdioServerParameters(
        command=command,
        args=words,
        env=project.environ,
        cwd=str(project.root),
    )
    with start_blocking_portal() as portal, _client(server, portal) as front:
        yield front


@contextmanager
def over_http(project: Project) -> Iterator[Mcp]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(24)
    words = ["serve", "--http", "--port", str(port), "--token", "env:SHOP_TOKEN"]
    process = subprocess.Popen(
        project.command(*words),
        cwd=project.root,
        env=project.environ | {"SHOP_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        with start_blocking_portal() as portal:
            http = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
            with portal.wrap_async_context_manager(http), _client(transport, portal) as front:
                yield front
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def command_line(project: Project) -> Iterator[CommandLine]:
    yield CommandLine(project)


FRONTS: dict[str, Callable[[Project], AbstractContextManager[Front]]] = {
    "stdio": over_stdio,
    "command line": command_line,
    "http": over_http,
}


@contextmanager
def _client(server: Any, portal: BlockingPortal) -> Iterator[Mcp]:
    asked: list[object] = []

    async def accept(context: object, params: object) -> ElicitResult:
        asked.append(params)
        return ElicitResult(action="accept", content={"approve": True, "confirm": "yes"})

    client = Client(server, elicitation_callback=accept, read_timeout_seconds=SECONDS)
    with portal.wrap_async_context_manager(client) as opened:
        yield Mcp(portal, opened, asked)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server never answered")
