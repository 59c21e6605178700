"""Quoting, folding, full names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.model.dialect import Dialect
from faber_db.sql.identifiers import fold, full_name, quote, quote_full, unquote


def test_quoting() -> None:
    assert quote('a"b', Dialect.POSTGRESQL) == '"a""b"'
    assert quote("a`b", Dialect.MYSQL) == "`a``b`"
    assert quote_full("archive.old", Dialect.POSTGRESQL) == '"archive"."old"'
    with pytest.raises(ValueError, match="NUL"):
        quote("a\0b", Dialect.SQLITE)


@pytest.mark.parametrize("dialect", list(Dialect))
@given(name=st.text(st.characters(exclude_characters="\0"), min_size=1))
def test_unquoting_gives_the_name_back(dialect: Dialect, name: str) -> None:
    assert unquote(quote(name, dialect), dialect) == name


def test_folding() -> None:
    assert fold("Users", Dialect.POSTGRESQL) == "users"
    assert fold("ÄB", Dialect.POSTGRESQL) == "Äb"  # the server folds ASCII only
    assert fold("Users", Dialect.SQLITE) == "Users"


def test_full_names() -> None:
    assert full_name("public", "t", Dialect.POSTGRESQL) == "t"
    assert full_name("a", "t", Dialect.POSTGRESQL) == "a.t"
    assert full_name("main", "t", Dialect.SQLITE) == "t"
