"""Labels that speak for a database change."""

from faber_db.detect.indicator import Where, sign

SIGNS = (
    sign(
        "label",
        1.6,
        r".*(?:migrations?|schema change|needs migration|alembic|prisma|typeorm|sequelize).*",
        where=Where.LABEL,
    ),
    sign(
        "label",
        0.8,
        r".*(?:db|database|schema|sql|data model|models?|postgres|mysql)",
        where=Where.LABEL,
    ),
    sign(
        "label", 0.5, r".*(?:back ?end|feature|server).*", where=Where.LABEL, unless=r"front ?end"
    ),
    sign("label", 0.4, r".*(?:enhancement|user story).*", where=Where.LABEL),
)
