"""What is peculiar to Flyway; the rest is in the contract suite.

Flyway's jar is in no registry that these tests may use. Where a value is Java's, it was printed by
Java 17 running `MigrationVersion` and the body of `ChecksumCalculator` of Flyway's public source.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, flyway_ledger
from faber_db.adapters.handlers.flyway import Flyway
from faber_db.adapters.handlers.flyway_text import canonical, checksum_of, order_of
from faber_db.errors import LedgerForeign, LockBusy, MigrationFailed, MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import Session
from faber_db.sql.script import parse as script_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FLYWAY = Flyway()


def files(**texts: str) -> list[SourceFile]:
    return [SourceFile(path, text.encode()) for path, text in texts.items()]


def parse(**texts: str) -> tuple[Migration, ...]:
    return FLYWAY.parse(files(**texts))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        yield session


def apply(session: Session, migration: Migration) -> None:
    FLYWAY.apply_one(session, migration, script_of(migration.up, session.dialect), now=NOW)


def states(session: Session, **texts: str) -> str:
    found = FLYWAY.status(parse(**texts), FLYWAY.ledger(session))
    return ", ".join(f"{s.version} {s.state.value}" for s in found)


# --- values of Java ----------------------------------------------------------------------------

CHECKSUMS = {
    "one line": ("CREATE TABLE t (a integer);\n", -89119634),
    "windows": ("CREATE TABLE t (a integer);\r\nINSERT INTO t VALUES (1);\r\n", 892101839),
    "old mac, empty lines": ("SELECT 1;\rSELECT 2;\n\n", -1665099012),
    "empty": ("", 0),
    "beyond ASCII": ("SELECT 'ä€😀';\n", 1980420466),
    "other separators are no line ends": ("a\u2028b\u0085c\u000bd\n", 29682838),
}


@pytest.mark.parametrize(("text", "checksum"), CHECKSUMS.values(), ids=CHECKSUMS)
def test_the_checksum(text: str, checksum: int) -> None:
    assert checksum_of(text) == checksum
    (one,) = FLYWAY.parse([SourceFile("V1__a.sql", b"\xef\xbb\xbf" + text.encode())])
    assert checksum_of(one.up) == checksum


ORDERED = ("1", "1.0.1", "1.9", "1.10", "2", "10", "20240101120000", "99999999999999999999")


def test_the_order_of_versions() -> None:
    for one, two in pairwise(ORDERED):
        assert order_of(canonical(one)) < order_of(canonical(two))
    for same in ("1", "1.0", "1_0_0", "001", "1.00"):
        assert canonical(same) == "1"
    assert canonical("1_2") == canonical("1.2") == "1.2"
    assert order_of(canonical("1.0.0.1")) < order_of(canonical("1.0.1"))


def test_the_lock_is_flyways() -> None:
    """As Java's `String.hashCode` gives it for the quoted table."""
    assert flyway_ledger._java_hash('"public"."flyway_schema_history"') == 2125624436
    assert flyway_ledger._java_hash("`app`.`flyway_schema_history`") == -320650056
    assert flyway_ledger._java_hash('"ä😀"."flyway_schema_history"') == -859310886
    assert flyway_ledger._MAGIC == 77431708279161


@pytest.mark.slow
def test_the_lock_on_postgresql(postgresql_url: str) -> None:
    engine = Postgresql()
    with engine.connect(postgresql_url) as one, engine.connect(postgresql_url) as two:
        one.query("SELECT pg_advisory_lock(%s)", (77431708279161 + 2125624436,))
        (note,) = FLYWAY.notes(two, (), ())
        assert (note.code, note.blocks) == ("tool-lock-held", False)
        with (
            pytest.raises(LockBusy, match="Flyway's migration lock is held by process"),
            FLYWAY.lock(two, wait=NOW - NOW),
        ):
            pytest.fail("two sessions hold one lock")
        apply(one, parse(**{"V1__a.sql": "CREATE TABLE a (b int);"})[0])
        assert one.query(
            "SELECT installed_rank, version, description, type, script, checksum, installed_by ="
            " current_user, success FROM flyway_schema_history"
        ) == [(1, "1", "a", "SQL", "V1__a.sql", checksum_of("CREATE TABLE a (b int);"), True, True)]


