"""The cases: small migrations as people write them, with what a careful reviewer expects of each.

One file per topic, `cases/<dialect>/<topic>.sql`:

    -- case: set-not-null-on-filled-column
    -- role: hazard
    -- transaction: none
    -- setup: CREATE TABLE extra (id int);
    -- since: 18
    -- not-run: it would write a file on the server
    ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;

`role` is hazard, safe or advisory (a remark is fair, none is too). `transaction` is wrap or none: how
the runner executes the script; without it wrap on PostgreSQL and none elsewhere. `setup` runs before
and may repeat. `since` is the first major version that knows the syntax. `not-run` says why a case is
not executed here; it must be a hazard and has no labels.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from faber_db.model.dialect import Dialect

HERE = Path(__file__).parent
DIALECTS = (Dialect.POSTGRESQL, Dialect.MYSQL, Dialect.SQLITE)
ROLES = ("hazard", "safe", "advisory")
_HEAD = re.compile(r"--\s*(case|role|transaction|setup|since|not-run):\s*(.*)")


@dataclass(frozen=True, slots=True)
class Case:
    """One migration."""

    dialect: Dialect
    topic: str
    name: str
    role: str
    sql: str
    wrap: bool
    setup: str = ""
    since: int = 0
    not_run: str = ""

    @property
    def digest(self) -> str:
        """Changes when a measurement of the case is no longer of this case."""
        text = "\0".join((self.sql, self.setup, str(self.wrap), schema(self.dialect)))
        text += application(self.dialect)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def schema(dialect: Dialect) -> str:
    """What is there before, with its rows."""
    return (HERE / "schema" / f"{dialect.value}.sql").read_text("utf-8")


@cache
def application(dialect: Dialect) -> str:
    """The statements of the running application, as text."""
    path = HERE / "application" / f"{dialect.value}.sql"
    return path.read_text("utf-8") if path.exists() else ""


@cache
def application_statements(dialect: Dialect) -> dict[str, str]:
    """The same by name."""
    found = re.split(r"(?m)^-- name: *(.+)\n", application(dialect))[1:]
    return dict(zip(found[::2], (text.strip() for text in found[1::2]), strict=True))


@cache
def cases(dialect: Dialect) -> tuple[Case, ...]:
    """All cases of a dialect, by topic."""
    found = tuple(
        case
        for path in sorted((HERE / "cases" / dialect.value).glob("*.sql"))
        for case in read(path.read_text("utf-8"), dialect, path.stem)
    )
    names = [case.name for case in found]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"several cases of {dialect} are named {sorted(repeated)}")
    return found


def read(text: str, dialect: Dialect, topic: str) -> Iterator[Case]:
    """The cases of one file.

    Raises:
        ValueError: a head line is missing or wrong.
    """
    for part in re.split(r"(?m)^(?=--\s*case:)", text):
        if part.lstrip().startswith("-- case:"):
            yield _case(part.strip().splitlines(), dialect, topic)


def _case(lines: list[str], dialect: Dialect, topic: str) -> Case:
    head: dict[str, list[str]] = {}
    while lines and (match := _HEAD.match(lines[0])):
        head.setdefault(match[1], []).append(match[2].strip())
        del lines[0]
    name = head["case"][0]
    role = head.get("role", [""])[0]
    transaction = head.get("transaction", [""])[0]
    if role not in ROLES or transaction not in ("", "wrap", "none") or not lines:
        raise ValueError(f"case {name} of {topic}: its role, transaction or text is wrong")
    not_run = head.get("not-run", [""])[0]
    if not_run and role != "hazard":
        raise ValueError(f"case {name} of {topic} is not run, so it must be a hazard")
    default = dialect is Dialect.POSTGRESQL
    return Case(
        dialect=dialect,
        topic=topic,
        name=name,
        role=role,
        sql="\n".join(lines).strip() + "\n",
        wrap=transaction == "wrap" if transaction else default,
        setup="\n".join(head.get("setup", [])),
        since=int(head.get("since", ["0"])[0]),
        not_run=not_run,
    )
