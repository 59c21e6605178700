"""Signs that name the database change itself."""

from faber_db.detect.indicator import ChangeKind as Kind
from faber_db.detect.indicator import Where, sign

ADD = r"(?:add(?:s|ed|ing)?|creat(?:e|es|ed|ing)|introduc(?:e|es|ed|ing)|new|define|implement|missing)"
DROP = (
    r"(?:drop(?:s|ped|ping)?|remov(?:e|es|ed|ing)|delet(?:e|es|ed|ing)|unused|dead|obsolete"
    r"|deprecated|clean(?:up|ing)?)"
)
CHANGE = (
    r"(?:chang(?:e|es|ed|ing)|alter(?:s|ed|ing)?|convert(?:s|ed|ing)?|migrat(?:e|es|ed|ing)"
    r"|increas(?:e|es|ed|ing)|widen|extend|switch|modif(?:y|ies|ied)|mak(?:e|es|ing))"
)
DB = r"(?:db|databases?|sql|mysql|mariadb|postgres(?:ql)?|sqlite)"
NEAR = r"(?:[^\s.;:!?\n]+[\s]+){0,4}?"  # up to four words of the same sentence
NAME = r"`?[A-Za-z][\w.]*`?"
SCREEN = (
    r"sort(?:able|ing|ed)?|visib(?:le|ility)|hid(?:e|den|ing)|headers?|width|resiz\w+|render\w*"
    r"|data table|datatables?|grid|kanban|markdown|csv|html|css|ui\d*|widgets?|components?|cells?"
    r"|list(?:s|ing)?|view|views|page|display(?:ed)?|pagination|rows?|editor|default columns"
    r"|of contents|bulk|import form|merge|panel|jobs view|select(?:ed)? columns|admin"
    r"|settings tables?"
)

