"""Every reader that steps through a line by hand says what the regular expression says that it stands for."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import CORPUS
from holdfast.domain import front_matter, header_line, markdown, naming, plan, plan_reader, references
from holdfast.domain.garbled import garbled, ungarble

BOLD = re.compile(
    r"[ \t]{0,3}(?:[-*+][ \t]+)?\*\*([A-Za-z][\w /#-]{0,40}?)(?:[ \t]*:[ \t]*\*\*|\*\*[ \t]*:)[ \t]*(.*)", re.S
)
PLAIN = re.compile(r"[ \t]{0,3}(?:[-*+][ \t]+)?([A-Za-z][\w -]{0,20}?)[ \t]*:(?:[ \t]+(.*))?$", re.S)
KEY = re.compile(r"([A-Za-z_][\w -]{0,60}?)[ \t]*:(?:[ \t]+(.*))?$", re.S)
TITLE = re.compile(
    r"(?:(?:plan|gap|task|adr|rfc)(?:[ \t]*#[ \t]*(\d{1,9})(?!\d)|[ \t-]*(\d{1,9})[ \t]*(?=[:—–.-]|$)|[ \t]*(?=:|[—–-][ \t]))"
    r"|#?(\d{1,9})[ \t]*(?=[:—–.-](?:[ \t]|$)))[ \t]*[:—–.-]?[ \t]*(.*)",
    re.I | re.S,
)
BOX = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[([ xX])\](?:[ \t]|$)")
RULE = re.compile(r"[ \t]*(?:[-*_][ \t]*){3,}$|[ \t|:-]+$")
NO_WORD = re.compile(r"[^\w'/ ]+")
HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?![^ \t])[ \t]*")
FENCE = re.compile(r"[ \t]*((?:(?:[-*+]|\d{1,9}[.)])[ \t]+|>[ \t]*)*)(`{3,}|~{3,})(.*)")
MENTION = re.compile(
    r"\b[Pp]lans?[ \t]+#(\d{1,9})\b((?:[ \t]*(?:,[ \t]*and|,|&|and|or)[ \t]*#\d{1,9}\b|[ \t]*/[ \t]*#?\d{1,9}\b)*)"
)
BRACKETED = re.compile(r"\[Plans?[ \t]*#?(\d{1,9})\b((?:[ \t]*(?:,[ \t]*and|,|&|and|or|/)[ \t]*#?\d{1,9}\b)*)", re.I)
TOLERANT = re.compile(
    r"(?!\d{4}-\d\d-\d\d)(?:(?:plan|gap|task|adr|rfc)[-_ ]?)?(\d{1,9})(?:[-_. ].*)?\.(?:md|markdown)", re.I | re.S
)
SUSPECT = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]+"
)

PIECES = [
    "**", "*", "Status", "Blocked By", "a/b", "#", "##", "#7", "12", "1234567890", "0012", ":", " :", ": ", " ", "  ",
    "\t", "-", "- ", "+ ", "1. ", "12) ", "[ ]", "[x]", "[", "]", "(", ")", "plan", "Plan", "plans", "PLAN", "[Plan ",
    "[plans #", "Plan #", "gap", "ADR-", "rfc", "task", "and", ", and ", " or ", "/", "&", ",", "—", "–", ".", "_", "é",
    "ß", "İ", "٣", "📋", "â€™", "Ã©", "```", "~~~", "`", ">", "> ", "<!--", "-->", "x", "day", "|", "---", "2026-11-23",
    ".md", ".MD", ".markdown",
]  # fmt: skip
REAL = sorted({line for path in sorted(CORPUS.glob("*.md")) for line in path.read_text("utf-8", "replace").split("\n")})
LINES = st.lists(st.sampled_from(PIECES), max_size=9).map("".join) | st.text(max_size=20)
if REAL:
    LINES |= st.sampled_from(REAL)

often = settings(max_examples=max(settings().max_examples, 300))


def label(match: re.Match[str] | None) -> tuple[object, ...] | None:
    if match is None:
        return None
    value, at = (match[2], match.start(2)) if match[2] is not None else ("", len(match.string))
    return (match[1], match.start(1), match.end(1), value, at)


def one_line(text: str) -> bool:
    return "\n" not in text


@often
@given(LINES.filter(one_line))
@example("**Status :** x")
@example("**Status **: x")
@example("* **a: b** c")
@example("   - **Blocked By** :\t #3")
@example("**" + "a" * 41 + ":** x")
@example("**" + "a" * 42 + ":** x")
@example("a" * 21 + ": x")
@example("a" * 61 + ": x")
@example("a" * 62 + ": x")
def test_labels(line: str) -> None:
    for reader, expression in ((header_line.bold, BOLD), (header_line.plain, PLAIN), (header_line.key, KEY)):
        found = reader(line)
        assert (tuple(found) if found is not None else None) == label(expression.match(line))


@often
@given(LINES.filter(one_line))
@example("Plan #7: Words")
@example("Plan 7")
@example("RFC - Words")
@example("#7. Words")
@example("plan--12 - x")
@example("1234567890: x")
@example("plan #1234567890: x")
@example("plan 1234567890: x")
def test_titles(line: str) -> None:
    match = TITLE.match(line)
    expected = ("", line) if match is None else (match[1] or match[2] or match[3] or "", match[4])
    assert header_line.title(line) == expected


@often
@given(LINES.filter(one_line))
@example("- [ ] do")
@example("123456789. [ ]")
def test_lines_of_a_section(line: str) -> None:
    match = BOX.match(line)
    assert plan_reader._unticked(line) is (match is not None and match[1] == " ")
    assert plan.plain(line).split() == _without_leading_numbers(NO_WORD.sub(" ", line.casefold()).split())
    bare = line.strip()
    if bare:
        assert plan_reader._ruled(bare) is (RULE.match(bare) is not None)


def _without_leading_numbers(words: list[str]) -> list[str]:
    while words and words[0].isdigit():
        words = words[1:]
    return words


@often
@given(LINES.filter(one_line))
def test_headings_and_fences(line: str) -> None:
    match = HEADING.match(line)
    found = markdown.heading(line)
    assert (found is None) is (match is None)
    if found is not None and match is not None:
        assert (found.level, found.offset) == (len(match[1]), match.end())
    opened = FENCE.match(line)
    opens = opened is not None and not (opened[2][0] == "`" and "`" in opened[3])
    state = markdown._State()
    assert state._opens(line) is opens
    if opens and opened is not None:
        assert (state.fence, state.quoted) == (opened[2], ">" in opened[1])


@often
@given(LINES.filter(one_line))
@example("[Plans 1, 2 and #3] and plans #4/5, #6")
@example("plan #1, and #2 or 3")
@example("plans #1 or #2 & #3")
@example("[Plan 1 or 2")
@example("plan #1234567890, [plan 12a]")
@example("PLAN #1 Plan #2 [pLaN3/4] lan")
def test_mentions(line: str) -> None:
    expected: dict[int, int] = {}
    if "lan" in line or "LAN" in line:
        visible = markdown.without_code(line)
        for expression in (BRACKETED, MENTION):
            for match in expression.finditer(visible):
                for digits in re.finditer(r"\d{1,9}", visible[: match.end()]):
                    if digits.start() >= match.start(1):
                        expected.setdefault(digits.start(), int(digits[0]))
    found = [(one.column - 1, one.number) for one in references.mentions(line, 1)]
    assert found == list(expected.items())


@often
@given(
    st.lists(st.sampled_from(["#3", "4", "12", ", ", ",", " ", "\t", "#", "x", "1234567890", " days"]), max_size=6).map(
        "".join
    )
)
@example("#12, #13")
@example("12,13")
@example("12, #13")
@example("#12, 13")
@example("#5, 3 days")
def test_a_plain_list_is_what_the_expressions_read(value: str) -> None:
    quick = references._plain_list(value)
    if quick:
        assert quick == references._listed(value)


@often
@given(LINES.filter(one_line), st.sampled_from(["", ".md", ".MD", ".markdown", ".txt"]))
@example("2026-11-23-notes", ".md")
@example("plan-12", ".md")
@example("12.md", ".markdown")
def test_file_names(stem: str, ending: str) -> None:
    name = stem + ending
    match = TOLERANT.fullmatch(name)
    expected = int(match[1]) if match is not None and match[1].isascii() else None
    assert naming.Pattern("").number(name) == expected


@often
@given(LINES)
def test_doubly_encoded_text(line: str) -> None:
    runs = [match for match in SUSPECT.finditer(line) if ungarble(match[0]) != match[0]]
    assert garbled(line) == ((runs[0][0], runs[0].start()) if runs else None)


@pytest.mark.parametrize(
    ("line", "items"),
    [("- a", ("a",)), ("  -\tb", ("b",)), ("- - c", ("- c",)), ("-", ()), ("-x", ()), ("x - a", ())],
)
def test_items_of_front_matter(line: str, items: tuple[str, ...]) -> None:
    assert front_matter.read(f"---\nkey:\n{line}\n---\n").entries[0].items == items
