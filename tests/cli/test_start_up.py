"""Starting costs little: nothing heavy is loaded before a verb needs it."""

import subprocess
import sys

import pytest

HEAVY = ("mcp", "psycopg", "sqlglot", "postgast", "pymysql", "cryptography", "rich", "sqlite3")

LOADERS = {
    "the package": "import faber_db.cli",
    "the program": "from faber_db.cli.program import program; program()",
    "the boundary": "import faber_db.cli.boundary",
}


@pytest.mark.parametrize("code", LOADERS.values(), ids=LOADERS)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded(code) == []


def test_the_composition_root_loads_no_driver() -> None:
    assert set(loaded("import faber_db.app")) <= {"sqlite3"}


def loaded(code: str) -> list[str]:
    """What of the heavy modules a process has after some code."""
    script = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_version_loads_no_option_parser() -> None:
    script = (
        "import sys\nfrom faber_db.cli import main\nsys.argv = ['faber-db', '--version']\nmain()\n"
        "assert 'typer' not in sys.modules and 'pydantic' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("faber-db ")
