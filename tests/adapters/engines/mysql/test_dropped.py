"""What somebody drops after it was listed, and before it is looked at, is not there."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from faber_db.adapters.engines.mysql import Mysql, catalogue, evidence, schema_text, sizes
from faber_db.adapters.engines.mysql import catalogue_queries as ask
from faber_db.services.ports import Session

Fill = Callable[[str], str]
SCHEMA = """
    CREATE TABLE t (a int PRIMARY KEY)
    CREATE TABLE gone (a int PRIMARY KEY)
    CREATE VIEW gone_view AS SELECT a FROM t
    CREATE TRIGGER gone_trigger BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1
    CREATE FUNCTION gone_function() RETURNS int DETERMINISTIC RETURN 1
    CREATE PROCEDURE gone_procedure() SELECT 1
    CREATE SEQUENCE gone_sequence
    CREATE EVENT gone_event ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1
"""
NAMES = ("gone", "gone_function", "gone_procedure", "gone_trigger", "gone_view", "gone_sequence")


def sizes_of(session: Session) -> object:
    return session.sizes().keys()


def catalogue_of(session: Session) -> object:
    return session.catalogue()


def evidence_of(session: Any) -> object:
    return evidence.look(session._connection, NAMES)


def text_of(session: Any) -> object:
    return schema_text._Reader(session._connection, session._server).read()


CASES = {
    "a table is counted": (sizes_of, sizes, "SELECT count(*) FROM (SELECT 1 FROM `gone`", "TABLE gone"),
    "a table": (catalogue_of, catalogue, ask.COLUMNS, "TABLE gone"),
    "a function": (catalogue_of, catalogue, "SHOW CREATE FUNCTION", "FUNCTION gone_function"),
    "a procedure": (catalogue_of, catalogue, "SHOW CREATE PROCEDURE", "PROCEDURE gone_procedure"),
    "an event": (catalogue_of, catalogue, "SHOW CREATE EVENT", "EVENT gone_event"),
    "evidence: a table": (evidence_of, catalogue, "SHOW CREATE TABLE `gone`", "TABLE gone"),
    "evidence: a view": (evidence_of, catalogue, "SHOW CREATE TABLE `gone_view`", "VIEW gone_view"),
    "evidence: a trigger": (evidence_of, catalogue, "SHOW CREATE TRIGGER", "TRIGGER gone_trigger"),
    "a copy: a table": (text_of, catalogue, "SHOW CREATE TABLE `gone`", "TABLE gone"),
    "a copy: a view": (text_of, catalogue, "SHOW CREATE VIEW", "VIEW gone_view"),
    "a copy: a trigger": (text_of, catalogue, "SHOW CREATE TRIGGER", "TRIGGER gone_trigger"),
    "a copy: a sequence": (text_of, catalogue, "SHOW CREATE SEQUENCE", "SEQUENCE gone_sequence"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_it_is_as_if_it_had_never_been_listed(
    filled: Fill, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    look, module, statement, what = CASES[case]
    url = filled(SCHEMA)
    with Mysql().connect(url) as session, Mysql().connect(url) as other:
        dropped = drop_before(monkeypatch, module, statement, lambda: other.execute(f"DROP {what}"))
        found = look(session)
        assert dropped == [statement]
        assert found == look(session)


def drop_before(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, statement: str, drop: Callable[[], object]
) -> list[str]:
    """Let another session drop something right before the first such statement; says that it did."""
    asked, done = module.rows, list[str]()

    def rows(connection: object, sql: str, *given: object) -> object:
        if sql.startswith(statement) and not done:
            done.append(statement)
            drop()
        return asked(connection, sql, *given)

    monkeypatch.setattr(module, "rows", rows)
    return done
