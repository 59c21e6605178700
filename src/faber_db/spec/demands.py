"""Which sentences ask for a change of the schema, and which only tell about it.

A sentence that asks and was not turned into a change has to be listed, whatever it costs; one that
only introduces, explains or sums up what was understood elsewhere would be noise.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from faber_db.model.change import (
    CascadeWanted,
    Change,
    CheckWanted,
    ColumnChanged,
    ColumnsDropped,
    EnumWanted,
    IndexesDropped,
    KeyWanted,
    ReferenceWanted,
    Renamed,
    TableDropped,
    TableWanted,
    VerbatimSql,
    WantedColumn,
)
from faber_db.schema.names import singular

_TICK = re.compile(r"`([A-Za-z_][\w.$]*)`")
_STRONG = re.compile(
    r"\b(?:columns?|tables?|index(?:es)?|indices|constraints?|(?:foreign|primary|unique) keys?|"
    r"unique(?:ness)?|nullable|not null|enum(?:s|eration)?|defaults? to|default value|"
    r"(?:many|one)-to-(?:many|one))\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"`[A-Za-z_][\w.$]*`|\b(?:schema|fields?|attributes?|rows?|records?|database|triggers?|views?|"
    r"sequences?|relations?(?:hips?)?)\b",
    re.IGNORECASE,
)
_DEMANDS = re.compile(
    r"\b(?:add(?:s|ed|ing)?|creat(?:e|es|ed|ing)|drop(?:s|ped|ping)?|remov(?:e|es|ed|ing)|delet(?:e|es|ed|ing)|"
    r"renam(?:e|es|ed|ing)|chang(?:e|es|ed)|convert(?:s|ed)?|alter|mak(?:e|es)|set|stor(?:e|es|ed)|keep|kept|"
    r"track(?:s|ed)?|record(?:ed)|link(?:s|ed)?|move(?:d|s)?|split|merge(?:d|s)?|introduce[sd]?|define[sd]?|"
    r"extend(?:s|ed)?|widen(?:s|ed)?|backfill(?:ed|s)?|fill(?:ed|s)?|cop(?:y|ies|ied)|populate[sd]?|replace[sd]?|"
    r"normali[sz]ed?|enforce[sd]?|ensure[sd]?|prevent(?:s|ed)?|requires?|required|needs?|needed|wants?|must|should|shall|"
    r"ha(?:s|ve) to|cannot|can't|can not|may not|gets?|receives?|becomes?|turned|references?|points? to|belongs? to|"
    r"go(?:es)? away|at most|at least|only one|no two|start(?:s)? at|be (?:unique|null|empty|optional)|optional|"
    r"linked to|unique|nullable|has an?|have an?|is an?)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:holds?|contains?|was|were|had|never|used to|today|currently|so far|at the moment|(?:is|are) used|"
    r"shows?|lists?|exists?|already|(?:is|are) shown|used for|is kept as|this (?:task|change|issue|work) only|"
    r"out of scope|no (?:schema|database) changes?)\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"(?:^|[.;:,]\s+|\b(?:and|then|also|to|please|must|should|shall|will|need to|have to|has to|needs to)\s+)"
    r"(?:add|create|drop|remove|delete|rename|change|convert|alter|make|set|store|keep|track|move|split|"
    r"merge|introduce|define|extend|widen|backfill|fill|copy|populate|replace|normali[sz]e|enforce|ensure|"
    r"prevent|be|have|get|index|reference)\b",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"\bcan(?:not|'t) be (?:negative|empty|null|less|more|deleted|removed|changed)\b|\beach .+?\b(?:has|have|belongs)\b|\bbelongs? to\b|"
    r"\bis linked to\b|\bwhich is unique\b|\bfor each .+? we (?:keep|store)\b|\bremoving .+? removes\b|"
    r"\bno two\b|\bnegative\b|\bha(?:s|ve) at most one\b|\b(?:can|may) have (?:many|several|multiple)\b",
    re.IGNORECASE | re.DOTALL,
)
ROWS = re.compile(
    r"\b(?:rows?|existing|back-?fill(?:ed|s|ing)?|filled (?:from|with)|populated? (?:from|with)|cop(?:ied|y)|"
    r"moved? (?:from|to|into)|convert(?:ed)?|records? (?:that|which|stay|get)|migrate (?:the|all|existing) (?:data|values))\b",
    re.IGNORECASE,
)
NOTHING_FOR_ROWS = re.compile(
    r"\bexisting\s+(?:\w+\s+){1,3}?(?:have none|(?:stay|remain|are left|are kept)\s+(?:as they are|unchanged|"
    r"empty|null|untouched|without)|(?:are not|do not|don't)\s+(?:changed?|touched|need|get)|(?:get|keep|have|start with)\s+"
    r"`?null`?|keep their\b|take the default|get the default)",
    re.IGNORECASE,
)

_NEGATED = re.compile(
    r"\b(?:not|never|without|don't|do not|doesn't|won't|shouldn't|mustn't|cannot|no need|instead of|"
    r"rather than|avoid|neither|nor|except)\b|n't\b|~~",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:could|might|may|maybe|perhaps|later|eventually|someday|follow-?up|next release|in (?:the )?future|"
    r"considered|considering|unless|would|optionally|possibly|proposed to|suggested|already|previously|"
    r"were (?:dropped|removed|renamed)|was (?:dropped|removed|renamed|added)|if (?:we|you|the|this|that|there|someone|any|a)|once|until|after|"
    r"when we|as soon as|nice to have|out of scope|tbd|to be decided)\b|\?",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\bnot[ -]?null\b|\b(?:if|as far as|where|when) (?:they|it|it's|still)?\s*(?:still )?(?:exists?|are there|is there)\b"
    r"|\bif (?:present|exists)\b|\bnot required\b|\bnot unique\b|\bwithout (?:a )?time ?zone\b|`[^`]*`|\([^)]*\)"
    r"|\b(?:is|are) not (?:mandatory|optional|nullable)\b",
    re.IGNORECASE,
)


def asks(text: str) -> bool:
    """Whether a passage seems to ask for a change of the schema or of stored rows."""
    if _DOMAIN.search(text) or (ROWS.search(text) and _WEAK.search(text)):
        return True
    if _STRONG.search(text):
        return bool(_IMPERATIVE.search(text)) or not _TELLS.search(text)
    if not (_WEAK.search(text) and _DEMANDS.search(text)):
        return False
    return bool(_IMPERATIVE.search(text)) or not _TELLS.search(text)


def mentions(text: str) -> bool:
    """Whether a passage names anything of a schema at all."""
    return bool(_STRONG.search(text) or _WEAK.search(text))


def held_back(sentence: str, end: int | None = None) -> str:
    """Why a sentence in a form that is read is not followed all the same; empty: it is.

    Args:
        sentence: the whole of it.
        end: where a negation can no longer be about the form; the end of the sentence by default.
    """
    if _NEGATED.search(_HARMLESS.sub(" ", sentence[:end])):
        return "negated, so it is not followed"
    if _OPEN.search(_HARMLESS.sub(" ", sentence)):
        return "open, conditional or about the past, so it is not followed"
    return ""


# what is understood elsewhere

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for kind, words in (
        ("index", "index(?:es|ed)?|indices"),
        ("unique", "unique(?:ness|ly)?|duplicates?"),
        ("key", "foreign keys?|references?|belongs? to|linked to|points? to"),
        ("null", "nullable|optional|required|mandatory|not null"),
        ("default", "defaults?(?: to| value)?|by default"),
        ("labels", "enum(?:s|erations?)?"),
        ("primary", "primary keys?"),
        ("rename", "renam(?:e|es|ed|ing)"),
        ("drop", "drop(?:s|ped)?|remov(?:e|es|ed)|delet(?:e|es|ed)|gone?|goes"),
        ("table", "new tables?|tables? of (?:its|their) own|creat\\w+ (?:\\w+ ){0,3}tables?"),
        ("check", "check constraints?|negative"),
    )
)
_BEYOND = re.compile(
    r"\d|\b(?:must|cannot|can't|never|at (?:least|most)|negative|only one|no two|existing|rows?|"
    r"back-?fill\w*|cop(?:y|ied)|filled|moved|converted|cascade|go(?:es)? away)\b",
    re.IGNORECASE,
)
_AT_MOST_ONE = re.compile(
    r"\b(?:each|every|an?|one)\s+`?(?P<one>\w+)`?\s+(?:has|have|can have|may have|gets?)\s+(?:at most one|only one|"
    r"one|no more than one)\s+`?(?P<other>\w+)`?",
    re.IGNORECASE,
)
_HAS_MANY = re.compile(
    r"\b(?:each|every|an?)\s+`?(?P<one>\w+)`?\s+(?:has|can have|may have)\s+(?:many|several|multiple|any number of)\s+"
    r"`?(?P<other>\w+)`?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: str
    names: frozenset[str]  # lower case


class Understood:
    """What the changes of a text say, to tell a summary from a further demand."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._facts = tuple(fact for change in changes for fact in _facts(change))
        self._names = frozenset(name for fact in self._facts for name in fact.names)
        self._words = frozenset(
            singular(word) for name in self._names for word in re.split(r"[._]", name) if word
        )

    def covers(self, sentence: str) -> bool:
        """Whether all that a sentence asks for is among the changes, as far as words can tell."""
        cardinality = self._cardinality(sentence)
        if cardinality is not None:
            return cardinality
        if _BEYOND.search(_TICK.sub(" ", sentence)) or not self._facts:
            return False
        ticked = {t.lower() for t in _TICK.findall(sentence)}
        names = {n.rpartition(".")[2] for n in ticked}
        if not names <= self._names:
            return False
        if not names:
            words = {singular(w) for w in re.findall(r"[a-z]+", sentence.lower())}
            if not words & self._words:
                return False
            names = {n for n in self._names if words & {singular(w) for w in n.split("_")}}
        kinds = {kind for kind, words in _KINDS if words.search(sentence)}
        return all(any(f.kind == kind and f.names & names for f in self._facts) for kind in kinds)

    def _cardinality(self, sentence: str) -> bool | None:
        """Whether "each user has at most one plan" is there as a key; None: it says no such thing."""
        one, many = _AT_MOST_ONE.search(sentence), _HAS_MANY.search(sentence)
        found = one or many
        if found is None:
            return None
        near, far = (singular(found[group].lower()) for group in ("one", "other"))
        wanted = {"unique"} if one else {"key"}
        return any(
            fact.kind in wanted
            and any(singular(n.removesuffix("_id")) == near for n in fact.names)
            and any(singular(n) == far for n in fact.names)
            for fact in self._facts
        )


