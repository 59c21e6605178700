"""What really happened: one measurement a case, kept beside the cases and measured anew by slow tests."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from faber_db.model.dialect import Dialect
from tests.safety.cases import Case, cases

LABELS = ("data_loss", "blocking", "app_break", "fails")  # each is answered by a kind of finding
HERE = Path(__file__).parent / "measured"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one server did with one case. `facts` differ by dialect; they are for the reader."""

    data_loss: bool = False
    blocking: bool = False
    blocks_reads: bool = False
    app_break: bool = False
    fails: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label for label in LABELS if getattr(self, label))


def path_of(dialect: Dialect, topic: str) -> Path:
    return HERE / dialect.value / f"{topic}.json"


@cache
def _stored(dialect: Dialect, topic: str) -> dict[str, dict[str, Any]]:
    path = path_of(dialect, topic)
    found: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def is_current(case: Case) -> bool:
    """Whether the stored measurement is of this text and this schema."""
    return _stored(case.dialect, case.topic).get(case.name, {}).get("digest") == case.digest


def measured(case: Case) -> Measured:
    """The stored measurement; nothing happened in a case that is not run.

    Raises:
        LookupError: there is none, or it is of an older text.
    """
    if case.not_run:
        return Measured()
    if not is_current(case):
        raise LookupError(f"{case.name}: run `python -m tests.safety.measure {case.dialect.value}`")
    entry = dict(_stored(case.dialect, case.topic)[case.name])
    del entry["digest"]
    return Measured(**entry)


def store(dialect: Dialect, topic: str, found: Mapping[str, Measured]) -> None:
    """Write the measurements of one topic; those of cases that are gone go too."""
    known = {case.name: case for case in cases(dialect) if case.topic == topic}
    entries = dict(_stored(dialect, topic))
    entries |= {name: {"digest": known[name].digest, **asdict(m)} for name, m in found.items()}
    lines = [
        f"{json.dumps(name)}: {json.dumps(entries[name], sort_keys=True)}"
        for name in sorted(entries)
        if name in known and not known[name].not_run
    ]
    path_of(dialect, topic).parent.mkdir(parents=True, exist_ok=True)
    path_of(dialect, topic).write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    _stored.cache_clear()
