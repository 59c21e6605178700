"""Passwords and tokens taken out of text before anybody sees it."""

import re

HIDDEN = "***"

_VALUE = r"(?:'(?:[^'\\]|''|\\.)*(?:'|\Z)|\"(?:[^\"\\]|\"\"|\\.)*(?:\"|\Z)|`[^`]*(?:`|\Z)|[^\s,;&)\"'`]+)"
_LITERAL = r"(?:[eEnN]|[uU]&)?'(?:[^'\\]|''|\\.)*(?:'|\Z)|\"(?:[^\"\\]|\"\"|\\.)*(?:\"|\Z)|\$(\w*)\$.*?(?:\$\1\$|\Z)"
_KEYS = (
    r"(?:[\w.-]*(?:passwor[dt]|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"[\w.-]*|sslpassword|pgpassword|mysql_pwd)"
)
_KEY_WORDS = ("passwor", "passwd", "passphrase", "pwd", "secret", "token", "key")
_ANY = ("",)
# of each rule: words of which one is in whatever it matches, in small letters; pattern; replacement
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # scheme://user:password@host - the password runs to the last @ of the authority, slashes too
    (("://",), re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s:/@'\"`]*):([^\s'\"`]*)@", re.I), rf"\1:{HIDDEN}@"),
    (("identified",), re.compile(rf"(\bidentified\b\s+(?:with\s+\S+\s+)?(?:by|as|using)\s+(?:password\s*\(?\s*)?)(?:{_LITERAL})", re.I | re.S), rf"\1'{HIDDEN}'"),
    (("replace",), re.compile(rf"(\breplace\s+)(?:{_LITERAL})(?=\s*(?:;|,|\Z|retain|require))", re.I | re.S), rf"\1'{HIDDEN}'"),
    (("password",), re.compile(rf"(\bpassword\b\s*\(?\s*)(?:{_LITERAL})", re.I | re.S), rf"\1'{HIDDEN}'"),
    (("password",), re.compile(rf"(\bset\s+password\b[^;=']*=\s*(?:password\s*\(\s*)?)(?:{_LITERAL})", re.I | re.S), rf"\1'{HIDDEN}'"),
    (_KEY_WORDS, re.compile(rf"([\"']?\b{_KEYS}[\"']?\s*(?:=>|=|:(?!\s)|:(?=\s*['\"`]))\s*)(?!(?:default|null)(?:[\s,;)]|\Z)){_VALUE}", re.I | re.S), rf"\1{HIDDEN}"),
    # `key: value` without quotes is a setting at the start of a line or in a list, prose elsewhere
    (_KEY_WORDS, re.compile(rf"((?:^|[{{,\n])\s*(?:-\s+)?[\"']?\b{_KEYS}[\"']?\s*:\s+){_VALUE}", re.I | re.S), rf"\1{HIDDEN}"),
    (("authorization",), re.compile(r"(\bauthorization\s*[:=]\s*)(?:(?:bearer|basic|token)\s+)?\S+", re.I), rf"\1{HIDDEN}"),
    (("bearer",), re.compile(r"(\bbearer\s+)[\w.~+/=-]{8,}", re.I), rf"\1{HIDDEN}"),
    (_ANY, re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{16,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"), HIDDEN),
    (_ANY, re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), HIDDEN),
)  # fmt: skip


def redact(text: str) -> str:
    """Hide passwords in URLs and DSNs, in `IDENTIFIED BY` and `PASSWORD '…'`, and tokens.

    It would rather hide too much than too little; the text stays readable, not runnable.
    """
    plain = text.isascii()  # beyond, a letter may match one of another case: U+017F an S
    lowered = text.lower() if plain else ""
    for words, pattern, replacement in _RULES:
        if not plain or any(word in lowered for word in words):
            text = pattern.sub(replacement, text)
    return text
