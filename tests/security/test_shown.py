"""What is signed is what was shown: a plan swapped in between is not signed."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from faber_db.app import build
from faber_db.errors import ApprovalStale
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.target import PinnedApprover
from faber_db.services import approve, passkeys
from faber_db.services.app import App
from faber_db.services.ports import PublicKey, Rendering
from tests.e2e.project import Project

PINNED = PinnedApprover(approver="ada", key_id="0" * 16, public_key_sha256="0" * 64)


@dataclass
class NeverSigns:
    """A key that must not be asked."""

    signer: str = "ed25519"
    public: PublicKey = field(default_factory=lambda: PublicKey("ada", "0" * 16, "00"))

    def sign(self, message: bytes) -> str:
        raise AssertionError(message)


def at_the_terminal(app: App, shown: Rendering) -> object:
    return approve.sign(app, shown.stored.plan, NeverSigns(), PINNED)


def on_the_page(app: App, shown: Rendering) -> object:
    return passkeys.challenge(app, shown.stored.plan, PINNED)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [at_the_terminal, on_the_page])
def test_a_plan_swapped_while_it_is_read_is_not_signed(
    released: Project, sign: Callable[[App, Rendering], object]
) -> None:
    released.add_migration("20261101000000_nice", "CREATE TABLE nice (id INTEGER);\n")
    plan = released.plan("release", "production")
    app = build(released.root, released.environ)
    shown = approve.show(app, plan)
    released.add_migration("20261102000000_evil", "DROP TABLE orders;\n")
    evil = released.plan("release", "production")
    with closing(sqlite3.connect(released.state_file)) as db, db:
        ((body,),) = db.execute("SELECT body FROM plans WHERE id = ?", (evil,)).fetchall()
        swapped = canonical(parse_canonical(body.encode()) | {"id": plan}).decode()
        db.execute(
            "UPDATE plans SET body = ?, subject = ?, about = '' WHERE id = ?",
            (swapped, json.loads(body)["subject"], plan),
        )
    assert approve.show(app, plan).loses == ("orders",), "the swap is one that the state believes"
    with pytest.raises(ApprovalStale, match="not the plan any more that was shown"):
        sign(app, shown)
