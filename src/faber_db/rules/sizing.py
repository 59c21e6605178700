"""How the size of a table moves the risk of making others wait."""

from faber_db.model.finding import Risk

_SMALL, _LARGE = 10_000, 1_000_000


def size_class(rows: int) -> int:
    """-1 for a small table, 1 for a large one, else 0."""
    return -1 if rows < _SMALL else 1 if rows > _LARGE else 0


def sized(risk: Risk, rows: int) -> Risk:
    """One level down for a small table, one up for a large one; never above high."""
    if risk is Risk.CRITICAL:
        return risk
    step = size_class(rows)
    if step > 0 and risk is Risk.LOW:
        return risk  # a brief lock does not get longer with the table
    levels = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)
    return levels[min(max(risk.rank + step, 0), 2)]
