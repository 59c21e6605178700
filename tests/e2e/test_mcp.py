"""A real client over standard input and output carries a work item to production.

Once acting on the text of the answers alone, once on their structured part alone, in both eras of
the protocol. The approval comes from another process, on a pseudo-terminal.
"""

import re
import sys
from typing import Literal, Protocol

import pytest
from anyio import fail_after, to_thread
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent

from tests.e2e.project import Project

LOST = ("customers.legacy_token",)
SECONDS = 120


class Reader(Protocol):
    """What an agent takes from an answer before its next call."""

    def state(self, result: CallToolResult) -> str: ...

    def plan_id(self, result: CallToolResult) -> str: ...

    def has(self, result: CallToolResult, words: str) -> bool: ...


class TextOnly:
    """Sees the text blocks, as some clients show them."""

    def state(self, result: CallToolResult) -> str:
        text = _text(result)
        begun = re.match(
            r"(skipped|planned|questions|confirm_required|approval_required|running|refused):", text
        )
        return begun[1] if begun else "done"

    def plan_id(self, result: CallToolResult) -> str:
        found = re.search(r"\bplan_[a-z0-9]{8}\b", _text(result))
        assert found, _text(result)
        return found[0]

    def has(self, result: CallToolResult, words: str) -> bool:
        return words in _text(result)


class StructuredOnly:
    """Sees the structured part, as other clients show it."""

    def state(self, result: CallToolResult) -> str:
        assert result.structured_content is not None
        return str(result.structured_content["details"]["state"])

    def plan_id(self, result: CallToolResult) -> str:
        assert result.structured_content is not None
        return str(result.structured_content["details"]["plan_id"])

    def has(self, result: CallToolResult, words: str) -> bool:
        return words in str(result.structured_content)


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("reader", [TextOnly(), StructuredOnly()], ids=["text", "structured"])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_work_item_becomes_a_release(
    mode: Literal["auto", "legacy"], reader: Reader, released: Project
) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "faber_db", "serve"],
        env=released.environ,
        cwd=str(released.root),
    )
    with fail_after(SECONDS):
        async with Client(server, mode=mode) as client:
            await _carried(client, reader, released)


async def _carried(client: Client, reader: Reader, project: Project) -> None:
    async def call(tool: str, **arguments: object) -> CallToolResult:
        return await client.call_tool(tool, arguments)

    found = await call("detect-database-needs", title="Add a phone column to the customers table")
    assert reader.has(found, "yes")

    made = await call(
        "coordinate-architect",
        spec_file="specs/123-customer-contact.md",
        name="contact",
        work_id="123",
    )
    assert reader.has(made, "DROP COLUMN legacy_token")
    assert reader.has(made, "coordinate-build")  # the next step

    for tool in ("coordinate-build", "coordinate-evaluate"):
        done = await call(tool, work_id="123")
        assert not done.is_error, _text(done)
        assert reader.state(done) == "done"
        assert reader.state(await call(tool, work_id="123")) == "skipped"

    asked = await call("coordinate-release", work_id="123")
    assert not asked.is_error  # waiting for a person is no error
    assert reader.state(asked) == "approval_required"
    plan_id = reader.plan_id(asked)
    assert reader.has(asked, f"faber-db approve {plan_id}")
    assert reader.has(asked, LOST[0])

    again = await call("coordinate-release", plan_id=plan_id)
    assert reader.state(again) == "approval_required"
    assert _columns(project) >= {"legacy_token"}

    signed = await to_thread.run_sync(lambda: project.sign(plan_id, loses=LOST))
    assert signed.exit_code == 0, signed.screen

    released = await call("coordinate-release", plan_id=plan_id)
    assert not released.is_error, _text(released)
    assert reader.state(released) == "done"
    assert reader.has(released, "backup_")
    assert "legacy_token" not in _columns(project)
    assert "phone" in _columns(project)

    assert reader.has(await call("health-check", environment="production"), "healthy")
    assert reader.has(await call("list-backups", environment="production"), "good")
    assert reader.has(await call("status", id=plan_id), "done")
    assert reader.state(await call("coordinate-release", work_id="123")) == "skipped"


def _columns(project: Project) -> set[str]:
    return {str(row[1]) for row in project.rows("production", "PRAGMA table_info(customers)")}
