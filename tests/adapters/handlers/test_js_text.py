"""What is read from JavaScript without running it."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.adapters.handlers.js_text import (
    code_of,
    is_program,
    joined,
    literal,
    option,
    tool_of_code,
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a // b\nc", "a  \nc"),
        ("a /* b\n */ c", "a   c"),
        ("a /* b", "a  "),
        ("a /* b *", "a  "),
        ("x = 'a b\ny", "x = ''\ny"),
        ("x = 'a-b/c.d'", "x = 'a-b/c.d'"),
        ("x = 'class A'; y", "x = ''; y"),
        ('x = "say \\"class A {\\""', 'x = ""'),
        ("q(`CREATE\nTABLE ${t}`); class B", "q(``); class B"),
        ("u = 'https://x.y'; // z", "u = 'https://x.y';  "),
    ],
)
def test_comments_and_texts_are_no_code(text: str, code: str) -> None:
    assert code_of(text) == code


@pytest.mark.parametrize(
    ("text", "values", "unread"),
    [
        ("tableName: 'a'", ("a",), False),
        ('"tableName": "a", tableName: "b"', ("a", "b"), False),
        ("tableName: process.env.T", (), True),
        ("tableName: name", (), True),
        ("tableName: `a_${b}`", (), True),
        ("tableName: true", ("true",), False),
        ("otherTableName: 'a', x.tableName", (), False),
        ("", (), False),
    ],
)
def test_options(text: str, values: tuple[str, ...], unread: bool) -> None:
    found = option([code_of(text)], "tableName")
    assert (found.values, found.unread) == (values, unread)


def test_an_option_within_another() -> None:
    text = "seeds: { tableName: 'no' }, migrations: { x: { y: 1 }, tableName: 'yes' }"
    assert option([text], "tableName", within="migrations").values == ("yes",)


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("'./db/changes'", "db/changes"),
        ('path.join(__dirname, "..", "db", "changes"),', "../db/changes"),
        ("__dirname + '/db/changes/**/*{.ts,.js}'", "db/changes"),
        ("process.env.FOLDER", ""),
    ],
)
def test_paths(expression: str, path: str) -> None:
    assert joined(expression) == path


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("a.js", True), ("a.mts", True), ("a.d.ts", False), ("a.d.cts", False), ("a.sql", False)],
)
def test_programs(path: str, is_one: bool) -> None:
    assert is_program(path) is is_one


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("class A1 implements MigrationInterface", "TypeORM"),
        ("module.exports = { up: (queryInterface, knex) => 1 }", "Sequelize"),
        ("exports.up = (pgm) => pgm.sql('')", "node-pg-migrate"),
        ("exports.up = knex => knex.schema", "Knex"),
        ("exports.up = async () => {}", ""),
    ],
)
def test_whose_a_migration_is(text: str, tool: str) -> None:
    assert tool_of_code(code_of(text)) == tool


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=200))
def test_a_literal_gives_its_text(texts: list[str]) -> None:
    program = f"process.stdout.write(JSON.stringify([{', '.join(map(literal, texts))}]))"
    done = subprocess.run(
        ["node", "-"], input=program.encode(), capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == texts
