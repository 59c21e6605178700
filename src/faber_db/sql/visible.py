"""Text of unknown origin made safe to show: nothing in it can move the cursor or hide a word."""

import unicodedata

_KEEP = {"\n", "\t"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BLANK = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"}


def visible(text: str, *, keep_lines: bool = True) -> str:
    r"""Escape control, bidi, zero-width, tag and unassigned characters as `\u{…}`.

    Args:
        text: anything.
        keep_lines: leave line feeds and tabs as they are; else they are escaped too.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character, keep_lines) for character in text)


def _shown(character: str, keep_lines: bool) -> str:
    if keep_lines and character in _KEEP:
        return character
    code = ord(character)
    invisible = (
        character in _BLANK
        or 0xFE00 <= code <= 0xFE0F  # variation selectors
        or 0xE0100 <= code <= 0xE01EF
        or unicodedata.category(character) in _HIDDEN
        or (unicodedata.category(character) == "Zs" and character != " ")
    )
    return f"\\u{{{code:x}}}" if invisible else character
