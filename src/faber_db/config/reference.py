"""References to secrets: `env:NAME`, `file:PATH`, `command:…`, `keyring:…`, a path, or a URL."""

from typing import Annotated

from pydantic import AfterValidator


def _check(text: str) -> str:
    if not text:
        raise ValueError("an empty reference names no database")
    return text


Reference = Annotated[str, AfterValidator(_check)]
