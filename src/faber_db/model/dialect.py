"""The SQL dialects and database products we know."""

from enum import StrEnum


class Dialect(StrEnum):
    """How SQL text is read."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    MARIADB = "mariadb"
    SQLITE = "sqlite"
