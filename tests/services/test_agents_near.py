"""A terminal that an agent started is known by its variables and by what runs above it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faber_db.demo import pseudo_terminal
from faber_db.model.agents import VARIABLES
from faber_db.services import agents_near

CHAINS: dict[str, tuple[list[list[str]], bool, str]] = {
    "a person's shell": ([["-bash"], ["/usr/bin/tmux"], ["/sbin/init"]], False, ""),
    "our server": ([["bash"], ["/v/bin/python", "/v/bin/faber-db", "serve"]], True, ""),
    "our module": ([["python", "-m", "faber_db", "--project", "x", "serve"]], True, ""),
    "our hook": ([["faber-db", "hook", "release"]], True, ""),
    "another verb of ours": ([["faber-db", "demo"]], False, ""),
    "a server that is not ours": ([["vite", "serve"]], False, ""),
    "an agent": ([["zsh"], ["/opt/bin/claude", "--resume"]], False, "claude"),
    "an agent by its interpreter": ([["node", "/usr/lib/codex"]], False, "codex"),
}


@pytest.mark.parametrize(("chain", "server", "agent"), CHAINS.values(), ids=CHAINS)
def test_what_is_above(chain: list[list[str]], server: bool, agent: str) -> None:
    assert agents_near.server_above(chain) is server
    assert agents_near.agent_above(chain) == agent


def test_the_real_chain_is_read() -> None:
    code = (
        "import os; from faber_db.services import agents_near as a; print(a.above(os.getpid())[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = Path("/proc/self/cmdline").read_bytes().split(b"\0")
    assert done.stdout.strip() == str([word.decode() for word in own if word])


@pytest.mark.parametrize("variable", VARIABLES)
def test_an_agents_variable_is_known(variable: str) -> None:
    assert agents_near.said_by({variable: "1"}) == VARIABLES[variable]
    assert agents_near.said_by({variable: "", "PATH": "x"}) == ""


def test_a_person_is_asked_in_their_own_terminal_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "faber_db", "approvers", "key", "--as", "ada"]
    environ = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    monkeypatch.setattr(pseudo_terminal, "VARIABLES", {})  # now it is an agent's terminal
    done = pseudo_terminal.run_on_terminal(
        command, [], cwd=tmp_path, environ=environ | {"CLAUDECODE": "1"}
    )
    assert done.exit_code == 1
    assert "[input-agent-terminal] Claude Code started this terminal" in done.screen
    below = [sys.executable, "-c", _BELOW, *command[1:], "serve"]
    done = pseudo_terminal.run_on_terminal(below, [], cwd=tmp_path, environ=environ)
    assert "[input-agent-terminal] an agent started this terminal" in done.screen


_BELOW = """
import subprocess, sys
sys.exit(subprocess.run([sys.executable, *sys.argv[1:-1]]).returncode)
"""
