"""A cursor over the significant tokens of one statement."""

from dataclasses import dataclass
from typing import NamedTuple

from faber_db.model.dialect import Dialect
from faber_db.sql.identifiers import full_name, unquote
from faber_db.sql.lexer import BAD, NUMBER, QUOTED, STRING, SYMBOL, WORD, significant


class Unreadable(Exception):
    """The statement does not follow the grammar that is known here."""


class Piece(NamedTuple):
    """A token with its text; `word` is in capitals for an unquoted word, else empty."""

    kind: str
    text: str
    start: int
    end: int
    word: str


END = Piece("end", "", -1, -1, "")


def _runs(mark: str, dialect: Dialect) -> bool:
    """Whether a server runs what stands in a version comment; an unknown version counts as new.

    No server is numbered 999999, which dumps use to hide a line from all. MariaDB leaves out what
    is for MySQL 5.7 and later (its manual, Comment Syntax).
    """
    number = int(mark.lstrip("/*M!") or "0")
    of_mysql = 50_700 <= number <= 99_999 and not mark.startswith("/*M!")
    return number < 999_999 and not (of_mysql and dialect is Dialect.MARIADB)


def _blanked(source: str, cut: list[tuple[int, int]]) -> str:
    """The text with spaces in place of some parts, so that a slice of it is plain SQL."""
    kept: list[str] = []
    position = 0
    for start, end in cut:
        kept += (source[position:start], " " * (end - start))
        position = end
    return "".join((*kept, source[position:])) if cut else source


@dataclass
class Stream:
    """Reads forward; a read that does not fit raises `Unreadable`."""

    source: str
    dialect: Dialect
    pieces: list[Piece]
    position: int = 0

    @classmethod
    def of(cls, source: str, dialect: Dialect) -> "Stream":
        pieces: list[Piece] = []
        cut: list[tuple[int, int]] = []  # marks of version comments, and what they hide
        skipping = False
        for token in significant(source, dialect):
            raw = source[token.start : token.end]
            if token.kind == BAD:
                raise Unreadable("a string, comment or name does not end")
            if "\0" in raw:
                raise Unreadable("it holds a NUL character")
            marks = token.kind == SYMBOL and (raw.startswith("/*") or raw == "*/")
            if marks:
                skipping = raw != "*/" and not _runs(raw, dialect)
            if marks or skipping:
                cut.append((token.start, token.end))
            else:
                word = raw.upper() if token.kind == WORD else ""
                pieces.append(Piece(token.kind, raw, token.start, token.end, word))
        return cls(_blanked(source, cut), dialect, pieces)

    def peek(self, ahead: int = 0) -> Piece:
        index = self.position + ahead
        return self.pieces[index] if index < len(self.pieces) else END

    def take(self) -> Piece:
        piece = self.peek()
        if piece is END:
            raise Unreadable("it ends too early")
        self.position += 1
        return piece

    @property
    def done(self) -> bool:
        return self.position >= len(self.pieces)

    def sees(self, *words: str) -> bool:
        """Whether these words or symbols come next."""
        position = self.position
        if position + len(words) > len(self.pieces):
            return False
        for piece, word in zip(self.pieces[position : position + len(words)], words, strict=True):
            if piece.word != word and piece.text != word:
                return False
        return True

    def accept(self, *words: str) -> bool:
        """Read these words if they come next."""
        first = self.peek()  # asked dozens of times a statement, and mostly in vain
        if words[0] not in (first.word, first.text) or first is END:
            return False
        if len(words) == 1 or self.sees(*words):
            self.position += len(words)
            return True
        return False

    def accept_any(self, *phrases: str) -> str:
        """Read the first of some phrases that comes next; which one, or empty."""
        first = self.peek()
        for phrase in phrases:
            begins = phrase.partition(" ")[0] in (first.word, first.text)
            if begins and self.accept(*phrase.split()):
                return phrase
        return ""

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise Unreadable(f"{' '.join(words)} expected near {self.peek().text[:30]!r}")

    def expect_end(self) -> None:
        if not self.done:
            raise Unreadable(f"{self.peek().text[:30]!r} is not expected")

    def identifier(self) -> str:
        piece = self.take()
        if piece.kind not in (WORD, QUOTED) and not (
            piece.kind == STRING and self.dialect is Dialect.SQLITE
        ):
            raise Unreadable(f"a name expected near {piece.text[:30]!r}")
        return unquote(piece.text, self.dialect)

    def name_or_string(self) -> str:
        """A name that may stand in quotes of a string: of a character set, a collation."""
        self.accept("=")
        piece = self.take()
        if piece.kind not in (WORD, QUOTED, STRING):
            raise Unreadable(f"a name expected near {piece.text[:30]!r}")
        return unquote(piece.text, self.dialect)

    def table(self) -> str:
        """A table name, qualified or not, as a full name."""
        first = self.identifier()
        if self.accept("."):
            return full_name(first, self.identifier(), self.dialect)
        return first

    def number(self) -> str:
        piece = self.take()
        if piece.kind != NUMBER:
            raise Unreadable(f"a number expected near {piece.text[:30]!r}")
        return piece.text

    def parenthesised(self) -> "Stream":
        """The content of the pair of parentheses that comes next."""
        self.expect("(")
        start, depth = self.position, 1
        while depth:
            piece = self.take()
            if piece.kind == SYMBOL:
                depth += (piece.text == "(") - (piece.text == ")")
        return Stream(self.source, self.dialect, self.pieces[start : self.position - 1])

    def until(self, *stops: str) -> "Stream":
        """What comes before a stop word or symbol outside parentheses, or before the end."""
        start, depth = self.position, 0
        while not self.done:
            piece = self.peek()
            if depth == 0 and (
                piece.word in stops or (piece.kind == SYMBOL and piece.text in stops)
            ):
                break
            if piece.kind == SYMBOL:
                depth += (piece.text == "(") - (piece.text == ")")
            self.position += 1
        return Stream(self.source, self.dialect, self.pieces[start : self.position])

    def rest(self) -> "Stream":
        return self.until()

    def split(self, separator: str = ",") -> list["Stream"]:
        """The parts between separators outside parentheses."""
        parts = []
        while not self.done:
            parts.append(self.until(separator))
            self.accept(separator)
        return parts

    @property
    def text(self) -> str:
        """The source text of what the stream holds."""
        if not self.pieces:
            return ""
        return self.source[self.pieces[0].start : self.pieces[-1].end]
