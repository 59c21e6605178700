"""Passwords in what we write, and archives that were doctored."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.model.backup import BackupState
from tests.e2e.project import Project

SECRET = "hunter2-Tr0ub4dor"
URLS = {
    "nobody listens": f"postgresql://app:{SECRET}@127.0.0.1:9/shop",
    "keywords": f"host=127.0.0.1 port=9 user=app password={SECRET} dbname=shop",
    "unknown parameter": f"postgresql://app:{SECRET}@127.0.0.1:9/shop?passwrod={SECRET}",
    "unreadable": f"postgresql://app:{SECRET}@[::1:9/shop",
}
VERBS = (
    ["status", "production"],
    ["release", "production"],
    ["health", "production"],
    ["backup", "create", "production"],
    ["doctor"],
    ["config", "show"],
    ["policy", "show", "production"],
    ["drift", "production"],
)


@pytest.mark.parametrize(
    "url",
    [  # sixteen calls each: one quick, the others slow
        pytest.param(url, id=name, marks=[pytest.mark.slow] if name != "nobody listens" else [])
        for name, url in URLS.items()
    ],
)
def test_no_output_log_or_state_holds_a_password(released: Project, url: str) -> None:
    file = released.root / "faber-db.json"
    settings = json.loads(file.read_text("utf-8"))
    settings = {"environments": {"production": {"url": "env:PROD_URL"}}}
    file.write_text(json.dumps(settings), "utf-8")
    for words in VERBS:
        for more in ([], ["--json"]):
            done = released.run(*words, *more, environ={"PROD_URL": url})
            assert SECRET not in done.stdout + done.stderr, words
            assert "Traceback" not in done.stderr, words
    written = [p for p in (released.root.parent / "state").rglob("*") if p.is_file()]
    assert written
    assert [p for p in written if SECRET.encode() in p.read_bytes()] == []


def backed_up(project: Project) -> tuple[str, Path]:
    app = build(project.root, project.environ)
    found = next(
        b for b in app.state.backups(environment="production") if b.state is BackupState.GOOD
    )
    return found.id, Path(found.path)


DOCTORED: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "another database": lambda _: b"SQLite format 3\0" + bytes(4096),
}


@pytest.mark.parametrize("how", DOCTORED)
def test_a_doctored_archive_is_not_restored(released: Project, how: str) -> None:
    backup, path = backed_up(released)
    plan = released.plan("restore", "production", backup)
    assert released.sign(plan, loses=("production",)).exit_code == 0
    before = (released.root / "production.db").read_bytes()
    path.chmod(0o600)
    path.write_bytes(DOCTORED[how](path.read_bytes()))
    code, answer = released.exits("restore", "production", backup, "--plan", plan)
    assert code in (2, 5, 6), answer
    assert answer["errors"][0]["code"].startswith("backup-"), answer
    after = released.rows("production", "SELECT count(*) FROM customers")
    assert after == [(1,)]
    assert len(before) == len((released.root / "production.db").read_bytes())
