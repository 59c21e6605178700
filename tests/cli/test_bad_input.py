"""What a user can get wrong in a project: a code, a hint, an exit code, and never a traceback."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from faber_db.cli.boundary import run
from tests.cli.conftest import Ended, Run
from tests.plain_user import as_plain_user, own_folder

CONFIG = {"handler": "sql", "environments": {"dev": {"url": "dev.db"}}}


def _nothing(project: Path) -> None:
    """A folder without a configuration."""


def _config(text: str) -> Callable[[Path], None]:
    def prepare(project: Path) -> None:
        (project / "faber-db.json").write_text(text)

    return prepare


def _good(project: Path) -> None:
    _config(json.dumps(CONFIG))(project)
    (project / "migrations").mkdir()


def _spec(content: bytes) -> Callable[[Path], None]:
    def prepare(project: Path) -> None:
        _good(project)
        (project / "spec.md").write_bytes(content)

    return prepare


def _outside(project: Path) -> None:
    _good(project)
    (project.parent / "secret.md").write_text("# Add a table")
    (project / "link.md").symlink_to(project.parent / "secret.md")


def _state_is_a_file(project: Path) -> None:
    _good(project)
    (project.parent / "state").write_text("")


def _config_is_a_folder(project: Path) -> None:
    (project / "faber-db.json").mkdir()


def _migrations(handler: str, **files: bytes) -> Callable[[Path], None]:
    def prepare(project: Path) -> None:
        config = {"handler": handler, "environments": {"dev": {"url": "dev.db"}}}
        _config(json.dumps(config | {"migrations": "migrations"}))(project)
        (project / "migrations").mkdir()
        (project / "dev.db").touch()
        for name, content in files.items():
            (project / "migrations" / name).write_bytes(content)

    return prepare


Prepare = Callable[[Path], None]
CASES: dict[str, tuple[Prepare, list[str], int, str]] = {
    "no configuration": (_nothing, ["config", "check"], 1, "config-missing"),
    "not JSON": (_config("{"), ["status"], 1, "config-invalid"),
    "empty file": (_config(""), ["doctor"], 1, "config-invalid"),
    "misspelt key": (
        _config('{"environments": {"dev": {"url": "d.db", "lock_timout": "2s"}}}'),
        ["health", "dev"],
        1,
        "config-invalid",
    ),
    "key twice": (
        _config('{"environments": {}, "environments": {"dev": {"url": "d.db"}}}'),
        ["build"],
        1,
        "config-invalid",
    ),
    "no such project": (_good, ["--project", "gone", "status"], 1, "config-invalid"),
    "unknown environment": (_good, ["health", "develop"], 1, "config-unknown-environment"),
    "unknown environment of a release": (
        _good,
        ["release", "moon"],
        1,
        "config-unknown-environment",
    ),
    "unknown database": (
        _good,
        ["health", "dev", "--database", "crm"],
        1,
        "config-unknown-database",
    ),
    "variable not set": (
        _config('{"handler": "sql", "environments": {"dev": {"url": "env:NOT_SET_HERE"}}}'),
        ["drift", "dev"],
        1,
        "config-secret-unavailable",
    ),
    "no database there": (_good, ["drift", "dev"], 2, "connection-failed"),
    "unknown check": (_good, ["health", "dev", "--check", "connectivty"], 1, "input-invalid"),
    "unknown plan": (_good, ["build", "--plan", "plan_zzz"], 1, "input-unknown-id"),
    "unknown job": (_good, ["job", "show", "job_zzz"], 1, "input-unknown-id"),
    "unknown backup": (_good, ["backup", "verify", "backup_zzz"], 2, "backup-missing"),
    "restore to nothing": (_good, ["restore", "dev"], 1, "input-invalid"),
    "single tables": (_good, ["restore", "dev", "b", "--table", "t"], 2, "not-supported"),
    "a specification outside": (
        _outside,
        ["architect", "../secret.md"],
        1,
        "input-path-outside-project",
    ),
    "a link that leads outside": (
        _outside,
        ["architect", "link.md"],
        1,
        "input-path-outside-project",
    ),
    "a migration in Latin-1": (
        _migrations("goose", **{"1_a.sql": b"-- +goose Up\nSELECT '\xe9';\n"}),
        ["build"],
        1,
        "migration-unreadable",
    ),
    "a migration of Flyway with a placeholder": (
        _migrations("flyway", **{"V1__a.sql": b"SELECT '${schema}';"}),
        ["build"],
        1,
        "migration-unreadable",
    ),
    "a migration of yoyo in Python": (
        _migrations("yoyo", **{"1.py": b"steps = []"}),
        ["build"],
        1,
        "migration-unreadable",
    ),
    "a migration with a name that cannot be seen": (
        _migrations("sql", **{"001_a\u202e.sql": b"SELECT 1;"}),
        ["build"],
        1,
        "migration-unreadable",
    ),
    "a folder of another format": (
        _migrations("sql", **{"V1__a.sql": b"SELECT 1;"}),
        ["build"],
        2,
        "ledger-foreign",
    ),
    "no specification": (_good, ["architect", "gone.md"], 1, "input-file-unreadable"),
    "a folder for a specification": (
        _good,
        ["architect", "migrations"],
        1,
        "input-file-unreadable",
    ),
    "a specification of 10 MB": (
        _spec(b"x" * 10_000_000),
        ["architect", "spec.md"],
        1,
        "input-too-large",
    ),
    "a specification that is no text": (
        _spec(b"\xff\xfe\x00"),
        ["architect", "spec.md"],
        1,
        "input-file-unreadable",
    ),
    "an answer without a value": (
        _spec(b"# x"),
        ["architect", "spec.md", "--answer", "q1"],
        1,
        "input-invalid",
    ),
    "an unknown code": (_good, ["explain", "set-not-nul"], 1, "input-invalid"),
    "nothing to analyse": (_good, ["analyze"], 1, "input-invalid"),
    "a missing file to analyse": (_good, ["analyze", "gone.sql"], 1, "input-file-unreadable"),
    "a missing schema": (
        _good,
        ["analyze", "--schema", "gone.sql", "-"],
        1,
        "input-file-unreadable",
    ),
    "a state folder that cannot be": (_state_is_a_file, ["job", "list"], 2, "state-unusable"),
    "a configuration that is a folder": (
        _config_is_a_folder,
        ["config", "check"],
        1,
        "config-missing",
    ),
    "HTTP for everybody": (_good, ["serve", "--http", "--host", "192.0.2.1"], 1, "config-invalid"),
    "a token in the command": (
        _good,
        ["serve", "--http", "--token", "a-token-of-many-characters"],
        1,
        "input-invalid",
    ),
    "not there yet": (_good, ["diff", "dev", "--force"], 2, "not-supported"),
    "init over a file": (_good, ["init"], 1, "config-exists"),
    "init with an unknown format": (
        _nothing,
        ["init", "--handler", "liquibase"],
        1,
        "config-invalid",
    ),
    "init with a password": (
        _nothing,
        ["init", "--url", "postgresql://app:hunter2@localhost/shop"],
        1,
        "input-invalid",
    ),
}


@pytest.mark.parametrize(("prepare", "arguments", "code", "error"), CASES.values(), ids=CASES)
def test_bad_input(
    faber_db: Run, project: Path, prepare: Prepare, arguments: list[str], code: int, error: str
) -> None:
    prepare(project)
    before = _files(project)
    ended = faber_db("--json", *arguments)
    answer = json.loads(ended.out)
    assert (ended.code, answer["status"]) == (code, "failure")
    assert error in [problem["code"] for problem in answer["errors"]]
    assert all(problem["message"] for problem in answer["errors"])
    assert ended.err == ""
    assert "hunter2" not in ended.out
    assert _files(project) == before


def test_the_same_for_people(faber_db: Run, project: Path) -> None:
    _good(project)
    ended = faber_db("health", "develop")
    assert ended == Ended(
        1,
        "",
        "[config-unknown-environment] there is no environment 'develop'. Hint: Configured: dev.\n",
    )


def test_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_folder() as folder:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        project = folder / "project"

        def attempts() -> None:
            project.mkdir()
            monkeypatch.chdir(project)
            _good(project)
            spec = project / "spec.md"
            spec.write_text("# Add a table", "utf-8")
            assert "input-file-unreadable" not in _told("architect", "spec.md")
            spec.chmod(0)
            assert "input-file-unreadable" in _told("architect", "spec.md")
            project.chmod(0o500)
            assert _told("init", "--force").startswith("[")
            assert (project / "faber-db.json").read_text("utf-8") != ""

        before = folder / "before"  # the same once with all rights, so that all is imported
        before.mkdir()
        _good(before)
        (before / "spec.md").write_text("# Add a table", "utf-8")
        _told("architect", "spec.md", "--project", str(before))
        _told("init", "--force", "--project", str(before))
        as_plain_user(attempts)


def _told(*arguments: str) -> str:
    """What a command, run in this process, wrote to standard error."""
    with redirect_stderr(io.StringIO()) as told, redirect_stdout(io.StringIO()):
        run(arguments)
    return told.getvalue()


def _files(project: Path) -> set[str]:
    return {str(path) for path in project.parent.rglob("*") if "state" not in path.parts}
