"""Constraints that were added NOT VALID and never validated: old rows may break them."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="not-valid-constraints",
    sql="""
        SELECT CASE WHEN conrelid = 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END
            || '.' || quote_ident(conname), 1,
            'ALTER ' || CASE WHEN conrelid = 0 THEN 'DOMAIN ' || contypid::regtype::text
                ELSE 'TABLE ' || conrelid::regclass::text END
            || ' VALIDATE CONSTRAINT ' || quote_ident(conname)
        FROM pg_constraint WHERE NOT convalidated
    """,
    unit=Unit.LEVEL,
    why="Constraint {object} was not checked against the rows that were there before it.",
    action="{detail}",
    safe_to_run_now=True,
)
