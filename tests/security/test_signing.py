"""Every field of a payload changed, and handed to the executor itself."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.signers.ed25519 import UnlockedKey
from faber_db.app import build
from faber_db.errors import ApprovalError, FaberDbError, InputError
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.services.app import App
from faber_db.sql.visible import visible
from tests.e2e.project import APPROVER, PASSPHRASE, Project
from tests.executor.test_approving import OTHER

UNCHECKED = {"nonce", "not_before", "expires_at"}  # the signer's own, within limits


def signed(app: App, plan: str, /, **changes: Any) -> Approval:
    """What the approver's own key says of a plan, with some fields changed before it signs."""
    assert app.keys is not None
    key = app.keys.unlock(APPROVER, PASSPHRASE)
    assert isinstance(key, UnlockedKey)
    payload = app.executor.payload(plan, approver=APPROVER, key_id=key.public.key_id)
    payload = payload.model_copy(update=changes)
    return Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )


def test_no_changed_field_passes_the_executor(released: Project) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    app = build(released.root, released.environ)
    good = signed(app, plan)
    wrong: dict[str, Approval] = {}
    for field in ApprovalPayload.model_fields:
        changed = good.payload.model_copy(update={field: OTHER[field]})
        wrong[f"{field} after signing"] = good.model_copy(update={"payload": changed})
        if field not in UNCHECKED:
            wrong[f"{field} signed"] = signed(app, plan, **{field: OTHER[field]})
    wrong["signer"] = good.model_copy(update={"signer": "none"})
    wrong["empty signature"] = good.model_copy(update={"signature": ""})
    wrong["no hex"] = good.model_copy(update={"signature": "zz"})
    wrong["other public key"] = good.model_copy(update={"public_key": "00" * 32})
    wrong["no public key"] = good.model_copy(update={"public_key": ""})
    wrong["a year"] = signed(app, plan, expires_at="2099-01-01T00:00:00+00:00")
    wrong["no zone"] = signed(app, plan, expires_at="2099-01-01T00:00:00")
    wrong["a short nonce"] = signed(app, plan, nonce="00")
    for name, approval in wrong.items():
        with pytest.raises(FaberDbError) as caught:
            app.executor.sign(approval)
        assert caught.value.exit_code in (1, 2, 5), name  # 1: there is no such plan
        assert "differs" not in caught.value.message, name  # outside, every fault looks the same
    assert app.state.approvals(plan) == []
    assert app.executor.sign(good).state == "signed"


def test_a_signature_copied_into_the_state_for_another_plan_is_void(released: Project) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    app = build(released.root, released.environ)
    app.executor.sign(signed(app, plan))
    released.add_migration("20261102000000_worse", "DROP TABLE orders;\n")
    worse = released.plan("release", "production")
    with closing(sqlite3.connect(released.state_file)) as db, db:
        db.execute("UPDATE approvals SET plan_id = ?", (worse,))
        db.execute("UPDATE plans SET state = 'signed' WHERE id = ?", (worse,))
    code, answer = released.exits("release", "production", "--plan", worse)
    assert (code, answer["errors"][0]["code"]) == (5, ApprovalError.code), answer
    assert released.columns("production", "orders")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_canonical_text_reads_back_equal_or_is_refused(value: dict[str, Any]) -> None:
    try:
        text = canonical(value)
    except InputError:
        return
    assert parse_canonical(text) == value
    assert canonical(parse_canonical(text)) == text


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda t: t.encode("utf-8", "replace")))
def test_what_is_read_as_canonical_is_the_one_spelling(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except InputError:
        return
    assert canonical(value) == data


@given(st.text(), st.booleans())
def test_visible_text_cannot_move_the_cursor(text: str, keep_lines: bool) -> None:
    shown = visible(text, keep_lines=keep_lines)
    assert visible(shown, keep_lines=keep_lines) == shown
    assert not any(c in shown for c in "\x1b\r\x07\x08\u202e\u2066\u200b\ufeff\u2028")
    assert keep_lines or "\n" not in shown
