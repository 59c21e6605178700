"""What `init --client claude` adds to settings that are there, and what it leaves alone."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.handlers import detect_handler, handler_for
from faber_db.errors import FileUnreadable, PathOutsideProject
from faber_db.model.answer import Answer, State
from faber_db.services import init
from faber_db.services.client_rules import NOTE, RESETS
from faber_db.services.init import InitDetails, Request

SETTINGS = Path(".claude/settings.json")
CONFIG = {
    "environments": {
        "dev": {"url": "env:DATABASE_URL"},
        "staging": {"url": "postgresql://db-open/shop", "protected": False},
        "production": {"url": "env:PROD_URL"},
        "archive": {"url": "command:sh -c 'touch ran; echo postgresql://db-2/x'"},
    }
}
ENVIRON = {
    "DATABASE_URL": "postgresql://localhost/shop",
    "PROD_URL": "postgresql://shop:geheim@db-prod-1:5433/shop",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "faber-db.json").write_text(json.dumps(CONFIG))
    return tmp_path


def run(root: Path, **request: Any) -> Answer[InitDetails]:
    return init.run(
        Request(client="claude", **request),
        root,
        environ=ENVIRON,
        detect=detect_handler,
        handler_for=handler_for,
    )


def settings(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / SETTINGS).read_text())
    return found


def write(root: Path, text: str, path: Path = SETTINGS) -> Path:
    file = root / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_it_writes_rules_and_the_server(root: Path) -> None:
    answer = run(root)
    assert answer.details.made == (".claude/settings.json", ".mcp.json")
    assert answer.details.note == NOTE
    assert len(settings(root)["permissions"]["ask"]) == len(RESETS)
    assert "Bash(*psql *db-prod-1*)" in settings(root)["permissions"]["deny"]
    assert json.loads((root / ".mcp.json").read_text()) == {
        "mcpServers": {"faber-db": {"command": "faber-db", "args": ["serve"]}}
    }


def test_only_protected_hosts_are_refused_and_nothing_secret_is_written(root: Path) -> None:
    run(root)
    text = (root / SETTINGS).read_text()
    for absent in ("db-open", "localhost", "db-2", "geheim", "5433"):
        assert absent not in text
    assert not (root / "ran").exists()  # no command runs to write a file


def test_twice_is_once(root: Path) -> None:
    run(root)
    before = (root / SETTINGS).read_bytes()
    answer = run(root)
    assert (answer.details.state, answer.details.made) == (State.SKIPPED, ())
    assert (root / SETTINGS).read_bytes() == before


def test_a_dry_run_shows_the_difference_and_writes_nothing(root: Path) -> None:
    answer = run(root, dry_run=True)
    assert answer.details.state is State.PLANNED
    assert not (root / SETTINGS).exists()
    assert '+      "Bash(*prisma migrate reset*)",' in answer.details.diffs[0]


def test_what_is_there_stays_in_its_order(root: Path) -> None:
    file = write(
        root,
        '{\n\t"model": "x",\n\t"permissions": {\n\t\t"deny": ["Read(.env)"],\n'
        '\t\t"defaultMode": "plan"\n\t},\n\t"env": {"ä": "ö"}\n}\n',
    )
    file.chmod(0o600)
    run(root)
    found = settings(root)
    assert list(found) == ["model", "permissions", "env"]
    assert list(found["permissions"]) == ["deny", "defaultMode", "ask"]
    assert found["permissions"]["deny"][0] == "Read(.env)"
    assert '\n\t"model": "x",' in file.read_text()
    assert '"ä": "ö"' in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_rule_that_somebody_moved_stays_there(root: Path) -> None:
    moved = "Bash(*prisma migrate reset*)"
    write(root, json.dumps({"permissions": {"allow": [moved]}}))
    run(root)
    assert moved not in settings(root)["permissions"]["ask"]


def test_another_server_of_that_name_stays(root: Path) -> None:
    write(root, '{"mcpServers": {"faber-db": {"command": "mine"}}}', Path(".mcp.json"))
    assert run(root).details.made == (".claude/settings.json",)
    assert "mine" in (root / ".mcp.json").read_text()


UNUSABLE = {
    "comments": '{ // mine\n "permissions": {} }',
    "a list": "[]",
    "permissions is a list": '{"permissions": []}',
    "ask is a word": '{"permissions": {"ask": "x"}}',
    "a key twice": '{"permissions": {"ask": []}, "permissions": {}}',
    "not UTF-8": "\udcff",
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_kept_whole_is_left_as_it_is(text: str, root: Path) -> None:
    file = root / SETTINGS
    file.parent.mkdir()
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(FileUnreadable, match=r"settings.json cannot be added to"):
        run(root)
    assert file.read_bytes() == text.encode(errors="surrogateescape")
    assert not (root / ".mcp.json").exists()


def test_a_link_that_leads_out_is_not_followed(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "settings.json"
    elsewhere.write_text("{}")
    (root / ".claude").mkdir()
    (root / SETTINGS).symlink_to(elsewhere)
    with pytest.raises(PathOutsideProject):
        run(root)
    assert elsewhere.read_text() == "{}"


def test_a_project_without_a_configuration_gets_both(tmp_path: Path) -> None:
    answer = run(tmp_path, handler="sql")
    assert answer.details.made == (
        "migrations/.gitkeep",
        "faber-db.json",
        ".claude/settings.json",
        ".mcp.json",
    )
