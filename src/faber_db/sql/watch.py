"""Time that reading and judging one script may take, where somebody waits for the answer."""

import time
from collections.abc import Callable

from faber_db.errors import AnalysisTooLarge

_SECONDS = 3.5


class Watch:
    """Refuses to go on when a script has taken too long, whatever makes it slow.

    It counts this thread's processor time, so that a busy machine refuses nothing that a quiet one
    takes. A deployment is not watched: what was approved must not be refused by a slower machine.
    """

    def __init__(
        self, seconds: float = _SECONDS, clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self.restart()

    def restart(self) -> None:
        """Another script begins."""
        self._begin = self._clock()
        self._look_at = time.monotonic() + self._seconds

    def check(self) -> None:
        """Go on, or refuse.

        The processor's clock may cost a millisecond; it cannot run ahead of the clock on the wall,
        which costs nothing and says when it is worth a look.

        Raises:
            AnalysisTooLarge: the time is over.
        """
        if time.monotonic() < self._look_at:
            return
        left = self._seconds - (self._clock() - self._begin)
        if left <= 0:
            raise AnalysisTooLarge(
                f"reading it takes over {self._seconds:g} s of processor time",
                hint="Split it into smaller files, or have a person run it.",
            )
        self._look_at = time.monotonic() + max(left, 0.05)


class Unwatched(Watch):
    """Never refuses."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def check(self) -> None:
        return


UNWATCHED = Unwatched()
