"""Steps through a text, character by character: what a hook uses where a regular expression would do.

Importing `re` and compiling what an ordinary plan needs takes 15 ms, a quarter of what a commit may wait. So every
line that an ordinary plan has is read by hand; what is rare has a lazy expression (`regex`). The tests hold each
reader equal to the expression that it stands for.
"""

from __future__ import annotations

BLANKS = " \t"


def char(text: str, at: int) -> str:
    """The character at an offset from 0; empty outside the text."""
    return text[at : at + 1] if at >= 0 else ""


def skip(text: str, at: int, characters: str) -> int:
    """The first offset from `at` on where none of `characters` stands."""
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def digits_end(text: str, at: int) -> int:
    """The offset where the digits that stand at `at` end; `at` itself where none do."""
    while at < len(text) and text[at].isdecimal():
        at += 1
    return at


def wordy(character: str) -> bool:
    """True for what a word is made of (`\\w`): letters, digits and the underscore."""
    return character.isalnum() or character == "_"
