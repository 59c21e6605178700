"""Names of migration files that a person could take for others."""

import re
import unicodedata
from collections.abc import Iterable

from faber_db.errors import MigrationUnreadable
from faber_db.sql.visible import visible

_LONGEST = 255  # bytes of one part; the most that file systems and most ledgers hold
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL")
_RENAME = "Rename that file; a ledger, an approval and a person have to mean the same one."


def refuse_odd(names: Iterable[str]) -> None:
    """Raise where a name cannot be seen as it is, or two cannot be told apart.

    Args:
        names: paths of a history, below its folder.

    Raises:
        MigrationUnreadable: says which, with what cannot be seen escaped.
    """
    seen: dict[str, str] = {}
    for name in names:
        if any(part in ("", ".", "..") for part in name.split("/")):
            raise MigrationUnreadable(
                f"{visible(name, keep_lines=False)} is no path below the migration folder",
                hint=_RENAME,
            )
        if not (name.isascii() and name.isprintable()):
            _refuse_unseen(name)
        if any(len(part.encode(errors="surrogateescape")) > _LONGEST for part in name.split("/")):
            raise MigrationUnreadable(
                f"a file name has more than {_LONGEST} bytes: {name[:60]}…", hint=_RENAME
            )
        key = name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()
        before = seen.setdefault(key, name)
        if before != name:
            raise MigrationUnreadable(
                f"{before} and {visible(name, keep_lines=False)} look alike", hint=_RENAME
            )


def _refuse_unseen(name: str) -> None:
    shown = visible(name, keep_lines=False)
    if shown != name:
        raise MigrationUnreadable(
            f"a file name has characters that cannot be seen: {shown}", hint=_RENAME
        )
    for word in re.split(r"[\W\d_]+", name):
        scripts = {s for c in word for s in _SCRIPTS if unicodedata.name(c, "").startswith(s)}
        if len(scripts) > 1:
            raise MigrationUnreadable(
                f"{name} mixes letters of {' and '.join(sorted(scripts)).lower()} in {word!r},"
                " which look alike",
                hint=_RENAME,
            )
    if any(unicodedata.category(c) == "Nd" and not c.isascii() for c in name):
        raise MigrationUnreadable(
            f"{name} has digits that are not 0 to 9, so tools order it differently", hint=_RENAME
        )
