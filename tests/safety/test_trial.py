"""With a trial run every measured block is found, and nothing harmless is called one."""

import pytest

from faber_db.model.dialect import Dialect
from tests.safety.cases import cases
from tests.safety.test_verdicts import FALSE_ALARMS
from tests.safety.trial import tried
from tests.safety.truth import measured


@pytest.mark.slow
def test_every_block_is_found() -> None:
    blocks = [c for c in cases(Dialect.POSTGRESQL) if not c.not_run and measured(c).blocking]
    safe = [c for c in cases(Dialect.POSTGRESQL) if c.role == "safe"]
    total = tried([*blocks, *safe[::6]])  # all of them: `python -m tests.safety.trial postgresql`
    missed = [name for name, label in total.misses if label == "blocking"]
    assert len(blocks) >= 60
    assert missed == []
    assert len(total.false_alarms) <= FALSE_ALARMS * total.safe, total.false_alarms
