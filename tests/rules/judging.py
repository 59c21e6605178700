"""What the tests of the rules share: analysing a text with the schema of its dialect."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Finding, Risk
from faber_db.rules import Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

HERE = Path(__file__).parent
VERSIONS = {Dialect.POSTGRESQL: 170_010, Dialect.SQLITE: 3_045_001}


@dataclass(frozen=True)
class Rows:
    """The size of a table."""

    rows: int
    exact: bool = False
    size_bytes: int = 0


@cache
def shop(dialect: Dialect) -> Catalogue:
    name = "mysql" if dialect is Dialect.MARIADB else dialect.value
    return catalogue_of((HERE / "schemas" / f"{name}.sql").read_text("utf-8"), dialect)


def judge(
    sql: str,
    dialect: Dialect = Dialect.POSTGRESQL,
    *,
    wrap: bool = True,
    version: int | None = None,
    known: bool = True,
    protected: bool = False,
    sizes: Mapping[str, Rows] | None = None,
    earlier: tuple[str, ...] = (),
    schemas: tuple[str, ...] = (),
) -> Analysis:
    return analyze(
        parse(sql, dialect),
        Context(
            dialect=dialect,
            server_version=version or VERSIONS.get(dialect),
            catalogue=shop(dialect) if known else None,
            sizes=sizes,
            wrap=wrap,
            protected=protected,
            earlier=tuple(parse(text, dialect) for text in earlier),
            schemas=schemas,
        ),
    )


def serious(analysis: Analysis) -> list[str]:
    """The codes of the findings of medium and above, in order."""
    return [f.code for f in analysis.findings if f.risk.at_least(Risk.MEDIUM) and not f.allowed]


def only(analysis: Analysis, code: str) -> Finding:
    """The one finding with that code."""
    found = [f for f in analysis.findings if f.code == code]
    assert len(found) == 1, [f.code for f in analysis.findings]
    return found[0]
