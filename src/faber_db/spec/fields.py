"""One declared field: `name` and the clauses that describe it.

`user_id: fk to users, optional`, `status (string of 20 characters, not null, default unread)`,
`users.email: text, unique, required`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from faber_db.model.change import Reference, Span, WantedColumn
from faber_db.model.dialect import Dialect
from faber_db.spec.words_of_types import read_type

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
QUALIFIED = rf"{IDENTIFIER}(?:\.{IDENTIFIER}){{0,2}}"
_HEAD = re.compile(
    rf"^\s*(?:\[[ xX]\]\s*)?(?P<mark>\**`|\*\*|\")?(?P<name>{QUALIFIED})(?:`\**|\*\*|\")?"
    r"\s*(?P<separator>:|\(|\u2013|\u2014|-(?=\s)|,|=>)?\s*(?P<rest>.*)$",
    re.DOTALL,
)
_LABEL = r"[`'\"]?[A-Za-z0-9][A-Za-z0-9_-]*[`'\"]?"
_LABELS = re.compile(
    rf"(?P<labels>{_LABEL}(?:\s*(?:,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+|\|)\s*{_LABEL})+)"
)
_ENUM = re.compile(
    r"enum(?:eration)?(?:\s+values?|\s+type)?\s*(?:of|with|:|,|\(|=|being|from)?\s*", re.IGNORECASE
)
_ONE_OF = re.compile(r"(?:one of|either|in|values?:?)\s+", re.IGNORECASE)
_NOT_LABELS = frozenset({"optional", "required", "nullable", "unique", "not", "null", "default"})


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field; `table` where its name was qualified. `unread` is what says nothing to us."""

    column: WantedColumn
    table: str = ""
    unread: tuple[str, ...] = ()
    understood: int = 0  # clauses that were


def read_field(text: str, span: Span, dialect: Dialect, *, plain: bool = False) -> Field | None:
    """The field that a line declares, or None where it is not of that shape.

    Args:
        text: the line, without the mark of a list.
        span: its lines.
        dialect: of the types.
        plain: a line of code, where a name needs neither backticks nor a colon.
    """
    head = _HEAD.match(_unbracketed(text.rstrip(", ")) if plain else text)
    if head is None or not (head["separator"] or head["mark"] or plain):
        return None
    rest, after = head["rest"], ""
    if head["separator"] == "(":
        inside = _inside_parentheses(rest)
        if inside is None:
            return None
        rest, after = inside
    table, _, name = head["name"].rpartition(".")
    column = WantedColumn(name=name, span=span)
    declared, remark = _first_sentence(rest)
    column, unread, understood = _clauses(column, declared, dialect)
    column, unread_after, more = _remark(column, after.lstrip(" :\u2013\u2014-"), dialect)
    remarks = tuple(r for r in (*unread, *unread_after, remark.strip()) if r)
    if understood + more == 0:
        return None
    return Field(column, table=table, unread=remarks, understood=understood + more)


def _unbracketed(line: str) -> str:
    """A line of DBML with its settings as clauses: `id int [pk, not null]`."""
    found = re.match(r"(?P<head>[^\[\]]+?)\s*\[(?P<settings>[^\[\]]+)\]$", line)
    return line if found is None else f"{found['head']}, {found['settings']}"


def _inside_parentheses(rest: str) -> tuple[str, str] | None:
    depth = 1
    for at, character in enumerate(rest):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return rest[:at], rest[at + 1 :]
    return None


def _first_sentence(text: str) -> tuple[str, str]:
    """The declaration, and what is said about it afterwards."""
    end = re.search(r"[.;](?=\s+[A-Z]|\s*$)|\s--\s", text)
    return (text, "") if end is None else (text[: end.start()], text[end.end() :])


def _clauses(
    column: WantedColumn, text: str, dialect: Dialect
) -> tuple[WantedColumn, list[str], int]:
    column, text, understood = _labels(column, text)
    unread: list[str] = []
    for clause in _split(text):
        bare, aside = _without_aside(clause)
        read = _clause(column, clause, dialect) or _clause(column, bare, dialect)
        if read is None:
            unread.append(clause)
            continue
        column = read
        understood += 1
        if aside:
            unread.append(aside)
    return column, unread, understood


