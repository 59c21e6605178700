"""Describe a live schema in few words: an overview of all tables, or single tables whole."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel, ConfigDict

from faber_db.config.phases import environment_of
from faber_db.errors import InputError
from faber_db.model.answer import Answer, Details, NextTool
from faber_db.model.catalogue import Catalogue, Column, ForeignKey, Index, Table
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import TableSize

SUMMARY_BYTES = 8_400
FULL_BYTES = 70_000
FEW = 8  # this many hits of a search are shown whole


class Request(BaseModel):
    """Which tables; none named means an overview of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = ""
    tables: tuple[str, ...] = ()
    search: str = ""
    detail: Literal["summary", "full"] = "summary"
    cursor: str = ""  # name of the last table that was seen
    database: str = ""


class TableDetails(BaseModel):
    """One table. In an overview only `overview`: `id*` is the key, `user_id>users` a reference."""

    model_config = ConfigDict(extra="forbid")

    name: str
    rows: int | None = None
    overview: str = ""
    columns: list[str] = []
    primary_key: list[str] = []
    foreign_keys: list[str] = []
    unique: list[str] = []
    checks: list[str] = []
    indexes: list[str] = []
    triggers: list[str] = []
    options: list[str] = []
    comment: str = ""


class DescribeDetails(Details):
    """Tables by name, and what there is beside them."""

    environment: str
    server: str = ""
    table_count: int = 0
    tables: list[TableDetails] = []
    views: list[str] = []
    enums: list[str] = []
    sequences: list[str] = []
    others: list[str] = []
    schema_fingerprint: str = ""
    left_out: int = 0
    cursor: str = ""


def run(request: Request, app: App) -> Answer[DescribeDetails]:
    """Read the catalogue of one environment; the one that build works on where none is named.

    Raises:
        UnknownDatabase, UnknownEnvironment, SecretUnavailable, ConnectionFailed.
        InputError: there is no table of that name.
    """
    database = app.database(request.database)
    environment = _environment(request, app, database)
    if environment.away is not None:
        there = request.model_copy(update={"environment": environment.name})
        return environment.away.ask("describe", there, DescribeDetails)
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    ) as session:
        catalogue = session.catalogue(leave_out=database.handler.ledger_tables)
        sizes = session.sizes()
        server = session.server_label
    found = _found(request, catalogue)
    whole = bool(request.tables) or request.detail == "full" or _few(request, found)
    details = DescribeDetails(
        environment=environment.name,
        server=server,
        table_count=len(catalogue.tables),
        schema_fingerprint=catalogue.fingerprint(),
    )
    _add_page(request, details, found, catalogue, sizes, whole)
    if not request.tables and not request.cursor:
        _add_rest(request, details, catalogue)
    return Answer(message=_sentence(request, details, found), details=details)


def _environment(request: Request, app: App, database: Database) -> Environment:
    if request.environment:
        return database.environment(request.environment)
    if len(database.environments) == 1:
        return next(iter(database.environments.values()))
    name = environment_of("build", database.environments, app.settings.phases)
    return database.environment(name or "")


def _few(request: Request, found: Sequence[Table]) -> bool:
    return bool(request.search) and len(found) <= FEW


def _found(request: Request, catalogue: Catalogue) -> list[Table]:
    if request.tables:
        return [_named(name, catalogue) for name in dict.fromkeys(request.tables)]
    word = request.search.lower()
    return [
        table
        for table in catalogue.tables
        if word in table.full_name.lower() or any(word in c.name.lower() for c in table.columns)
    ]


def _named(name: str, catalogue: Catalogue) -> Table:
    """The table with this full name, or with this name in the only schema that has it."""
    exact = catalogue.table(name) or catalogue.table(name.removeprefix("public."))
    if exact is not None:
        return exact
    same = [t for t in catalogue.tables if name.lower() in (t.name.lower(), t.full_name.lower())]
    if len(same) == 1:
        return same[0]
    names = [t.full_name for t in same or catalogue.tables]
    near = [t.full_name for t in same] or get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "describe-schema lists the tables."
    raise InputError(f"there is no table {name!r}", hint=hint)


