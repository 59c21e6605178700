"""A shop whose production is protected by a passkey, with changes that wait."""

from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from faber_db.app import build
from faber_db.model.approval import Approval
from faber_db.model.job import JobState
from faber_db.model.plan import PlanKind, Requester
from faber_db.services.app import App
from faber_db.services.history import read_folder
from faber_db.services.ports import Proposal
from faber_db.web.page import page
from faber_db.web.site import Site
from tests.e2e.kept import Kept
from tests.e2e.project import Project, new_project
from tests.passkey_device import Device

DROP = "20261101000000_drop_token"
CUSTOMER = (
    "INSERT INTO customers (id, email, name, legacy_token) VALUES (1, 'a@b', 'A', 't');"
    "INSERT INTO orders (id, customer_id, placed_at, total_cents) VALUES (1, 1, '2026-01-01', 5);"
)


@dataclass
class Shop:
    """The project, the approver's device, and the page."""

    project: Project
    device: Device
    app: App

    def propose(self, name: str, up: str) -> str:
        """The id of the plan to release one more migration."""
        self.project.add_migration(name, up)
        return propose(self.app)

    def high(self) -> str:
        """A plan that loses something."""
        return self.propose(DROP, "ALTER TABLE customers DROP COLUMN legacy_token;\n")

    def client(self, site: Site | None = None) -> TestClient:
        where = site or Site(lambda: self.app, self.device.origin)
        return TestClient(page(where), base_url=where.origin, follow_redirects=False)


def propose(app: App) -> str:
    """What is pending for production, asked for by an agent."""
    database = app.database()
    stored = app.executor.propose(
        Proposal(
            kind=PlanKind.DEPLOY,
            database=database.name,
            environment="production",
            files=read_folder(database),
            work_id="123",
            requester=Requester(client="claude-code", account="dev1"),
        )
    )
    return stored.plan.id


def signed(app: App, plan_id: str, device: Device) -> Approval:
    """What the device says of a plan."""
    key = device.public("ada")
    payload = app.executor.payload(plan_id, approver=key.approver, key_id=key.key_id)
    return Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public_key,
        signature=device.sign(payload.signed_bytes()),
    )


def released_with(project: Project, device: Device) -> App:
    """Production protected by a passkey, its first migration released, and a customer there."""
    app = build(project.root, project.environ)
    app.executor.protect(database="main", environment="production", key=device.public("ada"))
    plan = propose(app)
    app.executor.sign(signed(app, plan, device))
    job = app.executor.watch(app.executor.start(plan).id, seconds=60)
    assert job.state is JobState.DONE, job
    project.write("production", CUSTOMER)
    return app


@pytest.fixture(scope="session")
def shop_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Device]:
    folder = tmp_path_factory.mktemp("web")
    project, device = new_project(folder / "home"), Device()
    released_with(project, device)
    return Kept(project, folder), device


@pytest.fixture
def shop(shop_once: tuple[Kept, Device]) -> Shop:
    kept, device = shop_once
    project = kept.again()
    return Shop(project, device, build(project.root, project.environ))
