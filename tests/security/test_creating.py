"""The database of a protected environment: who may have it made, of what, and once only."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from faber_db import app as composition
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.mysql.connect import raw, rows
from faber_db.adapters.engines.postgresql import address as postgresql_address
from faber_db.adapters.signers import ed25519
from faber_db.errors import (
    ApprovalError,
    ApprovalNotSetUp,
    ApprovalStale,
    NothingPending,
    NotSupported,
    PolicyRefused,
)
from faber_db.executor import jobs
from faber_db.executor.local import LocalExecutor
from faber_db.executor.settling import settle
from faber_db.model.approval import Approval
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.model.target import PinnedApprover
from faber_db.services.app import App
from faber_db.services.db_create import AskRequest, ask
from faber_db.services.ports import Proposal, SigningKey
from tests.security.conftest import app_factory
from tests.services.conftest import AppFactory

__all__ = ["app_factory"]
PASSPHRASE = "correct horse battery staple"
UNREACHABLE = "postgresql://nobody@127.0.0.1:1/n_none"


@pytest.fixture(autouse=True)
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job waits for `run_job` here: a process of its own would be no executor of that kind."""
    monkeypatch.setattr(jobs, "spawn", lambda _app, job, _environ: job)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SigningKey]:
    """Of an approver, and of somebody who would like to be one."""
    folder = ed25519.KeyFolder(tmp_path_factory.mktemp("keys"))
    found: dict[str, SigningKey] = {}
    for name in ("ada", "mallory"):
        folder.create(name, PASSPHRASE)
        found[name] = folder.unlock(name, PASSPHRASE)
    return found


@dataclass
class Place:
    """A server, the name of a database that it has not, and how an executor sees them."""

    factory: AppFactory
    url: str
    administer: Callable[[str], None]
    pinned: PinnedApprover

    @property
    def name(self) -> str:
        if self.url.startswith("postgres"):
            return postgresql_address.parse(self.url).database
        return mysql_address.parse(self.url).database

    def executor(
        self, *, serves: str = "account", creators: tuple[PinnedApprover, ...] | None = None
    ) -> App:
        """An executor of another account with its configuration as root wrote it."""
        signers = (self.pinned,) if creators is None else creators
        return as_executor(
            self.factory(self.url, environment="production", protected=True), serves, signers
        )

    def is_there(self, app: App) -> bool:
        engine = app.database().engine
        with engine.connect(engine.maintenance(self.url)) as session:
            return engine.has_database(session, self.url)


def as_executor(app: App, serves: str, signers: tuple[PinnedApprover, ...]) -> App:
    verifiers = {ed25519.SIGNER: ed25519.verify}
    served: App
    executor = LocalExecutor(lambda: served, verifiers, {})
    served = replace(
        app,
        serves=serves,
        creators=lambda: signers,
        executor=executor,
        new_id=composition.new_id,
    )
    return served


@pytest.fixture(params=["postgresql", "mariadb"])
def place(
    request: pytest.FixtureRequest, app_factory: AppFactory, keys: dict[str, SigningKey]
) -> Iterator[Place]:
    name, pinned = f"n_{secrets.token_hex(4)}", keys["ada"].public.pinned()
    url: str = request.getfixturevalue(f"{request.param}_url")
    if request.param == "postgresql":
        own = postgresql_address.parse(url)
        to = postgresql_address.url_of(own.to_database(name))
        quoted = [f'"{name}_migrate"', f'"{name}_read"']

        def administer(sql: str) -> None:
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(sql.encode())
    else:
        of = mysql_address.parse(url)
        to = mysql_address.url_of(of.to_database(name))
        quoted = [f"`{name}_migrate`@'%'", f"`{name}_read`@'%'"]

        def administer(sql: str) -> None:
            with raw(of) as admin:
                rows(admin, sql)

    try:
        yield Place(app_factory, to, administer, pinned)
    finally:
        administer(f"DROP DATABASE IF EXISTS {name}")
        for role in quoted:
            kind = "ROLE" if request.param == "postgresql" else "USER"
            administer(f"DROP {kind} IF EXISTS {role}")


def proposed(app: App, *, roles: bool = False) -> StoredPlan:
    return app.executor.propose(
        Proposal(
            kind=PlanKind.DB_CREATE,
            database="main",
            environment="production",
            arguments={"roles": "yes"} if roles else {},
        )
    )


def signature(app: App, plan_id: str, key: SigningKey, name: str) -> Approval:
    payload = app.executor.payload(plan_id, approver=name, key_id=key.public.key_id)
    return Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )


