"""What is peculiar to dbmate: whose files they are, names, directives, rows. See also tests/contract."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, handler_for
from faber_db.adapters.handlers.dbmate import Dbmate
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    MigrationFailed,
    MigrationUnreadable,
)
from faber_db.model.migration import SourceFile
from faber_db.sql.script import parse

TEXT = "-- migrate:up\nCREATE TABLE t (a int);\n\n-- migrate:down\nDROP TABLE t;\n"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def project(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def history(**files: str) -> list[tuple[str, str]]:
    sources = [SourceFile(path, text.encode()) for path, text in files.items()]
    return [(m.version, m.name) for m in Dbmate().parse(sources)]


OWNERS = {
    "its own folder": ({"db/migrations/1_a.sql": TEXT}, "dbmate"),
    "a service's own folder": ({"api/db/migrations/1_a.sql": TEXT}, "dbmate"),
    "nothing names it": ({"migrations/1_a.sql": TEXT}, "sql"),
    "its dump": (
        {"sql/migrations/1_a.sql": TEXT, "sql/schema.sql": "--\n-- Dbmate schema migrations\n--\n"},
        "dbmate",
    ),
    "another schema": ({"sql/migrations/1_a.sql": TEXT, "sql/schema.sql": "CREATE"}, "sql"),
    "a Makefile": ({"migrations/1_a.sql": TEXT, "Makefile": "up:\n\tdbmate up\n"}, "dbmate"),
    "a Makefile of others": ({"migrations/1_a.sql": TEXT, "Makefile": "up:\n\tmake db\n"}, "sql"),
    "a Compose file": (
        {"migrations/1_a.sql": TEXT, "docker-compose.yml": "image: amacneil/dbmate:2"},
        "dbmate",
    ),
    "its variables": ({"migrations/1_a.sql": TEXT, ".env": "DBMATE_WAIT=true"}, "dbmate"),
    "a workflow": (
        {"migrations/1_a.sql": TEXT, ".github/workflows/ci.yml": "run: dbmate up"},
        "dbmate",
    ),
    "a build file of a part": (
        {"api/migrations/1_a.sql": TEXT, "api/package.json": '{"scripts": {"up": "dbmate up"}}'},
        "dbmate",
    ),
    "a build file beside it": (
        {"api/migrations/1_a.sql": TEXT, "web/package.json": '{"scripts": {"up": "dbmate up"}}'},
        "sql",
    ),
}


@pytest.mark.parametrize(("files", "owner"), OWNERS.values(), ids=OWNERS)
def test_whose_two_part_files_they_are(files: dict[str, str], owner: str, tmp_path: Path) -> None:
    found = detect_handler(project(tmp_path, files))
    assert found is not None
    assert (found.handler, found.folder.name) == (owner, "migrations")


def test_what_names_it_is_said(tmp_path: Path) -> None:
    files = {"migrations/1_a.sql": TEXT, "Makefile": "up:\n\tdbmate up\n"}
    (found,) = Dbmate().discover(project(tmp_path, files))
    assert found.evidence == "files with -- migrate:up, and Makefile names dbmate"


def test_versions_are_digits_and_order_is_that_of_names() -> None:
    files = {"20240102_b.sql": TEXT, "20240101_a.sql": TEXT, "3.sql": TEXT, "10x.sql": TEXT}
    assert history(**files) == [
        ("10", "10x"),
        ("20240101", "20240101_a"),
        ("20240102", "20240102_b"),
        ("3", "3"),
    ]


def test_what_dbmate_does_not_read_is_not_wanted() -> None:
    assert not any(map(Dbmate().wants, ["seed.sql", "old/1_a.sql", "README.md", "1_a.sql.bak"]))


REFUSED = {
    "no markers": ({"1_a.sql": "SELECT 1"}, MigrationUnreadable, "migrate:up"),
    "one version twice": ({"1_a.sql": TEXT, "1_b.sql": TEXT}, MigrationUnreadable, "1_a.sql and"),
    "two sections": ({"1_a.sql": TEXT + TEXT}, MigrationUnreadable, "one `-- migrate:up`"),
    "goose": ({"1_a.sql": "-- +goose Up\n" + TEXT}, LedgerForeign, "goose"),
    "Prisma's file": ({"1_a.sql": TEXT, "migration_lock.toml": ""}, LedgerForeign, "Prisma"),
}


@pytest.mark.parametrize(("files", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(files: dict[str, str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        history(**files)


def test_each_direction_has_a_transaction_of_its_own() -> None:
    up = TEXT.replace("migrate:up", "migrate:up transaction:false")
    (one,) = Dbmate().parse([SourceFile("1_a.sql", up.encode())])
    assert (one.wrap, "CREATE" in one.up, "DROP" in one.up) == (False, True, False)
    (file,) = Dbmate().generate("b", "VACUUM;", "", now=NOW, existing=[one], wrap=False)
    assert file.path == "20261123000000_b.sql"
    assert file.content == b"-- migrate:up transaction:false\nVACUUM;\n\n-- migrate:down\n\n"
    (new,) = Dbmate().parse([file])
    assert (new.version, new.name, new.down) == ("20261123000000", "20261123000000_b", None)


LEDGERS = {
    "golang-migrate": "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
    "Ecto": "CREATE TABLE schema_migrations (version bigint, inserted_at timestamp)",
    "Rails": "CREATE TABLE schema_migrations (version varchar); "
    "CREATE TABLE ar_internal_metadata (key varchar)",
}


@pytest.mark.parametrize(("tool", "ddl"), LEDGERS.items(), ids=LEDGERS)
def test_the_same_name_of_another_tools_ledger(tool: str, ddl: str, tmp_path: Path) -> None:
    (one,) = Dbmate().parse([SourceFile("1_a.sql", TEXT.encode())])
    url = str(tmp_path / "a.db")
    with Sqlite(tmp_path / "locks").connect(url, create=True) as session:
        for statement in ddl.split("; "):
            session.execute(statement)
        for attempt in (
            lambda: Dbmate().ledger(session),
            lambda: Dbmate().mark(session, one, "applied", now=NOW),
            lambda: Dbmate().apply_one(session, one, parse(one.up, session.dialect), now=NOW),
        ):
            with pytest.raises(LedgerForeign, match=tool):
                attempt()


def test_the_row_is_dbmates(tmp_path: Path) -> None:
    handler = handler_for("dbmate")
    (one,) = handler.parse([SourceFile("20240101_a.sql", TEXT.encode())])
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        handler.apply_one(session, one, parse(one.up, session.dialect), now=NOW)
        assert session.query("SELECT * FROM schema_migrations") == [("20240101",)]
        ((ddl,),) = session.query("SELECT sql FROM sqlite_master WHERE name = 'schema_migrations'")
        assert ddl == 'CREATE TABLE "schema_migrations" (version varchar(128) PRIMARY KEY)'
        handler.mark(session, one, "rolled_back", now=NOW)
        with pytest.raises(LedgerError, match="does not stand"):
            handler.mark(session, one, "rolled_back", now=NOW)


def test_what_dbmate_has_no_word_for_is_told(tmp_path: Path) -> None:
    """A script without a transaction that stopped half way: dbmate calls it pending."""
    text = (
        "-- migrate:up transaction:false\nCREATE TABLE t (a integer);\n"
        "INSERT INTO missing VALUES (1);\n-- migrate:down\nDROP TABLE t;\n"
    )
    handler = handler_for("dbmate")
    (half,) = handler.parse([SourceFile("1_half.sql", text.encode())])
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        with pytest.raises(MigrationFailed):
            handler.apply_one(session, half, parse(half.up, session.dialect), now=NOW)
        assert session.query("SELECT * FROM schema_migrations") == []
        (told,) = handler.status([half], handler.ledger(session))
        assert told.state.value == "half_applied"
        handler.mark(session, half, "applied", now=NOW)
        (told,) = handler.status([half], handler.ledger(session))
        assert told.state.value == "applied"
