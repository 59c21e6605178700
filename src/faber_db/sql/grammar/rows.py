"""Statements that read and write rows, through sqlglot."""

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    SHORT_LIST,
    Action,
    Calls,
    Delete,
    Expression,
    Insert,
    Outside,
    Query,
    Update,
)
from faber_db.sql.grammar.stream import END, Stream, Unreadable
from faber_db.sql.identifiers import full_name, unquote
from faber_db.sql.lexer import QUOTED, WORD
from faber_db.sql.limits import depth

if TYPE_CHECKING:
    from sqlglot import exp

_MAX_DEPTH = 400  # sqlglot recurses some frames a level
_REPLACE = re.compile(r"\A\s*REPLACE\s+(?:LOW_PRIORITY\s+|DELAYED\s+)?(?:INTO\s+)?", re.IGNORECASE)
_STARRED = re.compile(r"\A\s*DELETE\b[^;()]*?\bFROM\b", re.IGNORECASE)
_USING = re.compile(r"\A\s*DELETE\s+FROM\s+([^;()]*?)\s+USING\b", re.IGNORECASE)
_NEXT_VALUE = re.compile(r"\bNEXT\s+VALUE\s+FOR\s+([\w.`]+)", re.IGNORECASE)
_MODIFIED = re.compile(
    r"\A\s*((?:DELETE|UPDATE)\b)(?:\s+(?:LOW_PRIORITY|QUICK|IGNORE)\b)+"
    r"|\A\s*(INSERT\b)(?:\s+(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY)\b)+",
    re.IGNORECASE,
)
_JSON_PAIRS = re.compile(r"\bJSON_OBJECT(?:AGG)?\s*\(", re.IGNORECASE)
_UPDATE_OR = re.compile(r"\A\s*UPDATE\s+OR\s+(ROLLBACK|ABORT|REPLACE|FAIL|IGNORE)\b", re.IGNORECASE)
_FILES = {"load_file", "load_extension", "readfile", "writefile"}


def row_actions(text: str, dialect: Dialect) -> Iterator[Action]:
    """SELECT, INSERT, REPLACE, UPDATE, DELETE with all that is nested in them.

    Raises:
        Unreadable: sqlglot refuses it, or reads it as something else.
    """
    from sqlglot import exp

    tree = _tree(text, dialect)
    if isinstance(tree, exp.Insert):
        yield _insert(tree, text, dialect)
    elif isinstance(tree, exp.Update):
        yield from _update(tree, dialect)
        clash = _UPDATE_OR.match(text)
        if clash is not None and clash[1].upper() == "REPLACE":  # rows in the way are deleted
            yield Delete(_name(tree.this, dialect), qualified=True)
    elif isinstance(tree, exp.Delete):
        yield from _delete(tree, dialect)
    elif isinstance(tree, exp.Query | exp.Values | exp.Subquery):
        locks = bool(tree.args.get("locks"))
        yield Query(_tables(tree, dialect), locks)
    else:
        raise Unreadable(f"it reads as {type(tree).__name__}")
    yield from _calls(tree, text, dialect)


def query_actions(text: str, dialect: Dialect) -> Iterator[Action]:
    """The functions that a query calls, and what it reads."""
    yield from row_actions(text, dialect)


