"""Code in a work item: SQL and the frameworks' words for it."""

from faber_db.detect.indicator import ChangeKind as Kind
from faber_db.detect.indicator import sign

COMPLAINT = (
    r"crash\w*|error|support|syntax|parse\w*|bug|lost connection|instead of|panic|compiler|fails?"
)

SIGNS = (
    sign("sql", 1.8, r"create table", Kind.CREATE_TABLE, unless=COMPLAINT),
    sign("sql", 1.6, r"alter table", Kind.ADD_COLUMN, unless=COMPLAINT),
    sign("sql", 1.6, r"create (?:unique )?index", Kind.INDEX, unless=COMPLAINT),
    sign("sql", 1.8, r"drop (?:table|column)", Kind.DROP, unless=COMPLAINT),
    sign("sql", 1.6, r"add (?:column|constraint)", Kind.ADD_COLUMN, unless=COMPLAINT),
    sign(
        "framework",
        1.8,
        r"create_table|add_column|add_reference|t\.references|t\.timestamps",
        Kind.CREATE_TABLE,
        unless=COMPLAINT,
    ),
    sign(
        "framework",
        1.4,
        r"models\.(?:\w+)Field|@Entity|@Column|has_many|belongs_to",
        Kind.ADD_COLUMN,
        unless=COMPLAINT,
    ),
    sign(
        "framework",
        1.6,
        r"schema\.prisma|prisma (?:model|migrations?)",
        Kind.CREATE_TABLE,
        unless=r"configuration",
    ),
)
