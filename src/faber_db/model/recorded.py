"""The first line of a recorded script: of which program it is the recording, and how it was made."""

import re
from dataclasses import dataclass

_TIMES = {1: "once", 2: "twice, both equal"}
_SHUT_IN = {True: "reaching this database alone", False: "reaching outside was not checked"}
_LINE = re.compile(
    r"-- recorded from (?P<path>[^\n]*) \(SHA-256 (?P<sha256>[0-9a-f]{64})\) (?P<times>once|twice)"
    r"(?:, both equal)?; (?P<reach>[^\n]*)\n"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a recorded script comes from."""

    path: str  # of the program, below the migration folder
    sha256: str  # of the program
    times: int  # 1, or 2 where two recordings were equal
    shut_in: bool  # the program could reach this database alone

    def line(self) -> str:
        """As the script's first line."""
        return (
            f"-- recorded from {shown(self.path)} (SHA-256 {self.sha256}) {_TIMES[self.times]};"
            f" {_SHUT_IN[self.shut_in]}\n"
        )


def shown(path: str) -> str:
    """A path as the line has it."""
    return "".join(c if c.isprintable() else "?" for c in path)


def origin_of(script: str) -> Origin | None:
    """What the first line says; None where it is no recording of ours."""
    found = _LINE.match(script)
    if found is None:
        return None
    return Origin(
        path=found["path"],
        sha256=found["sha256"],
        times=2 if found["times"] == "twice" else 1,
        shut_in=found["reach"] == _SHUT_IN[True],
    )
