"""The list of tools is public: it changes only when this golden file does."""

import json
from pathlib import Path
from typing import Any

import pytest

from faber_db.server import INSTRUCTIONS
from faber_db.tools.catalogue import DETAILS, TOOLS
from tests.tools.conftest import Connect, Era

GOLDEN = Path(__file__).parent / "tools.golden.json"

READS = {
    "detect-database-needs",
    "describe-schema",
    "analyze-migration",
    "health-check",
    "status",
    "list-backups",
}
DESTROYS = {"coordinate-build", "coordinate-evaluate", "coordinate-release", "restore-backup"}


async def _listed(connect: Connect, era: Era) -> list[dict[str, Any]]:
    async with connect(era) as client:
        found = await client.list_tools()
        return [
            tool.model_dump(
                mode="json",
                by_alias=True,
                exclude_none=True,
                include={"name", "description", "input_schema", "annotations"},
            )
            for tool in found.tools
        ]


@pytest.mark.anyio
async def test_list_is_as_recorded(connect: Connect, era: Era) -> None:
    listed = await _listed(connect, era)
    assert listed == json.loads(GOLDEN.read_text(encoding="utf-8"))


def _tokens(*texts: str) -> float:
    return sum(len(text.encode()) for text in texts) / 4


def test_list_costs_little() -> None:
    cost = sum(
        _tokens(
            tool.name,
            tool.description,
            json.dumps(tool.parameters, ensure_ascii=False, separators=(",", ":")),
        )
        for tool in TOOLS
    )
    assert cost <= 1_800


def test_instructions_cost_little() -> None:
    assert _tokens(INSTRUCTIONS) <= 300


def test_output_schema_costs_little() -> None:
    for tool in TOOLS:
        assert _tokens(json.dumps(tool.output_schema, separators=(",", ":"))) <= 150


def test_every_tool_has_details() -> None:
    assert list(DETAILS) == [tool.name for tool in TOOLS]
    assert len(set(DETAILS)) == 12


def test_annotations_are_honest() -> None:
    for tool in TOOLS:
        hints = tool.annotations
        assert hints is not None
        assert hints.read_only_hint == (tool.name in READS), tool.name
        assert hints.destructive_hint == (tool.name in DESTROYS), tool.name
        assert hints.open_world_hint is False
        if tool.name in DESTROYS:
            assert hints.idempotent_hint


def test_input_schemas_are_plain_and_closed() -> None:
    for tool in TOOLS:
        assert tool.parameters["additionalProperties"] is False
        assert "database" in tool.parameters["properties"], tool.name
        text = json.dumps(tool.parameters)
        for word in ('"title":', "anyOf", "$ref", '"null"', '"default": ""'):
            # a tool may have an argument called title: then it is followed by an object
            assert word not in text.replace('"title": {', ""), (tool.name, word)


def test_no_argument_could_carry_an_approval() -> None:
    names = {name for tool in TOOLS for name in tool.parameters["properties"]}
    words = ("approv", "sign", "token", "passphrase", "key", "confirm", "force", "nonce")
    assert not [name for name in names if any(word in name for word in words)]
