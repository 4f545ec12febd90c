"""Words as the shell takes them."""

from __future__ import annotations


def quoted(word: str) -> str:
    """One word of the shell, in single quotes whatever it holds."""
    return "'" + word.replace("'", "'\\''") + "'"