def tables_of(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The tables that a query names."""
    return _tables(_tree(text, dialect), dialect)


def selected_of(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The names of the columns of a query; empty where they are not all in the text."""
    from sqlglot import exp

    tree = _tree(text, dialect)
    names = tuple(tree.named_selects) if isinstance(tree, exp.Query) else ()
    return names if all(names) and "*" not in names else ()


def _tree(text: str, dialect: Dialect) -> "exp.Expr":
    import sqlglot
    from sqlglot.errors import SqlglotError

    if depth(text, dialect) > _MAX_DEPTH:
        raise Unreadable("it is nested too deeply")
    name = "sqlite" if dialect is Dialect.SQLITE else "mysql"
    logging.getLogger("sqlglot").setLevel(
        logging.ERROR
    )  # a fallback is our finding, not a log line
    text = _REPLACE.sub("INSERT INTO ", text)  # sqlglot reads REPLACE as an opaque command
    text = _UPDATE_OR.sub("UPDATE", text)
    text = _JSON_PAIRS.sub("JSON_ARRAY(", text)  # it wants KEY … VALUE where a column is called so
    if dialect is not Dialect.SQLITE:
        text = _MODIFIED.sub(lambda found: found[1] or found[2], text)  # it does not know these
        text = _STARRED.sub(lambda found: found[0].replace(".*", ""), text)  # DELETE t.* FROM t
        text = _USING.sub(r"DELETE \1 FROM ", text)
        text = _NEXT_VALUE.sub(r"NEXTVAL(\1)", text)
    try:
        trees = [t for t in sqlglot.parse(text, read=name) if t is not None]
    except (SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else "it is nested too deeply"
        raise Unreadable(first[:200]) from error
    if len(trees) != 1:
        raise Unreadable(f"it reads as {len(trees)} statements")
    return trees[0]


def _name(table: "exp.Table", dialect: Dialect) -> str:
    return full_name(table.db, table.name, dialect)


def _tables(
    tree: "exp.Expr", dialect: Dialect, leave_out: "exp.Table | None" = None
) -> tuple[str, ...]:
    from sqlglot import exp

    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    return tuple(
        dict.fromkeys(
            _name(t, dialect)
            for t in tree.find_all(exp.Table)
            if t is not leave_out and t.name and t.name not in local and t.name.lower() != "dual"
        )
    )


def _insert(tree: "exp.Insert", text: str, dialect: Dialect) -> Insert:
    from sqlglot import exp

    target = tree.this
    columns: tuple[str, ...] = ()
    if isinstance(target, exp.Schema):
        columns = tuple(c.name for c in target.expressions)
        target = target.this
    if not isinstance(target, exp.Table):
        raise Unreadable("INSERT without a table")
    source = tree.expression
    query = isinstance(source, exp.Query) and not isinstance(source, exp.Values)
    values: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    filtered = False
    if isinstance(source, exp.Select):
        filled = tuple(
            name
            for e in source.expressions
            if isinstance(e.unalias(), exp.Coalesce) and (name := _selected(e))
        )
        values = tuple(_selected(e) for e in source.expressions)
        filtered = any(
            source.args.get(part)
            for part in ("where", "group", "having", "limit", "distinct", "joins", "offset")
        )
    return Insert(
        table=_name(target, dialect),
        columns=columns,
        conflict=_conflict(tree, text),
        reads=_tables(source, dialect) if query and source is not None else (),
        values=values,
        filtered=filtered,
        query=query,
        filled=filled,
    )


def _selected(selected: "exp.Expr") -> str:
    from sqlglot import exp

    inner = selected.this if isinstance(selected, exp.Alias) else selected
    if isinstance(inner, exp.Star):
        return "*"
    if isinstance(inner, exp.Coalesce) and isinstance(inner.this, exp.Column):
        return str(inner.this.name)  # Prisma fills NULLs of a column that becomes required
    if isinstance(inner, exp.Cast) and inner.to.is_type(*exp.DataType.TEXT_TYPES):
        inner = inner.this  # every value has a text
    return str(inner.name) if isinstance(inner, exp.Column) else ""


def _conflict(tree: "exp.Insert", text: str) -> str:
    from sqlglot import exp

    words = text.split(None, 4)[:4]
    upper = [w.upper() for w in words]
    if upper[0] == "REPLACE" or upper[:3] == ["INSERT", "OR", "REPLACE"]:
        return "replace"
    if upper[:3] == ["INSERT", "OR", "IGNORE"] or upper[:2] == ["INSERT", "IGNORE"]:
        return "nothing"
    conflict = tree.args.get("conflict")
    if isinstance(conflict, exp.OnConflict):
        changes = [e for e in conflict.expressions if not _keeps(e)]
        updates = changes or (conflict.args.get("duplicate") and not conflict.expressions)
        return "update" if updates else "nothing"
    return ""


def _keeps(assignment: "exp.Expr") -> bool:
    """`id = id`: the way to say that a row which is there stays as it is."""
    from sqlglot import exp

    return (
        isinstance(assignment, exp.EQ)
        and isinstance(assignment.expression, exp.Column)
        and assignment.this == assignment.expression
    )


def _where(tree: "exp.Expr", dialect: Dialect) -> Expression | None:
    from sqlglot import exp

    where = tree.args.get("where")
    if not isinstance(where, exp.Where):
        return None
    columns = tuple(dict.fromkeys(c.name for c in where.find_all(exp.Column)))
    found = where.this
    text = found.sql()
    if isinstance(found, exp.Not) and isinstance(found.this, exp.Is):
        text = f"{found.this.this.sql()} IS NOT {found.this.expression.sql()}"
    return Expression(text, columns=columns, tables=_tables(where, dialect))


def _qualifies(tree: "exp.Expr", where: Expression | None) -> bool:
    """Whether the condition leaves rows out; one that only joins tables does not."""
    from sqlglot import exp

    if where is None or not where.columns:
        return False
    found = tree.args["where"].this
    parts = list(found.flatten()) if isinstance(found, exp.And) else [found]
    return not all(_joins(part) for part in parts)


def _joins(part: "exp.Expr") -> bool:
    """`a.id = b.a_id`, or `id = id`."""
    from sqlglot import exp

    if not (isinstance(part, exp.EQ) and isinstance(part.expression, exp.Column)):
        return False
    left, right = part.this, part.expression
    if not isinstance(left, exp.Column):
        return False
    return left == right or bool(left.table and right.table and left.table != right.table)


def _conjuncts(tree: "exp.Expr") -> "list[exp.Expr]":
    from sqlglot import exp

    where = tree.args.get("where")
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _never(tree: "exp.Expr") -> bool:
    """`WHERE false`, `WHERE 1 = 0`, alone or joined by AND."""
    from sqlglot import exp

    for part in _conjuncts(tree):
        if isinstance(part, exp.Boolean) and not part.this:
            return True
        if isinstance(part, exp.EQ):
            sides = part.this, part.expression
            if all(s.is_int for s in sides) and sides[0].to_py() != sides[1].to_py():
                return True
    return False


def _keyed(tree: "exp.Expr") -> tuple[str, ...]:
    """The columns in `column = literal` and `column IN (literals)`, joined by AND."""
    from sqlglot import exp

    where = tree.args.get("where")
    if where is None:
        return ()
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    found = []
    for part in parts:
        values = [part.args.get("expression")] if isinstance(part, exp.EQ) else []
        if isinstance(part, exp.In) and len(part.expressions) <= SHORT_LIST:
            values = part.expressions
        if (
            values
            and isinstance(part.this, exp.Column)
            and all(isinstance(v, exp.Literal | exp.Boolean | exp.Neg) for v in values)
        ):
            found.append(str(part.this.name))
    return tuple(found)


def _update(tree: "exp.Update", dialect: Dialect) -> Iterator[Action]:
    """One action for each table that is written."""
    from sqlglot import exp

    if not isinstance(tree.this, exp.Table):
        raise Unreadable("UPDATE without a table")
    where = _where(tree, dialect)
    qualified = _qualifies(tree, where) or bool(tree.args.get("limit"))
    named = _aliases(tree)
    columns: dict[exp.Table, list[str]] = {}
    for assignment in tree.expressions:
        if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
            table = named.get(assignment.this.table.lower(), tree.this)
            columns.setdefault(table, []).append(assignment.this.name)
    for table, written in (columns or {tree.this: []}).items():
        yield Update(
            table=_name(table, dialect),
            columns=tuple(written),
            where=where,
            qualified=qualified,
            reads=_tables(tree, dialect, leave_out=table),
            keyed=_keyed(tree),
            fills=tuple(c for c in written if c.lower() in _empty(tree)),
            never=_never(tree),
        )


def _empty(tree: "exp.Expr") -> set[str]:
    """The columns that are NULL in every row which the condition lets through, in lower case."""
    from sqlglot import exp

    where = tree.args.get("where")
    found = where.this if isinstance(where, exp.Where) else None
    parts = list(found.flatten()) if isinstance(found, exp.And) else [found]
    return {
        part.this.name.lower()
        for part in parts
        if isinstance(part, exp.Is)
        and isinstance(part.this, exp.Column)
        and isinstance(part.expression, exp.Null)
    }


def _aliases(tree: "exp.Expr") -> "dict[str, exp.Table]":
    """The tables of a statement by the names that it calls them, in lower case."""
    from sqlglot import exp

    sources = tree.args.get("using") or [tree.this]  # DELETE FROM l USING lines AS l
    found: dict[str, exp.Table] = {}
    for source in sources:
        if isinstance(source, exp.Table):
            joined = [j.this for j in source.args.get("joins") or []]
            for table in (source, *joined):
                if isinstance(table, exp.Table):
                    found.setdefault(table.alias_or_name.lower(), table)
    return found


def _delete(tree: "exp.Delete", dialect: Dialect) -> Iterator[Action]:
    from sqlglot import exp

    where = _where(tree, dialect)
    named = _aliases(tree)
    for target in tree.args.get("tables") or [tree.this]:
        if not isinstance(target, exp.Table):
            raise Unreadable("DELETE without a table")
        table = named.get(target.name.lower(), target) if not target.db else target
        yield Delete(
            table=_name(table, dialect),
            qualified=_qualifies(tree, where) or bool(tree.args.get("limit")),
            reads=_tables(tree, dialect, leave_out=target),
            keyed=_keyed(tree),
            never=_never(tree),
        )


_KEYWORDS = """
ALL AND ANY AS BETWEEN BY CASE CONFLICT CROSS DELETE DISTINCT ELSE END ESCAPE EXCEPT EXISTS FILTER FORCE
FROM GROUP GROUPS HAVING IGNORE IN INDEX INSERT INTERSECT INTO IS JOIN KEY LIKE LIMIT MATERIALIZED
NOT OF OFFSET ON OR ORDER OVER PARTITION RANGE RECURSIVE REGEXP RLIKE ROLLUP ROW ROWS SELECT SET
SOME THEN UNION UPDATE USE USING WHEN WHERE WINDOW WITH XOR
"""
_NO_CALL = frozenset(_KEYWORDS.split())
_NAMES_A_TABLE = frozenset({"INTO", "INSERT", "IGNORE", "LOW_PRIORITY", "AS", "PARTITION"})
_TYPES = frozenset(
    {"binary", "char", "character", "decimal", "float", "nchar", "numeric", "varchar"}
)


def _calls(tree: "exp.Expr", text: str, dialect: Dialect) -> Iterator[Action]:
    """Functions under the names that the text gives them: sqlglot renames what it knows."""
    from sqlglot import exp

    tables = {node.alias.lower() for node in tree.find_all(exp.CTE)}
    found = dict.fromkeys(name for name in _called(text, dialect) if name not in tables)
    if found.keys() & _FILES:
        yield Outside("file", next(iter(found.keys() & _FILES)))
    for into in tree.find_all(exp.Into):
        yield Outside("file", into.sql())
    if found:
        yield Calls(tuple(found))


def _called(text: str, dialect: Dialect) -> Iterator[str]:
    pieces = Stream.of(text, dialect).pieces
    for index, piece in enumerate(pieces[:-1]):
        if pieces[index + 1].text != "(" or piece.kind not in (WORD, QUOTED):
            continue
        before = pieces[index - 1] if index else END
        name = unquote(piece.text, dialect).lower()
        if piece.word in _NO_CALL or (before.word in _NAMES_A_TABLE) or name in _TYPES:
            continue
        if index == 1 and before.word == "REPLACE":  # REPLACE t (a) VALUES …
            continue
        if before.text == ".":
            if index > 2 and pieces[index - 3].word in _NAMES_A_TABLE:
                continue
            name = f"{unquote(pieces[index - 2].text, dialect).lower()}.{name}"
        yield name
