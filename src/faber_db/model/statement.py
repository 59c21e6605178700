"""What a statement does, in one model for every dialect.

A statement is a sequence of actions; both parser back ends fill it and every rule reads it. Names
are folded as the product folds them; a table name is qualified unless its schema is the default
one ("users", "archive.old_orders"), like `Table.full_name` of the catalogue.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Expression:
    """A value or condition: its text, and what it depends on."""

    text: str
    functions: tuple[str, ...] = ()  # lower case, without pg_catalog; operators are not listed
    columns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()  # string literals in it
    constant: bool = False  # a literal, or a cast of one


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as written, normalised: `character varying`, `integer`, `numeric`; arguments apart."""

    name: str
    arguments: tuple[str, ...] = ()  # "10", "2"; labels of an ENUM
    array: bool = False
    attributes: tuple[str, ...] = ()  # "unsigned", "serial", "character set latin1"

    @property
    def text(self) -> str:
        inner = f"({','.join(self.arguments)})" if self.arguments else ""
        return f"{self.name}{inner}{'[]' if self.array else ''}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table or column constraint. `kind`: primary key, unique, foreign key, check, exclude, not null."""

    kind: str
    name: str = ""
    columns: tuple[str, ...] = ()
    expression: Expression | None = None
    references: str = ""
    referenced_columns: tuple[str, ...] = ()
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: str = ""
    not_valid: bool = False
    not_enforced: bool = False
    using_index: str = ""
    nulls_not_distinct: bool = False
    no_inherit: bool = False


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column as it is declared."""

    name: str
    type: TypeName
    nullable: bool = True  # False: NOT NULL or PRIMARY KEY
    default: Expression | None = None
    says_null: bool = False  # DEFAULT NULL is written out
    identity: str = ""  # "always", "by default", "autoincrement", "serial"
    generated: str = ""  # "stored", "virtual"
    generation: Expression | None = None
    collation: str = ""
    constraints: tuple[Constraint, ...] = ()  # all but NOT NULL
    position: str = ""  # MySQL: "first", "after x"


@dataclass(frozen=True, slots=True)
class Action:
    """Base of what a statement can do."""


@dataclass(frozen=True, slots=True)
class TableAction(Action):
    """Something done to one table."""

    table: str


# --- tables ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateTable(TableAction):
    """CREATE TABLE in all its forms; `query` is set for CREATE TABLE AS."""

    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    temporary: bool = False
    query: bool = False
    reads: tuple[str, ...] = ()  # of the query, LIKE, INHERITS
    inherits: tuple[str, ...] = ()
    partition_of: str = ""
    partition_default: bool = False
    partitioned: bool = False
    partition_key: tuple[str, ...] = ()  # columns; expressions are left out
    options: tuple[str, ...] = ()
    foreign_server: str = ""
    no_data: bool = False  # CREATE TABLE AS … WITH NO DATA
    unlogged: bool = False


@dataclass(frozen=True, slots=True)
class AddColumn(TableAction):
    """ALTER TABLE … ADD COLUMN."""

    column: ColumnDefinition
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn(TableAction):
    """ALTER TABLE … DROP COLUMN."""

    column: str
    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class ChangeType(TableAction):
    """ALTER COLUMN … TYPE. `using` is None where the statement has no USING.

    `casts`: USING is the column itself, through these casts; None where it is anything else.
    """

    column: str
    type: TypeName
    using: Expression | None = None
    collation: str = ""
    casts: tuple[TypeName, ...] | None = None


@dataclass(frozen=True, slots=True)
class RedefineColumn(TableAction):
    """MySQL's MODIFY and CHANGE: the whole definition is written anew."""

    column: str
    definition: ColumnDefinition
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SetNotNull(TableAction):
    """ALTER COLUMN … SET NOT NULL."""

    column: str


@dataclass(frozen=True, slots=True)
class DropNotNull(TableAction):
    """ALTER COLUMN … DROP NOT NULL."""

    column: str


@dataclass(frozen=True, slots=True)
class SetDefault(TableAction):
    """ALTER COLUMN … SET DEFAULT."""

    column: str
    default: Expression


@dataclass(frozen=True, slots=True)
class DropDefault(TableAction):
    """ALTER COLUMN … DROP DEFAULT, or DROP IDENTITY."""

    column: str
    identity: bool = False


@dataclass(frozen=True, slots=True)
class AddConstraint(TableAction):
    """ALTER TABLE … ADD CONSTRAINT."""

    constraint: Constraint


