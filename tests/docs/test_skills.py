"""Skills and prompts are well formed, say nothing twice, and name only what exists."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from faber_db.cli.program import program
from faber_db.errors import all_errors
from faber_db.model.answer import State
from faber_db.shipped import shipped
from faber_db.tools.catalogue import DETAILS, TOOLS, details_of
from faber_db.tools.documents import Document, prompts, skills

ROOT = Path(__file__).parents[2]
SKILLS = {document.name: document for document in skills()}
PROMPTS = {document.name: document for document in prompts()}
ALL = [*SKILLS.values(), *PROMPTS.values()]
IDS = [f"skill {n}" for n in SKILLS] + [f"prompt {n}" for n in PROMPTS]

CONTENT = {"faber-coordinator", "migration-generator", "safety-validator", "rollback-manager"}
SHORT = {
    "migration-deployer",
    "backup-manager",
    "health-checker",
    "db-initializer",
    "handler-db-prisma",
}
TOOL_NAMES = {tool.name for tool in TOOLS}
ARGUMENTS = {name for tool in TOOLS for name in tool.parameters["properties"]}
OTHER_WORDS = {  # file names, SQL, other tools' commands, values: what is quoted and is not ours
    "sql",
    "prisma",
    "schema.prisma",
    "migration.sql",
    "prisma/migrations",
    "_prisma_migrations",
    "prisma generate",
    "down.sql",
    "prisma migrate dev",
    "prisma migrate reset",
    "prisma migrate resolve",
    "prisma db push",
    "env:DATABASE_URL",
    "yes",
    "no",
    "possible",
    "healthy",
    "degraded",
    "unhealthy",
    "unknown",
}


def test_names() -> None:
    assert set(SKILLS) == CONTENT | SHORT
    phases = {"detect", "architect", "build", "evaluate", "release"}
    seed = {"init", "db-create", "generate-migration", "migrate", "rollback", "backup"}
    assert set(PROMPTS) == phases | seed | {"health-check", "status"}


@pytest.mark.parametrize("document", ALL, ids=IDS)
def test_head_is_plain_yaml(document: Document) -> None:
    """A value that a YAML reader would take apart loses the whole head in some clients."""
    for value in document.head.values():
        quoted = value.startswith('"') and value.endswith('"')
        assert quoted or (": " not in value and " #" not in value and value[0].isalnum()), value
    assert 20 <= len(document.head["description"]) <= 1024


@pytest.mark.parametrize("document", SKILLS.values(), ids=SKILLS.keys())
def test_skill(document: Document) -> None:
    assert set(document.head) == {"name", "description"}
    assert document.head["name"] == document.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", document.name)
    assert len(document.name) <= 64
    assert (
        "Use when" in document.head["description"] or "Use before" in document.head["description"]
    )
    lines = document.body.splitlines()
    assert len(lines) <= (200 if document.name in CONTENT else 20)


@pytest.mark.parametrize("document", PROMPTS.values(), ids=PROMPTS.keys())
def test_prompt(document: Document) -> None:
    assert len(document.text.splitlines()) <= 15
    assert document.body.count("$ARGUMENTS") == 1
    assert any(name in document.body for name in SKILLS), "names no skill"


def _sentences(document: Document) -> Iterator[str]:
    for line in document.body.splitlines():
        if set(line) <= set("|- "):
            continue
        for cell in line.split("|"):
            for sentence in re.split(r"(?<=[.:;?!])\s+", cell):
                words = re.findall(r"[a-z_]+", sentence.lower())
                if len(words) >= 4:
                    yield " ".join(words)


def test_no_sentence_stands_twice() -> None:
    count = Counter(s for document in ALL for s in _sentences(document))
    assert [s for s, times in count.items() if times > 1] == []


def _quoted(document: Document) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", document.body))


def _fields(tool: str) -> set[str]:
    """Names of fields in the answer of a tool, nested ones too."""
    found = re.findall(r'"([a-z_]+)": \{', json.dumps(details_of(tool).model_json_schema()))
    return set(found)


def _verbs() -> set[str]:
    """Every verb of the command line, with its group where it has one; hidden ones do not count."""

    def below(group: typer.core.TyperGroup, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            if isinstance(command, typer.core.TyperGroup):
                yield from below(command, f"{before}{name} ")
            elif not command.hidden:
                yield f"{before}{name}"

    root = typer.main.get_command(program())
    assert isinstance(root, typer.core.TyperGroup)
    return set(below(root, ""))


@pytest.mark.parametrize("document", ALL, ids=IDS)
def test_what_is_quoted_exists(document: Document) -> None:
    fields = {name for tool in DETAILS for name in _fields(tool)}
    known = TOOL_NAMES | ARGUMENTS | fields | set(SKILLS) | set(State) | OTHER_WORDS
    codes = {error.code for error in all_errors()}
    verbs = _verbs()
    for quoted in _quoted(document):
        if quoted.startswith("faber-db "):
            assert quoted.removeprefix("faber-db ") in verbs, quoted
            continue
        if quoted.endswith("-"):
            assert any(code.startswith(quoted) for code in codes), quoted
            continue
        parts = quoted.split(".")
        whole = quoted in known | codes
        path = len(parts) > 1 and all(part in known | {"details", "person"} for part in parts)
        assert whole or path, quoted


@pytest.mark.parametrize("document", ALL, ids=IDS)
def test_named_tools_and_verbs_exist(document: Document) -> None:
    """Also outside of quotes: what looks like a tool of ours is one, what looks like a verb is one."""
    looks = r"\b((?:coordinate|detect|describe|analyze|restore|create|list)-[a-z-]+[a-z])\b"
    assert set(re.findall(looks, document.body)) <= TOOL_NAMES


def test_nothing_here_tells_how_to_approve_without_a_person() -> None:
    text = "\n".join(document.body.lower() for document in ALL)
    for word in ("--passphrase", "passphrase=", "echo ", "--yes", "faber_db_passphrase"):
        assert word not in text


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    server = json.loads((ROOT / "server.json").read_text())
    plugin = json.loads((ROOT / ".claude-plugin/plugin.json").read_text())
    market = json.loads((ROOT / ".claude-plugin/marketplace.json").read_text())
    assert server["version"] == version
    assert [package["version"] for package in server["packages"]] == [version]
    assert plugin["version"] == version
    assert [p["version"] for p in market["plugins"]] == [version]
    assert plugin["mcpServers"]["faber-db"]["args"] == [f"faber-db@{version}", "serve"]


def test_server_json() -> None:
    """The rules of the registry's schema of 2025-12-11 that this file can break."""
    server = json.loads((ROOT / "server.json").read_text())
    assert server["$schema"].endswith("/2025-12-11/server.schema.json")
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert 1 <= len(server["description"]) <= 100
    (package,) = server["packages"]
    assert {"registryType", "identifier", "transport"} <= set(package)
    assert not any(v.get("isSecret") for v in package["environmentVariables"])


def test_plugin_paths_exist() -> None:
    plugin = json.loads((ROOT / ".claude-plugin/plugin.json").read_text())
    assert (ROOT / plugin["skills"]).samefile(shipped("skills"))
    assert (ROOT / plugin["commands"]).samefile(shipped("prompts"))
