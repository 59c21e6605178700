"""Plain sentences that can mean only one thing.

A sentence is read where it names columns and tables in backticks (or a table as "the user table")
and uses one of the forms below. Everything else is left to a person or the agent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faber_db.model.change import (
    CascadeWanted,
    Change,
    ColumnChanged,
    ColumnsDropped,
    IndexesDropped,
    KeyWanted,
    Reference,
    ReferenceWanted,
    Renamed,
    Span,
    TableDropped,
    TableWanted,
    WantedColumn,
    WantedKey,
    WantedReference,
)
from faber_db.model.dialect import Dialect
from faber_db.spec.demands import held_back
from faber_db.spec.fields import IDENTIFIER, QUALIFIED, read_field
from faber_db.spec.words_of_types import read_type

_TICK = rf"\**`{QUALIFIED}`\**"
_TICKS = rf"{_TICK}(?:\s*(?:,\s*(?:and\s+)?|\s+and\s+|\s+or\s+|\s*&\s*){_TICK})*"
_THE = r"(?:the\s+|our\s+|an?\s+)?"


def _table(group: str) -> str:
    """A table by name: `t`, the `t` table, table `t`, the t table."""
    return (
        rf"(?:{_THE}(?:tables?\s+)?\**`(?P<{group}>{QUALIFIED})`\**(?:\s+(?:table|model))?"
        rf"|{_THE}(?P<{group}_word>[a-z_][a-z0-9_]*)\s+table)"
    )


def _form(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(spaced, re.IGNORECASE | re.DOTALL)


_REMOVE = r"(?:drop|remove|delete)s?"
_REMOVED = r"(?:is|are|gets?|should be|will be|must be|can be) (?:removed|dropped|deleted)"
_IF_EXISTS = re.compile(
    r"\b(?:if|as far as|where|when) (?:they|it|it's|still)? ?(?:exists?|there)\b|if present", re.I
)

_DROP_COLUMNS = _form(
    rf"{_REMOVE} {_THE}(?:\w+ )?(?:columns?|fields?) (?P<names>{_TICKS})(?: (?:from|of|on|in) {_table('table')})?"
)
_DROP_NAMED = _form(
    rf"{_REMOVE} {_THE}(?P<names>{_TICKS}) (?:columns?|fields?)(?: (?:from|of|on|in) {_table('table')})?"
)
_DROPPED = _form(
    rf"(?P<names>{_TICKS}) (?:columns?|fields?)\s*(?:\((?P<note>[^)]*)\)\s*)?(?:(?:of|in|on) {_table('table')} )?{_REMOVED}"
)
_DROP_INDEXES = _form(rf"{_REMOVE} .*?\bind(?:ex|exes|ices) (?P<names>{_TICKS})")
_DROP_TABLES = _form(rf"{_REMOVE} {_THE}(?:\w+ )?tables? (?P<names>{_TICKS})")
_QUALITY = (
    r"(?:(?:new|nullable|optional|required|unique|non-null|more|further|additional|indexed),? )*"
)
_ADD = _form(
    rf"(?:add|adds|create|introduce)s? (?:an?|the|one|another)? ?(?P<quality>{_QUALITY})"
    rf"(?:(?:columns?|fields?|attributes?) )?(?P<names>{_TICKS})(?: (?:column|field|attribute)s?)?"
    rf"(?P<rest>(?:\s*\([^)]*\)| of type [^.,;`]+?|,? (?!to ))*?)\s*(?:to|on|in) {_table('table')}(?P<late>\s*\([^)]*\)| of type [^.,;]+)?"
)
_HAS = _form(
    rf"(?:{_table('table')}|(?:every|each|all|both|these|the) tables?\s*\((?P<tables>{_TICKS})\))"
    rf" (?:has|have|gets?|needs?|should have|must have|receives?) (?:an?|the|one|another)? ?(?P<quality>{_QUALITY})"
    rf"(?:(?:columns?|fields?|attributes?),? )?(?P<names>{_TICKS})(?: (?:column|field|attribute)s?)?"
    rf"(?P<rest>\s*\([^)]*\)| of type [^.,;`]+)?"
)
_NEED = _form(
    rf"(?:need|want|require)s? (?:the )?(?:columns? |fields? )?(?P<names>{_TICKS}) (?:columns? |fields? )?(?:on|in) {_table('table')}"
    rf"(?P<rest>)(?P<quality>)(?:, (?:both|all|each)? ?(?P<late>optional|nullable|required|not null))?"
)
_RENAME_COLUMN = _form(
    rf"rename {_THE}(?:column |field )?`(?P<old>{QUALIFIED})`(?: column| field)?(?: (?:in|on|of) {_table('table')})? (?:to|into|as) `(?P<new>{IDENTIFIER})`(?: (?:in|on|of) {_table('late')})?"
)
_RENAME_TABLE = _form(
    rf"rename {_THE}(?:table `(?P<old>{QUALIFIED})`|`(?P<old2>{QUALIFIED})` table) (?:to|into|as) `(?P<new>{IDENTIFIER})`"
)
_NULLABILITY = _form(
    rf"(?:make|makes|set) {_THE}(?:column )?`(?P<column>{QUALIFIED})`(?: column)?(?: (?:of|in|on) {_table('table')})?"
    r" (?:to )?(?P<what>required|mandatory|not null|non-nullable|nullable|optional|unique)"
)
_BECOMES = _form(
    rf"`(?P<column>{QUALIFIED})`(?: column)?(?: (?:of|in|on) {_table('table')})? (?:becomes|is made|must become|should become|must be|should be) (?P<what>required|mandatory|not null|non-nullable|nullable|optional|unique)"
)
_TYPE = _form(
    rf"(?:change|convert|alter|widen|migrate) (?:the type of )?{_THE}(?:column )?`(?P<column>{QUALIFIED})`(?: column)?(?: (?:of|in|on) {_table('table')})?(?: from `?[\w() ,]+?`?)? (?:in)?to `?(?P<type>[A-Za-z][\w (),]*[\w)])`?"
)
_INDEX = _form(
    rf"(?P<unique>unique )?(?P<kind>index|constraint) (?:on|over|for) (?:(?P<flat>{_TICKS}) (?:of|in|on) {_table('late')}|{_table('table')}\s*(?:\((?P<inside>[^)]*)\))?)"
)
_FOREIGN_KEY = _form(
    rf"foreign key (?:from `(?P<column>{QUALIFIED})` )?to {_table('table')}(?P<cascade> on delete cascade)?"
)
_GO_AWAY = _form(
    r"\b(?P<child>[a-z_]+) of (?:an?|the|its|their) (?P<parent>[a-z_]+) (?:go|goes|are removed|are deleted|is removed|is deleted|disappear) (?:away )?(?:together )?with (?:the|that|its|their) (?P<again>[a-z_]+)"
)
_REMOVING = _form(
    r"\b(?:removing|deleting) (?:an?|the) (?P<parent>[a-z_]+) (?:removes|deletes|also removes|also deletes) (?:all )?(?:its|their|all) (?P<child>[a-z_ ]+)"
)
_ALSO = _form(
    rf"(?:there (?:are|is)|also (?:has|have)|has|have|plus|as well as) (?:an?|the)? ?(?P<columns>`{IDENTIFIER}`(?: \([^)]*\))?(?:,? (?:and )?(?:an?|the)? ?`{IDENTIFIER}`(?: \([^)]*\))?)+)"
)


_ADDS = (TableWanted, KeyWanted, ReferenceWanted)


@dataclass(slots=True)
class Read:
    """What a sentence asks for, and what of it was not read."""

    changes: list[Change] = field(default_factory=list)
    rest: str = ""
    held: str = ""  # why a form that was found is not followed
    assumptions: list[str] = field(default_factory=list)


def read_sentence(text: str, span: Span, table: str, dialect: Dialect) -> Read:
    """The changes that a sentence asks for. `table` is the one that the text is about here."""
    read = Read(rest=text)
    if_exists = bool(_IF_EXISTS.search(text))
    taken: list[tuple[int, int]] = []
    for match, changes in _forms(text, span, table, dialect, if_exists):
        if not changes:
            continue
        loses = any(not isinstance(c, _ADDS) for c in changes)
        held = held_back(text, len(text) if loses else match.end())
        if held:
            read.held = held
        else:
            read.changes.extend(changes)
            taken.append(match.span())
    read.rest = _untaken(text, taken)
    also = _ALSO.search(read.rest)
    if also and table and not read.changes:
        columns = [
            _conventional(c, span, dialect)
            for c in re.findall(rf"`{IDENTIFIER}`(?:\s+\([^)]*\))?", also["columns"])
        ]
        read.changes.append(TableWanted(table, span, columns=tuple(columns)))
        read.rest = read.rest.replace(also.group(), " ", 1)
        read.assumptions.extend(
            f"`{c.name}` of `{table}` ({span}): {c.type or 'no type'}"
            f"{', default ' + c.default if c.default else ''}, by its name"
            for c in columns
        )
    return read


def _untaken(text: str, taken: list[tuple[int, int]]) -> str:
    kept = (c for at, c in enumerate(text) if not any(a <= at < b for a, b in taken))
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def _forms(
    text: str, span: Span, table: str, dialect: Dialect, if_exists: bool
) -> Iterator[tuple[re.Match[str], list[Change]]]:
    for pattern in (_DROP_COLUMNS, _DROP_NAMED, _DROPPED):
        for match in pattern.finditer(text):
            yield match, _dropped(match, span, if_exists)
    for match in _DROP_INDEXES.finditer(text):
        yield match, [IndexesDropped(_names(match["names"]), span, if_exists)]
    for match in _DROP_TABLES.finditer(text):
        yield match, [TableDropped(name, span, if_exists) for name in _names(match["names"])]
    for pattern in (_ADD, _HAS, _NEED):
        for match in pattern.finditer(text):
            yield match, _added(match, span, dialect)
    for match in _RENAME_TABLE.finditer(text):
        yield match, [Renamed(match["old"] or match["old2"], "", match["new"], span)]
    for match in _RENAME_COLUMN.finditer(text):
        owner, _, old = match["old"].rpartition(".")
        owner = owner or _named(match, "table") or _named(match, "late") or table
        yield match, [Renamed(owner, old, match["new"], span)]
    for pattern in (_NULLABILITY, _BECOMES):
        for match in pattern.finditer(text):
            yield match, _constrained(match, span, table)
    for match in _TYPE.finditer(text):
        yield match, _retyped(match, span, table, dialect)
    for match in _INDEX.finditer(text):
        yield match, _indexed(match, span)
    for match in _FOREIGN_KEY.finditer(text):
        yield match, _referenced(match, span, table)
    for pattern in (_GO_AWAY, _REMOVING):
        for match in pattern.finditer(text):
            again = match.groupdict().get("again")
            if again is None or again == match["parent"]:
                yield match, [CascadeWanted(match["child"].strip(), match["parent"], span)]


def _names(ticks: str) -> tuple[str, ...]:
    return tuple(re.findall(rf"`({QUALIFIED})`", ticks))


def _named(match: re.Match[str], group: str) -> str:
    groups = match.groupdict()
    return groups.get(group) or groups.get(f"{group}_word") or ""


def _by_table(names: tuple[str, ...], table: str) -> dict[str, list[str]]:
    """Column names under their tables; `t.c` names its own."""
    found: dict[str, list[str]] = {}
    for name in names:
        owner, _, column = name.rpartition(".")
        found.setdefault(owner or table, []).append(column)
    return found


def _dropped(match: re.Match[str], span: Span, if_exists: bool) -> list[Change]:
    noted = _names(match.groupdict().get("note") or "")
    tables = noted or (_named(match, "table"),)
    return [
        ColumnsDropped(owner, tuple(columns), span, if_exists)
        for table in tables
        for owner, columns in _by_table(_names(match["names"]), table).items()
    ]


def _added(match: re.Match[str], span: Span, dialect: Dialect) -> list[Change]:
    groups = match.groupdict()
    tables = _names(groups.get("tables") or "") or (_named(match, "table"),)
    said = ", ".join(
        part.strip(" ()\n")
        for part in (
            groups.get("rest"),
            groups.get("late"),
            (groups.get("quality") or "").replace(" ", ", "),
        )
        if part and part.strip(" ()\n,")
    )
    said = re.sub(r"\bof\s+type\s+", "", said)
    columns = []
    for name in _names(match["names"]):
        declared = read_field(f"`{name}`: {said}", span, dialect) if said else None
        columns.append(declared.column if declared else WantedColumn(name.rpartition(".")[2], span))
    return [TableWanted(table, span, columns=tuple(columns)) for table in tables if table]


def _constrained(match: re.Match[str], span: Span, table: str) -> list[Change]:
    owner, _, column = match["column"].rpartition(".")
    owner = owner or _named(match, "table") or table
    if not owner:
        return []
    what = match["what"].lower()
    if what == "unique":
        return [KeyWanted(owner, WantedKey((column,), span, unique=True), "unique")]
    return [ColumnChanged(owner, column, span, nullable=what in ("nullable", "optional"))]


def _retyped(match: re.Match[str], span: Span, table: str, dialect: Dialect) -> list[Change]:
    owner, _, column = match["column"].rpartition(".")
    owner = owner or _named(match, "table") or table
    found = read_type(match["type"], dialect)
    if not owner or found is None:
        return []
    return [ColumnChanged(owner, column, span, type=found[0])]


def _indexed(match: re.Match[str], span: Span) -> list[Change]:
    if match["kind"].lower() == "constraint" and not match["unique"]:
        return []
    table = _named(match, "table") or _named(match, "late")
    inside = match["flat"] or match["inside"] or ""
    columns = tuple(
        n.rpartition(".")[2] for n in re.findall(QUALIFIED, inside) if n not in ("and",)
    )
    if not columns and "." in table:
        table, _, column = table.rpartition(".")
        columns = (column,)
    if not table or not columns:
        return []
    kind = "unique" if match["kind"].lower() == "constraint" else "index"
    return [KeyWanted(table, WantedKey(columns, span, unique=bool(match["unique"])), kind)]


def _referenced(match: re.Match[str], span: Span, table: str) -> list[Change]:
    owner, _, column = (match["column"] or "").rpartition(".")
    owner = owner or table
    target = _named(match, "table")
    if not owner or not target:
        return []
    action = "CASCADE" if match["cascade"] else "NO ACTION"
    reference = WantedReference(
        Reference(target, on_delete=action), span, columns=(column,) if column else ()
    )
    return [ReferenceWanted(owner, reference)]


def _conventional(words: str, span: Span, dialect: Dialect) -> WantedColumn:
    """A column that is only named: the customary meaning of `id`, `created_at`, `updated_at`."""
    declared = read_field(words, span, dialect)
    name = _names(words)[0]
    column = declared.column if declared else WantedColumn(name, span)
    sqlite = dialect is Dialect.SQLITE
    if name == "id":
        return WantedColumn(
            "id",
            span,
            column.type or ("INTEGER" if sqlite else "bigint"),
            default="gen_random_uuid()" if column.type == "uuid" and not sqlite else None,
            primary_key=True,
            identity=column.type != "uuid" and "text" not in column.type.lower(),
        )
    if name in ("created_at", "updated_at"):
        kind = column.type or ("TIMESTAMP" if sqlite else "timestamptz")
        now = "CURRENT_TIMESTAMP" if sqlite else "now()"
        return WantedColumn(name, span, kind, nullable=False, default=column.default or now)
    return column
