"""Whether an agent started this terminal: a speed bump before a person decides, and never more.

An agent that means to can start a terminal of its own without these signs. What keeps it from
approving is that it has no key; this keeps it from trying by habit, and a person from typing a
passphrase where the agent reads along.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from faber_db.model.agents import VARIABLES

_AGENTS = ("claude", "codex", "opencode", "gemini", "cursor-agent", "aider", "goose")
_OURS = ("faber-db", "faber_db")
_DEEPEST = 64


def said_by(environ: Mapping[str, str]) -> str:
    """The agent whose variable is set, or an empty text."""
    return next((agent for name, agent in VARIABLES.items() if environ.get(name)), "")


def server_above(chain: list[list[str]]) -> bool:
    """Whether our own server or hook is among the processes above: an agent's client started it."""
    return any(_is_ours(command) for command in chain)


def agent_above(chain: list[list[str]]) -> str:
    """The name of a known agent among the processes above, or an empty text."""
    names = (Path(word).name for command in chain for word in command[:2])
    return next((name for name in names if name in _AGENTS), "")


def above(pid: int) -> list[list[str]]:
    """The command lines of a process's ancestors, nearest first; none where that cannot be read."""
    return list(_commands(pid))


def _commands(pid: int) -> Iterator[list[str]]:
    for _ in range(_DEEPEST):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
            pid = int(stat.rpartition(")")[2].split()[1])  # the fourth field: its parent
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            return
        yield [word.decode("utf-8", "replace") for word in command.split(b"\0") if word]


def _is_ours(command: list[str]) -> bool:
    names = [Path(word).name for word in command]
    return any(
        name in _OURS and ("serve" in names[at + 1 :] or "hook" in names[at + 1 :])
        for at, name in enumerate(names)
    )
