"""`docs/health.md`: every check, its limits, and what to do."""

from collections.abc import Iterator

from faber_db.checks import FOR
from faber_db.checks.base import Check

_PRODUCTS = {"mysql": "MariaDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}
_INTRODUCTION = """\
`faber-db health ENV` asks a database whether it is well enough to be changed. It only reads; each
question is limited to 2 s. With `--check NAME` it asks only that one.

| Verdict | When | Exit code |
|---|---|---|
| healthy | every check is well | 0 |
| degraded | a warning | 0 |
| unhealthy | something critical; a release waits | 3 |
| unknown | an essential check could not look, and nothing is critical; a release waits | 2 |

A check that lacks a right is `unknown` and names the grant; it is never `ok`. What could not be seen
is listed under `unseen`. OBJECT and DETAIL below stand for what was found.

## Other limits

In `thresholds` of an environment, a key is `CHECK.warning` or `CHECK.critical`; a value is a number in
the unit of the check, or `80%`, `5m`, `2GB`. `muted` names a check, or `CHECK:OBJECT`, that only
informs; `connectivity`, `ledger` and `drift` are always heard.

```json
{
  "environments": {
    "dev": {
      "url": "env:DATABASE_URL",
      "thresholds": { "connections.warning": "70%" },
      "muted": ["not-valid-constraints:orders"]
    }
  }
}
```"""
_STANDING = """\
## On every product

### `ledger`

Whether the migration files and the table that records them agree. A failed, half applied, edited or
missing migration is critical; one out of order is a warning; a pending one only informs.

### `drift`

Whether the live schema is what the applied migrations yield on a throw-away database. Every object
that differs is critical: write a migration for it, undo it, or name it under `drift.ignore`.

### `backup-age`

In a protected environment: whether the newest good backup is younger than `max_backup_age`. A warning
at most, since a release makes the backup that it needs."""


def health(made: str) -> str:
    """The page; `made` is the comment that says where it comes from."""
    lines = ["# Health checks", "", made, "", _INTRODUCTION, "", _STANDING]
    for product, checks in FOR.items():
        lines += ["", f"## {_PRODUCTS[product]}"]
        for check in checks:
            lines += ["", *_entry(check)]
    return "\n".join(lines) + "\n"


def _entry(check: Check) -> Iterator[str]:
    words = {"object": "OBJECT", "detail": "DETAIL"}
    yield f"### `{check.name}`"
    yield ""
    yield check.why.format(**words)
    yield ""
    yield f"- Limits: {', '.join(_limits(check)) or 'none of its own'}."
    now = " (safe under load)" if check.safe_to_run_now else ""
    yield f"- Do{now}: {check.action.format(**words)}"
    if check.essential:
        yield "- Essential: where it cannot look, the verdict is `unknown`."
    if check.needs:
        yield f"- Needs `{check.needs}`: `{check.grant.format(role='ROLE')}`."
    if not check.mutable:
        yield "- `muted` does not silence it."


def _limits(check: Check) -> Iterator[str]:
    way = "under" if check.low_is_bad else "from"
    if check.unit.value == "level":
        steps = [
            word
            for word, limit in (("warning", check.warning), ("critical", check.critical))
            if limit is not None
        ]
        yield f"{' or '.join(steps)}, by what is found"
        return
    for word, limit in (("warning", check.warning), ("critical", check.critical)):
        if limit is not None:
            yield f"{word} {way} {check.unit.spell(limit)}"
