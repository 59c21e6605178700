"""The page in Chromium: passkeys by a virtual authenticator, foreign pages, keyboard, contrast."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from faber_db.app import build
from faber_db.demo.pseudo_terminal import Typed
from tests.e2e.project import Project, new_project
from tests.passkey_device import Device
from tests.web.chromium import Served, authenticator, chromium, free_port, served, watched
from tests.web.conftest import CUSTOMER, DROP, propose, released_with

pytestmark = pytest.mark.slow
PATIENCE = 120_000  # milliseconds; a loaded machine is slow, and nothing here is about speed
LOST = "customers.legacy_token"
DROP_TOKEN = "ALTER TABLE customers DROP COLUMN legacy_token;\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """The shop with nothing applied and nobody enrolled."""
    if request.param == "sqlite":
        return new_project(tmp_path)
    new: Callable[..., str] = request.getfixturevalue("new_postgresql")
    return new_project(tmp_path, {n: new() for n in ("dev", "staging", "production")})


def register(tab: Page, page: Served, approver: str) -> dict[str, Any]:
    """Make a passkey; the file that the page gives."""
    tab.goto(page.url("/keys"))
    tab.get_by_label("Your name as an approver").fill(approver)
    tab.get_by_role("button", name="Make a passkey").click()
    tab.wait_for_selector("#key-file")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"{approver}.passkey.json"
    text = Path(download.value.path()).read_text("utf-8")
    assert json.loads(text) == json.loads(tab.locator("#key-file").inner_text())
    value: dict[str, Any] = json.loads(text)
    return value


def enrol(project: Project, file: dict[str, Any]) -> None:
    """As a person does it: at a terminal, with the file that the page gave."""
    handed = project.root.parent / "handed.json"
    handed.write_text(json.dumps(file), "utf-8")
    done = project.at_terminal(
        "protect",
        "production",
        "--key",
        str(handed),
        answers=[Typed("then type production to go on: ", "production")],
    )
    assert done.exit_code == 0, done.screen


def sign(tab: Page, page: Served, plan: str, names: tuple[str, ...] = ()) -> None:
    tab.goto(page.url(f"/{plan}"))
    for name in names:
        tab.get_by_label(f"Type {name}").fill(name)
    tab.get_by_role("button", name="Sign for production").click()


def test_from_registering_to_the_release(fresh: Project, tab: Page) -> None:
    with served(fresh) as page:
        authenticator(tab)
        enrol(fresh, register(tab, page, "ada"))
        first = fresh.plan("release", "production")
        sign(tab, page, first)
        tab.get_by_text("Signed. It may be used once").wait_for()
        app = build(fresh.root, fresh.environ)
        fresh.json("release", "production", "--plan", first)
        assert app.executor.watch(app.state.plan(first).job_id, seconds=60).state == "done"
        fresh.write("production", CUSTOMER)
        fresh.add_migration(DROP, DROP_TOKEN)
        second = fresh.plan("release", "production")
        sign(tab, page, second, (LOST,))
        tab.get_by_role("button", name=f"Carry out {second} now").click()
        tab.get_by_text("is being carried out").or_(tab.get_by_text("was carried out")).wait_for()
        assert app.executor.watch(app.state.plan(second).job_id, seconds=60).state == "done"
    assert "legacy_token" not in fresh.columns("production", "customers")


def test_a_second_approver_is_added_on_the_page(tmp_path: Path, tab: Page) -> None:
    project, port = new_project(tmp_path), free_port()
    passkey = Device(origin=f"http://localhost:{port}")
    app = released_with(project, passkey)
    with served(project, port) as page:
        authenticator(tab).holds(passkey)
        handed = tmp_path / "bob.passkey.json"
        handed.write_text(json.dumps(register(tab, page, "bob")), "utf-8")
        plan = project.json("approvers", "add", "production", "bob", "--key", str(handed))
        sign(tab, page, plan["details"]["plan_id"], ("production",))
        tab.get_by_role("button", name="Carry out").click()
        tab.get_by_text("carried out").first.wait_for()
        job = app.state.plan(plan["details"]["plan_id"]).job_id
        assert app.executor.watch(job, seconds=60).state == "done"
        names = [
            a.approver for a in app.executor.policy(database="", environment="production").approvers
        ]
        assert names == ["ada", "bob"]
        project.add_migration(DROP, DROP_TOKEN)
        tab.goto(page.url(f"/{project.plan('release', 'production')}"))
        assert tab.get_by_role("radio").count() == 2
        tab.get_by_role("radio", name="bob").check()
        tab.get_by_label(f"Type {LOST}").fill(LOST)
        tab.get_by_role("button", name="Sign for production").click()
        tab.get_by_text("Signed. It may be used once").wait_for()


class Waiting:
    """A shop whose passkey lives in the browser, and a plan that waits."""

    def __init__(self, project: Project, page: Served, tab: Page, passkey: Device) -> None:
        self.project, self.page, self.tab = project, page, tab
        self.device = authenticator(tab)
        self.device.holds(passkey)
        self.plan = project.plan("release", "production")

    def sign(self) -> None:
        sign(self.tab, self.page, self.plan, (LOST,))

    @property
    def state(self) -> str:
        app = build(self.project.root, self.project.environ)
        return str(app.state.plan(self.plan).state.value)


@pytest.fixture
def waiting(tmp_path: Path, tab: Page) -> Iterator[Waiting]:
    project, port = new_project(tmp_path), free_port()
    passkey = Device(origin=f"http://localhost:{port}")
    released_with(project, passkey)
    project.add_migration(DROP, DROP_TOKEN)
    with served(project, port) as page:
        yield Waiting(project, page, tab, passkey)


def test_a_device_that_verifies_nobody_signs_nothing(waiting: Waiting) -> None:
    tab = waiting.tab
    waiting.device.verifies(user=False)
    waiting.sign()  # the browser asks for it
    tab.get_by_text("The passkey was not used").wait_for()

    def weakened(route: Any) -> None:  # the executor asks for it, whatever the page asks
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"userVerification": "discouraged"})

    tab.route("**/challenge", weakened)
    waiting.sign()
    tab.get_by_text("the approval does not allow this").wait_for()
    assert waiting.state == "waiting"


def test_a_used_assertion_is_refused(waiting: Waiting) -> None:
    tab, sent = waiting.tab, []
    tab.on("request", lambda r: sent.append(r.post_data) if r.url.endswith("/sign") else None)
    waiting.sign()
    tab.get_by_text("Signed. It may be used once").wait_for()
    again = tab.evaluate(
        "async ([url, body]) => (await fetch(url, {method: 'POST', body,"
        " headers: {'content-type': 'application/x-www-form-urlencoded'}})).status",
        [waiting.page.url(f"/{waiting.plan}/sign"), sent[0]],
    )
    assert again == 409
    assert waiting.state == "signed"


GET = """
async (options) => {
  const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b)))
    .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const made = await navigator.credentials.get({publicKey: {...options, challenge: bytes(options.challenge),
    allowCredentials: options.allowCredentials.map((c) => ({...c, id: bytes(c.id)}))}});
  return {authenticator_data: text(made.response.authenticatorData),
    client_data_json: text(made.response.clientDataJSON), credential_id: text(made.rawId),
    signature: text(made.response.signature)};
}
"""
POST = """
async ([url, fields]) => {
  const token = document.querySelector("input[name=token]").value;
  const answer = await fetch(url, {method: "POST", body: new URLSearchParams({token, ...fields})});
  return [answer.status, await answer.text()];
}
"""


@pytest.mark.parametrize("there", ["the page", "another port"])
def test_an_assertion_of_another_port_is_refused(
    waiting: Waiting, foreign: Callable[[str], str], there: str
) -> None:
    """The same relying party, another origin: what a program of this account could serve."""
    tab, url = waiting.tab, waiting.page.url(f"/{waiting.plan}")
    tab.goto(url)
    key = tab.locator("input[name=key_id]").input_value()
    status, said = tab.evaluate(POST, [f"{url}/challenge", {"key_id": key, "typed": LOST}])
    assert status == 200
    if there == "another port":
        tab.goto(foreign("<p>Win a prize</p>").replace("127.0.0.1", "localhost"))
    credential = tab.evaluate(GET, json.loads(said))
    tab.goto(url)
    status, _ = tab.evaluate(POST, [f"{url}/sign", {"credential": json.dumps(credential)}])
    expected = (200, "signed") if there == "the page" else (409, "waiting")
    assert (status, waiting.state) == expected


def test_two_tabs_sign_once(waiting: Waiting) -> None:
    tab, other = waiting.tab, waiting.tab.context.new_page()
    for one in (tab, other):
        one.goto(waiting.page.url(f"/{waiting.plan}"))
        one.get_by_label(f"Type {LOST}").fill(LOST)
    tab.get_by_role("button", name="Sign for production").click()
    tab.get_by_text("Signed. It may be used once").wait_for()
    other.get_by_role("button", name="Sign for production").click()
    other.get_by_role("alert").filter(has_text="there is nothing to sign").wait_for()
    app = build(waiting.project.root, waiting.project.environ)
    assert len(app.state.approvals(waiting.plan)) == 1


def test_by_keyboard_alone(waiting: Waiting) -> None:
    tab = waiting.tab
    tab.goto(waiting.page.url())
    walk_to(tab, lambda f: waiting.plan in f["href"])
    tab.keyboard.press("Enter")
    tab.wait_for_url(waiting.page.url(f"/{waiting.plan}"))
    seen = walk_to(tab, lambda f: f["name"] == "typed")
    assert "reason" in [f["name"] for f in seen]  # reject is on the way
    assert all(f["outlined"] for f in seen)
    tab.keyboard.type(LOST)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent").startswith("Sign for")
    tab.keyboard.press("Enter")
    tab.get_by_text("Signed. It may be used once").wait_for()


def walk_to(tab: Page, found: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Press Tab until the focus is there; what was passed."""
    passed = []
    for _ in range(80):
        tab.keyboard.press("Tab")
        focus = tab.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return {name: e.name || '', href: e.href || '',"
            " outlined: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2}; })()"
        )
        passed.append(focus)
        if found(focus):
            return passed
    raise AssertionError(f"not reached: {passed}")


