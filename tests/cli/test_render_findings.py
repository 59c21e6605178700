"""Findings as a person reads them: the worst first, remedies that can be pasted, quiet on what is safe."""

from datetime import UTC, datetime

from faber_db.cli.render.findings import Around, add_findings, add_folded, add_safe, summary
from faber_db.cli.render.page import Page
from faber_db.model.finding import Confidence, Finding, Kind, Risk, StatementReport, TableLock

NOT_NULL = 'ALTER TABLE "User" ALTER COLUMN "email" SET NOT NULL'
FINDINGS = (
    Finding(
        code="set-not-null",
        kind=Kind.BLOCKING,
        risk=Risk.MEDIUM,
        line=14,
        statement=NOT_NULL,
        objects=("User.email",),
        effect='Reads and writes on "User" wait while every row is checked.',
        remedy=(
            'ALTER TABLE "User" ADD CONSTRAINT user_email_nn CHECK ("email" IS NOT NULL) NOT VALID;\n'
            'ALTER TABLE "User" VALIDATE CONSTRAINT user_email_nn;'
        ),
        lock="ACCESS EXCLUSIVE on User",
        until_line=20,
        scan=True,
        rows=2_100_000,
        low_ms=4_200,
        high_ms=14_100,
    ),
    Finding(
        code="nulls-present",
        kind=Kind.FAILS,
        risk=Risk.HIGH,
        line=14,
        statement=NOT_NULL,
        effect='312 rows have NULL in "email".',
        confidence=Confidence.PREFLIGHT,
        checked_at="2026-11-23T12:00:00+00:00",
    ),
    Finding(
        code="name-style",
        kind=Kind.STYLE,
        risk=Risk.LOW,
        line=2,
        statement="CREATE TABLE X ()",
        effect="x",
    ),
    Finding(
        code="drop-column",
        kind=Kind.DATA_LOSS,
        risk=Risk.HIGH,
        line=20,
        statement="ALTER TABLE t DROP COLUMN c",
        effect="c is lost.",
        allowed="the column is empty",
    ),
)


NOW = datetime(2026, 11, 23, 12, 3, tzinfo=UTC)
REPORTS = (
    StatementReport(
        line=2,
        text="CREATE INDEX a ON t (a)",
        locks=(TableLock(table="t", mode="SHARE", until_line=20),),
        scan=True,
        rows=500,
        low_ms=0,
        high_ms=4,
    ),
    StatementReport(
        line=14,
        text=NOT_NULL,
        locks=(TableLock(table="User", mode="ACCESS EXCLUSIVE", until_line=20),),
        scan=True,
        rows=2_100_000,
        low_ms=4_200,
        high_ms=14_100,
    ),
    StatementReport(
        line=20,
        text="ALTER TABLE o ADD COLUMN c integer",
        locks=(
            TableLock(table="o", mode="ACCESS EXCLUSIVE"),
            TableLock(table="p", mode="ACCESS EXCLUSIVE"),
        ),
    ),
)


def test_findings() -> None:
    page = Page(width=100)
    assert add_findings(page, FINDINGS, Around(REPORTS, NOW)) == 1
    assert page.render().splitlines() == [
        '  line 14  ALTER TABLE "User" ALTER COLUMN "email" SET NOT NULL',
        "           locks      ACCESS EXCLUSIVE on User until line 20 (end of file); scan of 2,100,000 rows,",
        "                      4 to 15 s",
        '           fails      312 rows have NULL in "email". [counted 3 min ago]',
        '           blocking   Reads and writes on "User" wait while every row is checked.',
        '           instead    ALTER TABLE "User" ADD CONSTRAINT user_email_nn CHECK ("email" IS NOT NULL) NOT VALID;',
        '                      ALTER TABLE "User" VALIDATE CONSTRAINT user_email_nn;',
        "           why        faber-db explain nulls-present   (also set-not-null)",
    ]


def test_without_reports_the_finding_names_its_lock() -> None:
    page = Page(width=100)
    add_findings(page, FINDINGS[:2])
    text = " ".join(page.render().split())
    assert "[ACCESS EXCLUSIVE on User until line 20; scan of 2,100,000 rows, 4 to 15 s]" in text
    assert "[counted 12:00]" in text


