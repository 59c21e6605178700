"""Canonical JSON: one text for one value, so that a digest means something.

Sorted keys, UTF-8, no spaces; strings, integers, booleans, null, lists and objects only. A float
has several spellings, so it is refused; so are duplicate keys when reading.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from faber_db.errors import InputError


def canonical(value: object) -> bytes:
    """The one spelling of `value`.

    Raises:
        InputError: it holds a float, a key that is no string, or another type.
    """
    _check(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError("half a surrogate pair has no canonical spelling") from error


def digest_of(value: object) -> str:
    """SHA-256 (hex) over the canonical spelling."""
    return hashlib.sha256(canonical(value)).hexdigest()


def parse_canonical(data: bytes) -> dict[str, Any]:
    """Read what `canonical` wrote; anything else, however close, is refused.

    Raises:
        InputError: not JSON, not an object, duplicate keys, floats, or another spelling.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_no_duplicates,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise InputError("not canonical JSON") from error
    if not isinstance(value, dict) or canonical(value) != data:
        raise InputError("not canonical JSON")
    return value


def _check(value: object) -> None:
    match value:
        case None | bool() | int() | str():
            return
        case list() | tuple():
            for item in value:
                _check(item)
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InputError("a key that is no string has no canonical spelling")
                _check(item)
        case _:
            raise InputError(f"{type(value).__name__} has no canonical spelling")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise InputError("a key appears twice")
    return dict(pairs)


def _no_float(text: str) -> float:
    raise InputError(f"{text} is no integer")
