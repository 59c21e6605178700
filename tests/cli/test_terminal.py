"""What a terminal sees and a pipe does not: colour, width, progress, Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from faber_db.cli.call import Call, Common
from faber_db.cli.render.page import Page, bad
from faber_db.cli.terminal import Terminal
from tests.cli.conftest import Run

ANSI = re.compile(r"\x1b\[")


def _at_a_terminal(
    arguments: list[str], folder: Path, environ: Mapping[str, str], columns: int = 100
) -> tuple[int, str]:
    """Run `faber-db` with a pseudo-terminal for its three streams; exit code and what it showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "faber_db", *arguments],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **environ},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 65_536):
            shown += block
    except OSError:  # Linux: the last writer has closed its end
        pass
    finally:
        os.close(leader)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


COLOUR: dict[str, tuple[list[str], dict[str, str], bool]] = {
    "by itself": ([], {}, True),
    "NO_COLOR": ([], {"NO_COLOR": "1"}, False),
    "a dumb terminal": ([], {"TERM": "dumb"}, False),
    "never": (["--color", "never"], {}, False),
    "always, over NO_COLOR": (["--color=always"], {"NO_COLOR": "1"}, True),
}


@pytest.mark.parametrize(("options", "environ", "coloured"), COLOUR.values(), ids=COLOUR)
def test_colour_at_a_terminal(
    tmp_path: Path, options: list[str], environ: dict[str, str], coloured: bool
) -> None:
    code, shown = _at_a_terminal(["explain", "lock-busy", *options], tmp_path, environ)
    assert code == 0
    assert bool(ANSI.search(shown)) is coloured


def test_a_pipe_is_not_coloured(faber_db: Run) -> None:
    assert not ANSI.search(faber_db("explain", "lock-busy").out)
    assert ANSI.search(faber_db("explain", "lock-busy", "--color", "always").out)


def test_the_width_is_the_terminal_s(tmp_path: Path) -> None:
    _, wide = _at_a_terminal(["explain", "connection-pooled"], tmp_path, {"NO_COLOR": "1"}, 110)
    _, narrow = _at_a_terminal(["explain", "connection-pooled"], tmp_path, {"NO_COLOR": "1"}, 50)
    assert max(map(len, narrow.splitlines())) <= 50 < max(map(len, wide.splitlines()))


def test_ascii_where_the_locale_needs_it(faber_db: Run) -> None:
    ascii_only = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    ended = faber_db("detect", "Add an índex — now", "--json", environ=ascii_only)
    assert ended.code == 0
    assert ended.out.isascii()
    assert faber_db("detect", "Tabelle für Größen", environ=ascii_only).out.isascii()


def test_progress_is_one_line_and_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.watched = True
    terminal.progress("backup 1.2 of 1.9 GB")
    terminal.progress("backup 1.9 of 1.9 GB\x1b[2J")
    page = Page()
    page.line(bad("done"))
    terminal.page(page)
    captured = capsys.readouterr()
    assert captured.out == "done\n"
    assert "\n" not in captured.err
    assert captured.err.endswith("\r\x1b[K")
    assert "\x1b[2J" not in captured.err


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().progress("backup 1.2 of 1.9 GB")
    assert capsys.readouterr() == ("", "")


def _hears_ctrl_c() -> None:
    """A run in the background of a shell ignores it, and its children with it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_while_reading_ends_with_130(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "faber_db", "detect", "--jsonl"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_hears_ctrl_c,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"id": "1", "title": "Add a table"}\n')
    process.stdin.flush()
    assert process.stdout.readline().startswith(b'{"id": "1"')  # it is up, and reads on
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith(b"[job-cancelled] ")
    assert b"Traceback" not in err


def test_the_first_ctrl_c_asks_and_the_second_ends(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[bool] = []

    def press_twice() -> None:
        with Call(Common()).cancellable() as cancelled:
            seen.append(cancelled())
            signal.raise_signal(signal.SIGINT)
            seen.append(cancelled())
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert seen == [False, True]
    assert signal.getsignal(signal.SIGINT) is before
    assert "cancelling" in capsys.readouterr().err
