"""A project's own migration tool, run as a child that can ask nobody and is told one database.

How to find the tool, and how it writes a URL, is for its handler. What the tool reports is not
believed: its row in the ledger is looked for through our own session.
"""

import os
import re
import secrets
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO

from faber_db.adapters.engines.child import launched
from faber_db.adapters.handlers.tool_environment import environment_for, secrets_of
from faber_db.errors import Cancelled, FaberDbError, ToolFailed, ToolMissing
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Session, ToolPlace
from faber_db.sql.redact import HIDDEN, redact
from faber_db.sql.visible import visible

_TO_START = timedelta(minutes=1)  # beside the time that a statement may take
_LOOK_EVERY = 0.1  # seconds
_KEPT_BYTES = 64_000  # of the end of what it prints
_TOLD_LINES, _TOLD_CHARACTERS = 5, 600
_ASKED = re.compile(
    r"\bEOFError\b|EOF when reading|not a (?:tty|terminal)|/dev/tty\b|Inappropriate ioctl", re.I
)
_FRAME = re.compile(r"at (?:async )?[^ ]+ \(|at (?:file|node):")  # of a JavaScript stack: no news
_PROMPT = re.compile(r"[?:>\])]\s*\Z")  # the last line is not ended, and looks like a question


@dataclass(frozen=True, slots=True)
class UserTool:
    """What is run: the program by its absolute path, with its arguments, none of them secret."""

    name: str  # "Alembic", for people
    argv: tuple[str, ...]
    folder: Path  # in which it runs
    url: str = ""  # the database as this tool writes it; empty: as the place has it
    more: Mapping[str, str] = field(default_factory=dict)  # variables besides; may hold secrets


def run_tool(
    session: Session, tool: UserTool, place: ToolPlace, *, limit: timedelta | None = None
) -> str:
    """Run it to its end; the end of what it printed, without secrets.

    Standard input is empty, and there is no terminal: a tool that asks gets no answer. Lock and
    statement limits of PostgreSQL are given by `PGOPTIONS`; elsewhere only `limit` holds.

    Args:
        session: to the same database; by it, what a stopped tool left on the server is ended.
        tool: what to run.
        place: where.
        limit: of the whole run; else a minute more than a statement may take.

    Raises:
        ToolMissing: there is no such program.
        ToolFailed: it failed, asked, or took too long; its whole process group is gone.
        Cancelled: `place.cancelled`; the same.
    """
    label = f"faber-db-tool-{secrets.token_hex(4)}"
    limit = limit if limit is not None else place.limits.statement_timeout + _TO_START
    try:
        code, said, left_out = _carried_out(tool, place, session.dialect, limit, label)
    except _Stopped:
        _end_on_server(session, label)
        raise
    if code is None:
        _end_on_server(session, label)
    if code != 0:
        raise _failed(tool, code, said, limit, left_out)
    return said


def looked(
    tool: UserTool, place: ToolPlace, dialect: Dialect, *, limit: timedelta
) -> tuple[int | None, str]:
    """Run it to look at a database that need not be there; its exit code and what it said.

    The code is None where it did not end in time.

    Raises:
        ToolMissing, Cancelled: as `run_tool`.
    """
    code, said, _ = _carried_out(tool, place, dialect, limit, "faber-db-tool")
    return code, said


class _Stopped(Cancelled):
    """The tool was stopped, since the caller cancelled."""


def _carried_out(
    tool: UserTool, place: ToolPlace, dialect: Dialect, limit: timedelta, label: str
) -> tuple[int | None, str, tuple[str, ...]]:
    """Its exit code, None where it took too long; what it said; the variables it was not given."""
    program = Path(tool.argv[0])
    if not (program.is_absolute() and program.is_file() and os.access(program, os.X_OK)):
        raise ToolMissing(
            f"{tool.name} of this project cannot be run: there is no program {program}",
            hint=f"Install {tool.name} in the project's own environment.",
        )
    environ, left_out = environment_for(
        place, url=tool.url or place.url, dialect=dialect, label=label
    )
    run = _Run(
        tool, {**environ, **tool.more}, monotonic() + limit.total_seconds(), within=place.within
    )
    try:
        code = run.wait(place)
    finally:
        run.end()
    said = _without_secrets(run.output(), {*secrets_of(place.url), *secrets_of(tool.url)})
    if run.stopped == "cancelled":
        raise _Stopped(f"{tool.name} was stopped; what it had not committed was rolled back")
    return code, said, left_out


