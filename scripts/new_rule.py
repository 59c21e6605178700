"""Write the skeleton of a safety rule: `make new-rule CODE=some-code [KIND=blocking]`.

The catalogue tests fail until the rule says what it does and both its examples are written.
"""

import argparse
import re
import sys
from pathlib import Path

_KINDS = ("data_loss", "blocking", "app_break", "fails", "security", "opaque", "style")
_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_IMPORTS = re.compile(r"(from faber_db\.rules import \(\n)((?:    \w+,\n)+)(\))")
_TUPLE = re.compile(r"(RULES: tuple\[Rule, \.\.\.\] = \(\n)((?:    \w+\.RULE,\n)+)(\))")

_MODULE = '''\
""""""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    yield from ()


RULE = Rule(
    code="{code}",
    kind=Kind.{kind},
    risk=Risk.HIGH,
    effect="",
    remedy="",
    source="",
    looks=(at(Action, find),),
)
'''


def write(root: Path, code: str, kind: str) -> list[Path]:
    """Write module, registration and empty examples below a checkout; the files it touched.

    Raises:
        ValueError: no rule can have this code, or one has it already.
    """
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} is not kebab-case, such as drop-schema")
    name = code.replace("-", "_")
    module = root / "src" / "faber_db" / "rules" / f"{name}.py"
    registry = module.with_name("__init__.py")
    examples = root / "tests" / "rules" / "examples" / name
    if module.exists() or examples.exists():
        raise ValueError(f"there is a rule, a module or an example {name} already")
    text = registry.read_text("utf-8")
    for pattern, line in ((_IMPORTS, f"    {name},\n"), (_TUPLE, f"    {name}.RULE,\n")):
        text, count = pattern.subn(lambda m, line=line: _with(m, line), text)
        if count != 1:
            raise ValueError(f"{registry} does not look as it used to: add the rule by hand")
    module.write_text(_MODULE.format(code=code, kind=kind.upper()), "utf-8")
    registry.write_text(text, "utf-8")
    examples.mkdir()
    files = [examples / "unsafe.sql", examples / "safe.sql"]
    for file in files:
        file.touch()
    return [module, registry, *files]


def _with(match: re.Match[str], line: str) -> str:
    lines = sorted({*match[2].splitlines(keepends=True), line})
    return f"{match[1]}{''.join(lines)}{match[3]}"


def main(arguments: list[str]) -> int:
    """Read the command line, write, and say what is left to do."""
    parser = argparse.ArgumentParser(prog="make new-rule")
    parser.add_argument("code")
    parser.add_argument("kind", nargs="?", default="blocking", choices=_KINDS)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    given = parser.parse_args(arguments)
    try:
        written = write(given.root, given.code, given.kind)
    except ValueError as error:
        parser.error(str(error))
    for file in written:
        sys.stdout.write(f"{file.relative_to(given.root)}\n")
    sys.stdout.write(
        "\nFill the module and both examples, then `make docs` and a line in CHANGELOG.md:\n"
        f"- `{given.code}`: what it reports.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
