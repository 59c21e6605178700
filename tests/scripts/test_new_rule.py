"""`make new-rule`, in a copy of the checkout: a skeleton that fails until it is filled."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CODE = "drop-nothing"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("src/faber_db", "tests/rules", "scripts"):
        shutil.copytree(CHECKOUT / folder, root / folder, ignore=ignore)
    shutil.copy(CHECKOUT / "pyproject.toml", root)
    return root


def new_rule(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = root / "scripts" / "new_rule.py"
    command = [sys.executable, str(script), *arguments, "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def catalogue_tests(root: Path) -> tuple[int, str]:
    """The exit code and the output of the catalogue tests that are about the new rule."""
    name = f"{CODE} or registered or unique or left_over"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rf", "--no-header", "-p", "no:cacheprovider",
         "tests/rules/test_catalogue_of_rules.py", "-k", name],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return run.returncode, run.stdout


def test_the_skeleton_fails_until_it_is_filled(copy: Path) -> None:
    made = new_rule(copy, CODE, "data_loss")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == "src/faber_db/rules/drop_nothing.py"
    assert "CHANGELOG.md" in made.stdout
    code, output = catalogue_tests(copy)
    assert code == 1, output
    failed = [line.split(" - ")[0] for line in output.splitlines() if line.startswith("FAILED")]
    assert [line.rpartition("::")[2] for line in failed] == [
        f"test_a_rule_explains_itself[{CODE}]",
        f"test_the_unsafe_example_speaks[{CODE}]",
    ], output

    module = copy / "src/faber_db/rules/drop_nothing.py"
    text = module.read_text("utf-8").replace("Action", "DropDefault")
    text = text.replace("yield from ()", "yield Hazard((action.table,))")
    for field in ("effect", "remedy", "source"):
        text = text.replace(f'{field}=""', f'{field}="Something."')
    module.write_text(text, "utf-8")
    examples = copy / "tests/rules/examples/drop_nothing"
    (examples / "unsafe.sql").write_text("ALTER TABLE orders ALTER state DROP DEFAULT;\n", "utf-8")
    (examples / "safe.sql").write_text("SELECT 1;\n", "utf-8")
    code, output = catalogue_tests(copy)
    assert code == 0, output


def test_lines_are_sorted(copy: Path) -> None:
    new_rule(copy, "aaa-first")
    lines = (copy / "src/faber_db/rules/__init__.py").read_text("utf-8").splitlines()
    modules = [line for line in lines if line.endswith(".RULE,")]
    assert modules == sorted(modules)
    assert modules[0].strip() == "aaa_first.RULE,"
    assert lines[lines.index("from faber_db.rules import (") + 1].strip() == "aaa_first,"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("Drop_Nothing",), "kebab-case"),
        (("set-not-null",), "already"),
        (("base",), "already"),
        (("new-one", "sometimes"), "invalid choice"),
        ((), "required"),
    ],
)
def test_what_cannot_be_made_is_refused(copy: Path, arguments: tuple[str, ...], why: str) -> None:
    made = new_rule(copy, *arguments)
    assert made.returncode == 2
    assert why in made.stderr
    assert "Traceback" not in made.stderr
