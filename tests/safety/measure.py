"""Measure the cases of a dialect on a real server and store what happened.

Run: python -m tests.safety.measure postgresql|mysql|sqlite [--all | NAME …]

Without names: the cases that are new or changed since they were measured.
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from faber_db.model.dialect import Dialect
from tests.safety.cases import DIALECTS, Case, cases
from tests.safety.truth import Measured, is_current, store

Measurer = Callable[[Case], Measured]


def measurer(dialect: Dialect, *version: int) -> AbstractContextManager[Measurer]:
    """What measures a case of the dialect; on a version, where several can be had."""
    module = importlib.import_module(f"tests.safety.on_{dialect.value}")
    found: AbstractContextManager[Measurer] = module.measurer(*version)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("dialect", choices=[d.value for d in DIALECTS])
    parser.add_argument("--all", action="store_true", help="also what is up to date")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    dialect = Dialect(given.dialect)
    wanted = [
        case
        for case in cases(dialect)
        if not case.not_run
        and (case.name in given.names if given.names else given.all or not is_current(case))
    ]
    with measurer(dialect) as measure:
        for topic in sorted({case.topic for case in cases(dialect)}):
            found: dict[str, Measured] = {}
            for case in (c for c in wanted if c.topic == topic):
                found[case.name] = measure(case)
                happened = ", ".join(found[case.name].labels) or "-"
                print(f"{topic} {case.name} ({case.role}): {happened}", flush=True)  # noqa: T201
            store(dialect, topic, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
