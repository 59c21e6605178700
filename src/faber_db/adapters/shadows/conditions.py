"""What is different around a program the second time, so that what depends on it differs."""

from collections.abc import Mapping

# More than a day apart, so that a local date differs at every moment.
_ZONES = ("Etc/GMT+12", "Etc/GMT-14")


def conditions(number: int) -> Mapping[str, str]:
    """Variables of the program for the recording of that number.

    Time goes on by itself, and chance is another each time; Python's order of sets is made another.
    """
    return {"TZ": _ZONES[number % 2], "PYTHONHASHSEED": str(1 + number)}
