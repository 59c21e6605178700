"""From a specification and a session on a shadow to the script of a migration and its reverse."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from faber_db.errors import MigrationFailed, NotSupported, SchemaConflict
from faber_db.model.catalogue import Catalogue
from faber_db.model.change import NotUnderstood, Question, Span, Specification, VerbatimSql
from faber_db.model.dialect import Dialect
from faber_db.schema import Desired, Hints, Phase, Step, desired, difference
from faber_db.schema.names import matching
from faber_db.services.app import Database
from faber_db.services.ports import Session
from faber_db.sql.script import parse
from faber_db.sql.splitter import spans

_CREATE_TABLE = re.compile(
    r"create\s+table\s+(?:if\s+not\s+exists\s+)?(?P<name>(?:\"[^\"]+\"|[\w$]+)(?:\.(?:\"[^\"]+\"|[\w$]+))?)",
    re.IGNORECASE,
)
_RENAME = re.compile(
    r"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>[\w.\"]+)\s+rename\s+"
    r"(?:(?:column\s+)?(?P<column>[\w\"]+)\s+)?to\s+(?P<to>[\w\"]+)\s*$",
    re.IGNORECASE,
)
_MARK = "-- faber-db: made from "


@dataclass(frozen=True, slots=True)
class Composed:
    """A migration, not yet written; with questions it is not whole."""

    up: str
    down: str
    start: Catalogue
    wanted: Catalogue
    questions: tuple[Question, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
    assumptions: tuple[str, ...] = ()
    no_down: str = ""  # why there is no down script

    @property
    def empty(self) -> bool:
        return not self.up


def mark(source: str, text: str, answers: Mapping[str, str]) -> str:
    """The comment by which a migration made from this text and these answers is known again."""
    parts = [text, *(f"{key}={answers[key]}" for key in sorted(answers))]
    return f"{_MARK}{source} {hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def compose(
    session: Session,
    database: Database,
    specification: Specification,
    *,
    source: str,
    mark: str,
    answers: Mapping[str, str],
) -> Composed:
    """Write a migration on a shadow that holds the history; the shadow is changed on the way.

    Args:
        session: on the shadow, after the history.
        database: whose folder the migration is for.
        specification: what was read.
        source: how comments name the text (`docs/spec.md`).
        mark: the first line of the script.
        answers: to questions, by id.

    Raises:
        SchemaConflict: SQL of the text does not run, or a change contradicts the schema.
        NotSupported: a difference that is not written yet.
    """
    dialect = session.dialect
    leave_out = database.handler.ledger_tables
    start = session.catalogue(leave_out=leave_out)
    run, declared = _sorted_sql(_verbatim(specification, answers, dialect), start)
    for statement in run:
        _run(session, statement)
    base = session.catalogue(leave_out=leave_out) if run else start
    target = _target(database, base, specification, declared, answers, dialect)
    changed = difference(base, target.catalogue, dialect, target.hints)
    questions = (*_open(specification.questions, answers), *target.questions, *changed.questions)
    generated = list(changed.statements)
    data = _data(specification.questions, answers, dialect)
    composed = Composed(
        up="",
        down="",
        start=start,
        wanted=target.catalogue,
        questions=questions,
        not_understood=(*specification.not_understood, *target.not_understood),
        assumptions=(*specification.assumptions, *target.assumptions),
    )
    if questions or not (run or generated or data):
        return composed
    up = _script(mark, source, run, generated, data, target.lines)
    after = _applied(session, generated, data, leave_out)
    renames = {**_renames(run), **target.hints.renames}
    down, no_down = _down(start, after, dialect, renames)
    return replace(composed, up=up, down=down, no_down=no_down)


def _verbatim(
    specification: Specification, answers: Mapping[str, str], dialect: Dialect
) -> list[VerbatimSql]:
    """SQL of the text and of answers that are CREATE TABLE statements."""
    found = [c for c in specification.changes if isinstance(c, VerbatimSql)]
    for question in specification.questions:
        answer = answers.get(question.id, "")
        if question.id.startswith("columns:") and answer.strip():
            span = question.span or Span(1, 1)
            found.extend(VerbatimSql(sql, span) for sql in statements(answer, dialect))
    return found


def statements(text: str, dialect: Dialect) -> list[str]:
    """The statements of a text, without separators."""
    return [text[a:b].rstrip().rstrip(";").rstrip() for a, b in spans(text, dialect)]


def _sorted_sql(
    found: Sequence[VerbatimSql], start: Catalogue
) -> tuple[list[VerbatimSql], list[VerbatimSql]]:
    """Statements to run as they are, and CREATE TABLEs of tables that are there: how they shall be."""
    run: list[VerbatimSql] = []
    declared: list[VerbatimSql] = []
    for statement in found:
        name = _created(statement.sql)
        there = name and start.table(name) is not None
        (declared if there else run).append(statement)
    return run, declared


def _created(sql: str) -> str:
    match = _CREATE_TABLE.match(sql)
    if match is None:
        return ""
    parts = [p.strip('"') if p.startswith('"') else p.lower() for p in match["name"].split(".")]
    return ".".join(p for p in parts if p not in ("public", "main") or len(parts) == 1)


def _run(session: Session, statement: VerbatimSql) -> None:
    try:
        session.run(parse(statement.sql, session.dialect), wrap=True)
    except MigrationFailed as error:
        raise SchemaConflict(
            f"the SQL of {statement.span} does not run: {error.message}",
            hint="Correct it in the specification.",
        ) from error


def _target(
    database: Database,
    base: Catalogue,
    specification: Specification,
    declared: Sequence[VerbatimSql],
    answers: Mapping[str, str],
    dialect: Dialect,
) -> Desired:
    target = desired(base, specification.changes, dialect, answers)
    if declared:
        target = _with_declared(database, target, declared, dialect)
        for statement in declared:
            target = replace(
                target, lines={_created(statement.sql): statement.span.first, **target.lines}
            )
    return _answered(base, target, answers)


def _with_declared(
    database: Database, target: Desired, declared: Sequence[VerbatimSql], dialect: Dialect
) -> Desired:
    """Tables as their CREATE TABLE says: a second shadow holds the others and reads these."""
    names = {_created(statement.sql) for statement in declared}
    others = replace(
        target.catalogue,
        tables=tuple(
            replace(t, foreign_keys=tuple(k for k in t.foreign_keys if k.table not in names))
            for t in target.catalogue.tables
            if t.full_name not in names
        ),
        views=(),
        others=(),
    )
    with database.shadow.new() as session:
        for step in difference(Catalogue(), others, dialect).statements:
            session.run(parse(step.sql, dialect), wrap=True)
        for statement in declared:
            _run(session, statement)
        there = session.catalogue(leave_out=database.handler.ledger_tables)
    tables = [
        there.table(t.full_name) or t if t.full_name in names else t
        for t in target.catalogue.tables
    ]
    return replace(target, catalogue=replace(target.catalogue, tables=tuple(tables)))


def _answered(base: Catalogue, target: Desired, answers: Mapping[str, str]) -> Desired:
    """What answers to `drop:` questions say about tables and columns that were left out."""
    hints = target.hints
    renames, dropped = dict(hints.renames), set(hints.dropped)
    catalogue = target.catalogue
    for key, answer in answers.items():
        if not key.startswith("drop:"):
            continue
        about = key.removeprefix("drop:")
        if answer == "drop":
            dropped.add(about)
        elif answer.startswith("rename to "):
            renames[about] = answer.removeprefix("rename to ").strip()
        elif answer == "keep":
            catalogue = _kept(base, catalogue, about)
    hints = Hints(renames, hints.fills, frozenset(dropped), hints.empty)
    return replace(target, catalogue=catalogue, hints=hints)


def _kept(base: Catalogue, catalogue: Catalogue, about: str) -> Catalogue:
    """The schema with a table or column that stays although the text leaves it out."""
    whole = base.table(about)
    if whole is not None:
        if catalogue.table(about):
            return catalogue
        tables = sorted((*catalogue.tables, whole), key=lambda t: t.full_name)
        return replace(catalogue, tables=tuple(tables))
    name, _, column = about.rpartition(".")
    before, after = base.table(name), catalogue.table(name)
    kept = before.column(column) if before else None
    if kept is None or after is None or after.column(column):
        return catalogue
    extended = replace(after, columns=(*after.columns, kept))
    return replace(catalogue, tables=tuple(extended if t == after else t for t in catalogue.tables))


def _open(questions: Sequence[Question], answers: Mapping[str, str]) -> tuple[Question, ...]:
    return tuple(q for q in questions if not answers.get(q.id, "").strip())


def _data(
    questions: Sequence[Question], answers: Mapping[str, str], dialect: Dialect
) -> list[tuple[str, int]]:
    """Statements about stored rows from answers, with the line that they answer."""
    found: list[tuple[str, int]] = []
    for question in questions:
        answer = answers.get(question.id, "").strip()
        if question.id.startswith("data:") and answer and answer.lower() != "none":
            line = question.span.first if question.span else 1
            found.extend((sql, line) for sql in statements(answer, dialect))
    return found


def _script(
    mark: str,
    source: str,
    run: Sequence[VerbatimSql],
    generated: Sequence[Step],
    data: Sequence[tuple[str, int]],
    lines: Mapping[str, int],
) -> str:
    """The up script: the text's own SQL, then what was generated, rows before what is final."""
    parts = [mark]
    parts.extend(f"-- {source}:{s.span.first}\n{s.sql};" for s in run)
    early = [s for s in generated if s.phase <= Phase.FILL]
    late = [s for s in generated if s.phase > Phase.FILL]
    parts.extend(f"-- {_from(source, step, lines)}\n{step.sql};" for step in early)
    parts.extend(f"-- {source}:{line}, by answer\n{sql};" for sql, line in data)
    parts.extend(f"-- {_from(source, step, lines)}\n{step.sql};" for step in late)
    return "\n\n".join(parts) + "\n"


