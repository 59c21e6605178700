"""Can it be asked at all, and how fast does it answer."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="connectivity",
    sql="SELECT 1",
    timed=True,
    unit=Unit.MILLISECONDS,
    warning=100,
    critical=1000,
    essential=True,
    mutable=False,
    why="The server takes long for the smallest question.",
    action="Look at the network, the pooler and the load of the server.",
)
