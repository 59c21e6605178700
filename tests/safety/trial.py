"""Score the analyser together with a trial run, on the cases whose truth is measured.

Run: python -m tests.safety.trial postgresql|mysql [NAME …]

The cases of MySQL are measured on MariaDB, and tried on it.
"""

import sys
from collections.abc import Iterable
from functools import cache

from faber_db.app import throw_away
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Risk
from faber_db.services import analyze
from faber_db.services.trying import Trying
from tests.safety.cases import Case, cases, schema
from tests.safety.scoring import VERSIONS, Score, report, score


@cache
def findings(case: Case) -> tuple[Finding, ...]:
    """Our findings of medium and above, by the way `faber-db analyze --trial` takes."""
    version = max(VERSIONS[case.dialect], case.since)
    product = Dialect.MARIADB if case.dialect is Dialect.MYSQL else case.dialect
    request = analyze.Request(
        sql=case.sql,
        dialect=product.value,
        server_version=version,
        before=f"{schema(case.dialect)}\n{case.setup}",
        transaction="wrap" if case.wrap else "none",
    )
    trying = Trying(throw_away(product, version))
    found = analyze.run(request, None, trying=trying).details
    assert found is not None
    return tuple(f for f in found.findings if f.risk.at_least(Risk.MEDIUM) and not f.allowed)


def kinds(case: Case) -> set[str]:
    """The kinds of those findings."""
    return {f.kind.value for f in findings(case)} - {"style"}


def tried(chosen: Iterable[Case]) -> Score:
    """The score of some cases."""
    return score((c for c in chosen if not c.not_run), kinds)


def main() -> int:
    dialect, names = Dialect(sys.argv[1]), sys.argv[2:]
    chosen = [c for c in cases(dialect) if not names or c.name in names]
    for line in report(f"{dialect}, with a trial run", tried(chosen), misses=True):
        print(line)  # noqa: T201
    if names:
        for case in chosen:
            for f in findings(case):
                print(f"{case.name}: {f.line} {f.code} {f.risk} {f.confidence} {f.effect}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
