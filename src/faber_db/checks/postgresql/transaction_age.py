"""How far this database is on the way to transaction id wraparound."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="transaction-age",
    # Of 2^31; 40 % is twice what autovacuum lets it grow to by default, 56 % is 1.2 thousand million.
    sql="""
        SELECT x.kind, 100.0 * x.age / 2147483648.0, x.age || ' used'
        FROM pg_database d, LATERAL (VALUES
            ('transaction ids', age(d.datfrozenxid)), ('multixact ids', mxid_age(d.datminmxid))
        ) AS x (kind, age)
        WHERE d.datname = current_database()
    """,
    unit=Unit.PERCENT,
    warning=40,
    critical=56,
    why="{object}: {detail}, so autovacuum does not keep up; at the end the server stops writing.",
    action="Find what holds it back (slot, prepared or old transaction), then VACUUM (FREEZE).",
)
