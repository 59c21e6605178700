"""Django's migration files: their graph, and the SQL of those that are `RunSQL` alone. None is run."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from faber_db.adapters.handlers.graph import Graph
from faber_db.adapters.handlers.python_source import (
    assigned,
    dotted,
    literal,
    on_line,
    tree_of,
)
from faber_db.errors import MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile, recorded_file, recorded_version

PATH = re.compile(r"(?:(?P<above>.*)/)?(?P<folder>[^/]+)/migrations/(?P<name>[^_~.][^/]*)\.py")
_FIRST, _LATEST = "__first__", "__latest__"
_RUN_SQL = ("migrations.RunSQL", "RunSQL")


@dataclass(frozen=True, slots=True)
class DjangoMigration(Migration):
    """A migration with what Django's ledger has to be told of it."""

    app: str = ""
    replaces: tuple[str, ...] = ()  # a squashed one: versions
    outside: tuple[str, ...] = ()  # what it needs of apps that have no files in the project


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    content: bytes
    app: str
    name: str
    needs: tuple[tuple[str, str], ...]
    run_before: tuple[tuple[str, str], ...]
    replaces: tuple[tuple[str, str], ...]
    atomic: bool
    operations: ast.expr | None

    @property
    def version(self) -> str:
        return f"{self.app}.{self.name}"


def migrations_of(files: Sequence[SourceFile], user_model: str = "") -> tuple[DjangoMigration, ...]:
    """The migrations of every app in an order in which they can run.

    Args:
        files: of the apps: migrations, and `apps.py`, which may give an app another label.
        user_model: what the settings name as `AUTH_USER_MODEL`; empty: not known.

    Raises:
        MigrationUnreadable.
    """
    recorded = {f.path: f for f in files if recorded_version(f.path)}
    labels = {f.path.rpartition("/")[0]: label for f in files if (label := _label(f))}
    read = [
        _read(f, labels, user_model)
        for f in files
        if f.path not in recorded and PATH.fullmatch(f.path)
    ]
    known: dict[str, _File] = {}
    for one in read:
        if one.version in known:
            raise MigrationUnreadable(
                f"{one.path} and {known[one.version].path} are both {one.version}",
                hint="Give one of the two apps another label.",
            )
        known[one.version] = one
    needs, outside = _edges(known)
    order = Graph(needs).order()
    return tuple(_migration(known[v], needs[v], outside[v], recorded) for v in order)


def _label(file: SourceFile) -> str:
    """The label that an `apps.py` gives; empty where it gives none."""
    if file.path.rpartition("/")[2] != "apps.py":
        return ""
    for node in tree_of(file).body:
        if isinstance(node, ast.ClassDef):
            label = assigned(node.body).get("label")
            if label is not None and isinstance(value := literal(label), str):
                return value
    return ""


def _read(file: SourceFile, labels: Mapping[str, str], user_model: str) -> _File:
    tree = tree_of(file)
    found = PATH.fullmatch(file.path)
    assert found is not None  # noqa: S101 - the caller has looked
    folder = file.path.rpartition("/migrations/")[0]
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Migration"]
    if not classes:
        raise MigrationUnreadable(
            f"{file.path} has no class Migration",
            hint="Move it out of the folder of migrations, or begin its name with `_`.",
        )
    names = assigned(tree.body) | assigned(classes[0].body)
    atomic = literal(names["atomic"]) if "atomic" in names else True
    return _File(
        file.path,
        file.content,
        labels.get(folder, found["folder"]),
        found["name"],
        _pairs(file.path, "dependencies", names, user_model),
        _pairs(file.path, "run_before", names, user_model),
        _pairs(file.path, "replaces", names, user_model),
        atomic is True,
        names.get("operations"),
    )


def _pairs(
    path: str, name: str, names: Mapping[str, ast.expr], user_model: str
) -> tuple[tuple[str, str], ...]:
    """A list of (app, name); what is swappable leads to the app of the user model, where known."""
    node = names.get(name)
    if node is None:
        return ()
    if not isinstance(node, (ast.List, ast.Tuple)):
        raise _computed(path, name)
    found: list[tuple[str, str]] = []
    for each in node.elts:
        if isinstance(each, ast.Call) and dotted(each.func).endswith("swappable_dependency"):
            swapped = literal(each.args[0]) if each.args else None
            model = swapped if isinstance(swapped, str) else user_model
            if model:
                found.append((model.partition(".")[0], _FIRST))
            continue
        value = literal(each, names)
        if not (
            isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, str) for v in value)
        ):
            raise _computed(path, name)
        found.append((str(value[0]), str(value[1])))
    return tuple(found)


