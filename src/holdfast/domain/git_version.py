"""The version of git: what it calls itself, and the oldest one that does."""

from __future__ import annotations

OLDEST = (2, 38)
"""The first with `merge-tree --write-tree`."""


def parse(text: str) -> tuple[int, ...]:
    """`git version 2.39.5 (Apple Git-154)` as (2, 39)."""
    words = text.split()
    parts = words[2].split(".") if len(words) > 2 else []
    return tuple(int(part) for part in parts[:2] if part.isdigit())
