"""SQLite: one file, one writer, schema changes inside transactions."""

from faber_db.adapters.engines.sqlite.engine import Sqlite

__all__ = ["Sqlite"]
