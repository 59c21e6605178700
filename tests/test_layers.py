"""Which way imports point (DESIGN: Shape). An arrow may skip layers, never turn back."""

import ast
from pathlib import Path

import faber_db

SOURCE = Path(faber_db.__file__).parent

PURE = {"sql", "config", "model", "errors", "__init__"}
JUDGING = {"detect", "spec", "schema", "rules", "recipes", "checks"}

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "model": {"errors", "__init__"},
    "sql": {"model", "errors", "__init__"},
    "config": {"sql", "model", "errors", "__init__"},
    **dict.fromkeys(JUDGING, PURE | JUDGING),
    "services": PURE | JUDGING,
    "adapters": PURE | {"services.ports"},
    "executor": PURE | JUDGING | {"services"},
    "tools": PURE | {"services", "app", "shipped"},
    "web": PURE | {"services"},
    "server": PURE | {"services", "app", "tools", "shipped"},
    "server_http": PURE | {"services", "server", "tools", "web"},
    "cli": PURE | JUDGING | {"services", "app", "server", "server_http", "web", "demo", "shipped"},
    "demo": PURE | {"app", "shipped"},
    "shipped": PURE,
    "app": PURE | {"services", "executor", "adapters", "web"},
}


def module_of(file: Path) -> str:
    parts = list(file.relative_to(SOURCE).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def imports(file: Path) -> set[str]:
    """Modules of ours that a file imports, anywhere in it, without the package's name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [n if is_module(n) else node.module for n in inner]
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{file}: relative import"
            continue
        found |= {
            name.removeprefix("faber_db").lstrip(".") or "__init__"
            for name in names
            if name.split(".")[0] == "faber_db"
        }
    return found


def is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_imports_point_downwards() -> None:
    wrong = []
    for file in sorted(SOURCE.rglob("*.py")):
        module = module_of(file)
        layer = module.split(".")[0]
        for imported in imports(file):
            top = imported.split(".")[0]
            if top == layer:
                continue
            allowed = MAY_IMPORT[layer]
            if top not in allowed and not any(
                imported == a or imported.startswith(a + ".") for a in allowed if "." in a
            ):
                wrong.append(f"{module} imports {imported}")
    assert not wrong


def test_adapters_do_not_know_each_other() -> None:
    wrong = []
    for file in sorted((SOURCE / "adapters").rglob("*.py")):
        module = module_of(file)
        mine = module.split(".")[:2]
        for imported in imports(file):
            is_database = mine[1] == "shadows" or module == "adapters.stores.postgresql_state"
            if is_database and imported.startswith("adapters.engines"):
                continue  # a shadow, or that store, is a database of a product
            if imported in ("adapters.engines.child", "adapters.shadows.shut_in"):
                continue  # how a child process is started, and shut in, is no adapter's own
            if imported.startswith("adapters.") and imported.split(".")[:2] != mine:
                wrong.append(f"{module} imports {imported}")
    assert not wrong


def test_two_tools_never_import_each_other() -> None:
    frame = {"arguments", "boundary", "call", "text", "fit", "schemas", "project", "__init__"}
    frame |= {
        "catalogue",
        "documents",
        "records",
        "skills_extension",
    }  # these publish the tools as a whole
    wrong = []
    for file in sorted((SOURCE / "tools").glob("*.py")):
        if file.stem in frame:
            continue
        wrong += [
            f"{file.stem} imports {imported}"
            for imported in imports(file)
            if imported.startswith("tools.") and imported.split(".")[1] not in frame
        ]
    assert not wrong
