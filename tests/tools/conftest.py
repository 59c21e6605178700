"""A project on SQLite, and a client of its server in each era of the protocol."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from mcp import Client
from mcp.types import CallToolResult

from faber_db.app import build
from faber_db.server import create_server
from faber_db.tools.project import OpenProject

Era = Literal["auto", "legacy"]

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);\n"
DOWN = "DROP TABLE users;\n"


class Connect(Protocol):
    """Opens a client of the project's server."""

    def __call__(self, mode: Era = "auto") -> AbstractAsyncContextManager[Client]: ...


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    """Revision 2026-07-28, and the handshake of the revisions before it."""
    era: Era = request.param
    return era


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One pending migration, dev and production as files."""
    root = tmp_path / "shop"
    (root / "migrations").mkdir(parents=True)
    (root / "migrations" / "20260101000000_users.up.sql").write_text(USERS)
    (root / "migrations" / "20260101000000_users.down.sql").write_text(DOWN)
    write_config(root, {"dev": {"url": "dev.sqlite3"}, "production": {"url": "prod.sqlite3"}})
    return root


def write_config(root: Path, environments: Mapping[str, Any]) -> None:
    (root / "faber-db.json").write_text(json.dumps({"environments": environments}))


@pytest.fixture
def opened(project: Path, tmp_path: Path) -> OpenProject:
    environ = {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
        "HOME": str(tmp_path),
    }
    return OpenProject(project, lambda: build(project, environ))


@pytest.fixture
def connect(opened: OpenProject) -> Connect:
    @asynccontextmanager
    async def client(mode: Era = "auto") -> AsyncIterator[Client]:
        async with Client(create_server(opened), mode=mode, cache=None) as connected:
            yield connected

    return client


def content_of(result: CallToolResult) -> dict[str, Any]:
    """The structured part, which every answer has."""
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def text_of(result: CallToolResult) -> str:
    """The text part: one block."""
    (block,) = result.content
    assert block.type == "text"
    return block.text


def code_of(result: CallToolResult) -> str:
    """The code of the only error."""
    assert result.is_error
    (error,) = content_of(result)["errors"]
    code: str = error["code"]
    assert f"[{code}]" in text_of(result)
    return code
