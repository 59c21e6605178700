"""Every tool answers in both eras, within its budget, as its published schema says."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from mcp import Client
from mcp.types import CallToolResult

from faber_db.tools.catalogue import DETAILS
from faber_db.tools.fit import SUMMARY, size_of
from tests.tools.conftest import Connect, Era, content_of, text_of

SPEC = """# Users get a nickname

## Data Model

```sql
ALTER TABLE users ADD COLUMN nickname TEXT;
```
"""


async def _valid(client: Client, tool: str, result: CallToolResult) -> dict[str, Any]:
    """The details, after the whole answer was checked against the schema that is published."""
    schema = await client.read_resource(f"faber-db://schemas/{tool}.json")
    (content,) = schema.contents
    validator = Draft202012Validator(json.loads(getattr(content, "text")))  # noqa: B009
    answer = content_of(result)
    assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(answer)]
    assert size_of(answer) <= SUMMARY + 2_000
    text = text_of(result)
    assert "{\n" not in text
    details: dict[str, Any] = answer["details"]
    for key in ("plan_id", "backup_id", "job_id", "tell_person"):
        if details.get(key):
            assert str(details[key]).split("`")[0] in text
    return details


async def _call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return await _valid(client, tool, result)


@pytest.mark.anyio
async def test_a_change_from_work_item_to_dev_and_back(
    connect: Connect, era: Era, project: Path
) -> None:
    (project / "spec.md").write_text(SPEC)
    async with connect(era) as client:
        verdict = await _call(
            client, "detect-database-needs", title="Add column nickname to users", labels=["db"]
        )
        assert verdict["verdict"] == "yes"

        built = await _call(client, "coordinate-build")
        assert built["applied"] == ["20260101000000"] or built["applied"]

        described = await _call(client, "describe-schema", tables=["users"])
        assert described["tables"][0]["columns"][1] == "email TEXT not null"

        designed = await _call(client, "coordinate-architect", spec_file="spec.md", name="nick")
        assert "nickname" in designed["migration"]["sql"]
        assert (project / designed["migration"]["path"]).exists() or list(
            (project / "migrations").glob("*nick*")
        )

        analysis = await _call(client, "analyze-migration", environment="dev")
        assert analysis["risk"] == "low"
        assert analysis["statement_count"] == 1

        standing = await _call(client, "status", environment="dev")
        assert "pending" in [m["state"] for m in standing["migrations"].values()]
        assert standing["next"]["tool"] == "coordinate-build"

        saved = await _call(client, "create-backup", environment="dev", label="before")
        assert saved["level"] == 2
        listed = await _call(client, "list-backups", environment="dev")
        assert [b["backup_id"] for b in listed["backups"]] == [saved["backup_id"]]

        assert (await _call(client, "coordinate-build"))["applied"]
        assert "nickname" in _columns(project)
        health = await _call(client, "health-check", environment="dev")
        assert health["overall"] in ("healthy", "degraded")

        planned = await _call(
            client,
            "restore-backup",
            environment="dev",
            backup_id=saved["backup_id"],
            dry_run=True,
        )
        assert planned["state"] == "planned"
        assert "nickname" in _columns(project)
        restored = await _call(client, "restore-backup", **planned["next"]["arguments"])
        assert restored["undo"]
        assert "nickname" not in _columns(project)


@pytest.mark.anyio
async def test_evaluate_without_staging(connect: Connect, era: Era) -> None:
    async with connect(era) as client:
        tried = await _call(client, "coordinate-evaluate")
    assert "shadow" in tried["trial"]


def _columns(project: Path) -> list[str]:
    connection = sqlite3.connect(project / "dev.sqlite3")
    try:
        return [row[1] for row in connection.execute("PRAGMA table_info(users)")]
    finally:
        connection.close()


@pytest.mark.anyio
async def test_release_without_a_signature_does_not_run(
    connect: Connect, era: Era, project: Path
) -> None:
    sqlite3.connect(project / "prod.sqlite3").close()
    async with connect(era) as client:
        result = await client.call_tool("coordinate-release", {})
        codes = [p["code"] for p in content_of(result)["errors"]]
        assert codes == ["approval-not-set-up"]
        assert "faber-db protect production" in text_of(result)
        (status,) = content_of(await client.call_tool("status", {"environment": "production"}))[
            "details"
        ]["environments"]
    assert status["counts"] == {"pending": 1}


@pytest.mark.anyio
async def test_every_details_model_is_published(connect: Connect) -> None:
    async with connect() as client:
        listed = {str(r.uri) for r in (await client.list_resources()).resources}
        for tool in DETAILS:
            uri = f"faber-db://schemas/{tool}.json"
            assert uri in listed
            (content,) = (await client.read_resource(uri)).contents
            Draft202012Validator.check_schema(json.loads(getattr(content, "text")))  # noqa: B009


@pytest.mark.anyio
async def test_names_from_the_database_are_escaped(connect: Connect, project: Path) -> None:
    connection = sqlite3.connect(project / "dev.sqlite3")
    connection.execute('CREATE TABLE "a\u202egro\u200b\x1b[2J" (id INTEGER)')
    connection.close()
    async with connect() as client:
        result = await client.call_tool("describe-schema", {})
    shown = text_of(result) + json.dumps(content_of(result), ensure_ascii=False)
    assert "\\u{202e}" in shown
    assert not {"\u202e", "\u200b", "\x1b"} & set(shown)
