"""What is peculiar to yoyo; the rest is in the contract suite and tests/interop."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, yoyo_lock
from faber_db.adapters.handlers.yoyo import Yoyo
from faber_db.adapters.handlers.yoyo_text import in_order
from faber_db.errors import LedgerError, LedgerForeign, MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
YOYO = Yoyo()


def parse(**texts: str) -> tuple[Migration, ...]:
    return YOYO.parse([SourceFile(path, text.encode()) for path, text in texts.items()])


def test_a_script_and_its_way_back() -> None:
    (one,) = parse(
        **{
            "0001.a.sql": "-- Why\n-- depends: \n-- transactional: False\n\nVACUUM;",
            "0001.a.rollback.sql": "SELECT 1;",
        }
    )
    assert (one.version, one.wrap, one.wrap_down, one.down, one.needs) == (
        "0001.a",
        False,
        False,
        "SELECT 1;",
        (),
    )


def test_only_leading_comments_are_directives() -> None:
    (one,) = parse(**{"a.sql": "SELECT 1;\n-- depends: b\n-- transactional: false\n"})
    assert (one.wrap, one.needs) == (True, ())


def test_order_is_that_of_the_graph_then_of_the_names() -> None:
    texts = {"1.sql": "-- depends: 3\n", "2.sql": "", "3.sql": "", "0.sql": "-- depends: 1 2\n"}
    assert [m.version for m in parse(**texts)] == ["2", "3", "1", "0"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_each_comes_after_what_it_needs(edges: list[tuple[int, int]]) -> None:
    needs: dict[str, list[str]] = {str(n): [] for n in range(10)}
    for one, two in edges:
        if one != two:
            needs[str(max(one, two))].append(str(min(one, two)))
    order = in_order({name: sorted(set(before)) for name, before in needs.items()})
    assert sorted(order) == sorted(needs)
    assert all(order.index(b) < order.index(name) for name in needs for b in needs[name])


UNREADABLE = {
    "in Python": {"1.sql": "", "2.py": "steps = []"},
    "a hook": {"1.sql": "", "post-apply.sql": "GRANT"},
    "a way back alone": {"1.sql": "", "2.rollback.sql": ""},
    "a circle": {"1.sql": "-- depends: 2", "2.sql": "-- depends: 1"},
    "neither true nor false": {"1.sql": "-- transactional: no"},
}


@pytest.mark.parametrize("texts", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(texts: dict[str, str]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        parse(**texts)
    assert caught.value.hint


def test_another_tools_folder() -> None:
    with pytest.raises(LedgerForeign, match="Flyway"):
        parse(**{"1.sql": "", "V1__a.sql": ""})


def test_a_dependency_that_is_not_there_blocks(tmp_path: Path) -> None:
    history = parse(**{"2.sql": "-- depends: 1"})
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        (note,) = YOYO.notes(session, history, ())
    assert (note.code, note.blocks) == ("dependency-missing", True)
    assert note.message == "2 depends on 1, which is not there"


def test_a_hash_of_another_id(tmp_path: Path) -> None:
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        (one,) = parse(**{"1.sql": ""})
        YOYO.mark(session, one, "applied", now=NOW)
        session.execute("UPDATE _yoyo_migration SET migration_id = '2'")
        with pytest.raises(LedgerError, match="hash"):
            YOYO.ledger(session)


FOUND = {
    "way back": (
        {"db/1.sql": "-- depends:\n", "db/1.rollback.sql": "", "x/1.rollback.sql": ""},
        "db",
    ),
    "directive": ({"db/1.sql": "SELECT 1;", "db/2.sql": "-- depends: 1\n"}, "db"),
    "yoyo.ini": ({"yoyo.ini": "[DEFAULT]\nsources = %(here)s/x\n", "x/1.sql": ""}, "x"),
}


@pytest.mark.parametrize(("texts", "where"), FOUND.values(), ids=FOUND)
def test_discover(texts: dict[str, str], where: str, tmp_path: Path) -> None:
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.folder) == ("yoyo", tmp_path / where)


def test_generate() -> None:
    new = YOYO.generate(
        "b", "VACUUM;", "SELECT 2;", now=NOW, existing=parse(**{"1.sql": ""}), wrap=False
    )
    assert [file.path for file in new] == [
        "20261123090000_b.sql",
        "20261123090000_b.rollback.sql",
    ]
    assert new[0].content == b"-- depends: 1\n-- transactional: false\n\nVACUUM;"


def test_a_lock_given_back_while_its_owner_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """yoyo ends well between our two looks: no row is stuck."""
    with Sqlite(tmp_path).connect(f"sqlite:{tmp_path / 'a.db'}", create=True) as session:
        session.execute(yoyo_lock.DDL)
        session.execute(f"INSERT INTO yoyo_lock (pid) VALUES ({2**22 + 1})")  # no process has it
        (note,) = yoyo_lock.notes(session)
        assert note.blocks

        def ends(_: int) -> bool:
            session.execute("DELETE FROM yoyo_lock")
            return False

        monkeypatch.setattr(yoyo_lock, "_lives", ends)
        assert yoyo_lock.notes(session) == ()
