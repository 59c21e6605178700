"""Signs of work that leaves the database's schema and stored data as they are."""

from faber_db.detect.indicator import Where, sign

LIBRARY = (
    r"react|vue|angular|svelte|webpack|vite|eslint|oxlint|jest|enzyme|typescript|sass|scss|mobx|redux"
    r"|headless|tailwind|docker|kubernetes|python ?\d*|node|java|kotlin|rust|esm|pnpm|yarn|github"
    r"|gitlab ci|ci|rxjs|next|nuxt|vitest|mocha|pytest|poetry|uv|gradle|maven|i18next|[\w-]+ i18next"
    r"|material|mui|bootstrap|testing library|control flow|configuration|config"
)

SIGNS = (
    sign(
        "docs",
        -2.4,
        r"table of contents|toc|readme|docs?|documentation|typos?|tutorial|changelog|guides?|examples?",
        where=Where.TITLE,
    ),
    sign("docs", -1.2, r"documentation|tutorial|readme"),
    sign(
        "screen",
        -1.6,
        r"css|styl(?:e|es|ing)|hover|dark mode|themes?|scroll(?:bar)?|icons?|buttons?|align(?:ment|s)?|z index|layout|tooltips?|fonts?|colou?rs? in|render(?:er|ing)?|aria|responsive|modals?|dialogs?|dropdowns?|sidebar|toolbar|tabs?|kanban|navigation|panes?|handles?",
        where=Where.TITLE,
    ),
    sign(
        "screen",
        -1.8,
        r"(?:ui|data|sortable|html|markdown|settings|table) (?:tables?|grid|cells?|components?|headers?)|table (?:headers?|cells?|rows?|renderer|columns?|component|view)|columns? (?:visib\w+|width|order|header\w*|selection|sort\w*)|sort(?:able|ing)? (?:\w+ ){0,3}(?:columns?|tables?)",
    ),
    sign(
        "screen",
        -0.9,
        r"(?:users?|members|activities|groups?) tables?",
        unless=r"db|database|column|fields?",
    ),
    sign(
        "screen",
        -1.5,
        r"(?:show|display|hide|list)(?:s|ed|ing)? (?:\w+ ){0,4}(?:columns?|tables?|date|name|field|nullab\w+)",
        where=Where.TITLE,
        unless=r"display names?",
    ),
    sign(
        "screen",
        -1.2,
        r"(?:filters?|bulk (?:edit|import)|import|export|search|input|admin|edit|create) (?:forms?|input|page|view|interface|control panel|panel)|forms?$|form fields?",
    ),
    sign(
        "screen",
        -1.4,
        r"front ?end|ui:|ui\d+|upload interface|admin panel|control panel|jobs view",
        where=Where.TITLE,
    ),
    sign(
        "other schema",
        -2.2,
        r"(?:json|xml|xsd|graphql|openapi|avro|zod|yup|protobuf|swagger|form|config\w*|validation|name|field) ?schemas?\w*|xsd\w*|schema ?location|schema registry|additional ?properties|incompatible schemas?|\$ref|schema validation|older schema|newer schema",
    ),
    sign(
        "move of code",
        -2.8,
        rf"migrat(?:e|es|ed|ing|ion)s? (?:\w+ ){{0,4}}(?:to|from|off) (?:the )?(?:new )?(?:\w+ )?(?:{LIBRARY})",
    ),
    sign(
        "move of code",
        -1.6,
        r"migrat(?:e|ing) (?:\S+ ){0,3}from \S+ to \S+|migrat(?:e|ed) (?:\w+ ){1,4}generation|migrated from trac|execution of|headless ui",
        where=Where.TEXT,
        unless=r"data|fields?|columns?|users?|tables?|ids?|int|varchar|string",
    ),
    sign(
        "upgrade",
        -1.8,
        r"upgrad(?:e|es|ing)|bump|updat(?:e|es) dependenc\w+|most recent version|dependabot|renovate",
        where=Where.TITLE,
        unless=r"tables?|columns?|schema",
    ),
    sign(
        "connection",
        -1.8,
        r"connection (?:pool\w*|error|options?|string|limits?|timeouts?)|pool (?:size|limits?)|max(?:imum)? connections?|connections? to|too many (?:client )?connections|more connections|sslmode|db pool|db timeout|database is locked|wal mode|busy_timeout|write lock|password|db_\w+|credentials",
    ),
    sign(
        "query",
        -1.6,
        r"select_related|prefetch\w*|n\+1|optimi[sz](?:e|es|ation|ing) (?:\w+ ){0,3}quer(?:y|ies)|query optimi[sz]ation|sql optimi[sz]ation|number of quer\w+|columns selected|lean(?:er)? (?:list )?serializers?|slow loading|load fast|database queries|fix \w+ query",
    ),
    sign(
        "query",
        -1.4,
        r"search (?:index|query|engine|_after)|search_after|elasticsearch|auto ?complete",
    ),
    sign(
        "other product",
        -1.6,
        r"support (?:for )?(?:alter|create|drop) |sql plugins?|sql editor|orm|(?:generated?|generates?|generation of) (?:the )?migrations?|migration capabilit\w+|wrong index generation|rails generate|schema drift tool|having no (?:effect|affect)|column definition|query builder|cast\(|server_default|unique constraint management|conversion|check database|add function|adds? a helper|backfilling|what it is",
    ),
    sign(
        "tests",
        -1.6,
        r"tests?|testing|e2e|specs|flaky|coverage|mock(?:s|ing)?|benchmarks?|lint\w*|ci|\.gitignore",
        where=Where.TITLE,
        unless=r"in testing",
    ),
    sign(
        "failure",
        -1.3,
        r"crash(?:es|ed)?|exception|traceback|stack ?trace|error\(s\)|runtimeerror|lost connection|internal (?:compiler )?errors?|segfault|panic|undefined|compiler|type inference|failure",
    ),
    sign(
        "failure",
        -1.0,
        r"wrong|incorrect(?:ly)?|doesn't|does not|not (?:working|persisted|kept)|broken|bug|cannot|can't|duplicate (?:rows|paths)|race condition|regression",
        where=Where.TITLE,
        unless=r"index|column|constraint|null",
    ),
    sign(
        "failure",
        -0.9,
        r"fix(?:e[sd]|ing)?(?: bug)?:?",
        where=Where.TITLE,
        unless=r"\(fix(?:es)? |fix(?:es|ed)? #\d+|missing|add|allow",
    ),
    sign(
        "code only",
        -1.1,
        r"refactor(?:ing)?|clean ?up code|lint|type hints?|typings?|performance improvement|rename classes?|replace|reorgani[sz]e|extract|dead code",
        where=Where.TITLE,
        unless=r"tables?|columns?|renam(?:e|ed)|models?|database|db",
    ),
    sign(
        "code only",
        -1.0,
        r"translations?|i18n|l10n|locali[sz]ation|strings for|csv|pdf|zip|export|flush|seed\.ts|docker|docker-compose|helm|variables",
        where=Where.TITLE,
    ),
    sign(
        "question",
        -1.4,
        r"how (?:can|do|to|should) (?:i|we|you)|is it possible|any way to|why did(?:n't)? you|question",
    ),
    sign(
        "exists already",
        -1.2,
        r"now that it is|already (?:stored|recorded|supported|exists)|the back ?end (?:already )?supports|now have|remaining references",
    ),
    sign(
        "client side",
        -1.4,
        r"persisted locally|local ?storage|client side|in memory cache|cookies?|mongodb|redis",
    ),
)

LABELS = (
    sign("label", -1.8, r"documentation|docs|guide|tutorial", where=Where.LABEL),
    sign("label", -0.8, r"question", where=Where.LABEL),
    sign("label", -0.7, r"bug|defect|type: bug|regression|.*bug.*", where=Where.LABEL),
    sign("label", -0.8, r".*(?:front ?end|css|design|dark mode|component).*", where=Where.LABEL),
    sign("label", -0.6, r"dependencies|testing|tests|ci|refactor\w*", where=Where.LABEL),
)