def _without_aside(clause: str) -> tuple[str, str]:
    """A clause without the words in parentheses at its end."""
    aside = re.search(r"\s*\(([^()]*)\)\s*$", clause)
    return (clause, "") if aside is None else (clause[: aside.start()], aside.group(1))


def _labels(column: WantedColumn, text: str) -> tuple[WantedColumn, str, int]:
    """Take an enumeration out of a declaration: it holds commas of its own."""
    enum = _ENUM.search(text)
    if enum is None:
        return column, text, 0
    many = re.search(r"(?:list|array)\s+of\s+$", text[: enum.start()], re.IGNORECASE)
    found = _LABELS.match(text, enum.end())
    if found is None:
        return column, text, 0
    names, end = _label_names(found)
    if len(names) < 2:
        return column, text, 0
    start = many.start() if many else enum.start()
    closing = re.match(r"\s*\)", text[end:])
    rest = text[:start] + text[end + (closing.end() if closing else 0) :]
    return replace(column, labels=names, array=bool(many)), rest, 1


def _label_names(found: re.Match[str]) -> tuple[tuple[str, ...], int]:
    """The labels, up to a word that is a clause of its own."""
    names: list[str] = []
    end = found.start()
    for label in re.finditer(_LABEL, found["labels"]):
        word = label.group().strip("`'\"")
        if word.lower() in _NOT_LABELS:
            break
        if word.lower() in ("and", "or"):
            continue
        names.append(word)
        end = found.start() + label.end()
    return tuple(names), end


def _split(text: str) -> list[str]:
    """Clauses between commas that stand in no parentheses, brackets or quotes."""
    parts, depth, quote, current = [], 0, "", ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "`'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth <= 0:
            parts.append(current)
            current = ""
            continue
        current += character
    return [part.strip() for part in [*parts, current] if part.strip()]


_OPTIONAL = re.compile(
    r"(?:is\s+)?(?:optional|nullable|null|may be (?:null|empty)|can be null)$", re.I
)
_REQUIRED = re.compile(
    r"(?:is\s+)?(?:required|mandatory|not[ _-]?null(?:able)?|non[ -]?null(?:able)?)$", re.I
)
_FLAGS: tuple[tuple[re.Pattern[str], Callable[[WantedColumn], WantedColumn]], ...] = (
    (_OPTIONAL, lambda column: replace(column, nullable=True)),
    (_REQUIRED, lambda column: replace(column, nullable=False)),
    (
        re.compile(r"(?:is\s+)?(?:globally\s+)?unique$", re.I),
        lambda column: replace(column, unique=True),
    ),
    (re.compile(r"(?:primary key|pk)$", re.I), lambda column: replace(column, primary_key=True)),
    (
        re.compile(r"(?:index(?:ed)?|with (?:an )?index)$", re.I),
        lambda column: replace(column, indexed=True),
    ),
    (
        re.compile(r"(?:auto[ _-]?increment(?:ed|ing)?|identity)$", re.I),
        lambda column: replace(column, identity=True),
    ),
)
_REFERENCE = re.compile(
    rf"(?:(?P<type>[\w ()]+?)\s+)?(?:fk|foreign key|references?|refers to|ref)\s*(?:to|of|→|->|on|:)?\s*"
    rf"(?:the\s+)?`?(?P<table>{QUALIFIED})`?(?:\s*\(\s*`?(?P<column>{IDENTIFIER})`?\s*\))?"
    r"(?:\s+table)?(?:\s+on delete (?P<action>cascade|set null|restrict|no action))?$",
    re.IGNORECASE,
)
_ON_DELETE = re.compile(r"on delete (?P<action>cascade|set null|restrict|no action)$", re.I)
_DEFAULT = re.compile(
    r"(?:with\s+)?(?:a\s+)?defaults?(?:\s+(?:value|to|is|of))*\s*[:=]?\s*(?P<value>.+)$|"
    r"by default\s+(?P<late>.+)$",
    re.IGNORECASE | re.DOTALL,
)


