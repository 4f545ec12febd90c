"""What the messages of the main branch say about requests and reverts, as hosts and git write them."""

from __future__ import annotations

from holdfast.domain.regex import lazy

_IN_SUBJECT = lazy(r"\((?:#|!)(\d{1,9})\)\s*$")
_IN_MERGE = lazy(r"^Merge pull request (?:'.*' \()?#(\d{1,9})")
_IN_BODY = lazy(r"(?m)^See merge request \S*!(\d{1,9})\s*$")
_REVERTS = lazy(r"(?m)^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b")
_NUMBERED = lazy(r"\s*\((?:#|!)\d{1,9}\)\s*$")


def number_in(message: str) -> int | None:
    """The request that a commit message says it merges: `... (#12)`, `Merge pull request #12 ...`, `See merge request o/r!12`."""
    subject = message.partition("\n")[0]
    found = _IN_SUBJECT.search(subject) or _IN_MERGE.search(subject) or _IN_BODY.search(message)
    return int(found[1]) if found else None


def title_of(subject: str) -> str | None:
    """A subject without the request's number that a host put behind it, or None where there is none."""
    return _NUMBERED.sub("", subject) if _NUMBERED.search(subject) else None


def reverted_in(message: str) -> tuple[str, ...]:
    """The commits that a message says it reverts (git-revert)."""
    return tuple(found[1] for found in _REVERTS.finditer(message))
