"""DROP, RENAME, CREATE and ALTER of everything that is not a table."""

from collections.abc import Iterator

from faber_db.model.statement import (
    Action,
    AddEnumValue,
    AlterDomain,
    AlterPolicy,
    AlterSequence,
    Calls,
    ChangeServer,
    Create,
    CreateDomain,
    CreateEnum,
    CreatePolicy,
    CreateRule,
    CreateTrigger,
    CreateView,
    Drop,
    Harmless,
    Maintain,
    Move,
    Outside,
    Rename,
    TableSetting,
    Truncate,
    Uses,
)
from faber_db.sql.postgresql.nodes import (
    Message,
    constant_text,
    expression,
    joined,
    object_name,
    relation,
    strings,
    type_of,
    unwrap,
    walk,
)
from faber_db.sql.postgresql.reader import Reader
from faber_db.sql.postgresql.rows import calls, rows, tables_read
from faber_db.sql.postgresql.tables import create_table, create_table_as

_HANGS_ON_TABLE = {"trigger", "policy", "rule", "tabconstraint"}
_KINDS = {"matview": "materialized view", "tabconstraint": "constraint", "foreign_server": "server"}
OUTSIDE_EXTENSIONS = {"dblink", "postgres_fdw", "file_fdw", "adminpack"}
UNTRUSTED_LANGUAGES = {"plpython3u", "plpythonu", "plperlu", "pltclu", "plsh"}


def object_kind(number: int) -> str:
    """The kind of an object as SQL says it, in lower case."""
    from postgast import pg_query_pb2 as pb

    word = pb.ObjectType.Name(number).removeprefix("OBJECT_").lower()
    return str(_KINDS.get(word, word.replace("_", " ")))


def drop(node: Message, _text: str) -> Iterator[Action]:
    """DROP of most kinds."""
    from postgast import pg_query_pb2 as pb

    kind = object_kind(node.remove_type)
    names, table = tuple(object_name(o) for o in node.objects), ""
    if kind in _HANGS_ON_TABLE and names and "." in names[0]:
        table, _, last = names[0].rpartition(".")
        names = (last,)
    yield Drop(
        kind=kind,
        names=names,
        cascade=node.behavior == pb.DROP_CASCADE,
        if_exists=node.missing_ok,
        concurrently=node.concurrent,
        table=table,
    )


def truncate(node: Message, _text: str) -> Iterator[Action]:
    """TRUNCATE."""
    from postgast import pg_query_pb2 as pb

    tables = tuple(relation(r.range_var) for r in node.relations)
    yield Truncate(tables, cascade=node.behavior == pb.DROP_CASCADE)


def rename(node: Message, _text: str) -> Iterator[Action]:
    """ALTER … RENAME."""
    kind = object_kind(node.rename_type)
    table = relation(node.relation) if node.HasField("relation") else ""
    if node.subname:
        if not table and node.HasField("object"):
            table = object_name(node.object)
        yield Rename(kind, node.subname, node.newname, table)
    else:
        old = table or object_name(node.object)
        yield Rename(kind, old, node.newname)


def move(node: Message, _text: str) -> Iterator[Action]:
    """ALTER … SET SCHEMA."""
    name = relation(node.relation) if node.HasField("relation") else object_name(node.object)
    yield Move(object_kind(node.object_type), name, node.newschema)


def owner(node: Message, _text: str) -> Iterator[Action]:
    """ALTER … OWNER TO."""
    name = relation(node.relation) if node.HasField("relation") else object_name(node.object)
    kind = object_kind(node.object_type)
    if kind == "database":
        yield ChangeServer(f"database {name} owner")
    else:
        yield TableSetting(name, f"owner of {kind}", value=node.newowner.rolename)


def create_enum(node: Message, _text: str) -> Iterator[Action]:
    """CREATE TYPE … AS ENUM."""
    yield CreateEnum(joined(strings(node.type_name)), strings(node.vals))


