"""Drizzle's folder: `meta/_journal.json` says which files run and in what order; nothing else does.

Of an entry, `tag` is the file's name and `when` (milliseconds) is all that Drizzle compares with its
ledger. A script is cut at `--> statement-breakpoint` and its pieces are sent one by one, so a piece
needs no semicolon at its end; here it gets one, and lines stay where they are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from faber_db.adapters.handlers.reading import has_statements, text_of
from faber_db.errors import MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile

JOURNAL = "meta/_journal.json"
BREAKPOINT = "--> statement-breakpoint"
_COMMENT = "-- statement-breakpoint"
_DOWN = ".down.sql"  # ours: Drizzle has no way back, and reads no file that has no entry
_RESTAMP = f"Correct {JOURNAL}; its tool is drizzle-kit."


@dataclass(frozen=True, slots=True)
class DrizzleMigration(Migration):
    """With what of the journal is not its own, so that an entry can be added to it."""

    journal: str = ""  # the whole text
    strays: tuple[str, ...] = ()  # files of the folder that no entry names


def read(files: Sequence[SourceFile]) -> tuple[DrizzleMigration, ...]:
    """In the order of the journal.

    Raises:
        MigrationUnreadable: the journal is none, or an entry has no file, or no time of its own.
    """
    by_path = {file.path: file for file in files}  # of two, the later one: a journal that has grown
    if JOURNAL not in by_path:
        if by_path:
            raise MigrationUnreadable(
                f"there are scripts, and no {JOURNAL}", hint="Drizzle runs only what stands in it."
            )
        return ()
    text = text_of(by_path[JOURNAL])
    journal = _parsed(text)
    entries = [_entry(entry) for entry in journal["entries"]]
    _refuse_twice(entries)
    named = {f"{tag}{ending}" for tag, _ in entries for ending in (".sql", _DOWN)}
    strays = tuple(sorted(path for path in by_path if path != JOURNAL and path not in named))
    beside = (JOURNAL, *(f"{tag}.sql" for tag, _ in entries))  # it names them: all have to be there
    return tuple(
        replace(
            _migration(tag, when, by_path),
            provider=str(journal.get("dialect", "")),
            beside=beside,
            journal=text,
            strays=strays,
        )
        for tag, when in entries
    )


def grown(
    existing: Sequence[Migration], tag: str, up: str, down: str, *, when: int
) -> tuple[SourceFile, ...]:
    """The files of a new migration, the journal with its entry among them.

    The snapshot in `meta` is drizzle-kit's own picture of the project's TypeScript, which nobody
    else can draw: none is written, so that drizzle-kit goes on from its last one.
    """
    kept = {migration.name for migration in existing}
    last = existing[-1] if existing else None
    before = last.journal if isinstance(last, DrizzleMigration) else ""
    first: dict[str, Any] = {"version": "7", "entries": []}
    journal = _parsed(before) if before else first
    entries = [one for one in journal["entries"] if one["tag"] in kept]
    index = max((int(one.get("idx", -1)) for one in entries), default=-1) + 1
    version = journal.get("version", "7")
    entry = {"idx": index, "version": version, "when": when, "tag": tag, "breakpoints": True}
    text = json.dumps(journal | {"entries": [*entries, entry]}, indent=2, ensure_ascii=False)
    files = [SourceFile(f"{tag}.sql", up.encode()), SourceFile(JOURNAL, text.encode())]
    if has_statements(down):
        files.insert(1, SourceFile(f"{tag}{_DOWN}", down.encode()))
    return tuple(files)


def next_prefix(existing: Sequence[Migration]) -> str:
    """`0007`, as drizzle-kit counts."""
    numbers = [m.name.partition("_")[0] for m in existing]
    return f"{max((int(n) for n in numbers if n.isdecimal()), default=-1) + 1:04}"


def separated(text: str) -> str:
    """A script whose pieces all end with a semicolon, and whose breakpoints are comments.

    To MySQL and MariaDB `-->` is none: there a comment has white space after its two dashes.
    """
    *pieces, last = text.split(BREAKPOINT)
    return _COMMENT.join([*(_ended(piece) for piece in pieces), last])


def _ended(piece: str) -> str:
    if not has_statements(piece) or piece.rstrip().endswith(";"):
        return piece
    in_comment = "--" in piece.rpartition("\n")[2]
    return f"{piece}\n;" if in_comment else f"{piece};"


def _parsed(text: str) -> dict[str, Any]:
    try:
        journal = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MigrationUnreadable(f"{JOURNAL} is no JSON", hint=_RESTAMP) from error
    if not isinstance(journal, dict) or not isinstance(journal.get("entries"), list):
        raise MigrationUnreadable(f"{JOURNAL} has no list of entries", hint=_RESTAMP)
    return journal


def _entry(entry: object) -> tuple[str, int]:
    if not isinstance(entry, dict):
        raise MigrationUnreadable(f"an entry of {JOURNAL} is no object", hint=_RESTAMP)
    tag, when = entry.get("tag"), entry.get("when")
    if not isinstance(tag, str) or not tag or "/" in tag or "\\" in tag or tag.startswith("."):
        raise MigrationUnreadable(
            f"{JOURNAL} has a tag that names no file beside it", hint=_RESTAMP
        )
    if not isinstance(when, int) or isinstance(when, bool) or not 0 <= when < 2**63:
        raise MigrationUnreadable(f"{tag} has no `when` in {JOURNAL}", hint=_RESTAMP)
    return tag, when


def _refuse_twice(entries: Sequence[tuple[str, int]]) -> None:
    tags: dict[str, int] = {}
    times: dict[int, str] = {}
    for tag, when in entries:
        if tag in tags:
            raise MigrationUnreadable(f"{tag} stands in {JOURNAL} twice", hint=_RESTAMP)
        if when in times:
            raise MigrationUnreadable(
                f"{times[when]} and {tag} have the same `when` in {JOURNAL}",
                hint="Drizzle skips the second where the first is applied. Give it a later one.",
            )
        tags[tag], times[when] = when, tag


def _migration(tag: str, when: int, files: Mapping[str, SourceFile]) -> DrizzleMigration:
    up, down = files.get(f"{tag}.sql"), files.get(f"{tag}{_DOWN}")
    if up is None:
        raise MigrationUnreadable(
            f"{JOURNAL} names {tag}, and there is no {tag}.sql",
            hint="Restore the file from version control; Drizzle stops there too.",
        )
    back = text_of(down) if down else ""
    return DrizzleMigration(
        version=str(when),
        name=tag,
        path=up.path,
        content=up.content,
        up=separated(text_of(up)),
        down=back if has_statements(back) else None,
        down_path=down.path if down else "",
    )
