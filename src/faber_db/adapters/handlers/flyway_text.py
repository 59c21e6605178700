"""What Flyway reads from names and files: kinds, versions, checksums, script configuration.

Facts from Flyway's public source: ResourceNameParser, MigrationVersion, ChecksumCalculator,
SqlScriptMetadata, PlaceholderReplacingReader (flyway-core). Its default configuration is taken.
"""

import re
import zlib
from dataclasses import dataclass

from faber_db.errors import MigrationUnreadable

CONF = ".conf"
BASELINES = ("BASELINE", "SQL_BASELINE")
"""Types of rows that stand for all versions up to theirs."""
_VERSION = r"[0-9]+(?:[._][0-9]+)*"
_NAME = re.compile(
    rf"(?:(?P<kind>[VUB])(?P<version>{_VERSION})(?:__(?P<text>.*))?|R__(?P<again>.*))\.sql",
    re.IGNORECASE | re.DOTALL,
)
_MEANT = re.compile(r"(?:[VUB]?[0-9]|[VURB]_).*\.(?:sql|java|class)", re.DOTALL)
_CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*(?:__.*)?\.sql", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$\{[^}]{0,100}\}?")
_KEYS = {"executeintransaction", "placeholderreplacement", "encoding"}


@dataclass(frozen=True, slots=True)
class Name:
    """What a file name says."""

    kind: str  # V, U, B or R
    version: str  # canonical, see `canonical`; of R the description with underscores
    shown: str  # the version as Flyway writes it into its table; empty for R
    description: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a `.sql.conf` beside a script says."""

    wrap: bool = True
    placeholders: bool = True


def name_of(path: str) -> Name | None:
    """What the name of a file says, or None for a file that Flyway does not take for a migration.

    Raises:
        MigrationUnreadable: it looks like a migration, and Flyway would pass over it without a word.
    """
    base = path.rpartition("/")[2]
    match = _NAME.fullmatch(base)
    if match is None or base[0] != base[0].upper():
        _refuse_meant(path, base)
        return None
    if match["kind"] is None:
        text = match["again"]
        return Name("R", repeated(_words(text)), "", _words(text))
    version = match["version"].replace("_", ".")
    return Name(match["kind"], canonical(version), version, _words(match["text"] or ""))


def concerns(path: str) -> bool:
    """Whether a file of the folder belongs to the history, or has to be refused there."""
    base = path.rpartition("/")[2]
    name = base.removesuffix(CONF)
    return any(p.fullmatch(name) is not None for p in (_NAME, _MEANT, _CALLBACK))


def canonical(version: str) -> str:
    """One spelling of equal versions: `1.0` and `1_00` are `1`."""
    parts = [str(int(part)) for part in re.split(r"[._]", version)]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def order_of(version: str) -> tuple[int, ...]:
    """By numbers: 1.9 before 1.10, and 1 before 1.0.1. Of a canonical version."""
    return tuple(map(int, version.split(".")))


def repeated(description: str) -> str:
    """How we call a repeatable migration, which Flyway knows by its description."""
    return "R__" + description.replace(" ", "_")


def is_repeated(version: str) -> bool:
    """Whether a migration of that version, as we call it, is repeatable."""
    return version.startswith("R__")


def checksum_of(text: str) -> int:
    """CRC-32 over the lines without their ends, as a signed number; of a text without its BOM."""
    joined = text.replace("\r", "").replace("\n", "")
    number = zlib.crc32(joined.encode())
    return number - 2**32 if number >= 2**31 else number


def settings_of(path: str, text: str) -> Settings:
    """What a script configuration says.

    Raises:
        MigrationUnreadable: it decides at run time, or holds what Flyway does not know either.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or key.lower() not in _KEYS:
            raise MigrationUnreadable(
                f"{path} has a line that is not understood: {line.strip()[:80]!r}",
                hint="Only executeInTransaction, placeholderReplacement and encoding are; what a"
                " script depends on at run time cannot be approved.",
            )
        found[key.lower()] = value.lower()
    if found.get("encoding", "utf-8").replace("_", "-") not in ("utf-8", "utf8"):
        raise MigrationUnreadable(
            f"{path} says that its script is in {found['encoding']}", hint="Save it as UTF-8."
        )
    return Settings(
        wrap=_truth(path, found, "executeintransaction"),
        placeholders=_truth(path, found, "placeholderreplacement"),
    )


def refuse_placeholders(path: str, text: str) -> None:
    """Raise where Flyway would put a value in, also in comments and strings.

    Raises:
        MigrationUnreadable: names the placeholder; it never runs as it stands there.
    """
    found = _PLACEHOLDER.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise MigrationUnreadable(
            f"{path} line {line}: Flyway puts a value of its configuration in for {found[0]!r}",
            hint="Write the value itself, or placeholderReplacement=false into"
            f" {path}{CONF} where the text is meant as it stands.",
        )


def _truth(path: str, found: dict[str, str], key: str) -> bool:
    value = found.get(key, "true")
    if value not in ("true", "false"):
        raise MigrationUnreadable(
            f"{path}: {value[:40]!r} is neither true nor false", hint="Write one of the two."
        )
    return value == "true"


def _words(text: str) -> str:
    return text.replace("_", " ")


def _refuse_meant(path: str, base: str) -> None:
    if _CALLBACK.fullmatch(base):
        raise MigrationUnreadable(
            f"{path} is a callback, which Flyway runs around its migrations",
            hint="Nobody approves what it does; move it into a migration, or deploy with Flyway.",
        )
    if base.endswith((".java", ".class")) and _MEANT.fullmatch(base):
        raise MigrationUnreadable(
            f"{path} is a migration in Java", hint="Only Flyway itself can run it; deploy with it."
        )
    if _MEANT.fullmatch(base):
        raise MigrationUnreadable(
            f"{path} is no name that Flyway knows, so Flyway would pass over it",
            hint="V1_2__words.sql, U1_2__words.sql, B1_2__words.sql and R__words.sql are; mind the"
            " two underscores.",
        )