SIGNS = (
    # migrations as such
    sign(
        "migration",
        1.8,
        rf"(?:{DB}|schema|data|alembic|django|rails|prisma|flyway|liquibase|knex) migrations?",
        unless=r"documentation|docs|folder|testing|guide|tool|tools|examples?|capabilit\w+|configuration|"
        r"fix|bug|test(?:s|ing)?",
    ),
    sign(
        "migration",
        1.6,
        rf"(?:{ADD}|write|generat(?:e|es|ed)|run|needs?|requires?|with a?) {NEAR}migrations?",
        unless=r"guide|docs?|documentation|example|testing|folder|tool|from \w+ to|instructions|cli|broken",
    ),
    sign("migration", 1.3, r"migrations?:", where=Where.TITLE),
    sign("migration", 0.9, r"migrations? (?:to|that|which|for|script|file)", unless=r"guide|docs"),
    sign(
        "backfill",
        1.7,
        r"back ?fill(?:s|ed|ing)?|back migrate",
        Kind.DATA_MIGRATION,
        unless=r"examples?|guide|what it is",
    ),
    sign(
        "data move",
        1.5,
        r"(?:existing|old|all) (?:\w+ ){0,3}(?:data|records|rows|values|users|entries) "
        r"(?:should|must|need|are|get|into|to be|over|from)",
        Kind.DATA_MIGRATION,
    ),
    sign(
        "data move",
        1.4,
        rf"(?:split|copy|move|migrat(?:e|ing)|convert|merge) {NEAR}(?:data|fields?|columns?|records?|names?) "
        r"(?:in|into|to|from)",
        Kind.DATA_MIGRATION,
        unless=r"react|webpack|eslint|angular|vue|typescript|docker|kubernetes|form|component|folder",
    ),
    sign(
        "data move",
        1.6,
        r"split `?\w+`? (?:\w+ ){0,4}into `?\w+`? and `?\w+`?",
        Kind.DATA_MIGRATION,
        unless=r"files?|components?|packages?|modules?|lines?|pages?",
    ),
    sign("data move", 1.2, r"orphan(?:s|ed)", Kind.DATA_MIGRATION),
    # tables
    sign(
        "table",
        2.0,
        rf"{ADD} {NEAR}(?:{DB} |join |junction |lookup |pivot |separate |linking )?tables?",
        Kind.CREATE_TABLE,
        unless=rf"{SCREEN}|function|helper|column|index(?:es)?|constraint|filter",
    ),
    sign(
        "table",
        1.8,
        r"(?:join|junction|pivot|association|through|lookup) tables?",
        Kind.CREATE_TABLE,
    ),
    sign(
        "table",
        1.6,
        r"(?:new|separate|own|extra|dedicated) (?:\w+ )?tables?",
        Kind.CREATE_TABLE,
        unless=SCREEN,
    ),
    sign(
        "table",
        1.5,
        r"an? `?[A-Za-z]\w+`? tables? (?:should|to|is|that|which|will|with|for)",
        Kind.CREATE_TABLE,
        unless=SCREEN,
    ),
    sign(
        "table",
        1.6,
        rf"{DB} tables?",
        Kind.CREATE_TABLE,
        unless=r"plugins?|auto ?complete|editor|shows?|locked",
    ),
    sign("table", 1.8, r"tables? schema|table (?:called|named)|erd|normal form", Kind.CREATE_TABLE),
    sign(
        "drop",
        2.0,
        rf"{DROP} {NEAR}(?:tables?|columns?|{DB} fields?)",
        Kind.DROP,
        unless=rf"{SCREEN}|function|support|capabilit\w+",
    ),
    sign(
        "drop",
        1.7,
        r"(?:remov|delet)(?:e|es|ed|ing) \w+(?: \w+){0,4} from (?:the )?(?:\w+ )?(?:model|schema|database)",
        Kind.DROP,
    ),
    sign(
        "rename",
        2.0,
        rf"renam(?:e|es|ed|ing) {NEAR}(?:tables?|columns?|models?|{DB}|fields?)",
        Kind.RENAME,
        unless=SCREEN,
    ),
    sign(
        "rename",
        1.1,
        r"renam(?:e|es|ed|ing) `?[A-Za-z]\w+`? (?:in )?to `?[A-Za-z]\w+`?",
        Kind.RENAME,
        unless=rf"{SCREEN}|variables?|functions?|class|methods?|files?|folder|package|command|button|tab|label|jobs?",
    ),
    sign(
        "rename",
        1.6,
        r"migrat(?:e|es|ing) `?[A-Za-z]\w+`? models?",
        Kind.DATA_MIGRATION,
        unless=r"language|ai|llm|3d",
    ),
    sign(
        "rename",
        1.2,
        r"(?:merge|split|combine) (?:\w+ ){0,3}tables?|tables? (?:merge|split)",
        Kind.RENAME,
        unless=SCREEN,
    ),
    # columns
    sign(
        "column",
        2.0,
        rf"{ADD} {NEAR}columns?",
        Kind.ADD_COLUMN,
        unless=rf"{SCREEN}|function|helper|support alter|crash",
    ),
    sign(
        "column",
        1.5,
        rf"{DB} (?:columns?|fields?)|columns? (?:in|to|on|for|of) (?:the )?{NAME} (?:table|model)",
        Kind.ADD_COLUMN,
        unless=SCREEN,
    ),
    sign(
        "column",
        1.6,
        r"[a-z]\w*_at|[a-z]+At`",
        Kind.ADD_COLUMN,
        unless=r"look_at|error|fail\w*|bug|crash",
    ),
    sign(
        "column",
        1.2,
        r"`[a-z]\w+\.[a-z]\w+`|[a-z]+_[a-z]+\.[a-z]+_[a-z_]+",
        Kind.ADD_COLUMN,
        unless=r"\.(?:js|ts|py|rb|go|java|css|md|json|yml)|error|fail\w*|crash",
    ),
    sign(
        "drop",
        1.2,
        rf"{DROP} {NEAR}fields",
        Kind.DROP,
        where=Where.TITLE,
        unless=r"forms?|json|openapi|response|payload|input",
    ),
    sign(
        "field",
        1.4,
        rf"{ADD} {NEAR}fields? (?:to|in|on|for|and) (?:the )?(?:\w+ ){{0,3}}(?:models?|tables?|entit(?:y|ies)|users?|schemas?|{DB})",
        Kind.ADD_COLUMN,
        unless=r"forms?|json|openapi|graphql|docs",
    ),
    sign(
        "field",
        0.9,
        rf"{ADD} {NEAR}(?:fields?|attributes?|propert(?:y|ies)|flags?|timestamps?)",
        Kind.ADD_COLUMN,
        where=Where.TITLE,
        unless=r"forms?|inputs?|filters?|search fields?|bulk|max_length|json|openapi|serverless|template|documentation|options",
    ),
    sign(
        "field",
        0.9,
        r"(?:gets?|have|has|with|need) (?:an? )?(?:\w+ ){0,2}(?:field|attribute|column|flag|timestamp)",
        Kind.ADD_COLUMN,
        unless=SCREEN,
    ),
    sign(
        "field",
        1.3,
        r"(?:gets?|add|adds|introduce) (?:an? )?(?:\w+ ){0,3}(?:field|attribute|column|flag)s?,? `?[a-z]+_[a-z_]+",
        Kind.ADD_COLUMN,
        unless=SCREEN,
    ),
    # index
    sign(
        "index",
        2.2,
        rf"(?:{ADD}|{DROP}|bad|wrong|compound|composite|covering|partial|conditional|unique|gin|{DB}|foreign key) "
        rf"{NEAR}(?:index|indexes|indices|indexing)",
        Kind.INDEX,
        unless=r"search|page|elastic\w*|z index|file|generation|generator|exporter|loop|array|es\d*|index\.\w+"
        r"|collision|table of|rename|typesense|meili\w*|reindex|without indexes|documentation|off by|html|seo",
    ),
    sign(
        "index",
        1.5,
        r"slow (?:\w+ ){0,2}quer(?:y|ies)",
        Kind.INDEX,
        where=Where.TITLE,
        unless=r"connection|admin|page",
    ),
    # constraints
    sign(
        "constraint",
        1.9,
        rf"(?:{ADD}|{DROP}|set|enforce|missing) {NEAR}(?:constraints?|foreign keys?)",
        Kind.CONSTRAINT,
        unless=r"json|xsd|xml|feature flag|type(?:s)? constraints?|name schema|errors?|management|failures?|version|layout|documentation",
    ),
    sign(
        "constraint",
        1.6,
        r"unique (?:constraints?|together|on)|foreign keys?",
        Kind.CONSTRAINT,
        unless=r"failures?|errors?|management|violat\w+|documentation|docs",
    ),
    sign(
        "constraint",
        1.7,
        rf"(?:{CHANGE}|allow|set|add) {NEAR}(?:non ?)?(?:nullable|not null)|(?:not null|nullable) column",
        Kind.CONSTRAINT,
        unless=r"shows?|display|list|no effect|having no|nothing|support|error|cannot be|bug|type",
    ),
    sign(
        "constraint",
        1.5,
        r"on delete|cascad(?:e|es|ing)",
        Kind.CONSTRAINT,
        unless=r"documentation|docs|menus?|dropdown|styles?|css|bug",
    ),
    sign(
        "constraint",
        1.2,
        r"default value",
        Kind.CONSTRAINT,
        where=Where.TITLE,
        unless=r"form|field|input|dropdown|ui|component",
    ),
    # types
    sign(
        "type",
        2.0,
        rf"{CHANGE} {NEAR}(?:to|from|with|use|and use) {NEAR}(?:bigints?|big ?integers?|varchar|text|uuids?|jsonb|timestamptz|decimal|int8)",
        Kind.TYPE_CHANGE,
        unless=r"correctly|conversion|component|colou?r|css|editor",
    ),
    sign(
        "type",
        1.2,
        r"bigint|varchar|biginteger|jsonb|timestamptz|int8|charfield",
        Kind.TYPE_CHANGE,
        unless=r"conversion|parse\w*|cast|crash|tutorial|support for|docs",
    ),
    sign(
        "type",
        1.4,
        r"value too long for type|too long for (?:mysql|postgres|varchar|the column|the database)|too long for \w*char|column size",
        Kind.TYPE_CHANGE,
        unless=r"cast",
    ),
    sign(
        "type",
        1.1,
        r"(?:lift|increase|raise|remove|extend) {near}(?:length|character|size) (?:limits?|restrictions?)".replace(
            "{near}", NEAR
        ),
        Kind.TYPE_CHANGE,
        unless=r"upload|pool|file|memory|request",
    ),
    sign(
        "type",
        1.3,
        r"(?:to|in|from|new|add|extend) (?:\w+ ){0,4}enum",
        Kind.TYPE_CHANGE,
        unless=r"typescript|openapi|json|graphql|support for enum|compiler",
    ),
    # schema and model
    sign(
        "schema",
        1.7,
        rf"(?:{DB}|table|prisma|data) (?:schemas?|models?)",
        Kind.CREATE_TABLE,
        unless=r"docs?|documentation|auto ?complete|editor|json|sensitive|stays|pool|case|configuration",
    ),
    sign(
        "schema",
        1.2,
        r"schema changes?|changes? (?:to|in) (?:the )?schema|new \w+ schema",
        Kind.CREATE_TABLE,
        unless=r"json|xsd|graphql|openapi|registry|avro",
    ),
    sign(
        "model",
        1.3,
        rf"(?:{ADD}|model and) (?:an? |the )?(?:[\w`]+ ){{0,3}}?(?:models?|entit(?:y|ies))",
        Kind.CREATE_TABLE,
        unless=r"json|ai|llm|machine|language|language models?|viewer|documentation|3d|train\w*|layer|selector|bulk|count",
    ),
    sign(
        "model",
        1.1,
        r"(?:to|in|from|on) (?:the )?(?:\w+ ){0,3}models?",
        Kind.ADD_COLUMN,
        where=Where.TITLE,
        unless=r"json|ai|llm|language|view models?|docs|enum|relation choices",
    ),
    sign("model", 0.9, r"models? (?:is|are|be) (?:made|created|added)", Kind.CREATE_TABLE),
    sign(
        "model",
        1.0,
        r"store[sd]? (?:\w+ ){0,4}(?:in|into) (?:the )?(?:\w+ )?(?:database|db|postgres|table)",
        Kind.ADD_COLUMN,
        unless=r"bug|fix",
    ),
    sign(
        "model",
        1.0,
        r"has many|belongs? to|many to many|one to many",
        Kind.CREATE_TABLE,
        unless=r"how do|question",
    ),
)
