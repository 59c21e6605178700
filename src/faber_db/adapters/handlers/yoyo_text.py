"""What yoyo reads from a SQL script: directives in its leading comments; and the order of a graph."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from faber_db.errors import MigrationUnreadable

_DIRECTIVE = re.compile(r"\s*--\s*(transactional|depends)\s*:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Directives:
    """What a script says of itself."""

    wrap: bool = True
    depends: tuple[str, ...] = ()


def directives_of(path: str, text: str) -> Directives:
    """Those of the comments before the first statement; yoyo looks no further.

    Raises:
        MigrationUnreadable: `transactional` is neither true nor false.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        directive = _DIRECTIVE.fullmatch(line)
        if directive:
            found[directive[1]] = f"{found.get(directive[1], '')} {directive[2]}".strip()
        elif line.strip() and not line.lstrip().startswith("--"):
            break
    wrap = found.get("transactional", "true").lower()
    if wrap not in ("true", "false"):
        raise MigrationUnreadable(
            f"{path}: `-- transactional: {wrap[:40]}` is neither true nor false",
            hint="Write one of the two.",
        )
    return Directives(wrap == "true", tuple(sorted(set(found.get("depends", "").split()))))


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Ids so that each comes after what it needs, else in the order that they are given in.

    What is needed and not among them is left to `Yoyo.notes`: the files of a plan are not all files.

    Raises:
        MigrationUnreadable: two need each other.
    """
    place = {name: number for number, name in enumerate(needs)}
    followers: dict[str, list[str]] = {name: [] for name in needs}
    open_needs = {name: sum(other in place for other in before) for name, before in needs.items()}
    for name, before in needs.items():
        for other in before:
            if other in place:
                followers[other].append(name)
    ready = [place[name] for name, count in open_needs.items() if not count]
    heapify(ready)
    names, found = list(needs), list[str]()
    while ready:
        found.append(names[heappop(ready)])
        for name in followers[found[-1]]:
            open_needs[name] -= 1
            if not open_needs[name]:
                heappush(ready, place[name])
    if len(found) < len(needs):
        circle = sorted(set(needs) - set(found))[:3]
        raise MigrationUnreadable(
            f"{', '.join(circle)} depend on each other", hint="Take one `-- depends:` out."
        )
    return found
