"""What a heading says: which table the text below it is about, or that nothing there is asked for."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from faber_db.schema.names import same_thing
from faber_db.spec.fields import IDENTIFIER, QUALIFIED


class Section(Enum):
    """What the text below a heading is."""

    ASKED = "asked"
    ABOUT_A_PART = "part"  # "Columns", "Indexes": still about the table named before
    NOT_ASKED = "not asked"  # "Out of scope"
    TOLD = "told"  # "Current schema": what is, not what shall be
    WAY_BACK = "way back"  # "Rollback"


@dataclass(frozen=True, slots=True)
class Named:
    """The table that a heading names."""

    table: str
    new: bool = False
    sure: bool = True  # False: a bare word; it names a table where columns follow at once


_NOT_ASKED = re.compile(
    r"\b(?:out of scope|not in scope|non-?goals?|future(?: work)?|later|follow-?ups?|won't do|"
    r"alternatives?(?: considered)?|rejected|considered|deferred|not now)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"\b(?:(?:current|existing|present|old|as-is) (?:schema|state|tables?|situation|structure|models?|"
    r"behaviou?r|database)|status quo|open questions?|queries|verification|testing|how to test)\b"
    r"|^(?:today|before|as is|currently|examples?|example (?:data|rows))$",
    re.IGNORECASE,
)
_WAY_BACK = re.compile(
    r"\b(?:roll(?:ing)?[ -]?back|down(?: migration| script)?|revert(?:ing)?|undo|back-?out)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^(?:the\s+|new\s+|table\s+|database\s+|db\s+|data\s+)*(?:attributes?|changes?|columns?|constraints?|"
    r"data ?base|data|definition|details|ddl|entity|fields?|foreign keys?|index(?:es)?|indices|keys?|"
    r"migrations?|models?|overview|properties|proposal|proposed schema|relations(?:hips?)?|"
    r"requirements|rules|schema|schema changes|solution|sql|structure|summary|tables?|"
    r"acceptance criteria|unique constraints?|what changes|implementation|tasks?|to ?do|design|"
    r"specification|spec|backend|data model)(?:\s+(?:and|&)\s+\w+)*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.)]?|[a-z][.)])\s+", re.IGNORECASE)
_NEW_AFTER = re.compile(
    r"\s*(?:[(\[]\s*(?:a\s+)?(?:new|create|added?)(?:\s+table)?\s*[)\]]|[:\u2013\u2014-]\s*new(?:\s+table)?)\s*$",
    re.IGNORECASE,
)
_OLD_AFTER = re.compile(
    r"\s*[(\[]\s*(?:existing|changed?|changes|modif\w+|updated?|alter\w*|extend\w*|additions?|table)"
    r"(?:\s+table)?\s*[)\]]\s*$",
    re.IGNORECASE,
)
_NEW_BEFORE = re.compile(
    r"^(?:create|add|introduce|define|new)(?:\s+(?:an?|the|new))*\s*:?\s+(?=(?:database\s+)?table\b|`|\*)"
    r"|^(?:create|add|introduce|define)\s+(?:(?:an?|the|new)\s+)*(?=\S+\s+table$)"
    r"|^new\s*:\s*|^new\s+(?=\S+$)",
    re.IGNORECASE,
)
_CHANGE_BEFORE = re.compile(
    r"^(?:(?:changes?|additions?|alterations?|modifications?|updates?|extensions?|(?:new\s+)?columns?|"
    r"(?:new\s+)?fields?|(?:new\s+)?attributes?|schema)\s+(?:to|of|on|in|for)"
    r"|add(?:\s+(?:new\s+)?(?:columns?|fields?|attributes?))?\s+(?:to|on)"
    r"|alter|change|modify|update|extend)\s*:?\s+(?:the\s+)?",
    re.IGNORECASE,
)
_TABLE_BEFORE = re.compile(
    r"^(?:the\s+)?(?:(?:new|existing|database|db)\s+)*(?:table|model|entity)\s*:?\s+", re.IGNORECASE
)
_TABLE_AFTER = re.compile(r"\s+(?:table|model|entity)(?:\s+changes?)?\s*$", re.IGNORECASE)
_QUOTED = re.compile(rf"^[`*\"]+(?P<name>{QUALIFIED})[`*\"]+$")
_BARE = re.compile(rf"^{QUALIFIED}$")
_WORDS = re.compile(r"^[A-Za-z][\w]*(?:[ -][A-Za-z]\w*){1,3}$")


def section(text: str) -> Section:
    """What kind of text a heading announces."""
    bare = _NUMBER.sub("", text).strip(" :#*")
    if len(bare) > 200:
        return Section.ASKED
    if _WAY_BACK.search(bare) and not re.search(r"`", bare):
        return Section.WAY_BACK
    if _NOT_ASKED.search(bare) and not re.search(r"`", bare):
        return Section.NOT_ASKED
    if _TOLD.search(bare) and not re.search(r"`", bare):
        return Section.TOLD
    return Section.ABOUT_A_PART if _PART.match(bare) else Section.ASKED


def names_table(text: str, tables: Collection[str]) -> Named | None:
    """The table that a heading names, or None.

    Args:
        text: the heading, with its backticks.
        tables: full names of the tables that are there; empty where they are not known.
    """
    words = _NUMBER.sub("", text).strip().rstrip(":").strip()
    if not words or len(words) > 200:
        return None
    words, new = _without(_NEW_AFTER, words)
    words, _ = _without(_OLD_AFTER, words)
    words, created = _without(_NEW_BEFORE, words)
    words, changed = _without(_CHANGE_BEFORE, words)
    words, before = _without(_TABLE_BEFORE, words)
    after = False
    if not before:
        words, after = _without(_TABLE_AFTER, words)
    new, marked = new or created, before or after
    quoted = _QUOTED.match(words)
    if quoted:
        return Named(quoted["name"], new)
    if _BARE.match(words):
        return _bare(words, tables, new=new, marked=marked, changed=changed)
    if _WORDS.match(words) and not new:  # "Customer calls": only a table that is there
        found = _alike(words, tables)
        return Named(words if len(found) > 1 else found[0]) if found else None
    return None


def _without(pattern: re.Pattern[str], words: str) -> tuple[str, bool]:
    found = pattern.search(words)
    if found is None or found.span() == (0, len(words)):
        return words, False
    return (words[: found.start()] + words[found.end() :]).strip(), True


def _bare(
    word: str, tables: Collection[str], *, new: bool, marked: bool, changed: bool
) -> Named | None:
    if new:
        return Named(word, new=True)
    if len(_alike(word, tables)) == 1:
        return Named(_alike(word, tables)[0])
    if _alike(word, tables):
        return Named(word)  # several: which one is meant is asked
    if _PART.match(word):
        return None
    if re.fullmatch(r"[a-z]+_[a-z0-9_]+", word, re.IGNORECASE):
        return Named(word)
    lower = re.fullmatch(rf"{IDENTIFIER}(?:\.{IDENTIFIER})*", word) and word == word.lower()
    if marked and lower:
        return Named(word)
    if lower or marked:
        return Named(word, sure=False)
    return None


def _alike(word: str, tables: Collection[str]) -> list[str]:
    """The tables that a word is the name of: exactly, in another case, or as singular or plural."""
    tests = (
        lambda t: t == word,
        lambda t: t.rpartition(".")[2] == word,
        lambda t: t.lower() == word.lower(),
        lambda t: t.rpartition(".")[2].lower() == word.lower(),
        lambda t: same_thing(t.rpartition(".")[2]) == same_thing(word),
    )
    for test in tests:
        found = [table for table in tables if test(table)]
        if found:
            return found
    return []