def _computed(path: str, name: str) -> MigrationUnreadable:
    return MigrationUnreadable(
        f"{path}: its `{name}` are no list of (app, name)",
        hint="Write them as literals; nothing of the file is run to find out.",
    )


def _edges(
    known: Mapping[str, _File],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """For each version those right before it: of the project, and of apps outside it."""
    apps = {one.app for one in known.values()}
    squashed = {f"{a}.{n}": v for v, one in known.items() for a, n in one.replaces}
    needs: dict[str, list[str]] = {v: [] for v in known}
    outside: dict[str, list[str]] = {v: [] for v in known}
    for version, one in known.items():
        own = {f"{a}.{n}" for a, n in one.replaces}
        for app, name in one.needs:
            if app not in apps:
                outside[version].append(f"{app}.{name}")
                continue
            target = _target(one, app, name, known)
            if target in own:
                continue
            if target not in known and target not in squashed:
                raise MigrationUnreadable(
                    f"{one.path} comes after {target}, which no file is",
                    hint="Restore that file from version control.",
                )
            after = [target] if target in known else []
            if (
                target in squashed
                and squashed[target] != version
                and version not in _replaced(known, squashed[target])
            ):
                after.append(squashed[target])
            needs[version] += after
        for app, name in one.run_before:
            if f"{app}.{name}" in needs:
                needs[f"{app}.{name}"].append(version)
    return (
        {v: tuple(dict.fromkeys(n)) for v, n in needs.items()},
        {v: tuple(dict.fromkeys(n)) for v, n in outside.items()},
    )


def _replaced(known: Mapping[str, _File], version: str) -> set[str]:
    return {f"{a}.{n}" for a, n in known[version].replaces}


def _target(one: _File, app: str, name: str, known: Mapping[str, _File]) -> str:
    """A version by its name, or by what Django calls an app's first and latest."""
    if name not in (_FIRST, _LATEST):
        return f"{app}.{name}"
    of_app = [f for f in known.values() if f.app == app]
    inner = Graph({f.version: tuple(f"{a}.{n}" for a, n in f.needs if a == app) for f in of_app})
    if name == _LATEST:
        return inner.last()[-1]
    firsts = sorted(v for v, needed in inner.needs.items() if not needed)
    if not firsts:
        raise MigrationUnreadable(f"{one.path} comes after the first of {app}, which has none")
    return firsts[0]


def _migration(
    one: _File, needs: tuple[str, ...], outside: tuple[str, ...], recorded: Mapping[str, SourceFile]
) -> DjangoMigration:
    sql = _sql_of(one.operations)
    record, way_back = (
        recorded.get(recorded_file(one.version, "", back=back).path) for back in (False, True)
    )
    back = way_back.content.decode() if way_back else sql[1] if sql else None
    migration = DjangoMigration(
        version=one.version,
        name=one.version,
        path=one.path,
        content=one.content,
        up=sql[0] if sql else "",
        down=back,
        down_path=way_back.path if way_back else "",
        wrap=one.atomic,
        code=sql is None,
        needs=needs,
        app=one.app,
        replaces=tuple(f"{a}.{n}" for a, n in one.replaces),
        outside=outside,
    )
    if sql is not None or record is None:
        return migration
    text = record.content.decode()
    return replace(migration, content=record.content, up=text, recorded_path=record.path)


def _sql_of(operations: ast.expr | None) -> tuple[str, str | None] | None:
    """The SQL there and back where all operations are `RunSQL` of literals; None where one is not."""
    if operations is None:
        return "", ""
    if not isinstance(operations, (ast.List, ast.Tuple)):
        return None
    up, backs = "", []
    for node in operations.elts:
        if not isinstance(node, ast.Call) or dotted(node.func) not in _RUN_SQL:
            return None
        given = dict(zip(("sql", "reverse_sql"), node.args, strict=False))
        given |= {k.arg: k.value for k in node.keywords if k.arg}
        texts = _texts(given.get("sql"))
        if texts is None or any(k.arg is None for k in node.keywords):
            return None
        for text, line in texts:
            up = on_line(up, text, line)
        backs.append(_texts(given.get("reverse_sql")))
    down: str | None = ""
    for back in reversed(backs):
        if back is None or down is None:
            down = None
            break
        for text, _ in back:
            down = on_line(down, text, 0)
    return up, down


def _texts(node: ast.expr | None) -> list[tuple[str, int]] | None:
    """The statements of an argument with their lines; None where they are not literals."""
    if node is None:
        return None
    if dotted(node).endswith("RunSQL.noop"):
        return []
    each = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    found = []
    for one in each:
        value = literal(one)
        if isinstance(value, tuple) and len(value) == 2 and value[1] is None:
            value = value[0]
        if not isinstance(value, str):
            return None
        found.append((value, one.lineno))
    return found