def test_what_is_quiet_is_folded() -> None:
    page = Page(width=100)
    add_folded(page, FINDINGS, Around(REPORTS, NOW))
    assert page.render().splitlines() == [
        "  1 statement is safe: brief locks, no scan, nothing lost.",
        "  1 statement works through rows while others read and write, or through few: line 2.",
        "  1 remark of low risk: name-style.   --detail full shows all",
        "  allowed  drop-column at line 20: the column is empty",
    ]


def test_all_of_them() -> None:
    page = Page(width=100)
    assert add_findings(page, FINDINGS, all_of_them=True) == 3
    text = page.render()
    assert "line 2" in text
    assert "allowed: the column is empty" in text


def test_a_clean_script_is_one_line() -> None:
    page = Page()
    page.line(*summary(Risk.LOW, 0, 3))
    add_findings(page, ())
    add_folded(page, (), Around((StatementReport(line=1, text="x"),), NOW))
    assert page.render() == (
        "LOW  3 statements: nothing lost, brief locks, no scan or rewrite to wait for"
    )


def test_programs_have_findings_and_no_statements() -> None:
    page = Page()
    page.line(*summary(Risk.HIGH, 54, 0))
    assert page.render() == "HIGH  54 findings, and no statement that could be read"


def test_the_safe_ones_name_their_lock() -> None:
    page = Page()
    add_safe(page, Around(REPORTS, NOW), besides={("", 14, NOT_NULL)})
    assert page.render().splitlines() == [
        "  line 2  CREATE INDEX a ON t (a)",
        "           locks      SHARE on t until line 20 (end of file); scan of 500 rows, under 0.1 s",
        "  line 20  ALTER TABLE o ADD COLUMN c integer",
        "           locks      ACCESS EXCLUSIVE on o, p; brief, no scan",
    ]


def test_foreign_names_cannot_paint_the_terminal() -> None:
    page = Page()
    add_findings(
        page,
        [
            FINDINGS[1].model_copy(
                update={"statement": "DROP TABLE \x1b[1mx", "effect": "a\x1b[2Jb"}
            )
        ],
    )
    assert "\x1b" not in page.render()


def test_a_remedy_is_told_once() -> None:
    page = Page(width=100)
    index = Finding(
        code="create-index",
        kind=Kind.BLOCKING,
        risk=Risk.MEDIUM,
        line=2,
        statement="CREATE INDEX a ON t (a)",
        effect="Writes to t wait.",
        remedy="CREATE INDEX CONCURRENTLY.",
    )
    held = index.model_copy(
        update={"code": "lock-held", "line": 5, "statement": "CREATE INDEX b ON t (b)"}
        | {"effect": "t is held.", "remedy": "Split the file."}
    )
    second = index.model_copy(update={"line": 5, "statement": "CREATE INDEX b ON t (b)"})
    add_findings(page, [index, second, held])
    assert page.render().splitlines() == [
        "  line 2  CREATE INDEX a ON t (a)",
        "           blocking   Writes to t wait.",
        "           instead    CREATE INDEX CONCURRENTLY.",
        "           why        faber-db explain create-index",
        "",
        "  line 5  CREATE INDEX b ON t (b)",
        "           blocking   Writes to t wait.",
        "           blocking   t is held.",
        "           instead    Split the file.",
        "           instead    as at line 2 (create-index)",
        "           why        faber-db explain lock-held",
    ]


def test_several_migrations_are_told_apart() -> None:
    page = Page(width=100)
    loses = FINDINGS[3].model_copy(update={"allowed": "", "remedy": ""})
    add_findings(
        page,
        [
            loses.model_copy(update={"migration": "002_b", "line": 1}),
            loses.model_copy(update={"migration": "001_a", "line": 1}),
        ],
    )
    places = [line for line in page.render().splitlines() if " line " in line]
    assert places == [
        "  002_b line 1  ALTER TABLE t DROP COLUMN c",
        "  001_a line 1  ALTER TABLE t DROP COLUMN c",
    ]