def _facts(change: Change) -> Iterator[_Fact]:
    match change:
        case TableWanted():
            yield from _of_table(change)
        case EnumWanted():
            yield _fact("labels", change.name, *change.labels)
        case KeyWanted():
            table = _bare(change.table)
            yield _fact(change.kind, table, *change.key.columns)
            if change.key.unique:
                yield _fact("unique", table, *change.key.columns)
        case ReferenceWanted():
            target = change.reference.target
            yield _fact("key", _bare(change.table), _bare(target.table), *change.reference.columns)
        case CascadeWanted():
            yield _fact("cascade", change.child, change.parent)
        case CheckWanted():
            yield _fact("check", _bare(change.table), *re.findall(r"\w+", change.expression))
        case ColumnChanged():
            yield from _of_changed(change)
        case ColumnsDropped():
            yield _fact("drop", _bare(change.table), *change.columns)
        case TableDropped():
            yield _fact("drop", _bare(change.table))
        case IndexesDropped():
            for kind in ("drop", "index"):
                yield _fact(kind, *change.names)
        case Renamed():
            yield _fact("rename", _bare(change.table), change.column, change.to)
        case VerbatimSql():
            yield from _of_sql(change.sql)


def _fact(kind: str, *names: str) -> _Fact:
    return _Fact(kind, frozenset(n.lower() for n in names if n))


