"""The story: seven paragraphs, each with the command that did it."""

import json
import re
import secrets
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

from faber_db.demo.page import look
from faber_db.demo.pseudo_terminal import PromptMissing, Typed, run_on_terminal
from faber_db.demo.shop import Shop
from faber_db.errors import DemoFailed, InternalError

Tell = Callable[[str], None]
_APPROVER = "ada"
_DONE = (0, 4)  # a release that waits for a person ends with 4


class Story:
    """Tells the story while it happens; stops at the first command that does not do its part."""

    def __init__(self, shop: Shop, tell: Tell) -> None:
        self._shop = shop
        self._tell = tell
        self._passphrase = secrets.token_hex(8)

    def run(self) -> None:
        """All of it.

        Raises:
            FaberDbError: a command failed; its output is part of the story so far.
        """
        self._before()
        self._frame()
        self._architect()
        self._build_and_evaluate()
        plan_id = self._release()
        backup_id = self._approve(plan_id)
        self._afterwards(backup_id)

    # --- the paragraphs ------------------------------------------------------------------------

    def _before(self) -> None:
        shop = self._shop
        self._say(
            f"Before. A small shop with three databases ({shop.product}): dev, staging and"
            " production. Production is protected: once, at a terminal, a person makes a key and"
            " pins it in the database itself. Its first migration is released, and customers come."
        )
        self._quietly("build")
        self._quietly("evaluate")
        self._terminal(
            ["protect", "production", "--as", _APPROVER],
            [
                Typed("New passphrase", self._passphrase),
                Typed("Once more", self._passphrase),
            ],
            quiet=True,
        )
        first = self._plan("release")
        self._terminal(["approve", first, "--deploy"], self._typed(()), quiet=True)
        shop.fill()

    def _frame(self) -> None:
        self._say("1. Frame. A work item comes in. Does it need a database change?")
        title, _, text = (
            (self._shop.project / "work-item-123.md").read_text("utf-8").partition("\n")
        )
        self._show("detect", title.lstrip("# "), "--description", " ".join(text.split()))

    def _architect(self) -> None:
        self._say("2. Architect. Its specification becomes a migration, proved on a shadow.")
        self._show(
            "architect", "specs/123-customer-contact.md", "--work-id", "123", "--name", "contact"
        )

    def _build_and_evaluate(self) -> None:
        self._say("3. Build and Evaluate. Dev and staging get it first; nobody has to ask.")
        self._show("build", "--work-id", "123")
        self._show("evaluate", "--work-id", "123")

    def _release(self) -> str:
        self._say(
            "4. Release. The agent asks for production. It gets a plan, and that is all it gets:"
            " nothing it can call, pass or write makes this run."
        )
        plan_id = self._plan("release", "--work-id", "123")
        self._show("release", "--work-id", "123")
        return plan_id

    def _approve(self, plan_id: str) -> str:
        self._say(
            f"5. Decide. {_APPROVER.title()} reads what would happen, types what would be lost and"
            " her passphrase. The backup is made and verified, then the migration runs."
        )
        self._page(plan_id)
        plan = self._json("plan", "show", plan_id)
        loses = tuple(
            name
            for finding in plan["plan"]["analysis"]["findings"]
            if finding["kind"] == "data_loss"
            for name in finding["objects"]
        )
        self._terminal(["approve", plan_id, "--deploy"], self._typed(tuple(dict.fromkeys(loses))))
        backups = self._json("backup", "list", "production")["details"]["backups"]
        return str(backups[0]["backup_id"])

    def _page(self, plan_id: str) -> None:
        """The same on a page: started, asked for its title, and stopped, where it can be."""
        self._tell(
            f"   Or on a page, with a passkey:\n   $ {self._shell('approve', '--web', plan_id)}\n"
        )
        seen = look(self._shop.command("approve", "--web", plan_id), self._shop)
        self._tell(f"     {seen or 'http://localhost:7475, with the extra `web`'}\n\n")

    def _afterwards(self, backup_id: str) -> None:
        self._say("6. After. Health, the audit trail, and the backup that undoes it:")
        self._show("health", "production")
        self._show("audit", "verify")
        self._show("backup", "show", backup_id)
        shop = self._shop
        self._say(
            "7. What would have happened without us: an agent with the connection string runs the"
            " same DROP COLUMN by itself, at once, with no backup, and tells you afterwards."
        )
        if shop.product == "sqlite":
            homes = f"XDG_STATE_HOME={shop.folder}/state XDG_CONFIG_HOME={shop.folder}/config"
            self._tell(f"   Undo it      cd {shop.project}\n")
            self._tell(f"                export {homes}\n")
            self._tell(f"                {self._shell('restore', 'production', backup_id)}\n")
            self._tell(f"                (then sign it; the passphrase is {self._passphrase})\n")
        else:
            self._tell(f"   Undo it      {self._shell('restore', 'production', backup_id)}\n")
            self._tell("                (not here: the private server stops with this demo)\n")
        self._tell(f"   The files    {shop.folder}\n")
        self._tell(f"   Remove them  rm -r {shop.folder}\n")
        self._tell("\n   Connect Claude Code:\n")
        self._tell("     cd YOUR-PROJECT && faber-db init --client claude\n")

    # --- how it is told ------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        import textwrap

        self._tell("\n" + textwrap.fill(text, 98) + "\n\n")

    def _show(self, *words: str) -> None:
        self._tell(f"   $ {self._shell(*words)}\n")
        done = self._run(*words)
        for line in (done.stdout + done.stderr).rstrip().splitlines():
            self._tell(f"     {line}\n")
        self._tell("\n")
        self._require(words, done.returncode, done.stdout + done.stderr)

    def _quietly(self, *words: str) -> None:
        done = self._run(*words)
        self._require(words, done.returncode, done.stdout + done.stderr)

    def _plan(self, *words: str) -> str:
        return str(self._json(*words)["details"]["plan_id"])

    def _json(self, *words: str) -> dict[str, Any]:
        done = self._run(*words, "--json")
        self._require(words, done.returncode, done.stdout + done.stderr)
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 our own command line
            self._shop.command(*words),
            cwd=self._shop.project,
            env=dict(self._shop.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _terminal(self, words: list[str], answers: list[Typed], *, quiet: bool = False) -> None:
        if not quiet:
            self._tell(f"   $ {self._shell(*words)}\n")
        try:
            done = run_on_terminal(
                self._shop.command(*words),
                answers,
                cwd=self._shop.project,
                environ=self._shop.environ,
            )
        except PromptMissing as error:
            raise InternalError(str(error)) from error
        if not quiet:
            for line in _without_progress(done.screen).rstrip().split("\n"):
                self._tell(f"     {line}\n")
            self._tell("\n")
        self._require(words, done.exit_code, done.screen)

    def _typed(self, loses: tuple[str, ...]) -> list[Typed]:
        return [
            Typed("[q] leave: ", ""),
            *(Typed(f"Type {name} to go on: ", name) for name in loses[:3]),
            Typed(f"Passphrase for {_APPROVER}: ", self._passphrase),
        ]

    def _shell(self, *words: str) -> str:
        return shlex.join(["faber-db", *words])

    def _require(self, words: "tuple[str, ...] | list[str]", exit_code: int, output: str) -> None:
        if exit_code not in _DONE:
            raise DemoFailed(
                f"`{self._shell(*words)}` ended with {exit_code}: {output.strip()[-2000:]}",
                hint=f"The shop is in {self._shop.folder}.",
            )


def _without_progress(screen: str) -> str:
    """The screen as it is in the end: progress lines that were rewritten in place are gone."""
    return re.sub(r"[^\n]*\r?\x1b\[K", "", screen)
