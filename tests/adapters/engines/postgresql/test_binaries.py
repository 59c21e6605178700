from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.engines.postgresql.binaries import Bin

FITTING = {
    "the same": ((14, 15, 17), 15, 15),
    "the nearest newer": ((14, 16), 15, 16),
    "older ones cannot": ((14,), 15, None),
    "17 cannot serve those before": ((17,), 15, None),
    "18 serves 17": ((15, 18), 17, 18),
}
FAKE = """#!/bin/sh
echo "pg_dump (PostgreSQL) {version}"
"""


@pytest.mark.parametrize(("there", "server", "taken"), FITTING.values(), ids=FITTING)
def test_which_tool_is_taken(
    there: tuple[int, ...],
    server: int,
    taken: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders = tuple(Bin(Path(f"/{major}"), major, f"{major}.1") for major in there)
    monkeypatch.setattr(binaries, "find", lambda _: folders)
    found = binaries.for_server("pg_dump", server)
    assert (found.major if found else None) == taken


def test_what_is_found_is_real() -> None:
    for found in binaries.find("pg_dump"):
        tool = found.tool("pg_dump")
        assert tool is not None
        assert binaries.version_of(tool) == found.version
        assert found.version.startswith(str(found.major))
        assert "wrapper" not in tool.resolve().name


@pytest.mark.parametrize("version", ["99.9", "{major}.99"])
def test_a_program_of_path_takes_no_packages_place(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = next(f for f in binaries.find("pg_dump") if not f.by_path)
    fake = tmp_path / "pg_dump"
    fake.write_text(FAKE.format(version=version.format(major=real.major)))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert tmp_path in [f.folder for f in binaries.find("pg_dump")]  # it is seen
    taken = binaries.for_server("pg_dump", real.major)
    assert taken is not None
    assert not taken.by_path
