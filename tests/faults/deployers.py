"""Deployers as processes of their own, forked ready from a server that has loaded everything."""

import multiprocessing
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from faber_db.app import build as opened
from faber_db.errors import FaberDbError
from faber_db.executor import deploying, planning
from faber_db.model.answer import Answer, refused
from faber_db.model.dialect import Dialect
from faber_db.model.migration import MigrationState, SourceFile
from faber_db.services import build, coordinate, rollback
from faber_db.services.app import App
from faber_db.services.history import read_folder
from faber_db.sql.script import parse
from tests.faults.cutting import PATIENCE, Stop

for dialect in Dialect:
    parse("INSERT INTO t VALUES (1)", dialect)  # loads what the first parse loads, once for all

CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.deployers"])

HELD = "held"
LOCK_WAIT = timedelta(seconds=10)


def work(
    root: Path, environ: Mapping[str, str], back: bool, recorded: Sequence[SourceFile]
) -> Answer[coordinate.CoordinateDetails]:
    """What `build`, or `rollback dev`, does in this very process."""
    app = opened(root, environ)
    if recorded:
        return apply_recorded(app, recorded)
    if back:
        return rollback.run(rollback.RollbackRequest(environment="dev"), app)
    return build.run(coordinate.Request(), app)


def apply_recorded(
    app: App, recorded: Sequence[SourceFile]
) -> Answer[coordinate.CoordinateDetails]:
    """The SQL of programs, as an executor runs it: under both locks, one migration after the other."""
    database = app.database("")
    environment, handler = database.environment("dev"), database.handler
    applied = []
    with (
        database.engine.connect(
            environment.resolve_url(), limits=environment.limits, create=True
        ) as session,
        handler.lock(session, wait=LOCK_WAIT),
        session.deploy_lock(wait=LOCK_WAIT),
    ):
        history = handler.parse((*read_folder(database), *recorded))
        states = {s.version: s.state for s in handler.status(history, handler.ledger(session))}
        for migration in history:
            if states[migration.version] is MigrationState.APPLIED:
                continue
            script = parse(migration.up, session.dialect)
            handler.apply_one(session, migration, script, now=app.now())
            applied.append(migration.version)
    details = coordinate.CoordinateDetails(environment="dev", applied=applied)
    return Answer(message="", details=details)


def _child(
    to_parent: Connection,
    root: Path,
    environ: Mapping[str, str],
    back: bool,
    recorded: Sequence[SourceFile],
    texts: Sequence[bytes],
    file: str,
    largest: int,
) -> None:
    if texts:
        _stop_at(texts, file, to_parent)
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    try:
        answer = work(root, environ, back, recorded)
    except FaberDbError as error:
        answer = refused(error, coordinate.CoordinateDetails(environment="dev"))
    to_parent.send(
        {
            "exit": int(answer.exit_code),
            "message": answer.message,
            "errors": [(e.code, e.message, e.hint) for e in answer.errors],
            "applied": list(answer.details.applied),
        }
    )


def _be_patient() -> None:
    """Of twenty on a busy machine the last one waits for longer than a person would."""
    coordinate.WATCH_SECONDS = PATIENCE * 3 / 4  # less than whoever asks it waits
    deploying._LOCK_WAIT = planning._OTHERS = timedelta(seconds=coordinate.WATCH_SECONDS)


def _stop_at(texts: Sequence[bytes], file: str, to_parent: Connection) -> None:
    """Hold this process before a statement on a SQLite file, as the proxy does on a server."""
    connect, stop = sqlite3.connect, Stop(texts)

    def tell(statement: str) -> None:
        if stop.is_reached(statement.encode()):
            to_parent.send(HELD)
            time.sleep(PATIENCE)  # ended from outside
            os._exit(1)

    def traced(database: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(database, *arguments, **named)
        if file in str(database):
            connection.set_trace_callback(tell)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment] # of this process alone


class Deployer:
    """A running one."""

    def __init__(self, process: BaseProcess, said: Connection) -> None:
        self._process, self._said = process, said

    def answer(self) -> dict[str, Any]:
        """What it says at its end."""
        assert self._said.poll(PATIENCE), "a deployer neither ended nor said anything"
        found: dict[str, Any] = self._said.recv()
        self._process.join(PATIENCE)
        return found

    def wait_until_held(self) -> None:
        assert self._said.poll(PATIENCE), "the statement never came"
        assert self._said.recv() == HELD

    def kill(self) -> None:
        """As the kernel would: no cleaning up."""
        self._process.kill()
        self._process.join(PATIENCE)


Start = Callable[..., Deployer]


@contextmanager
def started(
    root: Path,
    environ: Mapping[str, str],
    *,
    back: bool = False,
    recorded: Sequence[SourceFile] = (),
    texts: Sequence[bytes] = (),
    file: str = "",
    largest: int = 0,
) -> Iterator[Deployer]:
    """A process that builds, or rolls back; with `texts` held at the last of them on that file.

    With `largest` no file can grow beyond that many bytes.
    Of a format of programs it applies what was `recorded`, without the tool.
    """
    here, there = CONTEXT.Pipe(duplex=False)
    arguments = (there, root, dict(environ), back, tuple(recorded), tuple(texts), file, largest)
    process = CONTEXT.Process(target=_child, args=arguments, daemon=True)
    process.start()
    there.close()
    try:
        yield Deployer(process, here)
    finally:
        process.kill()
        process.join(PATIENCE)
        process.close()
        here.close()