def _bare(table: str) -> str:
    return table.rpartition(".")[2]


def _of_changed(change: ColumnChanged) -> Iterator[_Fact]:
    names = (_bare(change.table), change.column)
    yield _fact("column", *names)
    if change.nullable is not None:
        yield _fact("null", *names)
    if change.default is not None or change.drop_default:
        yield _fact("default", *names)


def _of_table(wanted: TableWanted) -> Iterator[_Fact]:
    table = _bare(wanted.table)
    yield _fact(
        "table" if wanted.new or wanted.whole or len(wanted.columns) > 1 else "column", table
    )
    for column in wanted.columns:
        for kind in _of_column(column):
            target = column.references.table if kind == "key" and column.references else ""
            yield _fact(kind, table, column.name, _bare(target))
    for key in wanted.uniques:
        yield _fact("unique", table, *key.columns)
    for index in wanted.indexes:
        yield _fact("index", table, *index.columns)
        if index.unique:
            yield _fact("unique", table, *index.columns)
    for reference in wanted.references:
        yield _fact("key", table, _bare(reference.target.table), *reference.columns)
    if wanted.primary_key:
        yield _fact("primary", table, *wanted.primary_key)


def _of_column(column: WantedColumn) -> Sequence[str]:
    said = (
        ("column", True),
        ("null", column.nullable is not None),
        ("default", column.default is not None),
        ("primary", column.primary_key),
        ("unique", column.unique),
        ("index", column.indexed),
        ("key", column.references is not None),
        ("labels", bool(column.labels)),
        ("check", bool(column.check)),
    )
    return [kind for kind, is_said in said if is_said]


_SQL_KINDS = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        ("table", r"\bcreate\s+table\b"),
        ("index", r"\bindex\b"),
        ("unique", r"\bunique\b"),
        ("key", r"\breferences\b"),
        ("null", r"\bnull\b"),
        ("default", r"\bdefault\b"),
        ("labels", r"\benum\b"),
        ("primary", r"\bprimary\s+key\b"),
        ("rename", r"\brename\b"),
        ("drop", r"\bdrop\b"),
        ("check", r"\bcheck\b"),
        ("column", r""),
    )
)


def _of_sql(sql: str) -> Iterator[_Fact]:
    """Facts of a statement, line by line: what stands in one line belongs together."""
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", sql)
    head = re.findall(r"\w+", bare.split("(", 1)[0])
    for line in bare.splitlines():
        names = [*head, *re.findall(r"\w+", line)]
        for kind, pattern in _SQL_KINDS:
            if pattern.search(line):
                yield _fact(kind, *names)
