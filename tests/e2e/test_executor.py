"""An executor under another account of this machine, and an agent under a plain one beside it."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from anyio import fail_after, to_thread
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult

from tests.e2e.accounts import Account, Apart, apart, new_account
from tests.e2e.project import APPROVER

pytestmark = pytest.mark.slow

ADD = "ALTER TABLE customers ADD COLUMN phone text;\n"


@pytest.fixture(scope="module")
def executor_account() -> Iterator[Account]:
    with new_account("exec") as account:
        yield account


@pytest.fixture(scope="module")
def agent_account() -> Iterator[Account]:
    with new_account("agent") as account:
        yield account


@pytest.fixture(params=["sqlite", "postgresql"])
def there(
    request: pytest.FixtureRequest, executor_account: Account, agent_account: Account
) -> Iterator[Apart]:
    """Both sides, production protected by a person at the executor's own account, and listening."""
    url = ""
    if request.param == "postgresql":
        new: Callable[..., str] = request.getfixturevalue("new_postgresql")
        url = new()
        if folder := parse_qs(urlsplit(url).query).get("host"):
            Path(folder[0]).chmod(0o711)  # other accounts may pass through to its socket
    with apart(executor_account, agent_account, url) as made:
        made.own.protect()
        made.start()
        yield made


@pytest.fixture
def on_sqlite(executor_account: Account, agent_account: Account) -> Iterator[Apart]:
    with apart(executor_account, agent_account) as made:
        made.own.protect()
        made.start()
        yield made


def release_first(there: Apart) -> None:
    plan = there.asking.plan("release", "production")
    assert there.own.sign(plan).exit_code == 0
    code, answer = there.asking.exits("release", "production", "--plan", plan)
    assert (code, answer["details"]["state"]) == (0, "done"), answer


def test_a_release_on_the_command_line(there: Apart) -> None:
    agent = there.asking
    code, answer = agent.exits("release", "production")
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    assert answer["details"]["tier"] == 3
    plan = answer["details"]["plan_id"]
    assert agent.json("status", "production")["details"]["waiting"][0]["plan_id"] == plan
    assert "CREATE TABLE customers" in agent.run("plan", "show", plan[:9], "--sql").stdout
    assert agent.exits("release", "production", "--plan", plan)[0] == 4  # nobody has signed
    assert there.own.sign(plan).exit_code == 0
    code, answer = agent.exits("release", "production", "--plan", plan)
    assert (code, answer["details"]["state"]) == (0, "done"), answer
    assert answer["details"]["backup_id"]
    assert "email" in there.place.columns("production", "customers")
    assert agent.exits("release", "production")[1]["details"]["state"] == "skipped"


def test_what_is_looked_at_through_it(there: Apart) -> None:
    release_first(there)
    agent = there.asking
    assert agent.json("status")["details"]["environments"][-1]["environment"] == "production"
    code, health = agent.exits("health", "production")
    assert code == 0, health
    assert health["details"]["overall"] in ("healthy", "degraded")  # a test server syncs nothing
    assert "customers" in agent.run("schema", "production").stdout
    code, drift = agent.exits("drift", "production")
    assert (code, drift["details"]["differences"]) == (0, []), drift
    assert agent.exits("policy", "show", "production")[1]["details"]["pinned"] is True
    assert APPROVER in agent.run("approvers", "list", "production").stdout
    agent.add_migration("20261101000000_phone", ADD)
    there.agent.own(agent.root / "migrations" / "20261101000000_phone.up.sql", 0o600)
    there.agent.own(agent.root / "migrations" / "20261101000000_phone.down.sql", 0o600)
    analysed = agent.json("analyze", "--environment", "production")
    assert "phone" in analysed["statements"][0]["text"]


def test_backups_restore_and_rollback_through_it(there: Apart) -> None:
    release_first(there)
    agent = there.asking
    code, made = agent.exits("backup", "create", "production", "--label", "by hand")
    assert code == 0, made
    backup = made["details"]["backup_id"]
    listed = agent.json("backup", "list", "production")["details"]["backups"]
    assert listed[0]["backup_id"] == backup
    assert agent.json("backup", "show", backup)["details"]["backup"]["label"] == "by hand"
    assert agent.exits("backup", "verify", backup)[0] == 0
    assert agent.exits("status", backup)[0] == 0
    there.write("INSERT INTO customers (id, email, name) VALUES (7, 'x@y', 'X');")
    plan = agent.plan("restore", "production", backup)
    assert there.own.sign(plan, loses=("production",)).exit_code == 0
    code, done = agent.exits("restore", "production", backup, "--plan", plan)
    assert code == 0, done
    assert there.place.rows("production", "SELECT count(*) FROM customers") == [(0,)]
    plan = agent.plan("rollback", "production")
    code, rejected = agent.exits("reject", plan, "--reason", "not today")
    assert code == 0, rejected
    code, refused = agent.exits("rollback", "production", "--plan", plan)
    assert (code, refused["errors"][0]["code"]) == (5, "approval-rejected"), refused


