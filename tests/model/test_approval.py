"""An approval is read from one spelling only, whatever else means the same to another reader."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.errors import ApprovalError
from faber_db.model.approval import (
    LONGEST_TEXT,
    Approval,
    ApprovalPayload,
    approval_from_text,
    moment_of,
)
from faber_db.model.canonical import canonical
from faber_db.model.plan import BackupRequirement, PlanKind

GOOD = Approval(
    payload=ApprovalPayload(
        plan_id="plan_abcdefgh",
        nonce="0f" * 16,
        kind=PlanKind.DEPLOY,
        plan_digest="a" * 64,
        target="b" * 64,
        backup_requirement=BackupRequirement(required=True, fresh=True),
        policy_digest="c" * 64,
        min_approvals=1,
        requester="claude-code (dev1)",
        not_before="2026-11-23T12:00:00+00:00",
        expires_at="2026-11-23T12:15:00+00:00",
        approver="ada",
        key_id="d" * 16,
    ),
    signer="ed25519",
    public_key="e" * 64,
    signature="f" * 128,
)
TEXT = GOOD.text()


def refused(data: bytes) -> ApprovalError:
    with pytest.raises(ApprovalError) as caught:
        approval_from_text(data)
    return caught.value


def test_reads_what_was_written() -> None:
    assert approval_from_text(TEXT) == GOOD


def rewritten(change: Callable[[dict[str, Any]], object], **spelling: Any) -> bytes:
    value = json.loads(TEXT)
    change(value)
    return json.dumps(value, **{"sort_keys": True, "separators": (",", ":"), **spelling}).encode()


def test_the_table_below_rewrites_nothing_by_itself() -> None:
    assert rewritten(lambda _: None) == TEXT


SPELLINGS: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a list": b"[" + TEXT + b"]",
    "cut short": TEXT[:-1],
    "something after it": TEXT + b"\n",
    "something before it": b" " + TEXT,
    "twice": TEXT + TEXT,
    "a byte order mark": b"\xef\xbb\xbf" + TEXT,
    "UTF-16": TEXT.decode().encode("utf-16"),
    "UTF-16 without a mark": TEXT.decode().encode("utf-16-le"),
    "UTF-32": TEXT.decode().encode("utf-32"),
    "not UTF-8": TEXT.replace(b"claude", b"\xff\xfe"),
    "an overlong slash": TEXT.replace(b"claude", b"\xc0\xaf"),
    "spaces": rewritten(lambda _: None, separators=(", ", ": ")),
    "lines": rewritten(lambda _: None, indent=1),
    "unsorted": json.dumps(json.loads(TEXT)["payload"], separators=(",", ":"))
    .join(['{"signer":"ed25519","payload":', "}"])
    .encode(),
    "an escaped letter": TEXT.replace(b'"ada"', b'"\\u0061da"'),
    "half a surrogate": TEXT.replace(b'"ada"', b'"\\ud800"'),
    "a key twice": TEXT.replace(b'"v":1}', b'"v":1,"v":1}'),
    "a key twice, far apart": b'{"payload":{},' + TEXT[1:],
    "a float": TEXT.replace(b'"v":1}', b'"v":1.0}'),
    "an exponent": TEXT.replace(b'"v":1}', b'"v":1e0}'),
    "not a number": TEXT.replace(b'"v":1}', b'"v":NaN}'),
    "infinity": TEXT.replace(b'"v":1}', b'"v":-Infinity}'),
    "a leading zero": TEXT.replace(b'"v":1}', b'"v":01}'),
    "minus zero": TEXT.replace(b'"v":1}', b'"v":-0}'),
    "a number of thousands of digits": TEXT.replace(b'"v":1}', b'"v":' + b"1" * 5000 + b"}"),
    "a number as text": TEXT.replace(b'"v":1}', b'"v":"1"}'),
    "a truth for a number": TEXT.replace(b'"v":1}', b'"v":true}'),
    "a number for a truth": TEXT.replace(b'"fresh":true', b'"fresh":1'),
    "deep": b'{"payload":' * 20_000,
    "too long": TEXT.replace(b"claude", b"c" * LONGEST_TEXT),
}


@pytest.mark.parametrize("data", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_refused(data: bytes) -> None:
    assert data != TEXT
    refused(data)


FIELDS: list[tuple[str, ...]] = [("payload", name) for name in ApprovalPayload.model_fields]
FIELDS += [("payload", "backup_requirement", name) for name in BackupRequirement.model_fields]
FIELDS += [(name,) for name in Approval.model_fields]


def at(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for name in path[:-1]:
        value = value[name]
    return value


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_every_field_has_to_be_there(path: tuple[str, ...]) -> None:
    refused(rewritten(lambda value: at(value, path).pop(path[-1])))


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
@pytest.mark.parametrize("other", [None, [], {}, 1.5, -1, "", "\x00", "A\n"], ids=repr)
def test_no_field_takes_another_type(path: tuple[str, ...], other: object) -> None:
    refused(rewritten(lambda value: at(value, path).update({path[-1]: other})))


@pytest.mark.parametrize("path", [(), ("payload",), ("payload", "backup_requirement")], ids=str)
def test_no_field_stands_beside_them(path: tuple[str, ...]) -> None:
    refused(rewritten(lambda value: at(value, (*path, "x")).update(x=1)))


VALUES = {
    "capitals in a digest": ("payload", "plan_digest", "A" * 64),
    "a short digest": ("payload", "target", "b" * 63),
    "a long nonce": ("payload", "nonce", "0" * 34),
    "a nonce with spaces": ("payload", "nonce", "0f " * 10 + "0f"),
    "a prefix of a plan": ("payload", "plan_id", "plan_abc"),
    "another kind": ("payload", "kind", "everything"),
    "a kind in capitals": ("payload", "kind", "DEPLOY"),
    "nobody": ("payload", "min_approvals", 0),
    "a name in capitals": ("payload", "approver", "Ada"),
    "a name that looks alike": ("payload", "approver", "аda"),  # noqa: RUF001 the first is Cyrillic
    "another zone": ("payload", "expires_at", "2026-11-23T13:15:00+01:00"),
    "Z": ("payload", "expires_at", "2026-11-23T12:15:00Z"),
    "no zone": ("payload", "expires_at", "2026-11-23T12:15:00"),
    "a space": ("payload", "expires_at", "2026-11-23 12:15:00+00:00"),
    "a fraction": ("payload", "not_before", "2026-11-23T12:00:00.5+00:00"),
    "no hour": ("payload", "not_before", "2026-11-23"),
    "another algorithm": ("", "signer", "ED25519"),
    "no algorithm": ("", "signer", "none "),
    "an odd key": ("", "public_key", "e" * 63),
    "a key in capitals": ("", "public_key", "E" * 64),
    "a signature in capitals": ("", "signature", "F" * 128),
    "a truncated signature": ("", "signature", "f" * 126),
    "a longer signature": ("", "signature", "f" * 130),
    "a signature in base64": ("", "signature", "/" * 86 + "=="),
    "a signature with a line end": ("", "signature", "f" * 128 + "\n"),
}


@pytest.mark.parametrize(("where", "name", "other"), VALUES.values(), ids=VALUES)
def test_a_value_in_another_form_is_refused(where: str, name: str, other: object) -> None:
    path = (where, name) if where else (name,)
    data = rewritten(lambda v: at(v, path).update({name: other}), ensure_ascii=False)
    assert "malformed" in refused(data).fault or name == "kind"


def test_every_refusal_looks_the_same_from_outside() -> None:
    told = {str(refused(data)) for data in SPELLINGS.values()}
    assert told == {"[approval-invalid] the approval does not allow this."}


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 255))
def test_one_byte_more_or_less_changes_it_or_is_refused(place: int, byte: int) -> None:
    for data in (
        TEXT[:place] + bytes([byte]) + TEXT[place + 1 :],
        TEXT[:place] + bytes([byte]) + TEXT[place:],
        TEXT[:place] + TEXT[place + 1 :],
    ):
        if data == TEXT:
            continue
        try:
            read = approval_from_text(data)
        except ApprovalError:
            continue
        assert read != GOOD
        assert read.text() == data


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")))
def test_whatever_comes_is_refused_with_a_code(data: bytes) -> None:
    refused(data)


@given(st.text(max_size=40))
def test_a_moment_has_one_spelling(text: str) -> None:
    moment = moment_of(text)
    assert moment is None or moment.isoformat(timespec="seconds") == text


def test_the_signed_bytes_name_what_they_are_for() -> None:
    signed = GOOD.payload.signed_bytes()
    assert signed == b"faber-db-approval-v1\n" + canonical(GOOD.payload.model_dump(mode="json"))
