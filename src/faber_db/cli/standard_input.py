"""Text from standard input and from files, in bounded size and strictly UTF-8."""

import sys
from collections.abc import Iterator
from pathlib import Path

from faber_db.errors import FileUnreadable, InputTooLarge

LIMIT_BYTES = 50_000_000


def read_all(limit_bytes: int = LIMIT_BYTES) -> str:
    """Everything on standard input.

    Raises:
        InputTooLarge: over the limit.
        FileUnreadable: not UTF-8.
    """
    return _decoded(sys.stdin.buffer.read(limit_bytes + 1), "standard input", limit_bytes)


def lines() -> Iterator[str]:
    """The lines of standard input, as they come.

    Raises:
        FileUnreadable: a line is not UTF-8.
    """
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise FileUnreadable(f"line {number} of standard input is not UTF-8") from error


def read_file(path: Path, limit_bytes: int = LIMIT_BYTES) -> str:
    """A text file.

    Raises:
        FileUnreadable: missing, not readable, not a file, not UTF-8.
        InputTooLarge: over the limit.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {(error.strerror or '?').lower()}") from error
    return _decoded(data, str(path), limit_bytes)


def _decoded(data: bytes, name: str, limit_bytes: int) -> str:
    if len(data) > limit_bytes:
        raise InputTooLarge(
            f"{name} is over {limit_bytes // 1_000_000} MB",
            hint="Split it, or name a smaller part.",
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{name} is not UTF-8 (byte {error.start})") from error
