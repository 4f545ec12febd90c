"""Which file names are plans, the number in each, and the name that a new plan gets."""

from __future__ import annotations

from holdfast.domain.regex import lazy
from holdfast.domain.scan import char, digits_end
from holdfast.domain.value import NamedTuple

_KINDS = ("plan", "gap", "task", "adr", "rfc")
_ENDINGS = (".md", ".markdown")
_NUMBERED = lazy(r"(?i)^(?:(?:plan|gap|task|adr|rfc)[-_ ]?)?\d+[-_. ]*")
_NO_SLUG = lazy(r"[^a-z0-9]+")
_HABIT = lazy(r"([^0-9]*)(\d+)( - |[-_. ])")
_FIELD = lazy(r"\{(number)(?::0?(\d))?\}|\{(slug)\}")
_LONGEST_SLUG = 60
_LONGEST_NUMBER = 9


class PatternError(ValueError):
    """A file-name pattern that cannot be used; the text says why."""


class Pattern(NamedTuple):
    """How plan files are named, as `{number:02}_{slug}.md`; the empty text is tolerant of every usual form.

    A pattern is literal text with one `{number}` and at most one `{slug}`: it is matched by comparing ends, so
    that no pattern can run for ever.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """A pattern from its text; `PatternError` when it is none."""
        fields = [match[1] or match[3] for match in _FIELD.finditer(text)]
        rest = _FIELD.sub("", text)
        if fields not in (["number"], ["number", "slug"]):
            raise PatternError("a pattern has one {number}, then at most one {slug}")
        if "/" in text or "{" in rest or "}" in rest:
            raise PatternError("a pattern is a file name with {number} and {slug}, nothing else in braces")
        if "}{" in text:
            raise PatternError("something must stand between {number} and {slug}")
        return cls(text)

    def number(self, name: str) -> int | None:
        """The plan number in a file name, or None when the name is no plan's."""
        digits = self._digits(name)
        return int(digits) if digits is not None else None

    def canonical(self, name: str) -> bool:
        """False when the number in the name is not written as it should be (`007` where `7` or `07` is meant)."""
        digits = self._digits(name)
        if digits is None:
            return True
        width = self.width
        if width is not None:
            return digits == f"{int(digits):0{width}d}"
        return int(digits) > 0 and (len(digits) <= 4 or digits[0] != "0")

    @property
    def width(self) -> int | None:
        """The digits that a number is padded to, or None when the pattern leaves it open."""
        digits = self.text.partition("{number:")[2].partition("}")[0]
        return int(digits) if digits else None

    def name(self, number: int, slug: str, like: tuple[str, ...] = ()) -> str:
        """The file name of a new plan; a tolerant pattern follows the names in `like`."""
        if self.text:
            padded = f"{number:0{self.width or 1}d}"
            return _FIELD.sub(lambda match: padded if match[1] else slug, self.text)
        lead, width, separator = _habit(like)
        joined = slug if separator == "-" else slug.replace("-", " " if separator == " - " else "_")
        return f"{lead}{number:0{width}d}{separator}{joined}.md"

    def _digits(self, name: str) -> str | None:
        if not self.text:
            return _tolerant(name)
        before, _, field = self.text.partition("{number")
        after = field.partition("}")[2]
        if not name.startswith(before):
            return None
        digits = name[len(before) : min(digits_end(name, len(before)), len(before) + _LONGEST_NUMBER)]
        if not digits or not digits.isascii():
            return None
        rest = name[len(before) + len(digits) :]
        middle, slug, end = after.partition("{slug}")
        if not slug:
            return digits if rest == after else None
        fits = rest.startswith(middle) and rest.endswith(end) and len(rest) > len(middle) + len(end)
        return digits if fits else None


def _tolerant(name: str) -> str | None:
    """The digits that number a file in any usual form: `12_x.md`, `plan-12.md`, `ADR 0012 x.markdown`; no date."""
    lowered = name.lower()
    ending = next((one for one in _ENDINGS if lowered.endswith(one)), "")
    stem = name[: len(name) - len(ending)]
    kind = next((one for one in _KINDS if lowered.startswith(one)), "")
    start = len(kind)
    if kind and char(stem, start) in ("-", "_", " "):
        start += 1
    end = digits_end(stem, start)
    digits = stem[start:end]
    if not ending or not 0 < len(digits) <= _LONGEST_NUMBER or not digits.isascii() or _dated(stem):
        return None
    return digits if char(stem, end) in ("", "-", "_", ".", " ") else None


def _dated(stem: str) -> bool:
    """True for a name that begins with a date, as `2026-11-23-notes`."""
    year, month, day = stem[:4], stem[5:7], stem[8:10]
    return stem[4:5] == stem[7:8] == "-" and all(
        part.isdecimal() and len(part) == size for part, size in ((year, 4), (month, 2), (day, 2))
    )


def slug_of(name: str) -> str:
    """The words of a plan's file name, joined by dashes: the second half of its claim's branch name.

    Computed from the file name alone, so that every clone gives a claim the same name.
    """
    stem = name.rpartition("/")[2].rsplit(".", 1)[0]
    return slugify(_NUMBERED.sub("", stem)) or "plan"


def slugify(title: str) -> str:
    """A title as lower-case ASCII words joined by dashes, at most 60 characters, cut at a word."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = _NO_SLUG.sub("-", plain.lower()).strip("-")
    if len(slug) > _LONGEST_SLUG:
        slug = slug[: _LONGEST_SLUG + 1].rsplit("-", 1)[0][:_LONGEST_SLUG]
    return slug


def _habit(names: tuple[str, ...]) -> tuple[str, int, str]:
    """Lead, width and separator that most of the given names share; `01_` where there are none."""
    from collections import Counter

    habits: Counter[tuple[str, str]] = Counter()
    widths = [1]
    for name in names:
        match = _HABIT.match(name)
        if match:
            habits[(match[1], match[3])] += 1
            if match[2][0] == "0":
                widths.append(len(match[2]))
    if not habits:
        return "", 2, "_"
    (lead, separator), _ = habits.most_common(1)[0]
    return lead, max(widths), separator
