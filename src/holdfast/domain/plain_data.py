"""Nested texts, numbers, lists and tables as one text and back: a parsed configuration, remembered.

A format of its own because a hook waits for it: importing `json` or `ast` takes longer than everything else that the
configuration needs. Each value is a letter, a length or number, and its content.
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def dump(value: Any) -> str:
    """The value as text; `TypeError` for what is no text, whole number, truth value, list or table."""
    if isinstance(value, bool):
        return f"b{value:d};"
    if isinstance(value, int):
        return f"i{value};"
    if isinstance(value, str):
        return f"s{len(value)};{value}"
    if isinstance(value, list):
        return f"l{len(value)};" + "".join(dump(item) for item in value)
    if isinstance(value, dict):
        return f"d{len(value)};" + "".join(dump(key) + dump(item) for key, item in value.items())
    raise TypeError(f"{type(value).__name__} is not kept")


def load(text: str) -> Any:
    """The value that `dump` wrote; `ValueError` for any other text."""
    value, end = _load(text, 0)
    if end != len(text):
        raise ValueError("something follows the value")
    return value


def _load(text: str, at: int) -> tuple[Any, int]:
    stop = text.index(";", at)
    kind, number = text[at : at + 1], int(text[at + 1 : stop])
    at = stop + 1
    if kind in "bi":
        return (bool(number) if kind == "b" else number), at
    if number < 0 or number > len(text) - at:
        raise ValueError("a length that cannot be")
    if kind == "s":
        return text[at : at + number], at + number
    if kind not in "ld":
        raise ValueError(f"no kind of value: {kind!r}")
    items = []
    for _ in range(number * (2 if kind == "d" else 1)):
        item, at = _load(text, at)
        items.append(item)
    if kind == "l":
        return items, at
    if not all(isinstance(key, str) for key in items[::2]):
        raise ValueError("a key that is no text")
    return dict(zip(items[::2], items[1::2], strict=True)), at
