"""Whatever is typed: a coded error, a hint and an exit code, and never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faber_db.cli import boundary
from tests.cli.conftest import Run

USAGE = {
    "unknown verb": (["detct"], "no such command 'detct'", "Did you mean `detect`?"),
    "unknown verb of a group": (
        ["audit", "shwo"],
        "no such command 'shwo'",
        "Did you mean `show`?",
    ),
    "unknown option": (["detect", "x", "--jsnl"], "no such option: --jsnl", "--jsonl"),
    "nothing like it": (["detect", "--zzz"], "no such option: --zzz", "faber-db detect --help"),
    "group alone": (["job"], "`faber-db job` needs one more word", "list, show, cancel"),
    "argument missing": (["explain"], "missing argument 'CODE'", "faber-db explain --help"),
    "one argument too many": (["explain", "a", "b"], "unexpected extra argument", "--help"),
    "value missing": (["explain", "a", "--project"], "requires an argument", "--help"),
    "no number": (["audit", "show", "--limit", "many"], "valid integer", "--help"),
    "number too small": (["audit", "show", "--limit", "0"], "--limit", "--help"),
    "no such colour": (["explain", "a", "--color", "blue"], "'blue' is not one of", "--help"),
    "no title": (["detect"], "no title", "Give one"),
    "control characters": (["\x1b[2Jdetect"], "no such command", "Hint"),
}


@pytest.mark.parametrize(("arguments", "message", "hint"), USAGE.values(), ids=USAGE)
def test_usage_errors(faber_db: Run, arguments: list[str], message: str, hint: str) -> None:
    ended = faber_db(*arguments)
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("[input-invalid] ")
    assert message in ended.err
    assert hint in ended.err.partition(" Hint: ")[2] or hint == "Hint"
    assert "Traceback" not in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(("arguments", "message", "hint"), USAGE.values(), ids=USAGE)
def test_usage_errors_as_json(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str
) -> None:
    code = boundary.run(["--json", *arguments])
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert (code, shown.err) == (1, "")
    assert answer["status"] == "failure"
    assert [error["code"] for error in answer["errors"]] == ["input-invalid"]
    assert message in answer["errors"][0]["message"] or "\x1b" in arguments[0]


def test_a_bug_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(arguments: list[str]) -> int:
        raise ZeroDivisionError("postgresql://app:hunter2@db/shop")

    monkeypatch.setattr(boundary, "_invoke", broken)
    monkeypatch.delenv("FABER_DB_DEBUG", raising=False)
    assert boundary.run(["status"]) == 2
    quiet = capsys.readouterr().err
    assert quiet.startswith("[internal-error] an internal error (ZeroDivisionError). Hint: ")
    assert "Traceback" not in quiet

    monkeypatch.setenv("FABER_DB_DEBUG", "1")
    assert boundary.run(["status"]) == 2
    loud = capsys.readouterr().err
    assert "Traceback" in loud
    assert "hunter2" not in quiet + loud


def test_ctrl_c_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(boundary, "_invoke", interrupted)
    assert boundary.run(["status"]) == 130
    assert capsys.readouterr().err.startswith("[job-cancelled] ")


def test_a_reader_that_stops_is_no_error(project: Path) -> None:
    items = "\n".join(json.dumps({"id": str(n), "title": "Add a table"}) for n in range(20_000))
    script = f"{sys.executable} -m faber_db detect --jsonl | head -1; echo ${{PIPESTATUS[0]}}"
    piped = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=project,
        input=items.encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert piped.stdout.decode().splitlines()[-1] == "0"
    assert piped.stderr == b""


def test_arguments_that_are_no_text(project: Path) -> None:
    command: list[bytes] = [sys.executable.encode(), b"-m", b"faber_db", b"detect", b"\xff\xfe"]
    ended = subprocess.run(command, cwd=project, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"[input-invalid] argument 2 is not UTF-8")


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--json", "--version"]])
def test_version(faber_db: Run, arguments: list[str]) -> None:
    ended = faber_db(*arguments)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("faber-db ")


PANELS = ["Start", "Change", "Look", "Decide", "Undo", "Repair", "Serve", "More"]


def test_help_shows_the_panels_in_order(faber_db: Run) -> None:
    out = faber_db("--help").out
    places = [out.index(f" {panel} ─") for panel in PANELS]
    assert places == sorted(places)
