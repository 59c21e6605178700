"""The shape of a function that reads one kind of statement."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from faber_db.model.statement import Action
from faber_db.sql.postgresql.nodes import Message

Reader: TypeAlias = Callable[[Message, str], Iterator[Action]]
"""Given the node and the text of the whole statement."""
