"""PostgreSQL 14 to 18, by psycopg 3 and the server's own dump tools."""

from faber_db.adapters.engines.postgresql.engine import Postgresql

__all__ = ["Postgresql"]
