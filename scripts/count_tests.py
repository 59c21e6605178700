"""Sum up test reports: `count_tests.py COMMANDS_FAILED REPORT...`; ends with `N passed, N failed`."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def main() -> int:
    """Print the sum; 1 when anything failed, was skipped in CI, or gave no report."""
    failed = int(sys.argv[1])
    passed = 0
    for name in sys.argv[2:]:
        report = Path(name)
        if not report.is_file():
            sys.stdout.write(f"{report} is missing: that suite did not run\n")
            failed += 1
            continue
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 our own report
            total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            if skipped:
                sys.stdout.write(f"{report}: {skipped} skipped, which counts as failed here\n")
            passed += total - bad - skipped
            failed += bad + skipped
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
