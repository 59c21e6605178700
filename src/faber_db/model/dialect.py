"""The SQL dialects and database products we know."""

import re
from enum import StrEnum


class Dialect(StrEnum):
    """How SQL text is read."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    MARIADB = "mariadb"
    SQLITE = "sqlite"


_VERSION = re.compile(
    r"(?:[A-Za-z]+\s+)?(?:5\.5\.5-(?=1\d\.))?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?![\d.])"
)
_PARTS = {
    Dialect.POSTGRESQL: (10_000, 1, 0),
    Dialect.MYSQL: (10_000, 100, 1),
    Dialect.MARIADB: (10_000, 100, 1),
    Dialect.SQLITE: (1_000_000, 1_000, 1),
}


def version_number(said: str, dialect: Dialect) -> int:
    """A version as people and servers write it, as the product numbers itself.

    `17` and `17.2` are 170000 and 170002, `8.0.36` is 80036, `10.11.19-MariaDB` is 101119,
    `3.45.1` is 3045001; a number that is one already stays. Of MySQL and MariaDB a series alone means
    its newest release: `8` and `8.0` are 80099, since what is instant came with single releases.

    Raises:
        ValueError: it is no version.
    """
    found = _VERSION.match(said.strip())
    if found is None:
        raise ValueError(said)
    newest = 0 if dialect in (Dialect.POSTGRESQL, Dialect.SQLITE) else 99
    first, second = int(found[1]), int(found[2] or 0)
    third = newest if found[3] is None else int(found[3])
    if first >= 1_000 or not first:
        return first
    return sum(
        n * factor for n, factor in zip((first, second, third), _PARTS[dialect], strict=True)
    )
