"""How a run is counted, paused between tries, and reported when it fails."""

import random
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from faber_db.errors import MigrationFailed
from faber_db.model.migration import StatementRun
from faber_db.sql.script import Statement

Observe = Callable[[StatementRun], None]

_SHOWN = 200  # characters of a statement that a StatementRun keeps


def pauses(retries: int) -> Iterator[float]:
    """Seconds to wait before each further try: 0.2, 0.4, … 5, each up to half longer by chance.

    The chance keeps two deployers from meeting again at the same moment.
    """
    for attempt in range(retries):
        base = min(0.2 * 2**attempt, 5.0)
        yield base * (1 + random.random() / 2)  # noqa: S311 - spreads retries, hides nothing


def milliseconds_since(start: float) -> int:
    """Whole milliseconds since a `monotonic()` reading."""
    return round((monotonic() - start) * 1000)


def ran(statement: Statement, start: float, rows: int) -> StatementRun:
    """What one statement took."""
    return StatementRun(
        line=statement.line,
        text=statement.text.strip()[:_SHOWN],
        duration_ms=milliseconds_since(start),
        rows=rows,
    )


def failed(
    cause: str, *, line: int, rolled_back: bool, hint: str = "", kept: str = ""
) -> MigrationFailed:
    """The error of a statement of a migration; says what was kept, in `kept`'s words if given."""
    if rolled_back:
        kept = "nothing was kept"
    kept = kept or "what ran before it may have been kept: compare ledger and catalogue"
    where = f"line {line}: " if line else ""
    error = MigrationFailed(f"{where}{cause}; {kept}", hint=hint)
    error.rolled_back, error.line = rolled_back, line
    return error


def there(kept: Sequence[str]) -> str:
    """What is in the database, by the lines of each step; what failed was rolled back."""
    lines = ", ".join(kept)
    if not lines:
        return ""
    return f"in the database: line{'s' * (',' in lines)} {lines}"
