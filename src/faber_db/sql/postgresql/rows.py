"""Statements that read and write rows."""

from collections.abc import Iterator

from faber_db.model.statement import (
    SHORT_LIST,
    Action,
    AlterSequence,
    Calls,
    Copy,
    CreateTable,
    Delete,
    Dynamic,
    Expression,
    Insert,
    Merge,
    NotUnderstood,
    Outside,
    Query,
    SetVariable,
    Update,
    Uses,
)
from faber_db.sql.postgresql.nodes import (
    Message,
    constant_text,
    expression,
    joined,
    relation,
    strings,
    unwrap,
    walk,
)

_WRITES = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
_RUNS_TEXT = {
    "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml",
    "dblink", "dblink_exec", "dblink_open", "dblink_send_query",
}  # fmt: skip


def rows(statement: Message) -> Iterator[Action]:
    """SELECT, INSERT, UPDATE, DELETE, MERGE, with all that is nested in them."""
    for node in walk(statement):
        name = type(node).DESCRIPTOR.name
        if name in _WRITES:
            yield from _WRITERS[name](node)
        elif name == "SelectStmt" and node.HasField("into_clause"):
            yield CreateTable(
                table=relation(node.into_clause.rel), query=True, reads=tables_read(node)
            )
    if type(statement).DESCRIPTOR.name == "SelectStmt":
        yield _query(statement)
    yield from calls(statement)


def _query(statement: Message) -> Query:
    reads = tables_read(statement)
    limited = (
        len(reads) == 1
        and statement.HasField("limit_count")
        and not statement.HasField("where_clause")
        and not (statement.sort_clause or statement.group_clause or statement.distinct_clause)
        and not any(type(n).DESCRIPTOR.name == "FuncCall" for n in walk(*statement.target_list))
    )
    return Query(
        reads=reads,
        locks_rows=any(type(n).DESCRIPTOR.name == "LockingClause" for n in walk(statement)),
        keyed=_keyed(statement.where_clause) if len(reads) == 1 else (),
        limited=limited,
    )


def calls(*roots: Message) -> Iterator[Action]:
    """The functions that some expressions call, and the literals in them."""
    found: dict[str, None] = {}
    literals: dict[str, None] = {}
    for node in walk(*roots):
        name = type(node).DESCRIPTOR.name
        if name == "FuncCall":
            function = joined(strings(node.funcname)).lower()
            found[function] = None
            if function.startswith("dblink"):
                yield Outside("dblink", function)
            elif function in _RUNS_TEXT:
                yield from _text_run(node)
            elif function == "set_config" and len(node.args) > 1:
                yield from _set_config(node)
            elif function == "setval" and len(node.args) > 1:
                fixed = constant_text(unwrap(node.args[1])) is not None
                yield AlterSequence(constant_text(unwrap(node.args[0])) or "", restart=fixed)
        elif name == "A_Const" and node.WhichOneof("val") == "sval":
            literals[node.sval.sval] = None
        elif name == "RangeVar" and node.catalogname:
            yield Outside("database", f"{node.catalogname}.{relation(node)}")
    if literals:
        yield Uses(tuple(literals))
    if found:
        yield Calls(tuple(found))


def _set_config(call: Message) -> Iterator[Action]:
    name, value = (constant_text(unwrap(a)) for a in list(call.args)[:2])
    if name is not None:
        yield SetVariable(name.lower(), value or "")


def _text_run(call: Message) -> Iterator[Action]:
    yield Dynamic(constant_text(unwrap(call.args[0])) or "" if call.args else "")


def tables_read(*roots: Message) -> tuple[str, ...]:
    """The tables that some queries name, without common table expressions and write targets."""
    local: set[str] = set()
    found: dict[str, None] = {}
    targets: set[int] = set()
    for node in walk(*roots):
        name = type(node).DESCRIPTOR.name
        if name == "CommonTableExpr":
            local.add(node.ctename)
        elif name in _WRITES:
            targets.add(_location(node.relation))
        elif name == "IntoClause":
            targets.add(_location(node.rel))
        elif name == "RangeVar" and node.location not in targets:
            found[relation(node)] = None
    return tuple(name for name in found if name not in local)


def _location(range_var: Message) -> int:
    return int(range_var.location)


def _insert(node: Message) -> Iterator[Action]:
    from postgast import pg_query_pb2 as pb

    conflict = ""
    if node.HasField("on_conflict_clause"):
        updates = node.on_conflict_clause.action == pb.ONCONFLICT_UPDATE
        conflict = "update" if updates else "nothing"
    select = node.select_stmt.select_stmt if node.HasField("select_stmt") else None
    query = select is not None and not select.values_lists
    values: tuple[str, ...] = ()
    filtered = False
    if query and select is not None:
        values = tuple(_target_text(t) for t in select.target_list)
        filtered = bool(
            select.HasField("where_clause")
            or select.group_clause
            or select.distinct_clause
            or select.HasField("limit_count")
            or select.HasField("having_clause")
            or len(select.from_clause) != 1
            or select.from_clause[0].WhichOneof("node") != "range_var"
        )
    yield Insert(
        table=relation(node.relation),
        columns=tuple(c.res_target.name for c in node.cols),
        conflict=conflict,
        reads=tables_read(node.select_stmt) if query else (),
        values=values,
        filtered=filtered,
        query=query,
    )


def _target_text(target: Message) -> str:
    inner = unwrap(target.res_target.val)
    if inner is not None and type(inner).DESCRIPTOR.name == "ColumnRef":
        names = strings(inner.fields)
        return names[-1] if names else "*"
    return ""


