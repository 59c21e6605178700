"""Preflight: each question finds its bad rows, its clean twin finds none, and a late one is unknown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from faber_db.adapters.engines.mysql import address
from faber_db.adapters.engines.mysql.connect import raw
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.plan import PreflightAnswer
from faber_db.services import preflight
from faber_db.services.app import App
from faber_db.services.ports import Limits
from faber_db.services.verdict import Surroundings, surroundings
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Answers = dict[str, tuple[str, bool | None]]
Case = tuple[str, Answers]

SCHEMA = """
CREATE TABLE parents (id integer PRIMARY KEY, label text);
CREATE TABLE children (
    id integer PRIMARY KEY, parent integer, name text, size integer,
    kept integer REFERENCES parents ON DELETE CASCADE
);
CREATE TABLE toys (id integer PRIMARY KEY, child integer REFERENCES children ON DELETE CASCADE);
INSERT INTO parents VALUES (1, 'x'), (2, 'y');
INSERT INTO children VALUES (1, 1, 'a', 1, 1), (2, 2, 'a', NULL, 1), (3, 9, NULL, -5, 2);
INSERT INTO toys VALUES (1, 1), (2, 2), (3, 3);
"""
EVERYWHERE: dict[str, Case] = {
    "values that are lost": (
        "ALTER TABLE children DROP COLUMN name;",
        {"values in children.name": ("2 values in 3 rows", True)},
    ),
    "rows that are lost": ("DROP TABLE toys;", {"rows in toys": ("3 rows", True)}),
    "a table that is not there": ("DROP TABLE IF EXISTS nothing;", {}),
    "a new table": ("CREATE TABLE t (a integer); ALTER TABLE t ADD COLUMN b integer NOT NULL;", {}),
    "repeated keys": (
        "CREATE UNIQUE INDEX u ON children (name);",
        {"repeated keys (name) in children": ("1 key", False)},
    ),
    "repeated keys, NULLs apart": (
        "CREATE UNIQUE INDEX u ON children (size);",
        {"repeated keys (size) in children": ("0 keys", True)},
    ),
    "repeated keys outside a partial index": (
        "CREATE UNIQUE INDEX u ON children (name) WHERE size > 0;",
        {"repeated keys (name) in children": ("0 keys", True)},
    ),
    "repeated keys inside a partial index": (
        "CREATE UNIQUE INDEX u ON children (name) WHERE id < 3;",
        {"repeated keys (name) in children": ("1 key", False)},
    ),
    "a predicate that calls what is not known": (
        "CREATE UNIQUE INDEX u ON children (name) WHERE evil(id);",
        {"repeated keys (name) in children": ("unknown: it calls evil", None)},
    ),
    "a column without values": (
        "ALTER TABLE children ADD COLUMN b integer NOT NULL;",
        {"rows that children.b would leave without a value": ("3 of 3 rows", False)},
    ),
    "a column with a default": (
        "ALTER TABLE children ADD COLUMN b integer NOT NULL DEFAULT 1;",
        {},
    ),
    "rows of a DELETE and its cascades": (
        "DELETE FROM parents WHERE id = 1;",
        {
            "rows of parents that are deleted": ("1 of 2 rows", True),
            "rows of children reached by ON DELETE CASCADE": ("2 of 3 rows", True),
            "rows of toys reached by ON DELETE CASCADE": ("2 of 3 rows", True),
        },
    ),
    "rows of a DELETE that reaches none": (
        "DELETE FROM toys WHERE id > 100 -- none",
        {"rows of toys that are deleted": ("0 of 3 rows", True)},
    ),
    "rows of a DELETE with an alias and a subquery": (
        "DELETE FROM toys AS t WHERE t.child NOT IN (SELECT id FROM children WHERE size > 0);",
        {"rows of toys that are deleted": ("2 of 3 rows", True)},
    ),
    "rows of a DELETE whose condition calls what is not known": (
        "DELETE FROM toys WHERE evil(id);",
        {"rows of toys that are deleted": ("unknown: it calls evil", None)},
    ),
    "rows of an UPDATE": (
        "UPDATE children SET size = 0 WHERE size IS NULL;",
        {"rows of children that are overwritten": ("1 of 3 rows", True)},
    ),
    "rows of an UPDATE of all": (
        "UPDATE children SET size = 0;",
        {"rows of children that are overwritten": ("3 of 3 rows", True)},
    ),
}
POSTGRESQL: dict[str, Case] = {
    "NULLs": (
        "ALTER TABLE children ALTER COLUMN size SET NOT NULL;",
        {"NULLs in children.size": ("1 of 3 rows", False)},
    ),
    "no NULLs": (
        "ALTER TABLE children ALTER COLUMN parent SET NOT NULL;",
        {"NULLs in children.parent": ("0 of 3 rows", True)},
    ),
    "NULLs that are filled before": (
        "UPDATE children SET size = 0 WHERE size IS NULL;"
        "ALTER TABLE children ALTER COLUMN size SET NOT NULL;",
        {
            "rows of children that are overwritten": ("1 of 3 rows", True),
            "NULLs in children.size": (
                "1 of 3 rows now, before the statements above it run",
                None,
            ),
        },
    ),
    "NULLs in another column than was written": (
        "UPDATE children SET name = 'x' WHERE id = 1;"
        "ALTER TABLE children ALTER COLUMN size SET NOT NULL;",
        {
            "rows of children that are overwritten": ("1 of 3 rows", True),
            "NULLs in children.size": ("1 of 3 rows", False),
        },
    ),
    "NULLs of a new column": (
        "ALTER TABLE children ADD COLUMN fresh int;"
        "ALTER TABLE children ALTER COLUMN fresh SET NOT NULL;",
        {"NULLs in children.fresh": ("unknown: it is not in the database yet", None)},
    ),
    "NULLs and repeated keys of a primary key": (
        "CREATE TABLE other (a int); DROP TABLE other;"
        "ALTER TABLE children DROP CONSTRAINT children_pkey CASCADE,"
        " ADD CONSTRAINT pk PRIMARY KEY (name);",
        {
            "repeated keys (name) in children": ("1 key", False),
            "NULLs in children.name": ("1 of 3 rows", False),
        },
    ),
    "NULLs that are not distinct": (
        "INSERT INTO children VALUES (4, 1, 'b', NULL);",
        {},
    ),
    "repeated NULLs that are not distinct": (
        "CREATE UNIQUE INDEX u ON toys (child) NULLS NOT DISTINCT;",
        {"repeated keys (child) in toys": ("0 keys", True)},
    ),
    "repeated keys of an expression": (
        "CREATE UNIQUE INDEX u ON parents (lower('same'));",
        {"repeated keys (lower('same')) in parents": ("1 key", False)},
    ),
    "no repeated keys of an expression": (
        "CREATE UNIQUE INDEX u ON parents (upper(label));",
        {"repeated keys (upper(label)) in parents": ("0 keys", True)},
    ),
    "orphans": (
        "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents;",
        {"rows of children without their parents": ("1 of 3 rows", False)},
    ),
    "no orphans": (
        "ALTER TABLE toys ADD FOREIGN KEY (id) REFERENCES children (id);",
        {"rows of toys without their children": ("0 of 3 rows", True)},
    ),
    "orphans that nobody looks for": (
        "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents NOT VALID;",
        {},
    ),
    "orphans that are looked for later": (
        "ALTER TABLE children ADD CONSTRAINT f FOREIGN KEY (parent) REFERENCES parents NOT VALID;"
        "ALTER TABLE children VALIDATE CONSTRAINT f;",
        {"rows of children without their parents": ("1 of 3 rows", False)},
    ),
    "orphans of a table that is new": (
        "CREATE TABLE p (id int PRIMARY KEY);"
        "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES p;",
        {"rows of children without their p": ("3 of 3 rows", False)},
    ),
    "a check": (
        "ALTER TABLE children ADD CONSTRAINT positive CHECK (size > 0);",
        {"rows of children that break positive": ("1 of 3 rows", False)},
    ),
    "a check that every row meets": (
        "ALTER TABLE children ADD CONSTRAINT short CHECK (char_length(name) < 5);",
        {"rows of children that break short": ("0 of 3 rows", True)},
    ),
    "a check that sleeps": (
        "ALTER TABLE children ADD CONSTRAINT evil CHECK (pg_sleep(60) IS NULL);",
        {"rows of children that break evil": ("unknown: it calls pg_sleep", None)},
    ),
    "a check that calls what the database has of its own": (
        "ALTER TABLE children ADD CONSTRAINT evil CHECK (public.lower(id) = '');",
        {"rows of children that break evil": ("unknown: it calls public.lower", None)},
    ),
    "an exclusion constraint": (
        "ALTER TABLE children ADD CONSTRAINT e EXCLUDE USING btree (id WITH =);",
        {
            "rows that break the exclude constraint": (
                "unknown: exclude constraints are not looked into",
                None,
            )
        },
    ),
    "a schema": ("DROP SCHEMA IF EXISTS elsewhere CASCADE;", {}),
    "tables that refer to a truncated one": (
        "TRUNCATE parents CASCADE;",
        {
            "rows in parents": ("2 rows", True),
            "rows in children": ("3 rows", True),
            "rows in toys": ("3 rows", True),
        },
    ),
    "rows of a DELETE that joins": (
        "DELETE FROM toys USING children c WHERE c.id = toys.child;",
        {
            "rows of toys that are deleted": (
                "unknown: more than its own condition decides",
                None,
            )
        },
    ),
}
VALUES = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE mood_new AS ENUM ('glad');
CREATE DOMAIN positive AS integer;
CREATE TABLE v (
    id int PRIMARY KEY, number text, big bigint, amount numeric(12,4), at timestamptz,
    words text, feeling mood, flag text, dated text, measure positive, zip text, exact numeric(12,4)
);
INSERT INTO v VALUES
    (1, '1', 1, 1.1234, '2026-01-01 10:00:00.5+00', 'short', 'glad', 't', '2026-01-01', 1, '01234', 1),
    (2, 'x', 3000000000, 2, '2026-01-02 00:00+00', 'much too long', 'sad', 'maybe', 'soon', -1, '12345', 2),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def _change(column: str, to: str) -> str:
    return f"ALTER TABLE v ALTER COLUMN {column} TYPE {to};"


def _fits(column: str, words: str, ok: bool | None) -> Answers:
    return {f"values of v.{column} that do not fit": (words, ok)}


def _changes(column: str, words: str) -> Answers:
    return {f"values of v.{column} that the new type changes": (words, True)}


ON_16: dict[str, Case] = {  # pg_input_is_valid counts; before it the first failure is the answer
    "text to integer": (
        _change("number", "integer USING number::integer"),
        _fits("number", "1 of 3 rows", False) | _changes("number", "0 of 2 values"),
    ),
    "text to date": (
        _change("dated", "date USING dated::date"),
        _fits("dated", "1 of 3 rows", False) | _changes("dated", "0 of 2 values"),
    ),
    "text to boolean": (
        _change("flag", "boolean USING flag::boolean"),
        _fits("flag", "1 of 3 rows", False) | _changes("flag", "1 of 2 values"),
    ),
}
ON_15: dict[str, Case] = {
    "text to integer": (
        _change("number", "integer USING number::integer"),
        _fits("number", "at least 1 row", False)
        | {
            "values of v.number that the new type changes": (
                "unknown: the database refused the question (22P02)",
                None,
            )
        },
    ),
}
TYPES: dict[str, Case] = {
    "bigint to integer": (_change("big", "integer"), _fits("big", "1 of 3 rows", False)),
    "text to varchar that is too short": (
        _change("words", "varchar(10)"),
        _fits("words", "1 of 3 rows", False),
    ),
    "text to varchar that is long enough": (
        _change("words", "varchar(20)"),
        _fits("words", "0 of 3 rows", True),
    ),
    "text to varchar by USING, which cuts": (
        _change("words", "varchar(10) USING words::varchar(10)"),
        _changes("words", "1 of 2 values"),
    ),
    "numeric to a smaller scale": (
        _change("amount", "numeric(12,2)"),
        _changes("amount", "1 of 2 values"),
    ),
    "numeric to a smaller scale that all have": (
        _change("exact", "numeric(12,2)"),
        _changes("exact", "0 of 2 values"),
    ),
    "numeric to fewer digits": (
        _change("amount", "numeric(4,4)"),
        _fits("amount", "2 of 3 rows", False),
    ),
    "timestamptz to date": (
        _change("at", "date"),
        _fits("at", "0 of 3 rows", True) | _changes("at", "1 of 2 values"),
    ),
    "timestamptz to whole seconds": (
        _change("at", "timestamptz(0)"),
        _changes("at", "1 of 2 values"),
    ),
    "leading zeros": (
        _change("zip", "integer USING zip::integer"),
        _fits("zip", "0 of 3 rows", True) | _changes("zip", "1 of 2 values"),
    ),
    "a function that cuts": (
        _change("words", "text USING left(words, 5)"),
        _fits("words", "0 of 3 rows", True) | _changes("words", "1 of 2 values"),
    ),
    "a function that is not known": (
        _change("words", "text USING evil(words)"),
        {
            "values of v.words that do not fit": (
                "unknown: USING is not run before it is approved: it calls evil",
                None,
            ),
            "values of v.words that the new type changes": (
                "unknown: USING is not run before it is approved: it calls evil",
                None,
            ),
        },
    ),
    "an enum without one of the values": (
        _change("feeling", "mood_new USING feeling::text::mood_new"),
        _fits("feeling", "1 of 3 rows", False),
    ),
    "an enum that is made here": (
        "CREATE TYPE mood3 AS ENUM ('sad', 'glad', 'so-so');"
        + _change("feeling", "mood3 USING feeling::text::mood3"),
        _fits("feeling", "0 of 3 rows", True),
    ),
    "a domain's check": (
        "ALTER DOMAIN positive ADD CONSTRAINT above CHECK (VALUE > 0);",
        {"values of v.measure that break the check of positive": ("1 of 3 rows", False)},
    ),
    "a domain's check that all meet": (
        "ALTER DOMAIN positive ADD CONSTRAINT above CHECK (VALUE > -5);",
        {"values of v.measure that break the check of positive": ("0 of 3 rows", True)},
    ),
    "a domain without NULL": (
        "ALTER DOMAIN positive SET NOT NULL;",
        {"NULLs in v.measure": ("1 of 3 rows", False)},
    ),
}
PARTITIONED = """
CREATE TABLE events (id int, day date, note text) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO events VALUES (1, '2026-01-05', 'a'), (2, '2026-02-05', NULL);
"""


def ask(
    app: App, schema: str, sql: str, *, limits: Limits = preflight.LIMITS, seconds: float = 30
) -> tuple[PreflightAnswer, ...]:
    database = app.database()
    environment = database.environment("dev")
    with database.engine.connect(environment.resolve_url(), create=True) as session:
        for statement in parse(schema, session.dialect).statements:
            session.execute(statement.text)
        around = surroundings(session, leave_out=(), protected=False)
    return preflight.ask(
        [parse(sql, around.dialect)],
        [""],
        around,
        database,
        environment,
        NOW,
        limits=limits,
        budget=timedelta(seconds=seconds),
    )


def _asked_beside(app: App, sql: str, limits: Limits) -> tuple[PreflightAnswer, ...]:
    """Of a table that another session holds, known from its text; its size is not."""
    database = app.database()
    catalogue = catalogue_of(MARIADB_VALUES, Dialect.MARIADB)
    return preflight.ask(
        [parse(sql, Dialect.MARIADB)],
        [""],
        Surroundings(Dialect.MARIADB, catalogue=catalogue),
        database,
        database.environment("dev"),
        NOW,
        limits=limits,
    )


def told(answers: tuple[PreflightAnswer, ...]) -> Answers:
    return {a.question: (a.answer, a.ok) for a in answers}


@pytest.mark.parametrize(("sql", "answers"), EVERYWHERE.values(), ids=EVERYWHERE)
def test_sqlite(
    sql: str, answers: Answers, sqlite_url: str, app_factory: Callable[..., App]
) -> None:
    assert told(ask(app_factory(sqlite_url), SCHEMA, sql)) == answers


@pytest.mark.parametrize(
    ("sql", "answers"),
    [*EVERYWHERE.values(), *POSTGRESQL.values()],
    ids=[*EVERYWHERE, *POSTGRESQL],
)
def test_postgresql(
    sql: str, answers: Answers, postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    assert told(ask(app_factory(postgresql_url), SCHEMA, sql)) == answers


@pytest.mark.parametrize(
    ("sql", "answers"), [*TYPES.values(), *ON_16.values()], ids=[*TYPES, *ON_16]
)
def test_values(
    sql: str, answers: Answers, new_postgresql: Callable[..., str], app_factory: Callable[..., App]
) -> None:
    assert told(ask(app_factory(new_postgresql(17)), VALUES, sql)) == answers


@pytest.mark.parametrize(("sql", "answers"), ON_15.values(), ids=ON_15)
def test_values_before_16(
    sql: str, answers: Answers, new_postgresql: Callable[..., str], app_factory: Callable[..., App]
) -> None:
    assert told(ask(app_factory(new_postgresql(15)), VALUES, sql)) == answers


def test_partitions_are_read_through_their_parent(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    sql = "ALTER TABLE events ALTER COLUMN note SET NOT NULL; DROP TABLE events_1;"
    assert told(ask(app_factory(postgresql_url), PARTITIONED, sql)) == {
        "NULLs in events.note": ("1 of 2 rows", False),
        "rows in events_1": ("1 row", True),
    }


MARIADB_VALUES = """
CREATE TABLE v (
    id int PRIMARY KEY, number varchar(20), big bigint, amount decimal(12,4), at datetime(6),
    words varchar(40), feeling enum('sad', 'glad'), parent int, code varchar(20) CHARACTER SET utf8mb4
);
CREATE TABLE p (id int PRIMARY KEY);
INSERT INTO p VALUES (1);
INSERT INTO v VALUES
    (1, '1', 1, 1.1234, '2026-01-01 10:00:00.5', 'short', 'glad', 1, 'a'),
    (2, 'x', 3000000000, 2, '2026-01-02 00:00', 'much too long', 'sad', 9, '\u65e5'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def _modify(definition: str) -> str:
    return f"ALTER TABLE v MODIFY {definition};"


def _redefined(column: str, found: int) -> Answers:
    return {f"values of v.{column} that do not fit": (f"{found} of 3 rows", True)}


ON_MARIADB: dict[str, Case] = {
    "NULLs": (
        _modify("big bigint NOT NULL"),
        {"NULLs in v.big": ("1 of 3 rows", False)},
    ),
    "no NULLs": (_modify("id int NOT NULL"), {}),
    "an integer that is too small": (_modify("big int"), _redefined("big", 1)),
    "an integer that is big enough": (_modify("id smallint"), _redefined("id", 0)),
    "unsigned": (_modify("id int unsigned"), _redefined("id", 0)),
    "text to a number": (_modify("number int"), _redefined("number", 1)),
    "a text that is cut": (_modify("words varchar(10)"), _redefined("words", 1)),
    "a text that is long enough": (_modify("words varchar(20)"), _redefined("words", 0)),
    "a scale that rounds": (_modify("amount decimal(12,2)"), _redefined("amount", 1)),
    "a scale that keeps all": (_modify("amount decimal(8,4)"), _redefined("amount", 0)),
    "a time without its fraction": (_modify("at datetime"), _redefined("at", 1)),
    "an enum without one of its values": (
        _modify("feeling enum('glad', 'so-so')"),
        _redefined("feeling", 1),
    ),
    "an enum that only grows": (_modify("feeling enum('sad', 'glad', 'so-so')"), {}),
    "a character set that cannot hold it": (
        _modify("code varchar(20) CHARACTER SET latin1"),
        _redefined("code", 1),
    ),
    "orphans": (
        "ALTER TABLE v ADD FOREIGN KEY (parent) REFERENCES p (id);",
        {"rows of v without their p": ("1 of 3 rows", False)},
    ),
    "a check": (
        "ALTER TABLE v ADD CONSTRAINT k CHECK (char_length(words) < 8);",
        {"rows of v that break k": ("1 of 3 rows", False)},
    ),
    "a check that calls what is not known": (
        "ALTER TABLE v ADD CONSTRAINT k CHECK (sleep(9) = 0);",
        {"rows of v that break k": ("unknown: it calls sleep", None)},
    ),
    "repeated keys": (
        "CREATE UNIQUE INDEX u ON v (parent);",
        {"repeated keys (parent) in v": ("0 keys", True)},
    ),
    "a key of which only the beginning counts": (
        "CREATE UNIQUE INDEX u ON v (words(3));",
        {
            "repeated keys (words) in v": (
                "unknown: a collation or a length of the key decides what is equal",
                None,
            )
        },
    ),
    "a required column is filled in": ("ALTER TABLE v ADD COLUMN b int NOT NULL;", {}),
}
NOT_ON_MARIADB = (
    "a column without values",  # it succeeds, with zeros
    "repeated keys outside a partial index",
    "repeated keys inside a partial index",
    "a predicate that calls what is not known",
)


@pytest.mark.parametrize(("sql", "answers"), ON_MARIADB.values(), ids=ON_MARIADB)
def test_mariadb(
    sql: str, answers: Answers, mariadb_url: str, app_factory: Callable[..., App]
) -> None:
    assert told(ask(app_factory(mariadb_url), MARIADB_VALUES, sql)) == answers


@pytest.mark.parametrize(
    ("sql", "answers"),
    [case for name, case in EVERYWHERE.items() if name not in NOT_ON_MARIADB],
    ids=[name for name in EVERYWHERE if name not in NOT_ON_MARIADB],
)
def test_everywhere_on_mariadb(
    sql: str, answers: Answers, mariadb_url: str, app_factory: Callable[..., App]
) -> None:
    schema = (
        SCHEMA.replace("name text", "name varchar(20)")
        .replace("kept integer REFERENCES parents ON", "kept integer REFERENCES parents (id) ON")
        .replace("REFERENCES children ON", "REFERENCES children (id) ON")
    )
    assert told(ask(app_factory(mariadb_url), schema, sql)) == answers


def test_late_on_mariadb(mariadb_url: str, app_factory: Callable[..., App]) -> None:
    """Its limits are whole seconds."""
    app = app_factory(mariadb_url)
    ask(app, MARIADB_VALUES, "SELECT 1;")
    limits = Limits(lock_timeout=timedelta(seconds=9), statement_timeout=timedelta(seconds=1))
    with raw(address.parse(mariadb_url)) as other:
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLES v WRITE")
        answers = _asked_beside(app, _modify("big int NOT NULL"), limits)
    assert told(answers) == dict.fromkeys(
        ("NULLs in v.big", "values of v.big that do not fit"), TOO_LONG
    )


# --- late, locked, no time left ------------------------------------------------------------------

MANY = """
CREATE TABLE many (id integer PRIMARY KEY, a integer, b text);
INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
SELECT i, i, 'text' FROM n;
CREATE TABLE few (id integer PRIMARY KEY, a integer);
"""
LATE = Limits(lock_timeout=timedelta(seconds=1), statement_timeout=timedelta(milliseconds=1))
SLOW = Limits(lock_timeout=timedelta(seconds=9), statement_timeout=timedelta(milliseconds=200))
TOO_LONG = ("unknown: it took too long to count", None)
LATE_EVERYWHERE = {
    "repeated keys": ("CREATE UNIQUE INDEX u ON many (a);", "repeated keys (a) in many"),
    "rows of a DELETE": (
        "DELETE FROM many WHERE upper(b) = 'X';",
        "rows of many that are deleted",
    ),
    "values of a column": ("ALTER TABLE many DROP COLUMN a;", "values in many.a"),
}
LATE_ON_POSTGRESQL = {
    "NULLs": ("ALTER TABLE many ALTER a SET NOT NULL;", "NULLs in many.a"),
    "required": (
        "ALTER TABLE many ADD COLUMN c int NOT NULL;",
        "rows that many.c would leave without a value",
    ),
    "orphans": (
        "ALTER TABLE many ADD FOREIGN KEY (a) REFERENCES few;",
        "rows of many without their few",
    ),
    "a check": (
        "ALTER TABLE many ADD CONSTRAINT k CHECK (a > 0);",
        "rows of many that break k",
    ),
    "values that fit": (
        "ALTER TABLE many ALTER b TYPE varchar(3);",
        "values of many.b that do not fit",
    ),
    "values that change": (
        "ALTER TABLE many ALTER b TYPE varchar(9) USING b::varchar(9);",
        "values of many.b that the new type changes",
    ),
}


@pytest.mark.parametrize(("sql", "question"), LATE_EVERYWHERE.values(), ids=LATE_EVERYWHERE)
def test_late_on_sqlite(
    sql: str, question: str, sqlite_url: str, app_factory: Callable[..., App]
) -> None:
    answers = told(ask(app_factory(sqlite_url), MANY, sql, limits=LATE))
    assert answers[question] == TOO_LONG


@pytest.mark.parametrize(
    ("sql", "question"),
    [*LATE_EVERYWHERE.values(), *LATE_ON_POSTGRESQL.values()],
    ids=[*LATE_EVERYWHERE, *LATE_ON_POSTGRESQL],
)
def test_late_on_postgresql(
    sql: str, question: str, postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    import psycopg

    app = app_factory(postgresql_url)
    ask(app, MANY.replace("150000", "150"), "SELECT 1;")
    with psycopg.connect(postgresql_url) as other:  # a table that takes long to read
        other.execute("LOCK TABLE many IN ACCESS EXCLUSIVE MODE")
        assert told(ask(app, "", sql, limits=SLOW))[question] == TOO_LONG


def test_no_time_is_left(postgresql_url: str, app_factory: Callable[..., App]) -> None:
    sql = "ALTER TABLE children ALTER size SET NOT NULL;"
    (answer,) = ask(app_factory(postgresql_url), SCHEMA, sql, seconds=-1)
    assert (answer.answer, answer.ok) == ("unknown: no time was left to look", None)


def test_a_locked_table_is_unknown_and_waits_for_nobody(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    import psycopg

    app = app_factory(postgresql_url)
    ask(app, SCHEMA, "SELECT 1;")
    with psycopg.connect(postgresql_url) as other:
        other.execute("LOCK TABLE children IN ACCESS EXCLUSIVE MODE")
        sql = "ALTER TABLE children ALTER size SET NOT NULL;"
        (answer,) = ask(app, "", sql)
    assert (answer.answer, answer.ok) == (
        "unknown: another session held a lock that this needs",
        None,
    )


def test_own_operators_keep_a_condition_from_being_run(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    own = (
        "CREATE FUNCTION always(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR <@@> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = always);"
    )
    sql = "ALTER TABLE children ADD CONSTRAINT k CHECK (size > 0), ALTER size SET NOT NULL;"
    nulls, check = ask(app_factory(postgresql_url), SCHEMA + own, sql)  # in the server's order
    assert check.answer.startswith("unknown: the database has operators of its own")
    assert nulls.answer == "1 of 3 rows"


def test_nothing_is_written_and_no_value_leaves(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    sql = "ALTER TABLE v ALTER COLUMN zip TYPE integer USING replace(zip, '0', 'secret')::integer;"
    answers = ask(app_factory(postgresql_url), VALUES, sql)
    assert "secret" not in str([a.model_dump() for a in answers])
    assert told(answers)["values of v.zip that do not fit"] == ("at least 1 row", False)


# --- the verdict with the answers ----------------------------------------------------------------


def _finding(code: str, kind: Kind, risk: Risk, *objects: str) -> Finding:
    return Finding(
        code=code, kind=kind, risk=risk, line=3, statement="s", objects=objects, effect="It fails."
    )


MAY_FAIL = _finding("may-fail-on-data", Kind.FAILS, Risk.MEDIUM, "users.email")
LOSSY = _finding("lossy-type-change", Kind.DATA_LOSS, Risk.HIGH, "users.email")
DROP = _finding("drop-table", Kind.DATA_LOSS, Risk.HIGH, "users.email")


def _answered(found: int | None, *, settled: bool = True, line: int = 3) -> PreflightAnswer:
    return PreflightAnswer(
        question="q",
        answer="unknown: why" if found is None else f"{found} of 9 rows",
        ok=None if found is None else not found,
        asked_at="2026-11-23T12:00:00+00:00",
        line=line,
        codes=("may-fail-on-data", "lossy-type-change", "drop-table"),
        objects=("users", "users.email"),
        says=f"{found} of 9 rows have NULL",
        found=found,
        settled=settled,
    )


JUDGED: dict[str, tuple[Finding, list[PreflightAnswer], Risk, str]] = {
    "bad rows": (MAY_FAIL, [_answered(2)], Risk.HIGH, "2 of 9 rows have NULL."),
    "no bad rows": (MAY_FAIL, [_answered(0)], Risk.LOW, "0 of 9 rows have NULL; one that"),
    "not known": (MAY_FAIL, [_answered(None)], Risk.MEDIUM, "It fails. Not checked: why."),
    "one of two is not known": (
        MAY_FAIL,
        [_answered(0), _answered(None)],
        Risk.MEDIUM,
        "It fails. Not checked: why.",
    ),
    "one of two is bad": (
        MAY_FAIL,
        [_answered(0), _answered(1)],
        Risk.HIGH,
        "1 of 9 rows have NULL.",
    ),
    "bad rows that may be mended above": (
        MAY_FAIL,
        [_answered(2, settled=False)],
        Risk.MEDIUM,
        "2 of 9 rows have NULL now. It fails unless",
    ),
    "no bad rows, but rows are written above": (
        MAY_FAIL,
        [_answered(0, settled=False)],
        Risk.MEDIUM,
        "0 of 9 rows have NULL now, but",
    ),
    "another statement": (MAY_FAIL, [_answered(2, line=4)], Risk.MEDIUM, "It fails."),
    "nothing asked": (MAY_FAIL, [], Risk.MEDIUM, "It fails."),
    "a cast that changes values": (LOSSY, [_answered(2)], Risk.HIGH, "2 of 9 rows have NULL, and"),
    "a cast that changes none": (LOSSY, [_answered(0)], Risk.MEDIUM, "0 of 9 rows have NULL"),
    "a cast that is not known": (LOSSY, [_answered(None)], Risk.HIGH, "It fails. Not checked"),
    "destruction of rows": (DROP, [_answered(2)], Risk.HIGH, "It fails (2 of 9 rows)."),
    "destruction of no rows": (DROP, [_answered(0)], Risk.HIGH, "It fails (0 of 9 rows)."),
}


@pytest.mark.parametrize(("finding", "answers", "risk", "effect"), JUDGED.values(), ids=JUDGED)
def test_the_verdict(
    finding: Finding, answers: list[PreflightAnswer], risk: Risk, effect: str
) -> None:
    analysis = preflight.measured(Analysis(risk=finding.risk, findings=(finding,)), answers)
    (judged,) = analysis.findings
    assert (judged.risk, analysis.risk) == (risk, risk)
    assert judged.effect.startswith(effect)
    counted = bool(answers) and answers[0].line == 3 and "Not checked" not in effect
    assert (judged.confidence is Confidence.PREFLIGHT) == counted
    assert bool(judged.checked_at) == counted


def test_a_cast_that_changes_nothing_has_not_to_be_typed() -> None:
    analysis = Analysis(risk=Risk.HIGH, findings=(LOSSY, DROP))
    assert analysis.loses == ("users.email",)
    alone = Analysis(risk=Risk.HIGH, findings=(LOSSY,))
    assert preflight.measured(alone, [_answered(0)]).loses == ()


def test_what_is_allowed_does_not_count() -> None:
    allowed = MAY_FAIL.model_copy(update={"allowed": "few rows"})
    analysis = Analysis(risk=Risk.LOW, findings=(allowed,))
    assert preflight.measured(analysis, [_answered(2)]).risk is Risk.LOW


def test_only_what_was_fine_can_become_worse() -> None:
    def answer(ok: bool | None) -> PreflightAnswer:
        return PreflightAnswer(question="q", answer="1", ok=ok, asked_at="")

    assert preflight.worse([answer(True)], [answer(False)]) == "q: 1"
    assert preflight.worse([answer(True)], [answer(None)]) == "q: 1"
    assert preflight.worse([answer(False)], [answer(False)]) == ""
    assert preflight.worse([], [answer(False)]) == ""


def test_each_statement_is_compared_with_itself() -> None:
    def answers(*found: tuple[int, bool | None]) -> list[PreflightAnswer]:
        return [
            PreflightAnswer(question="q", answer=f"of {line}", ok=ok, asked_at="", line=line)
            for line, ok in found
        ]

    never_known = answers((1, True), (2, None), (2, True))
    assert preflight.worse(never_known, never_known) == ""
    assert preflight.worse(never_known, answers((1, True), (2, None), (2, None))) == "q: of 2"
    assert preflight.worse(never_known, answers((1, None), (2, None), (2, True))) == "q: of 1"


@pytest.mark.parametrize(
    ("before", "now", "grew"), [(9_999, 10_001, True), (20_000, 90_000, False), (None, 9**9, False)]
)
def test_a_count_that_outgrew_its_size_class_is_worse(
    before: int | None, now: int, grew: bool
) -> None:
    def answer(found: int | None) -> PreflightAnswer:
        return PreflightAnswer(question="q", answer="rows", ok=False, asked_at="", found=found)

    assert bool(preflight.worse([answer(before)], [answer(now)])) is grew