_ROW_FLAG = re.compile(
    r"not[ _-]?null(?:able)?|non[ -]?null(?:able)?|nullable|null|optional|required|mandatory|"
    r"(?:globally\s+)?unique|primary\s+key|pk|indexed|index|auto[ _-]?increment(?:ed|ing)?|identity|"
    r"increment",
    re.IGNORECASE,
)
_ROW_DEFAULT = re.compile(
    r"defaults?(?:\s+(?:value|to|is|of))*\s*[:=]?\s*"
    r"(?P<value>'(?:[^']|'')*'(?:::\w+)?|\"[^\"]*\"|\w+\([^()]*\)|-?\d+(?:\.\d+)?|\w+)",
    re.IGNORECASE,
)
_ROW_REFERENCE = re.compile(
    rf"(?:(?:fk|foreign\s+key)\s*(?:references|refers\s+to|to|\u2192|->|:|>)?|references|\u2192|->|ref\s*:\s*[<>-])\s*"
    rf"(?:the\s+)?(?P<table>{QUALIFIED})(?:\s*\(\s*(?P<column>{IDENTIFIER})\s*\))?(?:\s+table\b)?"
    r"(?P<actions>(?:\s+on\s+(?:delete|update)\s+(?:cascade|set\s+null|set\s+default|restrict|no\s+action))*)",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"on\s+(?P<event>delete|update)\s+(?P<what>cascade|set\s+null|set\s+default|restrict|no\s+action)",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?:(?:value\s+)?(?:must|should|has to|can(?:not)?|may)\s+(?:only\s+)?(?:be\s+)?)?(?:is\s+)?(?:always\s+)?"
    r"(?:(?P<sign>>=|<=|>|<|\u2265|\u2264)\s*(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<zero>non-?negative|not (?:be )?negative|negative)|(?P<positive>positive|greater than (?:0|zero))"
    r"|between\s+(?P<low>-?\d+(?:\.\d+)?)\s+and\s+(?P<high>-?\d+(?:\.\d+)?))$",
    re.IGNORECASE,
)


def _clause(column: WantedColumn, clause: str, dialect: Dialect) -> WantedColumn | None:
    """The column with what one clause says, or None where the clause says nothing to us."""
    bare = clause.strip(" .*`")
    for pattern, change in _FLAGS:
        if pattern.match(bare):
            return change(column)
    plain = clause.replace("`", "").strip(" .")
    reference = _REFERENCE.match(plain)
    if reference:
        read = _with_reference(column, reference, dialect)
        if read is not None:
            return read
    action = _ON_DELETE.match(bare)
    if action and column.references:
        return replace(
            column, references=replace(column.references, on_delete=action["action"].upper())
        )
    compared = _compared(column, bare)
    if compared is not None:
        return compared
    row = _in_row(column, plain, dialect)  # `NOT NULL DEFAULT false`: before a default takes all
    if row is not None:
        return row
    default = _DEFAULT.match(clause.strip(" ."))
    if default:
        return replace(column, default=literal(default["value"] or default["late"], column.type))
    return _typed(column, bare, dialect)


def _compared(column: WantedColumn, clause: str) -> WantedColumn | None:
    """A limit of the values: `>= 0`, "cannot be negative"."""
    found = _COMPARED.match(clause)
    if found is None:
        return None
    if found["zero"]:
        denied = re.search(r"\b(?:cannot|can't|not|non)\b", clause, re.IGNORECASE)
        if not denied:
            return None
        return _checked(column, "{} >= 0")
    if found["positive"]:
        return _checked(column, "{} > 0")
    if found["low"]:
        return _checked(column, f"{{}} BETWEEN {found['low']} AND {found['high']}")
    sign = {"\u2265": ">=", "\u2264": "<="}.get(found["sign"], found["sign"])
    return _checked(column, f"{{}} {sign} {found['number']}")


def _checked(column: WantedColumn, check: str) -> WantedColumn:
    return replace(column, check=f"({column.check}) AND ({check})" if column.check else check)


def _in_row(column: WantedColumn, text: str, dialect: Dialect) -> WantedColumn | None:
    """Clauses that follow each other without commas, as SQL has them; all of them, or None."""
    rest = text.strip()
    while rest:
        step = _next_in_row(column, rest, dialect)
        if step is None:
            return None
        column, length = step
        if rest[length : length + 1].isalnum():
            return None
        rest = rest[length:].lstrip()
    return column