def require_row(
    tool: UserTool,
    migration: Migration,
    ledger: Callable[[], Sequence[LedgerRow]],
    said: str,
) -> None:
    """Look for what the tool had to leave in the ledger of the database that we are connected to.

    Raises:
        ToolFailed: it is not there, whatever the tool said.
    """
    if any(row.version == migration.version and row.finished for row in ledger()):
        return
    asked = " (it seems to have asked something)" if _has_asked(said) else ""
    raise ToolFailed(
        f"{tool.name} ended without an error{asked}, but this database's ledger does not hold"
        f" {migration.version}: it reached another database, or did nothing. {_told(said)}".strip(),
        hint="Have the project read its database's URL from the variable that the configuration"
        " names, then look what the tool changed and where.",
    )


def require_gone(
    tool: UserTool,
    migration: Migration,
    ledger: Callable[[], Sequence[LedgerRow]],
    said: str,
    *,
    left: Collection[str],
) -> None:
    """Look whether the tool took back this one, and no other.

    Args:
        tool: which was run.
        migration: that it had to take back.
        ledger: of the database that we are connected to.
        said: by the tool.
        left: the versions whose rows have to be there now.

    Raises:
        ToolFailed: others are, whatever the tool said.
    """
    found = {row.version for row in ledger() if row.finished}
    if found == set(left):
        return
    more = ", ".join(sorted(set(left) - found))
    what = "did nothing, or reached another database" if migration.version in found else (
        f"took back {more} with it" if more else "left other rows"
    )  # fmt: skip
    raise ToolFailed(
        f"{tool.name} was to take back {migration.version}, and {what}. {_told(said)}".strip(),
        hint="Look what stands in the ledger before the next try.",
    )


class _Run:
    """One run of a tool: its process group and the end of its output."""

    def __init__(
        self, tool: UserTool, environ: Mapping[str, str], until: float, *, within: tuple[str, ...]
    ) -> None:
        self.stopped = ""  # "cancelled", "late"
        self._until = until
        self._kept: deque[bytes] = deque()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - absolute path, no shell
                launched((*within, *tool.argv), death_signal=signal.SIGTERM),
                cwd=tool.folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # no terminal to ask at, and a group of its own
            )
        except OSError as error:
            raise ToolMissing(
                f"{tool.name} cannot be started: {error.strerror or 'unknown reason'}",
                hint="Run it yourself once in the project's own environment.",
            ) from error
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        self._reader = Thread(target=self._keep, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def wait(self, place: ToolPlace) -> int | None:
        """Its exit code; None where it was stopped."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_LOOK_EVERY)
            if place.cancelled():
                self.stopped = "cancelled"
            elif monotonic() > self._until:
                self.stopped = "late"
            if self.stopped:
                return None

    def end(self) -> None:
        """End the whole group; nothing of it outlives the call."""
        with suppress(ProcessLookupError, PermissionError):  # macOS: of a group that is gone
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1)  # a child that left the group may hold the pipe

    def output(self) -> str:
        return b"".join(tuple(self._kept))[-_KEPT_BYTES:].decode(errors="replace")

    def _keep(self, pipe: IO[bytes]) -> None:
        size = 0
        with pipe, suppress(OSError, ValueError):
            while piece := os.read(pipe.fileno(), 8192):
                self._kept.append(piece)
                size += len(piece)
                while size - len(self._kept[0]) > _KEPT_BYTES:
                    size -= len(self._kept.popleft())


def _failed(
    tool: UserTool, code: int | None, said: str, limit: timedelta, left_out: Sequence[str]
) -> ToolFailed:
    if code is None:
        what = f"did not end within {limit.total_seconds():g} s and was stopped"
        hint = "Run it yourself once to see what it waits for."
    elif _has_asked(said):
        what = f"asked a question, got no answer and ended with {code}"
        hint = "Run it yourself once, or change the migration so that it asks nothing."
    elif code < 0:
        what, hint = f"was ended by signal {-code}", ""
    else:
        what, hint = f"ended with {code}", "Look what stands in the ledger before the next try."
    if left_out:
        names = ", ".join(left_out[:10])
        hint = f"{hint} It was not given {names}: they may lead to another database.".strip()
    return ToolFailed(f"{tool.name} {what}. {_told(said)}".strip().rstrip("."), hint=hint)


def _told(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not _FRAME.match(line)][-_TOLD_LINES:]
    told = visible(" | ".join(lines), keep_lines=False)[-_TOLD_CHARACTERS:]
    return f"It said: {told}" if told else "It said nothing"


def _has_asked(said: str) -> bool:
    ended = said.endswith(("\n", "\r"))
    return bool(_ASKED.search(said) or (not ended and _PROMPT.search(said)))


def _without_secrets(text: str, known: set[str]) -> str:
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return redact(text)


def _end_on_server(session: Session, label: str) -> None:
    """A server does not notice that its client is gone before the statement ends; tell it."""
    if session.dialect is not Dialect.POSTGRESQL:
        return
    with suppress(FaberDbError):  # the tool's end is what is told
        session.query(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
            " WHERE application_name = %s",
            (label,),
        )