def test_an_approver_signs_through_it_and_deploys(on_sqlite: Apart) -> None:
    """The approver's key lies in another account than the executor's; here it is moved there."""
    there = on_sqlite
    keys = there.folder / "executor" / "config"
    moved = there.folder / "agent" / "config"
    keys.rename(moved)
    for path in (moved, *moved.rglob("*")):
        there.agent.own(path, 0o700 if path.is_dir() else 0o600)
    plan = there.asking.plan("release", "production")
    done = there.asking.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    assert "email" in there.place.columns("production", "customers")
    job = there.asking.json("job", "list")["details"]["jobs"][0]
    assert job["plan_id"] == plan
    assert there.asking.json("job", "show", job["id"])["details"]["job"]["state"] == "done"


def test_protecting_needs_the_executors_own_account(on_sqlite: Apart) -> None:
    done = on_sqlite.asking.at_terminal("protect", "production", answers=[])
    assert done.exit_code == 5
    assert "policy-refused" in done.screen
    assert "own account" in done.screen
    assert "assphrase" not in done.screen


# --- through the tools -------------------------------------------------------------------------


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_release_through_the_tools(there: Apart) -> None:
    agent = there.asking
    command, *arguments = agent.command("serve")
    server = StdioServerParameters(
        command=command, args=arguments, env=agent.environ, cwd=str(agent.root)
    )
    with fail_after(180):
        async with Client(server) as client:

            async def call(tool: str, **given: object) -> dict[str, Any]:
                result: CallToolResult = await client.call_tool(tool, given)
                assert result.structured_content is not None
                assert not result.is_error, result.structured_content
                return dict(result.structured_content)

            asked = await call("coordinate-release", environment="production", work_id="7")
            plan = asked["details"]["plan_id"]
            assert asked["details"]["state"] == "approval_required"
            signed = await to_thread.run_sync(lambda: there.own.sign(plan))
            assert signed.exit_code == 0, signed.screen
            done = await call("coordinate-release", environment="production", plan_id=plan)
            assert done["details"]["state"] == "done", done
            assert (await call("health-check", environment="production"))["details"]["overall"]
            tables = await call("describe-schema", environment="production")
            assert tables["details"]["table_count"] >= 2
            followed = await call("status", id=plan, wait_seconds=1)
            assert followed["details"]["waiting"][0]["asked_by"]
            made = await call("create-backup", environment="production")
            listed = await call("list-backups", environment="production")
            assert listed["details"]["backups"][0]["backup_id"] == made["details"]["backup_id"]
            assert (await call("analyze-migration", environment="production"))["message"]
            assert (await call("status"))["details"]["environments"]


# --- what the agent's account cannot do --------------------------------------------------------


def test_the_agent_cannot_read_anything_of_the_executor(on_sqlite: Apart) -> None:
    there = on_sqlite
    release_first(there)
    kept = [p for p in (there.folder / "executor").rglob("*") if p.is_file()] + [there.config]
    names = {p.name for p in kept}
    assert {"production.db", "executor.json", "state.sqlite3"} <= names
    assert any(p.parent.name == "keys" for p in kept)
    assert any(p.parent.name == "backups" for p in kept)
    assert [p for p in kept if there.agent.can_read(p)] == []
    assert all(there.executor.can_read(p) for p in kept)
    written = [p for p in (there.folder / "agent").rglob("*") if p.is_file()]
    assert [p for p in written if there.production.encode() in p.read_bytes()] == []
    proc = Path("/proc") / str(there.process.pid if there.process else 0) / "environ"
    assert not there.agent.can_read(proc)


def test_the_agent_cannot_put_a_socket_in_its_place(on_sqlite: Apart) -> None:
    there = on_sqlite
    for command in (["rm", str(there.address)], ["ln", "-sf", "/tmp", str(there.address)]):
        done = subprocess.run([*there.agent.prefix, *command], check=False, capture_output=True)
        assert done.returncode != 0
    assert there.asking.exits("status", "production")[0] == 0


