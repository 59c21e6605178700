"""Which file of a project makes TypeORM's data source, and the program that uses it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from faber_db.adapters.handlers.js_project import text_at
from faber_db.errors import ToolMissing
from faber_db.services.ports import ToolPlace

RUNNER = Path(__file__).with_name("typeorm_one.cjs")
_NAMED = re.compile(r"(?:^|\s)(?:-d|--dataSource)(?:\s+|=)['\"]?([\w@./-]+)")
_MADE = re.compile(r"\bnew\s+DataSource\s*\(")


def data_source(place: ToolPlace, package: Path, texts: Mapping[str, str]) -> Path:
    """The file that the scripts of `package.json` give to TypeORM, or the only one that makes one.

    Args:
        place: where.
        package: the folder of `package.json`.
        texts: configuration files by their paths below the root, without comments.

    Raises:
        ToolMissing: none or several.
    """
    for found in ({package / name for name in _of_scripts(package)}, _of_texts(place, texts)):
        there = sorted(_source(file) for file in found if _source(file).is_file())
        if len(there) == 1:
            return there[0]
        if there:
            names = ", ".join(file.relative_to(place.root).as_posix() for file in there)
            raise ToolMissing(
                f"TypeORM cannot be run: several files make a data source ({names})",
                hint='Name it in a script of package.json: "typeorm": "typeorm -d FILE".',
            )
    raise ToolMissing(
        "TypeORM cannot be run: no file that makes its data source was found",
        hint='Name it in a script of package.json: "typeorm": "typeorm -d FILE".',
    )


def _of_scripts(package: Path) -> set[str]:
    try:
        said = json.loads(text_at(package / "package.json"))
        scripts = said.get("scripts", {}).values()
    except (ValueError, AttributeError):
        return set()
    return {m[1] for script in scripts if isinstance(script, str) for m in _NAMED.finditer(script)}


def _of_texts(place: ToolPlace, texts: Mapping[str, str]) -> set[Path]:
    return {place.root / path for path, text in texts.items() if _MADE.search(text)}


def _source(file: Path) -> Path:
    """The file, or what it was compiled from where only that is there."""
    return file if file.is_file() else file.with_suffix(".ts")