def _add_page(
    request: Request,
    details: DescribeDetails,
    found: Sequence[Table],
    catalogue: Catalogue,
    sizes: Mapping[str, TableSize],
    whole: bool,
) -> None:
    """Tables after the cursor, as many as fit; the first always."""
    names = [table.full_name for table in found]
    start = names.index(request.cursor) + 1 if request.cursor in names else 0
    room = FULL_BYTES if request.detail == "full" else SUMMARY_BYTES
    for table in found[start:]:
        shown = _whole(table, catalogue, sizes) if whole else _overview(table, sizes)
        room -= len(shown.model_dump_json(exclude_defaults=True)) + 1
        if room < 0 and details.tables:
            break
        details.tables.append(shown)
    details.left_out = len(found) - start - len(details.tables)
    if details.left_out:
        details.cursor = details.tables[-1].name
        arguments = {"cursor": details.cursor, **_narrowed(request)}
        details.next = NextTool(tool="describe-schema", arguments=arguments)


def _narrowed(request: Request) -> dict[str, object]:
    """What a call for the next page has to repeat."""
    value = request.model_dump(exclude_defaults=True, exclude={"cursor"})
    return {key: list(v) if isinstance(v, tuple) else v for key, v in value.items()}


def _rows(table: Table, sizes: Mapping[str, TableSize]) -> int | None:
    size = sizes.get(table.full_name)
    return None if size is None or size.rows < 0 else size.rows


def _overview(table: Table, sizes: Mapping[str, TableSize]) -> TableDetails:
    keys = table.primary_key.columns if table.primary_key else ()
    references = {fk.columns[0]: fk.table for fk in table.foreign_keys if len(fk.columns) == 1}
    words = (
        c.name
        + ("*" if c.name in keys else "")
        + (f">{references[c.name]}" if c.name in references else "")
        for c in table.columns
    )
    return TableDetails(name=table.full_name, rows=_rows(table, sizes), overview=" ".join(words))


def _whole(table: Table, catalogue: Catalogue, sizes: Mapping[str, TableSize]) -> TableDetails:
    return TableDetails(
        name=table.full_name,
        rows=_rows(table, sizes),
        columns=[_column(c) for c in table.columns],
        primary_key=list(table.primary_key.columns) if table.primary_key else [],
        foreign_keys=[_foreign_key(fk) for fk in table.foreign_keys],
        unique=[", ".join(key.columns) for key in table.uniques],
        checks=[check.expression for check in table.checks],
        indexes=[_index(index) for index in table.indexes],
        triggers=[o.name for o in catalogue.others if o.table == table.full_name],
        options=list(table.options),
        comment=table.comment,
    )


def _column(column: Column) -> str:
    words = [column.name, column.type]
    if not column.nullable:
        words.append("not null")
    if column.default is not None:
        words.append(f"default {column.default}")
    if column.identity:
        words.append(f"identity {column.identity}")
    if column.generated:
        words.append(f"generated {column.generated}")
    if column.collation:
        words.append(f"collate {column.collation}")
    if column.comment:
        words.append(f"-- {column.comment[:120]}")
    return " ".join(words)


def _foreign_key(key: ForeignKey) -> str:
    actions = [
        f"on {event} {action.lower()}"
        for event, action in (("delete", key.on_delete), ("update", key.on_update))
        if action != "NO ACTION"
    ]
    words = [f"{', '.join(key.columns)} > {key.table}({', '.join(key.references)})", *actions]
    words += [key.deferrable] if key.deferrable else []
    words += [] if key.validated else ["not validated"]
    return " ".join(words)


def _index(index: Index) -> str:
    words = [f"{index.name} ({', '.join(index.columns)})"]
    words += ["unique"] if index.unique else []
    words += [f"using {index.method}"] if index.method else []
    words += [f"where {index.predicate}"] if index.predicate else []
    words += [] if index.valid else ["invalid"]
    return " ".join(words)


def _add_rest(request: Request, details: DescribeDetails, catalogue: Catalogue) -> None:
    """What is not a table, on the first page."""
    word = request.search.lower()

    def hits(names: Iterator[str]) -> list[str]:
        return [name for name in names if word in name.lower()][:50]

    details.views = hits(v.full_name for v in catalogue.views)
    details.enums = hits(f"{e.full_name}: {', '.join(e.labels)}" for e in catalogue.enums)
    details.sequences = hits(s.full_name for s in catalogue.sequences)
    details.others = hits(f"{o.kind} {o.name}" for o in catalogue.others if not o.table)


def _sentence(request: Request, details: DescribeDetails, found: Sequence[Table]) -> str:
    where = f"{details.environment} ({details.server})"
    tables = f"{details.table_count} table{'' if details.table_count == 1 else 's'}"
    if request.search:
        return f"{len(found)} of {tables} of {where} match {request.search!r}"
    if request.tables:
        return f"{len(found)} of {tables} of {where}"
    return f"{tables} in {where}"