@pytest.mark.slow
def test_the_lock_and_a_failed_row_on_mariadb(mariadb_url: str) -> None:
    engine = Mysql()
    history = parse(
        **{"V1__a.sql": "CREATE TABLE a (b int);\nINSERT INTO missing VALUES (1);", "V2__b.sql": ""}
    )
    with engine.connect(mariadb_url) as one, engine.connect(mariadb_url) as two:
        ((schema,),) = one.query("SELECT database()")
        name = f"Flyway-{flyway_ledger._java_hash(f'`{schema}`.`flyway_schema_history`')}"
        assert one.query("SELECT get_lock(%s, 0)", (name,)) == [(1,)]
        with (
            pytest.raises(LockBusy, match="Flyway's migration lock is held by session"),
            FLYWAY.lock(two, wait=NOW - NOW),
        ):
            pytest.fail("two sessions hold one lock")
        with pytest.raises(MigrationFailed):
            apply(one, history[0])
        assert one.query("SELECT version, type, success FROM flyway_schema_history") == [
            ("1", "SQL", 0)
        ]
        FLYWAY.mark(one, history[0], "applied", now=NOW)
        assert one.query("SELECT version, type, success FROM flyway_schema_history") == [
            ("1", "SQL", 1)
        ]


# --- files -------------------------------------------------------------------------------------


def test_names() -> None:
    history = parse(
        **{
            "V1_10__Later.sql": "SELECT 1;",
            "sub/V1.9__Earlier_one.sql": "SELECT 1;",
            "R__b_view.sql": "SELECT 1;",
            "R__A_view.sql": "SELECT 1;",
            "V2.SQL": "SELECT 1;",
            "U1_9__Earlier_one.sql": "SELECT 2;",
            "Views.sql": "nobody runs this",
        }
    )
    assert [m.version for m in history] == ["1.9", "1.10", "2", "R__A_view", "R__b_view"]
    first = history[0]
    assert (first.name, first.path, first.down, first.down_path) == (
        "V1.9__Earlier_one",
        "sub/V1.9__Earlier_one.sql",
        "SELECT 2;",
        "U1_9__Earlier_one.sql",
    )


def test_a_script_says_how_it_is_run() -> None:
    (one,) = parse(
        **{
            "V1__a.sql": "SELECT '${a}';",
            "V1__a.sql.conf": "# why\nexecuteInTransaction=false\nplaceholderReplacement = FALSE\n",
            "U1__a.sql": "SELECT 1;",
        }
    )
    assert (one.wrap, one.wrap_down, one.beside) == (False, True, ("V1__a.sql.conf",))


UNREADABLE = {
    "placeholder": {"V1__a.sql": "SELECT '${schema}';"},
    "placeholder in a comment": {"V1__a.sql": "-- ${flyway:timestamp}\nSELECT 1;"},
    "placeholder that never ends": {"V1__a.sql": "SELECT '${"},
    "one underscore": {"V1_a.sql": "SELECT 1;"},
    "no version": {"V__a.sql": "SELECT 1;"},
    "letters in the version": {"V1a__a.sql": "SELECT 1;"},
    "empty part of a version": {"V1._2__a.sql": "SELECT 1;"},
    "other digits": {"V1٣__a.sql": "SELECT 1;"},
    "repeatable with one underscore": {"R_a.sql": "SELECT 1;"},
    "equal versions": {"V1__a.sql": "SELECT 1;", "V1.0__b.sql": "SELECT 1;"},
    "equal descriptions": {"R__a.sql": "SELECT 1;", "x/R__a.sql": "SELECT 1;"},
    "undo without a version": {"V1__a.sql": "SELECT 1;", "U2__a.sql": "SELECT 1;"},
    "callback": {"V1__a.sql": "SELECT 1;", "afterMigrate.sql": "SELECT 1;"},
    "callback with words": {"V1__a.sql": "SELECT 1;", "beforeEachMigrate__grants.sql": ""},
    "in Java": {"V1__a.sql": "SELECT 1;", "V2__B.java": "class V2__B {}"},
    "decides at run time": {"V1__a.sql": "", "V1__a.sql.conf": "shouldExecute=${a}==b"},
    "other encoding": {"V1__a.sql": "", "V1__a.sql.conf": "encoding=ISO-8859-1"},
    "neither true nor false": {"V1__a.sql": "", "V1__a.sql.conf": "executeInTransaction=no"},
}


