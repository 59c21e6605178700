"""What was asked of an authenticator and is not answered yet: in memory, few, short-lived, taken once."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFETIME = timedelta(minutes=5)
_MOST = 200
Key = tuple[str, str]  # the browser's session, and what it is about


@dataclass
class Challenges:
    """One for each session and thing: a new one takes the place of the old."""

    _kept: "OrderedDict[Key, tuple[datetime, object]]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: Key, value: object, now: datetime) -> None:
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (now + LIFETIME, value)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def take(self, key: Key, now: datetime) -> object | None:
        """The value, once; None when there is none or its time is over."""
        with self._lock:
            until, value = self._kept.pop(key, (now, None))
        return value if now < until else None
