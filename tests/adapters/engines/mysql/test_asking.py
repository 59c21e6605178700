"""Where ALGORITHM and LOCK go in a statement; that the server reads it so, `test_trial` shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.engines.mysql.asking import Question, question_of
from faber_db.adapters.engines.mysql.connect import server_of
from faber_db.model.dialect import Dialect
from faber_db.sql.script import Statement, parse

MARIADB, MYSQL = server_of("10.11.19-MariaDB"), server_of("8.0.36")


def asked(text: str, number: int = 1) -> str:
    """The statement of the second way, which names both clauses where it may."""
    found = question_of(*parse(text, Dialect.MARIADB).statements)
    assert found is not None
    return [sql for _, sql in found.ladder(MARIADB)][number]


FORMS = {
    "alter": (
        "ALTER TABLE t ADD c int",
        "ALTER TABLE t ALGORITHM=NOCOPY, LOCK=NONE,  ADD c int",
    ),
    "quoted": (
        "alter table `a``b` drop c",
        "alter table `a``b` ALGORITHM=NOCOPY, LOCK=NONE,  drop c",
    ),
    "comment and IF EXISTS": (
        "ALTER /* x */ IGNORE TABLE IF EXISTS t -- y\n ADD c int",
        "ALTER /* x */ IGNORE TABLE IF EXISTS t ALGORITHM=NOCOPY, LOCK=NONE,  -- y\n ADD c int",
    ),
    "wait": (
        "ALTER TABLE t WAIT 5 ADD c int",
        "ALTER TABLE t WAIT 5 ALGORITHM=NOCOPY, LOCK=NONE,  ADD c int",
    ),
    "partition": (
        "ALTER TABLE t PARTITION BY HASH (a)",
        "ALTER TABLE t ALGORITHM=NOCOPY, LOCK=NONE PARTITION BY HASH (a)",
    ),
    "create index": (
        "CREATE UNIQUE INDEX i ON t (a)",
        "CREATE UNIQUE INDEX i ON t (a) ALGORITHM=NOCOPY LOCK=NONE",
    ),
    "drop index": (
        "DROP INDEX IF EXISTS `i` ON t",
        "ALTER TABLE t ALGORITHM=NOCOPY, LOCK=NONE, DROP INDEX IF EXISTS `i`",
    ),
    "own algorithm": (
        "ALTER TABLE t ADD c int, ALGORITHM = INPLACE",
        "ALTER TABLE t LOCK=NONE,  ADD c int, ALGORITHM = NOCOPY",
    ),
    "own lock": (
        "CREATE INDEX i ON t (a) LOCK=SHARED",
        "CREATE INDEX i ON t (a) LOCK=SHARED ALGORITHM=NOCOPY",
    ),
    "own both": (
        "ALTER TABLE t ADD c int, ALGORITHM=COPY, LOCK=EXCLUSIVE",
        "ALTER TABLE t  ADD c int, ALGORITHM=COPY, LOCK=EXCLUSIVE",
    ),
    "a column of that name": (
        "ALTER TABLE t ADD (lock int, algorithm int)",
        "ALTER TABLE t ALGORITHM=NOCOPY, LOCK=NONE,  ADD (lock int, algorithm int)",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    text, wanted = FORMS[form]
    assert asked(text, 0 if form == "own both" else 1) == wanted


def ways(text: str, server: object = MARIADB) -> list[tuple[str, str]]:
    found = question_of(*parse(text, Dialect.MARIADB).statements)
    assert found is not None
    assert server in (MARIADB, MYSQL)
    return [(w.algorithm, w.lock) for w, _ in found.ladder(MYSQL if server is MYSQL else MARIADB)]


def test_ladders() -> None:
    whole = ways("ALTER TABLE t ADD c int")
    assert whole[0] == ("INSTANT", "")
    assert whole[-1] == ("COPY", "EXCLUSIVE")
    assert "NOCOPY" not in {algorithm for algorithm, _ in ways("ALTER TABLE t ADD c int", MYSQL)}
    assert ways("ALTER TABLE t ADD c int, ALGORITHM=INSTANT") == [("INSTANT", "")]
    copies = ways("ALTER TABLE t ADD c int, ALGORITHM=COPY")
    assert copies == [("COPY", "NONE"), ("COPY", "SHARED"), ("COPY", "EXCLUSIVE")]
    shared = ways("ALTER TABLE t ADD c int, LOCK=SHARED")
    assert shared == [(a, "" if a == "INSTANT" else "SHARED") for a in ("INSTANT", "NOCOPY", "INPLACE", "COPY")]  # fmt: skip


NOT_ASKED = ("DROP TABLE t", "ALTER DATABASE d", "SELECT 1", "ALTER TABLE t", "ALTER TABLE", "DROP INDEX i ON t LOCK=NONE")  # fmt: skip


@pytest.mark.parametrize("text", NOT_ASKED)
def test_not_asked(text: str) -> None:
    assert question_of(*parse(text, Dialect.MARIADB).statements) is None


@given(st.lists(st.sampled_from(["ALTER", "TABLE", "INDEX", "DROP", "CREATE", "ON", "t", "(", ")", "ALGORITHM", "=", "LOCK", "COPY", "IF", "EXISTS", ".", "WAIT", "`", "'", "/*"])))  # fmt: skip
def test_no_text_fails(pieces: list[str]) -> None:
    statement = Statement.read(" ".join(pieces), 0, 1)
    found = question_of(statement)
    assert found is None or isinstance(found, Question)