def _update(node: Message) -> Iterator[Action]:
    where = _condition(node)
    yield Update(
        table=relation(node.relation),
        columns=tuple(t.res_target.name for t in node.target_list),
        where=where,
        qualified=_qualifies(where),
        reads=tables_read(*node.from_clause, node.where_clause, *node.target_list),
        keyed=_keyed(node.where_clause),
        values=expression(*[t.res_target.val for t in node.target_list], text="…"),
        fills=_filled(node),
        never=_never(node.where_clause),
    )


def _delete(node: Message) -> Iterator[Action]:
    where = _condition(node)
    yield Delete(
        table=relation(node.relation),
        qualified=_qualifies(where),
        reads=tables_read(*node.using_clause, node.where_clause),
        keyed=_keyed(node.where_clause),
        never=_never(node.where_clause),
    )


def _merge(node: Message) -> Iterator[Action]:
    from postgast import pg_query_pb2 as pb

    words = {pb.CMD_UPDATE: "update", pb.CMD_DELETE: "delete", pb.CMD_INSERT: "insert"}
    changes = (words.get(c.merge_when_clause.command_type, "") for c in node.merge_when_clauses)
    yield Merge(
        table=relation(node.relation),
        changes=tuple(dict.fromkeys(c for c in changes if c)),
        reads=tables_read(node.source_relation),
    )


def _condition(node: Message) -> Expression | None:
    return expression(node.where_clause) if node.HasField("where_clause") else None


def _qualifies(where: Expression | None) -> bool:
    """Whether a condition can leave rows out: it has to look at a column."""
    if where is None or not where.columns:
        return False
    sides = where.text.split(" = ")
    return not (len(sides) == 2 and sides[0].strip() == sides[1].strip())


def _never(where: Message) -> bool:
    """`WHERE false`, `WHERE 1 = 0`."""
    node = unwrap(where)
    if node is None:
        return False
    if type(node).DESCRIPTOR.name == "A_Const":
        return constant_text(node) == "false"
    if type(node).DESCRIPTOR.name == "A_Expr" and strings(node.name) == ("=",):
        left, right = constant_text(unwrap(node.lexpr)), constant_text(unwrap(node.rexpr))
        return left is not None and right is not None and left != right
    return False


def _filled(node: Message) -> tuple[str, ...]:
    """Columns that an UPDATE sets where they are NULL: by its condition, or `c = coalesce(c, …)`."""
    empty = set(_tested_null(node.where_clause))
    found = []
    for target in node.target_list:
        name = target.res_target.name
        value = unwrap(target.res_target.val)
        if name in empty or (
            value is not None
            and type(value).DESCRIPTOR.name == "CoalesceExpr"
            and _column_name(unwrap(value.args[0])) == name
        ):
            found.append(name)
    return tuple(found)


def _tested_null(where: Message) -> Iterator[str]:
    """The columns of `c IS NULL`, alone or joined by AND."""
    pending = [unwrap(where)]
    while pending:
        node = pending.pop()
        if node is None:
            continue
        name = type(node).DESCRIPTOR.name
        if name == "BoolExpr" and node.boolop == 1:  # AND_EXPR
            pending.extend(unwrap(a) for a in node.args)
        elif name == "NullTest" and node.nulltesttype == 1:  # IS_NULL
            yield _column_name(unwrap(node.arg))


def _column_name(node: Message) -> str:
    if node is None or type(node).DESCRIPTOR.name != "ColumnRef":
        return ""
    return (strings(node.fields) or ("",))[-1]


def _keyed(where: Message) -> tuple[str, ...]:
    """The columns in `column = literal` and `column IN (literals)`, joined by AND."""
    pending = [unwrap(where)]
    found: list[str] = []
    while pending:
        node = pending.pop()
        if node is None:
            continue
        name = type(node).DESCRIPTOR.name
        if name == "BoolExpr" and node.boolop == 1:  # AND_EXPR
            pending.extend(unwrap(a) for a in node.args)
        elif name == "A_Expr" and strings(node.name) == ("=",) and node.kind in _COMPARES:
            left, right = unwrap(node.lexpr), unwrap(node.rexpr)
            if left is not None and type(left).DESCRIPTOR.name == "ColumnRef":
                names = strings(left.fields)
                if names and _few_constants(right):
                    found.append(names[-1])
    return tuple(found)


_COMPARES = (1, 7)  # AEXPR_OP, AEXPR_IN


def _few_constants(node: Message | None) -> bool:
    if node is not None and type(node).DESCRIPTOR.name == "List":
        values = [unwrap(item) for item in node.items]
        return len(values) <= SHORT_LIST and all(constant_text(v) is not None for v in values)
    return constant_text(node) is not None


_WRITERS = {
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}


def copy(node: Message, _text: str) -> Iterator[Action]:
    """COPY, and what its query does."""
    where = "program" if node.is_program else "file" if node.filename else "stdin"
    if node.HasField("relation"):
        yield Copy(relation(node.relation), where, bool(node.is_from), node.filename)
    else:
        yield Copy("", where, False, node.filename)
        yield from rows(unwrap(node.query))


def nested(node: Message, what: str) -> Iterator[Action]:
    """The statement inside another one (EXPLAIN ANALYZE, PREPARE, CREATE TABLE AS)."""
    inner = unwrap(node)
    if inner is None:
        yield NotUnderstood(f"{what} holds nothing that can be read")
        return
    yield from rows(inner)
