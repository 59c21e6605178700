"""What MySQL's MODIFY and CHANGE do to the stored values, from the old definition and the new one.

Measured on MariaDB 10.11; MySQL 8 by its manual, Online DDL Operations. Where the two differ and the
product is not known, the worse is taken. What is not decided here is copied and may be cut.
"""

from faber_db.model.statement import ColumnDefinition, TypeName
from faber_db.rules.state import ColumnState

INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("tinytext", "text", "mediumtext", "longtext")
_BLOBS = ("tinyblob", "blob", "mediumblob", "longblob")
_STRINGS = ("char", "varchar", *_TEXTS)
_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "latin1": 1, "ascii": 1, "binary": 1}
_SHORT = 127  # bytes of a VARCHAR whose length MariaDB stores the same below and above 255
_DIGITS = {"tinyint": 3, "smallint": 5, "mediumint": 8, "int": 10, "bigint": 20}


def charset(kind: TypeName, collation: str = "") -> str:
    """The character set that a type or its collation names, or empty."""
    named = next((a.split()[-1] for a in kind.attributes if a.startswith("character set")), "")
    named = named or collation.partition("_")[0].lower()
    return {"utf8": "utf8mb3"}.get(named, named)


def width(kind: TypeName, characters: str) -> int:
    """The most bytes that a value can take."""
    one = 1 if kind.name in ("varbinary", "binary") else _BYTES.get(characters, 4)
    return length(kind) * one


def length(kind: TypeName) -> int:
    """The first argument of a type; 0 where it has none."""
    first = kind.arguments[0] if kind.arguments else "0"
    return int(first) if first.isdigit() else 0


def is_unsigned(kind: TypeName) -> bool:
    return "unsigned" in kind.attributes or "zerofill" in kind.attributes


def same_storage(
    old: TypeName, new: TypeName, *, characters: str = "utf8mb4", mariadb: bool = False
) -> bool:
    """Whether values keep their bytes: the type stays, or a VARCHAR, ENUM or SET grows at its end."""
    if old.name != new.name or is_unsigned(old) != is_unsigned(new):
        return False
    if old.name in ("varchar", "varbinary"):
        before, after = width(old, characters), width(new, characters)
        within = (before > 255) == (after > 255) or (mariadb and before <= _SHORT)
        return after >= before and within
    if old.name in ("enum", "set"):
        grows = new.arguments[: len(old.arguments)] == old.arguments
        return grows and _labels_bytes(old) == _labels_bytes(new)
    if old.name in INTEGERS:
        return True
    if old.name == "decimal":
        return _decimal(old) == _decimal(new)
    if old.name in ("datetime", "timestamp", "time"):
        return length(old) == length(new)
    return old.arguments == new.arguments


def _labels_bytes(kind: TypeName) -> int:
    """An ENUM takes one byte or two, a SET one for each eight labels, then four and eight."""
    if kind.name == "enum":
        return 1 if len(kind.arguments) < 256 else 2
    needed = (len(kind.arguments) + 7) // 8
    return needed if needed <= 4 else 8


def loses(old: TypeName, new: TypeName) -> bool:
    """Whether values can be cut or rounded: with an error in strict mode, or silently in every mode."""
    return cuts(old, new) or rounds(old, new)


def rounds(old: TypeName, new: TypeName) -> bool:
    """Whether values change without an error in every mode: decimals, floats, times."""
    if old.name == "decimal":
        return (new.name == "decimal" and _decimal(new)[1] < _decimal(old)[1]) or new.name in (
            "float", "double", *INTEGERS,
        )  # fmt: skip
    if old.name in ("float", "double"):
        return new.name in ("decimal", "float", *INTEGERS) and new != old
    if old.name in ("datetime", "timestamp", "time") and new.name == old.name:
        return length(new) < length(old)
    return old.name in ("datetime", "timestamp") and new.name in ("date", "time", "year")


def cuts(old: TypeName, new: TypeName) -> bool:
    """Whether a value may not fit: an error in strict mode, cut without a word in any other."""
    if old.name in INTEGERS and new.name in INTEGERS:
        return _range(new)[0] > _range(old)[0] or _range(new)[1] < _range(old)[1]
    if old.name in ("varchar", "char", "varbinary", "binary") and new.name == old.name:
        return length(new) < length(old)
    if {old.name, new.name} == {"char", "varchar"}:
        return length(new) < length(old)
    if old.name == new.name == "decimal":
        before, after = _decimal(old), _decimal(new)
        return after[0] - after[1] < before[0] - before[1]
    if old.name in ("enum", "set") and new.name == old.name:
        return not set(old.arguments) <= set(new.arguments)
    if old.name in ("enum", "set") and new.name in ("char", "varchar"):
        longest = max((len(a) for a in old.arguments), default=0)
        return length(new) < longest
    if old.name in (*_TEXTS, "json") and new.name in (*_TEXTS, "json"):
        return _text_rank(new) < _text_rank(old)
    if old.name in _BLOBS and new.name in _BLOBS:
        return _BLOBS.index(new.name) < _BLOBS.index(old.name)
    if old.name in ("varbinary", "binary") and new.name in _BLOBS:
        return new.name == "tinyblob" and length(old) > 255
    if old.name in ("varchar", "char") and new.name in _TEXTS:
        return new.name == "tinytext" and length(old) > 63
    if old.name in INTEGERS and new.name in _STRINGS:
        return new.name in ("varchar", "char") and length(new) < _DIGITS[old.name]
    if old.name in INTEGERS and new.name == "decimal":
        return _decimal(new)[0] - _decimal(new)[1] < _DIGITS[old.name]
    if old.name in INTEGERS and new.name == "double":
        return old.name == "bigint"
    return not _holds(old, new)


_HOLDS = {
    ("float", "double"), ("date", "datetime"), ("datetime", "datetime"), ("timestamp", "datetime"),
    ("year", "int"), ("year", "smallint"), ("year", "bigint"), ("year", "mediumint"),
    ("date", "varchar"), ("datetime", "text"), ("time", "time"), ("timestamp", "timestamp"),
}  # fmt: skip


def _holds(old: TypeName, new: TypeName) -> bool:
    """Pairs of which the new type takes every value of the old one, rounding apart."""
    same = old.name == new.name and old.name not in INTEGERS
    return same or (old.name, new.name) in _HOLDS or rounds(old, new)


def _text_rank(kind: TypeName) -> int:
    return _TEXTS.index("longtext" if kind.name == "json" else kind.name)


def _range(kind: TypeName) -> tuple[int, int]:
    bits = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[kind.name]
    return (0, 2**bits - 1) if is_unsigned(kind) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _decimal(kind: TypeName) -> tuple[int, int]:
    numbers = [int(a) for a in kind.arguments if a.isdigit()]
    return (numbers[0] if numbers else 10, numbers[1] if len(numbers) > 1 else 0)


def charset_shrinks(old: ColumnState, new: ColumnDefinition, table: str) -> bool:
    """Whether a new character set cannot hold what the old one could."""
    after = charset(new.type, new.collation)
    before = charset(old.type, old.collation) or table or "utf8mb4"
    return bool(after) and _BYTES.get(after, 4) < _BYTES.get(before, 4)
