"""`serve --http` and `approve --web` as processes of their own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from anyio import fail_after, to_thread
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from faber_db.errors import ConfigError
from faber_db.server_http import Serving
from faber_db.web.neighbours import account_of
from tests.e2e.project import Project
from tests.plain_user import NOBODY
from tests.web.chromium import free_port, served
from tests.web.conftest import Shop

SECONDS = 120
LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"accept": "application/json, text/event-stream"}


@contextmanager
def http_server(project: Project, *words: str) -> Iterator[tuple[int, str, list[str]]]:
    """The real server: its port, its token, and what it said first."""
    port = free_port()
    process = subprocess.Popen(
        project.command("serve", "--http", "--port", str(port), *words),
        cwd=project.root,
        env=project.environ | {"PAGE_TOKEN": "a token of the tests alone"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    said: list[str] = []
    while not said or not said[-1].startswith("approvals"):
        said.append(process.stderr.readline())
        assert said[-1], said
    found = re.search(r"^token +(\S+)", "".join(said), re.M)
    try:
        yield port, found[1] if found else "", said
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    assert "Traceback" not in rest, rest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tools_over_http_and_the_page_beside_them(
    shop: Shop, mode: Literal["auto", "legacy"]
) -> None:
    plan = shop.high()
    with http_server(shop.project) as (port, token, _), fail_after(SECONDS):
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http:
            transport = streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                assert len((await client.list_tools()).tools) == 12
                said = await client.call_tool("status", {"id": plan})
                assert not said.is_error
                asked = await client.call_tool("coordinate-release", {"plan_id": plan})
                assert asked.structured_content
                assert asked.structured_content["details"]["state"] == "approval_required"
                assert token not in str(asked)
        page = await to_thread.run_sync(httpx2.get, f"http://localhost:{port}/approvals/{plan}")
        assert (page.status_code, plan in page.text) == (200, True)
        assert token not in page.text


@pytest.mark.slow
def test_who_is_not_let_in(shop: Shop) -> None:
    with http_server(shop.project, "--token", "env:PAGE_TOKEN") as (port, shown, said):
        assert shown == ""
        assert "a token of the tests" not in "".join(said)
        good = {"authorization": "Bearer a token of the tests alone"} | ACCEPT
        refused = {
            "no token": (ACCEPT, 401),
            "another token": (ACCEPT | {"authorization": "Bearer x"}, 401),
            "another scheme": (ACCEPT | {"authorization": "Basic YTpi"}, 401),
            "another host": (good | {"host": "evil.example"}, 421),
            "another origin": (good | {"origin": "https://evil.example"}, 403),
            "the page's neighbour": (good | {"origin": "http://localhost:1"}, 403),
        }
        url = f"http://127.0.0.1:{port}/mcp"
        for name, (headers, status) in refused.items():
            answer = httpx2.post(url, json=LISTED, headers=headers)
            assert answer.status_code == status, name
        for path in ("/", "/approvalsx", "/.well-known/oauth-protected-resource"):
            assert httpx2.get(f"http://127.0.0.1:{port}{path}").status_code == 401
        assert (
            httpx2.get(f"http://127.0.0.1:{port}/approvals").status_code == 421
        )  # by its name only


@pytest.mark.slow
def test_a_page_that_runs_is_opened_and_no_second_one_started(shop: Shop) -> None:
    plan = shop.high()
    with served(shop.project) as page:
        words = ("approve", "--web", plan[:12], "--port", str(page.port))
        done = shop.project.run(*words, environ={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
        assert (done.returncode, done.stderr.strip()) == (0, page.url(f"/{plan}"))
        other = shop.project.run(*words, environ={"XDG_STATE_HOME": "/tmp/none-of-these"})
        assert other.returncode != 0
        clash = shop.project.run("serve", "--http", "--port", str(page.port))
        assert clash.returncode == 1
        assert "[config-address-taken]" in clash.stderr


ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1])
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""


@pytest.mark.slow
def test_another_account_of_the_machine_reads_nothing(shop: Shop) -> None:
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("only root becomes another account")
    plan = shop.high()
    with served(shop.project) as page:
        words = [sys.executable, "-I", "-c", ASK, page.url(f"/{plan}")]
        mine = subprocess.run(words, capture_output=True, text=True, check=True)
        assert mine.stdout.startswith("200 ")
        assert plan in mine.stdout
        words[0] = "/usr/bin/python3"  # one that every account can read
        other = subprocess.run(words, capture_output=True, text=True, check=True, user=NOBODY)
        assert other.stdout.startswith("403 ")
        assert plan not in other.stdout


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    places = [(socket.AF_INET, "127.0.0.1")]
    if Path("/proc/net/if_inet6").exists():
        places.append((socket.AF_INET6, "::1"))
    for family, address in places:
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind((address, 0))
            server.listen()
            client.connect(server.getsockname())
            port = server.getsockname()[1]
            assert account_of((address, client.getsockname()[1]), port) == os.geteuid()
            assert account_of((address, client.getsockname()[1]), port + 1) is None
            assert account_of(("127.0.0.2", client.getsockname()[1]), port) is None


REFUSED: dict[str, dict[str, Any]] = {
    "everybody": {"host": "0.0.0.0"},  # noqa: S104 refused
    "with a token alone": {"host": "192.0.2.1", "token": "x" * 20, "names": ("db.example",)},
    "a short token": {"host": "127.0.0.1", "token": "short"},
    "a name that is no loopback": {"host": "localhost.example"},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_where_it_is_not_served(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Serving(port=1, **given).checked()


def test_the_token_is_in_no_representation() -> None:
    assert "secret-of-this" not in repr(Serving("127.0.0.1", 1, "secret-of-this-server"))
