"""An analysis as SARIF 2.1.0, which code hosts show beside the lines of a pull request."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from faber_db import __version__

if TYPE_CHECKING:
    from faber_db.model.answer import Answer
    from faber_db.model.finding import Finding
    from faber_db.rules.base import Rule
    from faber_db.services.analyze import AnalyzeDetails

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
STDIN = "stdin.sql"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_FINGERPRINT = "faberDbStatement/v1"


def sarif(answer: "Answer[AnalyzeDetails]", folder: Path) -> dict[str, Any]:
    """The log with one run.

    Args:
        answer: with its findings in full.
        folder: files below it are named relative to it, others by their whole path.
    """
    from faber_db.rules import RULES

    details = answer.details
    uris = {name: _uri(path, folder) for name, path in details.paths.items()}
    rules = [_rule(rule) for rule in RULES]
    known = {rule["id"] for rule in rules}
    rules += (r for r in _others(details.findings) if r["id"] not in known)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "faber-db",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True}],
                "artifacts": [
                    {"location": {"uri": uri}, "sourceLanguage": "sql"}
                    for uri in dict.fromkeys(uris.values())
                ],
                "results": list(_results(details.findings, uris, [r["id"] for r in rules])),
            }
        ],
    }


def _rule(rule: "Rule") -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.effect.partition(". ")[0].rstrip(".") + "."},
        "fullDescription": {"text": rule.effect},
        "help": {"text": f"Instead: {rule.remedy}\n\nSource: {rule.source}"},
        "defaultConfiguration": {"level": _LEVELS[rule.risk.value]},
        "properties": {"kind": rule.kind.value, "tags": [rule.kind.value]},
    }


def _others(findings: "list[Finding]") -> Iterator[dict[str, Any]]:
    """Findings about the analysis itself, such as an unused suppression, have no rule."""
    for code, finding in {f.code: f for f in findings}.items():
        yield {
            "id": code,
            "shortDescription": {"text": finding.effect},
            "defaultConfiguration": {"level": _LEVELS[finding.risk.value]},
            "properties": {"kind": finding.kind.value, "tags": [finding.kind.value]},
        }


def _results(
    findings: "list[Finding]", uris: Mapping[str, str], rules: list[str]
) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in findings:
        uri = uris.get(finding.migration, STDIN)
        print_ = _fingerprint(finding, uri)
        seen[print_] += 1
        instead = f" Instead: {finding.remedy}" if finding.remedy else ""
        yield {
            "ruleId": finding.code,
            "ruleIndex": rules.index(finding.code),
            "level": _LEVELS[finding.risk.value],
            "message": {"text": f"{finding.effect}{instead}"},
            "locations": [_location(finding, uri)],
            "partialFingerprints": {_FINGERPRINT: f"{print_}:{seen[print_]}"},
            "suppressions": [{"kind": "inSource", "justification": finding.allowed}]
            if finding.allowed
            else [],
            "properties": {
                "risk": finding.risk.value,
                "kind": finding.kind.value,
                "confidence": finding.confidence.value,
                "objects": list(finding.objects),
                **({"lock": finding.lock} if finding.lock else {}),
            },
        }


def _location(finding: "Finding", uri: str) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {
                "startLine": max(1, finding.line),
                "snippet": {"text": finding.statement},
            },
        }
    }


def _fingerprint(finding: "Finding", uri: str) -> str:
    """The same when lines above come or go; a second of its kind in a file is told by a number."""
    text = " ".join(finding.statement.split())
    parts = (uri, finding.code, *finding.objects, text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _uri(path: str, folder: Path) -> str:
    if not path:
        return STDIN
    whole = Path(os.path.normpath((folder / path).absolute()))  # links are not followed
    try:
        return quote(whole.relative_to(folder.absolute()).as_posix())
    except ValueError:
        return whole.as_uri()
