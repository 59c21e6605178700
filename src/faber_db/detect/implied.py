"""Signs of a feature that has to remember something it does not remember today."""

from faber_db.detect.indicator import ChangeKind as Kind
from faber_db.detect.indicator import Where, sign

NEW = r"(?:add(?:s|ed|ing)?|support(?:s|ing)?|introduc(?:e|es|ing)|implement(?:s|ed|ing)?|allow(?:s|ed|ing)?|enabl(?:e|es|ing)|creat(?:e|es|ing)|new|let|feat|feature|ability to|option to)"
NEAR = r"(?:[^\s.;:!?\n]+[\s]+){0,5}?"
SHOWN = r"ui|pages?|screen|buttons?|interface|css|icons?|component|docs?|documentation|tests?|readme|layout|dialog|modal|render\w*|display"

SIGNS = (
    # something is kept
    sign(
        "kept",
        1.2,
        r"(?:store|persist|record|remember|save|track|keep)(?:s|ed|ing)? {n}(?:users?|settings?|preferences?|who|when|timezone|time|duration|history|changes?|reason|values?|which|per)".replace(
            "{n}", NEAR
        ),
        Kind.ADD_COLUMN,
        unless=r"logs?|locally|local storage|in memory|file|on disk|not persisted|template",
    ),
    sign(
        "kept",
        1.5,
        r"audit(?:ing|s)?(?: ?logs?\w*| ?trail)?",
        Kind.CREATE_TABLE,
        unless=r"npm|security audit|accessibility|docs",
    ),
    sign(
        "kept",
        1.3,
        r"who (?:changed|did|created|edited|modified)|change (?:log|history|tracking)|activity (?:log|feed)",
        Kind.CREATE_TABLE,
        unless=r"changelog",
    ),
    sign(
        "kept",
        1.2,
        r"count(?:s|er|ers|ing)? (?:of |how many )?(?:\w+ ){0,3}(?:views?|times|clicks|opens?|visits|downloads)",
        Kind.ADD_COLUMN,
    ),
    sign(
        "kept", 1.2, r"(?:import|export|search|login|view|version|edit) history", Kind.CREATE_TABLE
    ),
    # settings and preferences
    sign(
        "setting",
        1.2,
        r"(?:per user|user|users'?|notification|email|account|team|workspace|site|profile) (?:\w+ )?(?:settings?|preferences?|options?)",
        Kind.ADD_COLUMN,
        unless=r"to settings|settings page|docs|vscode|ide|documentation|fix",
    ),
    sign(
        "setting",
        1.0,
        r"{w} {n}(?:setting|option|preference|toggle|opt in|opt out)s?".replace("{w}", NEW).replace(
            "{n}", NEAR
        ),
        Kind.ADD_COLUMN,
        unless=r"cli|command|compiler|build|webpack|config file|flag|field options|connection|docs|select options?|dropdown|autocomplete",
    ),
    sign(
        "setting",
        0.8,
        r"default (?:\w+ ){1,3}(?:type|mode|view|language|sort|role|theme)",
        Kind.ADD_COLUMN,
        unless=r"themes|media",
    ),
    sign(
        "setting",
        0.9,
        r"user timezone|time ?zone|locale per user",
        Kind.ADD_COLUMN,
        unless=r"bug|fix|wrong|format\w*|incorrect",
    ),
    # states of a thing
    sign(
        "state",
        2.0,
        r"soft delet(?:e|es|ed|ion|ing|able)|soft ?deletes?|deletedAt",
        Kind.ADD_COLUMN,
        unless=r"function|helper",
    ),
    sign(
        "state",
        1.2,
        r"(?:archiv(?:e|es|ing)|pin(?:ning)?|unpin|snooze|draft|publish|schedul(?:e|ed|ing)|lock(?:ing)?|cancel(?:l?able)?|mark(?:ing)?) (?:of |a |an |whole |the |posts?|projects?|documents?|bookmarks?|items?|messages?|threads?)",
        Kind.ADD_COLUMN,
        unless=r"error|fails?|bug|button|sticky|css|sqlite\w*|write",
    ),
    sign(
        "state",
        1.3,
        r"expir(?:e|es|y|ation|ing)",
        Kind.ADD_COLUMN,
        unless=r"shows?|cache|certificate|session expired|bug|error|expired token|ui|display",
    ),
    sign(
        "state",
        1.0,
        r"(?:new|add|additional|cancel\w*|pending) {n}status(?:es)?".replace("{n}", NEAR),
        Kind.TYPE_CHANGE,
        unless=r"code|http|bar|badge|page|git",
    ),
    sign("state", 0.9, r"reminders?", Kind.ADD_COLUMN, unless=r"fix|bug"),
    # what people do to things
    sign(
        "social",
        1.2,
        r"(?:favou?rit(?:e|es|ing)|bookmark(?:s|ed|ing)?|star(?:s|red)?|upvot\w+|rat(?:e|ing|ings) (?:a |the |for |to |\w+)|reactions?|follow(?:ers|ing)?|block(?:ed|ing)? (?:other )?users?|mute|wish ?list|watch ?list)",
        Kind.CREATE_TABLE,
        unless=r"bug|fix|error|rate limit|frame|sample|start\w*|github|docs|not blocked|pods?|button",
    ),
    sign(
        "social",
        1.0,
        r"comments?|repl(?:y|ies)|threads?|polls?|badges?|announcements?",
        Kind.CREATE_TABLE,
        where=Where.TITLE,
        unless=r"fix|bug|code comments?|typo|remove comments?|docs|worker|deadlock|editor|ui|button|button|render\w*|remaining",
    ),
    sign(
        "social",
        0.9,
        r"tags?|labels?|categor(?:y|ies)",
        Kind.CREATE_TABLE,
        where=Where.TITLE,
        unless=r"fix|bug|html|git|release|docker|unknown|translation|ui|css|on it|bulk|many",
    ),
    # accounts
    sign(
        "account",
        1.3,
        r"(?:multiple|several|many|additional|secondary) (?:\w+ )?(?:emails?|e mails?|addresses|accounts?|locations?|projects|owners|currencies|tenants)",
        Kind.CREATE_TABLE,
        unless=r"fix|bug|errors?",
    ),
    sign(
        "account",
        1.0,
        r"2fa|two factor|totp|mfa|webauthn|passkeys?|recovery codes?",
        Kind.ADD_COLUMN,
        unless=r"fix|bug|error|docs|show|code not",
    ),
    sign(
        "account",
        1.0,
        r"(?:oauth|oidc|sso|saml|openid) (?:connect )?(?:client|provider|authentication|login|support)",
        Kind.TYPE_CHANGE,
        unless=r"fix|bug|docs|error",
    ),
    sign(
        "account",
        1.1,
        r"invit(?:e|es|ation|ations)",
        Kind.CREATE_TABLE,
        unless=r"fix|bug|button|show|dialog|columns?|link broken",
    ),
    sign(
        "account",
        1.0,
        r"(?:upload|set|add|have|allow|support) {n}(?:avatars?|profile (?:picture|photo|image)s?|phone numbers?|display names?|bio)".replace(
            "{n}", NEAR
        ),
        Kind.ADD_COLUMN,
        unless=r"interface|fix|bug|broken",
    ),
    sign("account", 1.0, r"display names?", Kind.ADD_COLUMN, unless=r"switch|fix|bug|wrong"),
    sign(
        "account",
        1.0,
        r"(?:new|add|group|team|admin|custom) (?:\w+ )?(?:roles?|permissions?)",
        Kind.ADD_COLUMN,
        unless=r"fix|bug|aria|docs|error|missing",
    ),
    sign(
        "account",
        0.9,
        r"api (?:keys?|tokens?)|login tokens?|access tokens?",
        Kind.ADD_COLUMN,
        unless=r"fix|bug|docs|error|env\w*|shows?|ui",
    ),
    sign(
        "account",
        1.0,
        r"(?:email|notification|user) (?:digest|notifications?|subscriptions?)|notifications?",
        Kind.CREATE_TABLE,
        where=Where.TITLE,
        unless=r"fix|bug|toast|push|ensure|honou?red|broken|error",
    ),
    # new things
    sign(
        "thing",
        1.0,
        r"{w} (?:\"|`)?[A-Z][a-z]+[A-Z]\w+(?:\"|`)?".replace(
            "{w}", r"(?:add|introduce|create|new|implement)"
        ),
        Kind.CREATE_TABLE,
        where=Where.TITLE,
        unless=rf"{SHOWN}|class|var|field|route|input",
    ),
    sign(
        "thing",
        1.0,
        r"(?:saved|custom|user defined) (?:filters?|views?|searches|quer(?:y|ies)|fields?|templates?|branding|domains?|slugs?|properties)",
        Kind.CREATE_TABLE,
        unless=r"fix|bug|script|z index|css|classnames?|icons?|search query",
    ),
    sign(
        "thing",
        0.9,
        r"(?:attach|assign|link|belong|share)(?:s|ed|ing)? (?:\w+ ){0,3}to (?:multiple|several|many|more than one)",
        Kind.CREATE_TABLE,
    ),
    sign(
        "thing",
        0.9,
        r"concept|inventory|subscriptions?|webhooks?|workspaces?|milestones?|slugs?|expiration date",
        Kind.CREATE_TABLE,
        where=Where.TITLE,
        unless=r"fix|bug|move|scope|without|permission|trim|docs|settings to|query|logging",
    ),
    # "add X to Y" where Y is a thing, not a screen
    sign(
        "to a thing",
        1.2,
        r"(?:add(?:ed|s|ing)?|support|remov(?:e|es|ed|ing)|store|hide) (?:a |an |the |support |for |simple )*[\w&/'-]+(?: [\w&/'-]+){0,3}? (?:to|for|in|from|of|on) (?:the )?[A-Za-z]\w+(?: \w+)?",
        Kind.ADD_COLUMN,
        where=Where.TITLE,
        unless=rf"{SHOWN}|forms?|views?|filters?|list|tables?|menu|sidebar|header|tabs?|search|readme|ci|workflow|logs?|headers?|test\w*|translations?|variables|connections?|url|queries|clause|clauses|failures|schema|error|exceptions?|link|guide|examples?|class|gitignore|\.\w+|route|handler|storage|links?|endpoint|references|export|import|versions?|config\w*|sass|jest|react|sslmode|function|constraint",
    ),
    sign(
        "to a thing",
        0.8,
        r"(?:allow|let|ability|option|support) (?:users?|admins?|people|owners?|members|to|deletion|for|of)",
        Kind.ADD_COLUMN,
        where=Where.TITLE,
        unless=rf"{SHOWN}|sort\w*|drop|newer|connections?|select|search|filter\w*|direct|columns?|ssl\w*|json|schema|sql|auto ?complete|save documents",
    ),
    sign(
        "to a thing",
        0.6,
        r"feat(?:ure)?",
        Kind.ADD_COLUMN,
        where=Where.TITLE,
        unless=rf"{SHOWN}|upgrade|migrate|improve|increase|table|columns?|refactor|replacement|flow|panel|tabs?|request|flag|select|theme\w*|contents",
    ),
)