def _from(source: str, step: Step, lines: Mapping[str, int]) -> str:
    line = lines.get(step.about) or lines.get(step.table)
    if line is None:
        line = next((n for name, n in lines.items() if name.startswith(f"{step.about}.")), None)
    return f"{source}:{line}" if line else f"{source}: follows from the changes around"


def _applied(
    session: Session,
    generated: Sequence[Step],
    data: Sequence[tuple[str, int]],
    leave_out: Sequence[str],
) -> Catalogue:
    """The catalogue after the generated statements, in the order of the script."""
    text = [s.sql for s in generated if s.phase <= Phase.FILL]
    text += [sql for sql, _ in data]
    text += [s.sql for s in generated if s.phase > Phase.FILL]
    if text:
        try:
            session.run(parse(";\n".join(text) + ";\n", session.dialect), wrap=True)
        except MigrationFailed as error:
            raise SchemaConflict(
                f"the generated statements do not run: {error.message}",
                hint="Give this change as SQL in the specification.",
            ) from error
    return session.catalogue(leave_out=leave_out)


def _renames(run: Sequence[VerbatimSql]) -> dict[str, str]:
    """Renames that the text's own SQL makes, so that the way back renames too."""
    found: dict[str, str] = {}
    for statement in run:
        match = _RENAME.match(statement.sql)
        if match is None:
            continue
        table, to = match["table"].replace('"', ""), match["to"].strip('"')
        column = (match["column"] or "").strip('"')
        found[f"{table}.{column}" if column else table] = to
    return found


def _down(
    start: Catalogue, after: Catalogue, dialect: Dialect, renames: Mapping[str, str]
) -> tuple[str, str]:
    """The down script, or why there is none."""
    known = {
        old: new
        for old, new in renames.items()
        if matching(old, [t.full_name for t in start.tables]) or _has_column(start, old)
    }
    try:
        steps = difference(start, after, dialect, Hints(renames=known)).down_statements
    except (NotSupported, SchemaConflict) as error:
        return "", error.message
    return "".join(f"{step.sql};\n" for step in steps), ""


def _has_column(catalogue: Catalogue, name: str) -> bool:
    table, _, column = name.rpartition(".")
    owner = catalogue.table(table)
    return owner is not None and owner.column(column) is not None
