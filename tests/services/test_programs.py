"""What a protected environment takes as the recording of a program, and what an open one is told."""

import pytest

from faber_db.errors import MigrationNotRecorded
from faber_db.model.finding import Analysis, Risk
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.model.recorded import Origin, origin_of
from faber_db.model.sha256 import sha256_of
from faber_db.services.programs import require_origin, require_recorded, unseen, with_unseen

_PROGRAM = SourceFile("a.py", b"up()")


def _recorded(
    *, sha256: str = sha256_of(_PROGRAM.content), times: int = 2, line: str = ""
) -> Migration:
    sql = (line or Origin("a.py", sha256, times, shut_in=True).line()) + "DROP TABLE t;\n"
    return Migration(
        "a", "a", "a.py", sql.encode(), sql, code=True, recorded_path=recorded_file("a", sql).path
    )


_REFUSED = {
    "was changed after it was recorded": _recorded(sha256="0" * 64),
    "was recorded once only": _recorded(times=1),
    "has no recording of ours": _recorded(line="-- nothing\n"),
}


def test_a_recording_of_this_program_is_taken() -> None:
    require_recorded([_recorded()], {})
    require_origin([_recorded()], [_PROGRAM])


@pytest.mark.parametrize(("why", "migration"), _REFUSED.items(), ids=_REFUSED)
def test_another_recording_is_not(why: str, migration: Migration) -> None:
    with pytest.raises(MigrationNotRecorded, match=why):
        require_origin([migration], [_PROGRAM])


def test_a_program_alone_is_refused_where_protected_and_told_elsewhere() -> None:
    program = Migration("a", "a", "a.py", b"up()", "", code=True)
    with pytest.raises(MigrationNotRecorded, match="it reads t"):
        require_recorded([program], {"a": "it reads t"})
    found = with_unseen(Analysis(risk=Risk.LOW), unseen([program], {"a": "it reads t"}))
    assert found.risk is Risk.CRITICAL
    assert [f.code for f in found.findings] == ["program-not-recorded"]
    assert unseen([_recorded()], {}) == ()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("shut_in", [True, False])
def test_the_first_line_is_read_as_it_was_written(times: int, shut_in: bool) -> None:
    origin = Origin("versions/a (b).py", "ab" * 32, times, shut_in)
    assert origin_of(origin.line() + "SELECT 1;") == origin
    assert origin_of("SELECT 1;") is None
