"""A commit message: its subject, the plan tag before it, and the plans that it refers to."""

from __future__ import annotations

from holdfast.domain.references import Reference, mentions
from holdfast.domain.regex import lazy
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLAIM = lazy(r"(?:^|/)plan-(\d{1,9})-")
_UNTAGGED = ("fixup! ", "squash! ", "amend! ", "Merge ", "Revert ", "Reapply ")
_BRACKETED = lazy(r"(?i)\[plans?\b")
_SCISSORS = lazy(r"^. -+ >8 -+$")


def claimed_plan(branch: str) -> int | None:
    """The plan that a branch claims by its name (`plan-12-what`, also behind a person's folder), or None."""
    match = _CLAIM.search(branch)
    return int(match[1]) if match is not None else None


def subject_line(message: str, comment: str) -> int | None:
    """The number (from 0) of the line with the subject, or None in a message that says nothing."""
    for at, line in _spoken(message, comment):
        if line.strip():
            return at
    return None


def tagged(message: str, number: int, tags: tuple[str, ...], comment: str) -> str:
    """The message with `[Plan #N] ` before its subject.

    A subject that already carries a tag, and those that git makes (merges, reverts, fixups), stay as they are;
    an empty message stays empty, so that git still gives up.
    """
    at = subject_line(message, comment)
    if at is None:
        return message
    lines = message.split("\n")
    if lines[at].startswith(_UNTAGGED) or has_tag(lines[at], tags):
        return message
    lines[at] = f"[Plan #{number}] {lines[at].lstrip()}"
    return "\n".join(lines)


def has_tag(subject: str, tags: tuple[str, ...]) -> bool:
    """True when a subject names a plan in brackets, or one of the allowed words."""
    if any(True for _ in mentions(subject, 1)) and _BRACKETED.search(subject):
        return True
    return any(f"[{tag}]".casefold() in subject.casefold() for tag in tags)


def needs_tag(message: str, tags: tuple[str, ...], comment: str) -> bool:
    """True when a message that people wrote carries no tag."""
    at = subject_line(message, comment)
    if at is None:
        return False
    subject = message.split("\n")[at]
    return not subject.startswith(_UNTAGGED) and not has_tag(subject, tags)


def references(message: str, comment: str) -> list[Reference]:
    """The plans that the message refers to, outside comments and what is cut off below the scissors."""
    return [found for at, line in _spoken(message, comment) for found in mentions(line, at + 1)]


def _spoken(message: str, comment: str) -> Iterator[tuple[int, str]]:
    for at, line in enumerate(message.split("\n")):
        if comment and line.startswith(comment):
            if _SCISSORS.match(line):
                return
            continue
        yield at, line
