"""Programs are recorded on real servers; what is not the same twice is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.shadows import shut_in
from faber_db.adapters.shadows.recording_mariadb import MariadbRecorder
from faber_db.adapters.shadows.recording_postgresql import PostgresRecorder
from faber_db.adapters.shadows.recording_sqlite import SqliteRecorder
from faber_db.app import build
from faber_db.errors import FaberDbError, MigrationNotReproducible
from faber_db.model.migration import recorded_version
from faber_db.model.recorded import origin_of
from faber_db.services.app import App, Database
from faber_db.services.history import read_folder
from faber_db.services.ports import Recorder
from faber_db.services.recording import recorded
from tests.programs import Programs

_TABLE = 'db.execute("CREATE TABLE t (id serial PRIMARY KEY, a integer, b text)")\n'
_GOOD = {
    "values are put back as they were": (
        _TABLE + """db.execute("INSERT INTO t (a, b) VALUES (%s, %s)", (7, "it's \\\\ $1\\n-- x"))""",
        ["CREATE TABLE t (id serial PRIMARY KEY, a integer, b text);",
         "INSERT INTO t (a, b) VALUES ('7', 'it''s \\ $1\n-- x')"],
    ),
    "a transaction of its own stays one": (
        _TABLE + 'connection.commit()\ndb.execute("ALTER TABLE t ADD c integer")',
        ["BEGIN;", "CREATE TABLE t (id serial PRIMARY KEY, a integer, b text);", "COMMIT;",
         "BEGIN;", "ALTER TABLE t ADD c integer;", "COMMIT;"],
    ),
    "a statement outside of any": (
        _TABLE + "connection.commit()\nconnection.autocommit = True\n"
        'db.execute("CREATE INDEX CONCURRENTLY i ON t (a)")\nconnection.autocommit = False',
        ["BEGIN;", "CREATE TABLE t (id serial PRIMARY KEY, a integer, b text);", "COMMIT;",
         "CREATE INDEX CONCURRENTLY i ON t (a);"],
    ),
    "questions about the schema are left out": (
        'db.execute("SELECT 1 FROM information_schema.tables WHERE table_name = %s", ("t",))\n'
        "if not db.fetchall():\n    " + _TABLE,
        ["CREATE TABLE t (id serial PRIMARY KEY, a integer, b text);"],
    ),
    "nothing at all": ("pass", []),
}  # fmt: skip
_REFUSED = {
    "reads rows": (_TABLE + 'db.execute("SELECT a FROM t")', "reads t"),
    "takes rows back": (
        _TABLE + 'db.execute("UPDATE t SET a = 1 RETURNING id")', "reads back rows of t",
    ),
    "goes on after a failure": (
        "try:\n    db.execute('ALTER TABLE nowhere ADD a integer')\n"
        "except Exception:\n    connection.rollback()\n" + _TABLE,
        "went on",
    ),
    "rolls back": (_TABLE + "connection.rollback()\n" + _TABLE, "rolls back"),
    "a name with the time": (
        'import time\ndb.execute(f"CREATE TABLE t_{int(time.time())} (a integer)")', "differ",
    ),
    "a name with the day here": (
        "import datetime\n"
        'db.execute(f"CREATE TABLE t_{datetime.date.today():%Y%m%d} (a integer)")', "differ",
    ),
    "a random value": (
        _TABLE + 'import random\ndb.execute("INSERT INTO t (a) VALUES (%s)",'
        " (random.randrange(10**9),))", "differ",
    ),
    "the order of a set": (
        "".join(f'db.execute("CREATE TABLE {x} (a integer)")\n' for x in "")
        + 'for name in {f"t{n}" for n in range(20)}: db.execute(f"CREATE TABLE {name} (a integer)")',
        "differ",
    ),
    "the name of the database": (
        'db.execute("SELECT current_database()")\nname = db.fetchone()[0]\n'
        "db.execute(f'CREATE TABLE \"{name}\" (a integer)')", "differ",
    ),
    "a number that the database gave": (
        'db.execute("INSERT INTO old DEFAULT VALUES RETURNING id")\nnumber = db.fetchone()[0]\n'
        'db.execute("CREATE TABLE t (a integer DEFAULT %d)" % number)', "differ",
    ),
    "copies rows": (
        _TABLE + 'with db.copy("COPY t (a) FROM STDIN") as c: c.write_row((1,))', "copies rows",
    ),
    "z reaches outside": (
        'import socket\nsocket.create_connection(("192.0.2.1", 80), 5)', "unreachable",
    ),
}  # fmt: skip
_BEFORE = 'db.execute("CREATE TABLE old (id serial PRIMARY KEY)")'


@pytest.fixture
def project(tmp_path: Path) -> tuple[App, Database]:
    return _project(tmp_path, "postgresql", PostgresRecorder)


def _project(
    tmp_path: Path, engine: str, recorder: Callable[[dict[str, str]], Recorder]
) -> tuple[App, Database]:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "faber-db.json").write_text(
        f'{{"engine": "{engine}", "migrations": "migrations", "handler": "sql",'
        ' "environments": {"dev": {"url": "env:DATABASE_URL"}}}'
    )
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    app = build(tmp_path, {**environ, "DATABASE_URL": "postgresql:///nowhere"})
    database = replace(app.database(), handler=Programs(), recorder=recorder(environ))
    return app, database


def _recorded(project: tuple[App, Database], **programs: str) -> dict[str, str | FaberDbError]:
    app, database = project
    for name, text in programs.items():
        (database.folder / f"{name}.py").write_text(text)
    found = recorded(app, database, read_folder(database), twice=programs)
    scripts = {recorded_version(f.path): f.content.decode() for f in found.files}
    scripts.pop("", None)
    return {**scripts, **found.missing}


def _body(text: str | FaberDbError) -> str:
    assert isinstance(text, str), text
    origin = origin_of(text)
    assert origin is not None
    assert origin.times == 2
    return text.split("\n", 1)[1]


@pytest.mark.slow
def test_what_is_recorded(project: tuple[App, Database]) -> None:
    clean = "db.execute('DROP TABLE IF EXISTS t')\n"
    found = _recorded(
        project, **{f"m{n}": clean + text for n, (text, _) in enumerate(_GOOD.values())}
    )
    for name, (text, lines) in zip(found, _GOOD.values(), strict=True):
        body = _body(found[name])
        assert [line in body for line in lines] == [True] * len(lines), text
        assert ("BEGIN" in body) == ("BEGIN;" in lines)
        assert "faber_db_migrations" not in body


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_what_is_refused(project: tuple[App, Database], half: int) -> None:
    cases = list(_REFUSED.values())[half::2]
    clean = "db.execute('DROP TABLE IF EXISTS t')\nconnection.commit()\n"
    programs = {f"m{n + 1:02}": clean + text for n, (text, _) in enumerate(cases)}
    found = _recorded(project, m00=_BEFORE, **programs)
    assert isinstance(found["m00"], str)
    for name, (text, why) in zip(programs, cases, strict=True):
        error = found[name]
        assert isinstance(error, FaberDbError), text
        assert why in error.message


@pytest.mark.slow
def test_only_what_is_new_runs(project: tuple[App, Database]) -> None:
    app, database = project
    ran: list[str] = []
    counted = app, replace(database, handler=Programs(ran.append))
    first = _recorded(counted, m1=_TABLE)
    assert ran == ["m1", "m1"]
    ran.clear()
    second = _recorded(counted, m2="db.execute('ALTER TABLE t ADD c integer')")
    assert ran == ["m2", "m2"]
    assert second["m1"] == first["m1"]
    ran.clear()
    _recorded(counted, m1=_TABLE + "# changed")
    assert ran[:2] == ["m1", "m1"]
    assert "m2" in ran


_EVERYWHERE = """
db.execute("CREATE TABLE t (a integer, b varchar(40))")
db.execute("INSERT INTO t VALUES ({0}, {0})", (7, "it's \\ ? %"))
db.execute("UPDATE t SET a = a + 1 WHERE a > {0}", (1,))
"""


def test_a_program_on_sqlite(tmp_path: Path) -> None:
    project = _project(tmp_path, "sqlite", SqliteRecorder)
    found = _recorded(project, m1=_EVERYWHERE.format("?"))
    lines = [line for line in _body(found["m1"]).splitlines() if line not in ("BEGIN;", "COMMIT;")]
    assert lines == [
        "CREATE TABLE t (a integer, b varchar(40));",
        "INSERT INTO t VALUES (7, 'it''s \\ ? %');",
        "UPDATE t SET a = a + 1 WHERE a > 1;",
    ]


def test_what_nobody_hears_is_not_recorded(tmp_path: Path) -> None:
    project = _project(tmp_path, "sqlite", SqliteRecorder)
    deaf = (
        "import _sqlite3\nconnection = _sqlite3.connect(connection.execute('PRAGMA database_list')"
    )
    deaf += ".fetchone()[2])\ndb = connection.cursor()\n"
    found = _recorded(project, m1=deaf + "db.execute('CREATE TABLE t (a integer)')")
    assert isinstance(found["m1"], MigrationNotReproducible)
    assert "leave something else" in found["m1"].message


@pytest.mark.slow
def test_a_program_on_mariadb(tmp_path: Path, mariadb_server: str) -> None:
    project = _project(tmp_path, "mariadb", MariadbRecorder)
    chance = "import random\ndb.execute('CREATE TABLE t%d (a integer)' % random.randrange(10**9))"
    named = "db.execute('SELECT database()')\nname = db.fetchone()[0]\n"
    named += "db.execute(f'CREATE TABLE `{name}`.`u` (a integer)')"
    found = _recorded(project, m1=_EVERYWHERE.format("%s"), m2=chance, m3=named)
    assert _body(found["m1"]).splitlines() == [
        "CREATE TABLE t (a integer, b varchar(40));",
        "INSERT INTO t VALUES (7, 'it\\'s \\\\ ? %');",
        "UPDATE t SET a = a + 1 WHERE a > 1;",
    ]
    assert isinstance(found["m2"], MigrationNotReproducible)
    assert _body(found["m3"]) == "CREATE TABLE `u` (a integer);\n"


@pytest.mark.slow
def test_where_nothing_shuts_it_in_the_recording_says_so(
    project: tuple[App, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shut_in, "obstacle", lambda: "this is another system")
    text = _recorded(project, m1=_TABLE)["m1"]
    assert _body(text) == "CREATE TABLE t (id serial PRIMARY KEY, a integer, b text);\n"
    assert "reaching outside was not checked" in str(text)
    origin = origin_of(str(text))
    assert origin is not None
    assert not origin.shut_in
