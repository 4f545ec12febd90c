"""Edits of a JSON text that leave every other byte alone: values are put in and taken out where they stand."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_BLANK = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
_DEEPEST = 200


class NoJson(Exception):
    """A text that is not JSON; `args[0]` says what is wrong with it, and where."""


class Node(NamedTuple):
    """A value of a text, from `start` up to `end`. Members of an object have their key and where it starts; so have items of
    an array, without a key."""

    value: Any
    start: int
    end: int
    parts: tuple[tuple[str, int, Node], ...] = ()

    def member(self, key: str) -> Node | None:
        """The value of a key; of several the last, as parsers take it."""
        found = [node for name, _, node in self.parts if name == key]
        return found[-1] if found and isinstance(self.value, dict) else None


def parse(text: str) -> Node:
    """The value that a text holds, with the places of all that is in it; `NoJson` for any other text."""
    try:
        value = json.loads(text)
        node, _ = _node(text, _after(text, 0), 0)
    except RecursionError as error:
        raise NoJson("it is nested too deep") from error
    except ValueError as error:
        raise NoJson(str(error)) from error
    return node._replace(value=value)


def put(text: str, node: Node, key: str | None, value: Any) -> str:
    """The text with a value at the end of the object (under `key`) or the array (`key` None) that `node` is.

    It is indented as the rest of the text.
    """
    unit, newline = _unit(text), "\r\n" if "\r\n" in text else "\n"
    lead = f"{json.dumps(key, ensure_ascii=False)}: " if key is not None else ""
    if unit is None:
        made = lead + json.dumps(value, ensure_ascii=False)
        return _insert(text, node, made, ", " if node.parts else "", "")
    depth = _depth(text, node, unit)
    inner = unit * (depth + 1)
    lines = (lead + json.dumps(value, indent=unit, ensure_ascii=False)).split("\n")
    made = newline + newline.join(inner + line for line in lines)
    return _insert(text, node, made, "," if node.parts else "", newline + unit * depth)


def take(text: str, node: Node, at: int) -> str:
    """The text without one part of an object or array, by its place in `node.parts`."""
    _, start, part = node.parts[at]
    if at + 1 < len(node.parts):
        return text[:start] + text[node.parts[at + 1][1] :]
    begin = node.parts[at - 1][2].end if at else node.start + 1
    end = part.end if at else node.end - 1
    return text[:begin] + text[end:]


def replace(text: str, node: Node, value: Any) -> str:
    """The text with another value in the place of one that is no object and no array."""
    return text[: node.start] + json.dumps(value, ensure_ascii=False) + text[node.end :]


def _insert(text: str, node: Node, made: str, before: str, close: str) -> str:
    if node.parts:
        at = node.parts[-1][2].end
        return text[:at] + before + made + text[at:]
    return text[: node.start + 1] + made + close + text[node.end - 1 :]


def _unit(text: str) -> str | None:
    """What one level is indented by; None for a text on one line."""
    found = re.match(r"[\[{][ \t]*\r?\n([ \t]*)\S", text.lstrip("\ufeff \t\r\n"))
    if found is None:
        return None if text.strip() not in ("{}", "[]", "") else "  "
    return found[1] or "  "


def _depth(text: str, node: Node, unit: str) -> int:
    """How deep the line is indented on which a value begins."""
    line = text[text.rfind("\n", 0, node.start) + 1 : node.start]
    blank = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blank) // len(unit)


def _after(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at


def _node(text: str, at: int, depth: int) -> tuple[Node, int]:
    """The value that begins at a place of valid JSON."""
    if depth > _DEEPEST:
        raise NoJson("it is nested too deep")
    opening = text[at]
    if opening == '"':
        value, end = scanstring(text, at + 1)
        return Node(value, at, end), end
    if opening not in "[{":
        found = _SCALAR.match(text, at)
        end = found.end() if found is not None else at + 1
        return Node(json.loads(text[at:end]), at, end), end
    parts: list[tuple[str, int, Node]] = []
    here = _after(text, at + 1)
    while text[here] not in "]}":
        start, key = here, ""
        if opening == "{":
            key, here = scanstring(text, here + 1)
            here = _after(text, _after(text, here) + 1)
        node, here = _node(text, here, depth + 1)
        parts.append((key, start, node))
        here = _after(text, here)
        if text[here] == ",":
            here = _after(text, here + 1)
    values = [node.value for _, _, node in parts]
    value = {key: node.value for key, _, node in parts} if opening == "{" else values
    return Node(value, at, here + 1, tuple(parts)), here + 1
