"""An approver's key signs what was shown, and what was shown follows from the plan and its bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from faber_db.app import build
from faber_db.errors import ExecutorUntrusted
from faber_db.executor import checking
from faber_db.model.approval import ApprovalPayload
from faber_db.model.migration import SourceFile
from faber_db.services.ports import Handler, Rendering
from tests.e2e.conftest import released, released_once
from tests.e2e.project import APPROVER, Project
from tests.executor.test_approving import OTHER

__all__ = ["released", "released_once"]

DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"


@dataclass(frozen=True)
class Shown:
    rendering: Rendering
    files: Sequence[SourceFile]
    handler: Handler
    payload: ApprovalPayload

    def check(self) -> None:
        checking.require_shown(self.rendering, self.files, self.handler)


@pytest.fixture
def shown(released: Project) -> Shown:
    released.add_migration("20261101000000_drop", DROP)
    plan = released.plan("release", "production")
    app = build(released.root, released.environ)
    rendering = app.executor.show(plan)
    files = tuple(
        SourceFile(f.path, app.state.plan_file(f.sha256)) for f in rendering.stored.plan.files
    )
    assert app.keys is not None
    key = app.keys.keys()[0]
    payload = app.executor.payload(plan, approver=APPROVER, key_id=key.key_id)
    return Shown(rendering, files, app.database().handler, payload)


def test_what_an_executor_shows_holds(shown: Shown) -> None:
    shown.check()
    plan, payload = shown.rendering.stored.plan, shown.payload
    checking.require_payload(payload, plan, approver=APPROVER, key_id=payload.key_id)


def _other_plan(shown: Shown, **changes: Any) -> Shown:
    stored = shown.rendering.stored
    plan = stored.plan.model_copy(update=changes)
    stored = stored.model_copy(update={"plan": plan})
    return replace(shown, rendering=replace(shown.rendering, stored=stored))


def _other_file(shown: Shown) -> Shown:
    first, *rest = shown.files
    return replace(shown, files=(SourceFile(first.path, first.content + b"--"), *rest))


def _fact(shown: Shown, *facts: tuple[str, str], keep: bool = False) -> Shown:
    names = set() if keep else {name for name, _ in facts}
    rest = tuple(f for f in shown.rendering.facts if f[0] not in names)
    return replace(shown, rendering=replace(shown.rendering, facts=(*rest, *facts)))


LIES: dict[str, Callable[[Shown], Shown]] = {
    "another script": lambda s: replace(s, rendering=replace(s.rendering, sql="SELECT 1;")),
    "no statements": lambda s: replace(s, rendering=replace(s.rendering, statements=())),
    "nothing is lost": lambda s: replace(s, rendering=replace(s.rendering, loses=())),
    "another title": lambda s: replace(s, rendering=replace(s.rendering, title="RELEASE to dev")),
    "nothing lost is said": lambda s: _fact(s, ("Lost", "nothing")),
    "a danger is left out": lambda s: _fact(s, ("Lost", "")),
    "a danger is told twice": lambda s: _fact(s, ("Lost", "nothing"), keep=True),
    "a suppression is hidden": lambda s: _fact(s, ("Allowed", "all of it")),
    "other bytes": _other_file,
    "a file less": lambda s: replace(s, files=s.files[1:]),
    "a file more": lambda s: replace(s, files=(*s.files, SourceFile("x.up.sql", b""))),
    "another name": lambda s: replace(
        s, files=(SourceFile("y.up.sql", s.files[0].content), *s.files[1:])
    ),
    "no files in the plan": lambda s: replace(_other_plan(s, files=()), files=()),
    "another migration": lambda s: _other_plan(
        s,
        migrations=tuple(
            m.model_copy(update={"sha256": "0" * 64}) for m in s.rendering.stored.plan.migrations
        ),
    ),
}


def test_no_lie_about_a_plan_passes(shown: Shown) -> None:
    for lie in LIES.values():
        told = lie(shown)
        with pytest.raises(ExecutorUntrusted):
            told.check()


def test_no_other_payload_is_signed(shown: Shown) -> None:
    plan, good = shown.rendering.stored.plan, shown.payload
    for field in ApprovalPayload.model_fields:
        if field in ("nonce", "not_before"):
            continue  # the executor's own to choose
        other = good.model_copy(update={field: OTHER[field]})
        with pytest.raises(ExecutorUntrusted):
            checking.require_payload(other, plan, approver=APPROVER, key_id=good.key_id)
    for moments in (
        {"expires_at": "2099-01-01T00:00:00+00:00"},
        {"expires_at": "soon"},
        {"not_before": good.expires_at},
    ):
        other = good.model_copy(update=moments)
        with pytest.raises(ExecutorUntrusted):
            checking.require_payload(other, plan, approver=APPROVER, key_id=good.key_id)
