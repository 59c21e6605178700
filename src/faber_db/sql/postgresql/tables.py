"""CREATE TABLE, ALTER TABLE and CREATE INDEX."""

from collections.abc import Callable, Iterator

from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    AttachPartition,
    ChangeType,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Expression,
    NotUnderstood,
    SetDefault,
    SetNotNull,
    TableSetting,
    TypeName,
    ValidateConstraint,
)
from faber_db.sql.postgresql.nodes import (
    Message,
    constant_text,
    expression,
    is_null,
    joined,
    relation,
    strings,
    type_of,
    unwrap,
    walk,
)
from faber_db.sql.postgresql.rows import calls, rows, tables_read

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_KINDS = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_CHECK": "check",
    "CONSTR_EXCLUSION": "exclude",
    "CONSTR_NOTNULL": "not null",
}


def _constraint_kind(node: Message) -> str:
    from postgast import pg_query_pb2 as pb

    return str(pb.ConstrType.Name(node.contype))


def constraint(node: Message, column: str = "") -> Constraint | None:
    """A constraint; None for what is no constraint of its own (DEFAULT, GENERATED …)."""
    kind = _KINDS.get(_constraint_kind(node))
    if kind is None:
        return None
    columns = strings(node.fk_attrs) if kind == "foreign key" else strings(node.keys)
    if kind == "exclude":
        columns = tuple(n.index_elem.name for n in walk_elements(node) if n.index_elem.name)
    deferrable = "initially deferred" if node.initdeferred else "deferrable" * node.deferrable
    return Constraint(
        kind=kind,
        name=node.conname,
        columns=columns or ((column,) if column else ()),
        expression=expression(node.raw_expr) if node.HasField("raw_expr") else None,
        references=relation(node.pktable) if node.HasField("pktable") else "",
        referenced_columns=strings(node.pk_attrs),
        on_delete=_ACTIONS.get(node.fk_del_action, "NO ACTION"),
        on_update=_ACTIONS.get(node.fk_upd_action, "NO ACTION"),
        deferrable=deferrable,
        not_valid=node.skip_validation,
        not_enforced=kind in ("check", "foreign key")
        and not node.is_enforced
        and node.skip_validation,
        using_index=node.indexname,
        nulls_not_distinct=node.nulls_not_distinct,
        no_inherit=node.is_no_inherit,
    )


def walk_elements(node: Message) -> Iterator[Message]:
    """The index elements of an EXCLUDE constraint."""
    for pair in node.exclusions:
        for item in pair.list.items:
            if item.WhichOneof("node") == "index_elem":
                yield item


def column(node: Message) -> ColumnDefinition:
    """A column definition."""
    nullable, default, identity, generated = not node.is_not_null, None, "", ""
    says_null = False
    generation: Expression | None = None
    constraints: list[Constraint] = []
    type_name = type_of(node.type_name)
    for wrapped in node.constraints:
        part = wrapped.constraint
        match _constraint_kind(part):
            case "CONSTR_NOTNULL":
                nullable = False
            case "CONSTR_DEFAULT":
                says_null = is_null(unwrap(part.raw_expr))
                default = None if says_null else expression(part.raw_expr)
            case "CONSTR_IDENTITY":
                identity, nullable = (
                    ("always" if part.generated_when == "a" else "by default"),
                    False,
                )
            case "CONSTR_GENERATED":
                generated = "virtual" if part.generated_kind == "v" else "stored"
                generation = expression(part.raw_expr)
            case _:
                found = constraint(part, node.colname)
                if found is not None:
                    constraints.append(found)
                    nullable = nullable and found.kind != "primary key"
    if "serial" in type_name.attributes:
        identity, nullable = "serial", False
    return ColumnDefinition(
        name=node.colname,
        type=type_name,
        nullable=nullable,
        default=default,
        says_null=says_null,
        identity=identity,
        generated=generated,
        generation=generation,
        collation=joined(strings(node.coll_clause.collname))
        if node.HasField("coll_clause")
        else "",
        constraints=tuple(constraints),
    )


def create_table(node: Message, _text: str, server: str = "") -> Iterator[Action]:
    """CREATE TABLE, also as a partition."""
    columns: list[ColumnDefinition] = []
    constraints: list[Constraint] = []
    reads = [relation(i.range_var) for i in node.inh_relations]
    for element in node.table_elts:
        match element.WhichOneof("node"):
            case "column_def":
                columns.append(column(element.column_def))
            case "constraint":
                found = constraint(element.constraint)
                if found is not None:
                    constraints.append(found)
            case "table_like_clause":
                reads.append(relation(element.table_like_clause.relation))
            case _:
                pass
    partition = node.HasField("partbound")
    yield CreateTable(
        table=relation(node.relation),
        columns=tuple(columns),
        constraints=tuple(constraints),
        if_not_exists=node.if_not_exists,
        temporary=node.relation.relpersistence == "t",
        unlogged=node.relation.relpersistence == "u",
        reads=tuple(reads),
        inherits=tuple(relation(i.range_var) for i in node.inh_relations),
        partition_of=reads[0] if partition and reads else "",
        partition_default=partition and node.partbound.is_default,
        partitioned=node.HasField("partspec"),
        partition_key=tuple(
            p.partition_elem.name for p in node.partspec.part_params if p.partition_elem.name
        ),
        foreign_server=server,
    )


