"""Skills, prompts and answer schemas as files of the package become resources and prompts."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import PromptArgument
from mcp.server.mcpserver.resources import FunctionResource, TextResource

from faber_db.shipped import shipped
from faber_db.tools.catalogue import DETAILS, details_of
from faber_db.tools.schemas import ENVELOPE


@dataclass(frozen=True)
class Document:
    """A Markdown file with a head of `key: value` lines between two `---`."""

    name: str
    head: dict[str, str]
    body: str
    text: str


def read_document(file: Path, name: str) -> Document:
    """Read one file. The head knows plain values only, which is all that ours use."""
    text = file.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    pairs = (line.split(":", 1) for line in head.splitlines() if line.strip())
    values = {key.strip(): value.strip() for key, value in pairs}
    return Document(name, values, body.strip(), text)


def skills() -> Iterator[Document]:
    """The skills, by name."""
    for file in sorted(shipped("skills").glob("*/SKILL.md")):
        yield read_document(file, file.parent.name)


def prompts() -> Iterator[Document]:
    """The prompts, by name."""
    for file in sorted(shipped("prompts").glob("*.md")):
        yield read_document(file, file.stem)


def skill_uri(document: Document) -> str:
    """The address under which a skill is read."""
    return f"skill://{document.name}/SKILL.md"


def skill_resources() -> Iterator[TextResource]:
    """Every skill as an ordinary resource, since older clients do not see extensions."""
    for document in skills():
        yield TextResource(
            uri=skill_uri(document),
            name=document.name,
            description=document.head["description"],
            mime_type="text/markdown",
            text=document.text,
        )


def skill_entry(document: Document) -> dict[str, Any]:
    """A skill as the skills extension lists it."""
    content = document.text.encode()
    digest = hashlib.sha256(content).hexdigest()
    return {
        "uri": skill_uri(document),
        "frontmatter": dict(document.head),
        "resources": [
            {"uri": skill_uri(document), "digest": f"sha256:{digest}", "size": len(content)}
        ],
    }


def schema_resources() -> Iterator[FunctionResource]:
    """The JSON Schema of every tool's details; made when it is read."""

    def schema_of(tool: str) -> Callable[[], str]:
        return lambda: json.dumps(answer_schema(tool), ensure_ascii=False)

    for tool in DETAILS:
        yield FunctionResource.from_function(
            schema_of(tool),
            uri=f"faber-db://schemas/{tool}.json",
            name=f"{tool} answer",
            description=f"JSON Schema of what {tool} answers",
            mime_type="application/schema+json",
        )


def answer_schema(tool: str) -> dict[str, Any]:
    """The envelope with the details of one tool in it."""
    details = details_of(tool).model_json_schema(mode="serialization")
    definitions = details.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": tool,
        **ENVELOPE,
        "properties": {**ENVELOPE["properties"], "details": details},
        "$defs": definitions,
    }


def prompt_of(document: Document) -> Prompt:
    """A prompt that takes the rest of the command line; its file says what that is."""

    def words(arguments: str = "") -> str:
        return document.body.replace("$ARGUMENTS", arguments.strip() or "(nothing was given)")

    hint = document.head["argument-hint"].strip('"')
    return Prompt(  # not `from_function`, which builds a model for each
        name=document.name,
        description=document.head["description"],
        arguments=[PromptArgument(name="arguments", description=hint)],
        fn=words,
    )
