"""An assertion counts whole or not at all."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.signers.passkey import verify
from faber_db.errors import InputError
from faber_db.model.approval import is_hardware
from faber_db.model.passkey import Assertion, Passkey, base64url, from_base64url
from tests.passkey_device import ELIGIBLE, PRESENT, VERIFIED, Device

MESSAGE = b"faber-db-approval-v1\n{}"
DEVICE = Device()
KEY = DEVICE.passkey.public_key
GOOD = DEVICE.sign(MESSAGE)
OTHER = Device(credential_id=DEVICE.credential_id)

REFUSED: dict[str, Callable[[], str]] = {
    "another message": lambda: DEVICE.sign(MESSAGE + b" "),
    "user present only": lambda: DEVICE.sign(MESSAGE, flags=PRESENT),
    "user verified, not present": lambda: DEVICE.sign(MESSAGE, flags=VERIFIED),
    "of one device, and synchronised": lambda: DEVICE.sign(
        MESSAGE, flags=PRESENT | VERIFIED | ELIGIBLE
    ),
    "another origin": lambda: DEVICE.sign(MESSAGE, origin="http://localhost:7476"),
    "another relying party": lambda: DEVICE.sign(MESSAGE, rp_id="example.org"),
    "a registration": lambda: DEVICE.sign(MESSAGE, type="webauthn.create"),
    "in a foreign frame": lambda: DEVICE.sign(MESSAGE, crossOrigin=True),
    "below a foreign page": lambda: DEVICE.sign(MESSAGE, topOrigin="https://example.org"),
    "another key of the same name": lambda: OTHER.sign(MESSAGE),
    "another credential": lambda: Device(private=DEVICE.private).sign(MESSAGE),
    "empty": lambda: "",
    "hex": lambda: "00" * 64,
    "a space more": lambda: GOOD + " ",
    "keys in another order": lambda: json.dumps(
        dict(reversed(json.loads(GOOD).items())), separators=(",", ":")
    ),
    "a key twice": lambda: GOOD.replace("{", f'{{"signature":"{"A" * 8}",', 1),
    "a key more": lambda: json.dumps(
        json.loads(GOOD) | {"zzz": ""}, separators=(",", ":"), sort_keys=True
    ),
    "padded": lambda: GOOD.replace('"}', '="}'),
    "not text": lambda: "\ud800",
    "very long": lambda: json.dumps({"signature": "A" * 100_000}),
    "client data that is no object": lambda: DEVICE.assertion(b"[]").spelled().decode(),
    "client data that nests": lambda: DEVICE.assertion(b"[" * 5_000).spelled().decode(),
}


def test_a_good_assertion_holds_every_time() -> None:
    assert verify(KEY, MESSAGE, GOOD)
    assert verify(KEY, MESSAGE, GOOD)  # before the first statement it is looked at again


def test_a_synchronised_passkey_signs_and_is_no_device() -> None:
    synchronised = Device(device_bound=False)
    key = synchronised.passkey.public_key
    assert verify(key, MESSAGE, synchronised.sign(MESSAGE, flags=PRESENT | VERIFIED | ELIGIBLE))
    assert not is_hardware("passkey", key)
    assert is_hardware("passkey", KEY)


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(made: Callable[[], str]) -> None:
    assert not verify(KEY, MESSAGE, made())


def test_what_is_pinned_binds_the_page() -> None:
    elsewhere = DEVICE.passkey.model_copy(update={"origin": "http://localhost:1"})
    assert not verify(elsewhere.public_key, MESSAGE, GOOD)
    assert elsewhere.public_key != KEY
    for key in ("", "zz", KEY[:-2], "00" * 32, KEY.upper()):
        if key.lower() != KEY:
            assert not verify(key, MESSAGE, GOOD)


def test_every_flipped_byte_is_refused() -> None:
    whole = Assertion.read(GOOD.encode())
    for field in ("authenticator_data", "client_data_json", "signature"):
        data = bytearray(from_base64url(getattr(whole, field)))
        for place in range(0, len(data), 7):
            changed = bytearray(data)
            changed[place] ^= 0x40
            forged = whole.model_copy(update={field: base64url(bytes(changed))})
            assert not verify(KEY, MESSAGE, forged.spelled().decode()), (field, place)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_no_text_is_a_signature_or_raises(text: str) -> None:
    assert not verify(KEY, MESSAGE, text)
    assert not verify(text, MESSAGE, GOOD)


@given(st.binary(max_size=120), st.binary(max_size=120))
def test_no_bytes_in_the_fields_raise(data: bytes, client: bytes) -> None:
    forged = Assertion(
        authenticator_data=base64url(data),
        client_data_json=base64url(client),
        credential_id=DEVICE.credential_id,
        signature=base64url(data),
    )
    assert not verify(KEY, MESSAGE, forged.spelled().decode())


def test_a_public_key_reads_as_it_was_written() -> None:
    assert Passkey.of(KEY) == DEVICE.passkey
    with pytest.raises(InputError):
        Passkey.of("7b7d")
