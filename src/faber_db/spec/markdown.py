"""A specification in Markdown: its blocks, each read by what it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from faber_db.errors import InputTooLarge, SpecUnreadable
from faber_db.model.change import (
    Change,
    ColumnChanged,
    ColumnsDropped,
    KeyWanted,
    NotUnderstood,
    Question,
    Span,
    Specification,
    TableWanted,
    VerbatimSql,
    WantedKey,
)
from faber_db.model.dialect import Dialect
from faber_db.spec.column_table import read_column_table
from faber_db.spec.fields import IDENTIFIER, QUALIFIED, read_field
from faber_db.spec.prisma import read_prisma
from faber_db.spec.rails import read_rails
from faber_db.spec.sentences import read_sentence
from faber_db.sql import splitter

MAX_BYTES = 1_000_000
MAX_SENTENCE = 2_000  # characters; longer ones are lists of something else

_TOUCHES_ROWS = (TableWanted, ColumnsDropped, ColumnChanged)
_SQL_LANGUAGES = frozenset({"sql", "postgresql", "postgres", "pgsql", "sqlite", "ddl", "plpgsql"})
_SPEAKS_OF_SCHEMA = re.compile(
    r"`[A-Za-z_][\w.]*`|\b(?:columns?|tables?|index(?:es)?|constraints?|foreign keys?|unique|"
    r"nullable|not null|primary key|schema|migrations?|rows?|enum|defaults?|database|"
    r"cannot be negative|each .+ has|belongs to|many-to-many)\b",
    re.IGNORECASE,
)
_SPEAKS_OF_ROWS = re.compile(
    r"\b(?:rows?|existing|back-?fill(?:ed)?|filled (?:from|with)|copied|moved (?:from|to)|converted|"
    r"records? (?:that|which|stay|get))\b",
    re.IGNORECASE,
)
_CREATES = re.compile(
    rf"\b(?:create|define|add|introduce|need|want)s?\s+(?:an?\s+|the\s+)?(?:new\s+)?(?:database\s+)?"
    rf"(?:table\s+(?:called\s+|named\s+)?\**`?(?P<a>{QUALIFIED})`?|\**`(?P<b>{QUALIFIED})`\**\s+table)"
    rf"|\bnew\s+table[\s:,]+(?:called\s+|named\s+)?\**`(?P<c>{QUALIFIED})`",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    rf"\b(?:to|of|on|in|from|for)\s+(?:the\s+)?(?:table\s+)?\**`(?P<a>{QUALIFIED})`\**"
    rf"|\b(?:table|model)s?:?\s+\**`(?P<b>{QUALIFIED})`|\**`(?P<c>{QUALIFIED})`\**\s+(?:table|model)\b"
    rf"|\bthe\s+(?P<d>[a-z_][a-z0-9_]*)\s+table\b|^\s*\**`(?P<e>{QUALIFIED})`\**\s*(?::|$|\bgets?\b|\bhas\b)"
)
_HEADING = re.compile(
    rf"^\s*(?:table:?\s+)?\**`(?P<a>{QUALIFIED})`\**(?:\s+table)?\s*$|^\s*table:?\s+(?P<b>{IDENTIFIER})\s*$"
    rf"|^\s*(?P<c>[a-z_][a-z0-9_]*)\s+table\s*$|^\s*(?P<d>[a-z]+_[a-z0-9_]+)\s*$",
    re.IGNORECASE,
)
_TITLE = re.compile(r"^\s*(?P<name>[a-z_][a-z0-9_]*)\s*(?P<new>\(new(?:\s+table)?\))?\s*$")
_NO_TABLE = frozenset(
    {
        *(
            "attributes",
            "changes",
            "column",
            "columns",
            "data",
            "database",
            "definition",
            "details",
        ),
        *("entity", "field", "fields", "model", "models", "overview", "properties", "schema"),
        *("structure", "summary", "table", "tables"),
    }
)
"""What a heading of one word says when it names no table."""
_GROUP = re.compile(
    rf"^\s*`?(?P<table>{QUALIFIED})`?\s*(?::|\u2013|-)?\s*[\[(](?P<columns>[^\])]*)[\])]\s*$"
)


def read(text: str, dialect: Dialect) -> Specification:
    """What a specification asks for, with the lines that ask for it.

    Raises:
        InputTooLarge: over 1 MB.
        SpecUnreadable: there is no text.
        NotSupported: the dialect has no reader of types yet.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise InputTooLarge(
            f"the specification has {size} bytes, over {MAX_BYTES}",
            hint="Give the part that describes the schema.",
        )
    if not text.strip():
        raise SpecUnreadable("the specification is empty", hint="Describe the change in it.")
    reader = _Reader(dialect)
    document = MarkdownIt("commonmark").enable("table").parse(text)
    reader.blocks(SyntaxTreeNode(document).children)
    return reader.result()


