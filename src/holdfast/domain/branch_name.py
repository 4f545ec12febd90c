"""Which branches are claims, of which plan, and the name that a new claim's branch gets."""

from __future__ import annotations

from holdfast.domain.scan import digits_end
from holdfast.domain.value import NamedTuple

FEATURE = "feature-"
"""What the branch of work without a plan begins with; never exclusive."""

_LONGEST_NUMBER = 9
_NUMBER, _SLUG = "{number}", "{slug}"


class BranchPatternError(ValueError):
    """A pattern of branch names that cannot be used; the text says why."""


class BranchPattern(NamedTuple):
    """How the branches of claims are named: literal text, `{number}`, literal text, `{slug}`.

    A name is matched by comparing ends, whole or behind any `/` (`alice/plan-5-x`), so that no pattern from a hostile
    branch can run for ever.
    """

    text: str = "plan-{number}-{slug}"

    @classmethod
    def parse(cls, text: str) -> BranchPattern:
        """A pattern from its text; `BranchPatternError` when it is none."""
        lead, number, rest = text.partition(_NUMBER)
        middle, slug, end = rest.partition(_SLUG)
        literal = lead + middle + end
        if not number or not slug or end or "{" in literal or "}" in literal:
            raise BranchPatternError("a branch pattern has one {number}, then one {slug} at its end")
        if not middle or middle[0].isdigit():
            raise BranchPatternError("something that is no digit must stand between {number} and {slug}")
        odd = set(literal) & set(" ~^:?*[\\\x7f") or {one for one in literal if ord(one) < 32}
        if odd or ".." in text or "//" in text or "@{" in text or "/." in text or lead.startswith(("-", "/", ".")):
            raise BranchPatternError(f"{text!r} makes names that git does not allow for branches")
        return cls(text)

    def number(self, name: str) -> int | None:
        """The plan that a branch of that name claims, or None when it claims none."""
        found = self._parts(name)
        return found[0] if found is not None else None

    def slug(self, name: str) -> str:
        """The words behind the number in a claim's branch name; empty for any other branch."""
        found = self._parts(name)
        return found[1] if found is not None else ""

    def _parts(self, name: str) -> tuple[int, str] | None:
        lead, _, rest = self.text.partition(_NUMBER)
        middle = rest.partition(_SLUG)[0]
        start = 0
        while True:
            found = _parts_at(name, start, lead, middle)
            if found is not None:
                return found
            start = name.find("/", start) + 1
            if not start:
                return None

    def claims(self, name: str) -> bool:
        """True for a branch that is a claim: of a plan, or `feature-*`."""
        return self.number(name) is not None or is_feature(name)

    def name(self, number: int, slug: str) -> str:
        """The branch of a claim on a plan."""
        return self.text.replace(_NUMBER, str(number)).replace(_SLUG, slug)


def plan_number(name: str) -> int | None:
    """The plan's number that a name is, as `12` or `#12`; None for any other name."""
    digits = name.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else None


def is_feature(name: str) -> bool:
    """True for a branch of work without a plan: `feature-*`, whole or behind any `/`."""
    return f"/{FEATURE}" in f"/{name}"


def _parts_at(name: str, start: int, lead: str, middle: str) -> tuple[int, str] | None:
    if not name.startswith(lead, start):
        return None
    first = start + len(lead)
    end = digits_end(name, first)
    digits = name[first:end]
    fits = 0 < len(digits) <= _LONGEST_NUMBER and digits.isascii() and name.startswith(middle, end)
    slug = name[end + len(middle) :]
    return (int(digits), slug) if fits and slug else None
