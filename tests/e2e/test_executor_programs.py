"""Programs for an executor of another account: recorded by whoever asks, signed and run as SQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import alembic_project
from tests.e2e.accounts import Account, Apart, apart, new_account
from tests.e2e.project import Project

pytestmark = pytest.mark.slow

_WHO = 'open({ran!r}, "a").write(f"{{os.geteuid()}} {{sys.argv[-1]}}\\n")\n'
_BACK = "def downgrade(): op.drop_table({0!r})\n"


@pytest.fixture
def there() -> Iterator[Apart]:
    """Both sides with a project of Alembic programs, production protected, and listening."""
    with (
        new_account("exec") as executor,
        new_account("agent") as agent,
        apart(executor, agent) as made,
    ):
        made.configure(handler="alembic")
        made.own.protect()
        _programs(made, agent)
        made.start()
        yield made


def _programs(there: Apart, agent: Account) -> None:
    root = there.asking.root
    settings = json.loads((root / "faber-db.json").read_text())
    project = alembic_project.Project(root / "programs", python=there.python)
    for revision, down in (("aaa", None), ("bbb", "aaa")):
        file = project.add(revision, down)
        file.write_text(file.read_text() + _BACK.format(revision))
    project.install(more=_WHO.format(ran=str(_ran(there))))
    settings |= {"handler": "alembic", "shadow": "auto"}
    (project.root / "faber-db.json").write_text(json.dumps(settings))
    for path in (project.root, *project.root.rglob("*")):
        executable = path.is_dir() or path.parent.name == "bin"
        agent.own(path, 0o700 if executable else 0o600)


def _ran(there: Apart) -> Path:
    return there.folder / "agent" / "ran"


def _asking(there: Apart) -> Project:
    asking = there.asking
    return type(asking)(
        asking.root / "programs", asking.environ, asking.urls, asking.account, asking.python
    )


def _tables(there: Apart) -> set[str]:
    sql = "SELECT name FROM sqlite_schema WHERE name LIKE 'made_by_%'"
    return {str(name) for (name,) in there.place.rows("production", sql)}


def test_there_and_back(there: Apart) -> None:
    agent = _asking(there)
    plan = agent.plan("release", "production")
    shown = agent.run("plan", "show", plan, "--sql").stdout
    assert "CREATE TABLE made_by_aaa" in shown
    assert "recorded from versions/bbb.py (SHA-256 " in shown
    assert there.own.sign(plan).exit_code == 0
    code, answer = agent.exits("release", "production", "--plan", plan)
    assert (code, answer["details"]["state"]) == (0, "done"), answer
    assert _tables(there) == {"made_by_aaa", "made_by_bbb"}
    assert there.place.rows("production", "SELECT version_num FROM alembic_version") == [("bbb",)]
    assert agent.exits("release", "production")[1]["details"]["state"] == "skipped"

    plan = agent.plan("rollback", "production")
    assert "DROP TABLE made_by_bbb" in agent.run("plan", "show", plan, "--sql").stdout
    assert there.own.sign(plan, loses=("production",)).exit_code == 0
    code, answer = agent.exits("rollback", "production", "--plan", plan)
    assert (code, answer["details"]["state"]) == (0, "done"), answer
    assert _tables(there) == {"made_by_aaa"}
    assert there.place.rows("production", "SELECT version_num FROM alembic_version") == [("aaa",)]

    who = {line.split()[0] for line in _ran(there).read_text().splitlines()}
    assert who == {str(there.agent.uid)}  # the executor's account has run no program


def test_a_program_changed_after_it_was_signed(there: Apart) -> None:
    agent = _asking(there)
    plan = agent.plan("release", "production")
    assert there.own.sign(plan).exit_code == 0
    file = agent.root / "migrations" / "versions" / "bbb.py"
    file.write_text(file.read_text() + "# another\n")
    code, answer = agent.exits("release", "production", "--plan", plan)
    assert code == 0, answer  # what was signed runs, and nothing else
    assert "another" not in agent.run("plan", "show", plan, "--sql").stdout
    code, answer = agent.exits("status", "production")
    assert code == 0, answer
