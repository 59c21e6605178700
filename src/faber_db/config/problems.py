"""Everything that is wrong with a configuration file, each with its line."""

import difflib
import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from faber_db.config.executor import MARKS, ExecutorSettings
from faber_db.config.fractary import as_ours, is_fractary, without_meaning
from faber_db.config.json_text import Located, NotJson, Path, read
from faber_db.config.phases import named
from faber_db.config.settings import (
    ApproverSettings,
    BackupSettings,
    DatabaseSettings,
    EnvironmentSettings,
    ProjectSettings,
)
from faber_db.errors import ConfigError, NotSupported

_NOT_YET: dict[Path, str] = {
    ("backups", "targets"): "Backups go to one folder: `backups.folder`.",
    ("backups", "compression"): "Each product's dump is compressed as it makes it.",
    ("backups", "encryption"): "Put `backups.folder` on an encrypted volume.",
}
"""Keys of the plan that this version does not have: refused, not ignored."""

_NO_EFFECT_YET = {
    "schema_files": "Give the wanted tables to `faber-db architect` or `faber-db generate`.",
}
"""Keys that the models have and nothing acts on: said, and not taken in silence."""

_WORDS = {
    "string_type": "is a text in double quotes",
    "bool_type": "is true or false",
    "int_type": "is a whole number",
    "dict_type": "is an object",
    "tuple_type": "is a list",
    "model_type": "is an object",
    "missing": "is missing",
    "json_invalid": "holds a character that is none (half of a surrogate pair)",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `code` is that of the error it would be alone."""

    line: int
    message: str
    hint: str = ""
    code: str = ConfigError.code


def problems(text: str) -> list[Problem]:
    """What is wrong with the text of a configuration, by line; empty when it can be used."""
    return examine(text)[1]


def warnings(text: str) -> list[Problem]:
    """Keys of FABER's own file that change nothing here, by line; none in a file of ours."""
    try:
        located = read(text)
    except NotJson:
        return []  # that is a problem, and told as one
    if not is_fractary(located.value):
        return []
    found = [Problem(located.line_of(p), words) for p, words in without_meaning(located.value)]
    return sorted(found, key=lambda problem: problem.line)


def examine(text: str) -> tuple[ProjectSettings | None, list[Problem]]:
    """The settings, or None and everything that is wrong."""
    try:
        located = read(text)
    except NotJson as error:
        return None, [Problem(error.line, error.message)]
    found = [
        Problem(line, f'the key "{key}" appears twice', "Keep one of them.")
        for line, key in located.repeated
    ]
    settings: ProjectSettings | None = None
    value = as_ours(located.value) if is_fractary(located.value) else located.value
    try:
        settings = _root_of(value).model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        found += [_explain(detail, located) for detail in error.errors(include_url=False)]
    else:
        found += _between_keys(settings, located)
    unique = sorted(dict.fromkeys(found), key=lambda problem: problem.line)
    return (None if unique else settings), unique


def _explain(detail: ErrorDetails, located: Located) -> Problem:
    path: Path = tuple(detail["loc"])
    line = located.line_of(path)
    dotted = ".".join(str(part) for part in path if part in _keys_of(located, path))
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, line, _root_of(located.value))
    if detail["type"] == "value_error":
        message = str(detail["ctx"]["error"])
        return Problem(line, f'in "{dotted}": {message}' if dotted else message)
    if detail["type"] == "missing":
        return Problem(line, f'"{".".join(str(part) for part in path)}" is missing')
    words = _WORDS.get(detail["type"]) or _lower_first(detail["msg"])
    return Problem(line, f'"{dotted}" {words}' if dotted else f"the file {words}")


def _keys_of(located: Located, path: Path) -> set[str | int]:
    """The parts of a path that stand in the file (pydantic adds names of union members)."""
    return {path[i] for i in range(len(path)) if path[: i + 1] in located.lines}


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _root_of(value: Any) -> type[ProjectSettings]:
    """The model of the whole file: an executor's says whom it listens to."""
    return (
        ExecutorSettings if isinstance(value, dict) and set(MARKS) & set(value) else ProjectSettings
    )


def _unknown_key(path: Path, line: int, root: type[ProjectSettings]) -> Problem:
    key = str(path[-1])
    if path in _NOT_YET:
        return Problem(line, f'"{key}" is not supported yet', _NOT_YET[path], NotSupported.code)
    if path[-2:] in _NOT_YET:
        return Problem(
            line, f'"{key}" is not supported yet', _NOT_YET[path[-2:]], NotSupported.code
        )
    for words, model in (
        ("each of `environments`", EnvironmentSettings),
        ("each of `databases`", DatabaseSettings),
        ("`backups`", BackupSettings),
        ("`approvers`", ApproverSettings),
        ("the top level", ProjectSettings),
    ):
        if key in _names(model):
            return Problem(line, f'unknown key "{key}"', f"It belongs in {words}.")
    known = _known_keys(path[:-1], root)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return Problem(line, f'unknown key "{key}"', f'Did you mean "{near[0]}"?')
    return Problem(line, f'unknown key "{key}"', f"Known here: {', '.join(known) or 'none'}.")


def _known_keys(path: Path, root: type[ProjectSettings]) -> list[str]:
    """The keys of the model that stands at `path`."""
    kind: Any = root
    for part in path:
        kind = _below(kind, part)
    model = _model_in(kind)
    return _names(model) if model else []


def _below(kind: Any, part: str | int) -> Any:
    model = _model_in(kind) if not _is_container(kind) else None
    if model is not None:
        for name, info in model.model_fields.items():
            if part in (name, info.alias):
                return info.annotation
        return None
    arguments = typing.get_args(kind)
    return arguments[1 if typing.get_origin(kind) is dict else 0] if arguments else None


def _is_container(kind: Any) -> bool:
    return typing.get_origin(kind) in (dict, tuple)


def _model_in(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((m for a in typing.get_args(kind) if (m := _model_in(a)) is not None), None)


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _is_a_key_of_ours(path: Path) -> bool:
    """Whether the last part is a key of a model, and not a name that somebody chose."""
    return str(path[-1]) in _known_keys(path[:-1], ProjectSettings)


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _between_keys(settings: ProjectSettings, located: Located) -> Iterator[Problem]:
    """What each key alone cannot say."""
    for path in located.lines:
        why = _NO_EFFECT_YET.get(str(path[-1])) if path else None
        if why and _is_a_key_of_ours(path) and _value_at(located.value, path):
            yield Problem(
                located.line_of(path), f'"{path[-1]}" is not supported yet', why, NotSupported.code
            )
    every = [database.environments for database in settings.all_databases().values()]
    for phase, name in settings.phases.items():
        if not any(named(name, environments) for environments in every):
            yield Problem(
                located.line_of(("phases", phase)),
                f'"phases.{phase}" names {name!r}, which is not configured',
                f"Configured: {', '.join(dict.fromkeys(n for e in every for n in e)) or 'none'}.",
            )
    for name, database in settings.databases.items():
        if not database.environments:
            yield Problem(
                located.line_of(("databases", name)),
                f'the database "{name}" has no environments',
                'Add "environments": {"dev": {"url": "env:DATABASE_URL"}}.',
            )