def alter_enum(node: Message, _text: str) -> Iterator[Action]:
    """ALTER TYPE … ADD VALUE or RENAME VALUE."""
    name = joined(strings(node.type_name))
    if node.old_val:
        yield Rename("enum value", node.old_val, node.new_val, name)
    else:
        yield AddEnumValue(name, node.new_val, node.skip_if_new_val_exists)


def create_domain(node: Message, _text: str) -> Iterator[Action]:
    """CREATE DOMAIN."""
    from postgast import pg_query_pb2 as pb

    constrained = any(
        c.constraint.contype in (pb.CONSTR_CHECK, pb.CONSTR_NOTNULL) for c in node.constraints
    )
    default = next(
        (
            expression(c.constraint.raw_expr)
            for c in node.constraints
            if c.constraint.contype == pb.CONSTR_DEFAULT
        ),
        None,
    )
    not_null = any(c.constraint.contype == pb.CONSTR_NOTNULL for c in node.constraints)
    yield CreateDomain(
        joined(strings(node.domainname)), type_of(node.type_name), constrained, default, not_null
    )


_DOMAIN = {
    "T": "default", "N": "drop not null", "O": "set not null", "C": "add constraint",
    "X": "drop constraint", "V": "validate constraint",
}  # fmt: skip


def alter_domain(node: Message, _text: str) -> Iterator[Action]:
    """ALTER DOMAIN."""
    from postgast import pg_query_pb2 as pb

    raw = node.subtype
    what = _DOMAIN.get(raw, "") if isinstance(raw, str) else ""
    if not what:
        what = (
            pb.AlterDomainType.Name(raw).removeprefix("AD_").lower()
        )  # another release's spelling
    inner = getattr(node, "def").constraint if node.HasField("def") else None
    yield AlterDomain(
        name=joined(strings(node.type_name)),
        what=what,
        not_valid=bool(inner is not None and inner.skip_validation),
        expression=expression(inner.raw_expr) if inner is not None else None,
    )


def create_view(node: Message, _text: str) -> Iterator[Action]:
    """CREATE VIEW."""
    columns = strings(node.aliases) or output_columns(unwrap(node.query))
    yield CreateView(
        relation(node.view),
        replace=node.replace,
        reads=tables_read(node.query),
        columns=columns,
        uses=_columns_used(node.query),
    )
    yield from (a for a in calls(node.query) if isinstance(a, Uses))


def _columns_used(query: Message) -> tuple[str, ...]:
    """The columns that a query names, with the table where an alias or a name says it."""
    tables: dict[str, set[str]] = {}
    for node in walk(query):
        if type(node).DESCRIPTOR.name == "RangeVar":
            tables.setdefault(node.alias.aliasname or node.relname, set()).add(relation(node))
    found: dict[str, None] = {}
    for node in walk(query):
        if type(node).DESCRIPTOR.name != "ColumnRef":
            continue
        names, star = strings(node.fields), node.fields[-1].WhichOneof("node") == "a_star"
        path = (*names, "*") if star else names
        if len(path) == 1 and path[0] in tables:  # a whole row
            path = (path[0], "*")
        owners = tables.get(path[-2], set()) if len(path) > 1 else {""}
        found |= dict.fromkeys(f"{owner}.{path[-1]}".lstrip(".") for owner in sorted(owners))
    return tuple(found)


def output_columns(query: Message) -> tuple[str, ...]:
    """The names of a query's columns; empty where one of them stands for others (`*`) or has none."""
    while query is not None and query.HasField("larg"):  # UNION takes them from its first part
        query = query.larg
    found = [_output_name(target.res_target) for target in query.target_list] if query else []
    return tuple(found) if all(found) else ()


def _output_name(target: Message) -> str:
    if target.name:
        return str(target.name)
    value = unwrap(target.val)
    while value is not None and type(value).DESCRIPTOR.name == "TypeCast":
        value = unwrap(value.arg)
    kind = type(value).DESCRIPTOR.name if value is not None else ""
    if kind == "ColumnRef":
        last = unwrap(value.fields[-1])
        return str(last.sval) if type(last).DESCRIPTOR.name == "String" else ""
    return strings(value.funcname)[-1] if kind == "FuncCall" else ""


