"""Listens to a Python program that uses SQLite, where no server hears it: inside the program itself."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.shadows import shut_in
from faber_db.adapters.shadows.conditions import conditions
from faber_db.adapters.shadows.sqlite import throw_away_folder
from faber_db.services.ports import Heard, Session

# Python imports a module of this name before the program. SQLite calls back with each statement
# and the values in it; one line of JSON a statement.
_HOOK = """
import itertools, json, os, sqlite3, sqlite3.dbapi2
_file = os.open(os.environ["SQLITE_HEARD_IN"], os.O_WRONLY | os.O_APPEND)
_numbers = itertools.count()

def _listening(connect):
    def connected(*args, **named):
        connection = connect(*args, **named)
        name = f"{os.getpid()}.{next(_numbers)}"
        def hear(statement):
            os.write(_file, json.dumps([name, statement]).encode() + b"\\n")
        connection.set_trace_callback(hear)
        return connection
    return connected

sqlite3.connect = sqlite3.dbapi2.connect = _listening(sqlite3.dbapi2.connect)
"""
_NO_PORT = 1  # nothing is forwarded: there is no server


class SqliteRecorder:
    """Makes files; only a Python program can be listened to.

    Args:
        environ: of the programs; without any environment's credential.
    """

    label = "Python's sqlite3"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @contextmanager
    def listen(self, number: int) -> Iterator["Listened"]:
        with throw_away_folder() as folder:
            hook = folder / "hook"
            hook.mkdir()
            (hook / "sitecustomize.py").write_text(_HOOK)
            heard = folder / "heard"
            heard.touch(mode=0o600)
            paths = (str(hook), self._environ.get("PYTHONPATH", ""))
            environ = {
                **self._environ,
                **conditions(number),
                "PYTHONPATH": ":".join(filter(None, paths)),
                "SQLITE_HEARD_IN": str(heard),
            }
            url = f"sqlite:{folder / f'shadow-{number}.db'}"
            with Sqlite(folder).connect(url, create=True) as session:
                yield Listened(url, heard, session, environ)


class Listened:
    """One file, and what was heard of it."""

    def __init__(self, url: str, heard: Path, session: Session, environ: Mapping[str, str]) -> None:
        self.url = url
        self.session = session
        self.environ = environ
        self.unchecked = shut_in.obstacle()
        self._file = heard
        self._read = 0

    @property
    def within(self) -> tuple[str, ...]:
        return () if self.unchecked else shut_in.words("", _NO_PORT)

    def stir(self) -> None:
        if self.session.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"):
            self.session.execute("UPDATE sqlite_sequence SET seq = seq + 7919")

    def heard(self) -> tuple[Heard, ...]:
        with self._file.open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        self._read += sum(map(len, lines))
        return tuple(Heard(str(name), str(text)) for name, text in map(json.loads, lines))
