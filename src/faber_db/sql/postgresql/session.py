"""Transactions, settings, locks, rights, roles and the server."""

from collections.abc import Iterator

from faber_db.model.statement import (
    Action,
    Calls,
    ChangeRole,
    ChangeServer,
    CreateRoutine,
    Drop,
    Grant,
    Harmless,
    Lock,
    Outside,
    SetVariable,
    Transaction,
)
from faber_db.sql.postgresql.nodes import Message, constant_text, object_name, relation, unwrap
from faber_db.sql.postgresql.objects import object_kind
from faber_db.sql.postgresql.rows import nested

_LOCKS = (
    "", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
    "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
_POWERS = {
    "superuser": "superuser", "createrole": "createrole", "createdb": "createdb",
    "isreplication": "replication", "bypassrls": "bypassrls",
}  # fmt: skip


def transaction(node: Message, _text: str) -> Iterator[Action]:
    """BEGIN, COMMIT and the like."""
    from postgast import pg_query_pb2 as pb

    word = pb.TransactionStmtKind.Name(node.kind).removeprefix("TRANS_STMT_").lower()
    word = {"start": "begin", "rollback_to": "rollback to"}.get(word, word.replace("_", " "))
    yield Transaction(word, node.savepoint_name, node.chain)


def variable(node: Message, _text: str) -> Iterator[Action]:
    """SET and RESET."""
    values = ", ".join(v for a in node.args if (v := constant_text(unwrap(a))) is not None)
    name = node.name.lower()
    if name in ("role", "session_authorization") and values not in ("", "none"):
        yield Outside("role", values or "default")
    yield SetVariable(name, values, node.is_local)


def lock(node: Message, _text: str) -> Iterator[Action]:
    """LOCK TABLE."""
    yield Lock(tuple(relation(r.range_var) for r in node.relations), _LOCKS[node.mode])


def grant(node: Message, _text: str) -> Iterator[Action]:
    """GRANT and REVOKE of privileges."""
    privileges = tuple(p.access_priv.priv_name for p in node.privileges) or ("all",)
    from postgast import pg_query_pb2 as pb

    kind = object_kind(node.objtype)
    if node.targtype == pb.ACL_TARGET_ALL_IN_SCHEMA:
        kind = f"every {kind} in"
    objects = tuple(
        f"{kind} {name}".removeprefix("table ") for o in node.objects if (name := object_name(o))
    )
    yield Grant(
        revoke=not node.is_grant,
        privileges=privileges,
        objects=objects or (f"every {kind}",),
        grantees=tuple(role(g.role_spec) for g in node.grantees),
        grant_option=node.grant_option,
    )


def default_privileges(node: Message, text: str) -> Iterator[Action]:
    """ALTER DEFAULT PRIVILEGES."""
    for action in grant(node.action, text):
        if isinstance(action, Grant):
            yield Grant(
                action.revoke,
                action.privileges,
                (f"future {action.objects[0].removeprefix('every ')}s",),
                action.grantees,
                default=True,
            )


def grant_role(node: Message, _text: str) -> Iterator[Action]:
    """GRANT role TO role."""
    yield Grant(
        revoke=not node.is_grant,
        privileges=tuple(r.access_priv.priv_name for r in node.granted_roles),
        objects=(),
        grantees=tuple(role(g.role_spec) for g in node.grantee_roles),
        membership=True,
    )


def role(spec: Message) -> str:
    """A role's name; `PUBLIC` and `CURRENT_USER` in capitals."""
    from postgast import pg_query_pb2 as pb

    if spec.roletype == pb.ROLESPEC_CSTRING:
        return str(spec.rolename)
    return str(pb.RoleSpecType.Name(spec.roletype).removeprefix("ROLESPEC_"))


def change_role(node: Message, _text: str) -> Iterator[Action]:
    """CREATE ROLE and ALTER ROLE."""
    name = role(node.role) if type(node).DESCRIPTOR.name == "AlterRoleStmt" else node.role
    powers = tuple(
        _POWERS[o.def_elem.defname]
        for o in node.options
        if o.def_elem.defname in _POWERS and o.def_elem.arg.boolean.boolval
    )
    yield ChangeRole(name, powers, locked_out=any(_locks_out(o.def_elem) for o in node.options))


def _locks_out(option: Message) -> bool:
    """NOLOGIN, and CONNECTION LIMIT 0, of a role that is there."""
    if option.defname == "canlogin":
        return not option.arg.boolean.boolval
    return bool(option.defname == "connectionlimit" and option.arg.integer.ival == 0)


def alter_role_set(node: Message, _text: str) -> Iterator[Action]:
    """ALTER ROLE … SET."""
    yield ChangeServer(f"role {role(node.role)} set {node.setstmt.name}")


def drop_role(node: Message, _text: str) -> Iterator[Action]:
    """DROP ROLE."""
    yield Drop("role", tuple(role(r.role_spec) for r in node.roles), if_exists=node.missing_ok)


def drop_owned(node: Message, _text: str) -> Iterator[Action]:
    """DROP OWNED."""
    from postgast import pg_query_pb2 as pb

    names = tuple(role(r.role_spec) for r in node.roles)
    yield Drop("owned", names, cascade=node.behavior == pb.DROP_CASCADE)


def reassign_owned(node: Message, _text: str) -> Iterator[Action]:
    """REASSIGN OWNED."""
    yield ChangeServer(f"reassign owned to {role(node.newrole)}")


def drop_database(node: Message, _text: str) -> Iterator[Action]:
    """DROP DATABASE."""
    yield Drop("database", (node.dbname,), if_exists=node.missing_ok)


def drop_tablespace(node: Message, _text: str) -> Iterator[Action]:
    """DROP TABLESPACE."""
    yield Drop("tablespace", (node.tablespacename,), if_exists=node.missing_ok)


def drop_subscription(node: Message, _text: str) -> Iterator[Action]:
    """DROP SUBSCRIPTION."""
    yield Drop("subscription", (node.subname,), if_exists=node.missing_ok)


def explain(node: Message, _text: str) -> Iterator[Action]:
    """EXPLAIN; with ANALYZE the statement runs."""
    if any(o.def_elem.defname == "analyze" for o in node.options):
        yield from nested(node.query, "EXPLAIN ANALYZE")
    else:
        yield Harmless("explain")


def prepare(node: Message, _text: str) -> Iterator[Action]:
    """PREPARE: nothing happens before EXECUTE."""
    body = tuple(nested(node.query, "PREPARE"))
    yield CreateRoutine(_prepared(node.name), "prepared statement", body=body)


def execute(node: Message, _text: str) -> Iterator[Action]:
    """EXECUTE of a prepared statement, which the script may not hold."""
    yield Calls((_prepared(node.name),))


def _prepared(name: str) -> str:
    return f"prepared {name.lower()}"


def declare_cursor(node: Message, _text: str) -> Iterator[Action]:
    """DECLARE CURSOR."""
    yield from nested(node.query, "DECLARE CURSOR")
