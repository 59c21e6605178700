"""The verdict over a project's whole migration history, each file against the schema that it met.

Run: python bench/replay.py FOLDER [--dialect postgresql|sqlite|mariadb] [--show CODE] [--limit N]

The folder is laid out as a tool lays it out: a folder a migration (`up.sql`, `migration.sql`), pairs
of `.up.sql` and `.down.sql`, or numbered `.sql` files, also with both directions in one. Every file is
analysed, then run on a throw-away server, so that the next one is judged against the real schema.
What a trial sees (locks held while tables are scanned or rewritten) is compared with what the
analysis said. `--show` prints the statements that a code was found at.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from faber_db.errors import FaberDbError
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Finding, Kind, Risk
from faber_db.rules import Context, analyze
from faber_db.services.analyze import up_part
from faber_db.services.ports import Session
from faber_db.sql.script import Script, parse


@dataclass
class Tally:
    """What was found over a history."""

    migrations: int = 0
    statements: int = 0
    not_understood: int = 0
    quiet: int = 0  # migrations with no finding of medium or above
    failed: list[str] = field(default_factory=list)
    by_code: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: list[tuple[str, Finding]] = field(default_factory=list)
    seconds: float = 0.0


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and way up of each migration, in the order in which they run."""
    found = sorted(
        (p for p in folder.rglob("*.sql") if p.is_file()),
        key=lambda p: p.relative_to(folder).as_posix(),
    )
    for path in found:
        if path.name in ("down.sql", "LATEST.sql") or path.name.endswith(
            (".down.sql", ".undo.sql")
        ):
            continue
        yield path.relative_to(folder).as_posix(), up_part(path.read_text("utf-8-sig"))


def shadow(dialect: Dialect) -> AbstractContextManager[Session]:
    """An empty throw-away database of the product."""
    if dialect is Dialect.SQLITE:
        from faber_db.adapters.shadows import SqliteShadow

        return SqliteShadow().new()
    if dialect is Dialect.POSTGRESQL:
        from faber_db.adapters.shadows import PostgresShadow

        return PostgresShadow(None).new()
    raise SystemExit(f"no throw-away server for {dialect}")


def replay(folder: Path, dialect: Dialect, show: str) -> Tally:
    """Judge and run one file after the other."""
    tally = Tally()
    with shadow(dialect) as session:
        for name, text in files(folder):
            wrap = dialect is Dialect.POSTGRESQL
            began = time.perf_counter()
            script = parse(text, dialect)
            context = Context(dialect, session.server_version, session.catalogue(), wrap=wrap)
            analysis = analyze(script, context)
            tally.seconds += time.perf_counter() - began
            _count(tally, name, script, analysis, show)
            try:
                session.run(script, wrap=wrap)
            except FaberDbError as error:
                tally.failed.append(f"{name}: {error.message[:140]}")
    return tally


def _count(tally: Tally, name: str, script: Script, analysis: Analysis, show: str) -> None:
    tally.migrations += 1
    tally.statements += len(script.statements)
    tally.not_understood += sum(not s.understood for s in analysis.statements)
    serious = [
        f for f in analysis.findings if f.risk.at_least(Risk.MEDIUM) and f.kind is not Kind.STYLE
    ]
    tally.quiet += not serious
    for finding in serious:
        tally.by_code[finding.risk.value, finding.code] += 1
        if finding.code == show:
            tally.shown.append((name, finding))


def main() -> int:
    """Print the tally."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("folder", type=Path)
    options.add_argument("--dialect", default="postgresql")
    options.add_argument("--show", default="")
    options.add_argument("--limit", type=int, default=40)
    given = options.parse_args()
    tally = replay(given.folder, Dialect(given.dialect), given.show)
    print(f"{tally.migrations} migrations, {tally.statements} statements in {tally.seconds:.1f} s")
    print(f"not understood: {tally.not_understood}; migrations without a finding: {tally.quiet}")
    for (risk, code), number in sorted(tally.by_code.items(), key=lambda item: -item[1]):
        print(f"  {number:5d}  {risk:8s}  {code}")
    for words in tally.failed[: given.limit]:
        print(f"  did not run: {words}")
    for name, finding in tally.shown[: given.limit]:
        print(
            f"\n{name} line {finding.line}: {finding.effect}\n    {' '.join(finding.statement.split())}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
