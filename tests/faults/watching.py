"""Follow a job of another process from outside, and end it at a moment that is seen, not guessed."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.project import Project

PATIENCE = 60.0  # seconds


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as `holds` does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"never came: {what}"
        time.sleep(0.002)


@contextmanager
def started(project: Project, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs beside the test; ended with it."""
    process = subprocess.Popen(
        project.command(*words, "--json"),
        cwd=project.root,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answered(process: "subprocess.Popen[str]") -> tuple[int, dict[str, Any]]:
    """Exit code and answer of a command that was started."""
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err, out + err
    answer: dict[str, Any] = json.loads(out)
    return process.returncode, answer


def job_of(project: Project, plan: str) -> dict[str, Any]:
    """The newest job of a plan as the state has it; empty while there is none."""
    rows = _ask(project, "SELECT body FROM jobs WHERE plan_id = ? ORDER BY rowid DESC", plan)
    found: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
    return found


def state_of(project: Project, plan: str) -> str:
    """What the state says of a plan."""
    return str(_ask(project, "SELECT state FROM plans WHERE id = ?", plan)[0][0])


def events(project: Project, plan: str) -> list[str]:
    """The audit trail of a plan."""
    rows = _ask(project, "SELECT event, body FROM audit ORDER BY seq")
    return [event for event, body in rows if json.loads(body).get("plan_id") == plan]


def kill(project: Project, plan: str) -> None:
    """End the process of a plan's job as the kernel would: no cleaning up."""
    pid = int(job_of(project, plan)["pid"])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _lives(pid), "the end of the process")


def parts(project: Project) -> list[Path]:
    """Files of backups that are being made."""
    return [
        p
        for p in (project.root.parent / "state").glob("faber-db/*/backups/**/*")
        if p.is_file() and p.name.endswith(".part") and p.stat().st_size > 0
    ]


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _ask(project: Project, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    state = sqlite3.connect(f"file:{project.state_file}?mode=ro", uri=True, timeout=30)
    try:
        return state.execute(sql, parameters).fetchall()
    finally:
        state.close()
