"""Whether a second session waits for a table while a statement works through it: seen, not timed."""

import threading
from collections.abc import Callable
from typing import Any

import pymysql
from pymysql.connections import Connection

from faber_db.adapters.engines.mysql.address import parse
from tests.safety.mysql_locks import number_of

ROWS = (200_000, 800_000)  # more where the server was done before it could be watched
_SAMPLES = 60
_FEW, _MOST = 0.4, 0.6  # of the samples; at its ends every statement keeps others out for a moment
_STATE = """
    SELECT writer.state = 'Waiting for table metadata lock'
    FROM information_schema.processlist writer, information_schema.processlist changer
    WHERE writer.id = %s AND changer.id = %s AND changer.command = 'Query'
"""


def connect(url: str) -> "Connection[Any]":
    """A session of a test."""
    address = parse(url)
    return pymysql.connect(
        unix_socket=address.socket or None,
        host=address.host or None,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
        autocommit=True,
        init_command="SET lock_wait_timeout = 600",
    )


def waits(made: Callable[[int], str], statement: str, write: str) -> tuple[bool, str]:
    """Whether a writer is kept waiting for most of a statement, and what was seen.

    A statement that is over before it can be watched is done again with more rows; one that never
    takes longer works through none, and nobody waits for it.

    Args:
        made: makes a database with so many rows, and gives its URL.
        statement: the change.
        write: what the writer does again and again, each time by itself.
    """
    seen = ""
    for rows in ROWS:
        waiting, samples = _watched(made(rows), statement, write)
        seen = f"{rows:,} rows: seen to wait {waiting} times of {samples}"
        if samples >= _SAMPLES and not _FEW < waiting / samples < _MOST:
            return waiting >= _MOST * samples, seen
    return False, seen


def _watched(url: str, statement: str, write: str) -> tuple[int, int]:
    """How often the writer was seen to wait while the statement ran, and how often it was looked at."""
    over, writing = threading.Event(), threading.Event()
    with connect(url) as writer, connect(url) as changer, connect(url) as watcher:
        threads = [
            threading.Thread(target=_write, args=(writer, write, writing, over)),
            threading.Thread(target=_change, args=(changer, statement, over)),
        ]
        numbers = number_of(writer), number_of(changer)
        threads[0].start()
        assert writing.wait(60)
        threads[1].start()
        found: list[int] = []
        with watcher.cursor() as cursor:
            while not over.wait(0.001):
                cursor.execute(_STATE, numbers)
                found += [waiting for (waiting,) in cursor.fetchall()]
        for thread in threads:
            thread.join()
    return sum(found), len(found)


def _change(changer: "Connection[Any]", statement: str, over: threading.Event) -> None:
    try:
        with changer.cursor() as cursor:
            cursor.execute(statement)
    finally:
        over.set()


def _write(
    writer: "Connection[Any]", write: str, writing: threading.Event, over: threading.Event
) -> None:
    try:
        with writer.cursor() as cursor:
            while not over.is_set():
                cursor.execute(write)
                writing.set()
    finally:
        writing.set()
