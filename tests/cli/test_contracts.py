"""The machine contracts: shapes and exit codes that programs rely on."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

UNSAFE = "ALTER TABLE users DROP COLUMN legacy_token;"
SAFE = "CREATE TABLE fresh (id bigint PRIMARY KEY);"
FINDING = {"code", "kind", "risk", "line", "statement", "objects", "effect", "remedy"}
STATEMENT = {"line", "text", "locks", "rewrite", "scan", "data_loss"}


def _project(folder: Path) -> None:
    config = {"handler": "sql", "environments": {"dev": {"url": "dev.db"}}}
    (folder / "faber-db.json").write_text(json.dumps(config))
    (folder / "migrations").mkdir()
    (folder / "migrations" / "001_users.up.sql").write_text(
        "CREATE TABLE users (id integer PRIMARY KEY, name text);"
    )
    (folder / "migrations" / "001_users.down.sql").write_text("DROP TABLE users;")


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "sqlite"])
def test_analyze(faber_db: Run, dialect: str) -> None:
    ended = faber_db("analyze", "--dialect", dialect, "--json", "-", stdin=f"{SAFE}\n{UNSAFE}")
    assert (ended.code, ended.err) == (0, "")
    answer = json.loads(ended.out)
    assert set(answer) == {"risk", "findings", "statements"}
    assert answer["risk"] == "high"
    losses = [f for f in answer["findings"] if f["kind"] == "data_loss"]
    assert [(f["line"], f["objects"]) for f in losses] == [(2, ["users.legacy_token"])]
    assert all(set(f) >= FINDING for f in answer["findings"])
    assert [s["line"] for s in answer["statements"]] == [1, 2]
    assert all(set(s) >= STATEMENT for s in answer["statements"])
    assert [s["data_loss"] for s in answer["statements"]] == [False, True]
    assert all(
        set(lock) == {"table", "mode", "until_line"}
        for s in answer["statements"]
        for lock in s["locks"]
    )


def test_analyze_needs_no_project(faber_db: Run, project: Path) -> None:
    (project / "faber-db.json").write_text("{ broken")
    ended = faber_db("analyze", "--dialect", "sqlite", "--json", "-", stdin=SAFE)
    assert (ended.code, json.loads(ended.out)["risk"]) == (0, "low")


@pytest.mark.parametrize("sql", ["", " \n", "-- nothing\n", ";"])
def test_an_empty_script_is_analysed(faber_db: Run, sql: str) -> None:
    ended = faber_db("analyze", "--dialect", "postgresql", "--json", "-", stdin=sql)
    assert ended.code == 0
    assert json.loads(ended.out) == {"risk": "low", "findings": [], "statements": []}


def test_broken_sql_is_a_finding_not_an_error(faber_db: Run) -> None:
    ended = faber_db("analyze", "--dialect", "postgresql", "--json", "-", stdin="ALTR TABLE x")
    answer = json.loads(ended.out)
    assert (ended.code, answer["risk"]) == (0, "critical")
    assert [f["kind"] for f in answer["findings"]] == ["opaque"]


FAIL_ON = {
    "below": ("critical", 0),
    "reached": ("high", 5),
    "above": ("medium", 5),
    "never": ("never", 0),
}


@pytest.mark.parametrize(("level", "code"), FAIL_ON.values(), ids=FAIL_ON)
def test_fail_on(faber_db: Run, level: str, code: int) -> None:
    ended = faber_db("analyze", "--dialect", "postgresql", "--fail-on", level, "-", stdin=UNSAFE)
    assert ended.code == code
    assert ended.out.startswith("HIGH  1 of 1 statement needs care")


def test_the_schema_that_is_there_counts(faber_db: Run, project: Path) -> None:
    (project / "before.sql").write_text("CREATE TABLE t (v varchar(40));")
    widen = "ALTER TABLE t ALTER COLUMN v TYPE varchar(80);"
    options = ("--dialect", "postgresql", "--json", "-")
    known = faber_db("analyze", "--schema", "before.sql", *options, stdin=widen)
    unknown = faber_db("analyze", *options, stdin=widen)
    assert json.loads(known.out)["risk"] == "low"
    assert json.loads(unknown.out)["risk"] != "low"


def test_the_transaction_counts(faber_db: Run) -> None:
    sql = "CREATE INDEX CONCURRENTLY i ON t (a);"
    options = ("--dialect", "postgresql", "--json", "-")
    wrapped = faber_db("analyze", "--transaction", "wrap", *options, stdin=sql)
    alone = faber_db("analyze", "--transaction", "none", *options, stdin=sql)
    assert "fails" in [f["kind"] for f in json.loads(wrapped.out)["findings"]]
    assert "fails" not in [f["kind"] for f in json.loads(alone.out)["findings"]]


def test_analyze_files_and_folders(faber_db: Run, project: Path) -> None:
    _project(project)
    whole = json.loads(faber_db("analyze", "migrations", "--json").out)
    assert [s["text"] for s in whole["statements"]] == [
        "CREATE TABLE users (id integer PRIMARY KEY, name text)"
    ]
    files = ["migrations/001_users.up.sql", "migrations/001_users.down.sql"]
    both = json.loads(faber_db("analyze", *files, "--json").out)
    assert len(both["statements"]) == 2


def test_detect_lines(faber_db: Run) -> None:
    items = [
        {"id": "1", "title": "Add a column for the phone number to users", "labels": ["backend"]},
        {"id": "2", "title": "Fix typo in README", "labels": [], "description": "docs only"},
    ]
    ended = faber_db("detect", "--jsonl", stdin="\n".join(map(json.dumps, items)))
    assert (ended.code, ended.err) == (0, "")
    verdicts = [json.loads(line) for line in ended.out.splitlines()]
    assert [(v["id"], v["needs_migration"]) for v in verdicts] == [("1", "yes"), ("2", "no")]
    for verdict in verdicts:
        assert set(verdict) == {"id", "needs_migration", "confidence", "kinds", "indicators"}
        assert 0 <= verdict["confidence"] <= 1


def test_a_line_that_is_no_work_item(faber_db: Run) -> None:
    ended = faber_db("detect", "--jsonl", stdin='{"id": "1", "title": "x"}\nnonsense\n')
    assert ended.code == 1
    assert ended.err.startswith("[input-invalid] line 2 ")
    assert len(ended.out.splitlines()) == 1


def test_a_line_that_is_not_utf8(faber_db: Run) -> None:
    ended = faber_db("detect", "--jsonl", stdin=b"\xff\n")
    assert (ended.code, ended.err[:24]) == (1, "[input-file-unreadable] ")


def test_health(faber_db: Run, project: Path) -> None:
    _project(project)
    gone = faber_db("health", "dev", "--json")
    assert (gone.code, json.loads(gone.out)["overall"]) == (3, "unhealthy")
    (project / "dev.db").touch()
    well = faber_db("health", "dev", "--json")
    answer = json.loads(well.out)
    assert (well.code, answer["overall"]) == (0, "healthy")
    fields = {"check", "object", "status", "value", "threshold", "since", "why", "action"}
    assert all(set(check) >= fields for check in answer["checks"])


def test_status_and_backup(faber_db: Run, project: Path) -> None:
    _project(project)
    (project / "dev.db").touch()
    status = json.loads(faber_db("status", "dev", "--json").out)
    assert {v: m["state"] for v, m in status["migrations"].items()} == {"001_users": "pending"}
    made = faber_db("backup", "create", "dev", "--json")
    assert made.code == 0, made.out + made.err
    backup_id = json.loads(made.out)["details"]["backup_id"]
    listed = json.loads(faber_db("backup", "list", "dev", "--json").out)
    assert [b["backup_id"] for b in listed["details"]["backups"]] == [backup_id]
    proved = json.loads(faber_db("backup", "verify", backup_id, "--level", "3", "--json").out)
    assert proved["details"]["backup"]["level"] == 3
    shown = faber_db("backup", "show", backup_id.removesuffix(backup_id[-3:]))
    assert "good" in shown.out
    assert "test-restored" in shown.out


def test_the_configuration_s_schema_is_plain_json_schema(faber_db: Run) -> None:
    ended = faber_db("config", "schema")
    assert json.loads(ended.out)["type"] == "object"


def test_explain_as_json(faber_db: Run) -> None:
    answer = json.loads(faber_db("explain", "drop-column", "--json").out)
    assert answer["status"] == "success"
    assert (answer["details"]["about"], answer["details"]["risk"]) == ("finding", "high")


def test_audit_export_is_one_entry_a_line(faber_db: Run, project: Path) -> None:
    _project(project)
    (project / "dev.db").touch()
    assert faber_db("backup", "create", "dev").code == 0
    entries = [json.loads(line) for line in faber_db("audit", "export").out.splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert "backup.done" in [entry["event"] for entry in entries]
    whole = faber_db("audit", "verify")
    assert (whole.code, whole.out[:5]) == (0, "WHOLE")


def test_no_secret_is_shown(faber_db: Run) -> None:
    title = "Add a table; connect to postgresql://app:hunter2@db/shop"
    for arguments, stdin in (
        (["detect", title], ""),
        (["detect", title, "--json"], ""),
        (["detect", "--jsonl"], json.dumps({"id": "1", "title": title})),
        (
            ["analyze", "--dialect", "postgresql", "-"],
            "CREATE ROLE r PASSWORD 'hunter2' SUPERUSER;",
        ),
        (
            ["analyze", "--dialect", "postgresql", "--json", "-"],
            "CREATE ROLE r PASSWORD 'hunter2' SUPERUSER;",
        ),
        (["explain", "postgresql://app:hunter2@db/shop"], ""),
        (["--project", "postgresql://app:hunter2@db/shop", "status"], ""),
    ):
        ended = faber_db(*arguments, stdin=stdin)
        assert "hunter2" not in ended.out + ended.err
        assert ended.out + ended.err


def test_the_safe_form(faber_db: Run, project: Path) -> None:
    (project / "before.sql").write_text("CREATE TABLE users (id bigint PRIMARY KEY, name text);")
    (project / "add.sql").write_text(f"{SAFE}\nCREATE INDEX by_name ON users (name);\n")
    options = ("--dialect", "postgresql", "--schema", "before.sql", "--fix", "add.sql")
    ended = faber_db("analyze", "--json", *options)
    answer = json.loads(ended.out)
    assert set(answer) == {"risk", "findings", "statements", "fixes", "written", "replaced"}
    (fix,) = answer["fixes"]
    assert fix["proved"], fix["proof"]
    assert [set(f) for f in fix["files"]] == [
        {"name", "sql", "transaction", "why", "deploy_before", "later"}
    ] * 2
    assert [(f["name"], f["transaction"]) for f in fix["files"]] == [
        ("add_1_as_it_was.sql", True),
        ("add_2_by_name_concurrently.sql", False),
    ]
    shown = faber_db("analyze", *options).out
    assert "Instead: 2 files, in this order" in shown
    assert "CREATE INDEX CONCURRENTLY by_name ON users (name);" in shown
    assert sorted(p.name for p in project.iterdir()) == ["add.sql", "before.sql"]


def test_a_safe_script_needs_no_other_form(faber_db: Run) -> None:
    ended = faber_db("analyze", "--dialect", "postgresql", "--fix", "-", stdin=SAFE)
    assert (ended.code, ended.err) == (0, "no statement needs another form\n")


@pytest.mark.parametrize(
    ("options", "word"),
    [(("--write",), "--fix"), (("--fix", "--sarif"), "exclude"), (("--fix", "--write"), "project")],
)
def test_options_that_do_not_fit_together(
    faber_db: Run, options: tuple[str, ...], word: str
) -> None:
    ended = faber_db("analyze", "--dialect", "postgresql", *options, "-", stdin=UNSAFE)
    assert ended.code == 1
    assert word in ended.err
