"""One hazard of one statement, and the verdict over a whole script."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Risk(StrEnum):
    """How bad it could be (DESIGN: Risk). Ordered by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Risk).index(self)

    def at_least(self, other: "Risk") -> bool:
        return self.rank >= other.rank


class Kind(StrEnum):
    """Which question a finding answers."""

    DATA_LOSS = "data_loss"
    BLOCKING = "blocking"
    APP_BREAK = "app_break"
    FAILS = "fails"
    SECURITY = "security"
    OPAQUE = "opaque"
    STYLE = "style"


class Confidence(StrEnum):
    """What a finding rests on."""

    DOCUMENTED = "documented"  # the manual says so; not run here
    PARSED = "parsed"  # follows from the parsed statement
    PREFLIGHT = "preflight"  # counted in the data
    MEASURED = "measured"  # observed on a trial run


class Frozen(BaseModel):
    """Base of the values that are stored, hashed or sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(Frozen):
    """One hazard of one statement."""

    code: str
    migration: str = ""  # name of the migration, where there are several
    kind: Kind
    risk: Risk
    line: int  # 1-based, in the file
    statement: str  # the source text, cut to 300 characters
    objects: tuple[str, ...] = ()  # "users", "users.email"
    effect: str
    remedy: str = ""
    source: str = ""  # manual section and version
    lock: str = ""  # "ACCESS EXCLUSIVE on users", or empty
    until_line: int = 0  # of the statement at whose end it goes; 0: this statement's own end
    rewrite: bool = False
    scan: bool = False
    rows: int | None = None  # of the biggest table that is worked through; mostly an estimate
    low_ms: int | None = None  # how long that takes, from … to; waiting for the lock not included
    high_ms: int | None = None
    confidence: Confidence = Confidence.PARSED
    checked_at: str = ""  # ISO, UTC: when the rows were counted
    allowed: str = ""  # the reason given beside the statement, when it is suppressed

    @property
    def takes(self) -> str:
        """`4 to 15 s`, `about 1 to 3 min`, or empty where it is not known."""
        return range_words(self.low_ms, self.high_ms)


class TableLock(Frozen):
    """The strongest lock that a statement takes on one table."""

    table: str
    mode: str
    until_line: int = 0  # of the statement at whose end it goes; 0: this statement's own end


class StatementReport(Frozen):
    """What one statement does, hazard or not."""

    migration: str = ""
    line: int
    text: str  # cut to 300 characters
    locks: tuple[TableLock, ...] = ()
    rewrite: bool = False
    scan: bool = False
    data_loss: bool = False
    rows: int | None = None  # as of a finding
    low_ms: int | None = None
    high_ms: int | None = None
    understood: bool = True
    measured: bool = False  # on a trial run, not derived

    @property
    def takes(self) -> str:
        """`4 to 15 s`, `about 1 to 3 min`, or empty where it is not known."""
        return range_words(self.low_ms, self.high_ms)


class Analysis(Frozen):
    """The verdict over one script."""

    risk: Risk
    findings: tuple[Finding, ...] = ()  # by line, worst first within a line
    statements: tuple[StatementReport, ...] = ()
    trial: tuple[str, ...] = ()  # what was tried where, then what was not and why; or why nothing

    @property
    def loses(self) -> tuple[str, ...]:
        """Names of what is lost, in order, without repeats; not a cast that was seen to change nothing."""
        names = (
            n
            for f in self.findings
            if f.kind is Kind.DATA_LOSS
            and not (f.confidence is Confidence.PREFLIGHT and not f.risk.at_least(Risk.HIGH))
            for n in f.objects
        )
        return tuple(dict.fromkeys(names))


def range_words(low_ms: int | None, high_ms: int | None) -> str:
    """A range of time for people: the more it is, the rougher; empty where it is not known."""
    if low_ms is None or high_ms is None:
        return ""
    if high_ms < 100:
        return "under 0.1 s"
    if high_ms < 1_000:
        return "under 1 s"
    if high_ms < 10_000:
        return f"{low_ms / 1_000:.1f} to {-(-high_ms // 1_000)} s"
    if high_ms < 120_000:
        return f"{low_ms // 1_000} to {-(-high_ms // 1_000)} s"
    if high_ms < 5_400_000:
        return f"about {_rough(low_ms / 60_000)} to {-(-high_ms // 60_000)} min"
    return f"about {_rough(low_ms / 3_600_000)} to {-(-high_ms // 3_600_000)} hours"


def _rough(number: float) -> str:
    """A half where a whole number would say nothing."""
    return f"{number:.0f}" if number >= 1.5 else "1" if number >= 0.75 else "½"


def worst(risks: "list[Risk]") -> Risk:
    """The highest of some risks; low when there are none."""
    return max(risks, key=lambda risk: risk.rank, default=Risk.LOW)
