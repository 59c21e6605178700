"""Which locks an action takes on tables that existed, and how much work it does under them."""

from collections.abc import Iterable
from dataclasses import dataclass

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
    "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
ACCESS_EXCLUSIVE = MODES[-1]


def strength(mode: str) -> int:
    """Higher is stronger; modes of other products count by whom they make wait."""
    if mode in MODES:
        return MODES.index(mode)
    return MODES.index("SHARE") if "writes wait" in mode else 7 if "reads wait" in mode else 2


@dataclass(frozen=True, slots=True)
class TableEffect:
    """One table: the lock, and the work done while it is held."""

    table: str
    lock: str
    scan: bool = False
    rewrite: bool = False
    writes: bool = False  # many rows are written

    @property
    def works(self) -> bool:
        """Whether it takes as long as the table is big."""
        return self.scan or self.rewrite or self.writes

    @property
    def blocks_writes(self) -> bool:
        return strength(self.lock) >= MODES.index("SHARE")

    @property
    def blocks_reads(self) -> bool:
        return strength(self.lock) == len(MODES) - 1


def strongest(effects: Iterable[TableEffect]) -> dict[str, str]:
    """The strongest mode per table, in order of first mention."""
    found: dict[str, str] = {}
    for effect in effects:
        if effect.lock and strength(effect.lock) >= strength(
            found.get(effect.table, "ACCESS SHARE")
        ):
            found[effect.table] = effect.lock
    return found
