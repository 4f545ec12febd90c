"""What an answer of a forge holds, read by name and type: whatever is missing or of another type is `ForgeOdd`."""

from __future__ import annotations

from holdfast.adapters.forge.errors import ForgeOdd
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Fields:
    """An object of an answer; `what` names it in complaints. Each reader raises `ForgeOdd` for a value of another type."""

    __slots__ = ("_values", "_what")

    def __init__(self, values: Any, what: str) -> None:
        if not isinstance(values, dict):
            raise ForgeOdd(f"the forge answered {_kind(values)} where {what} was expected")
        self._values, self._what = values, what

    def text(self, key: str, default: str | None = None) -> str:
        """A text; `default` where it is null or missing."""
        value = self._values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self._odd(key, "a text")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number; `default` where it is null or missing."""
        value = self._values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._odd(key, "a number")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false; `default` where it is null or missing."""
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._odd(key, "true or false")
        return value

    def maybe(self, key: str) -> bool | None:
        """True, false, or None where the forge does not know or say."""
        return None if self._values.get(key) is None else self.flag(key)

    def child(self, key: str) -> Fields:
        """An object; one without anything in it where it is null or missing."""
        value = self._values.get(key)
        return Fields({} if value is None else value, f"`{key}` of {self._what}")

    def has(self, key: str) -> bool:
        """True where the key is there with a value."""
        return self._values.get(key) is not None

    def items(self, key: str) -> list[Fields]:
        """A list of objects; empty where it is null or missing."""
        return rows(self._list(key), f"`{key}` of {self._what}")

    def texts(self, key: str) -> list[str]:
        """A list of texts; empty where it is null or missing."""
        found = self._list(key)
        if not all(isinstance(one, str) for one in found):
            raise self._odd(key, "a list of texts")
        return [str(one) for one in found]

    def _list(self, key: str) -> list[Any]:
        value = self._values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._odd(key, "a list")
        return value

    def _odd(self, key: str, expected: str) -> ForgeOdd:
        return ForgeOdd(f"`{key}` of {self._what} is {_kind(self._values.get(key))} and not {expected}")


def rows(values: Sequence[Any], what: str) -> list[Fields]:
    """A list of objects, each to be read by name."""
    return [Fields(value, what) for value in values]


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "nothing")