def test_an_account_that_is_not_named_is_refused_and_recorded(
    on_sqlite: Apart, tmp_path: Path
) -> None:
    there = on_sqlite
    with new_account("stranger") as stranger, apart(there.executor, stranger) as other:
        file = other.asking.root / "faber-db.json"
        settings = json.loads(file.read_text("utf-8"))
        settings["environments"]["production"]["executor"] = f"unix:{there.address}"
        file.write_text(json.dumps(settings), "utf-8")
        code, answer = other.asking.exits("release", "production")
        assert (code, answer["errors"][0]["code"]) == (5, "executor-refused"), answer
        recorded = there.own.json("audit", "show", "--event", "executor")["details"]["entries"]
        assert [e["body"]["peer"] for e in recorded] == [stranger.name]


def test_what_the_requester_claims_is_not_believed(on_sqlite: Apart) -> None:
    there = on_sqlite
    there.asking.environ["USER"] = APPROVER
    there.asking.environ["LOGNAME"] = APPROVER
    plan = there.asking.plan("release", "production")
    shown = there.own.json("plan", "show", plan)
    assert shown["plan"]["requester"]["account"] == there.agent.name


# --- together, and when it ends ----------------------------------------------------------------


def test_of_twenty_at_once_one_wins(on_sqlite: Apart) -> None:
    there = on_sqlite
    plan = there.asking.plan("release", "production")
    assert there.own.sign(plan).exit_code == 0
    with ThreadPoolExecutor(20) as pool:
        ended = list(
            pool.map(
                lambda _: there.asking.exits("release", "production", "--plan", plan), range(20)
            )
        )
    assert {code for code, _ in ended} <= {0, 4, 5}, ended
    jobs = {a["details"].get("job_id") for _, a in ended} - {"", None}
    assert len(jobs) == 1, ended
    audit = there.own.json("audit", "show", "--event", "deploy", "--limit", "50")
    events = [e["event"] for e in audit["details"]["entries"]]
    assert events.count("deploy.intent") == 1
    assert events.count("deploy.done") == 1


LONG = "".join(f"CREATE TABLE t{n} (id integer PRIMARY KEY);\n" for n in range(400))


def test_an_executor_that_is_killed_leaves_the_truth(on_sqlite: Apart) -> None:
    there = on_sqlite
    release_first(there)
    there.asking.add_migration("20261101000000_long", LONG)
    for file in (there.asking.root / "migrations").iterdir():
        there.agent.own(file, 0o600)
    plan = there.asking.plan("release", "production")
    assert there.own.sign(plan).exit_code == 0
    asking = subprocess.Popen(
        there.asking.command("release", "production", "--plan", plan, "--json"),
        cwd=there.asking.root,
        env=there.asking.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    state = sqlite3.connect(f"file:{there.state / 'state.sqlite3'}?mode=ro", uri=True)
    while not state.execute("SELECT 1 FROM jobs WHERE plan_id = ?", (plan,)).fetchone():
        assert asking.poll() is None, asking.stderr
    state.close()
    there.kill()
    out, _ = asking.communicate(timeout=60)
    answer = json.loads(out)
    assert answer["errors"][0]["code"].startswith("executor-"), answer
    assert there.asking.exits("status", "production")[1]["errors"][0]["code"] == (
        "executor-unavailable"
    )
    there.start()
    stored = there.own.json("plan", "show", plan)
    for _ in range(6):  # one that was never begun is settled after a minute
        there.asking.json("status", plan, "--wait", "25")
        stored = there.own.json("plan", "show", plan)
        if stored["state"] not in ("claimed", "used"):
            break
    applied = there.place.rows("production", "SELECT count(*) FROM sqlite_master WHERE name = 't9'")
    # the job goes on in its own process, and says what it did
    assert (stored["state"] == "done") == (applied == [(1,)]), stored
    assert stored["state"] in ("done", "signed"), stored


def test_it_ends_when_told_to_and_takes_its_socket_along(on_sqlite: Apart) -> None:
    there = on_sqlite
    assert there.stop() == 0
    assert not there.address.exists()
    code, answer = there.asking.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (2, "executor-unavailable"), answer
    there.start()
    there.kill()
    assert there.address.exists()
    there.start()  # a stale socket is no obstacle
    second = there.own.run("executor", "run", "--config", str(there.config))
    assert second.returncode == 2
    assert "executor-unavailable" in second.stderr
    assert there.asking.exits("status", "production")[0] == 0


def test_a_configuration_that_others_can_write_is_refused(on_sqlite: Apart) -> None:
    there = on_sqlite
    there.config.chmod(0o666)
    done = there.own.run("executor", "run", "--config", str(there.config))
    assert (done.returncode, "config-invalid" in done.stderr) == (1, True), done.stderr
    os.chown(there.config, there.agent.uid, there.agent.gid)
    there.config.chmod(0o644)
    done = there.own.run("executor", "run", "--config", str(there.config))
    assert (done.returncode, "config-invalid" in done.stderr) == (1, True), done.stderr
