"""Ask: in a read-only session, each question and all of them with a limit of time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from faber_db.errors import FaberDbError, StatementFailed, StatementTimeout
from faber_db.model.dialect import Dialect
from faber_db.model.plan import PreflightAnswer
from faber_db.services.app import Database, Environment
from faber_db.services.ports import Limits, Session
from faber_db.services.preflight.question import MOST, Question, Use
from faber_db.services.preflight.raising import Raised, questions
from faber_db.services.verdict import Surroundings
from faber_db.sql.script import Script

LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=200), statement_timeout=timedelta(seconds=5), lock_retries=0
)
BUDGET = timedelta(seconds=30)  # for all questions of one plan
_OWN_OPERATORS = """
    SELECT count(*) FROM pg_catalog.pg_operator o
    WHERE o.oprnamespace <> 'pg_catalog'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_operator'::regclass
            AND d.objid = o.oid AND d.deptype = 'e')
"""
_DATA_EXCEPTION = ("22", "23")  # classes of SQLSTATE: a value does not fit, a domain refuses it


def ask(
    scripts: Sequence[Script],
    names: Sequence[str],
    around: Surroundings,
    database: Database,
    environment: Environment,
    now: datetime,
    *,
    limits: Limits = LIMITS,
    budget: timedelta = BUDGET,
) -> tuple[PreflightAnswer, ...]:
    """The answers of the data, with their places in the scripts; what was not asked is `unknown`."""
    found = list(questions(scripts, _places(names), around))
    if not found:
        return ()
    with database.engine.connect(
        environment.resolve_url(), limits=limits, read_only=True
    ) as session:
        asker = _Asker(session, monotonic() + budget.total_seconds())
        return tuple(asker.answer(raised, now) for raised in found)


def _places(names: Sequence[str]) -> Sequence[str]:
    """As findings name migrations: not at all where there is only one."""
    return names if len(names) > 1 else [""] * len(names)


class _Asker:
    """One session with what is left of the time; asks the same SQL once."""

    def __init__(self, session: Session, deadline: float) -> None:
        self._session = session
        self._deadline = deadline
        self._answers: dict[str, tuple[object, ...] | str] = {}
        self._own_operators = False
        if session.dialect is Dialect.POSTGRESQL:
            session.execute("SET search_path = pg_catalog, public")
            ((number,),) = session.query(_OWN_OPERATORS)
            self._own_operators = bool(number)

    def answer(self, raised: Raised, now: datetime) -> PreflightAnswer:
        question = raised.question
        found, among, why = self._counted(question)
        words = f"unknown: {why}" if why else _words(question, found, among)
        ok: bool | None = None if why else not (found and question.use is Use.FAILS)
        says = "" if why else f"{words} {_verb(question.says, found)}"
        if raised.after_writes and not why and question.use is not Use.GOES:
            words = f"{words} now, before the statements above it run"
            ok = ok or None
        return PreflightAnswer(
            question=question.label,
            answer=words,
            ok=ok,
            asked_at=now.isoformat(timespec="seconds"),
            migration=raised.migration,
            line=raised.line,
            codes=question.codes,
            objects=question.objects,
            says=says,
            found=None if why else found,
            settled=not raised.after_writes,
            decides=question.use is not Use.GOES,
        )

    def _counted(self, question: Question) -> tuple[int, int | None, str]:
        """What was found, among how many, and why it is not known."""
        if not question.sql:
            return 0, None, question.why
        if question.written and self._own_operators:
            return 0, None, "the database has operators of its own, which may run any function"
        row = self._answers.get(question.sql)
        if row is None:
            row = self._answers[question.sql] = self._row(question)
        if isinstance(row, str):
            return 0, None, row
        among = int(str(row[1])) if len(row) > 1 and row[1] is not None else None
        return int(str(row[0])), among, ""

    def _row(self, question: Question) -> tuple[object, ...] | str:
        if monotonic() > self._deadline:
            return "no time was left to look"
        try:
            (row,) = self._session.query(question.sql)
        except StatementTimeout:
            return "it took too long to count"
        except StatementFailed as error:
            if question.by_trying and error.state[:2] in _DATA_EXCEPTION:
                return (1, None)
            return f"the database refused the question ({error.state or 'no code'})"
        except FaberDbError as error:
            return error.message
        return row


def _words(question: Question, found: int, among: int | None) -> str:
    """`312 of 20,000 rows`; bad rows are counted up to a limit."""
    unit = question.unit
    if question.by_trying and found:
        return f"at least 1 {unit}"
    cut = found > MOST and question.use is not Use.GOES
    number = f"over {MOST:,}" if cut else f"{found:,}"
    if among is None or unit == "key":
        return f"{number} {_counted(unit, found)}"
    about = "about " if question.estimated is not None else ""
    if unit == "value" and question.use is Use.GOES:
        return f"{number} {_counted(unit, found)} in {about}{among:,} {_counted('row', among)}"
    return f"{number} of {about}{among:,} {_counted(unit, among)}"


def _counted(unit: str, number: int) -> str:
    return unit if number == 1 else f"{unit}s"


def _verb(says: str, found: int) -> str:
    """The words as one row or several say them."""
    verb, _, rest = says.partition(" ")
    if found == 1:
        one = {"have": "has", "are": "is", "do": "does", "go": "goes", "of": "of"}
        verb = one.get(verb, verb if verb == "would" else f"{verb}s")
        rest = rest.replace(" stand in ", " stands in ") if verb == "of" else rest
    return f"{verb} {rest}".rstrip()
