"""`faber-db` alone: where this project stands, and the one next command."""

from faber_db.cli.call import Call
from faber_db.errors import NotSupported


def home(call: Call) -> int:
    """Show every environment in a line, then the next command."""
    raise NotSupported("status is not there yet")
