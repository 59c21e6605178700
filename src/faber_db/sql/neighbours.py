"""MySQL and MariaDB: what a statement names outside its own database, bodies and all.

One server's databases are one name away from each other, so this reads tokens and not the grammar:
it holds for statements that the grammar does not know, and within the bodies of routines,
triggers and events, which run later and unseen. A qualified name where only a column can stand is
one of a column if its first part is a table or an alias of the same statement.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from faber_db.model.dialect import Dialect
from faber_db.sql.grammar.stream import END, Piece, Stream, Unreadable
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import NUMBER, QUOTED, STRING, SYMBOL, WORD
from faber_db.sql.row_values import shortened

_MAY_REACH = re.compile(
    r"\.(?!\d+\b)|\b(?:execute|prepare|engine|connection|default\w*storage_engine|storage_engine"
    r"|enforce_storage_engine|sql_mode|set|install|uninstall|create|drop|alter|rename|outfile|dumpfile"
    r"|load_file|grant|revoke|change|reset|purge|flush|kill|shutdown|start|stop|lock|backup|clone"
    r"|import|binlog|xa)\b",
    re.IGNORECASE,
)
_LISTS = {  # reserved words; behind these stands a table or another object, or a list of them
    "TABLE", "FROM", "JOIN", "STRAIGHT_JOIN", "INTO", "UPDATE", "USING", "REFERENCES", "EXISTS",
    "CALL", "PROCEDURE", "TRIGGER", "TO", "DELETE", "INSERT", "REPLACE", "IGNORE", "LOW_PRIORITY",
    "HIGH_PRIORITY", "DELAYED", "DESCRIBE", "EXPLAIN", "INDEX", "UNION",
}  # fmt: skip
_KINDS = {  # the same, but a column may be called so
    "TABLES", "FUNCTION", "EVENT", "SEQUENCE", "VIEW", "PACKAGE", "BODY", "QUICK", "HANDLER",
    "TRUNCATE", "FOLLOWS", "PRECEDES", "OF", "DESC",
}  # fmt: skip
_BEFORE_PARENTHESES = {"FROM", "JOIN", "STRAIGHT_JOIN", "UPDATE"}
_ENDS = {
    "WHERE", "SET", "SELECT", "GROUP", "ORDER", "HAVING", "LIMIT", "VALUES", "VALUE", "WINDOW",
    "RETURNING",
}  # fmt: skip
_DEFINES = {"GRANT", "REVOKE", "CREATE", "DROP", "ALTER"}  # their ON is followed by an object
_READS = {"SELECT", "JOIN", "STRAIGHT_JOIN"}  # … and the ON of these by a condition
_BEGINS = {"BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW", "ATOMIC"}
_ENGINES = {"FEDERATED", "FEDERATEDX", "CONNECT", "SPIDER", "SPHINX", "S3"}
_ENGINE_OPTIONS = {
    "ENGINE", "STORAGE_ENGINE", "DEFAULT_STORAGE_ENGINE", "DEFAULT_TMP_STORAGE_ENGINE",
    "ENFORCE_STORAGE_ENGINE",
}  # fmt: skip
_OTHER_READING = ("ANSI", "NO_BACKSLASH_ESCAPES", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB")
_SERVER = {
    "CREATE": {"DATABASE", "SCHEMA", "SERVER", "TABLESPACE", "LOGFILE", "RESOURCE"},
    "ALTER": {"DATABASE", "SCHEMA", "SERVER", "TABLESPACE", "LOGFILE", "RESOURCE", "INSTANCE", "USER"},
    "DROP": {"SERVER", "TABLESPACE", "LOGFILE", "RESOURCE", "USER", "ROLE"},
    "RENAME": {"USER"},
    "SET": {"GLOBAL", "PERSIST", "PERSIST_ONLY"},
    "INSTALL": {"PLUGIN", "SONAME", "COMPONENT"},
    "UNINSTALL": {"PLUGIN", "SONAME", "COMPONENT"},
    "CHANGE": {"MASTER", "REPLICATION"},
    "RESET": {"MASTER", "SLAVE", "REPLICA", "BINARY", "PERSIST"},
    "START": {"SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"},
    "STOP": {"SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"},
    "PURGE": {"BINARY", "MASTER"},
    "LOCK": {"INSTANCE"},
    "BACKUP": {"STAGE", "LOCK", "UNLOCK"},
    "CLONE": {"LOCAL", "INSTANCE"},
    "XA": {"COMMIT", "ROLLBACK"},
    "GRANT": {"PROXY"},
    "REVOKE": {"PROXY"},
}  # fmt: skip
_AT_THE_HEAD = {"FLUSH", "KILL", "SHUTDOWN", "BINLOG"}
_NAMES = (WORD, QUOTED, STRING)


class Reached(NamedTuple):
    """What lies outside. `how`: database, dynamic, engine, server, drop, file."""

    how: str
    name: str
    schema: str = ""  # of `database`


@lru_cache(maxsize=8)
def reached(text: str, dialect: Dialect) -> tuple[Reached, ...]:
    """What a statement of MySQL or MariaDB reaches, in order; text of nothing of it costs a search."""
    text = shortened(text, dialect)
    if not _MAY_REACH.search(text):
        return ()
    try:
        pieces = Stream.of(text, dialect).pieces
    except Unreadable:
        return ()  # no server takes it either, and `not-understood` says so
    return tuple(dict.fromkeys((*_names(pieces, dialect), *_commands(pieces, dialect))))


def _names(pieces: list[Piece], dialect: Dialect) -> Iterator[Reached]:
    alone = _alone(pieces, dialect)
    places = _Places()
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        before = pieces[position - 1] if position else END
        parts = _qualified(pieces, position)
        if not parts:
            places.follow(pieces, position)
            position += 1
            continue
        schema, end = unquote(piece.text, dialect), position + 2 * parts - 1
        if pieces[position + 1].kind == NUMBER:
            end, last = position + 2, pieces[position + 1].text[1:]
        else:
            last = unquote(pieces[position + 2].text, dialect)
        called = end < len(pieces) and pieces[end].text == "("
        named = called or parts > 2 or places.holds(before) or schema not in alone
        if named and before.text not in ("@", "@@", ":"):
            yield Reached("database", f"{schema}.{last}", schema)
        position = end


class _Places:
    """Where an object is named, and where a column, followed from piece to piece."""

    def __init__(self) -> None:
        self.listing = [False]  # by depth of parentheses: a comma is followed by another object
        self.selects = [False]  # by depth: FROM is that of a query, not of EXTRACT or TRIM
        self.head = ""  # the last word that defines something
        self.reads = False

    def holds(self, before: Piece) -> bool:
        if before.word == "ON":
            return bool(self.head) and not self.reads
        if before.word == "FOR":  # NEXT VALUE FOR
            return True
        return self.listing[-1] and (
            before.word in _LISTS
            or before.word in _KINDS
            or before.text in (",", "(")
            or before.word == "LIKE"
        )

    def follow(self, pieces: list[Piece], position: int) -> None:
        piece = pieces[position]
        before = pieces[position - 1] if position else END
        behind = pieces[position + 1] if position + 1 < len(pieces) else END
        if _begins(before) and before.text != ")":
            self.head, self.reads = "", False
        if piece.word in _DEFINES:
            self.head, self.reads = piece.word, False
        if self._starts(piece, before, behind):
            self.listing[-1] = True
        elif piece.word in _ENDS or piece.text == ";" or before.word + piece.word == "KEYUPDATE":
            self.listing[-1] = False
        self.reads = self.reads or piece.word in _READS
        self.selects[-1] = self.selects[-1] or piece.word == "SELECT"
        if piece.kind == SYMBOL and piece.text == "(":
            of_union = before.text == "=" and pieces[position - 2].word == "UNION"
            within = of_union or before.word in _LISTS or before.text in (",", "(")
            self.listing.append(self.listing[-1] and within)
            self.selects.append(False)
        elif piece.kind == SYMBOL and piece.text == ")" and len(self.listing) > 1:
            self.listing.pop()
            self.selects.pop()

    def _starts(self, piece: Piece, before: Piece, behind: Piece) -> bool:
        word = piece.word
        if word == "LIKE":
            return self.head == "CREATE" and not self.reads
        if word == "FROM" and len(self.selects) > 1 and not self.selects[-1]:
            return False
        if behind.text == "(":
            return word in _BEFORE_PARENTHESES
        if behind.kind not in _NAMES:
            return word == "UNION"
        if word == "DESC":
            return _begins(before)
        return (word in _LISTS and before.word != "KEY") or (word in _KINDS and not self.reads)


def _begins(before: Piece) -> bool:
    """Whether a statement may begin here, of a body or the whole."""
    return before is END or before.word in _BEGINS or before.text in (";", ")", ":")


def _qualified(pieces: list[Piece], position: int) -> int:
    """How many parts the qualified name has that begins here; 0 for none. `*` is a part in rights."""
    if pieces[position].kind not in _NAMES:
        return 0
    parts = 1
    while (
        position + 2 * parts < len(pieces)
        and pieces[position + 2 * parts - 1].text == "."
        and (
            pieces[position + 2 * parts].kind in _NAMES
            or pieces[position + 2 * parts].kind == NUMBER
            or pieces[position + 2 * parts].text == "*"
        )
    ):
        parts += 1
    if parts == 1 and position + 1 < len(pieces):
        behind = pieces[position + 1]  # `db.1table`, which the lexer takes for a number
        return 2 if behind.kind == NUMBER and behind.text[:1] == "." else 0
    return parts if parts > 1 else 0


def _alone(pieces: list[Piece], dialect: Dialect) -> set[str]:
    """Names that qualify columns: what also stands unqualified, or is the last part of a name."""
    found = {p.text for p in pieces if p.word in ("NEW", "OLD")}
    for index, piece in enumerate(pieces):
        behind = pieces[index + 1] if index + 1 < len(pieces) else END
        if piece.kind in (WORD, QUOTED) and behind.text != "." and behind.text[:1] != ".":
            found.add(unquote(piece.text, dialect))
    return found


def _commands(pieces: list[Piece], dialect: Dialect) -> Iterator[Reached]:
    of_one = any(p.word == "STATEMENT" for p in pieces)
    for index, piece in enumerate(pieces):
        before = pieces[index - 1] if index else END
        following = [*pieces[index + 1 : index + 4], END, END, END]
        if piece.kind == WORD:
            yield from _command(piece, before, following, once=of_one)
            yield from _prepared(pieces, index, dialect)
            if piece.word in ("GRANT", "REVOKE") and _begins(before):
                end = next((p for p in pieces[index:] if p.word == "ON" or p.text == ";"), END)
                if end.word != "ON":  # of roles, or all rights that an account has anywhere
                    yield Reached("server", f"{piece.word.lower()} of an account")
        elif piece.text == "@@" and following[0].word in ("GLOBAL", "PERSIST", "PERSIST_ONLY"):
            if before.word == "SET" or before.text == ",":
                yield Reached("server", f"set {following[0].word.lower()}")
        elif (
            piece.text == "*"
            and piece.kind == SYMBOL
            and before.word == "ON"
            and following[0].text == "."
        ):
            yield Reached("database", "*.*", "*")


def _command(
    piece: Piece, before: Piece, following: list[Piece], *, once: bool
) -> Iterator[Reached]:
    word, behind = piece.word, following[0]
    value = following[1] if behind.text in ("=", ":=") else behind
    if word in _ENGINE_OPTIONS and value.text.strip("'\"`").upper() in _ENGINES:
        yield Reached("engine", value.text.strip("'\"`").lower())
    elif word == "CONNECTION" and behind.text == "=":
        yield Reached("engine", "connection")
    elif word == "SQL_MODE" and behind.text in ("=", ":="):
        # what is no literal is read back behind the statement, by whoever runs it; but for the one
        # statement that it holds for
        unseen = once and value.kind != STRING
        if unseen or any(mode in value.text.upper() for mode in _OTHER_READING):
            yield Reached("dynamic", "sql_mode")
    elif word == "LOAD_FILE" and behind.text == "(":
        yield Reached("file", "load_file")
    elif word == "INTO" and behind.word in ("OUTFILE", "DUMPFILE"):
        yield Reached("file", f"INTO {behind.word}")
    elif word == "IMPORT" and behind.word == "TABLE":
        yield Reached("file", "IMPORT TABLE")
    elif word == "DROP" and behind.word in ("DATABASE", "SCHEMA"):
        name = following[2] if following[1].word == "IF" else following[1]
        yield Reached("drop", name.text.strip("`"))
    elif behind.word in _SERVER.get(word, ()) and following[1].text not in ("=", ":=", ",", ")"):
        yield Reached("server", f"{word} {behind.word}".lower())
    elif word in _AT_THE_HEAD and _begins(before):
        yield Reached("server", word.lower())


def _prepared(pieces: list[Piece], index: int, dialect: Dialect) -> Iterator[Reached]:
    """SQL from a text: read where it is one literal, and unknown everywhere else."""
    here = [p.word for p in pieces[index : index + 3]]
    if here[:2] == ["EXECUTE", "IMMEDIATE"]:
        start = index + 2
    elif here[:1] == ["PREPARE"] and here[2:] == ["FROM"]:
        start = index + 3
    else:
        return
    literal = pieces[start] if start < len(pieces) else END
    behind = pieces[start + 1] if start + 1 < len(pieces) else END
    whole = behind is END or behind.text == ";" or behind.word == "USING"
    if literal.kind == STRING and literal.text[0] in "'\"" and whole:
        yield from reached(_unescaped(literal.text), dialect)
    else:
        yield Reached("dynamic", literal.text[:80] or "EXECUTE")


def _unescaped(literal: str) -> str:
    mark = literal[0]
    return re.sub(rf"\\([\s\S])|{mark}{mark}", lambda m: m[1] or mark, literal[1:-1])
