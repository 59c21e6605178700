"""MySQL and MariaDB."""

from faber_db.adapters.engines.mysql.engine import Mysql

__all__ = ["Mysql"]
