"""Skills over MCP: the extension `io.modelcontextprotocol/skills` (SEP-2640)."""

from collections.abc import Sequence
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver import Extension, MethodBinding, ResourceBinding
from mcp.types import INVALID_PARAMS, PaginatedRequestParams, RequestParams

from faber_db.tools.documents import Document, skill_entry, skill_resources, skill_uri, skills

FRESH = {"ttlMs": 3_600_000, "cacheScope": "public"}


class _Address(RequestParams):
    uri: str


class Skills(Extension):
    """Lists the shipped skills with the digest of every file."""

    identifier = "io.modelcontextprotocol/skills"

    def settings(self) -> dict[str, Any]:
        return {"directoryRead": True}

    def resources(self) -> Sequence[ResourceBinding]:
        return [ResourceBinding(resource) for resource in skill_resources()]

    def methods(self) -> Sequence[MethodBinding]:
        return [
            MethodBinding("skills/list", PaginatedRequestParams, _list),
            MethodBinding("skills/get", _Address, _get),
            MethodBinding("resources/directory/read", _Address, _directory),
        ]


async def _list(ctx: object, params: PaginatedRequestParams) -> dict[str, Any]:
    return {"skills": [skill_entry(document) for document in skills()], **FRESH}


async def _get(ctx: object, params: _Address) -> dict[str, Any]:
    return {"skill": skill_entry(_found(params.uri)), **FRESH}


async def _directory(ctx: object, params: _Address) -> dict[str, Any]:
    document = _found(params.uri.rstrip("/") + "/SKILL.md")
    entry = {"uri": skill_uri(document), "name": "SKILL.md", "mimeType": "text/markdown"}
    return {"resources": [entry], **FRESH}


def _found(uri: str) -> Document:
    for document in skills():
        if skill_uri(document) == uri:
            return document
    raise MCPError(code=INVALID_PARAMS, message="no skill has this address", data={"uri": uri})
