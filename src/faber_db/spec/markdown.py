"""A specification in Markdown: its blocks, each read by what it is."""

import re
from collections.abc import Collection, Iterable
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
    WantedColumn,
    WantedKey,
)
from faber_db.model.dialect import Dialect
from faber_db.spec.column_table import limits, read_column_table
from faber_db.spec.demands import NOTHING_FOR_ROWS, ROWS, Understood, asks, held_back, mentions
from faber_db.spec.fields import IDENTIFIER, QUALIFIED, read_field
from faber_db.spec.headings import Named, Section, names_table, section
from faber_db.spec.prisma import read_prisma
from faber_db.spec.rails import read_rails
from faber_db.spec.sentences import read_sentence
from faber_db.sql import splitter

MAX_BYTES = 1_000_000
MAX_SENTENCE = 2_000  # characters; longer ones are lists of something else

_TOUCHES_ROWS = (TableWanted, ColumnsDropped, ColumnChanged)
_SQL_LANGUAGES = frozenset({"sql", "postgresql", "postgres", "pgsql", "sqlite", "ddl", "plpgsql"})
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
_TOLD = re.compile(
    r"^\W*(?:before|currently|today|now|as is|existing|old|at the moment|so far)\b"
    r"|\b(?:looks?|is defined) (?:\w+ )?like this\b|\bcurrent(?:ly)?\s+(?:schema|definition|table)",
    re.IGNORECASE,
)
_WAY_BACK = re.compile(
    r"\b(?:roll(?:ed|ing|s)?[ -]?back|undo(?:ne|es)?|revert(?:s|ed|ing)?|down (?:script|migration))\b",
    re.IGNORECASE,
)
_ITEM_HEAD = re.compile(
    rf"^\s*(?:table:?\s+)?\**`(?P<a>{QUALIFIED})`\**(?:\s+table)?\s*$|^\s*table:?\s+(?P<b>{IDENTIFIER})\s*$"
    rf"|^\s*(?P<c>[a-z_][a-z0-9_]*)\s+table\s*$|^\s*(?P<d>[a-z]+_[a-z0-9_]+)\s*$",
    re.IGNORECASE,
)
_RAILS = re.compile(
    r"^\s*(?:create_table|change_table|add_column|remove_column|rename_column|add_index|drop_table|"
    r"add_reference|class \w+ < ActiveRecord)\b",
    re.MULTILINE,
)
_PLAIN_LANGUAGES = frozenset(
    {"text", "txt", "md", "markdown", "yaml", "yml", "dbml", "plain", "plaintext"}
)
_SQL_TABLE = re.compile(
    rf"(?:create|alter)\s+table\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?\"?(?P<t>{QUALIFIED})",
    re.IGNORECASE,
)
_BRACKET = re.compile(
    r"(?:begin|commit|end|start\s+transaction)(?:\s+(?:transaction|work))?", re.IGNORECASE
)
_QUERY = re.compile(r"(?:explain|show|describe)\b|select\b.*\bfrom\b", re.IGNORECASE | re.DOTALL)
_BLOCK_HEAD = re.compile(
    rf"^\s*(?:(?P<new>create|new)\s+)?(?:table\s+[`\"]?(?P<table>{QUALIFIED})[`\"]?\s*(?:as\s+\w+\s*)?[:({{]?|"
    rf"[`\"]?(?P<only>{QUALIFIED})[`\"]?\s*[:({{]|(?P<bare>{QUALIFIED}))\s*$",
    re.IGNORECASE,
)
_BLOCK_END = re.compile(r"[)};\]]+;?$|[-=]{3,}$|(?:--|//|#)")
_GROUP = re.compile(
    rf"^\s*`?(?P<table>{QUALIFIED})`?\s*(?::|\u2013|-)?\s*[\[(](?P<columns>[^\])]*)[\])]\s*$"
)


