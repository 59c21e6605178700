"""What a Django project's settings say, as far as they are literals: read, never run."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from faber_db.adapters.handlers.python_source import assigned, literal, tree_of
from faber_db.errors import FaberDbError
from faber_db.model.migration import SourceFile

_MODULE = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")
_DEEPEST = 4  # settings that import settings
_USUAL_USER = "auth.User"


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a project whose `manage.py` names them; unknown where they are computed."""

    installed: frozenset[str] | None = None  # INSTALLED_APPS; None: not known
    user_model: str = ""  # AUTH_USER_MODEL; empty: not known


def settings_of(folder: Path) -> Settings:
    """The settings that the `manage.py` of a folder names."""
    found = _MODULE.search(_text(folder / "manage.py"))
    if found is None:
        return Settings()
    names = _names(folder, found[1], 0)
    if names is None:
        return Settings()
    apps = literal(names["INSTALLED_APPS"], names) if "INSTALLED_APPS" in names else None
    user = literal(names["AUTH_USER_MODEL"], names) if "AUTH_USER_MODEL" in names else _USUAL_USER
    listed = isinstance(apps, (list, tuple)) and all(isinstance(a, str) for a in apps)
    return Settings(
        frozenset(map(str, apps)) if listed and isinstance(apps, (list, tuple)) else None,
        user if isinstance(user, str) else "",
    )


def _names(folder: Path, module: str, depth: int) -> dict[str, ast.expr] | None:
    """What a module assigns, with what it takes over by `import *`; None where that is not known."""
    base = folder / module.replace(".", "/")
    file = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
    try:
        tree = tree_of(SourceFile(module, _text(file).encode()))
    except FaberDbError:
        return None
    if not file.is_file() or depth > _DEEPEST:
        return None
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            taken = _names(folder, ".".join([*above, node.module or ""]).strip("."), depth + 1)
            if taken is None:
                return None
            found |= taken
    own = assigned(tree.body)
    found |= own
    for each in ast.walk(tree):  # `INSTALLED_APPS += …`, `.append(…)`, in an `if`: computed
        if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name):
            found[each.target.id] = each.target
        elif (
            isinstance(each, ast.Name)
            and each.id in ("INSTALLED_APPS", "AUTH_USER_MODEL")
            and (isinstance(each.ctx, ast.Load) or each.id not in own)
        ):
            found[each.id] = each
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
