"""The built wheel, installed alone into an empty environment, tells the whole story."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    environ = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FABER_DB", "PG"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `faber-db` command of an environment that holds the wheel with its extra `shadow`."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").glob("faber_db-*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    _run(python, "-m", "pip", "--quiet", "install", f"{wheel}[shadow]", cwd=folder)
    return folder / "venv" / "bin" / "faber-db"


@pytest.mark.parametrize("product", ["sqlite", "postgresql"])
def test_demo(installed: Path, product: str, tmp_path: Path) -> None:
    told = _run(installed, "demo", "--db", product, "--folder", tmp_path / "demo", cwd=tmp_path)
    assert "WHOLE" in told  # the audit trail
    assert "Undo it" in told
    assert (tmp_path / "demo" / "shop" / "faber-db.json").is_file()


def test_it_holds_skills_and_prompts(installed: Path, tmp_path: Path) -> None:
    shown = _run(
        installed.with_name("python"),
        "-c",
        "from faber_db.shipped import shipped;"
        "print(shipped('skills') / 'faber-coordinator' / 'SKILL.md', shipped('prompts'))",
        cwd=tmp_path,
    )
    skill, prompts = shown.split()
    assert Path(skill).is_file()
    assert str(ROOT) not in skill + prompts
    assert list(Path(prompts).glob("*.md"))
