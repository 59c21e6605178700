"""The verdict over a project's whole migration history, each file against the schema that it met.

Run: python bench/replay.py FOLDER [--dialect postgresql|sqlite] [--first SQL] [--show CODE] [--limit N]

The folder is laid out as a tool lays it out: a folder a migration (`up.sql`, `migration.sql`), pairs
of `.up.sql` and `.down.sql`, or numbered `.sql` files, also with both directions in one. Every file is
analysed, then run on a throw-away server, so that the next one is judged against the real schema.
What a trial sees (locks held while tables are scanned or rewritten) is compared with what the
analysis said. `--show` prints the statements that a code was found at.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faber_db.errors import FaberDbError
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Finding, Kind, Risk
from faber_db.rules import Context, analyze
from faber_db.rules.effects import strength
from faber_db.services.analyze import up_part
from faber_db.services.ports import Session, Tried
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
    blocking: Counter[str] = field(default_factory=Counter)  # found, missed, false alarm, quiet
    blocking_files: dict[str, list[str]] = field(default_factory=dict)


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


Connect = Callable[[], AbstractContextManager[Session]]


@contextmanager
def server(dialect: Dialect) -> Iterator[Connect]:
    """An empty throw-away database; gives what connects to it."""
    if dialect is Dialect.POSTGRESQL:
        from faber_db.adapters.engines.postgresql import Postgresql, binaries
        from faber_db.adapters.engines.postgresql.address import url_of
        from faber_db.adapters.shadows import scratch
        from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql

        found = [b for b in binaries.find("initdb") if b.tool("postgres")]
        programs = min(found, key=lambda b: (b.wheel, -b.major))  # a package has the extensions
        with (
            PrivatePostgresql(programs.folder) as running,
            scratch.database(running.url(), owner="replayed") as address,
        ):
            yield lambda: Postgresql().connect(url_of(address))
    elif dialect is Dialect.SQLITE:
        from faber_db.adapters.engines.sqlite import Sqlite

        with tempfile.TemporaryDirectory() as folder:
            yield lambda: Sqlite(Path(folder)).connect(f"sqlite:{folder}/replayed.db", create=True)
    else:
        raise SystemExit(f"no throw-away server for {dialect}")


def replay(folder: Path, dialect: Dialect, *, first: str = "", show: str = "") -> Tally:
    """Judge and run one file after the other; `first` is run before all of them."""
    tally = Tally()
    wrap = dialect is Dialect.POSTGRESQL
    with server(dialect) as connect:
        if first:
            with connect() as session:
                session.run(parse(first, dialect), wrap=False)
        for name, text in files(folder):
            with connect() as session:
                began = time.perf_counter()
                script = parse(text, dialect)
                context = Context(dialect, session.server_version, session.catalogue(), wrap=wrap)
                analysis = analyze(script, context)
                tally.seconds += time.perf_counter() - began
                _count(tally, name, script, analysis, show)
                _run(tally, name, session, script, analysis)
    return tally


def _run(tally: Tally, name: str, session: Session, script: Script, analysis: Analysis) -> None:
    """Go on to the next schema, and see what really waits."""
    if session.dialect is not Dialect.POSTGRESQL:
        try:
            session.run(script, wrap=False)
        except FaberDbError as error:
            tally.failed.append(f"{name}: {error.message[:140]}")
        return
    tried = session.try_out(script, wrap=True)
    if tried and tried[-1].error:
        tally.failed.append(f"{name}: line {tried[-1].line}: {tried[-1].error[:120]}")
        return
    said = {f.line for f in analysis.findings if f.kind is Kind.BLOCKING and serious(f)}
    seen = {t.line for t in tried if waits(t)}
    outcome = ("missed", "false alarm", "found")[2 if said and seen else 1 if said else 0]
    if said or seen:
        tally.blocking[outcome] += 1
        tally.blocking_files.setdefault(outcome, []).append(
            f"{name}: said {sorted(said)}, seen {sorted(seen)}"
        )
    else:
        tally.blocking["quiet"] += 1


def serious(finding: Finding) -> bool:
    return finding.risk.at_least(Risk.MEDIUM) and not finding.allowed


def waits(tried: Tried) -> bool:
    """Whether others wait for work: a table is read or rewritten while SHARE or more is held."""
    strong = [m for _, m in (*tried.locks, *tried.held) if strength(m) >= strength("SHARE")]
    return bool(strong) and bool(tried.rewritten or tried.scanned)


def _count(tally: Tally, name: str, script: Script, analysis: Analysis, show: str) -> None:
    tally.migrations += 1
    tally.statements += len(script.statements)
    tally.not_understood += sum(not s.understood for s in analysis.statements)
    found = [f for f in analysis.findings if serious(f) and f.kind is not Kind.STYLE]
    tally.quiet += not found
    for finding in found:
        tally.by_code[finding.risk.value, finding.code] += 1
        if finding.code == show:
            tally.shown.append((name, finding))


def main() -> int:
    """Print the tally."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("folder", type=Path)
    options.add_argument("--dialect", default="postgresql")
    options.add_argument("--first", default="", help="SQL, such as CREATE EXTENSION")
    options.add_argument("--show", default="")
    options.add_argument("--limit", type=int, default=40)
    given = options.parse_args()
    tally = replay(given.folder, Dialect(given.dialect), first=given.first, show=given.show)
    print(f"{tally.migrations} migrations, {tally.statements} statements in {tally.seconds:.1f} s")
    print(f"not understood: {tally.not_understood}; migrations without a finding: {tally.quiet}")
    for (risk, code), number in sorted(tally.by_code.items(), key=lambda item: -item[1]):
        print(f"  {number:5d}  {risk:8s}  {code}")
    print("waits on a trial run, by migration: " + str(dict(tally.blocking)))
    for outcome in ("missed", "false alarm"):
        for words in tally.blocking_files.get(outcome, [])[: given.limit]:
            print(f"  {outcome}: {words}")
    for words in tally.failed[: given.limit]:
        print(f"  did not run: {words}")
    for name, finding in tally.shown[: given.limit]:
        print(
            f"\n{name} line {finding.line}: {finding.effect}\n    {' '.join(finding.statement.split())}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
