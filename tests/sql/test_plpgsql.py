"""Bodies in PL/pgSQL, and the text that they put together for EXECUTE."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    Calls,
    CreateRoutine,
    Delete,
    Drop,
    Dynamic,
    NotUnderstood,
    Query,
    Raise,
    Truncate,
)
from faber_db.sql.postgresql.templates import Template, texts_of
from faber_db.sql.script import parse

UNKNOWN: dict[str, list[str | None]] = {"r": [None]}
TEXTS = {
    "literal": ("'DROP TABLE a'", [Template("DROP TABLE a")]),
    "joined": ("'DROP TABLE ' || 'a'", [Template("DROP TABLE a")]),
    "cast": ("('x'::text || 'y')::text", [Template("xy")]),
    "name put in": ("format('DROP TABLE %I', 'a b')", [Template('DROP TABLE "a b"')]),
    "value put in": ("format('SELECT %L', 'it''s')", [Template("SELECT 'it''s'")]),
    "percent and positions": ("format('%2$s %% %1$I', 'a', 'b')", [Template("b % a")]),
    "unknown name": ("format('DROP TABLE %I', r)", [Template('DROP TABLE "?"', known=False)]),
    "quoted name": ("'DROP ' || quote_ident(r)", [Template('DROP "?"', known=False)]),
    "quoted value": ("'SELECT ' || quote_literal(r)", [Template("SELECT '?'", known=False)]),
    "pasted": ("'DROP TABLE ' || r", [Template('DROP TABLE "?"', fixed=False, known=False)]),
    "pasted by format": ("format('DROP %s', r)", [Template('DROP "?"', fixed=False, known=False)]),
    "nothing known": ("current_setting('a.b')", []),
    "a column": ("r", []),
    "format that is not known": ("format(r, 'a')", []),
    "too few arguments": ("format('DROP %I %I', 'a')", [Template('DROP a "?"', known=False)]),
    "no expression": ("'a', 'b'", []),
    "no SQL": ("'a", []),
}


@pytest.mark.parametrize(("text", "found"), TEXTS.values(), ids=TEXTS)
def test_texts(text: str, found: list[Template]) -> None:
    assert list(texts_of(text, dict(UNKNOWN))) == found


def test_variables_have_the_values_that_they_were_given() -> None:
    values: dict[str, list[str | None]] = {
        "a": ["'x'", "'y'"],
        "b": ["a || '1'"],
        "c": ["c || 'z'"],
    }
    assert [t.text for t in texts_of("b", values)] == ["x1", "y1"]
    assert texts_of("c", values)[0].fixed is False


def actions(body: str, returns: str = "void") -> tuple[Action, ...]:
    text = f"CREATE FUNCTION f() RETURNS {returns} LANGUAGE plpgsql AS $$ {body} $$"
    (statement,) = parse(text, Dialect.POSTGRESQL).statements
    (routine,) = statement.actions_of(CreateRoutine)
    return routine.body


def kinds(body: str, returns: str = "void") -> list[str]:
    return [type(a).__name__ for a in actions(body, returns)]


def test_bodies_of_trigger_functions_are_read() -> None:
    """libpg_query prints their variables as JSON that is broken."""
    body = "BEGIN IF NEW.a > 1 THEN DELETE FROM b WHERE id = OLD.id; END IF; RETURN NEW; END"
    assert kinds(body, "trigger") == ["Delete"]
    assert not any(isinstance(a, NotUnderstood) for a in actions(body, "trigger"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("DECLARE c text := 'DROP TABLE a'; BEGIN EXECUTE c; END", ["Drop"]),
        ("DECLARE c text; BEGIN c := 'TRUNCATE a'; EXECUTE c; END", ["Truncate"]),
        ("DECLARE c text; BEGIN SELECT 'TRUNCATE ' || 'a' INTO c; EXECUTE c; END", ["Truncate"]),
        ("DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP EXECUTE format('DROP TABLE %I', r.t); END LOOP; END", ["Drop"]),
        ("DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP EXECUTE 'DROP TABLE ' || r.t; END LOOP; END", ["Drop", "Dynamic"]),
        ("BEGIN EXECUTE current_setting('a.b'); END", ["Dynamic"]),
        ("DECLARE c text; BEGIN SELECT string_agg(x, '') INTO c FROM t; EXECUTE c; END", ["Dynamic"]),
    ],
)  # fmt: skip
def test_execute(body: str, expected: list[str]) -> None:
    looked_at = (Drop, Truncate, Delete, Dynamic)
    assert [type(a).__name__ for a in actions(body) if isinstance(a, looked_at)] == expected


ASSIGNMENTS = {
    "a quoted column": ('NEW."aB" := 1', []),
    "a quote in it": ('NEW."a""=B" := 1', []),
    "an element": ("a[1] := 2", []),
    "a slice": ("a[1:2] := '{3,4}'", []),
    "by a key": ("j['k'] := '1'", []),
    "a query": ('NEW."aB" := (SELECT id FROM t)', ["Query"]),
    "a subscript that calls": ("a[wipe()] := 2", ["Calls"]),
    "a value that calls": ('NEW."aB" := wipe()', ["Calls"]),
}


@pytest.mark.parametrize(("text", "expected"), ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_what_is_assigned_to(text: str, expected: list[str]) -> None:
    body = f"DECLARE a int[]; j jsonb; BEGIN {text}; RETURN NEW; END"
    looked_at = (Query, Calls, NotUnderstood)
    assert [
        type(a).__name__ for a in actions(body, "trigger") if isinstance(a, looked_at)
    ] == expected


OWN_TYPES = {
    "a type of the project": ('a "kind"; b text;', ["Query", "Truncate"]),
    "of a schema": ("a public.kind := 'x'; b text;", ["Query", "Truncate"]),
    "of a column": ("a t.id%TYPE; b kind := 'x';", ["Query", "Truncate"]),
    "a record": ("a record; b text;", ["NotUnderstood"]),
}


@pytest.mark.parametrize(("declared", "expected"), OWN_TYPES.values(), ids=OWN_TYPES)
def test_values_go_into_variables_of_own_types(declared: str, expected: list[str]) -> None:
    body = f"DECLARE {declared} BEGIN SELECT x, y INTO a, b FROM t; TRUNCATE users; END"
    looked_at = (Query, Truncate, NotUnderstood)
    assert [type(a).__name__ for a in actions(body) if isinstance(a, looked_at)] == expected


@pytest.mark.parametrize(
    ("body", "always"),
    [
        ("BEGIN RAISE EXCEPTION 'no'; END", [True]),
        ("BEGIN IF now() > '2030-01-01' THEN RAISE EXCEPTION 'no'; END IF; END", [False]),
        ("BEGIN IF true THEN RETURN; END IF; RAISE EXCEPTION 'no'; END", [False]),
        ("BEGIN RAISE NOTICE 'hello'; END", []),
    ],
)
def test_raise(body: str, always: list[bool]) -> None:
    assert [a.always for a in actions(body) if isinstance(a, Raise)] == always


def test_a_prepared_statement_runs_when_it_is_executed() -> None:
    script = parse("PREPARE p AS DELETE FROM a; EXECUTE p", Dialect.POSTGRESQL)
    first, second = (list(s.actions) for s in script.statements)
    assert isinstance(first[0], CreateRoutine)
    assert first[0].body == (Delete("a"),)
    assert [type(a).__name__ for a in second] == ["Calls"]
