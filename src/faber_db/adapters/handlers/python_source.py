"""Python files of a project, read as text: nothing of them is ever imported or run."""

import ast
from collections.abc import Mapping
from importlib.util import decode_source

from faber_db.errors import MigrationUnreadable
from faber_db.model.migration import SourceFile

COMPUTED = object()


def tree_of(file: SourceFile) -> ast.Module:
    """The syntax tree of a file, by the encoding that the file itself names.

    Raises:
        MigrationUnreadable: it is not Python, or not that of the version that runs us.
    """
    try:
        return ast.parse(decode_source(file.content), filename=file.path)
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        raise MigrationUnreadable(
            f"{file.path} cannot be read as Python{where}",
            hint="Mend it, or run faber-db with the Python version that the project uses.",
        ) from error
    except (
        ValueError,
        RecursionError,
        MemoryError,
    ) as error:  # not its encoding; nested too deeply
        raise MigrationUnreadable(
            f"{file.path} cannot be read as Python", hint="Save it as UTF-8 text."
        ) from error


def assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """What names are given in a body, the last of each; of plain and annotated assignments."""
    found: dict[str, ast.expr] = {}
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets = [t for t in statement.targets if isinstance(t, ast.Name)]
            found |= {target.id: statement.value for target in targets}
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value is not None
        ):
            found[statement.target.id] = statement.value
    return found


def literal(node: ast.expr, names: Mapping[str, ast.expr] | None = None) -> object:
    """The value of a literal, or of a name that is given one; `COMPUTED` for anything else."""
    seen: set[str] = set()
    while isinstance(node, ast.Name) and names and node.id in names and node.id not in seen:
        seen.add(node.id)
        node = names[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return COMPUTED


def dotted(node: ast.expr) -> str:
    """`op.execute` of a name with attributes; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """A body without strings that stand alone, and without `pass`."""
    return [
        statement
        for statement in body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]


def on_line(script: str, text: str, line: int) -> str:
    """A script and one more statement, which begins on a line of its own number where it can."""
    begins = len(text) - len(text.lstrip())
    line += text[:begins].count("\n")
    text = text.strip().removesuffix(";").rstrip()
    if not text:
        return script
    blank = "\n" * max(0, line - 1 - script.count("\n"))
    last = text.rpartition("\n")[2]  # a comment there would swallow the semicolon
    end = "\n;\n" if "--" in last or "#" in last else ";\n"
    return f"{script}{blank}{text}{end}"
