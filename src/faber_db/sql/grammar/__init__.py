"""MySQL, MariaDB and SQLite: token grammars for definitions, sqlglot for rows."""
