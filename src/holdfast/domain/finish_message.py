"""The message and the author of a merge: what the main branch says about the work that it got."""

from __future__ import annotations

from holdfast.domain.forge import MERGE
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

MERGED_BRANCH, MERGED_HEAD, MERGE_ID = "Merged-Branch", "Merged-Head", "Merge-Id"
"""Trailers of a merge: the branch and the commit that it brought, so that every clone knows that this very work is merged;
and what no other merge has: two that are made in one second by one name would be one commit, and both would have won."""


class Person(NamedTuple):
    """Who wrote something, and when, as git takes dates."""

    name: str
    address: str
    date: str


class Authored(NamedTuple):
    """A commit of a branch with its author and its whole message; `claim` for one that made the claim."""

    oid: str
    parents: tuple[str, ...]
    name: str
    address: str
    date: str
    message: str
    claim: bool

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.strip().partition("\n")[0]

    @property
    def author(self) -> Person:
        """Who wrote it."""
        return Person(self.name, self.address, f"@{self.date}" if self.date[:1].isdigit() else self.date)


class Work(NamedTuple):
    """What is merged: a branch at a commit, its plan with that one's title, and its own commits, oldest first.

    `id` is that of this very merge, empty where somebody else makes it.
    """

    branch: str
    head: str
    plan: int | None
    title: str
    own: Sequence[Authored]
    id: str = ""

    @property
    def trailers(self) -> list[str]:
        """What the main branch says of it for machines."""
        known = [f"{MERGED_BRANCH}: {self.branch}", f"{MERGED_HEAD}: {self.head}"]
        return [*known, f"{MERGE_ID}: {self.id}"] if self.id else known


def author(work: Work) -> Person | None:
    """Who wrote the work: the author of most of its commits, dated as the last one of them; None where nobody did."""
    by: dict[tuple[str, str], list[Authored]] = {}
    for one in work.own:
        by.setdefault((one.name, one.address), []).append(one)
    most = max(by.values(), key=len, default=None)
    return most[-1].author if most is not None else None


def subject(work: Work, method: str, tag: bool, request: int | None = None) -> str:
    """The first line: the plan's title behind its tag; of other work its only commit's, or the branch's name in words."""
    number = f" (#{request})" if request is not None else ""
    if work.plan is not None:
        return f"{f'[Plan #{work.plan}] ' if tag else ''}{work.title or work.branch}{number}"
    if method == MERGE:
        return f"Merge branch '{work.branch}'{number}"
    if len(work.own) == 1:
        return work.own[0].subject + number
    words = work.branch.rpartition("/")[2].replace("-", " ").replace("_", " ").strip()
    return (words[:1].upper() + words[1:] or work.branch) + number


def body(work: Work, method: str) -> str:
    """What follows the first line: the commits that are put together, and the trailers."""
    if method == MERGE:
        return "\n".join(work.trailers) + "\n"
    said = [one._replace(message=_without_trailers(one.message)) for one in work.own]
    said = [one for one in said if one.subject]
    if len(said) == 1:
        rest = said[0].message.strip().partition("\n")[2].strip()
        first_line = said[0].subject.removeprefix(f"[Plan #{work.plan}] ")
        told = [first_line, "", rest] if rest else [first_line]
        listed = told if work.plan is not None else told[2:]
    else:
        tag = f"[Plan #{work.plan}] "  # stands before the first line already
        listed = [f"* {one.subject.removeprefix(tag)}" for one in said]
    first = author(work)
    others = dict.fromkeys((one.name, one.address) for one in work.own)
    also = [f"Co-authored-by: {name} <{at}>" for name, at in others if first and (name, at) != first[:2]]
    text = "\n".join(listed).strip()
    return (text + "\n\n" if text else "") + "\n".join((*also, *work.trailers)) + "\n"


def message(work: Work, method: str, tag: bool) -> str:
    """The whole message of a merge."""
    return f"{subject(work, method, tag)}\n\n{body(work, method)}"


def _without_trailers(text: str) -> str:
    """A message without lines that say what was merged: a commit of a branch cannot know."""
    lines = (
        line
        for line in text.split("\n")
        if not line.startswith((f"{MERGED_BRANCH}:", f"{MERGED_HEAD}:", f"{MERGE_ID}:"))
    )
    return "\n".join(lines)


def with_trailers(text: str, work: Work) -> str:
    """The message of a commit with the trailers of the merge that it is the end of."""
    told = _without_trailers(text).rstrip("\n")
    last = told.rpartition("\n\n")[2] if "\n\n" in told else ""
    joined = "\n" if last and all(": " in line for line in last.split("\n")) else "\n\n"
    return told + joined + "\n".join(work.trailers) + "\n"


def heads_in(text: str) -> tuple[str, ...]:
    """The commits that a message of the main branch says it merged, by its trailers."""
    lead = f"{MERGED_HEAD}: "
    found = (line[len(lead) :].strip() for line in text.split("\n") if line.startswith(lead))
    return tuple(oid for oid in found if len(oid) in (40, 64) and not oid.strip("0123456789abcdef"))
