"""On one MariaDB server, an unprotected database is no way to the protected one beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql, address
from tests.e2e.project import Project, new_project

pytestmark = pytest.mark.slow

REACHING = [
    "DROP TABLE {prod}.orders",
    "EXECUTE IMMEDIATE CONCAT('DROP TABLE ', '{prod}', '.orders')",
    "SET @s = CONCAT('DROP TABLE {prod}', '.orders'); PREPARE s FROM @s; EXECUTE s",
    "CALL {prod}.emptying()",
    "CREATE TRIGGER {prod}.t BEFORE INSERT ON {prod}.orders FOR EACH ROW SET NEW.id = 9",
    "CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP DO DROP TABLE {prod}.orders",
    "CREATE TABLE {prod}.theirs LIKE {prod}.orders",
    "CREATE TABLE mine (id INT); RENAME TABLE mine TO {prod}.mine",
    "DROP PROCEDURE {prod}.emptying",
    "DELETE FROM {prod}.orders",
    "USE {prod}; DELETE FROM orders",
    "CREATE PROCEDURE p() DELETE FROM {prod}.orders; CALL p()",
    "IF 1 THEN DROP TABLE {prod}.orders; END IF",
    "ANALYZE DELETE FROM {prod}.orders",
    "SET sql_mode = CONCAT('NO_BACK', 'SLASH_ESCAPES'); "
    "CREATE PROCEDURE p() BEGIN SELECT '\\'; DELETE FROM {prod}.orders; END -- '",
]


def state_of(url: str) -> list[object]:
    """Everything that the protected database holds and defines, as it stands."""
    with Mysql().connect(url) as session:
        found: list[object] = []
        for what in (
            "SELECT id FROM orders ORDER BY id",
            "SELECT table_name, table_type FROM information_schema.tables"
            " WHERE table_schema = DATABASE() ORDER BY 1",
            "SELECT view_definition FROM information_schema.views WHERE table_schema = DATABASE()",
            "SELECT routine_name, routine_definition FROM information_schema.routines"
            " WHERE routine_schema = DATABASE() ORDER BY 1",
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
            "SELECT default_character_set_name FROM information_schema.schemata"
            " WHERE schema_name = DATABASE()",
        ):
            found.append(session.query(what))
        return found


def test_no_script_reaches_the_marked_database(
    tmp_path: Path, new_mariadb: Callable[[], str]
) -> None:
    urls = {name: new_mariadb() for name in ("dev", "production")}
    prod = address.parse(urls["production"]).database
    own = address.parse(urls["dev"]).database
    with Mysql().connect(urls["production"]) as session:
        for statement in (
            "CREATE TABLE orders (id INT PRIMARY KEY)",
            "INSERT INTO orders VALUES (1), (2)",
            "CREATE VIEW shown AS SELECT id FROM orders",
            "CREATE PROCEDURE emptying() DELETE FROM orders",
            "CREATE FUNCTION emptied() RETURNS INT BEGIN DELETE FROM orders; RETURN 1; END",
        ):
            session.execute(statement)
    project = new_project(tmp_path, urls)
    for file in (project.root / "migrations").iterdir():
        file.unlink()
    project.protect()
    before = state_of(urls["production"])
    project.add_migration(
        "20261031000000_own", f"CREATE TABLE {own}.t (id INT);\nINSERT INTO {own}.t VALUES (1);\n"
    )
    code, answer = project.exits("build")
    assert code == 0, answer
    assert project.rows("dev", "SELECT id FROM t") == [(1,)]
    for number, script in enumerate(REACHING):
        refused(project, number, script.format(prod=prod))
        assert state_of(urls["production"]) == before, script


def refused(project: Project, number: int, script: str) -> None:
    name = f"20261101{number:06}_reach"
    project.add_migration(name, f"{script};\n")
    code, answer = project.exits("build")
    assert code != 0, (script, answer)
    if "sql_mode" not in script:  # the server's own answer to that is read behind the statement
        assert answer["errors"][0]["code"] == "analysis-refused", (script, answer)
    for file in (project.root / "migrations").glob(f"{name}*"):
        file.unlink()
