"""`analyze --sarif`: what SARIF 2.1.0 demands, and what makes it useful beside a pull request."""

import json
from pathlib import Path
from typing import Any

import pytest

from faber_db import __version__
from faber_db.rules import RULES
from tests.cli.conftest import Run

DROP = "ALTER TABLE users DROP COLUMN legacy_token;\n"
INDEX = "CREATE INDEX users_name_idx ON users (name);\n"
SAFE = "CREATE TABLE fresh (id bigint PRIMARY KEY);\n"
ALLOWED = f"-- faber-db: allow create-index: twelve rows\n{INDEX}"


def run_of(text: str) -> dict[str, Any]:
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def sarif(faber_db: Run, *arguments: str, stdin: str = "") -> dict[str, Any]:
    ended = faber_db("analyze", "--dialect", "postgresql", "--sarif", *arguments, stdin=stdin)
    assert (ended.code, ended.err) == (0, "")
    return run_of(ended.out)


def by_rule(run: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [r for r in run["results"] if r["ruleId"] == code]


def place(result: dict[str, Any]) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_the_catalogue_is_the_tool(faber_db: Run) -> None:
    driver = sarif(faber_db, "-", stdin=SAFE)["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("faber-db", __version__)
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in RULES]
    index = next(rule for rule in driver["rules"] if rule["id"] == "create-index")
    assert index["defaultConfiguration"] == {"level": "warning"}
    assert index["fullDescription"]["text"] == "Writes to the table wait until the index is built."
    assert "CREATE INDEX CONCURRENTLY" in index["help"]["text"]
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in driver["rules"])


def test_a_result_names_rule_level_and_place(faber_db: Run) -> None:
    run = sarif(faber_db, "-", stdin=f"{SAFE}\n{DROP}{INDEX}")
    (lost,), (blocks,) = by_rule(run, "drop-column"), by_rule(run, "create-index")
    assert (lost["level"], blocks["level"]) == ("error", "warning")
    assert place(lost) == ("stdin.sql", 3)
    region = lost["locations"][0]["physicalLocation"]["region"]
    assert region["snippet"]["text"] == DROP.rstrip(";\n")
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
    assert run["artifacts"] == [{"location": {"uri": "stdin.sql"}, "sourceLanguage": "sql"}]


def test_what_is_allowed_is_suppressed_with_its_reason(faber_db: Run) -> None:
    run = sarif(faber_db, "-", stdin=f"{ALLOWED}{DROP}")
    (index,) = by_rule(run, "create-index")
    assert index["suppressions"] == [{"kind": "inSource", "justification": "twelve rows"}]
    assert by_rule(run, "drop-column")[0]["suppressions"] == []


def test_an_unused_suppression_has_a_rule_of_its_own(faber_db: Run) -> None:
    run = sarif(faber_db, "-", stdin=f"-- faber-db: allow truncate: no\n{SAFE}")
    (unused,) = by_rule(run, "suppression-unused")
    assert unused["level"] == "note"
    assert run["tool"]["driver"]["rules"][unused["ruleIndex"]]["id"] == "suppression-unused"


def test_fingerprints_survive_moved_lines_and_tell_twins_apart(faber_db: Run) -> None:
    def prints(text: str) -> list[str]:
        results = sarif(faber_db, "-", stdin=text)["results"]
        return [r["partialFingerprints"]["faberDbStatement/v1"] for r in results]

    before = prints(DROP + INDEX)
    assert prints(f"-- a comment\n\n{SAFE}{DROP}\n\n  {INDEX}") == before
    assert len(set(before)) == len(before)
    twice = by_rule(sarif(faber_db, "-", stdin=INDEX + INDEX), "create-index")
    assert len({r["partialFingerprints"]["faberDbStatement/v1"] for r in twice}) == len(twice) == 2


def test_files_are_named_relative_to_the_working_directory(
    faber_db: Run, project: Path, tmp_path: Path
) -> None:
    (project / "db" / "more sql").mkdir(parents=True)
    (project / "db" / "1.sql").write_text(INDEX)
    (project / "db" / "more sql" / "2.sql").write_text(f"\n{DROP}")
    (tmp_path / "outside.sql").write_text(INDEX)
    one = sarif(faber_db, "db/1.sql")
    assert place(by_rule(one, "create-index")[0]) == ("db/1.sql", 1)
    run = sarif(faber_db, str(project / "db"), "../outside.sql")
    assert [a["location"]["uri"] for a in run["artifacts"]] == [
        "db/1.sql",
        "db/more%20sql/2.sql",
        (tmp_path / "outside.sql").as_uri(),
    ]
    assert place(by_rule(run, "drop-column")[0]) == ("db/more%20sql/2.sql", 2)


def test_what_is_pending_in_an_environment(faber_db: Run, project: Path) -> None:
    config = {"handler": "sql", "environments": {"dev": {"url": "dev.db"}}}
    (project / "faber-db.json").write_text(json.dumps(config))
    (project / "migrations").mkdir()
    up = project / "migrations" / "001_users.up.sql"
    up.write_text("CREATE TABLE users (id integer);\nDROP TABLE gone;\n")
    up.with_name("001_users.down.sql").write_text("DROP TABLE users;")
    assert faber_db("db-create", "dev").code == 0
    ended = faber_db("analyze", "--environment", "dev", "--sarif", "--fail-on", "high")
    assert ended.code == 5
    (lost,) = by_rule(run_of(ended.out), "drop-table")
    assert place(lost) == ("migrations/001_users.up.sql", 2)


@pytest.mark.parametrize("before", [("--json", "analyze"), ("analyze", "--json")])
def test_one_answer_has_one_form(faber_db: Run, before: tuple[str, ...]) -> None:
    ended = faber_db(*before, "--sarif", "--dialect", "postgresql", "-", stdin=SAFE)
    assert ended.code == 1
    assert "input-invalid" in ended.out + ended.err