@dataclass(slots=True)
class _Reader:
    dialect: Dialect
    changes: list[Change] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    unread: list[NotUnderstood] = field(default_factory=list)
    narrative: list[Span] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    prisma: list[str] = field(default_factory=list)
    table: str = ""  # the one that the text is about here
    new: bool = False  # the text said that it is created
    lead: str = ""  # the paragraph before a list or a table
    title: re.Match[str] | None = None  # the heading right before, where it is a bare word
    announced: dict[str, Span] = field(default_factory=dict)  # tables to create, columns to come

    def result(self) -> Specification:
        declared = {c.table for c in self.changes if isinstance(c, TableWanted) and c.columns}
        for table, span in self.announced.items():
            if table not in declared and not self._in_sql(table):
                self.questions.append(
                    Question(
                        f"columns:{table}",
                        f"Which columns has the new table `{table}` ({span})? "
                        "Answer with a CREATE TABLE statement.",
                        span=span,
                    )
                )
        return Specification(
            changes=tuple(_merged(self.changes)),
            questions=(*self.questions, *self._about_rows()),
            not_understood=tuple(self.unread),
            narrative=tuple(self.narrative),
            assumptions=tuple(self.assumptions),
            prisma="\n\n".join(self.prisma),
        )

    def _in_sql(self, table: str) -> bool:
        word = re.compile(rf"\b{re.escape(table)}\b", re.IGNORECASE)
        return any(isinstance(c, VerbatimSql) and word.search(c.sql) for c in self.changes)

    def _about_rows(self) -> Iterable[Question]:
        """What is said about stored rows and was not turned into a statement has to be answered."""
        if not any(
            isinstance(c, _TOUCHES_ROWS) and not getattr(c, "new", False) for c in self.changes
        ):
            return
        for passage in self.unread:
            if _SPEAKS_OF_ROWS.search(passage.text):
                yield Question(
                    f"data:{passage.span.first}",
                    f"What happens to the stored rows ({passage.span}: {passage.text})? "
                    "Answer with the SQL statements that do it, or `none`.",
                    ("none",),
                    passage.span,
                )

    # blocks

    def blocks(self, nodes: Iterable[SyntaxTreeNode]) -> None:
        for node in nodes:
            if node.type not in ("heading", "table"):
                self.title = None
            match node.type:
                case "heading":
                    self._heading(node)
                case "paragraph":
                    self._paragraph(_text(node), _span(node))
                case "fence" | "code_block":
                    self._code(node)
                case "table":
                    self._column_table(node)
                case "bullet_list" | "ordered_list":
                    self._list(node)
                case "blockquote":
                    self._quote(node)
                case "hr":
                    pass
                case _:
                    self._not_read(_text(node), _span(node), f"a block of kind {node.type}")

    def _heading(self, node: SyntaxTreeNode) -> None:
        text = _text(node)
        created, named = _CREATES.search(text), _HEADING.match(text)
        self.lead, self.title = text, None
        if created:
            self._create(_first(created), _span(node))
        elif named:
            self.table, self.new = _first(named), False
        else:
            self.title = _TITLE.match(text)

    def _create(self, table: str, span: Span) -> None:
        self.table, self.new = table, True
        self.announced.setdefault(table, span)

    def _quote(self, node: SyntaxTreeNode) -> None:
        """A quotation is somebody else's words: it is not an instruction."""
        text = " ".join(_text(child) for child in node.children)
        span = _span(node)
        if _SPEAKS_OF_SCHEMA.search(text):
            self.unread.append(NotUnderstood(span, _cut(text), "stands in a quotation"))
        else:
            self.narrative.append(span)

    def _paragraph(self, text: str, span: Span) -> None:
        created = _CREATES.search(text)
        if created:
            self._create(_first(created), span)
        for sentence, where in _sentences(text, span):
            self._sentence(sentence, where, said=bool(created and _CREATES.search(sentence)))
        if not created:
            about = _ABOUT.search(text)
            if about:
                self.table, self.new = _first(about), False
        self.lead = text

    def _sentence(self, text: str, span: Span, *, said: bool = False) -> bool:
        if len(text) > MAX_SENTENCE:
            self._not_read(text, span, f"a sentence of over {MAX_SENTENCE} characters is not read")
            return False
        read = read_sentence(text, span, self.table, self.dialect)
        self.changes.extend(read.changes)
        self.assumptions.extend(read.assumptions)
        if read.changes:
            if re.search(r"`", read.rest):
                self._not_read(read.rest, span, "part of this sentence was not read")
            return True
        if not said:
            announces = text.rstrip().endswith(":") and not _SPEAKS_OF_ROWS.search(text)
            self._not_read(text, span, "" if announces else "no form that is read", lead=announces)
        return False

    def _not_read(self, text: str, span: Span, why: str, *, lead: bool = False) -> None:
        if not lead and _SPEAKS_OF_SCHEMA.search(text):
            self.unread.append(NotUnderstood(span, _cut(text), why))
        else:
            self.narrative.append(span)

    # code

    def _code(self, node: SyntaxTreeNode) -> None:
        language = (node.info or "").strip().split(" ")[0].lower() if node.type == "fence" else ""
        begin, end = node.map or (0, 0)
        fenced = node.type == "fence"
        self._read_code(node.content, language, begin + (2 if fenced else 1), Span(begin + 1, end))

    def _read_code(self, content: str, language: str, first_line: int, span: Span) -> None:
        if language in _SQL_LANGUAGES or (not language and _looks_like_sql(content)):
            self._sql(content, first_line)
        elif language == "prisma" or (not language and re.search(r"^model \w+ \{", content, re.M)):
            self._prisma(content, first_line)
        elif language in ("ruby", "rb", "rails"):
            changes, unread = read_rails(content, first_line, self.dialect)
            self.changes.extend(changes)
            self.unread.extend(unread)
        elif not language or language in ("text", "txt", "md", "markdown", "yaml"):
            self._plain_lines(content, first_line)
        else:
            self._not_read(
                content, span, f"{language} code is not read; give SQL, Prisma or a column table"
            )

    def _sql(self, content: str, first_line: int) -> None:
        for start, end in splitter.spans(content, self.dialect):
            first = first_line + content.count("\n", 0, start)
            last = first_line + content.count("\n", 0, end)
            sql = content[start:end].rstrip().rstrip(";").rstrip()
            self.changes.append(VerbatimSql(sql, Span(first, last)))
            named = re.match(
                rf"(?:create|alter)\s+table\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?\"?(?P<t>{QUALIFIED})",
                sql,
                re.IGNORECASE,
            )
            if named:
                self.table, self.new = named["t"], False

    def _prisma(self, content: str, first_line: int) -> None:
        schema = read_prisma(content, first_line, self.dialect)
        self.changes.extend((*schema.enums, *schema.tables))
        self.unread.extend(schema.not_understood)
        self.prisma.append(content.strip("\n"))

    def _plain_lines(self, content: str, first_line: int) -> None:
        for number, line in enumerate(content.splitlines(), start=first_line):
            bare = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", line).strip()
            if bare:
                self._item(bare, Span(number, number))

    # lists and tables

    def _list(self, node: SyntaxTreeNode) -> None:
        lead, table, new = self.lead, self.table, self.new
        for item in node.children:
            self.lead, self.table, self.new = lead, table, new
            texts = [c for c in item.children if c.type in ("paragraph", "heading")]
            others = [c for c in item.children if c.type not in ("paragraph", "heading")]
            for child in texts:
                self._item(_text(child), _span(child), heads=bool(others))
            self.blocks(others)
        self.lead, self.table, self.new = lead, table, new

    def _item(self, text: str, span: Span, *, heads: bool = False) -> None:
        group = self._group(text, span)
        named = _HEADING.match(text.rstrip(": "))
        if group is not None:
            self.changes.append(group)
        elif heads and named:
            self.table, self.new = _first(named), False
        elif not self._field(text, span):
            for sentence, where in _sentences(text, span):
                self._sentence(sentence, where)

    def _group(self, text: str, span: Span) -> KeyWanted | None:
        """`table`: [a, b] below a sentence about unique constraints or indexes."""
        unique = re.search(r"\bunique\b", self.lead, re.IGNORECASE)
        index = re.search(r"\bind(?:ex|exes|ices)\b", self.lead, re.IGNORECASE)
        found = _GROUP.match(text)
        if found is None or not (unique or index):
            return None
        columns = tuple(re.findall(IDENTIFIER, found["columns"]))
        key = WantedKey(columns, span, unique=bool(unique))
        return KeyWanted(found["table"], key, "index" if index else "unique") if columns else None

    def _field(self, text: str, span: Span) -> bool:
        if len(text) > MAX_SENTENCE:
            return False
        declared = read_field(text, span, self.dialect)
        if declared is None:
            return False
        table = declared.table or self.table
        if not table:
            self.unread.append(NotUnderstood(span, _cut(text), "no table is named for this field"))
            return True
        new = self.new and not declared.table
        self.changes.append(TableWanted(table, span, columns=(declared.column,), new=new))
        if (
            not declared.column.type
            and not declared.column.references
            and not declared.column.labels
        ):
            self.unread.extend(
                NotUnderstood(span, _cut(word), "not read as a type") for word in declared.unread
            )
        else:
            self._remarks(declared.unread, span)
        return True

    def _remarks(self, remarks: Iterable[str], span: Span) -> None:
        for remark in remarks:
            if re.search(
                r"`|\b(?:unique|not null|required|default|cascade|index|check|must)\b", remark, re.I
            ):
                self.unread.append(NotUnderstood(span, _cut(remark), "said about a field"))

    def _column_table(self, node: SyntaxTreeNode) -> None:
        rows = [
            ([_text(cell) for cell in row.children], _span(row))
            for part in node.children
            for row in part.children
        ]
        found = read_column_table(rows, self.dialect)
        if found is None:
            self.unread.append(
                NotUnderstood(
                    _span(node), _cut(" | ".join(rows[0][0])), "not a table of columns and types"
                )
            )
            return
        columns, unread = found
        self.unread.extend(unread)
        if self.title and self.title["name"] not in _NO_TABLE:  # `## customers`, then its columns
            self.table, self.new = self.title["name"], bool(self.title["new"])
        if not self.table:
            self.unread.append(
                NotUnderstood(_span(node), _cut(rows[1][0][0]), "no heading names the table")
            )
            return
        self.changes.append(
            TableWanted(self.table, _span(node), columns=tuple(columns), new=self.new)
        )


