"""Line numbers: a line ends at a line feed, a carriage return, or both together."""


class Lines:
    """Line of a character offset, 1-based. Fast for offsets near the one asked for before."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._returns = "\r" in text
        self._position, self._line = 0, 1

    def at(self, position: int) -> int:
        if self._returns and position and self._text.startswith("\r\n", position - 1):
            position -= 1  # between the two: still on the line that they end
        if position >= self._position:
            self._line += self._breaks(self._position, position)
        else:
            self._line -= self._breaks(position, self._position)
        self._position = position
        return self._line

    def _breaks(self, start: int, end: int) -> int:
        count = self._text.count("\n", start, end)
        if self._returns:
            count += self._text.count("\r", start, end) - self._text.count("\r\n", start, end)
        return count
