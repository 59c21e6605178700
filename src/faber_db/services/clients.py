"""Whether a coding assistant's own settings let it act without asking. A speed bump, never more."""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from faber_db.services.holes import Hole
from faber_db.services.machine import Machine, lines_of, there

_EVERYTHING = ("*", "Bash", "Bash(*)", "Bash(:*)", "Shell(*)", "Shell(**)", "*:*", "Mcp(*:*)")
_OURS = re.compile(  # the whole server, or a tool of it that changes a database
    r"(mcp__\S*faber-db(__)?|(Mcp\()?faber-db:)"
    r"(\*|coordinate-(build|evaluate|release)|restore-backup)?\)?"
)
_OPEN_MODES = ("bypassPermissions", "auto")
_OPEN_SANDBOX = "danger-full-access"


def of_clients(root: Path, machine: Machine) -> Iterator[Hole]:
    """Claude Code, Codex and Cursor: their settings of this project, this account and this machine."""
    for file in claude_files(root, machine.home):
        yield from _read(file, machine, _of_claude)
    for file in _codex_files(root, machine):
        yield from _read(file, machine, _of_codex)
    for file in (
        root / ".cursor" / "permissions.json",
        root / ".cursor" / "cli.json",
        machine.home / ".cursor" / "permissions.json",
        machine.home / ".cursor" / "cli-config.json",
    ):
        yield from _read(file, machine, _of_cursor)


def claude_files(root: Path, home: Path) -> list[Path]:
    """The settings files of Claude Code, the project's first."""
    return [
        root / ".claude" / "settings.json",
        root / ".claude" / "settings.local.json",
        home / ".claude" / "settings.json",
        Path("/etc/claude-code/managed-settings.json"),
    ]


def _codex_files(root: Path, machine: Machine) -> list[Path]:
    home = Path(machine.environ.get("CODEX_HOME") or machine.home / ".codex")
    return [root / ".codex" / "config.toml", home / "config.toml", Path("/etc/codex/config.toml")]


def _read(file: Path, machine: Machine, look: Any) -> Iterator[Hole]:
    if not there(file):
        return
    text = "\n".join(line for _, line in lines_of(file, machine))
    try:
        if file.suffix == ".toml":
            settings = tomllib.loads(text)
        else:
            settings = json.loads(_without_comments(text) if ".cursor" in file.parts else text)
        if not isinstance(settings, dict):
            raise ValueError("no object")
    except ValueError:
        yield Hole(
            code="client-settings-unreadable",
            certain=False,
            text=f"{file} cannot be read or is malformed, so what it allows is not known",
            hint="Mend it; its client may ignore it, or all rules in it.",
        )
        return
    yield from look(file, settings)


def _without_comments(text: str) -> str:
    """JSON of JSON with comments; strings are left alone."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or "", text, flags=re.S)


def _of_claude(file: Path, settings: dict[str, Any]) -> Iterator[Hole]:
    permissions = _mapping(settings.get("permissions"))
    mode = permissions.get("defaultMode")
    if mode in _OPEN_MODES:
        yield _everything(file, f"permissions.defaultMode is {mode}")
    yield from _of_allowed(file, _strings(permissions.get("allow")))
    if settings.get("enableAllProjectMcpServers") is True:
        yield Hole(
            code="client-trusts-any-server",
            text=f"{file}: enableAllProjectMcpServers starts whatever .mcp.json names",
            hint="Set it to false, and enable servers by name (enabledMcpjsonServers).",
        )
    hooks = [h for h in _mapping(settings.get("hooks")) if h.startswith("Elicitation")]
    if hooks:
        yield Hole(
            code="client-answers-elicitation",
            text=f"{file}: the hook {hooks[0]} can answer questions in your place",
            hint="Nothing rests on such answers here; take it out if you did not put it there.",
        )


def _of_codex(file: Path, settings: dict[str, Any]) -> Iterator[Hole]:
    profile = _mapping(_mapping(settings.get("profiles")).get(str(settings.get("profile"))))
    chosen = {**settings, **profile}
    if chosen.get("approval_policy") == "never":
        yield _everything(file, "approval_policy is never")
    if chosen.get("sandbox_mode") == _OPEN_SANDBOX:
        yield _everything(file, f"sandbox_mode is {_OPEN_SANDBOX}")


def _of_cursor(file: Path, settings: dict[str, Any]) -> Iterator[Hole]:
    permissions = _mapping(settings.get("permissions"))
    if settings.get("approvalMode") == "unrestricted":
        yield _everything(file, "approvalMode is unrestricted")
    for rules in (
        permissions.get("allow"),
        settings.get("terminalAllowlist"),
        settings.get("mcpAllowlist"),
    ):
        yield from _of_allowed(file, _strings(rules))


def _of_allowed(file: Path, allowed: Sequence[str]) -> Iterator[Hole]:
    if wide := [rule for rule in allowed if rule in _EVERYTHING]:
        yield Hole(
            code="client-allows-any-command",
            text=f"{file} allows {wide[0]}: any command runs without asking",
            hint="Allow single commands; `faber-db init --client claude` adds rules that ask.",
        )
    if ours := [rule for rule in allowed if _OURS.fullmatch(rule)]:
        yield Hole(
            code="client-allows-our-tools",
            text=f"{file} allows {ours[0]} without asking; a protected database still takes a"
            " signature, others do not",
            hint="Let the client ask for coordinate-build, coordinate-evaluate and restore-backup.",
        )


def _everything(file: Path, why: str) -> Hole:
    return Hole(
        code="client-accepts-everything",
        text=f"{file}: {why}, so nothing is asked before it runs",
        hint="Use a mode that asks, at least where this project's databases can be reached.",
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
