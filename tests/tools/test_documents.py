"""Skills and prompts reach the client, by the extension and as ordinary resources."""

import hashlib
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import Request, RequestParams, Result

from faber_db.tools.documents import prompts, skills
from tests.tools.conftest import Connect, Era


class _Given(Result):
    model_config = {"extra": "allow"}


async def _ask(client: Client, method: str, **params: Any) -> dict[str, Any]:
    class Asked(RequestParams):
        model_config = {"extra": "allow"}

    request = Request[Any, Any](method=method, params=Asked(**params))
    result = await client.session.send_request(request, _Given)
    return result.model_dump(by_alias=True)


@pytest.mark.anyio
async def test_skills_are_resources(connect: Connect, era: Era) -> None:
    async with connect(era) as client:
        listed = {str(r.uri): r for r in (await client.list_resources()).resources}
        for document in skills():
            uri = f"skill://{document.name}/SKILL.md"
            assert listed[uri].mime_type == "text/markdown"
            (content,) = (await client.read_resource(uri)).contents
            assert getattr(content, "text") == document.text  # noqa: B009


@pytest.mark.anyio
async def test_skills_extension(connect: Connect) -> None:
    async with connect() as client:
        capabilities = client.server_capabilities
        assert capabilities is not None
        assert "io.modelcontextprotocol/skills" in (capabilities.extensions or {})
        listed = await _ask(client, "skills/list")
        assert [e["frontmatter"]["name"] for e in listed["skills"]] == [d.name for d in skills()]
        for entry in listed["skills"]:
            (file,) = entry["resources"]
            (content,) = (await client.read_resource(file["uri"])).contents
            data = getattr(content, "text").encode()  # noqa: B009
            assert file["digest"] == "sha256:" + hashlib.sha256(data).hexdigest()
            assert file["size"] == len(data)
            got = await _ask(client, "skills/get", uri=entry["uri"])
            assert got["skill"] == entry
            folder = entry["uri"].removesuffix("/SKILL.md")
            inside = await _ask(client, "resources/directory/read", uri=folder)
            assert [r["uri"] for r in inside["resources"]] == [entry["uri"]]


@pytest.mark.anyio
async def test_unknown_skill(connect: Connect) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as caught:
            await _ask(client, "skills/get", uri="skill://nothing/SKILL.md")
    assert caught.value.code == -32602


@pytest.mark.anyio
async def test_prompts_take_the_rest_of_the_line(connect: Connect, era: Era) -> None:
    async with connect(era) as client:
        listed = [p.name for p in (await client.list_prompts()).prompts]
        assert listed == [d.name for d in prompts()]
        for name in listed:
            given = await client.get_prompt(name, {"arguments": "work item 123"})
            text = getattr(given.messages[0].content, "text")  # noqa: B009
            assert "work item 123" in text
            without = await client.get_prompt(name)
            assert "$ARGUMENTS" not in str(without.messages)
