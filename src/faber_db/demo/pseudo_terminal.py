"""Run a command on a terminal of its own and type answers, as a person would."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db.model.agents import VARIABLES


@dataclass(frozen=True, slots=True)
class Typed:
    """What to wait for on the screen, and what to type then."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Finished:
    """What the screen showed, and how the command ended."""

    screen: str
    exit_code: int


class PromptMissing(Exception):
    """The command ended, or stayed silent, before it asked what was expected."""


def run_on_terminal(
    command: Sequence[str],
    answers: Sequence[Typed],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    seconds: float = 120,
) -> Finished:
    """Run `command` with a new pseudo-terminal as its controlling terminal.

    Answers are typed in order, each when its prompt has appeared after the answer before it. It is
    a person's terminal: the variables by which an agent marks its own are left out.

    Raises:
        PromptMissing: a prompt did not come; the message holds the screen so far.
    """
    outer, inner = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 the caller's command
        list(command),
        cwd=cwd,
        env={name: value for name, value in environ.items() if name not in VARIABLES},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(inner)
    try:
        screen = _converse(outer, process, list(answers), time.monotonic() + seconds)
        return Finished(screen, process.wait(timeout=seconds))
    finally:
        os.close(outer)
        if process.poll() is None:
            process.kill()
            process.wait()


def _take_terminal() -> None:
    """In the child, after setsid: make standard input the controlling terminal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _converse(
    outer: int, process: "subprocess.Popen[bytes]", answers: list[Typed], until: float
) -> str:
    screen, seen = "", 0
    while True:
        if answers and answers[0].prompt in screen[seen:]:
            seen = screen.index(answers[0].prompt, seen) + len(answers[0].prompt)
            os.write(outer, answers.pop(0).answer.encode() + b"\n")
            continue
        ready, _, _ = select.select([outer], [], [], 0.2)
        data = _read(outer) if ready else b""
        if ready and not data:
            break
        screen += data.decode("utf-8", "replace")
        if not data and (process.poll() is not None or time.monotonic() > until):
            break
    if answers:
        raise PromptMissing(f"{answers[0].prompt!r} was not asked; the screen so far:\n{screen}")
    return screen.replace("\r\n", "\n")


def _read(outer: int) -> bytes:
    try:
        return os.read(outer, 65536)
    except OSError:  # Linux: the other side is closed
        return b""
