"""Whether writes wait while MySQL or MariaDB works through a table: asked and watched.

Asked: the server refuses `ALGORITHM` and `LOCK` where it cannot keep them; the statement is tried on an
empty copy of the tables, from the lightest on. Watched: what cannot take the clauses runs while the
metadata locks of its session are read.
"""

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.connections import Connection

PROBE = "shop_probe"
_LADDER = (
    ("INSTANT", "NONE", "ALGORITHM=INSTANT"),
    ("NOCOPY", "NONE", "ALGORITHM=NOCOPY{c} LOCK=NONE"),
    ("INPLACE", "NONE", "ALGORITHM=INPLACE{c} LOCK=NONE"),
    ("NOCOPY", "SHARED", "ALGORITHM=NOCOPY{c} LOCK=SHARED"),
    ("INPLACE", "SHARED", "ALGORITHM=INPLACE{c} LOCK=SHARED"),
    ("COPY", "SHARED", "ALGORITHM=COPY{c} LOCK=SHARED"),
    ("COPY", "EXCLUSIVE", "ALGORITHM=COPY{c} LOCK=EXCLUSIVE"),
)
_PLAIN = re.compile(
    r"ALTER\s+(IGNORE\s+)?TABLE\b|CREATE\s+(UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?INDEX\b|DROP\s+INDEX\b",
    re.I,
)
_SAID = re.compile(r"\b(ALGORITHM|LOCK)\s*=\s*(\w+)", re.I)
_REFUSED = (1845, 1846, 1235)  # alter operation not supported, with its reason or without
_STRONG = ("MDL_SHARED_NO_WRITE", "MDL_SHARED_NO_READ_WRITE", "MDL_EXCLUSIVE")
_SHARE = 0.5  # of the samples taken while the statement ran
_WORK = 500  # rows from which on a table is worked through; each has at least so many


@dataclass(frozen=True)
class Answer:
    """How the server does it. `lock`: NONE, SHARED, EXCLUSIVE, or empty where it did not say."""

    algorithm: str = ""
    lock: str = ""

    @property
    def waits(self) -> bool:
        return self.algorithm != "INSTANT" and self.lock in ("SHARED", "EXCLUSIVE")


def can_ask(statement: str) -> bool:
    """Whether the statement takes the clauses, and does not make its own choice of them."""
    text = statement.strip()
    return (
        _PLAIN.match(text) is not None
        and _SAID.search(text) is None
        and not re.search(r"\bPARTITION(ING)?\b", text, re.I)
    )


def own_choice(statement: str) -> Answer:
    """What a statement with the clauses asks for; the server keeps to it or refuses."""
    said = {word.upper(): value.upper() for word, value in _SAID.findall(statement)}
    if not said or not _PLAIN.match(statement.strip()):
        return Answer()
    algorithm = said.get("ALGORITHM", "")
    lock = said.get("LOCK", {"INSTANT": "NONE", "COPY": "SHARED"}.get(algorithm, ""))
    return Answer(algorithm, lock)


def without_choice(statement: str) -> str:
    """The statement as it would be if the server were to choose."""
    return re.sub(r",?\s*\b(ALGORITHM|LOCK)\s*=\s*\w+", "", statement, flags=re.I)


def refused(error: pymysql.MySQLError) -> bool:
    """Whether the server did not even begin."""
    return error.args[0] in _REFUSED


def ask(connection: "Connection[Any]", statement: str, shop: str) -> Answer:
    """Try the statement on empty copies of the tables, the lightest way first."""
    comma = "," if statement.lstrip()[:5].upper() == "ALTER" else ""
    _copies(connection, shop)
    for algorithm, lock, clauses in _LADDER:  # what is refused changes nothing
        text = statement.replace(f"{shop}.", f"{PROBE}.").rstrip("; \n")
        with connection.cursor() as cursor:
            try:
                cursor.execute(f"{text}{comma} {clauses.format(c=comma)}")
            except pymysql.MySQLError as error:
                if error.args[0] in _REFUSED:
                    continue
                return Answer()
            return Answer(algorithm, lock)
    return Answer()


def _copies(connection: "Connection[Any]", shop: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@foreign_key_checks")
        checks = cursor.fetchone()[0]
        cursor.execute("SET foreign_key_checks = 0")
        cursor.execute(f"DROP DATABASE IF EXISTS {PROBE}")
        cursor.execute(f"CREATE DATABASE {PROBE} CHARACTER SET utf8mb4")
        cursor.execute(f"SHOW FULL TABLES FROM {shop} WHERE Table_type = 'BASE TABLE'")
        names = [name for name, _ in cursor.fetchall()]
        cursor.execute(f"USE {PROBE}")
        for name in names:
            cursor.execute(f"SHOW CREATE TABLE {shop}.`{name}`")
            cursor.execute(cursor.fetchone()[1])
        cursor.execute("SET foreign_key_checks = %s", (checks,))


_MODES = """
    SELECT lock_mode, table_name FROM information_schema.metadata_lock_info
    WHERE thread_id = %s AND table_schema = %s AND lock_type = 'Table metadata lock'
"""
_HANDLED = "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_rnd_next', 'Handler_write')"


@dataclass
class Watch:
    """Reads the metadata locks of a session again and again while it runs a statement."""

    session: "Connection[Any]"  # the one that is watched
    other: "Connection[Any]"
    shop: str
    samples: int = 0
    strong: Counter[str] = field(default_factory=Counter)
    handled: int = 0  # rows that the server read or wrote one by one
    _over: threading.Event = field(default_factory=threading.Event)
    _worker: threading.Thread | None = None
    _number: int = 0

    def __enter__(self) -> "Watch":
        self.handled = _handled(self.session)
        self._number = number_of(self.session)
        self._worker = threading.Thread(target=self._look)
        self._worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._worker is not None:
            self._worker.join()
        self.handled = _handled(self.session) - self.handled

    def _look(self) -> None:
        while not self._over.is_set():
            with self.other.cursor() as cursor:
                cursor.execute(_MODES, (self._number, self.shop))
                found = {table for mode, table in cursor.fetchall() if mode in _STRONG}
            self.samples += 1
            self.strong.update(found)
            time.sleep(0.0005)

    def held(self) -> set[str]:
        """The tables whose writers waited while rows were worked through, for most of the time."""
        return {
            table
            for table, seen in self.strong.items()
            if self.handled >= _WORK and seen >= _SHARE * self.samples
        }


def _handled(session: "Connection[Any]") -> int:
    with session.cursor() as cursor:
        cursor.execute(_HANDLED)
        return sum(int(value) for _, value in cursor.fetchall())


def number_of(session: "Connection[Any]") -> int:
    """By which the server calls it."""
    with session.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        return int(cursor.fetchone()[0])


def held_now(connection: "Connection[Any]", session: int, shop: str) -> set[str]:
    """The tables that a session keeps from being written, between two statements."""
    with connection.cursor() as cursor:
        cursor.execute(_MODES, (session, shop))
        keeping = (*_STRONG, "MDL_SHARED_READ_ONLY")
        return {table for mode, table in cursor.fetchall() if mode in keeping}
