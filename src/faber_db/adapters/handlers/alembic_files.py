"""Alembic's revision files as migrations: their graph, and the SQL of those that hold nothing else.

A revision whose functions are `op.execute("…")` with literal texts alone is SQL in another dress:
it is read, so that it needs no recording. Every other one is a program.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faber_db.adapters.handlers import other_tools
from faber_db.adapters.handlers.graph import Graph
from faber_db.adapters.handlers.python_source import (
    COMPUTED,
    assigned,
    dotted,
    literal,
    on_line,
    tree_of,
    without_docstring,
)
from faber_db.errors import MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile, recorded_file, recorded_version

_LEGACY = re.compile(r"([a-f0-9]+)\.py")
PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # as SQLAlchemy's text() finds parameters
ESCAPED = re.compile(r"\\(:[\w$]*)(?![:\w$])")  # and a colon that begins none
_TEXTS = ("sa.text", "sqlalchemy.text", "text")
_DDLS = ("sa.DDL", "sqlalchemy.DDL", "DDL")
_BLOCK = "op.get_context().autocommit_block()"


@dataclass(frozen=True, slots=True)
class Revision(Migration):
    """A migration that knows the graph that it is part of: the ledger has the last ones alone."""

    graph: Graph = field(default_factory=lambda: Graph({}), compare=False, repr=False)
    line: tuple[str, ...] = ()  # what it comes after in its own branch; `needs` has others too
    labels: tuple[str, ...] = ()  # of its branch, given here


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    content: bytes
    revision: str
    down: tuple[str, ...]
    depends: tuple[str, ...]
    labels: tuple[str, ...]
    tree: ast.Module


def revisions(files: Sequence[SourceFile]) -> tuple[Revision, ...]:
    """The revisions of some files in an order in which they can run.

    Raises:
        MigrationUnreadable: a file is no revision, two have one id, one comes after none there is.
        LedgerForeign: a file is a migration of Django's.
    """
    recorded = {f.path: f for f in files if recorded_version(f.path)}
    read = [one for f in files if not recorded_version(f.path) if (one := _read(f)) is not None]
    by_id: dict[str, _File] = {}
    for one in read:
        if one.revision in by_id:
            raise MigrationUnreadable(
                f"{one.path} and {by_id[one.revision].path} are both revision {one.revision}",
                hint="Give one of them another `revision`.",
            )
        by_id[one.revision] = one
    graph = Graph({one.revision: _needs(one, by_id) for one in read})
    order = graph.order({one.revision: one.path for one in read})
    return tuple(_migration(by_id[revision], graph, recorded) for revision in order)


def _read(file: SourceFile) -> _File | None:
    """None for a file that is no revision, beside those that are."""
    tree = tree_of(file)
    names = assigned(tree.body)
    stem = file.path.rpartition("/")[2]
    legacy = _LEGACY.fullmatch(stem)
    expected = "versions" in file.path.split("/")[:-1]
    if "revision" in names and ("down_revision" in names or expected):
        revision = literal(names["revision"], names)
    elif "down_revision" in names and legacy:
        revision = legacy[1]
    else:
        _refuse_django(file, tree)
        if not expected:
            return None
        raise MigrationUnreadable(
            f"{file.path} names no `revision`",
            hint="Move it out of the folder of revisions, or give it `revision = …`.",
        )
    if not isinstance(revision, str) or not revision:
        raise MigrationUnreadable(
            f"{file.path}: its `revision` is not a plain text", hint="Write it as a literal."
        )
    return _File(
        file.path,
        file.content,
        revision,
        _ids(file.path, "down_revision", names),
        _ids(file.path, "depends_on", names),
        _labels(file.path, names),
        tree,
    )


def _ids(path: str, name: str, names: Mapping[str, ast.expr]) -> tuple[str, ...]:
    """None, a text, or several: as a tuple."""
    value = literal(names[name], names) if name in names else None
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (tuple, list, set)) and all(isinstance(one, str) for one in value):
        return tuple(str(one) for one in value)
    raise MigrationUnreadable(
        f"{path}: its `{name}` is no text, no list of texts and not None",
        hint="Write it as a literal; nothing of the file is run to find out.",
    )


def _labels(path: str, names: Mapping[str, ast.expr]) -> tuple[str, ...]:
    """The labels of a branch; of one that is computed, how: no order comes from a label."""
    if "branch_labels" in names and literal(names["branch_labels"], names) is COMPUTED:
        return (ast.unparse(names["branch_labels"]),)
    return _ids(path, "branch_labels", names)


def _needs(one: _File, by_id: Mapping[str, _File]) -> tuple[str, ...]:
    for down in one.down:
        if down not in by_id:
            raise MigrationUnreadable(
                f"{one.path} comes after {down}, which no file is",
                hint="Restore that file from version control.",
            )
    depends = (_resolved(one, wanted, by_id) for wanted in one.depends)
    return tuple(dict.fromkeys([*one.down, *depends]))


def _resolved(one: _File, wanted: str, by_id: Mapping[str, _File]) -> str:
    """A revision by its id, the label of its branch (its last one), or the beginning of its id."""
    if wanted in by_id:
        return wanted
    labelled = [f.revision for f in by_id.values() if wanted in f.labels]
    if labelled:
        down = Graph({f.revision: f.down for f in by_id.values()})
        branch = [v for v in by_id if labelled[0] in down.before([v])]
        ends = down.last(branch)
        if len(ends) == 1:
            return ends[0]
    start = wanted.rpartition("@")[2]
    begun = [v for v in by_id if len(start) > 3 and v.startswith(start)]
    if len(begun) != 1:
        raise MigrationUnreadable(
            f"{one.path} depends on {wanted}, which {'several are' if begun else 'no file is'}",
            hint="Name one revision by its whole id.",
        )
    return begun[0]


def _migration(one: _File, graph: Graph, recorded: Mapping[str, SourceFile]) -> Revision:
    up, down = _sql_of(one.tree, "upgrade"), _sql_of(one.tree, "downgrade")
    record, way_back = (
        recorded.get(recorded_file(one.revision, "", back=back).path) for back in (False, True)
    )
    stem = one.path.rpartition("/")[2].removesuffix(".py")
    back = way_back.content.decode() if way_back else down[0] if down else ""
    empty = up is not None and not up[0]  # a merge has nothing to undo
    migration = Revision(
        version=one.revision,
        name=stem if one.revision in stem else f"{one.revision}_{stem}",
        path=one.path,
        content=one.content,
        up=up[0] if up else "",
        down=back if back.strip() or empty else None,
        down_path=way_back.path if way_back else "",
        wrap=up[1] if up else True,
        code=up is None,
        needs=graph.needs[one.revision],
        graph=graph,
        line=one.down,
        labels=one.labels,
    )
    if up is not None or record is None:
        return migration
    text = record.content.decode()
    return replace(migration, content=record.content, up=text, recorded_path=record.path)


def _sql_of(tree: ast.Module, function: str) -> tuple[str, bool] | None:
    """The SQL of a function that only executes literal texts, and whether it may be wrapped.

    Each statement stands on the line that it has in the file, so that what is said of it points
    there. None where the function does anything else; one that does nothing is empty.
    """
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function]
    if not found:
        return ("", True) if function == "downgrade" else None
    if len(found) > 1 or found[0].decorator_list:
        return None
    script, wrap = "", True
    for statement in without_docstring(found[0].body):
        inner: Sequence[ast.stmt] = [statement]
        if isinstance(statement, ast.With):
            if [ast.unparse(item) for item in statement.items] != [_BLOCK]:
                return None
            inner, wrap = without_docstring(statement.body), False
        for each in inner:
            executed = _executed(each)
            if executed is None:
                return None
            script = on_line(script, *executed)
    return script, wrap


def _executed(statement: ast.stmt) -> tuple[str, int] | None:
    """The text of `op.execute("…")` and its line."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or dotted(call.func) != "op.execute":
        return None
    if len(call.args) != 1 or call.keywords:
        return None
    argument, as_it_stands = call.args[0], False
    if isinstance(argument, ast.Call) and len(argument.args) == 1 and not argument.keywords:
        name = dotted(argument.func)
        if name not in _TEXTS and name not in _DDLS:
            return None
        argument, as_it_stands = argument.args[0], name in _DDLS
    text = literal(argument)
    if not isinstance(text, str):
        return None
    read = _of_ddl(text) if as_it_stands else _of_text(text)
    return None if read is None else (read, argument.lineno)


def _of_text(text: str) -> str | None:
    """What SQLAlchemy's `text` makes of it; None where it would have parameters."""
    return None if PARAMETER.search(text) else ESCAPED.sub(r"\1", text)


def _of_ddl(text: str) -> str | None:
    """What SQLAlchemy's `DDL` makes of it; None where it puts names in."""
    return None if "%" in text.replace("%%", "") else text.replace("%%", "%")


def _refuse_django(file: SourceFile, tree: ast.Module) -> None:
    for node in tree.body:
        bases = node.bases if isinstance(node, ast.ClassDef) and node.name == "Migration" else []
        if any(dotted(base) == "migrations.Migration" for base in bases):
            raise other_tools.error_for(f"{file.path} is written for Django", "Django")
