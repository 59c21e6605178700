"""The shell blocks of a page, run as a reader would run them."""

import os
import re
import sys
from pathlib import Path
from subprocess import run

from faber_db.demo.pseudo_terminal import Typed, run_on_terminal

PASSPHRASE = "a passphrase of the tests"
_AT_A_TERMINAL = re.compile(r"faber-db (protect|approve|approvers key) .*")
_WAITS = re.compile(r"faber-db (release|policy propose|approvers add|approvers revoke)\b")


def sections(page: Path) -> dict[str, list[str]]:
    """The `sh` blocks below each heading of the second level, in order."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"(?m)^## ", page.read_text("utf-8"))[1:]:
        title, _, text = part.partition("\n")
        found[title] = re.findall(r"(?ms)^```sh\n(.*?)^```$", text)
    return found


class Reader:
    """A person who copies one block after the other into a shell, and types a passphrase."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = ""
        self._asks_twice = False
        shim = folder / "bin" / "faber-db"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m faber_db "$@"\n', "utf-8")
        shim.chmod(0o755)
        (folder / "carried").write_text(f"cd {folder / 'work'}\n", "utf-8")
        (folder / "work").mkdir()
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith("FABER_DB_")}
        self._environ |= {
            "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "NO_COLOR": "1",
        }

    @property
    def start(self) -> Path:
        """Where the reader begins."""
        return self._folder / "work"

    def copy(self, block: str) -> str:
        """Run a block and give what it printed; it fails where a command of it does.

        What waits for a person ends with 4, as the page says.
        """
        if _AT_A_TERMINAL.fullmatch(block.strip()):
            return self._at_a_terminal(block.split())
        carried = self._folder / "carried"
        allowed = " || [ $? = 4 ]" if _WAITS.match(block) else ""
        script = f". {carried}\nset -e\n{block.rstrip()}{allowed}\n"
        script += f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {carried}\n'
        done = run(
            ["bash", "-c", script],
            env=self._environ,
            cwd=self.start,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        if waiting := re.search(r"faber-db approve (plan_\w+)", done.stdout):
            self._plan = waiting[1]
            self._asks_twice = not block.startswith("faber-db release")
        return done.stdout

    def _at_a_terminal(self, words: list[str]) -> str:
        new = [Typed("New passphrase", PASSPHRASE), Typed("Once more", PASSPHRASE)]
        sign = [Typed("[q] leave: ", ""), Typed("Passphrase for ", PASSPHRASE)]
        if self._asks_twice:
            sign.insert(1, Typed("Type production to go on: ", "production"))
        words = [self._plan if word.startswith("plan_") else word for word in words]
        line = " ".join(words)
        done = run_on_terminal(
            ["bash", "-c", f". {self._folder / 'carried'}; exec {line}"],
            sign if words[1] == "approve" else new,
            cwd=self.start,
            environ=self._environ,
            seconds=120,
        )
        assert done.exit_code == 0, done.screen
        return done.screen
