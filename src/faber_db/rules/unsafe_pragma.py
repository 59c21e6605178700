"""A SQLite PRAGMA that takes away what keeps the file whole, or that writes to other places."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import SetVariable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_NEVER = ("writable_schema", "temp_store_directory", "data_store_directory", "key", "rekey")
_NO_JOURNAL = ("off", "memory", "0")
_OFF = ("off", "0", "no", "false")


def find(action: SetVariable, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite:
        return
    name, value = action.name.lower(), action.value.strip("'\" ").lower()
    if name in _NEVER and value not in _OFF:
        yield Hazard((name,), Risk.CRITICAL, detail=f"PRAGMA {name}")
    elif name == "journal_mode" and value in _NO_JOURNAL:
        yield Hazard((name,), Risk.CRITICAL, detail="without a journal nothing is rolled back")
    elif name == "synchronous" and value in _OFF:
        yield Hazard((name,), detail="a power failure can damage the file")
    elif name == "ignore_check_constraints" and value not in _OFF:
        yield Hazard((name,), detail="CHECK constraints are not enforced")


RULE = Rule(
    code="unsafe-pragma",
    kind=Kind.SECURITY,
    risk=Risk.HIGH,
    effect="The file can be damaged, or hold what its schema forbids.",
    remedy="Leave it out; a migration needs no PRAGMA but foreign_keys and defer_foreign_keys.",
    source="SQLite manual, PRAGMA",
    looks=(at(SetVariable, find),),
)
