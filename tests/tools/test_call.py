"""Calls run beside each other, report progress, and stop when the client cancels them."""

import os
import pwd
import threading
from pathlib import Path

import anyio
import pytest

from faber_db.tools.project import OpenProject
from tests.tools.conftest import Connect, Era, content_of, text_of, write_config


@pytest.mark.anyio
async def test_progress_is_passed_on(connect: Connect, era: Era) -> None:
    heard: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async with connect(era) as client:
        await client.call_tool("coordinate-evaluate", {}, progress_callback=hear)
    assert any(words and "users" in words for words in heard)


@pytest.mark.anyio
async def test_requester_is_the_client(connect: Connect, era: Era, opened: OpenProject) -> None:
    async with connect(era) as client:
        planned = await client.call_tool("coordinate-build", {"dry_run": True})
    plan = opened.app().state.plan(content_of(planned)["details"]["plan_id"]).plan
    assert plan.requester.client == "mcp"
    assert plan.requester.account == pwd.getpwuid(os.getuid()).pw_name


async def _open_plan(connect: Connect, project: Path) -> str:
    """A plan that waits for nothing but a call."""
    async with connect() as client:
        planned = await client.call_tool("coordinate-build", {"dry_run": True})
    plan_id: str = content_of(planned)["details"]["plan_id"]
    return plan_id


@pytest.mark.anyio
async def test_cancelled_wait_ends_its_thread(connect: Connect, era: Era, project: Path) -> None:
    plan_id = await _open_plan(connect, project)
    with anyio.fail_after(20):
        async with connect(era) as client:
            threads = threading.active_count()
            with anyio.move_on_after(0.5) as scope:
                await client.call_tool("status", {"id": plan_id, "wait_seconds": 25})
            assert scope.cancelled_caught
            assert threading.active_count() <= threads + 2
            after = await client.call_tool("status", {"id": plan_id})
    assert "is ready" in text_of(after)


@pytest.mark.anyio
async def test_wait_sees_the_plan_move(connect: Connect, era: Era, project: Path) -> None:
    plan_id = await _open_plan(connect, project)
    answers: list[str] = []
    with anyio.fail_after(60):
        async with connect(era) as client:

            async def wait() -> None:
                moved = await client.call_tool("status", {"id": plan_id, "wait_seconds": 15})
                answers.append(text_of(moved))

            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                await client.call_tool("coordinate-build", {"plan_id": plan_id})
    assert "done" in answers[0] or "job_" in answers[0]


@pytest.mark.anyio
async def test_slow_environment_does_not_hold_up_the_others(
    connect: Connect, project: Path
) -> None:
    write_config(project, {"dev": {"url": "dev.sqlite3"}, "staging": {"url": "none.sqlite3"}})
    async with connect() as client:
        details = content_of(await client.call_tool("status", {}))["details"]
    assert ["problem" in e for e in details["environments"]] == [True, True]
