"""With a trial run every measured block is found, and nothing harmless is called one."""

import pytest

from faber_db.model.dialect import Dialect
from tests.safety.cases import cases
from tests.safety.test_verdicts import FALSE_ALARMS
from tests.safety.trial import tried


@pytest.mark.slow
def test_every_block_is_found() -> None:
    total = tried(cases(Dialect.POSTGRESQL))
    missed = [name for name, label in total.misses if label == "blocking"]
    assert total.all["blocking"] >= 10
    assert missed == []
    assert len(total.false_alarms) <= FALSE_ALARMS * total.safe, total.false_alarms
