"""Migrations as a graph: which come before which, which are last, in what order they can run."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from faber_db.errors import MigrationUnreadable


@dataclass(frozen=True)
class Graph:
    """`needs` has for each version those that come right before it, in any order."""

    needs: Mapping[str, tuple[str, ...]]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The other direction."""
        found: dict[str, list[str]] = {version: [] for version in self.needs}
        for version, needed in self.needs.items():
            for one in needed:
                found.setdefault(one, []).append(version)
        return {version: tuple(after) for version, after in found.items()}

    def order(self, sort_key: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Every version after all that it needs; where that leaves a choice, by its key.

        Raises:
            MigrationUnreadable: some need one another.
        """
        key = sort_key or {}
        waiting = {v: sum(n in self.needs for n in set(needed)) for v, needed in self.needs.items()}
        ready = [(key.get(v, v), v) for v, count in waiting.items() if not count]
        heapq.heapify(ready)
        found: list[str] = []
        while ready:
            _, version = heapq.heappop(ready)
            found.append(version)
            for after in dict.fromkeys(self.children[version]):
                waiting[after] -= 1
                if not waiting[after]:
                    heapq.heappush(ready, (key.get(after, after), after))
        if len(found) < len(self.needs):
            names = ", ".join(sorted(set(self.needs) - set(found))[:5])
            raise MigrationUnreadable(
                f"migrations need one another in a circle: {names}",
                hint="Change what one of them comes after.",
            )
        return tuple(found)

    def before(self, versions: Iterable[str]) -> frozenset[str]:
        """Some versions and all that come before them, as far as they are known."""
        found: set[str] = set()
        waiting = list(versions)
        while waiting:
            version = waiting.pop()
            if version not in found:
                found.add(version)
                waiting += self.needs.get(version, ())
        return frozenset(found)

    def last(self, versions: Sequence[str] | None = None) -> tuple[str, ...]:
        """Those that none comes after, in order of their names."""
        among = set(self.needs if versions is None else versions)
        needed = {one for version in among for one in self.needs.get(version, ())}
        return tuple(sorted(among - needed))
