"""Where a recorded script says that it comes from, and what of that is not taken."""

from dataclasses import replace

import pytest

from faber_db.errors import MigrationNotRecorded
from faber_db.model.migration import Migration, SourceFile
from faber_db.model.recorded import Origin
from faber_db.model.sha256 import sha256_of
from faber_db.services.programs import require_origin

PROGRAM = SourceFile("versions/b\u202ey.py", b"def upgrade(): ...\n")
HONEST = Origin(PROGRAM.path, sha256_of(PROGRAM.content), 2, shut_in=True)
LIES = {
    "another program's name": (replace(HONEST, path="versions/harmless.py"), "has no recording"),
    "another program's bytes": (replace(HONEST, sha256="0" * 64), "was changed after"),
    "once": (replace(HONEST, times=1), "recorded once only"),
}


def recorded(origin: Origin) -> Migration:
    sql = f"{origin.line()}SELECT 1;\n"
    return Migration(
        "b", "b", PROGRAM.path, sql.encode(), sql, code=True, recorded_path="recorded/b.sql"
    )


def test_what_its_program_agrees_with_is_taken() -> None:
    require_origin([recorded(HONEST)], [PROGRAM])


@pytest.mark.parametrize(("origin", "why"), LIES.values(), ids=LIES)
def test_what_it_does_not_agree_with_is_refused(origin: Origin, why: str) -> None:
    with pytest.raises(MigrationNotRecorded, match=why):
        require_origin([recorded(origin)], [PROGRAM])