def table_as(node: Message, text: str) -> Iterator[Action]:
    """CREATE TABLE AS, CREATE MATERIALIZED VIEW."""
    from postgast import pg_query_pb2 as pb

    if node.objtype == pb.OBJECT_MATVIEW:
        reads = tables_read(node.query)
        columns = strings(node.into.col_names) or output_columns(unwrap(node.query))
        yield CreateView(
            relation(node.into.rel),
            True,
            False,
            reads,
            node.into.skip_data,
            node.if_not_exists,
            columns,
            _columns_used(node.query),
        )
        inner = unwrap(node.query)
        if inner is not None and not node.into.skip_data:
            yield from rows(inner)
    else:
        yield from create_table_as(node, text)


def refresh(node: Message, _text: str) -> Iterator[Action]:
    """REFRESH MATERIALIZED VIEW."""
    yield Maintain("refresh", (relation(node.relation),), node.concurrent, node.skip_data)


def cluster(node: Message, _text: str) -> Iterator[Action]:
    """CLUSTER."""
    yield Maintain("cluster", (relation(node.relation),) if node.HasField("relation") else ())


def vacuum(node: Message, _text: str) -> Iterator[Action]:
    """VACUUM and ANALYZE."""
    names = tuple(relation(r.vacuum_relation.relation) for r in node.rels)
    full = any(o.def_elem.defname == "full" for o in node.options)
    what = "analyze" if not node.is_vacuumcmd else "vacuum full" if full else "vacuum"
    yield Maintain(what, names)


def reindex(node: Message, _text: str) -> Iterator[Action]:
    """REINDEX."""
    from postgast import pg_query_pb2 as pb

    kind = pb.ReindexObjectType.Name(node.kind).removeprefix("REINDEX_OBJECT_").lower()
    concurrently = any(p.def_elem.defname == "concurrently" for p in node.params)
    name = relation(node.relation) if node.HasField("relation") else node.name
    yield Maintain(f"reindex {kind}", (name,), concurrently)


def alter_sequence(node: Message, _text: str) -> Iterator[Action]:
    """ALTER SEQUENCE."""
    restart = any(o.def_elem.defname == "restart" for o in node.options)
    bounded = any(
        o.def_elem.defname in ("maxvalue", "minvalue") and o.def_elem.HasField("arg")
        for o in node.options
    )
    backwards = any(
        o.def_elem.defname == "increment" and unwrap(o.def_elem.arg).ival < 0 for o in node.options
    )
    yield AlterSequence(relation(node.sequence), restart, bounded, backwards)


_EVENTS = ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))  # catalog/pg_trigger.h
_TIMINGS = {0: "after", 2: "before", 64: "instead of"}


def create_trigger(node: Message, _text: str) -> Iterator[Action]:
    """CREATE TRIGGER."""
    yield CreateTrigger(
        relation(node.relation),
        node.trigname,
        joined(strings(node.funcname)),
        events=tuple(word for bit, word in _EVENTS if node.events & bit),
        timing=_TIMINGS.get(node.timing, ""),
        each_row=node.row,
    )
    if node.HasField("when_clause"):
        yield from calls(node.when_clause)


def create_extension(node: Message, _text: str) -> Iterator[Action]:
    """CREATE EXTENSION; some reach out of the database."""
    yield Create("extension", node.extname, if_not_exists=node.if_not_exists)
    if node.extname in OUTSIDE_EXTENSIONS:
        yield Outside("foreign", f"extension {node.extname}")
    if node.extname in UNTRUSTED_LANGUAGES:
        yield ChangeServer(f"untrusted language {node.extname}")