def _next_in_row(
    column: WantedColumn, rest: str, dialect: Dialect
) -> tuple[WantedColumn, int] | None:
    flag = _ROW_FLAG.match(rest)
    if flag:
        word = "identity" if flag.group().lower() == "increment" else flag.group()
        changes = [change for pattern, change in _FLAGS if pattern.match(word)]
        return (changes[0](column), flag.end()) if changes else None
    reference = _ROW_REFERENCE.match(rest)
    if reference:
        return _row_reference(column, reference), reference.end()
    default = _ROW_DEFAULT.match(rest)
    if default:
        value = literal(default["value"], column.type)
        return replace(column, default=value), default.end()
    check = re.match(r"check\s*\(", rest, re.IGNORECASE)
    if check:
        inside = _inside_parentheses(rest[check.end() :])
        if inside is None:
            return None
        expression = inside[0].strip().replace("{", "{{").replace("}", "}}")
        return _checked(column, expression), check.end() + len(inside[0]) + 1
    found = None if column.type else read_type(rest, dialect)
    return (replace(column, type=found[0]), found[1]) if found else None


def _row_reference(column: WantedColumn, found: re.Match[str]) -> WantedColumn:
    actions = {
        a["event"].lower(): re.sub(r"\s+", " ", a["what"].upper())
        for a in _ACTION.finditer(found["actions"])
    }
    table, columns = _far(found)
    target = Reference(
        table=table,
        columns=columns,
        on_delete=actions.get("delete", "NO ACTION"),
        on_update=actions.get("update", "NO ACTION"),
    )
    return replace(column, references=target)


def _far(found: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    """The table and column that a reference names: `users (id)`, `users`, `users.id`."""
    table, column = found["table"], found["column"]
    if not column and table.lower().endswith(".id"):  # a table in a schema is hardly called id
        return table[:-3], (table[-2:],)
    return table, (column,) if column else ()


def _typed(column: WantedColumn, clause: str, dialect: Dialect) -> WantedColumn | None:
    article = re.match(r"(?:an?|of type|type:?)\s+", clause, re.IGNORECASE)
    words = clause[article.end() :] if article else clause
    found = read_type(words, dialect)
    if found is None or column.type:
        return None
    name, length = found
    rest = words[length:].strip(" `.")
    return _in_row(replace(column, type=name), rest, dialect)


def _with_reference(
    column: WantedColumn, reference: re.Match[str], dialect: Dialect
) -> WantedColumn | None:
    kind = column.type
    if reference["type"]:
        found = read_type(reference["type"].strip(), dialect)
        if found is None or found[1] != len(reference["type"].strip()):
            return None
        kind = found[0]
    table, columns = _far(reference)
    target = Reference(
        table=table,
        columns=columns,
        on_delete=(reference["action"] or "no action").upper(),
    )
    return replace(column, type=kind, references=target)


def literal(words: str, kind: str) -> str:
    """A default as SQL: numbers, booleans, functions and quoted text as they are, words quoted."""
    value = words.strip().strip("`.").strip()
    known = {
        "now": "now()",
        "current timestamp": "CURRENT_TIMESTAMP",
        "current time": "CURRENT_TIMESTAMP",
        "current date": "CURRENT_DATE",
        "now()": "now()",
        "empty string": "''",
        "an empty string": "''",
        "zero": "0",
        "null": "NULL",
    }
    lower = re.sub(r"[\s_]+", " ", value.lower())
    if lower in known:
        return known[lower]
    if re.fullmatch(r"-?\d+(?:\.\d+)?|true|false|'(?:[^']|'')*'(?:::\w+)?|\w+\(\s*\)", value, re.I):
        return value
    if value[:1] == '"' and value[-1:] == '"':
        value = value[1:-1]
    return "'" + value.replace("'", "''") + "'"


def remarked(
    column: WantedColumn, text: str, dialect: Dialect
) -> tuple[WantedColumn, tuple[str, ...]]:
    """The column with what a remark on it says, and what of the remark is not read."""
    column, unread, _ = _remark(column, text.strip(" .:\u2013\u2014-"), dialect)
    return column, tuple(unread)


def _remark(
    column: WantedColumn, text: str, dialect: Dialect
) -> tuple[WantedColumn, list[str], int]:
    """What follows the parentheses: "one of `read` and `unread`" is a check, the rest a remark."""
    if not text.strip():
        return column, [], 0
    choice = _ONE_OF.match(text)
    found = _LABELS.match(text, choice.end()) if choice else None
    if found is None:
        read = _clause(column, text, dialect)
        return (column, [text.strip()], 0) if read is None else (read, [], 1)
    names, end = _label_names(found)
    values = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    rest = text[end:].strip(" .")
    return _checked(column, f"{{}} IN ({values})"), [rest] if rest else [], 1