def _merged(changes: list[Change]) -> Iterable[Change]:
    """Columns of one table that stand in several places become one change, at the first place."""
    first: dict[str, int] = {}
    merged: list[Change] = []
    for change in changes:
        if isinstance(change, TableWanted) and not change.whole and change.table in first:
            at = first[change.table]
            earlier = merged[at]
            if isinstance(earlier, TableWanted):
                merged[at] = _joined(earlier, change)
            continue
        if isinstance(change, TableWanted) and not change.whole:
            first[change.table] = len(merged)
        merged.append(change)
    return merged


def _joined(one: TableWanted, other: TableWanted) -> TableWanted:
    names = {c.name for c in one.columns}
    return replace(
        one,
        columns=(*one.columns, *(c for c in other.columns if c.name not in names)),
        uniques=(*one.uniques, *other.uniques),
        indexes=(*one.indexes, *other.indexes),
        references=(*one.references, *other.references),
        new=one.new or other.new,
        span=Span(min(one.span.first, other.span.first), max(one.span.last, other.span.last)),
    )


def _looks_like_sql(content: str) -> bool:
    return bool(
        re.search(
            r"^\s*(?:create|alter|drop)\s+(?:table|index|unique|type|column)\b",
            content,
            re.I | re.M,
        )
    )


def _text(node: SyntaxTreeNode) -> str:
    """The source text below a node, with its backticks and emphasis."""
    if node.type == "inline" or not node.children:
        return node.content if not node.is_root else ""
    return "\n".join(_text(child) for child in node.children)


def _span(node: SyntaxTreeNode) -> Span:
    begin, end = node.map or (0, 1)
    return Span(begin + 1, max(begin + 1, end))


def _first(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _cut(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= 160 else flat[:159] + "…"


def _sentences(text: str, span: Span) -> Iterable[tuple[str, Span]]:
    """Sentences of a paragraph with their own lines."""
    start, line = 0, span.first
    for end in [*(m.end() for m in re.finditer(r"[.!?;](?=\s+[A-Z`*]|\s*$)", text)), len(text)]:
        sentence = text[start:end]
        lead = sentence[: len(sentence) - len(sentence.lstrip())].count("\n")
        last = line + sentence.count("\n")
        if sentence.strip():
            yield sentence.strip(), Span(line + lead, last)
        start, line = end, last
