"""Whether an expression of a migration may be evaluated before anybody has approved it.

It may when it only reads: operators, literals, columns, and functions that are built in and
change nothing. Everything is refused that is not known here, so that a new kind of expression is
not evaluated until somebody has thought about it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import BAD, QUOTED, SYMBOL, WORD, significant


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = _words(
    "abs ceil ceiling floor round sign mod power sqrt greatest least coalesce nullif lower upper"
    " length char_length character_length octet_length trim ltrim rtrim left right substr substring"
    " replace position now current_timestamp current_date current_time localtime localtimestamp"
    " count min max sum"
)
_POSTGRESQL = _COMMON | _words(
    "trunc div initcap bit_length btrim translate split_part strpos reverse md5 ascii chr to_hex"
    " starts_with regexp_replace regexp_match regexp_like date_trunc date_part extract make_date"
    " make_interval age to_timestamp to_date to_char to_number isfinite timezone like_escape"
    " json_typeof jsonb_typeof json_array_length jsonb_array_length array_length cardinality"
    " array_position array_lower array_upper num_nulls num_nonnulls isempty lower_inc upper_inc"
    " current_value transaction_timestamp statement_timestamp concat concat_ws"
)
_MYSQL = _COMMON | _words(
    "if ifnull isnull convert cast truncate lcase ucase mid locate instr reverse concat concat_ws"
    " year month day dayofmonth hour minute second microsecond date time timestamp date_add date_sub"
    " adddate subdate datediff timestampdiff date_format str_to_date unix_timestamp from_unixtime"
    " curdate curtime utc_timestamp utc_date json_valid json_extract json_unquote json_length"
    " json_type regexp_like field find_in_set hex unhex md5 sha1 sha2 crc32 char ascii"
)
_SQLITE = _COMMON | _words(
    "ifnull iif instr cast date time datetime julianday strftime unixepoch typeof hex unicode char"
    " json_valid json_extract json_type json_array_length likely unlikely total glob like"
)
_FUNCTIONS = {
    Dialect.POSTGRESQL: _POSTGRESQL,
    Dialect.MYSQL: _MYSQL,
    Dialect.MARIADB: _MYSQL,
    Dialect.SQLITE: _SQLITE,
}
_BEFORE_PARENTHESIS = _words(
    "IN AND OR NOT EXISTS SELECT WHERE FROM JOIN ON USING BETWEEN LIKE CASE WHEN THEN ELSE ANY ALL SOME IS"
    " DISTINCT AS BY HAVING XOR DIV REGEXP RLIKE GLOB INTERVAL VALUES VARCHAR CHAR DECIMAL NUMERIC"
    " DATETIME TIMESTAMP TIME BINARY UNION"
)
_NEVER = _words(
    "INTO FOR LOCK PROCEDURE UPDATE DELETE INSERT REPLACE WITH CALL HANDLER DO PRAGMA ATTACH"
)
_NODES = _words(
    "A_ArrayExpr A_Const A_Expr Alias BitString BoolExpr Boolean BooleanTest CaseExpr CaseWhen"
    " CoalesceExpr CollateClause ColumnRef Float FuncCall Integer JoinExpr List MinMaxExpr NullTest"
    " RangeVar ResTarget RowExpr SQLValueFunction SelectStmt String SubLink TypeCast TypeName"
    " A_Star SortBy"
)
_OF_ONE_VALUE = ("target_list", "limit_option", "op")


@dataclass(frozen=True)
class Own:
    """What the database has of its own, which an expression must not reach unseen."""

    functions: Collection[str] = ()  # bare names
    views: Collection[str] = ()  # full names; they may call functions
    types: Collection[str] = ()  # full names that may be cast to: enums


def objection(text: str, dialect: Dialect, own: Own) -> str:
    """What keeps a condition or value from being evaluated, in a few words; empty: nothing."""
    if not text.strip() or "\0" in text:
        return "it cannot be read"
    if dialect is Dialect.POSTGRESQL:
        return _in_tree(text, own)
    return _in_tokens(text, dialect, own)


def _in_tokens(text: str, dialect: Dialect, own: Own) -> str:
    pieces = [(t.kind, text[t.start : t.end]) for t in significant(text, dialect)]
    views = {v.lower() for v in own.views}
    depth = 0
    for index, (kind, piece) in enumerate(pieces):
        following = pieces[index + 1][1] if index + 1 < len(pieces) else ""
        before = pieces[index - 1][1] if index else ""
        word = piece.upper() if kind == WORD else ""
        depth += (piece == "(") - (piece == ")")
        if kind == BAD or depth < 0 or piece in (";", "@", "@@", ":=", "?", ":"):
            return "it cannot be read"
        if kind == SYMBOL and piece.startswith("/*"):
            return "it holds a version comment"
        if word in _NEVER and not (word == "REPLACE" and following == "("):
            return f"it holds {word}"
        if piece.strip('`"[]').lower() in views:
            return f"it reads the view {piece}"
        if following == "(" and kind in (WORD, QUOTED):
            known = word in _BEFORE_PARENTHESIS or (
                kind == WORD and before != "." and piece.lower() in _FUNCTIONS[dialect]
            )
            if not known or piece.lower() in own.functions:
                return f"it calls {piece}"
    return "it cannot be read" if depth else ""


def _in_tree(text: str, own: Own) -> str:
    import postgast

    from faber_db.sql.postgresql.nodes import walk

    try:
        parsed = postgast.parse(f"SELECT ({text}\n)")
    except postgast.PgQueryError:
        return "it cannot be read"
    if len(parsed.stmts) != 1:
        return "it cannot be read"
    select = parsed.stmts[0].stmt.select_stmt
    more = [field.name for field, _ in select.ListFields() if field.name not in _OF_ONE_VALUE]
    if len(select.target_list) != 1 or more:
        return "it cannot be read"
    return next((why for node in walk(parsed.stmts[0].stmt) if (why := _of_node(node, own))), "")


def _of_node(node: object, own: Own) -> str:
    from faber_db.sql.postgresql.nodes import Message, relation, strings

    tree: Message = node
    kind = type(tree).DESCRIPTOR.name
    if kind not in _NODES:
        return f"it holds {kind}"
    if kind == "FuncCall":
        parts = strings(tree.funcname)
        name = parts[-1].lower()
        builtin = len(parts) == 1 or parts[0] == "pg_catalog"
        if not builtin or name not in _POSTGRESQL or name in own.functions or tree.HasField("over"):
            return f"it calls {'.'.join(parts)}"
    elif kind == "A_Expr" and len(strings(tree.name)) > 1:
        return f"it uses the operator {'.'.join(strings(tree.name))}"
    elif kind == "TypeName":
        return _of_type(tree, own)
    elif kind == "RangeVar" and (relation(tree) in own.views or tree.catalogname):
        return f"it reads {relation(tree)}"
    return ""


def _of_type(tree: object, own: Own) -> str:
    from faber_db.sql.postgresql.nodes import Message, type_of
    from faber_db.sql.types import BUILT_IN

    node: Message = tree
    name = type_of(node).name
    return "" if name in BUILT_IN or name in own.types else f"it casts to {name}"
