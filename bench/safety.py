"""How much of what migrations really did is found, by us and by squawk, on the cases of tests/safety.

Run: python bench/safety.py [--misses] [--topic NAME …]

What happened was measured on real servers (`python -m tests.safety.measure`); nothing is run here.
squawk looks at the PostgreSQL cases in the same run; the other dialects have no such peer.

squawk names rules, not kinds of hazards, so each of its rules stands for everything that it warns of,
to its advantage: a change of type counts as loss, block, break and failure at once. Rules of style and
of timeouts (names, types to prefer, IF NOT EXISTS, lock_timeout) are no hazards: they neither find one
nor count as a false alarm, but as a remark.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from faber_db.model.dialect import Dialect
from faber_db.rules import Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse
from tests.safety.cases import DIALECTS, Case, cases, schema
from tests.safety.scoring import Score, ours, report, score

LOSS, BLOCKING, BREAK, FAILS = "data_loss", "blocking", "app_break", "fails"
SQUAWK = {
    "adding-field-with-default": {BLOCKING},
    "adding-foreign-key-constraint": {BLOCKING, FAILS},
    "adding-not-nullable-field": {BLOCKING, FAILS, BREAK},
    "adding-required-field": {FAILS, BREAK},
    "adding-serial-primary-key-field": {BLOCKING},
    "ban-alter-domain-with-add-constraint": {BLOCKING, FAILS},
    "ban-concurrent-index-creation-in-transaction": {FAILS},
    "ban-create-domain-with-constraint": {BLOCKING},
    "ban-drop-column": {LOSS, BREAK},
    "ban-drop-database": {LOSS, BREAK},
    "ban-drop-not-null": {BREAK},
    "ban-drop-table": {LOSS, BREAK},
    "ban-truncate-cascade": {LOSS, BREAK},
    "ban-uncommitted-transaction": {FAILS},
    "changing-column-type": {LOSS, BLOCKING, BREAK, FAILS},
    "constraint-missing-not-valid": {BLOCKING, FAILS},
    "disallowed-unique-constraint": {BLOCKING, FAILS},
    "prefer-repack": {BLOCKING},
    "renaming-column": {BREAK},
    "renaming-table": {BREAK},
    "require-concurrent-index-creation": {BLOCKING, FAILS},
    "require-concurrent-index-deletion": {BLOCKING},
    "require-concurrent-partition-detach": {BLOCKING, BREAK},
    "require-concurrent-reindex": {BLOCKING},
    "syntax-error": {FAILS},
    "transaction-nesting": {FAILS},
}
_ROUNDS = 10


def squawk(chosen: Iterable[Case]) -> dict[str, list[str]]:
    """The rules that squawk names for each case."""
    found: dict[str, list[str]] = {}
    for wrap in (True, False):
        part = {case.name: case.sql for case in chosen if case.wrap is wrap}
        if part:
            with tempfile.TemporaryDirectory() as folder:
                for name, text in part.items():
                    Path(folder, f"{name}.sql").write_text(text, "utf-8")
                found |= {name: [] for name in part}
                for remark in _remarks(folder, wrap=wrap):
                    found[Path(remark["file"]).stem].append(remark["rule_name"])
    return found


def _remarks(folder: str, *, wrap: bool) -> list[dict[str, str]]:
    program = Path(sys.executable).with_name("squawk")
    options = ["--reporter=json", "--pg-version=17", *(["--assume-in-transaction"] if wrap else [])]
    done = subprocess.run(
        [program, *options, f"{folder}/*.sql"], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):  # 1: it found something
        raise SystemExit(f"squawk failed: {done.stderr.strip()}")
    remarks: list[dict[str, str]] = json.loads(done.stdout or "[]")
    return remarks


def _squawks_kinds(rules: Iterable[str]) -> set[str]:
    return set().union(*(SQUAWK.get(rule, set()) for rule in rules))


def _beside(ours_: Score, theirs: Score) -> None:
    print(f"  {'':<22}{'faber-db':>22}{'squawk':>22}")
    for mine, other in zip(ours_.lines(), theirs.lines(), strict=True):
        print(f"{mine}   {other[24:]}")


def _speeds(chosen: list[Case]) -> tuple[float, float]:
    """Statements per second, ours and squawk's: one process each, its start included for squawk."""
    catalogue = catalogue_of(schema(Dialect.POSTGRESQL), Dialect.POSTGRESQL)
    texts = [case.sql for case in chosen] * _ROUNDS
    began = time.perf_counter()
    count = 0
    for text in texts:
        script = parse(text, Dialect.POSTGRESQL)
        analyze(script, Context(Dialect.POSTGRESQL, 170_000, catalogue))
        count += len(script.statements)
    mine = count / (time.perf_counter() - began)
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            Path(folder, f"{number}.sql").write_text(text, "utf-8")
        began = time.perf_counter()
        _remarks(folder, wrap=True)
        return mine, count / (time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--misses", action="store_true", help="name what is missed")
    parser.add_argument("--topic", action="append", default=[])
    given = parser.parse_args()
    for dialect in DIALECTS:
        chosen = [c for c in cases(dialect) if not given.topic or c.topic in given.topic]
        if not chosen:
            continue
        total = score(chosen, ours)
        if dialect is not Dialect.POSTGRESQL:
            print("\n".join(report(dialect.value, total, misses=given.misses)))
            continue
        named = squawk(chosen)
        theirs = score(chosen, lambda case: _squawks_kinds(named[case.name]))  # noqa: B023 - called here
        print(f"{dialect.value}, {len(chosen)} cases")
        _beside(total, theirs)
        safe = [c.name for c in chosen if c.role == "safe"]
        print(f"  squawk remarks on {sum(bool(named[n]) for n in safe)} of {len(safe)} safe cases")
        mine, other = _speeds(chosen)
        print(f"  statements/s: faber-db {mine:,.0f}, squawk {other:,.0f}")
        if given.misses:
            print("\n".join(report("  faber-db:", total, misses=True)[6:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
