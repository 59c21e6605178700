"""The safe form of a script for people: each file with its name, its reason and its SQL."""

from faber_db.cli.render.page import Page, bad, dim, good, strong, warn
from faber_db.cli.render.words import count
from faber_db.services.analyze import AnalyzeDetails
from faber_db.services.safer import Fix, FixFile


def add_fixes(page: Page, details: AnalyzeDetails) -> None:
    """Add every fix, and what was written."""
    for fix in details.fixes:
        page.blank()
        _add(page, fix)
    if details.written:
        page.blank()
        for path in details.written:
            page.fact(good("written"), path, column=12)
        page.fact("kept", f"the migration as it was, in {details.replaced}", column=12)


def _add(page: Page, fix: Fix) -> None:
    name = f" of {fix.migration}" if fix.migration else ""
    if fix.refused:
        page.fact(warn(f"no safe form{name}"), fix.refused, indent=0, column=16)
    elif fix.files:
        page.line(strong(f"Instead{name}: {count(len(fix.files), 'file')}, in this order"))
        tone = good if fix.proved else warn
        page.fact(tone("proof"), fix.proof, column=10)
    for number, file in enumerate(fix.files, start=1):
        _add_file(page, number, file)
    for left in fix.unsolved:
        page.blank()
        page.fact(bad(f"line {left.line}"), f"stays as it is: {left.why}", column=10)


def _add_file(page: Page, number: int, file: FixFile) -> None:
    page.blank()
    if file.deploy_before:
        page.fact(warn("deploy"), file.deploy_before, column=10)
    alone = dim(
        "   outside a transaction" * (not file.transaction) + "   in a later release" * file.later
    )
    page.line(strong(f"  {number}  {file.name}"), alone)
    page.text(file.why, indent=5, style="dim")
    page.verbatim(file.sql.rstrip(), indent=5)
