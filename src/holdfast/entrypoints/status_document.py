"""The status as JSON values: everything, or what fits into 4 KB."""

from __future__ import annotations

import json
import sys

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face

if TYPE_CHECKING:
    from typing import Any

    from holdfast.usecases.status import Status

LARGEST = 4096
"""Bytes of the JSON document that an agent is given without asking for all."""

_YIELDS = ("claims", "ready", "attention", "operations", "next")
"""What is shortened where the document is too large, in that order, each down to one entry before any goes further."""


_FIT = 60
"""So many entries of a list are tried at most: each takes more than 68 bytes."""


def document(found: Status, every: bool) -> dict[str, Any]:
    """The status as JSON values: all of it, or so much that it fits into 4 KB, the caller's own first."""
    if every:
        return _fields(found)
    # What cannot fit anyway is not spelled out first: of 300 claims that takes as long as everything else.
    some = found._replace(**{key: getattr(found, key)[:_FIT] for key in _YIELDS})
    cut = any(len(getattr(found, key)) > _FIT for key in _YIELDS)
    return fitted({**_fields(some), "truncated": cut})


def fitted(whole: dict[str, Any]) -> dict[str, Any]:
    """The same with shorter lists, where it is too large; `truncated` says so."""
    over = _size({"schema": "holdfast.status/1", **whole}) + 1 - LARGEST
    short = dict(whole)
    for least in (1, 0):
        for key in _YIELDS:
            kept = list(short[key])
            while len(kept) > least and over > 0:
                over -= _size(kept.pop(), inside=True)
            if len(kept) < len(short[key]):
                short = {**short, key: kept, "truncated": True}
    return short


def _size(value: Any, inside: bool = False) -> int:
    """The bytes of a value as it is printed, at most: in ASCII, as `--watch` does; `inside` for an entry of a list.

    On a terminal each value has a line of its own, and an entry of a list stands four columns further in.
    """
    if not sys.stdout.isatty():
        return len(json.dumps(value)) + (len(", ") if inside else 0)
    text = json.dumps(value, indent=2)
    return len(text) + (4 * (text.count("\n") + 1) + len(",\n") if inside else 0)


def _fields(found: Status) -> dict[str, Any]:
    from holdfast.domain.moment import iso
    from holdfast.entrypoints.commands.claims import view_fields

    return {
        "at": iso(found.at),
        "you": _you(found),
        "next": [one._asdict() for one in found.next],
        "attention": [face.problem_fields(one, found.you.worktree) for one in found.attention],
        "ready": [one._asdict() for one in found.ready],
        "claims": [_claim(found, at) for at in range(len(found.claims))],
        "plans": {"total": sum(found.plans.values()), "by_status": dict(found.plans)},
        "operations": [one._asdict() for one in found.operations],
        "remote": view_fields(found.remote),
        "truncated": False,
    }


def _you(found: Status) -> dict[str, Any]:
    you = found.you
    return {
        "worktree": you.worktree,
        "main": you.main,
        "branch": you.branch,
        "plan": you.plan,
        "dirty": you.changed,
        "ahead": you.ahead,
        "behind": you.behind,
        "pushed": you.pushed,
        "session": you.session,
        "operation": you.operation,
    }


def _claim(found: Status, at: int) -> dict[str, Any]:
    """A claim in short: `holdfast claims --json` tells the rest."""
    from holdfast.domain.moment import iso

    one = found.claims[at]
    return {
        "plan": one.plan,
        "branch": one.branch,
        "mine": one.branch in found.mine,
        "state": one.state,
        "contested": one.contested,
        "published": one.published,
        "activity": one.activity,
        "owner": one.owner,
        "host": one.host,
        "last_activity": iso(one.last_activity),
        "worktree": one.worktree,
    }
