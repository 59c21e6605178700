"""SARIF output held against the official JSON schema, as a package of Microsoft's (MIT) ships it."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
]

PINNED = "@microsoft/jest-sarif@1.0.0-beta.0"
MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"
CACHE = Path(__file__).parents[2] / ".cache" / "npm-sarif"
EXAMPLES = Path(__file__).parents[1] / "rules" / "examples"


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    if not list(CACHE.glob("*.tgz")):
        CACHE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["npm", "pack", PINNED], cwd=CACHE, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"npm pack failed: {done.stderr[-500:]}")
            pytest.skip("the pinned npm package cannot be had here")
    with tarfile.open(next(CACHE.glob("*.tgz"))) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        found = json.load(member)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("what", ["everything", "nothing", "stdin"])
def test_it_is_valid(schema: dict[str, object], what: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.sql"
    empty.touch()
    given = {"everything": str(EXAMPLES), "nothing": str(empty), "stdin": "-"}[what]
    done = subprocess.run(
        [sys.executable, "-m", "faber_db", "analyze", "--dialect", "postgresql", "--sarif", given],
        input="-- faber-db: allow drop-table: twice empty\nDROP TABLE a; DROP TABL b",
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    log = json.loads(done.stdout)
    assert len(log["runs"][0]["results"]) >= {"everything": 80, "nothing": 0, "stdin": 2}[what]
    jsonschema.Draft7Validator(schema).validate(log)


def test_the_schema_is_not_idle(schema: dict[str, object]) -> None:
    wrong = {"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}
    assert not jsonschema.Draft7Validator(schema).is_valid(wrong)
