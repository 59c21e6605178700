"""What comes behind a statement. Indexed once, since a script may have tens of thousands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from faber_db.model.statement import Action, Rename
from faber_db.sql.script import Statement


@dataclass(frozen=True)
class Ahead:
    """The statements of a script, seen from any of them; `key` is how names are compared."""

    script: Sequence[Statement]
    key: Callable[[str], str]

    def statements(self, index: int) -> Iterator[Statement]:
        """Those behind the one with this index, in order."""
        return (self.script[i] for i in range(index + 1, len(self.script)))

    def actions(self, index: int) -> Iterator[Action]:
        """What they do."""
        return (action for statement in self.statements(index) for action in statement.actions)

    def renamed_to(self, table: str, index: int) -> Iterator[str]:
        """The tables that a later statement gives this name."""
        found = self._renames.get(self.key(table.rpartition(".")[2]), ())
        return (old for position, old in found if position > index)

    @cached_property
    def _renames(self) -> dict[str, list[tuple[int, str]]]:
        """New name of a table: the index of the statement, and the old name."""
        found: dict[str, list[tuple[int, str]]] = {}
        for index, statement in enumerate(self.script):
            for action in statement.actions_of(Rename):
                if action.kind == "table":
                    found.setdefault(self.key(action.new), []).append((index, action.old))
        return found
