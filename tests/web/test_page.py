"""The page without a browser: what it refuses, and the way of one signature."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from faber_db.model.canonical import canonical
from faber_db.model.passkey import from_base64url
from faber_db.services.app import App
from faber_db.web.site import Site
from tests.passkey_device import PRESENT, Device
from tests.web.conftest import Shop, propose

LOST = "customers.legacy_token"
SAME = {"origin": "http://localhost:7475", "sec-fetch-site": "same-origin"}


def token_of(client: TestClient, path: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def ask(client: TestClient, plan: str, device: Device, **fields: Any) -> Any:
    """The answer to what the script asks first."""
    form = {
        "token": token_of(client, f"/approvals/{plan}"),
        "typed": LOST,
        "key_id": device.public("ada").key_id,
    }
    return client.post(f"/approvals/{plan}/challenge", data=form | fields, headers=SAME)


def assertion(device: Device, challenge: str, **client: Any) -> str:
    data = {
        "type": "webauthn.get",
        "challenge": challenge,
        "origin": device.origin,
        "crossOrigin": False,
    }
    flags = client.pop("flags", 0x05)
    return device.assertion(json.dumps(data | client).encode(), flags=flags).spelled().decode()


def hand_in(client: TestClient, plan: str, credential: str) -> Any:
    form = {"token": token_of(client, f"/approvals/{plan}"), "credential": credential}
    return client.post(f"/approvals/{plan}/sign", data=form, headers=SAME)


def everything(app: App) -> tuple[Any, ...]:
    """All that a request could have changed."""
    return app.state.plans(), app.state.audit(), app.state.jobs(), app.state.backups()


def test_reading_changes_nothing(shop: Shop) -> None:
    plan = shop.high()
    before = everything(shop.app)
    with shop.client() as client:
        for path in ("", "/keys", f"/{plan}", "/where", "/plan_none"):
            client.get(f"/approvals{path}")
            client.head(f"/approvals{path}")
        for verb in ("put", "delete", "patch", "options"):
            assert getattr(client, verb)(f"/approvals/{plan}").status_code in (403, 405)
        for path in ("sign", "reject", "start", "challenge"):
            assert client.get(f"/approvals/{plan}/{path}").status_code == 405
    assert everything(shop.app) == before


def test_the_plan_shows_what_the_terminal_shows(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        text = client.get(f"/approvals/{plan}").text
        assert plan in client.get("/approvals").text
    assert "<title>HIGH · production · main</title>" in text
    for name, value in shop.app.executor.show(plan).facts:
        assert f"<dt>{name}</dt>" in text
        assert value.split("'")[0].split("<")[0][:40] in text
    assert "<mark>legacy_token</mark>" in text
    assert "removed: </span>legacy_token TEXT" in text
    assert shop.app.state.plan(plan).plan.digest in text


def test_one_signature_from_the_question_to_the_release(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        options = ask(client, plan, shop.device).json()
        assert options["userVerification"] == "required"
        assert options["rpId"] == "localhost"
        assert [c["id"] for c in options["allowCredentials"]] == [shop.device.credential_id]
        credential = assertion(shop.device, options["challenge"])
        done = hand_in(client, plan, credential)
        assert (done.status_code, done.headers["location"]) == (303, f"/approvals/{plan}")
        assert shop.app.state.plan(plan).state == "signed"
        again = hand_in(client, plan, credential)
        assert again.status_code == 409  # the challenge was taken
        assert "Carry out" in client.get(f"/approvals/{plan}").text
        form = {"token": token_of(client, f"/approvals/{plan}")}
        assert client.post(f"/approvals/{plan}/start", data=form, headers=SAME).status_code == 303
    job = shop.app.executor.watch(shop.app.state.plan(plan).job_id, seconds=60)
    assert job.state == "done", job
    assert "legacy_token" not in shop.project.columns("production", "customers")


FORGED: dict[str, Callable[[Device, str], str]] = {
    "user not verified": lambda d, c: assertion(d, c, flags=PRESENT),
    "another origin": lambda d, c: assertion(d, c, origin="http://localhost:9"),
    "another page's frame": lambda d, c: assertion(d, c, crossOrigin=True),
    "another challenge": lambda d, c: assertion(d, c[:-4] + "AAAA"),
    "another device": lambda d, c: assertion(Device(credential_id=d.credential_id), c),
    "a registration": lambda d, c: assertion(d, c, type="webauthn.create"),
    "nothing": lambda d, c: "",
    "a list": lambda d, c: "[]",
    "a key more": lambda d, c: canonical(
        json.loads(assertion(d, c)) | {"user_handle": ""}
    ).decode(),
}


def test_a_forged_assertion_signs_nothing(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        for name, forge in FORGED.items():
            challenge = ask(client, plan, shop.device).json()["challenge"]
            refused = hand_in(client, plan, forge(shop.device, challenge))
            assert refused.status_code in (400, 409), name
            assert shop.app.state.plan(plan).state == "waiting", name
    assert shop.app.state.approvals(plan) == []


def test_an_assertion_of_one_plan_is_none_of_another(shop: Shop) -> None:
    first = shop.propose("20261102000000_a", "CREATE TABLE a (id integer);\n")
    with shop.client() as client:
        one = ask(client, first, shop.device, typed=[]).json()["challenge"]
        other = shop.high()  # pending: both migrations
        two = ask(client, other, shop.device).json()["challenge"]
        assert one != two
        assert hand_in(client, other, assertion(shop.device, one)).status_code == 409
        assert shop.app.state.plan(other).state == "waiting"


def test_the_names_are_asked_for_by_the_server(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        for typed in ([], [""], ["customers"], [LOST.upper()], [LOST, LOST]):
            refused = ask(client, plan, shop.device, typed=typed)
            assert (refused.status_code, refused.json()["code"]) == (400, "input-invalid"), typed
        assert hand_in(client, plan, assertion(shop.device, "AAAA")).status_code == 409
        assert ask(client, plan, shop.device, key_id="0" * 16).status_code == 400


def test_two_tabs_have_one_challenge(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        first = ask(client, plan, shop.device).json()["challenge"]
        second = ask(client, plan, shop.device).json()["challenge"]
        late = hand_in(client, plan, assertion(shop.device, first))
        assert late.status_code == 409  # the second tab's took its place
        assert (
            hand_in(client, plan, assertion(shop.device, second)).status_code == 409
        )  # and is spent
        third = ask(client, plan, shop.device).json()["challenge"]
        assert hand_in(client, plan, assertion(shop.device, third)).status_code == 303


def test_a_rejection_has_a_reason_and_is_shown_next_time(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        form = {"token": token_of(client, f"/approvals/{plan}"), "reason": " "}
        assert client.post(f"/approvals/{plan}/reject", data=form, headers=SAME).status_code == 400
        form["reason"] = "not on a <b>Friday</b>\u202e"
        assert client.post(f"/approvals/{plan}/reject", data=form, headers=SAME).status_code == 303
        stored = shop.app.state.plan(plan)
        shown = "not on a <b>Friday</b>\\u{202e}"
        assert (stored.state, stored.reason) == ("rejected", shown)
        again = propose(shop.app)
        assert again != plan
        for path in ("", f"/{plan}", f"/{again}"):
            text = client.get(f"/approvals{path}").text
            assert "not on a &lt;b&gt;Friday&lt;/b&gt;\\u{202e}" in text, path


REFUSED: dict[str, tuple[dict[str, str], int]] = {
    "no origin": ({"origin": ""}, 403),
    "another origin": ({"origin": "https://evil.example"}, 403),
    "another port": ({"origin": "http://localhost:7476"}, 403),
    "a sandboxed frame": ({"origin": "null"}, 403),
    "a cross-site fetch": ({"sec-fetch-site": "cross-site"}, 403),
    "a sibling": ({"sec-fetch-site": "same-site"}, 403),
    "another host": ({"host": "evil.example"}, 421),
    "an address": ({"host": "127.0.0.1:7475"}, 421),
    "another port's host": ({"host": "localhost:80"}, 421),
    "a frame": ({"sec-fetch-dest": "iframe"}, 403),
    "json": ({"content-type": "application/json"}, 415),
    "a file": ({"content-type": "multipart/form-data; boundary=x"}, 415),
    "plain": ({"content-type": "text/plain"}, 415),
}


def test_a_change_comes_from_the_page_itself(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        form = {"token": token_of(client, f"/approvals/{plan}"), "reason": "no"}
        url = f"/approvals/{plan}/reject"
        for name, (headers, status) in REFUSED.items():
            answer = client.post(url, data=form, headers=SAME | headers)
            assert answer.status_code == status, name
            assert shop.app.state.plan(plan).state == "waiting", name
        assert client.post(url, data=form, headers=SAME).status_code == 303


def test_a_form_is_of_one_browser_one_plan_and_an_hour(shop: Shop) -> None:
    plan = shop.high()
    site = Site(lambda: shop.app, shop.device.origin)
    with shop.client(site) as client, shop.client(site) as other:
        url = f"/approvals/{plan}/reject"
        form = {"reason": "no"}
        mine, theirs = (token_of(c, f"/approvals/{plan}") for c in (client, other))
        for token in (
            "",
            ".",
            "x.y",
            theirs,
            token_of(client, "/approvals/keys"),
            mine[:-1],
            "9" + mine,
        ):
            answer = client.post(url, data=form | {"token": token}, headers=SAME)
            assert answer.status_code == 409, token
        restarted = shop.client()
        restarted.cookies = client.cookies
        assert restarted.post(url, data=form | {"token": mine}, headers=SAME).status_code == 409
    assert shop.app.state.plan(plan).state == "waiting"


def test_a_big_body_is_refused_before_it_is_read(shop: Shop) -> None:
    with shop.client() as client:
        headers = SAME | {"content-type": "application/x-www-form-urlencoded"}
        big = b"token=" + b"a" * 70_000
        assert client.post("/approvals/keys", content=big, headers=headers).status_code == 413
        parts = (b"a" * 1_000 for _ in range(100))
        assert client.post("/approvals/keys", content=parts, headers=headers).status_code == 411


def test_every_answer_is_sealed(shop: Shop) -> None:
    plan = shop.high()
    with shop.client() as client:
        answers = [
            client.get("/approvals"),
            client.get(f"/approvals/{plan}"),
            client.get("/approvals/plan_none"),
            client.get("/approvals/no/such/page"),
            client.post("/approvals/keys"),
            client.get("/approvals", headers={"host": "evil.example"}),
        ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
    nonces = re.findall(
        r"'nonce-([^']+)'", " ".join(a.headers["content-security-policy"] for a in answers)
    )
    assert len(set(nonces)) == len(answers)
    assert f'<style nonce="{nonces[0]}">' in answers[0].text
    cookie = answers[0].headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_what_a_migration_says_is_shown_and_not_obeyed(shop: Shop) -> None:
    bad = "</code><script>alert(1)</script> \u202eevil\u200b {{ 7 * 7 }}"
    plan = shop.propose(
        "20261104000000_bad", f"-- {bad}\nALTER TABLE customers DROP COLUMN legacy_token;\n"
    )
    with shop.client() as client:
        text = client.get(f"/approvals/{plan}").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "\\u{202e}evil\\u{200b} {{ 7 * 7 }}" in text


def test_registering_gives_a_file_and_pins_nothing(shop: Shop) -> None:
    with shop.client() as client:
        form = {"token": token_of(client, "/approvals/keys"), "approver": "Bob!"}
        url = "/approvals/keys/challenge"
        assert client.post(url, data=form, headers=SAME).status_code == 400
        form["approver"] = "bob"
        options = client.post(url, data=form, headers=SAME).json()
        assert options["rp"] == {"name": "faber-db", "id": "localhost"}
        assert options["authenticatorSelection"]["userVerification"] == "required"
        assert len(from_base64url(options["challenge"])) == 32
        before = everything(shop.app)
        refused = client.post("/approvals/keys", data=form | {"credential": "{}"}, headers=SAME)
        assert refused.status_code == 400
        assert everything(shop.app) == before


ADDRESSES = {
    "plain http elsewhere": ("http://db.example:7475", "secret"),
    "no secret elsewhere": ("https://db.example", ""),
    "a path": ("http://localhost:7475/x", ""),
    "no scheme": ("localhost:7475", ""),
    "another scheme": ("ftp://localhost", ""),
}


@pytest.mark.parametrize(("origin", "access"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_is_no_page(shop: Shop, origin: str, access: str) -> None:
    from faber_db.errors import InputError

    with pytest.raises(InputError):
        Site(lambda: shop.app, origin, access)


def test_a_page_elsewhere_asks_for_its_secret(shop: Shop) -> None:
    site = Site(lambda: shop.app, "https://db.example", "a secret of the page")
    with shop.client(site) as client:
        assert client.get("/approvals").status_code == 401
        assert client.get("/approvals", auth=("x", "wrong")).status_code == 401
        answer = client.get("/approvals", auth=("x", "a secret of the page"))
        assert answer.status_code == 200
        assert "strict-transport-security" in answer.headers
        assert answer.headers["set-cookie"].startswith("__Host-")
