"""The controlling terminal: the only place a decision or a passphrase is read from.

Not standard input: a pipe, a file or a flag can be filled by a program; `/dev/tty` needs a
terminal session. That is no proof of a person (DESIGN: Executor and tiers), but it leaves no way
in through a tool call or a pipe.
"""

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from faber_db.cli.render.page import clean
from faber_db.errors import AgentTerminal, Cancelled, NoTerminal
from faber_db.services import agents_near

_LONGEST = 4096


class ControllingTerminal:
    """Open while a person decides.

    Raises:
        NoTerminal: this process has none.
        AgentTerminal: it has one, and an agent started it.
    """

    def __enter__(self) -> Self:
        try:
            self._fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            raise NoTerminal(
                "this needs a person at a terminal, and there is none",
                hint="Run it in your own terminal; it takes no piped input and no flag instead.",
            ) from error
        try:
            self._require_no_agent()
        except AgentTerminal:
            os.close(self._fd)
            raise
        return self

    def _require_no_agent(self) -> None:
        chain = agents_near.above(os.getpid())
        agent = agents_near.said_by(os.environ)
        if agent or agents_near.server_above(chain):
            raise AgentTerminal(
                f"{agent or 'an agent'} started this terminal, and a person decides in their own",
                hint="Open a terminal that no agent started. This only slows an agent down; what"
                " stops it is that it has no key.",
            )
        if near := agents_near.agent_above(chain):
            self.say(f"Careful: this terminal was started below {near}, which may read along.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    def say(self, text: str) -> None:
        """Write lines, control characters made harmless."""
        lines = "\n".join(clean(line) for line in text.split("\n"))
        os.write(self._fd, lines.encode("utf-8", "backslashreplace") + b"\n")

    def ask(self, prompt: str) -> str:
        """A line of text.

        Raises:
            Cancelled: the terminal was closed.
        """
        os.write(self._fd, clean(prompt).encode("utf-8", "backslashreplace"))
        return self._line()

    def ask_secret(self, prompt: str) -> str:
        """A line of text that is not shown while it is typed."""
        with self._silent():  # before the prompt: who answers it at once is heard, and not seen
            os.write(self._fd, clean(prompt).encode("utf-8", "backslashreplace"))
            line = self._line()
        os.write(self._fd, b"\n")
        return line

    @contextmanager
    def _silent(self) -> Iterator[None]:
        before = termios.tcgetattr(self._fd)
        quiet = list(before)
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(self._fd, termios.TCSAFLUSH, quiet)  # what was typed ahead is dropped
        try:
            yield
        finally:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)

    def _line(self) -> str:
        data = b""
        while not data.endswith(b"\n"):
            chunk = os.read(self._fd, _LONGEST)
            if not chunk or len(data) > _LONGEST:
                raise Cancelled("nothing was typed")
            data += chunk
        return data.decode("utf-8", "replace").rstrip("\r\n")
