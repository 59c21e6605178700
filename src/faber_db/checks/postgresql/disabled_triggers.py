"""Triggers that somebody switched off, often for one load, and forgot."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="disabled-triggers",
    sql="""
        SELECT tgrelid::regclass::text || '.' || quote_ident(tgname), 1,
            'ALTER TABLE ' || tgrelid::regclass::text || ' ENABLE TRIGGER ' || quote_ident(tgname)
        FROM pg_trigger WHERE tgenabled = 'D'
    """,
    unit=Unit.LEVEL,
    why="Trigger {object} is switched off: foreign keys or rules that rest on it do not hold.",
    action="{detail}",
)