def create_table_as(node: Message, _text: str) -> Iterator[Action]:
    """CREATE TABLE AS, and the query's own effects. Materialized views are made in `objects`."""
    yield CreateTable(
        table=relation(node.into.rel),
        query=True,
        if_not_exists=node.if_not_exists,
        temporary=node.into.rel.relpersistence == "t",
        reads=tables_read(node.query),
        no_data=node.into.skip_data,
    )
    inner = unwrap(node.query)
    if inner is not None and not node.into.skip_data:
        yield from rows(inner)


def create_index(node: Message, _text: str) -> Iterator[Action]:
    """CREATE INDEX."""
    columns = tuple(
        p.index_elem.name or expression(p.index_elem.expr).text for p in node.index_params
    )
    expressions = [p.index_elem.expr for p in node.index_params if p.index_elem.HasField("expr")]
    predicate = ""
    if node.HasField("where_clause"):
        expressions.append(node.where_clause)
        predicate = expression(node.where_clause).text
    yield CreateIndex(
        table=relation(node.relation),
        name=node.idxname,
        columns=columns,
        unique=node.unique,
        concurrently=node.concurrent,
        only=not node.relation.inh,
        if_not_exists=node.if_not_exists,
        method=node.access_method,
        expression=expression(*expressions, text=predicate or "…") if expressions else None,
        predicate=predicate,
        nulls_not_distinct=node.nulls_not_distinct,
    )


Command = Callable[[str, Message], Iterator[Action]]


def alter_table(node: Message, _text: str) -> Iterator[Action]:
    """ALTER TABLE with its commands as PostgreSQL orders them; also ALTER INDEX, VIEW, SEQUENCE, TYPE."""
    from postgast import pg_query_pb2 as pb

    table = relation(node.relation)
    kind = pb.ObjectType.Name(node.objtype).removeprefix("OBJECT_").lower()
    for command in sorted((c.alter_table_cmd for c in node.cmds), key=_pass_of):
        name = pb.AlterTableType.Name(command.subtype)
        if kind not in ("table", "foreign_table", "matview", "type"):
            yield TableSetting(table, f"{kind} {_words(name)}", command.name, _value(command))
            continue
        reader = _COMMANDS.get(name)
        if reader is not None:
            yield from reader(table, command)
        elif name in _SETTINGS:
            yield TableSetting(table, _SETTINGS[name], command.name, _value(command))
        else:
            yield NotUnderstood(f"ALTER TABLE command {_words(name)} is not known")


def _pass_of(command: Message) -> int:
    """Drops come first, then types, new columns, everything else, and constraints last."""
    from postgast import pg_query_pb2 as pb

    name = pb.AlterTableType.Name(command.subtype)
    if name == "AT_ColumnDefault" and not command.HasField("def"):
        return 0  # DROP DEFAULT
    return _PASSES.get(name, 3)


_PASSES = {
    "AT_DropColumn": 0, "AT_DropConstraint": 0, "AT_DropNotNull": 0, "AT_DropIdentity": 0,
    "AT_DropExpression": 0, "AT_AlterColumnType": 1, "AT_AddColumn": 2, "AT_AddConstraint": 4,
}  # fmt: skip


def _words(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name.removeprefix("AT_")).strip()


def _definition(command: Message) -> Message:
    return getattr(command, "def")


def _value(command: Message) -> str:
    if not command.HasField("def"):
        return command.newowner.rolename if command.HasField("newowner") else ""
    inner = unwrap(_definition(command))
    if inner is not None and type(inner).DESCRIPTOR.name == "List":
        return ",".join(_option(i.def_elem) for i in inner.items if i.HasField("def_elem"))
    return constant_text(inner) or "" if inner is not None else ""


def _option(option: Message) -> str:
    if option.defname == "generated":  # of an identity: 'a' or 'd'
        return "always" if option.arg.integer.ival == ord("a") else "by default"
    return str(option.defname)


def _add_column(table: str, command: Message) -> Iterator[Action]:
    definition = _definition(command).column_def
    yield AddColumn(table, column(definition), bool(command.missing_ok))
    for wrapped in definition.constraints:
        if _constraint_kind(wrapped.constraint) == "CONSTR_DEFAULT":
            yield from calls(wrapped.constraint.raw_expr)


def _drop_column(table: str, command: Message) -> Iterator[Action]:
    yield DropColumn(table, command.name, _cascades(command), bool(command.missing_ok))


def _cascades(command: Message) -> bool:
    from postgast import pg_query_pb2 as pb

    return bool(command.behavior == pb.DROP_CASCADE)