class Foreign(BaseHTTPRequestHandler):
    """A page of somebody else's on this machine."""

    body = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def foreign() -> Iterator[Callable[[str], str]]:
    """Serves a text; its URL is of another site than the page's."""
    handler = type("Handler", (Foreign,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(body: str) -> str:
        handler.body = body  # type: ignore[attr-defined]  # made above
        return f"http://127.0.0.1:{server.server_port}/"

    yield show
    server.shutdown()
    server.server_close()


def test_it_is_not_shown_in_a_frame(waiting: Waiting, foreign: Callable[[str], str]) -> None:
    url = waiting.page.url(f"/{waiting.plan}")
    for host in ("127.0.0.1", "localhost"):  # another site, and another port of the same
        place = foreign(f"<iframe src='{url}'></iframe>").replace("127.0.0.1", host)
        with waiting.tab.expect_response(url) as answer:
            waiting.tab.goto(place)
        assert answer.value.status == 403
        waiting.tab.wait_for_load_state("load")
        frame = waiting.tab.frames[1]
        assert waiting.plan not in frame.content()
        assert "Sign for" not in frame.content()


def test_a_foreign_form_changes_nothing(waiting: Waiting, foreign: Callable[[str], str]) -> None:
    url = waiting.page.url(f"/{waiting.plan}/reject")
    token = (
        waiting.tab.goto(waiting.page.url(f"/{waiting.plan}"))
        and waiting.tab.locator("input[name=token]").first.input_value()
    )
    form = (
        f"<form id=f method=post action='{url}'><input name=token value='{token}'>"
        "<input name=reason value=x></form><script>f.submit()</script>"
    )
    for host in ("127.0.0.1", "localhost"):
        with waiting.tab.expect_navigation(url=url) as went:
            waiting.tab.goto(foreign(form).replace("127.0.0.1", host))
        assert went.value.status == 403
        assert waiting.state == "waiting"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_use_it(tmp_path: Path, browser: Browser, scheme: Any) -> None:
    port = free_port()
    project = new_project(tmp_path)
    app = released_with(project, Device(origin=f"http://localhost:{port}"))
    project.add_migration(DROP, DROP_TOKEN + "UPDATE customers SET name = 'x';\n")
    plan = propose(app)
    with served(project, port) as page:
        for width in (1280, 360):
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 800}
            )
            context.set_default_timeout(PATIENCE)
            seen = watched(context, page.origin)
            for path in ("", f"/{plan}", "/keys", "/plan_none"):
                seen.tab.goto(page.url(path))
                for closed in seen.tab.locator("summary").all():
                    closed.click()
                problems = Axe().run(seen.tab).response["violations"]
                assert not problems, (path, width, json.dumps(problems, indent=1)[:3_000])
                wide = seen.tab.evaluate(
                    "document.documentElement.scrollWidth > document.documentElement.clientWidth"
                )
                assert not wide, (path, width)
            assert [p for p in seen.problems if "404" not in p] == []
            assert seen.tab.title()
            context.close()


def test_it_is_read_without_script(tmp_path: Path, browser: Browser) -> None:
    project = new_project(tmp_path)
    port = free_port()
    app = released_with(project, Device(origin=f"http://localhost:{port}"))
    project.add_migration(DROP, DROP_TOKEN)
    plan = propose(app)
    with served(project, port) as page:
        context = browser.new_context(java_script_enabled=False)
        context.set_default_timeout(PATIENCE)
        tab = context.new_page()
        tab.goto(page.url(f"/{plan}"))
        assert tab.title() == "HIGH · production · main"
        assert tab.get_by_role("button", name="Sign for").is_disabled()
        assert "sign in your terminal" in tab.content()
        tab.get_by_label("Why?").fill("not today")
        tab.get_by_role("button", name="Reject").click()
        tab.get_by_text("This plan is rejected: not today").wait_for()
        context.close()
    assert app.state.plan(plan).state == "rejected"
