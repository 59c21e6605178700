"""No password survives `redact`."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faber_db.sql.redact import _RULES, redact

SECRET = "Xq7-geheim"

CASES = {
    "url": f"postgresql://shop:{SECRET}@db-1:5432/shop?sslmode=require",
    "url without user": f"redis://:{SECRET}@host/0",
    "two urls": f"a mysql://u:{SECRET}@h/d b mysql://u:{SECRET}2@h/d",
    "dsn": f"host=db user=shop password={SECRET} dbname=shop",
    "quoted dsn": f"host=db password='{SECRET} and more' dbname=shop",
    "identified by": f"CREATE USER u IDENTIFIED BY '{SECRET}'",
    "identified with": f"ALTER USER u IDENTIFIED WITH caching_sha2_password BY '{SECRET}';",
    "role": f"CREATE ROLE r LOGIN PASSWORD '{SECRET}' VALID UNTIL 'infinity'",
    "encrypted": f"ALTER ROLE r ENCRYPTED PASSWORD E'{SECRET}\\'x'",
    "dollar": f"ALTER ROLE r PASSWORD $p${SECRET}$p$",
    "set password": f"SET PASSWORD FOR 'u'@'h' = PASSWORD('{SECRET}')",
    "fdw": f"CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password '{SECRET}')",
    "environment": f"PGPASSWORD={SECRET} psql",
    "json": f'{{"token": "{SECRET}", "a": 1}}',
    "header": f"Authorization: Bearer {SECRET}",
    "unended": f"CREATE ROLE r PASSWORD '{SECRET}",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_secrets_go(text: str) -> None:
    assert SECRET not in redact(text)


def test_the_rest_stays() -> None:
    assert redact("postgresql://shop:x@db-1/shop") == "postgresql://shop:***@db-1/shop"
    assert (
        redact("SELECT password FROM users WHERE id = 1")
        == "SELECT password FROM users WHERE id = 1"
    )
    assert redact("DROP TABLE orders") == "DROP TABLE orders"


PLAIN = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'\"`\\;,&)$"), min_size=8, max_size=20
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(secret=PLAIN, before=st.text(max_size=10), after=st.text(max_size=10))
def test_no_password_survives(secret: str, before: str, after: str) -> None:
    for shape in ("{b} password={s} {a}", "{b} IDENTIFIED BY '{s}' {a}", "{b} PASSWORD '{s}' {a}"):
        text = shape.format(b=before.replace("'", ""), s=secret, a=after)
        assume(secret not in before + after)
        assert secret not in redact(text)


@settings(max_examples=200, deadline=None)
@given(secret=PLAIN.filter(lambda s: "@" not in s))
def test_no_password_of_a_url_survives(secret: str) -> None:
    assert secret not in redact(
        f"connect to postgresql://user:{secret}@host:5432/db failed"
    ).replace("postgresql://user:***@host:5432/db", "")


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize(("words", "pattern"), [(words, pattern) for words, pattern, _ in _RULES])
@given(data=st.data())
def test_a_rule_is_left_out_only_where_it_finds_nothing(
    words: tuple[str, ...], pattern: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern, alphabet=st.characters(codec="ascii")))
    found = pattern.search(text)
    assert found is not None
    assert any(word in found[0].lower() for word in words)


def test_capitals_beyond_ascii_hide_nothing() -> None:
    assert SECRET not in redact(f"pa\u017f\u017fword={SECRET}")
