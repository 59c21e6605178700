"""`docs/rules.md`: every rule with its effect, its remedy and an unsafe and a safe example."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from faber_db.model.finding import Kind
from faber_db.rules import RULES, RULES_VERSION
from faber_db.rules.base import Rule
from faber_db.rules.measured import ENTRIES

_KINDS = {
    Kind.DATA_LOSS: "Data is lost",
    Kind.BLOCKING: "Others wait",
    Kind.APP_BREAK: "Running code breaks",
    Kind.FAILS: "It may fail",
    Kind.SECURITY: "Rights and reach",
    Kind.OPAQUE: "It cannot be judged",
    Kind.STYLE: "Style",
}
_INTRODUCTION = """\
What `faber-db analyze` finds. The risk of a rule is where it starts: the size of a table moves a
blocking one a level down or up, a lost column never moves, and what nobody looked at counts as the
worst it could be. `faber-db explain CODE` shows an entry at the terminal.

Examples are for PostgreSQL and a file that runs in one transaction, unless a comment in them says
`dialect:` or `transaction: none`.

In a protected environment: critical is refused unless the policy names it; high needs a signature and
a new backup, and what is lost has to be typed; medium and low need a signature.

One statement is excused by a comment right before it, with a reason that the approver sees; a loss of
data in a protected environment is not:

```sql
-- faber-db: allow create-index: the table has twelve rows
CREATE INDEX plans_name_idx ON plans (name);
```"""

_TRIAL = """\
With `--trial` the statements run on a throw-away copy of the schema ([trial.md](trial.md)); these say
what was seen there."""


def rules(made: str, examples: Path) -> str:
    """The page.

    Args:
        made: the comment that says where it comes from.
        examples: folder with `<code with underscores>/unsafe.sql` and `safe.sql` of every rule.
    """
    lines = ["# Rules", "", made, "", f"Catalogue version {RULES_VERSION}, {len(RULES)} rules."]
    lines += ["", _INTRODUCTION]
    order = list(_KINDS)
    for kind, found in groupby(sorted(RULES, key=lambda r: order.index(r.kind)), lambda r: r.kind):
        lines += ["", f"## {_KINDS[kind]}"]
        for rule in found:
            lines += ["", *_entry(rule, examples / rule.code.replace("-", "_"))]
    lines += ["", "## Found only by a trial run", "", _TRIAL]
    for rule in ENTRIES:
        lines += ["", *_words(rule), "", f"Source: {rule.source}"]
    return "\n".join(lines) + "\n"


def _words(rule: Rule) -> Iterator[str]:
    yield f"### `{rule.code}`"
    yield ""
    yield f"{rule.effect} Risk: {rule.risk.value}."
    yield ""
    yield f"Instead: {rule.remedy}"


def _entry(rule: Rule, folder: Path) -> Iterator[str]:
    yield from _words(rule)
    for word in ("unsafe", "safe"):
        yield ""
        yield "```sql"
        yield f"-- {word}"
        yield (folder / f"{word}.sql").read_text("utf-8").strip()
        yield "```"
    yield ""
    yield f"Source: {rule.source}"
