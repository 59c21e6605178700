"""Canonical JSON: one spelling for one value, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.errors import InputError
from faber_db.model.canonical import canonical, digest_of, parse_canonical

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4)

REFUSED_TEXTS = {
    "duplicate key": b'{"a":1,"a":2}',
    "float": b'{"a":1.0}',
    "not a number": b'{"a":NaN}',
    "spaces": b'{"a": 1}',
    "unsorted": b'{"b":1,"a":2}',
    "escaped letter": b'{"\\u0061":1}',
    "list": b"[1]",
    "bytes after it": b'{"a":1}\n',
    "not UTF-8": b'{"a":"\xff"}',
    "deep": b"[" * 100_000,
}


@given(OBJECTS)
def test_reads_what_it_wrote(value: dict[str, object]) -> None:
    assert parse_canonical(canonical(value)) == value


@given(OBJECTS)
def test_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert digest_of(dict(reversed(list(value.items())))) == digest_of(value)


@pytest.mark.parametrize("text", REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
def test_refuses_other_spellings(text: bytes) -> None:
    with pytest.raises(InputError):
        parse_canonical(text)


@pytest.mark.parametrize("value", [1.0, {1: "a"}, {"a": {1, 2}}, {"a": "\ud800"}], ids=str)
def test_refuses_values_without_one_spelling(value: object) -> None:
    with pytest.raises(InputError):
        canonical(value)
