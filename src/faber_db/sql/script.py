"""A script: SQL text cut into statements with their positions, each with what it does."""

from dataclasses import dataclass

from faber_db.model.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script."""

    text: str  # exactly as in the source, without the separating semicolon
    start: int  # character offset in the script
    line: int  # 1-based
    understood: bool = True
    transactional: bool = True  # False: refuses to run inside a transaction block


@dataclass(frozen=True, slots=True)
class Script:
    """SQL text with its statements."""

    text: str
    dialect: Dialect
    statements: tuple[Statement, ...]