@pytest.mark.parametrize("texts", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(texts: dict[str, str]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        parse(**texts)
    assert caught.value.hint


def test_another_tools_folder() -> None:
    with pytest.raises(LedgerForeign, match="Prisma"):
        parse(**{"V1__a.sql": "", "migration_lock.toml": ""})


def test_discover(tmp_path: Path) -> None:
    folder = tmp_path / "service/src/main/resources/db/migration"
    (folder / "later").mkdir(parents=True)
    (folder / "V1__a.sql").write_text("SELECT 1;")
    (folder / "later/V2__b.sql").write_text("SELECT 1;")
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.folder, found.evidence) == (
        "flyway",
        folder,
        "2 files named V…__….sql",
    )


def test_generate() -> None:
    new = FLYWAY.generate("Add it!", "VACUUM;", "SELECT 2;", now=NOW, existing=(), wrap=False)
    assert [file.path for file in new] == [
        "V20261123090000__add_it.sql",
        "V20261123090000__add_it.sql.conf",
        "U20261123090000__add_it.sql",
    ]
    (one,) = FLYWAY.parse(new)
    assert (one.wrap, one.down) == (False, "SELECT 2;")
    existing = parse(**{"V7_1__a.sql": "", "R__b.sql": ""})
    (file,) = FLYWAY.generate("c", "SELECT 1;", "", now=NOW, existing=existing)
    assert file.path == "V8__c.sql"


# --- table -------------------------------------------------------------------------------------

ONE, TWO = "CREATE TABLE one (a int);", "CREATE TABLE two (a int);"
VIEW = "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1 AS a;"


def test_rows(session: Session) -> None:
    texts = {"V1_0__First_one.sql": ONE, "R__The_view.sql": VIEW}
    for migration in parse(**texts):
        apply(session, migration)
    assert session.query(
        "SELECT installed_rank, version, description, type, script, checksum, installed_by,"
        " typeof(installed_on), typeof(execution_time), success FROM flyway_schema_history"
    ) == [
        (1, "1.0", "First one", "SQL", "V1_0__First_one.sql", checksum_of(ONE), "", "text",
         "integer", 1),
        (2, None, "The view", "SQL", "R__The_view.sql", checksum_of(VIEW), "", "text",
         "integer", 1),
    ]  # fmt: skip
    assert states(session, **texts) == "1 applied, R__The_view applied"


def test_repeatable_migrations_run_again(session: Session) -> None:
    texts = {"V1__a.sql": ONE, "R__v.sql": VIEW}
    for migration in parse(**texts):
        apply(session, migration)
    texts |= {"R__v.sql": VIEW.replace("1 AS", "2 AS"), "V2__b.sql": TWO}
    assert states(session, **texts) == "1 applied, 2 pending, R__v pending"
    for migration in parse(**texts)[1:]:
        apply(session, migration)
    assert states(session, **texts) == "1 applied, 2 applied, R__v applied"
    assert session.query("SELECT a FROM v") == [(2,)]
    assert session.query("SELECT count(*) FROM flyway_schema_history") == [(4,)]
    texts["R__v.sql"] = texts["R__v.sql"].replace("; ", ";\r\n ")  # line ends are no change
    assert states(session, **texts).endswith("R__v applied")


def test_a_later_one_is_out_of_order(session: Session) -> None:
    texts = {"V1.9__a.sql": ONE, "V1.10__b.sql": TWO}
    apply(session, parse(**texts)[1])
    assert states(session, **texts) == "1.9 out_of_order, 1.10 applied"


def row(session: Session, rank: int, version: str | None, kind: str, script: str) -> None:
    session.execute(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script,"
        " checksum, installed_by, execution_time, success) VALUES (%s, %s, %s, %s, %s, NULL, '', 0, 1)",
        (rank, version, "d", kind, script),
    )


def made(session: Session) -> None:
    for bound in flyway_ledger.making(session.dialect, FLYWAY.usual):
        session.execute(bound.sql)


def test_a_baseline_stands_for_what_is_not_above_it(session: Session) -> None:
    made(session)
    row(session, 0, None, "SCHEMA", '"public"')
    row(session, 1, "1.1", "BASELINE", "<< Flyway Baseline >>")
    texts = {"V1__a.sql": ONE, "V1_1__b.sql": "", "V2__c.sql": TWO}
    assert states(session, **texts) == "1 applied, 1.1 applied, 2 pending"
    (first, *_) = FLYWAY.status(parse(**texts), FLYWAY.ledger(session))
    assert first.detail == "The baseline 1.1 stands for it; it does not run."


def test_baseline_scripts(session: Session) -> None:
    alone = {"B3__base.sql": ONE, "V4__d.sql": TWO}
    assert states(session, **alone) == "3 pending, 4 pending"
    both = {"V3__c.sql": ONE, **alone}
    assert states(session, **both) == "3 pending, 4 pending"
    assert [m.name for m in parse(**both)] == ["V3__c", "V4__d"]
    apply(session, parse(**alone)[0])
    assert session.query("SELECT version, type FROM flyway_schema_history") == [
        ("3", "SQL_BASELINE")
    ]
    assert states(session, **alone) == "3 applied, 4 pending"
    assert states(session, **both) == "3 applied, 4 pending"
    edited = alone | {"B3__base.sql": TWO}
    assert states(session, **edited) == "3 edited, 4 pending"


def test_what_was_folded_into_a_baseline_script(session: Session) -> None:
    for migration in parse(**{"V1__a.sql": "", "V2__b.sql": "", "V3__c.sql": ""}):
        apply(session, migration)
    texts = {"B3__base.sql": ONE, "V4__d.sql": TWO}
    assert states(session, **texts) == "3 applied, 4 pending, 1 applied, 2 applied"
    session.execute("DELETE FROM flyway_schema_history WHERE version = '3'")
    assert "1 missing, 2 missing" in states(session, **texts)


def test_rows_that_no_script_has(session: Session) -> None:
    made(session)
    row(session, 1, "1", "JDBC", "db.migration.V1__A")
    row(session, 2, "2", "SQL", "V2__b.sql")
    row(session, 3, "2", "UNDO_SQL", "U2__b.sql")
    row(session, 4, "3", "SQL", "V3__c.sql")
    row(session, 5, "3", "DELETE", "V3__c.sql")
    found = FLYWAY.status(parse(**{"V2__b.sql": ONE}), FLYWAY.ledger(session))
    assert [(s.version, s.state.value) for s in found] == [("2", "rolled_back"), ("1", "missing")]
    assert "(JDBC)" in found[1].detail


def test_the_way_back_is_a_row_that_every_edition_reads(session: Session) -> None:
    (one,) = parse(**{"V1__a.sql": ONE, "U1__a.sql": "DROP TABLE one;"})
    apply(session, one)
    FLYWAY.roll_back(session, one, script_of(one.down or "", session.dialect), now=NOW)
    apply(session, one)
    assert session.query("SELECT version, type, success FROM flyway_schema_history") == [
        ("1", "SQL", 1),
        ("1", "DELETE", 1),
        ("1", "SQL", 1),
    ]


def test_the_rest_of_a_script_that_is_not_one(session: Session) -> None:
    """A failed row where something stayed, as Flyway writes it where it has no transaction."""
    texts = {
        "V1__a.sql": f"{ONE}\nINSERT INTO missing VALUES (1);",
        "V1__a.sql.conf": "executeInTransaction=false",
    }
    with pytest.raises(MigrationFailed):
        apply(session, parse(**texts)[0])
    assert session.query("SELECT version, success FROM flyway_schema_history") == [("1", 0)]
    assert states(session, **texts) in ("1 failed", "1 half_applied")
    FLYWAY.mark(session, parse(**texts)[0], "rolled_back", now=NOW)
    assert session.query("SELECT count(*) FROM flyway_schema_history") == [(0,)]
