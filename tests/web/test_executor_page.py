"""The page of an executor of its own: it asks for its secret, and signs what the executor holds."""

import getpass
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError

from faber_db.app import build_executor
from faber_db.config.executor import ExecutorSettings
from faber_db.config.executor_file import load_executor
from tests.e2e.project import Project, new_project
from tests.passkey_device import Device
from tests.web.chromium import free_port
from tests.web.test_page import assertion

SECRET = "a secret of the page of the tests"


@dataclass
class Away:
    """A project whose production is an executor's, and the executor's page."""

    project: Project
    device: Device
    client: httpx2.Client


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Away]:
    port, project = free_port(), new_project(tmp_path / "home")
    device = Device(origin=f"http://localhost:{port}")
    folder = tmp_path / "executor"
    folder.mkdir(mode=0o700)
    (folder / "page-secret").write_text(SECRET, "utf-8")
    production = {"url": str(project.root / "production.db")}
    configuration = {
        "handler": "sql",
        "engine": "sqlite",
        "environments": {"production": production},
        "listen": [f"unix:{folder}/shop.sock"],
        "clients": [{"uid": os.getuid()}],
        "page": {"address": device.origin, "secret": f"file:{folder}/page-secret"},
        "state_folder": str(folder / "state"),
    }
    file = folder / "executor.json"
    file.write_text(json.dumps(configuration), "utf-8")
    app = build_executor(file, load_executor(file), project.environ)
    app.executor.protect(database="main", environment="production", key=device.public("ada"))
    whole = json.loads((project.root / "faber-db.json").read_text("utf-8"))
    whole["environments"]["production"] = {
        "executor": f"unix:{folder}/shop.sock",
        "executor_account": getpass.getuser(),
        "executor_page": device.origin,
    }
    (project.root / "faber-db.json").write_text(json.dumps(whole), "utf-8")
    process = subprocess.Popen(
        project.command("executor", "run", "--config", str(file)),
        cwd=folder,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    said = process.stderr.readline()
    assert said.startswith("listening on"), said + process.stderr.read()
    headers = {"origin": device.origin, "sec-fetch-site": "same-origin"}
    with httpx2.Client(base_url=device.origin, auth=("ada", SECRET), headers=headers) as client:
        yield Away(project, device, client)
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=20)
    assert "Traceback" not in rest, rest


@pytest.mark.slow
def test_a_plan_of_an_executor_is_signed_on_its_page(away: Away) -> None:
    plan = away.project.plan("release", "production")
    where = away.project.run("approve", "--web", plan, environ={"DISPLAY": ""})
    assert where.stderr.strip() == f"{away.device.origin}/approvals/{plan}"
    for wrong in (None, ("ada", "another"), ("ada", "")):
        refused = httpx2.get(f"{away.device.origin}/approvals", auth=wrong)
        assert (refused.status_code, plan in refused.text) == (401, False)
    assert plan in away.client.get("/approvals").text
    page = away.client.get(f"/approvals/{plan}").text
    assert "served by a process of the account" in page  # its client is the same account: tier 1
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    form = {"token": token, "key_id": away.device.public("ada").key_id}
    asked = away.client.post(f"/approvals/{plan}/challenge", data=form).json()
    form["credential"] = assertion(away.device, asked["challenge"])
    assert away.client.post(f"/approvals/{plan}/sign", data=form).status_code == 303
    done = away.project.json("release", "production", "--plan", plan)
    assert done["details"]["state"] in ("done", "running"), done
    assert "carried out" in away.client.get(f"/approvals/{plan}").text
    assert away.client.post("/v1/propose", json={}).status_code != 200  # no way in for a browser


REFUSED = {
    "plain http elsewhere": "http://db.example:7475",
    "a port that is not listened at": "https://db.example:9",
    "another name": "https://other.example:8443",
    "a path": "https://db.example:8443/x",
    "no port on localhost": "http://localhost",
    "a credential": "https://ada:x@db.example:8443",
    "a script": "javascript:alert(1)",
}


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_an_address_that_an_executor_does_not_serve(address: str) -> None:
    given = {
        "handler": "sql",
        "environments": {"production": {"url": "production.db"}},
        "listen": ["https://db.example:8443"],
        "tls": {"certificate": "/a", "key": "/b"},
        "clients": [{"uid": 1}],
    }
    good = {"address": "https://db.example:8443", "secret": "file:/x"}
    assert ExecutorSettings.model_validate(given | {"page": good}).page
    with pytest.raises(ValidationError):
        ExecutorSettings.model_validate(given | {"page": good | {"address": address}})
