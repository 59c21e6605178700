"""Findings as a person reads them: the worst first, remedies that can be pasted, quiet on what is safe."""

from faber_db.cli.render.findings import add_findings, add_safe, summary
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
        scan=True,
    ),
    Finding(
        code="nulls-present",
        kind=Kind.FAILS,
        risk=Risk.HIGH,
        line=14,
        statement=NOT_NULL,
        effect='312 rows have NULL in "email".',
        confidence=Confidence.PREFLIGHT,
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


def test_findings() -> None:
    page = Page(width=100)
    assert add_findings(page, FINDINGS) == 1
    assert page.render().splitlines() == [
        '  line 14  ALTER TABLE "User" ALTER COLUMN "email" SET NOT NULL',
        '           fails      312 rows have NULL in "email". [counted in the data]',
        '           blocking   Reads and writes on "User" wait while every row is checked. [ACCESS EXCLUSIVE',
        "                      on User]",
        '           instead    ALTER TABLE "User" ADD CONSTRAINT user_email_nn CHECK ("email" IS NOT NULL) NOT VALID;',
        '                      ALTER TABLE "User" VALIDATE CONSTRAINT user_email_nn;',
        "           why        faber-db explain nulls-present",
        "                      faber-db explain set-not-null",
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
    assert page.render() == (
        "LOW  3 statements: nothing lost, brief locks, no scan or rewrite to wait for"
    )


def test_the_safe_ones_name_their_lock() -> None:
    page = Page()
    reports = (
        StatementReport(line=1, text="CREATE INDEX …", locks=(TableLock(table="t", mode="SHARE"),)),
        StatementReport(line=14, text=NOT_NULL),
    )
    add_safe(page, reports, besides={(14, NOT_NULL)})
    assert page.render() == "  line 1   CREATE INDEX …   brief lock: SHARE on t"


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