@dataclass(frozen=True, slots=True)
class ValidateConstraint(TableAction):
    """ALTER TABLE … VALIDATE CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True)
class DropConstraint(TableAction):
    """ALTER TABLE … DROP CONSTRAINT. `kind` where the statement says it (MySQL)."""

    name: str
    cascade: bool = False
    kind: str = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AttachPartition(TableAction):
    """`table` is the parent."""

    partition: str
    bounds: tuple[str, ...] = ()  # literals of FOR VALUES; empty for DEFAULT


@dataclass(frozen=True, slots=True)
class DetachPartition(TableAction):
    """`table` is the parent."""

    partition: str
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class TableSetting(TableAction):
    """Any other ALTER TABLE. `setting` is a phrase: "owner", "set logged", "disable row security"."""

    setting: str
    column: str = ""
    value: str = ""


# --- other objects -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop(Action):
    """DROP of anything. `kind` as SQL says it, in lower case ("materialized view")."""

    kind: str
    names: tuple[str, ...]
    cascade: bool = False
    if_exists: bool = False
    concurrently: bool = False
    table: str = ""  # of a trigger, policy or rule; of an index in MySQL


@dataclass(frozen=True, slots=True)
class Rename(Action):
    """RENAME of anything. `table` is set for a column, constraint, trigger, or label's type."""

    kind: str
    old: str
    new: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Move(Action):
    """ALTER … SET SCHEMA."""

    kind: str
    name: str
    schema: str


@dataclass(frozen=True, slots=True)
class CreateIndex(TableAction):
    """CREATE INDEX."""

    name: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    concurrently: bool = False
    only: bool = False
    if_not_exists: bool = False
    method: str = ""  # btree, gin …; MySQL: fulltext, spatial
    expression: Expression | None = None  # of expression columns and predicate together
    predicate: str = ""
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True)
class Maintain(Action):
    """Work on what is there: `vacuum full`, `cluster`, `reindex table`, `refresh`, `optimize` and more."""

    what: str
    names: tuple[str, ...] = ()
    concurrently: bool = False
    no_data: bool = False  # REFRESH … WITH NO DATA


@dataclass(frozen=True, slots=True)
class CreateEnum(Action):
    """CREATE TYPE … AS ENUM."""

    name: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddEnumValue(Action):
    """ALTER TYPE … ADD VALUE."""

    type: str
    value: str
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateDomain(Action):
    """CREATE DOMAIN."""

    name: str
    base: TypeName
    constrained: bool = False
    default: Expression | None = None
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class AlterDomain(Action):
    """`what`: add constraint, validate, set not null, drop constraint, set default and more."""

    name: str
    what: str
    not_valid: bool = False
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class CreateView(Action):
    """CREATE VIEW, MATERIALIZED VIEW."""

    name: str
    materialized: bool = False
    replace: bool = False
    reads: tuple[str, ...] = ()
    no_data: bool = False  # CREATE MATERIALIZED VIEW … WITH NO DATA
    if_not_exists: bool = False
    columns: tuple[str, ...] = ()  # in order; empty where they cannot be told
    uses: tuple[str, ...] = ()  # "table.column", "table.*", "column" or "*", as the query says it


@dataclass(frozen=True, slots=True)
class CreateRoutine(Action):
    """CREATE FUNCTION or PROCEDURE. `body` is what it would do when called."""

    name: str
    kind: str = "function"
    language: str = "sql"
    volatility: str = "volatile"
    replace: bool = False
    security_definer: bool = False
    pinned_path: bool = False  # SET search_path
    trigger: bool = False
    arguments: tuple[str, ...] = ()  # types of the input arguments
    named: tuple[str, ...] = ()  # their names; empty for one without
    optional: int = 0  # how many of them have a default
    returns: str = ""
    row_fields: tuple[str, ...] = ()  # of a trigger function: columns that it reads or sets
    skips_rows: bool = False  # a trigger function that can RETURN NULL
    body: tuple[Action, ...] = ()
    constant: bool = False  # a SQL body that is one literal, so that it is inlined


@dataclass(frozen=True, slots=True)
class AlterRoutine(Action):
    """ALTER FUNCTION and PROCEDURE with options."""

    name: str
    security_definer: bool = False
    pinned_path: bool = False


@dataclass(frozen=True, slots=True)
class CreateTrigger(TableAction):
    """CREATE TRIGGER. `body`: of SQLite and MySQL triggers."""

    name: str
    function: str = ""
    body: tuple[Action, ...] = ()
    events: tuple[str, ...] = ()  # insert, update, delete, truncate; empty: not known
    timing: str = ""  # "before", "after", "instead of"; empty: not known
    each_row: bool = False


@dataclass(frozen=True, slots=True)
class CreateRule(TableAction):
    """CREATE RULE: what a query on the table becomes. `event`: select, insert, update, delete."""

    name: str
    event: str = ""
    instead: bool = False
    body: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Create(Action):
    """CREATE of anything that has no action of its own: schema, sequence, extension, policy and more."""

    kind: str
    name: str
    table: str = ""
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreatePolicy(TableAction):
    """CREATE POLICY. `open`: for every role, and no row is left out."""

    name: str
    open: bool = False
    restrictive: bool = False