def signed(app: App, keys: dict[str, SigningKey], *, roles: bool = False) -> str:
    plan = proposed(app, roles=roles).plan
    stored = app.executor.sign(signature(app, plan.id, keys["ada"], "ada"))
    assert stored.state is PlanState.SIGNED
    return plan.id


def run(app: App, plan_id: str) -> Job:
    return app.executor.run_job(app.executor.start(plan_id).id)


def events(app: App) -> list[str]:
    return [entry.event for entry in app.state.audit()]


# --- who ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serves", "why"), [("", "could name itself"), ("account", "no `creators`")]
)
def test_nobody_may_sign_where_the_agent_could_name_itself(
    serves: str, why: str, app_factory: AppFactory, keys: dict[str, SigningKey]
) -> None:
    """Below tier 3 whatever names a signer counts for nothing; and nothing is connected to."""
    signers = () if serves else (keys["mallory"].public.pinned(),)
    app = app_factory(UNREACHABLE, environment="production", protected=True)
    with pytest.raises(ApprovalNotSetUp, match=why) as refused:
        proposed(as_executor(app, serves, signers))
    assert "faber-db protect production" in refused.value.hint
    assert "plan.refused" in events(app)


def test_what_needs_no_signature_gets_no_plan(app_factory: AppFactory) -> None:
    app = as_executor(app_factory(UNREACHABLE, environment="production"), "account", ())
    with pytest.raises(NotSupported, match="without a signature"):
        proposed(app)


def test_a_file_is_not_made_by_a_server(
    app_factory: AppFactory, sqlite_url: str, keys: dict[str, SigningKey]
) -> None:
    app = app_factory(sqlite_url, environment="production", protected=True)
    with pytest.raises(NotSupported, match="is a file"):
        proposed(as_executor(app, "account", (keys["ada"].public.pinned(),)))
    assert not Path(sqlite_url.removeprefix("sqlite:")).exists()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_key_that_is_not_named_signs_nothing(place: Place, keys: dict[str, SigningKey]) -> None:
    app = place.executor()
    plan = proposed(app).plan
    for name in ("mallory", "ada"):
        with pytest.raises(ApprovalError):
            app.executor.sign(signature(app, plan.id, keys["mallory"], name))
    assert app.state.plan(plan.id).state is PlanState.WAITING
    two = place.factory(
        place.url, environment="production", protected=True, settings={"min_approvals": 2}
    )
    with pytest.raises(PolicyRefused, match="2 people have to sign"):
        proposed(as_executor(two, "account", (place.pinned,)))


# --- what --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_whole_way(place: Place, keys: dict[str, SigningKey]) -> None:
    app = place.executor()
    first = ask(AskRequest(environment="production", roles=True), app)
    assert first.details.state.value == "approval_required"
    assert "CREATE DATABASE" in " ".join(first.details.statements)
    assert not place.is_there(app)
    plan_id = first.details.plan_id
    shown = app.executor.show(plan_id)
    assert any("CREATE DATABASE" in line for line in shown.statements)
    assert "ada" in dict(shown.facts)["Approvers"]
    folder = app.state_folder / "credentials" / "main.production"
    assert str(folder) in dict(shown.facts)["Writes"]
    assert not folder.exists()
    app.executor.sign(signature(app, plan_id, keys["ada"], "ada"))
    assert run(app, plan_id).state is JobState.DONE
    done = ask(AskRequest(environment="production", roles=True, plan_id=plan_id), app)
    assert done.details.files == [str(folder / "migrate"), str(folder / "read")]
    assert place.is_there(app)
    stored = app.state.plan(plan_id)
    told = [stored.model_dump_json(), done.model_dump_json(), first.model_dump_json()]
    told += [str(e.body) for e in app.state.audit()] + [str(shown)]
    engine = app.database().engine
    for word in ("migrate", "read"):
        file = folder / word
        assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
        url = file.read_text("utf-8").strip()
        password = _password(url)
        assert len(password) >= 32
        assert not [text for text in told if password in text]
        with engine.connect(url) as session:
            assert session.query("SELECT 1") == [(1,)]
    assert {"plan.made", "approval.signed", "db-create.intent", "db-create.done"} <= set(
        events(app)
    )
    with pytest.raises(NothingPending, match="is there already"):
        proposed(app)
    again = ask(AskRequest(environment="production"), app)
    assert again.details.state.value == "skipped"


def _password(url: str) -> str:
    if url.startswith("postgres"):
        return postgresql_address.parse(url).parameters["password"]
    return mysql_address.parse(url).password


