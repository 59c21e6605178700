"""What README and pages say is so: commands, links, paths and numbers."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import marker as postgresql_marker
from faber_db.adapters.engines.sqlite import marker as sqlite_marker
from faber_db.checks import FOR
from faber_db.cli.not_yet import _INSTEAD
from faber_db.config.problems import problems
from faber_db.rules import RULES
from faber_db.tools.catalogue import TOOLS
from faber_db.tools.documents import prompts, skills
from tests.docs.spoken import PAGES, ROOT, blocks, commands, make_targets, prose, quoted, unknown
from tests.docs.walkthrough import Reader, sections
from tests.e2e.project import new_project, release_first

README = PAGES["README.md"]
NUMBERS: dict[str, Callable[[], int]] = {
    r"(\d+) tools": lambda: len(TOOLS),
    r"(\d+) rules": lambda: len(RULES),
    r"(\d+) skills": lambda: len(list(skills())),
    r"(\d+) prompts": lambda: len(list(prompts())),
    r"(\d+) health checks": lambda: sum(len(checks) for checks in FOR.values()),
}
"""Numbers in words of ours, and where each is counted."""
_MEASURED = re.compile(r"\d[\d,.]* (?:ms|MiB|MB|tokens)\b")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_exists(page: str) -> None:
    wrong = {c: unknown(c) for c in commands(PAGES[page]) if unknown(c)}
    assert wrong == {}


def test_a_wrong_command_is_noticed() -> None:
    text = "`faber-db realease` `faber-db health dev --chek a` `faber-db diff` `faber-db doctor x`"
    assert [unknown(c) for c in commands(text)] == [
        "realease",
        "--chek",
        "diff (not there yet)",
        "x",
    ]
    (line,) = commands("```console\n$ cd x && faber-db nothing   # why\nfaber-db printed\n```\n")
    assert unknown(line) == "nothing"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(PAGES[page])):
        assert not target.startswith("http"), "no address outside of the project was tried"
        file, _, anchor = target.partition("#")
        assert (folder / file).is_file(), target
        if anchor:
            titles = re.findall(r"(?m)^#+ (.+)$", (folder / file).read_text("utf-8"))
            assert anchor in {t.lower().replace("`", "").replace(" ", "-") for t in titles}, target


@pytest.mark.parametrize("page", PAGES)
def test_files_and_targets_exist(page: str) -> None:
    for words in quoted(PAGES[page]):
        if re.fullmatch(r"(?:src|tests|bench|docs|examples|skills)/[\w./-]*", words):
            path = re.split(r"NAME|PRODUCT|GROUP", words)[0]
            assert (ROOT / path).exists(), words
        if re.fullmatch(r"make [a-z-]+(?: \w+=\w+)?", words):
            assert words.split()[1] in make_targets(), words


@pytest.mark.parametrize("page", PAGES)
def test_numbers_are_counted(page: str) -> None:
    for pattern, count in NUMBERS.items():
        for said in re.findall(rf"\b{pattern}", prose(PAGES[page])):
            assert int(said) == count(), pattern


@pytest.mark.parametrize("page", ["README.md", "docs/agents.md", "docs/limits.md"])
def test_what_is_measured_names_its_command(page: str) -> None:
    for section in re.split(r"(?m)^## ", PAGES[page]):
        if _MEASURED.search(prose(section)):
            assert "bench/" in section, section[:80]


@pytest.mark.parametrize("page", PAGES)
def test_configurations_are_valid(page: str) -> None:
    for block in blocks(PAGES[page]):
        if block.language == "json" and '"mcpServers"' not in block.text:
            assert problems(block.text) == [], block.text


def test_readme_is_short_and_names_the_server() -> None:
    assert len(README.splitlines()) <= 200
    name = json.loads((ROOT / "server.json").read_text("utf-8"))["name"]
    assert f"<!-- mcp-name: {name} -->" in README


def test_readme_links_every_page() -> None:
    for page in PAGES:
        assert page == "README.md" or f"]({page})" in README, page


def test_what_is_not_there_yet_is_said() -> None:
    limits = PAGES["docs/limits.md"]
    assert [verb for verb in _INSTEAD if f"`{verb}`" not in limits] == []


def test_the_first_finding_is_real(tmp_path: Path) -> None:
    """The block of README: its file, its command, and the lines that it shows."""
    (block,) = [b for b in blocks(README) if "$ faber-db analyze" in b.text]
    head, _, shown = block.text.partition("$ faber-db analyze change.sql --dialect postgresql\n")
    (tmp_path / "home").mkdir()
    reader = Reader(tmp_path / "home")
    (reader.start / "change.sql").write_text(head.partition("\n")[2], "utf-8")
    said = reader.copy("faber-db analyze change.sql --dialect postgresql").splitlines()
    lines = [line for line in shown.splitlines() if line.strip() not in ("", "…")]
    assert lines
    assert [line for line in lines if line not in said] == []


def _facts(screen: str) -> list[str]:
    """The lines of an approver's screen, without what differs from run to run."""
    varies = r"plan_\w+|\d+ values? in \d+ rows?|\S*production\.db|Asked by.*|\s+"
    return [re.sub(varies, " ", line).strip() for line in screen.splitlines() if line.strip()]


def test_the_approvers_screen_is_real(tmp_path: Path) -> None:
    """What README shows of a release is what a release of the same column shows."""
    project = new_project(tmp_path)
    release_first(project)
    drop = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
    project.add_migration("20261101000000_token", drop)
    screen = project.run("plan", "show", project.plan("release", "production")).stdout
    (shown,) = [b.text for b in blocks(README) if b.text.startswith("RELEASE")]
    assert [line for line in _facts(shown) if line not in _facts(screen)] == []


@pytest.mark.slow  # the story that it begins with is told by a quick test too
def test_removing_it_leaves_nothing(tmp_path: Path) -> None:
    """After docs/uninstall.md no file of ours is left, and no object but the ledger."""
    reader = Reader(tmp_path)
    story = sections(ROOT / "docs" / "first-migration.md")["From an empty folder"]
    for block in story:
        reader.copy(block)
    page = PAGES["docs/uninstall.md"]
    postgresql, sqlite = [b.text for b in blocks(page) if b.language == "sql"]
    assert postgresql.split() == ["DROP", "SCHEMA", f"{postgresql_marker.SCHEMA}", "CASCADE;"]
    production = reader.start / "shop" / "production.db"
    with sqlite3.connect(production) as database:
        assert all(table in sqlite for table in sqlite_marker.TABLES)
        database.executescript(sqlite)
        left = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
    database.close()
    assert {n for n in left if "faber_db" in n and "autoindex" not in n} == {"faber_db_migrations"}
    (files,) = [b.text for b in blocks(page) if b.language == "sh"]
    reader.copy("\n".join(line.strip() for line in files.splitlines()))
    ours = [p for p in tmp_path.rglob("*") if "faber-db" in p.name and p.parent.name != "bin"]
    assert ours == []
