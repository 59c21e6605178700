"""Plans, backups and the audit trail can be read, and hold nothing that would be accepted."""

import json

import pytest
from mcp import Client, MCPError

from tests.tools.conftest import Connect, Era, content_of


async def _text(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    text: str = getattr(content, "text")  # noqa: B009
    return text


@pytest.mark.anyio
async def test_plan_backup_and_audit(connect: Connect, era: Era) -> None:
    async with connect(era) as client:
        planned = content_of(await client.call_tool("coordinate-build", {"dry_run": True}))
        plan_id = planned["details"]["plan_id"]
        plan = await _text(client, f"faber-db://plans/{plan_id}")
        assert "CREATE TABLE users" in plan
        assert "nonce" not in plan
        await client.call_tool("coordinate-build", {"plan_id": plan_id})
        made = content_of(await client.call_tool("create-backup", {"environment": "dev"}))
        backup_id = made["details"]["backup_id"]
        assert json.loads(await _text(client, f"faber-db://backups/{backup_id}"))["id"] == backup_id
        entries = json.loads(await _text(client, "faber-db://audit/0"))
        assert [e["seq"] for e in entries] == list(range(1, len(entries) + 1))
        assert len(json.loads(await _text(client, "faber-db://audit/1"))) == len(entries) - 1


UNKNOWN = ["plans/plan_nothing", "backups/backup_nothing", "audit/first", "secrets/x"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", UNKNOWN)
async def test_unknown(connect: Connect, path: str) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(f"faber-db://{path}")
    assert caught.value.code == -32602