@dataclass(frozen=True, slots=True)
class AlterPolicy(TableAction):
    """ALTER POLICY. `open`: no row is left out by what it says now."""

    name: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class AlterSequence(Action):
    """ALTER SEQUENCE, AUTO_INCREMENT = n, setval."""

    name: str
    restart: bool = False  # at a value that is written out
    bounded: bool = False  # MAXVALUE or MINVALUE is given
    backwards: bool = False  # INCREMENT BY is negative


@dataclass(frozen=True, slots=True)
class Grant(Action):
    """GRANT or REVOKE; `roles` granted for role membership, else `privileges` on `objects`."""

    revoke: bool
    privileges: tuple[str, ...]
    objects: tuple[str, ...]
    grantees: tuple[str, ...]
    membership: bool = False
    grant_option: bool = False
    default: bool = False  # ALTER DEFAULT PRIVILEGES


@dataclass(frozen=True, slots=True)
class ChangeRole(Action):
    """CREATE or ALTER ROLE; `powers` are the options that give rights (superuser, createrole …)."""

    name: str
    powers: tuple[str, ...] = ()
    locked_out: bool = False  # ALTER ROLE … NOLOGIN, CONNECTION LIMIT 0


@dataclass(frozen=True, slots=True)
class ChangeServer(Action):
    """ALTER SYSTEM, SET GLOBAL, ALTER DATABASE, CREATE TABLESPACE, LOAD and more."""

    what: str


SHORT_LIST = 100
"""Values of an IN list up to which a statement by key is brief."""


# --- rows --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Insert(TableAction):
    """INSERT or REPLACE. `conflict`: "", "nothing", "update", "replace"."""

    columns: tuple[str, ...] = ()
    conflict: str = ""
    reads: tuple[str, ...] = ()
    values: tuple[str, ...] = ()  # text of the selected expressions, where it is one SELECT
    filtered: bool = False  # the SELECT has WHERE, LIMIT, GROUP BY, DISTINCT or a join
    query: bool = False
    filled: tuple[str, ...] = ()  # selected columns whose NULLs are replaced: coalesce(a, 0)


@dataclass(frozen=True, slots=True)
class Update(TableAction):
    """UPDATE. `where` is False also for a condition that every row meets."""

    columns: tuple[str, ...] = ()
    where: Expression | None = None
    qualified: bool = False
    reads: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()  # columns each compared with one literal, or with a short list
    values: Expression | None = None
    fills: tuple[str, ...] = ()  # of the columns: those that only get a value where they had none
    never: bool = False  # the condition is false for every row


@dataclass(frozen=True, slots=True)
class Delete(TableAction):
    """DELETE."""

    qualified: bool = False
    reads: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()
    never: bool = False  # the condition is false for every row


@dataclass(frozen=True, slots=True)
class Merge(TableAction):
    """MERGE; `changes`: update, delete, insert."""

    changes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Truncate(Action):
    """TRUNCATE."""

    tables: tuple[str, ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Query(Action):
    """SELECT, VALUES, or a query inside another statement."""

    reads: tuple[str, ...] = ()
    locks_rows: bool = False
    keyed: tuple[str, ...] = ()  # as in Update, where one table is read
    limited: bool = False  # LIMIT over one table without a condition or an order


@dataclass(frozen=True, slots=True)
class Copy(TableAction):
    """COPY. `where`: "stdin", "file", "program"."""

    where: str
    into: bool = True  # COPY … FROM
    name: str = ""


# --- session, transaction, and what leaves or hides ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Calls(Action):
    """Functions that the statement itself calls."""

    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uses(Action):
    """String literals and types that the statement uses; for enum values added just before."""

    literals: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Lock(Action):
    """LOCK TABLE. `mode` as in pg_locks, in capitals ("ACCESS EXCLUSIVE")."""

    tables: tuple[str, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Transaction(Action):
    """`what`: begin, commit, rollback, savepoint, release, rollback to, prepare."""

    what: str
    name: str = ""  # of the savepoint
    chain: bool = False  # COMMIT AND CHAIN
    mode: str = ""  # SQLite: deferred, immediate, exclusive


@dataclass(frozen=True, slots=True)
class SetVariable(Action):
    """SET, RESET, PRAGMA."""

    name: str
    value: str = ""
    local: bool = False


@dataclass(frozen=True, slots=True)
class Outside(Action):
    """A step out of the own database or schemas. `how`: attach, dblink, foreign, database, role, file, program."""

    how: str
    name: str


@dataclass(frozen=True, slots=True)
class Dynamic(Action):
    """SQL that is put together at run time."""

    text: str


@dataclass(frozen=True, slots=True)
class Raise(Action):
    """RAISE EXCEPTION or SIGNAL in a body. `always`: no branch or loop lies before it."""

    always: bool = False


@dataclass(frozen=True, slots=True)
class NotUnderstood(Action):
    """What could not be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Foreign(Action):
    """Well understood, but of another product: this one refuses it."""

    what: str


@dataclass(frozen=True, slots=True)
class Harmless(Action):
    """Understood, and nothing that a rule asks about: COMMENT, ANALYZE, EXPLAIN and more."""

    what: str
    table: str = ""