@pytest.mark.slow
def test_a_signature_makes_one_database_once(place: Place, keys: dict[str, SigningKey]) -> None:
    app = place.executor()
    plan = proposed(app).plan
    approval = signature(app, plan.id, keys["ada"], "ada")
    app.executor.sign(approval)
    assert run(app, plan.id).state is JobState.DONE
    place.administer(f"DROP DATABASE {place.name}")
    assert run_again(app, plan.id) is JobState.DONE  # the same job: nothing begins a second time
    assert not place.is_there(app)
    with pytest.raises(ApprovalStale):
        app.executor.sign(approval)
    other = proposed(app).plan
    assert other.id != plan.id
    moved = approval.payload.model_copy(update={"plan_id": other.id})
    for replayed in (approval, approval.model_copy(update={"payload": moved})):
        with pytest.raises((ApprovalError, ApprovalStale)):
            app.executor.sign(replayed)
    assert not place.is_there(app)


def run_again(app: App, plan_id: str) -> JobState:
    return app.executor.start(plan_id).state


def _made_by_another(place: Place, app: App) -> App:
    place.administer(f"CREATE DATABASE {place.name}")
    return app


def _another_folder(place: Place, app: App) -> App:
    other = app.state_folder / "elsewhere"
    other.mkdir()
    return _with(app, state_folder=other)


def _other_signers(place: Place, app: App) -> App:
    return _with(app, creators=lambda: (place.pinned.model_copy(update={"accounts": ("eve",)}),))


def _nobody(place: Place, app: App) -> App:
    return _with(app, creators=tuple)


def _less_than_tier_3(place: Place, app: App) -> App:
    return _with(app, serves="")


def _another_name(place: Place, app: App) -> App:
    other = replace(place, url=place.url.replace(place.name, f"{place.name}x"))
    return other.executor()


def _with(app: App, **changes: object) -> App:
    served: App
    executor = LocalExecutor(lambda: served, {ed25519.SIGNER: ed25519.verify}, {})
    served = replace(app, executor=executor, **changes)  # type: ignore[arg-type]  # by name
    return served


MEANWHILE: dict[str, tuple[Callable[[Place, App], App], str]] = {
    "somebody made it": (_made_by_another, "approval-stale"),
    "another folder": (_another_folder, "approval-stale"),
    "other signers": (_other_signers, "approval-stale"),
    "no signers": (_nobody, "approval-not-set-up"),
    "no root behind it": (_less_than_tier_3, "approval-not-set-up"),
    "another database": (_another_name, "policy-target-changed"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("change", "code"), MEANWHILE.values(), ids=MEANWHILE)
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_what_changed_after_the_signature_stops_it(
    change: Callable[[Place, App], App], code: str, place: Place, keys: dict[str, SigningKey]
) -> None:
    app = place.executor()
    plan_id = signed(app, keys, roles=True)
    app = change(place, app)
    job = run(app, plan_id)
    assert (job.state, job.error["code"]) == (JobState.FAILED, code)
    assert not list(app.state_folder.glob("**/migrate"))
    assert app.state.plan(plan_id).state is not PlanState.DONE
    assert "db-create.intent" not in events(app)


@pytest.mark.slow
@pytest.mark.parametrize("taken", ["file", "link", "open folder"])
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_no_credential_goes_where_others_look(
    taken: str, place: Place, keys: dict[str, SigningKey], tmp_path: Path
) -> None:
    """And then there is no database either, nor a role."""
    app = place.executor()
    plan_id = signed(app, keys, roles=True)
    folder = app.state_folder / "credentials" / "main.production"
    folder.parent.mkdir(mode=0o700)
    if taken == "link":
        (tmp_path / "open").mkdir(mode=0o777)
        folder.symlink_to(tmp_path / "open")
    else:
        folder.mkdir(mode=0o700)
    if taken == "file":
        (folder / "read").write_text("somebody's")
    if taken == "open folder":
        folder.chmod(0o755)
    job = run(app, plan_id)
    assert (job.state, job.error["code"]) == (JobState.FAILED, "input-file-unreadable")
    assert not (folder / "migrate").exists()
    assert not place.is_there(app)
    assert app.state.plan(plan_id).state is PlanState.FAILED


@pytest.mark.slow
@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_process_that_died_is_told_by_what_is_there(
    made: bool, place: Place, keys: dict[str, SigningKey]
) -> None:
    app = place.executor()
    plan_id = signed(app, keys, roles=True)
    job = app.executor.start(plan_id)
    assert app.state.move_plan(plan_id, expect=(PlanState.CLAIMED,), to=PlanState.USED)
    if made:
        place.administer(f"CREATE DATABASE {place.name}")
    assert settle(app, job).state is JobState.FAILED
    stored = app.state.plan(plan_id)
    assert stored.state is PlanState.FAILED
    there = "is there, perhaps without all of its rights" if made else "is not there"
    assert there in stored.reason
    assert "credentials" in stored.reason
