"""`notify` as a webhook: what is posted, where it may go, and that nobody waits for it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from faber_db.config.settings import EnvironmentSettings
from faber_db.executor import webhook
from tests.e2e.conftest import released, released_once
from tests.e2e.project import Project
from tests.faults.watching import wait_until

__all__ = ["released", "released_once"]

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
TOKEN = "a-token-in-the-path"


class Hook:
    """A real server on loopback that keeps what it is told."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/{TOKEN}"
        self.posted: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answers = threading.Event()  # it answers once this is set
        self.answers.set()
        self.redirect = ""

    def events(self) -> list[str]:
        return [str(body["event"]) for body in self.posted]


@contextmanager
def listening() -> Iterator[Hook]:
    made: list[Hook] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook = made[0]
            hook.asked.append(self.path)
            hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            hook.answers.wait(60)
            self.send_response(302 if hook.redirect else 204)
            if hook.redirect:
                self.send_header("Location", hook.redirect)
            self.end_headers()

        def do_GET(self) -> None:  # where a client goes that follows a redirect of a POST
            made[0].asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.append(Hook(server.server_address[1]))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made[0]
    finally:
        made[0].answers.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


def test_waiting_and_done(released: Project, hook: Hook) -> None:
    """Told by the command that asks, and by the process of the job; ids and no more."""
    project = released
    project.configure("production", notify={"url": "file:hook.txt"})
    (project.root / "hook.txt").write_text(hook.url, "utf-8")
    project.add_migration(ADD, PHONE)
    hook.answers.clear()  # it does not answer before the command is over
    plan = project.plan("release")
    hook.answers.set()
    wait_until(lambda: hook.events() == ["waiting"], "the first notice")
    assert hook.posted == [
        {"event": "waiting", "plan_id": plan, "risk": "low", "environment": "production"}
    ]
    assert project.sign(plan, deploy=True).exit_code == 0
    wait_until(lambda: hook.events() == ["waiting", "done"], "the second notice")
    assert set(hook.asked) == {f"/{TOKEN}"}
    assert TOKEN not in json.dumps(project.json("audit", "export"))


@pytest.mark.slow
def test_failed(released: Project, hook: Hook) -> None:
    project = released
    project.configure("production", notify=hook.url)
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    project.write("production", "ALTER TABLE customers ADD COLUMN phone text")  # it changed since
    code, _ = project.exits("release", "--plan", plan)
    assert code != 0
    wait_until(lambda: "failed" in hook.events(), "the notice")
    assert hook.events()[:1] == ["waiting"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("http://example.com/x", "config-invalid"),
        ("ftp://example.com", "config-invalid"),
        ("", "config-secret-unavailable"),
    ],
    ids=["no https", "another scheme", "nothing"],
)
def test_a_notice_that_cannot_be_sent(released: Project, content: str, code: str) -> None:
    """The request is made all the same; the trail says that nobody heard of it."""
    released.configure("production", notify={"url": "file:hook.txt"})
    (released.root / "hook.txt").write_text(content, "utf-8")
    released.add_migration(ADD, PHONE)
    plan = released.plan("release")
    entry = released.json("audit", "show", "--event", "notice.failed")["details"]["entries"][-1]
    assert entry["body"] == {"plan_id": plan, "event": "waiting", "code": code}


def test_a_redirect_is_not_followed(hook: Hook) -> None:
    with listening() as other:
        hook.redirect = other.url
        assert webhook.post(hook.url, {"event": "waiting"}) == 302
        assert (len(hook.asked), other.asked) == (1, [])


def test_a_proxy_of_the_environment_is_not_asked(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert webhook.post(hook.url, {"event": "waiting"}) == 204
        assert (len(hook.asked), proxy.asked) == (1, [])


def test_nobody_answers(tmp_path: Path) -> None:
    assert webhook.post("http://127.0.0.1:1/", {}) == 0


@pytest.mark.parametrize(
    "notify",
    [
        "http://example.com/hook",
        {"url": "command:curl x"},
        {"url": "http://example.com"},
        {"url": "notify-send"},
        {"url": "https://"},
        {"url": "env:X", "method": "GET"},
    ],
    ids=str,
)
def test_refused_by_the_configuration(notify: object) -> None:
    with pytest.raises(ValidationError):
        EnvironmentSettings.model_validate({"url": "a.db", "notify": notify})


@pytest.mark.parametrize(
    "notify",
    [
        "notify-send faber-db",
        "https://example.com/hook",
        {"url": "https://example.com/hook"},
        {"url": "env:HOOK"},
        {"url": "http://localhost:8080/x"},
        "",
    ],
    ids=str,
)
def test_accepted_by_the_configuration(notify: object) -> None:
    EnvironmentSettings.model_validate({"url": "a.db", "notify": notify})