def _change_type(table: str, command: Message) -> Iterator[Action]:
    definition = _definition(command).column_def
    using = expression(definition.raw_default) if definition.HasField("raw_default") else None
    collation = ""
    if definition.HasField("coll_clause"):
        collation = joined(strings(definition.coll_clause.collname))
    casts = _casts(definition.raw_default, command.name) if using is not None else None
    yield ChangeType(table, command.name, type_of(definition.type_name), using, collation, casts)
    if using is not None:
        yield from calls(definition.raw_default)


def _casts(root: Message, column_name: str) -> tuple[TypeName, ...] | None:
    """The types that an expression casts a column to, one after the other; None if it does more."""
    found: list[TypeName] = []
    node = unwrap(root)
    while node is not None and type(node).DESCRIPTOR.name == "TypeCast":
        found.insert(0, type_of(node.type_name))
        node = unwrap(node.arg)
    is_column = node is not None and type(node).DESCRIPTOR.name == "ColumnRef"
    return tuple(found) if is_column and strings(node.fields)[-1:] == (column_name,) else None


def _default(table: str, command: Message) -> Iterator[Action]:
    if command.HasField("def") and not is_null(unwrap(_definition(command))):
        yield SetDefault(table, command.name, expression(_definition(command)))
    else:
        yield DropDefault(table, command.name)


def _add_constraint(table: str, command: Message) -> Iterator[Action]:
    found = constraint(_definition(command).constraint)
    if found is None:
        yield NotUnderstood("the constraint's kind is not known")
    else:
        yield AddConstraint(table, found)


def _attach(table: str, command: Message) -> Iterator[Action]:
    partition = _definition(command).partition_cmd
    bounds = tuple(
        literal
        for node in walk(partition.bound)
        if (literal := constant_text(node)) is not None and type(node).DESCRIPTOR.name == "A_Const"
    )
    yield AttachPartition(table, relation(partition.name), bounds)


def _detach(table: str, command: Message) -> Iterator[Action]:
    partition = _definition(command).partition_cmd
    yield DetachPartition(table, relation(partition.name), partition.concurrent)


_COMMANDS: dict[str, Command] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_AlterColumnType": _change_type,
    "AT_ColumnDefault": _default,
    "AT_SetNotNull": lambda table, command: iter((SetNotNull(table, command.name),)),
    "AT_DropNotNull": lambda table, command: iter((DropNotNull(table, command.name),)),
    "AT_AddConstraint": _add_constraint,
    "AT_ValidateConstraint": lambda table, command: iter(
        (ValidateConstraint(table, command.name),)
    ),
    "AT_DropConstraint": lambda table, command: iter(
        (
            DropConstraint(
                table, command.name, _cascades(command), if_exists=bool(command.missing_ok)
            ),
        )
    ),
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_DropIdentity": lambda table, command: iter((DropDefault(table, command.name, True),)),
}
_SETTINGS = {
    "AT_SetExpression": "set expression",
    "AT_DropExpression": "drop expression",
    "AT_SetStatistics": "set statistics",
    "AT_SetOptions": "set options",
    "AT_ResetOptions": "reset options",
    "AT_SetStorage": "set storage",
    "AT_SetCompression": "set compression",
    "AT_AlterConstraint": "alter constraint",
    "AT_ChangeOwner": "owner",
    "AT_ClusterOn": "cluster on",
    "AT_DropCluster": "without cluster",
    "AT_SetLogged": "set logged",
    "AT_SetUnLogged": "set unlogged",
    "AT_DropOids": "without oids",
    "AT_SetAccessMethod": "set access method",
    "AT_SetTableSpace": "set tablespace",
    "AT_SetRelOptions": "set parameters",
    "AT_ResetRelOptions": "reset parameters",
    "AT_EnableTrig": "enable trigger",
    "AT_EnableAlwaysTrig": "enable trigger",
    "AT_EnableReplicaTrig": "enable trigger",
    "AT_DisableTrig": "disable trigger",
    "AT_EnableTrigAll": "enable trigger",
    "AT_DisableTrigAll": "disable trigger",
    "AT_EnableTrigUser": "enable trigger",
    "AT_DisableTrigUser": "disable trigger",
    "AT_EnableRule": "enable rule",
    "AT_EnableAlwaysRule": "enable rule",
    "AT_EnableReplicaRule": "enable rule",
    "AT_DisableRule": "disable rule",
    "AT_AddInherit": "inherit",
    "AT_DropInherit": "no inherit",
    "AT_AddOf": "of",
    "AT_DropOf": "not of",
    "AT_ReplicaIdentity": "replica identity",
    "AT_EnableRowSecurity": "enable row security",
    "AT_DisableRowSecurity": "disable row security",
    "AT_ForceRowSecurity": "force row security",
    "AT_NoForceRowSecurity": "no force row security",
    "AT_GenericOptions": "options",
    "AT_AlterColumnGenericOptions": "options",
    "AT_AddIdentity": "add identity",
    "AT_SetIdentity": "set identity",
    "AT_DetachPartitionFinalize": "detach partition finalize",
}