def read(text: str, dialect: Dialect, tables: Collection[str] = ()) -> Specification:
    """What a specification asks for, with the lines that ask for it.

    Args:
        text: Markdown.
        dialect: of the types.
        tables: full names of the tables that are there, so that a heading can name one of them.

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
    reader = _Reader(dialect, tables)
    document = MarkdownIt("commonmark").enable("table").parse(text)
    reader.blocks(SyntaxTreeNode(document).children)
    return reader.result()


@dataclass(slots=True)
class _Reader:
    dialect: Dialect
    tables: Collection[str]
    changes: list[Change] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    unread: list[NotUnderstood] = field(default_factory=list)
    asking: list[NotUnderstood] = field(default_factory=list)  # unread, unless said elsewhere too
    mentioning: list[NotUnderstood] = field(default_factory=list)  # listed where nothing is read
    narrative: list[Span] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    prisma: list[str] = field(default_factory=list)
    table: str = ""  # the one that the text is about here
    new: bool = False  # the text said that it is created
    depth: int = 0  # of the heading below which the table was named
    level: int = 0  # of the last heading
    section: Section = Section.ASKED
    section_level: int = 0
    title: Named | None = None  # a bare word in the heading right before
    lead: str = ""  # the paragraph before a list or a table
    direct: str = ""  # the paragraph right before
    announcing: NotUnderstood | None = None  # "…:", about the block that comes next
    announced: dict[str, Span] = field(default_factory=dict)  # tables to create, columns to come

    def result(self) -> Specification:
        changes = tuple(_merged(self.changes))
        understood = Understood(changes)
        for passage in self.asking:
            if understood.covers(passage.text):
                self.narrative.append(passage.span)
            else:
                self.unread.append(passage)
        if not changes:
            self.unread.extend(self.mentioning)
        self.unread.sort(key=lambda n: n.span)
        declared = {c.table for c in changes if isinstance(c, TableWanted) and c.columns}
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
            changes=changes,
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
            if ROWS.search(passage.text):
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
            announcing, self.announcing = self.announcing, None
            before = len(self.changes), len(self.unread)
            self._block(node)
            self.direct = _text(node) if node.type == "paragraph" else ""
            if node.type != "heading":
                self.title = None
            if announcing and len(self.changes) == before[0]:
                del self.unread[before[1] :]  # one passage: what announces and what is announced
                span = Span(announcing.span.first, max(announcing.span.last, _span(node).last))
                self.asking.append(replace(announcing, span=span))
        if self.announcing:
            self.asking.append(self.announcing)
            self.announcing = None

    def _block(self, node: SyntaxTreeNode) -> None:
        if node.type == "heading":
            self._heading(node)
        elif self.section is not Section.ASKED:
            self._aside(node, self.section)
        elif node.type in ("fence", "code_block") and self._told():
            self._aside(node, self._told() or Section.TOLD)
        else:
            self._asked(node)

    def _asked(self, node: SyntaxTreeNode) -> None:
        match node.type:
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
            case "html_block" if re.fullmatch(r"\s*<!--.*?-->\s*", node.content, re.DOTALL):
                self.narrative.append(_span(node))
            case _:
                self._not_read(_text(node), _span(node), f"a block of kind {node.type}")

    def _told(self) -> Section | None:
        """Whether the paragraph right before code says that it shows what is, or the way back."""
        if not self.direct or len(self.direct.split()) > 25:
            return None
        if _WAY_BACK.search(self.direct):
            return Section.WAY_BACK
        return Section.TOLD if _TOLD.search(self.direct) else None

    def _aside(self, node: SyntaxTreeNode, kind: Section) -> None:
        """Text that is no demand: what is out of scope, how things are, how to go back."""
        span = _span(node)
        self.narrative.append(span)
        if kind is Section.NOT_ASKED:
            return
        if kind is Section.WAY_BACK:
            if node.type in ("fence", "code_block"):
                self.assumptions.append(f"{span} tell the way back and are not run on the way up")
            return
        if node.type in ("fence", "code_block", "table", "html_block"):
            return
        for sentence, where in _sentences(_text(node), span):
            if asks(sentence):
                why = "stands where the text tells how it is"
                self.asking.append(NotUnderstood(where, _cut(sentence), why))

    def _heading(self, node: SyntaxTreeNode) -> None:
        text, span = _text(node), _span(node)
        self.level = int(node.tag.removeprefix("h") or 1)
        kind = section(text)
        named = names_table(text, self.tables)
        self.lead, self.title = text, None
        if self.section is Section.ASKED or self.level <= self.section_level:
            self.section, self.section_level = Section.ASKED, self.level
            if kind in (Section.NOT_ASKED, Section.TOLD, Section.WAY_BACK):
                self.section = kind
        if self.section is not Section.ASKED:
            return
        created = None if held_back(text) else _CREATES.search(text)
        if named and named.sure:
            self._about(named.table, new=named.new)
            if named.new:
                self.announced.setdefault(named.table, span)
        elif created:
            self._create(_first(created), span)
        else:
            self._unnamed(text, span, kind, named)

    def _unnamed(self, text: str, span: Span, kind: Section, named: Named | None) -> None:
        """A heading that names no table for sure: the one before goes on below a part of it only."""
        self.title = named
        if self.level <= self.depth and kind is Section.ASKED and not self._awaited():
            self._about("", new=False)
        about = _ABOUT.search(text)
        if about:
            self._about(_first(about), new=False)
        if asks(text) and kind is Section.ASKED:
            self.asking.append(NotUnderstood(span, _cut(text), "a heading is not read"))

    def _awaited(self) -> bool:
        """Whether a table was announced whose columns are still to come."""
        return self.table in self.announced and not any(
            isinstance(c, TableWanted) and c.table == self.table for c in self.changes
        )

    def _about(self, table: str, *, new: bool) -> None:
        self.table, self.new, self.depth = table, new, self.level

    def _create(self, table: str, span: Span) -> None:
        self._about(table, new=True)
        self.announced.setdefault(table, span)

    def _quote(self, node: SyntaxTreeNode) -> None:
        """A quotation is somebody else's words: it is not an instruction."""
        text = " ".join(_text(child) for child in node.children)
        span = _span(node)
        if asks(text):
            self.unread.append(NotUnderstood(span, _cut(text), "stands in a quotation"))
        else:
            self.narrative.append(span)

    def _paragraph(self, text: str, span: Span) -> None:
        text = _uncommented(text)
        named = False
        for sentence, where in _sentences(text, span):
            created = self._creates(sentence, where)
            named = named or created
            self._sentence(sentence, where, said=created)
        if not named:
            about = _ABOUT.search(text)
            if about:
                self._about(_first(about), new=False)
        self.lead = text

    def _creates(self, sentence: str, span: Span) -> bool:
        created = _CREATES.search(sentence)
        if created is None or held_back(sentence):
            return False
        self._create(_first(created), span)
        return True

    def _sentence(self, text: str, span: Span, *, said: bool = False) -> bool:
        if len(text) > MAX_SENTENCE:
            self._not_read(text, span, f"a sentence of over {MAX_SENTENCE} characters is not read")
            return False
        read = read_sentence(text, span, self.table, self.dialect)
        self.changes.extend(read.changes)
        self.assumptions.extend(read.assumptions)
        if read.held:
            self.unread.append(NotUnderstood(span, _cut(text), read.held))
        elif read.changes:
            if "`" in read.rest or ROWS.search(read.rest):
                why = "part of this sentence was not read"
                self.asking.append(NotUnderstood(span, _cut(read.rest), why))
        elif NOTHING_FOR_ROWS.search(text):
            self.narrative.append(span)
        elif text.rstrip("*_ \n").endswith(":"):
            if not said and asks(text):
                self.announcing = NotUnderstood(span, _cut(text), "no form that is read")
        elif not said:
            self._not_read(text, span, "no form that is read")
        return bool(read.changes)

    def _not_read(self, text: str, span: Span, why: str) -> None:
        passage = NotUnderstood(span, _cut(text), why)
        if asks(text):
            self.asking.append(passage)
            return
        self.narrative.append(span)
        if mentions(text):
            self.mentioning.append(passage)

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
        elif language in ("ruby", "rb", "rails") or (not language and _RAILS.search(content)):
            changes, unread = read_rails(content, first_line, self.dialect)
            self.changes.extend(changes)
            self.unread.extend(unread)
        elif not language or language in _PLAIN_LANGUAGES:
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
            span = Span(first, last)
            if _BRACKET.fullmatch(sql):
                self.assumptions.append(f"`{sql}` ({span}) is left to whatever runs the migration")
            elif _QUERY.match(sql):
                self.narrative.append(span)
            else:
                self.changes.append(VerbatimSql(sql, span))
            named = _SQL_TABLE.match(sql)
            if named:
                self._about(named["t"], new=False)

    def _prisma(self, content: str, first_line: int) -> None:
        schema = read_prisma(content, first_line, self.dialect)
        self.changes.extend((*schema.enums, *schema.tables))
        self.unread.extend(schema.not_understood)
        self.prisma.append(content.strip("\n"))

    def _plain_lines(self, content: str, first_line: int) -> None:
        """Field lists in code: a line that names a table, then its fields."""
        for number, line in enumerate(content.splitlines(), start=first_line):
            bare = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", line).strip()
            span = Span(number, number)
            table = _BLOCK_HEAD.match(line) if len(line) < MAX_SENTENCE else None
            if table:
                name = table["table"] or table["only"] or table["bare"]
                self._about(name, new=bool(table["new"]))
            elif bare and not _BLOCK_END.match(bare):
                self._item(bare, span, plain=True)

    # lists and tables

    def _list(self, node: SyntaxTreeNode) -> None:
        lead, table, new = self.lead, self.table, self.new
        for item in node.children:
            self.lead, self.table, self.new = lead, table, new
            texts = [c for c in item.children if c.type in ("paragraph", "heading")]
            others = [c for c in item.children if c.type not in ("paragraph", "heading")]
            for child in texts:
                self._item(_uncommented(_text(child)), _span(child), heads=bool(others))
            self.blocks(others)
        self.lead, self.table, self.new = lead, table, new

    def _item(self, text: str, span: Span, *, heads: bool = False, plain: bool = False) -> None:
        group = self._group(text, span)
        named = self._item_names(text) if heads else None
        if group is not None:
            self.changes.append(group)
        elif named:
            self._about(named.table, new=named.new)
            if named.new:
                self.announced.setdefault(named.table, span)
        elif self._field(text, span, plain=plain):
            pass
        elif plain and re.match(rf"{IDENTIFIER}\s+\w+", text) and not asks(text):
            self.unread.append(NotUnderstood(span, _cut(text), "not read as a field"))
        else:
            for sentence, where in _sentences(text, span):
                self._sentence(sentence, where, said=self._creates(sentence, where))

    def _item_names(self, text: str) -> Named | None:
        """The table that an item names for the list below it."""
        bare = text.rstrip(": ")
        named = names_table(bare, self.tables)
        found = _ITEM_HEAD.match(bare)
        if named and (named.sure or found):
            return named
        return Named(_first(found)) if found else None

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

    def _field(self, text: str, span: Span, *, plain: bool = False) -> bool:
        if len(text) > MAX_SENTENCE or "~~" in text:
            return False
        declared = read_field(text, span, self.dialect, plain=plain)
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
            self._remarks(declared.unread, declared.column, span)
        return True

    def _remarks(self, remarks: Iterable[str], column: WantedColumn, span: Span) -> None:
        for remark in remarks:
            if "`" in remark or limits(remark, column):
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
        if self.title:  # `## calls`, then its columns
            self._about(self.title.table, new=self.title.new)
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


def _uncommented(text: str) -> str:
    """A paragraph without HTML comments, its lines kept."""
    return re.sub(
        r"<!--.*?(?:-->|$)", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL
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
