"""Databases that are kept open to copy others from, as long as this process lives."""

import atexit
import os
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack, suppress

from faber_db.errors import FaberDbError

_MOST = 4


class Held:
    """A few of them by key; the one that was not wanted for longest goes first."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[str, ExitStack]] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()
        atexit.register(self.drop)

    def get(self, key: Hashable, make: Callable[[], AbstractContextManager[str]]) -> str:
        """The name of the database of a key."""
        with self._lock:
            if self._process != os.getpid():  # after a fork they are the parent's
                self._made, self._process = {}, os.getpid()
            found = self._made.pop(key, None)
            if found is None:
                stack = ExitStack()
                found = (stack.enter_context(make()), stack)
                while len(self._made) >= _MOST:
                    _close(self._made.pop(next(iter(self._made)))[1])
            self._made[key] = found
            return found[0]

    def drop(self) -> None:
        with self._lock:
            if self._process == os.getpid():
                while self._made:
                    _close(self._made.popitem()[1][1])


def _close(stack: ExitStack) -> None:
    with suppress(FaberDbError):  # its server is gone, and it with that
        stack.close()
