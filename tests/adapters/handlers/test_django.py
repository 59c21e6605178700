"""What is peculiar to Django: apps, dependencies, squashed migrations, apps outside, the settings."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, in_project
from faber_db.adapters.handlers.django import Django
from faber_db.errors import FaberDbError, InputError, MigrationNotRecorded, MigrationUnreadable
from faber_db.model.migration import LedgerRow, Migration, SourceFile, recorded_file
from faber_db.services.ports import Session
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DJANGO = Django()


@pytest.fixture
def session(tmp_path: Path, sqlite_url: str) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(sqlite_url, create=True) as session:
        yield session


def file(version: str, needs: object = (), body: str = "", operations: str = "[]") -> SourceFile:
    app, _, name = version.partition(".")
    pairs = [tuple(n.split(".")) if isinstance(n, str) else n for n in needs]  # type: ignore[attr-defined]
    text = (
        "from django.db import migrations\nfrom django.conf import settings\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = {pairs}\n    {body}\n    operations = {operations}\n"
    )
    return SourceFile(f"{app}/migrations/{name}.py", text.encode())


def history(*files: SourceFile) -> tuple[Migration, ...]:
    return DJANGO.parse(files)


def rows(*versions: str) -> list[LedgerRow]:
    return [LedgerRow(version, version, None, NOW) for version in versions]


def states(files: Sequence[SourceFile], *applied: str) -> str:
    found = DJANGO.status(history(*files), rows(*applied))
    return ", ".join(f"{s.version} {s.state.value}" for s in found)


def test_the_order_follows_the_graph() -> None:
    found = history(
        file("a.0001_x", ["b.__first__"]),
        file("a.0002_y", ["a.0001_x"], body="run_before = [('c', '0001_x')]"),
        file("b.0001_x"),
        file("b.0002_y", ["b.0001_x", "c.__latest__"]),
        file("c.0001_x"),
    )
    order = [m.version for m in found]
    assert order == ["b.0001_x", "a.0001_x", "a.0002_y", "c.0001_x", "b.0002_y"]


def test_an_app_with_a_label_and_the_swapped_user() -> None:
    apps = SourceFile("people/apps.py", b"class C(AppConfig):\n    label = 'accounts'\n")
    user = file("people.0001_x")
    needs = SourceFile(
        "shop/migrations/0001_x.py",
        b"class Migration(migrations.Migration):\n"
        b"    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]\n",
    )
    with_user = Django(user_model="accounts.User")
    found = with_user.parse([apps, user, needs])
    assert [(m.version, m.needs) for m in found] == [
        ("accounts.0001_x", ()),
        ("shop.0001_x", ("accounts.0001_x",)),
    ]


SQUASHED = (
    file("a.0001_x"),
    file("a.0002_y", ["a.0001_x"]),
    file("a.0001_squashed", body="replaces = [('a', '0001_x'), ('a', '0002_y')]"),
    file("a.0003_z", ["a.0002_y"]),
)
SQUASHES = {
    "nothing applied": (
        SQUASHED, (), "a.0001_squashed pending, a.0001_x skipped_by_tool,"
        " a.0002_y skipped_by_tool, a.0003_z pending",
    ),
    "all that it replaces": (
        SQUASHED, ("a.0001_x", "a.0002_y"), "a.0001_squashed applied, a.0001_x applied,"
        " a.0002_y applied, a.0003_z pending",
    ),
    "a part": (
        SQUASHED, ("a.0001_x",), "a.0001_squashed skipped_by_tool, a.0001_x applied,"
        " a.0002_y pending, a.0003_z pending",
    ),
    "the files gone, all applied": (
        SQUASHED[2:3], ("a.0001_x", "a.0002_y"), "a.0001_squashed applied",
    ),
    "the files gone, a part": (SQUASHED[2:3], ("a.0001_x",), "a.0001_squashed out_of_order"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "applied", "said"), SQUASHES.values(), ids=SQUASHES)
def test_squashed(files: tuple[SourceFile, ...], applied: tuple[str, ...], said: str) -> None:
    assert states(files, *applied) == said


def test_a_squashed_one_writes_a_row_for_each_that_it_replaces(session: Session) -> None:
    squash = next(m for m in history(*SQUASHED) if m.version == "a.0001_squashed")
    DJANGO.apply_one(session, squash, parse("", session.dialect), now=NOW)
    assert [r.version for r in DJANGO.ledger(session)] == [
        "a.0001_x",
        "a.0002_y",
        "a.0001_squashed",
    ]
    DJANGO.roll_back(session, squash, parse("", session.dialect), now=NOW)
    assert DJANGO.ledger(session) == ()


def test_two_last_migrations_of_an_app_block(session: Session) -> None:
    files = (file("a.0001_x"), file("a.0002_y", ["a.0001_x"]), file("a.0002_z", ["a.0001_x"]))
    (note,) = DJANGO.notes(session, history(*files), ())
    assert note.blocks
    assert note.message == "app a has 2 last migrations: a.0002_y, a.0002_z"
    merged = (*files, file("a.0003_m", ["a.0002_y", "a.0002_z"]), file("b.0001_x", ["a.0001_x"]))
    assert DJANGO.notes(session, history(*merged), ()) == ()


def test_apps_outside_the_project(session: Session) -> None:
    files = (file("a.0001_x", ["auth.0012_y", "contenttypes.__first__"]),)
    assert states(files, "auth.0012_y", "auth.0001_z") == "a.0001_x pending"
    (note,) = DJANGO.notes(session, history(*files), rows("auth.0012_y"))
    assert (note.message, note.blocks) == (
        "rows of apps that have no files in the project: auth",
        False,
    )
    (needing,) = history(*files)
    with pytest.raises(MigrationNotRecorded, match=r"needs auth.0012_y, contenttypes.__first__ of"):
        DJANGO.apply_one(session, needing, parse("", session.dialect), now=NOW)
    assert states((file("a.0001_x"),), "a.0002_y") == "a.0001_x pending, a.0002_y missing"


BAD = {
    "no class": (b"x = 1", "has no class Migration"),
    "computed": (b"class Migration:\n    dependencies = needs()", "are no list of"),
    "computed one": (b"class Migration:\n    dependencies = [('a', NAME)]", "are no list of"),
    "gone": (b"class Migration:\n    dependencies = [('a', '0000_x')]", "after a.0000_x, which no"),
    "itself": (b"class Migration:\n    dependencies = [('a', '0001_x')]", "in a circle"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_bad_files(content: bytes, said: str) -> None:
    with pytest.raises(MigrationUnreadable, match=said):
        history(SourceFile("a/migrations/0001_x.py", content))


READ = {
    "nothing": ("[]", "", ""),
    "a text": ("[migrations.RunSQL('SELECT 1', 'SELECT 2')]", "SELECT 1;", "SELECT 2;"),
    "a list": ("[migrations.RunSQL(['SELECT 1;', ('SELECT 2', None)])]", "SELECT 1;\nSELECT 2;", None),
    "nothing back": ("[migrations.RunSQL('SELECT 1', migrations.RunSQL.noop)]", "SELECT 1;", ""),
    "parameters": ("[migrations.RunSQL([('SELECT %s', [1])])]", None, None),
    "an operation": ("[migrations.CreateModel('A')]", None, None),
    "a program": ("[migrations.RunPython(f)]", None, None),
    "computed": ("make()", None, None),
}  # fmt: skip


@pytest.mark.parametrize(("operations", "up", "down"), READ.values(), ids=READ)
def test_what_is_read_as_sql(operations: str, up: str | None, down: str | None) -> None:
    (found,) = history(file("a.0001_x", operations=operations))
    assert found.code is (up is None)
    assert found.up.strip() == (up or "")
    assert (None if found.down is None else found.down.strip()) == down


def test_a_program_runs_as_recorded(session: Session) -> None:
    program = file("a.0001_x", operations="[migrations.CreateModel('A')]")
    (unrecorded,) = history(program)
    with pytest.raises(MigrationNotRecorded):
        DJANGO.apply_one(session, unrecorded, parse("", session.dialect), now=NOW)
    (found,) = history(program, recorded_file("a.0001_x", "CREATE TABLE t (a int);"))
    assert (found.up, found.recorded_path) == ("CREATE TABLE t (a int);", "recorded/a.0001_x.sql")


WANTED = {
    "shop/migrations/0001_x.py": True,
    "src/shop/migrations/0001_x.py": True,
    "shop/apps.py": True,
    "blog/migrations/0001_x.py": False,
    "shop/migrations/__init__.py": False,
    "shop/migrations/sub/0001_x.py": False,
    ".venv/lib/python3.11/site-packages/django/contrib/auth/migrations/0001_initial.py": False,
    "venv/lib/shop/migrations/0001_x.py": False,
    "shop/models.py": False,
}


def test_which_files_count() -> None:
    handler = Django(installed=frozenset({"shop.apps.ShopConfig", "django.contrib.auth"}))
    assert {path: handler.wants(path) for path in WANTED} == WANTED
    assert Django().wants("blog/migrations/0001_x.py")


SETTINGS = {
    "plain": ("INSTALLED_APPS = ['a', 'b']\n", frozenset({"a", "b"}), "auth.User"),
    "a user": ("INSTALLED_APPS = ['a']\nAUTH_USER_MODEL = 'a.U'\n", frozenset({"a"}), "a.U"),
    "added to": ("INSTALLED_APPS = ['a']\nINSTALLED_APPS += X\n", None, "auth.User"),
    "appended": ("INSTALLED_APPS = ['a']\nINSTALLED_APPS.append('b')\n", None, "auth.User"),
    "computed": ("INSTALLED_APPS = find()\nAUTH_USER_MODEL = find()\n", None, ""),
    "taken over": ("from .base import *\n", frozenset({"base"}), "auth.User"),
    "of elsewhere": ("from elsewhere import *\n", None, ""),
}


@pytest.mark.parametrize(("text", "installed", "user"), SETTINGS.values(), ids=SETTINGS)
def test_settings(tmp_path: Path, text: str, installed: frozenset[str] | None, user: str) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "manage.py").write_text(
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
    )
    (tmp_path / "shop" / "settings.py").write_text(text)
    (tmp_path / "shop" / "base.py").write_text("INSTALLED_APPS = ['base']\n")
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.folder) == ("django", tmp_path)
    handler = in_project(DJANGO, tmp_path, tmp_path)
    assert isinstance(handler, Django)
    assert (handler.installed, handler.user_model) == (installed, user)


def test_a_new_one_belongs_to_an_app() -> None:
    both = history(file("a.0001_x"), file("b.0007_y"))
    new = DJANGO.generate("b: add it", "SELECT 1", "", now=NOW, existing=both)
    assert [f.path for f in new] == ["b/migrations/0008_add_it.py"]
    *_, found = history(file("a.0001_x"), file("b.0007_y"), *new)
    assert (found.needs, found.code, found.down) == (("b.0007_y",), False, None)
    with pytest.raises(InputError, match="several apps") as caught:
        DJANGO.generate("add it", "SELECT 1", "", now=NOW, existing=both)
    assert isinstance(caught.value, FaberDbError)
    assert "`APP: add it` (a, b)" in caught.value.hint
