"""One suite of bad migration folders over every format: a coded error with a hint, or plain work."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Timer
from typing import TypeVar

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS, detect_handler, handler_for
from faber_db.config.settings import DatabaseSettings
from faber_db.errors import FaberDbError
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.app import Database
from faber_db.services.history import MAX_FILE_BYTES, history
from faber_db.services.ports import Handler

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UP, DOWN = "CREATE TABLE t (a integer);\n", "DROP TABLE t;\n"
T = TypeVar("T")
NAMES = [handler.name for handler in HANDLERS]


@pytest.fixture(params=NAMES)
def handler(request: pytest.FixtureRequest) -> Handler:
    return handler_for(request.param)


class Folder:
    """A migration folder on disk with one good migration in it."""

    def __init__(self, root: Path, handler: Handler) -> None:
        self.handler, self.root = handler, root
        self.path = root / handler.default_folder
        self.path.mkdir(parents=True)
        self.files = good(handler)
        for file in self.files:
            self.write(file.path, file.content)
        (migration,) = handler.parse(self.files)
        self.script = migration.path  # the file with the way up

    def write(self, path: str, content: bytes) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def read(self, sent: tuple[SourceFile, ...] | None = None) -> tuple[Migration, ...]:
        return history(
            Database(
                name="main",
                settings=DatabaseSettings(environments={}),
                engine=Sqlite(self.root / "locks"),
                handler=self.handler,
                folder=self.path,
                environments={},
                shadow=None,  # type: ignore[arg-type]  # nothing is tried here
                sent=sent,
            )
        )

    def refused(self, *codes: str) -> FaberDbError:
        """The error that reading it gives; it is one of these, and says what to do."""
        with pytest.raises(FaberDbError) as caught:
            self.read()
        assert caught.value.code in codes
        assert caught.value.hint
        return caught.value


def good(handler: Handler, name: str = "one") -> list[SourceFile]:
    return list(handler.generate(name, UP, DOWN, now=NOW, existing=()))


@pytest.fixture
def folder(tmp_path: Path, handler: Handler) -> Folder:
    return Folder(tmp_path / "project", handler)


def test_a_good_one(folder: Folder) -> None:
    (one,) = folder.read()
    assert one.path == folder.script


def test_empty(folder: Folder) -> None:
    for file in folder.files:
        (folder.path / file.path).unlink()
    folder.refused("migration-folder-missing")
    (folder.path / "README.md").write_text("nothing here")
    folder.refused("migration-folder-missing")


def test_none(tmp_path: Path, handler: Handler) -> None:
    folder = Folder(tmp_path / "project", handler)
    folder.path = tmp_path / "elsewhere"
    folder.refused("migration-folder-missing")


# --- what stands in a file ---------------------------------------------------------------------


def test_byte_order_mark(folder: Folder) -> None:
    text = (folder.path / folder.script).read_bytes()
    folder.write(folder.script, b"\xef\xbb\xbf" + text)
    (one,) = folder.read()
    assert "\ufeff" not in one.up


def test_windows_line_ends(folder: Folder) -> None:
    for file in folder.files:
        folder.write(file.path, file.content.replace(b"\n", b"\r\n"))
    (one,) = folder.read()
    assert (one.version, one.path) == (folder.handler.parse(folder.files)[0].version, one.path)


def test_latin_1(folder: Folder) -> None:
    comment = b"// " if folder.script.endswith(("s",)) else b"# "
    comment = b"-- " if folder.script.endswith(".sql") else comment
    text = (folder.path / folder.script).read_bytes()
    folder.write(folder.script, text + b"\n" + comment + "für später\n".encode("latin-1"))
    error = folder.refused("migration-unreadable")
    assert "UTF-8" in error.message + error.hint


def test_zero_bytes(folder: Folder) -> None:
    """It may be read, or refused; the server is the last to say no to it."""
    text = (folder.path / folder.script).read_bytes()
    folder.write(folder.script, text + b"\x00")
    _coded(folder.read)


def test_nothing_in_it(folder: Folder) -> None:
    folder.write(folder.script, b"")
    _coded(folder.read)


SHAPES = {  # each was, or could be, read in quadratic time
    "comments that never end": "/*",
    "dashes": "-",
    "blank lines": "\n",
    "windows line ends": "\r\n",
    "spaces": " ",
    "quotes": "'",
    "double quotes": '"',
    "backticks": "`",
    "dollars": "$",
    "placeholders": "${",
    "brackets": "(",
    "closing brackets": ")",
    "semicolons": ";",
    "markers": "-- migrate:up\n",
    "other markers": "-- +goose Up\n",
    "more markers": "-- +goose StatementBegin\n",
    "directives": "-- depends: a\n",
    "breakpoints": "--> statement-breakpoint\n",
    "words": "a ",
    "one word": "a",
    "backslashes": "\\",
    "slashes": "/",
    "hashes": "#",
    "stars": "*",
    "at signs and colons": "@:",
}
BIG = 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("piece", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("after", [True, False], ids=["after", "alone"])
def test_long_monotony(handler: Handler, piece: str, after: bool) -> None:
    """A million characters; in quadratic time that would be hours, so the limit is generous."""
    files = good(handler)
    script = handler.parse(files)[0].path
    text = piece * (BIG // len(piece))
    changed = [
        SourceFile(f.path, (f.content if after else b"") + b"\n" + text.encode())
        if f.path == script
        else f
        for f in files
    ]
    began = time.process_time()
    _coded(lambda: handler.parse(changed))
    assert time.process_time() - began < 60


@pytest.mark.slow
def test_fifty_megabytes(folder: Folder) -> None:
    text = (folder.path / folder.script).read_bytes()
    comment = b"// x\n" if folder.script.endswith(("js", "ts")) else b"# x\n"
    line = b"-- x\n" if folder.script.endswith(".sql") else comment
    folder.write(folder.script, text + line * ((MAX_FILE_BYTES - len(text)) // len(line)))
    began = time.process_time()
    _coded(folder.read)
    assert time.process_time() - began < 300
    folder.write(folder.script, text + line * (MAX_FILE_BYTES // len(line)))
    assert "bytes" in _error(folder.read).message


# --- names -------------------------------------------------------------------------------------


def _renamed(folder: Folder, change: Callable[[str], str]) -> tuple[SourceFile, ...]:
    """The files, with the word of their names changed, as they could come from elsewhere."""
    return tuple(SourceFile(change(f.path), f.content) for f in folder.files)


NAMES_OF_FILES = {
    "quotes": "it's\"`x",
    "SQL": "x'; DROP TABLE t; --",
    "a dollar": "$(id)",
    "percent": "100%s%(a)s",
    "spaces": "a  b",
    "backslash": "a\\b",
    "line feed": "a\nb",
    "escape": "a\x1b[2Jb",
    "from right to left": "a\u202eb",
    "zero width": "a\u200bb",
    "umlaut": "für",
    "another script": "таблица",
    "two scripts in a word": "p\u0430ge",  # a Cyrillic a
    "other digits": "a\u0661",
    "lone surrogate": "a\udce9",
    "4,096 characters": "x" * 4096,
}
REFUSED = {
    "line feed", "escape", "from right to left", "zero width", "two scripts in a word",
    "other digits", "lone surrogate", "4,096 characters",
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES_OF_FILES)
def test_names(folder: Folder, case: str) -> None:
    word = NAMES_OF_FILES[case]
    files = _renamed(folder, lambda path: path.replace("one", word).replace("One", word))
    found = _coded(lambda: folder.read(files))
    if case in REFUSED:
        assert found is None, found
    elif found is not None:
        _applied(folder, found)


def _applied(folder: Folder, found: tuple[Migration, ...]) -> None:
    """The ledger holds the name exactly as it is, and nothing of it has run."""
    (one,) = found
    url = f"sqlite:{folder.root / 'a.db'}"
    with Sqlite(folder.root / "locks").connect(url, create=True) as session:
        session.execute("CREATE TABLE t (kept integer)")
        folder.handler.mark(session, one, "applied", now=NOW)
        rows = folder.handler.ledger(session)
        states = folder.handler.status(found, rows)
        assert {s.version for s in states} == {one.version}
        assert session.query("SELECT count(*) FROM t") == [(0,)]


TWINS = {
    "upper case": lambda path: path.upper(),
    "wide letters": lambda path: path.replace("one", "\uff4f\uff4e\uff45"),
}


@pytest.mark.parametrize("change", TWINS.values(), ids=TWINS)
def test_two_that_look_alike(folder: Folder, change: Callable[[str], str]) -> None:
    twins = tuple(
        SourceFile(path, f.content)
        for f in folder.files
        if (path := change(f.path)) != f.path and folder.handler.wants(path)
    )
    if not twins:
        return  # its files are not called by words
    with pytest.raises(FaberDbError) as caught:
        folder.read((*folder.files, *twins))
    assert caught.value.hint


PATHS = ("../one.sql", "/etc/passwd", "a/../../b.sql", "./x.sql", "//x.sql", "a//b.sql")


@pytest.mark.parametrize("path", PATHS)
def test_paths_out_of_the_folder_are_labels_and_nothing_else(folder: Folder, path: str) -> None:
    base = folder.script.rpartition("/")[2]
    for bad in (path, f"{path.rpartition('/')[0]}/{base}"):
        files = (*folder.files, SourceFile(bad, UP.encode()))
        found = _coded(partial(folder.read, files))
        assert found is None or [m.path for m in found] == [folder.script]


def test_the_same_version_twice(folder: Folder) -> None:
    """Two files of one number are an error, or two migrations that nobody can mix up."""
    for file in good(folder.handler, "two"):
        folder.write(file.path, file.content)
    found = _coded(folder.read)
    if found is not None:
        assert len({m.version for m in found}) == len(found)


# --- links, and what is no file ----------------------------------------------------------------


def test_a_link_out_of_the_folder(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.sql"
    script = folder.path / folder.script
    script.rename(outside)
    script.symlink_to(outside)
    folder.refused("input-path-outside-project")


def test_a_link_within_the_folder(folder: Folder) -> None:
    script = folder.path / folder.script
    kept = folder.path / "kept.txt"
    script.rename(kept)
    script.symlink_to(kept)
    assert len(folder.read()) == 1


def test_a_folder_that_is_a_link(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "migration.sql").write_text("DROP TABLE t;")
    (folder.path / "20991231235959_linked").symlink_to(outside)
    found = _coded(folder.read)
    assert found is None or [m.path for m in found] == [folder.script]


def test_links_in_a_circle_and_to_nothing(folder: Folder) -> None:
    script = folder.path / folder.script
    script.unlink()
    script.symlink_to(script)
    folder.refused("input-file-unreadable", "input-path-outside-project")
    script.unlink()
    script.symlink_to(folder.path / "nothing.sql")
    folder.refused("input-file-unreadable", "input-path-outside-project")


@pytest.fixture
def watchdog() -> Iterator[None]:
    """Ends the process where something waits for ever; there is no other way to end it."""
    timer = Timer(300, os._exit, (1,))
    timer.start()
    yield
    timer.cancel()


@pytest.mark.usefixtures("watchdog")
def test_a_pipe_and_a_folder_in_its_place(folder: Folder) -> None:
    script = folder.path / folder.script
    script.unlink()
    os.mkfifo(script)
    folder.refused("input-file-unreadable")
    script.unlink()
    script.mkdir()
    _coded(folder.read)


# --- two formats -------------------------------------------------------------------------------


@pytest.mark.parametrize("other", NAMES)
def test_two_formats_in_one_folder(folder: Folder, other: str) -> None:
    """Who finds them says so, or reads both; who is told which one it is reads nothing else."""
    if other == folder.handler.name or "django" in (other, folder.handler.name):
        return  # Django's folder is the project: each app of it has one of its own
    alone = {m.path for m in folder.read()}
    theirs = good(handler_for(other), "two")
    both = alone | {m.path for m in handler_for(other).parse(theirs)}
    for file in theirs:
        if not (folder.path / file.path).exists():
            folder.write(file.path, file.content)
    found = _coded(folder.read)
    assert found is None or {m.path for m in found} == alone
    detected = _coded(lambda: detect_handler(folder.root))
    if detected is not None:
        folder.handler, folder.path = handler_for(detected.handler), detected.folder
        read = _coded(folder.read)
        if read is not None and {m.path for m in read} != both:
            url = f"sqlite:{folder.root / 'a.db'}"
            with Sqlite(folder.root / "locks").connect(url, create=True) as session:
                notes = folder.handler.notes(session, read, ())
            assert notes[0].code == "file-not-in-journal"  # which names what counts


def _error(call: Callable[[], object]) -> FaberDbError:
    with pytest.raises(FaberDbError) as caught:
        call()
    return caught.value


def _coded(call: Callable[[], T]) -> T | None:
    """What a call gives, or None where it raised one of our errors with a hint."""
    found: list[T] = []
    try:
        found.append(call())
    except FaberDbError as caught:
        error: FaberDbError | None = caught
    else:
        error = None
    if error is None:
        return found[0]
    assert error.code
    assert error.hint, error
    return None
