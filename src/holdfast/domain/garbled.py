"""Text that was encoded twice: UTF-8 read as Windows-1252 and saved again; found, and put right."""

from __future__ import annotations

from itertools import pairwise

from holdfast.domain.regex import lazy

_SUSPECT = lazy(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]+"
)


# "CAFÉ”" and "Spaß”" are words before a sign; read as bytes they would be letters of phonetics, Syriac and N'Ko.
_WORD_END = lazy("[ÉÜß][‘’“”„‚–—…‹›]")


def garbled(line: str) -> tuple[str, int] | None:
    """The first run of characters in `line` that is UTF-8 read as Windows-1252 and saved again, with its offset."""
    if line.isascii() or not _suspicious(line):
        return None
    for match in _SUSPECT.finditer(line):
        if ungarble(match[0]) != match[0]:
            return match[0], match.start()
    return None


def _suspicious(line: str) -> bool:
    """True where a letter that could begin a doubly encoded run stands before another character beyond ASCII."""
    return any("\u00c2" <= one <= "\u00f4" and other >= "\u0080" for one, other in pairwise(line))


def ungarble(text: str) -> str:
    """The text with doubly encoded runs put right; what is not doubly encoded stays."""
    return _SUSPECT.sub(lambda match: _decoded_once_more(match[0]), text)


def _decoded_once_more(run: str) -> str:
    if _WORD_END.fullmatch(run):
        return run
    raw = bytearray()
    for character in run:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return run
            raw.append(ord(character))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return run
