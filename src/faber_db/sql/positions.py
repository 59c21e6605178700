"""Line numbers: a line ends at a line feed, a carriage return, or both together."""

import re
from bisect import bisect_left

_BREAK = re.compile(r"\r\n|\n|\r")


class Lines:
    """Line of a character offset, 1-based; offsets may come in any order."""

    def __init__(self, text: str) -> None:
        self._ends = [m.end() - 1 for m in _BREAK.finditer(text)]

    def at(self, position: int) -> int:
        return bisect_left(self._ends, position) + 1
