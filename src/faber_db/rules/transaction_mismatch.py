"""SQLite: BEGIN inside a transaction, or COMMIT outside one."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Transaction
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Transaction, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite or scene.routine:
        return
    if action.what == "begin" and scene.transaction.open:
        yield Hazard(("BEGIN",), detail="a transaction is open already")
    elif action.what in ("commit", "rollback") and not scene.transaction.open:
        yield Hazard((action.what.upper(),), detail="no transaction is open")


RULE = Rule(
    code="transaction-mismatch",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="SQLite does not nest transactions: the migration ends there with an error.",
    remedy="Leave BEGIN and COMMIT out where the runner puts the file into a transaction; SAVEPOINT nests.",
    source="SQLite manual, BEGIN TRANSACTION",
    looks=(at(Transaction, find),),
)
