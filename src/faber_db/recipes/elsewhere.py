"""Products without safe forms of ours: what to use instead, said for each statement."""

import shlex
from collections.abc import Iterator, Sequence

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding
from faber_db.model.statement import CreateIndex, TableAction
from faber_db.recipes.composing import Unsolved, asks
from faber_db.sql.lexer import significant
from faber_db.sql.script import Script, Statement

_REBUILD = (
    "SQLite cannot do it in place: make a new table, copy the rows, drop the old one, rename the new"
    " one, in one transaction with foreign keys off; `faber-db generate` writes that from the wanted"
    " table"
)
_FAILS_IN_PLACE = {"sqlite-add-column", "sqlite-drop-column"}


def unsolved(script: Script, findings: Sequence[Finding]) -> tuple[Unsolved, ...]:
    """A suggestion for each statement that makes others wait, or cannot be done in place."""
    found = []
    for statement in script.statements:
        codes = {f.code for f in findings if f.line == statement.line and speaks(f)}
        if codes:
            why = _REBUILD if script.dialect is Dialect.SQLITE else _online(statement)
            found.append(Unsolved(statement.line, statement.text[:300], why))
    return tuple(found)


def speaks(finding: Finding) -> bool:
    """Whether something is said about what a finding speaks of."""
    return (asks(finding) or finding.code in _FAILS_IN_PLACE) and not finding.allowed


def _online(statement: Statement) -> str:
    """The commands of the tools that copy a table beside the live one."""
    table, clauses = next(_altered(statement), ("", ""))
    if not table:
        return (
            "no form without waiting is known: run it while nobody writes to the table, in batches by"
            " key where it changes rows"
        )
    alter, plain = shlex.quote(clauses), shlex.quote(table)
    return (
        "where the server refuses ALGORITHM=INPLACE, LOCK=NONE, a copy beside the live table does it:"
        f" gh-ost --database=DATABASE --table={plain} --alter={alter} --execute; with foreign keys or"
        f" triggers on the table: pt-online-schema-change --alter {alter} D=DATABASE,t={plain} --execute"
    )


def _altered(statement: Statement) -> Iterator[tuple[str, str]]:
    """The table and what stands behind its name in an ALTER TABLE."""
    action = next((a for a in statement.actions if isinstance(a, TableAction)), None)
    tokens = list(significant(statement.text, statement.dialect))
    words = [statement.text[t.start : t.end].upper() for t in tokens]
    if action is None or words[:2] != ["ALTER", "TABLE"]:
        if isinstance(action, CreateIndex):
            kind = f"{action.method.upper()} " if action.method in ("fulltext", "spatial") else ""
            unique = "UNIQUE " * action.unique
            columns = ", ".join(action.columns)
            yield action.table, f"ADD {unique}{kind}INDEX {action.name} ({columns})"
        return
    at = 4 if words[2:4] == ["IF", "EXISTS"] else 2
    at += 1
    while at < len(words) and words[at] == ".":
        at += 2
    yield action.table, statement.text[tokens[at].start : tokens[-1].end]