def create_schema(node: Message, text: str) -> Iterator[Action]:
    """CREATE SCHEMA with its elements."""
    yield Create("schema", node.schemaname, if_not_exists=node.if_not_exists)
    from faber_db.sql.postgresql.statements import actions_of_node

    for element in node.schema_elts:
        yield from actions_of_node(element, text)


def create_policy(node: Message, _text: str) -> Iterator[Action]:
    """CREATE POLICY."""
    from postgast import pg_query_pb2 as pb

    everybody = all(r.role_spec.roletype == pb.ROLESPEC_PUBLIC for r in node.roles)
    yield CreatePolicy(
        relation(node.table),
        node.policy_name,
        open=node.permissive and everybody and node.cmd_name == "all" and _lets_all(node),
        restrictive=not node.permissive,
    )
    functions = expression(node.qual, node.with_check, text="…").functions
    if functions:
        yield Calls(functions)


def alter_policy(node: Message, _text: str) -> Iterator[Action]:
    """ALTER POLICY."""
    yield AlterPolicy(relation(node.table), node.policy_name, _lets_all(node) and not node.roles)


def _lets_all(policy: Message) -> bool:
    """Whether every condition of a policy is the literal true."""
    given = [getattr(policy, f) for f in ("qual", "with_check") if policy.HasField(f)]
    return bool(given) and all(constant_text(unwrap(c)) == "true" for c in given)


def create_sequence(node: Message, _text: str) -> Iterator[Action]:
    """CREATE SEQUENCE."""
    yield Create("sequence", relation(node.sequence), if_not_exists=node.if_not_exists)


def define(node: Message, _text: str) -> Iterator[Action]:
    """CREATE AGGREGATE, OPERATOR, TYPE, TEXT SEARCH …, COLLATION."""
    yield Create(object_kind(node.kind), joined(strings(node.defnames)))


def foreign_table(node: Message, text: str) -> Iterator[Action]:
    """CREATE FOREIGN TABLE."""
    yield Outside("foreign", node.servername)
    yield from create_table(node.base_stmt, text, server=node.servername)


def rule(node: Message, _text: str) -> Iterator[Action]:
    """CREATE RULE: its actions run later, with every query that it rewrites."""
    from postgast import pg_query_pb2 as pb

    body = tuple(
        a for action in node.actions if (inner := unwrap(action)) is not None for a in rows(inner)
    )
    yield CreateRule(
        relation(node.relation),
        node.rulename,
        pb.CmdType.Name(node.event).removeprefix("CMD_").lower(),
        node.instead,
        body,
    )
    yield from (action for action in body if isinstance(action, Outside))


def comment(node: Message, _text: str) -> Iterator[Action]:
    """COMMENT ON anything; on a table or a column it locks the table."""
    name, kind = object_name(node.object), object_kind(node.objtype)
    table = name if kind == "table" else name.rpartition(".")[0] if kind == "column" else ""
    yield Harmless("comment", table)


def statistics(node: Message, _text: str) -> Iterator[Action]:
    """CREATE STATISTICS."""
    tables = [relation(r.range_var) for r in node.relations]
    yield Create("statistics", joined(strings(node.defnames)), tables[0] if tables else "")


def names_only(kind: str, field: str) -> Reader:
    """A reader for a CREATE of which nothing but the name matters."""

    def read(node: Message, _text: str) -> Iterator[Action]:
        value = getattr(node, field)
        name = value if isinstance(value, str) else joined(strings(value))
        yield Create(kind, name)

    return read


def outside(how: str, what: str) -> Reader:
    """A reader for what reaches out of the database."""

    def read(_node: Message, _text: str) -> Iterator[Action]:
        yield Outside(how, what)

    return read


def harmless(what: str) -> Reader:
    """A reader for what no rule asks about."""

    def read(_node: Message, _text: str) -> Iterator[Action]:
        yield Harmless(what)

    return read


def server(what: str) -> Reader:
    """A reader for what changes the whole server."""

    def read(_node: Message, _text: str) -> Iterator[Action]:
        yield ChangeServer(what)

    return read
