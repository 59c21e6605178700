"""Names, types and expressions out of libpg_query's trees."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from faber_db.model.statement import Expression, TypeName

Message: TypeAlias = Any  # generated protobuf classes; they do not leave this package

_TYPES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real",
    "float8": "double precision", "bool": "boolean", "varchar": "character varying",
    "bpchar": "character", "varbit": "bit varying", "timetz": "time with time zone",
    "timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
    "time": "time without time zone", "decimal": "numeric",
}  # fmt: skip
_SERIALS = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
    "smallserial": "smallint", "serial2": "smallint",
}  # fmt: skip


def unwrap(node: Message) -> Message:
    """The concrete message inside a `Node`; None where it is empty."""
    if type(node).DESCRIPTOR.name != "Node":
        return node
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else None


def kind_of(node: Message) -> str:
    """The field name of what a `Node` holds, or of the message itself in that spelling."""
    name = type(node).DESCRIPTOR.name
    return (node.WhichOneof("node") or "") if name == "Node" else name


def strings(nodes: Iterable[Message]) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple(n.string.sval for n in nodes if n.WhichOneof("node") == "string")


def joined(parts: Iterable[str]) -> str:
    """A qualified name, without the schemas that are there by default."""
    names = list(parts)
    if len(names) > 1 and names[0] in ("public", "pg_catalog"):
        names = names[1:]
    return ".".join(names)


def object_name(node: Message) -> str:
    """The name of an object in DROP, COMMENT, RENAME …: a list, a type, a function or a string."""
    inner = unwrap(node)
    if inner is None:
        return ""
    name = type(inner).DESCRIPTOR.name
    if name == "String":
        return str(inner.sval)
    if name == "List":
        return joined(strings(inner.items))
    if name == "TypeName":
        return joined(strings(inner.names))
    if name == "ObjectWithArgs":
        return joined(strings(inner.objname))
    if name == "RangeVar":
        return relation(inner)
    return ""


def relation(range_var: Message) -> str:
    """Full name of a table."""
    parts = [p for p in (range_var.schemaname, range_var.relname) if p]
    if parts[:1] == ["public"] and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts)


def type_of(type_name: Message) -> TypeName:
    """A type, in the words that the catalogue uses."""
    name = joined(strings(type_name.names))
    attributes: tuple[str, ...] = ()
    if name in _SERIALS:
        name, attributes = _SERIALS[name], ("serial",)
    arguments = tuple(
        literal
        for literal in (constant_text(unwrap(mod)) for mod in type_name.typmods)
        if literal is not None
    )
    name = _TYPES.get(name, name)
    if name == "character" and not arguments:
        arguments = ("1",)
    if name == "interval":
        arguments = arguments[1:]  # behind the mask of its fields
    return TypeName(name, arguments, bool(type_name.array_bounds), attributes)


def constant_text(node: Message) -> str | None:
    """The text of a literal, through casts; None for anything else."""
    while node is not None and type(node).DESCRIPTOR.name in ("TypeCast", "CollateClause"):
        node = unwrap(node.arg)
    if node is None:
        return None
    if type(node).DESCRIPTOR.name == "AExpr" or type(node).DESCRIPTOR.name == "A_Expr":
        if not node.HasField("lexpr") and strings(node.name) in (("-",), ("+",)):
            inner = constant_text(unwrap(node.rexpr))
            return None if inner is None else strings(node.name)[0] + inner
        return None
    if type(node).DESCRIPTOR.name == "A_ArrayExpr":
        return "array" if all(constant_text(unwrap(e)) is not None for e in node.elements) else None
    if type(node).DESCRIPTOR.name != "A_Const":
        return None
    if node.isnull:
        return "NULL"
    match node.WhichOneof("val"):
        case "sval":
            return str(node.sval.sval)
        case "ival":
            return str(node.ival.ival)
        case "fval":
            return str(node.fval.fval)
        case "boolval":
            return "true" if node.boolval.boolval else "false"
        case "bsval":
            return str(node.bsval.bsval)
        case _:
            return "0"  # an integer of value 0 is encoded as nothing


def is_null(node: Message) -> bool:
    """Whether an expression is the literal NULL, through casts."""
    while node is not None and type(node).DESCRIPTOR.name == "TypeCast":
        node = unwrap(node.arg)
    return node is not None and type(node).DESCRIPTOR.name == "A_Const" and bool(node.isnull)


def children(node: Message) -> Iterator[Message]:
    """The messages directly below one, `Node` wrappers taken off."""
    for descriptor, value in node.ListFields():
        if descriptor.message_type is None:
            continue
        for item in value if isinstance(value, Iterable) else (value,):
            inner = unwrap(item)
            if inner is not None:
                yield inner


def walk(*roots: Message) -> Iterator[Message]:
    """Every message below and including some, in order; without recursion."""
    stack = [inner for root in reversed(roots) if (inner := unwrap(root)) is not None]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))


def expression(*roots: Message, text: str = "") -> Expression:
    """What some expressions depend on."""
    functions: dict[str, None] = {}
    columns: dict[str, None] = {}
    tables: dict[str, None] = {}
    literals: dict[str, None] = {}
    for node in walk(*roots):
        match type(node).DESCRIPTOR.name:
            case "FuncCall":
                functions[joined(strings(node.funcname)).lower()] = None
            case "ColumnRef":
                names = strings(node.fields)
                if names:
                    columns[names[-1]] = None
            case "RangeVar":
                tables[relation(node)] = None
            case "A_Const":
                if node.WhichOneof("val") == "sval":
                    literals[node.sval.sval] = None
            case "SQLValueFunction":
                functions["current_value"] = None
            case _:
                pass
    constant = len(roots) == 1 and constant_text(unwrap(roots[0])) is not None
    return Expression(
        text=text or (deparsed(roots[0]) if roots else ""),
        functions=tuple(functions),
        columns=tuple(columns),
        tables=tuple(tables),
        literals=tuple(literals),
        constant=constant,
    )


def deparsed(node: Message) -> str:
    """The SQL of an expression, as PostgreSQL would write it; empty where it cannot be written."""
    import postgast
    from postgast import pg_query_pb2 as pb

    inner = unwrap(node)
    literal = constant_text(inner)
    if inner is None:
        return ""
    if literal is not None and type(inner).DESCRIPTOR.name == "A_Const":
        return f"'{literal}'" if inner.WhichOneof("val") == "sval" else literal
    wrapped = node
    if type(node).DESCRIPTOR.name != "Node":
        wrapped = pb.Node()
        for descriptor in pb.Node.DESCRIPTOR.fields:
            if descriptor.message_type is type(node).DESCRIPTOR:
                getattr(wrapped, descriptor.name).CopyFrom(node)
                break
    result = pb.ParseResult()
    target = result.stmts.add().stmt.select_stmt.target_list.add()
    target.res_target.val.CopyFrom(wrapped)
    result.stmts[0].stmt.select_stmt.limit_option = pb.LIMIT_OPTION_DEFAULT
    result.stmts[0].stmt.select_stmt.op = pb.SETOP_NONE
    try:
        return str(postgast.deparse(result).removeprefix("SELECT ").strip())
    except postgast.PgQueryError:
        return ""
