"""SQL that the parser takes for a string and the server for code."""

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.errors import MigrationFailed, NotSupported
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Bound
from faber_db.sql.script import parse

HIDDEN = {
    "a backslash that escapes": "SET standard_conforming_strings = off;\n"
    r"SELECT '\' , '; DELETE FROM customers; --';",
    "through a function": "SELECT set_config('standard_conforming_strings', 'off', false);\n"
    r"SELECT '\' , '; DELETE FROM customers; --';",
    "an encoding that ends in a backslash": "SET client_encoding = 'SJIS';\n"
    "SELECT E'ぃ\\', '; DELETE FROM customers; --';",
    "by another name": "SET NAMES 'SJIS';\nSELECT E'ぃ\\', '; DELETE FROM customers; --';",
}


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_the_server_reads_what_the_parser_read(postgresql_url: str, text: str, wrap: bool) -> None:
    with Postgresql().connect(postgresql_url) as session:
        session.execute("CREATE TABLE customers (id int)")
        session.execute("CREATE TABLE ledger (v text)")
        session.execute("INSERT INTO customers VALUES (1)")
    with (
        Postgresql().connect(postgresql_url) as session,
        pytest.raises(MigrationFailed, match="SQL is read with"),
    ):
        session.run(
            parse(text, Dialect.POSTGRESQL),
            wrap=wrap,
            then=[Bound("INSERT INTO ledger VALUES (%s)", ("1",))],
        )
    with Postgresql().connect(postgresql_url) as session:
        assert session.query("SELECT count(*) FROM customers") == [(1,)]
        assert session.query("SELECT count(*) FROM ledger") == [(0,)]


@pytest.mark.parametrize(
    "option", ["options=-cstandard_conforming_strings%3Doff", "client_encoding=SJIS"]
)
def test_a_url_cannot_change_how_sql_is_read(postgresql_url: str, option: str) -> None:
    url = f"{postgresql_url}&{option}"
    if option.startswith("client_encoding"):
        with Postgresql().connect(url) as session:
            assert session.query("SHOW client_encoding") == [("UTF8",)]
    else:
        with (
            pytest.raises(NotSupported, match="standard_conforming_strings"),
            Postgresql().connect(url),
        ):
            pass
