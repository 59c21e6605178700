"""The filled shop on MariaDB, as new for each case: what a case changed is put back, the rest stays."""

import re
from typing import Any

from pymysql.connections import Connection

from faber_db.model.dialect import Dialect
from faber_db.sql.splitter import spans
from tests.safety.cases import Case, schema
from tests.safety.mysql_losses import Rows, read

SHOP = "shop"
_KEPT = "shop_kept"
_TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"  # of both, whatever the server's are
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_SINGLE = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}  # by type; all others are tables
_CODE = """
    SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = %s
    UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE trigger_schema = %s
    UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = %s
"""
Print = tuple[str, int]  # definition and checksum


class Shop:
    """One database, used by one case after another."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self.connection = connection
        self._run("CREATE USER shop_app@localhost")
        for name in (SHOP, _KEPT):
            self._make(name)
        self._created = {t: self._query(f"SHOW CREATE TABLE {t}")[0][1] for t in self._tables()}
        self._prints = self._fingerprints()
        self._rows = read(connection, SHOP, list(self._prints))

    def renew(self, case: Case) -> None:
        """The shop as the schema file describes it, and the setup of the case."""
        if self._query("SHOW DATABASES LIKE %s", SHOP):
            self._put_back()
        else:
            self._make(SHOP)
        self._run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SHOP}.* TO shop_app@localhost")
        self._script(case.setup)

    def rows(self) -> dict[str, Rows]:
        """Every table with its rows; what is as at the beginning is not read again."""
        prints = self._fingerprints()
        same = {t for t, mark in prints.items() if mark == self._prints.get(t)}
        found = read(self.connection, SHOP, [t for t in prints if t not in same])
        return found | {t: self._rows[t] for t in same}

    def _make(self, name: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {name}")
        self._run(f"CREATE DATABASE {name} {_TEXT}")
        self._run(f"USE {name}")
        self._script(schema(Dialect.MYSQL))
        self._run(f"USE {SHOP}")

    def _put_back(self) -> None:
        self._run(f"USE {SHOP}")
        self._run(f"ALTER DATABASE {SHOP} {_TEXT}")  # new routines and tables take it from there
        self._run("SET foreign_key_checks = 0")
        for kind, name in self._query(_CODE, SHOP, SHOP, SHOP):
            self._run(f"DROP {kind} `{name}`")
        prints = self._fingerprints()
        for name, kind in self._query("SHOW FULL TABLES"):
            if kind in _SINGLE or prints.get(name) != self._prints.get(name):
                self._run(f"DROP {_SINGLE.get(kind, 'TABLE')} `{name}`")
        for name, mark in self._prints.items():
            if prints.get(name) != mark:
                self._run(self._created[name])
                self._run(f"INSERT INTO `{name}` SELECT * FROM {_KEPT}.`{name}`")
        self._run("SET foreign_key_checks = 1")
        for statement in _statements(schema(Dialect.MYSQL)):
            if statement.startswith("CREATE VIEW"):
                self._run(statement)

    def _fingerprints(self) -> dict[str, Print]:
        found: dict[str, Print] = {}
        if self._query("SHOW DATABASES LIKE %s", SHOP):
            for table in self._tables():
                created = self._query(f"SHOW CREATE TABLE {SHOP}.`{table}`")[0][1]
                checksum = self._query(f"CHECKSUM TABLE {SHOP}.`{table}`")[0][1]
                found[table] = _COUNTER.sub("", created), checksum
        return found

    def _tables(self) -> list[str]:
        kinds = "Table_type NOT IN ('VIEW', 'SEQUENCE')"
        return [row[0] for row in self._query(f"SHOW FULL TABLES FROM {SHOP} WHERE {kinds}")]

    def _script(self, text: str) -> None:
        for statement in _statements(text):
            self._run(statement)

    def _run(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def _query(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())


def _statements(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text, Dialect.MYSQL)]
