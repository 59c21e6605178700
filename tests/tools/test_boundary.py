"""Arguments are taken as they are or refused with a code; failures are coded; bugs stay hidden."""

from pathlib import Path
from typing import Any

import pytest

from faber_db.errors import ApprovalRequired, Cancelled, LockBusy, PolicyRefused
from faber_db.tools.boundary import explained, failed
from tests.tools.conftest import Connect, Era, code_of, content_of, text_of, write_config

REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "misspelt": ("coordinate-build", {"dryrun": True}, "input-unknown-argument", "'dry_run'"),
    "unknown": ("status", {"verbose": True}, "input-unknown-argument", "environment"),
    "approval": ("coordinate-release", {"approval": "x"}, "input-unknown-argument", "plan_id"),
    "text for a boolean": ("coordinate-build", {"dry_run": "true"}, "input-invalid", "dry_run"),
    "number for a boolean": ("coordinate-build", {"dry_run": 1}, "input-invalid", "dry_run"),
    "number for a text": ("coordinate-build", {"plan_id": 5}, "input-invalid", "plan_id"),
    "text for a number": ("status", {"wait_seconds": "5"}, "input-invalid", "wait_seconds"),
    "boolean for a number": ("status", {"wait_seconds": True}, "input-invalid", "wait_seconds"),
    "too long a wait": ("status", {"wait_seconds": 26}, "input-invalid", "wait_seconds"),
    "text for a list": ("describe-schema", {"tables": '["users"]'}, "input-invalid", "tables"),
    "null": ("status", {"environment": None}, "input-invalid", "environment"),
    "no such choice": ("health-check", {"detail": "all"}, "input-invalid", "detail"),
    "missing": ("create-backup", {}, "input-invalid", "environment"),
    "number in a map": ("coordinate-architect", {"answers": {"a": 1}}, "input-invalid", "answers"),
}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tool", "arguments", "code", "named"), REFUSED.values(), ids=REFUSED.keys()
)
async def test_refused(
    connect: Connect, era: Era, tool: str, arguments: dict[str, Any], code: str, named: str
) -> None:
    async with connect(era) as client:
        result = await client.call_tool(tool, arguments)
    assert code_of(result) == code
    assert named in text_of(result)


@pytest.mark.anyio
async def test_refusal_does_not_repeat_the_value(connect: Connect) -> None:
    async with connect() as client:
        result = await client.call_tool("coordinate-build", {"dry_run": "hunter2-secret"})
    assert "hunter2" not in text_of(result) + str(content_of(result))


@pytest.mark.anyio
async def test_refused_call_did_nothing(connect: Connect, project: Path) -> None:
    async with connect() as client:
        await client.call_tool("coordinate-build", {"dryrun": True})
    assert not (project / "dev.sqlite3").exists()


@pytest.mark.anyio
async def test_broken_configuration_fails_the_call_and_is_read_again(
    connect: Connect, project: Path, era: Era
) -> None:
    (project / "faber-db.json").write_text('{"environmets": {}}')
    async with connect(era) as client:
        assert code_of(await client.call_tool("status", {})).startswith("config-")
        write_config(project, {"dev": {"url": "dev.sqlite3"}})
        repaired = await client.call_tool("status", {})
        assert not repaired.is_error
        write_config(project, {"dev": {"url": "d.sqlite3"}, "staging": {"url": "s.sqlite3"}})
        edited = content_of(await client.call_tool("status", {}))
    assert [e["environment"] for e in edited["details"]["environments"]] == ["dev", "staging"]


@pytest.mark.anyio
async def test_path_outside_the_project(connect: Connect, project: Path) -> None:
    (project.parent / "secret.sql").write_text("SELECT 1;")
    (project / "link.sql").symlink_to(project.parent / "secret.sql")
    async with connect() as client:
        for path in ("../secret.sql", str(project.parent / "secret.sql"), "link.sql"):
            result = await client.call_tool(
                "analyze-migration", {"path": path, "dialect": "sqlite"}
            )
            assert code_of(result) == "input-path-outside-project"


@pytest.mark.anyio
async def test_bug_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    @explained
    async def broken() -> Any:
        raise RuntimeError("password=hunter2")

    result = await broken()
    assert code_of(result) == "internal-error"
    assert "hunter2" not in text_of(result) + str(content_of(result))
    assert "hunter2" in caplog.text


def test_waiting_for_a_person_is_no_error() -> None:
    result = failed(ApprovalRequired("plan_x waits", hint="faber-db approve plan_x"))
    assert not result.is_error
    content = content_of(result)
    assert content["status"] == "warning"
    assert content["details"]["state"] == "approval_required"
    assert content["warnings"][0]["code"] == "approval-required"


STATES = {
    "refused": (PolicyRefused("not here"), {"state": "refused"}),
    "busy": (LockBusy("held by 4121"), {}),
    "cancelled": (Cancelled("stopped"), {}),
}


@pytest.mark.parametrize(("error", "details"), STATES.values(), ids=STATES.keys())
def test_state_of_a_failure(error: Any, details: dict[str, str]) -> None:
    result = failed(error)
    assert result.is_error
    assert content_of(result)["details"] == details
