"""What counts for or against a database change, and how much."""

import re
from dataclasses import dataclass, field
from enum import StrEnum


class ChangeKind(StrEnum):
    """The kinds of database change that a work item can ask for."""

    CREATE_TABLE = "create_table"
    ADD_COLUMN = "add_column"
    INDEX = "index"
    TYPE_CHANGE = "type_change"
    DROP = "drop"
    DATA_MIGRATION = "data_migration"
    CONSTRAINT = "constraint"
    RENAME = "rename"
    NONE = "none"


class Where(StrEnum):
    """The part of a work item that an indicator reads."""

    TITLE = "title"
    DESCRIPTION = "description"
    TEXT = "text"  # title and description; counts in full in the title
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One sign. `weight` is in log odds: +1 makes a change 2.7 times as likely, -1 the reverse.

    Signs of one `family` say the same thing: only the strongest of each sign in it counts.
    """

    family: str
    weight: float
    pattern: re.Pattern[str]
    kind: ChangeKind = ChangeKind.NONE
    where: Where = Where.TEXT
    unless: re.Pattern[str] | None = field(
        default=None
    )  # read over the match and what is around it


def sign(
    family: str,
    weight: float,
    pattern: str,
    kind: ChangeKind = ChangeKind.NONE,
    *,
    where: Where = Where.TEXT,
    unless: str = "",
) -> Indicator:
    """An indicator whose pattern matches whole words; a space in it stands for any run of blanks."""
    return Indicator(
        family=family,
        weight=weight,
        pattern=_words(pattern),
        kind=kind,
        where=where,
        unless=_words(unless) if unless else None,
    )


def _words(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ?", r"[\s_-]*").replace(" ", r"[\s_-]+")
    return re.compile(rf"(?<![^\W_])(?:{spaced})(?![^\W_])", re.IGNORECASE)
