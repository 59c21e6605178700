"""Throw-away databases, to run a history and to prove a migration on."""

from faber_db.adapters.shadows.mariadb import MariadbShadow
from faber_db.adapters.shadows.postgresql import PostgresShadow
from faber_db.adapters.shadows.sqlite import SqliteShadow

__all__ = ["MariadbShadow", "PostgresShadow", "SqliteShadow"]
