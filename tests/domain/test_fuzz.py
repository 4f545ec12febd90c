"""Nothing that stands in a file makes the reader fail, differ, or take for ever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import FOLDER, read

from conftest import CORPUS
from holdfast.domain import front_matter, plan_index, policy, summary
from holdfast.domain.plan import Plan

FOLDERS = [FOLDER, policy.folder("docs/adr", policy.RECORD), policy.folder("backlog", policy.TASKS)]
PIECES = [
    b"# Plan #7: T\n", b"**Status:** ", b"Status: ", b"**Blocked By:** #3, #4\n", b"## Status\n", b"## Plan\n", b"```\n",
    b"~~~\n",
    b"> ```\n", b"<!--", b"-->", b"---\n", b"- [ ] a\n", b"[Plan #3]", b"`", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\xff",
    b"\xc3", b"\x00",
    "📋 Planned\n".encode(), "ðŸ“‹".encode(), b"<<<<<<< HEAD\n", b"key: [a, 'b\n", b"\n\n", b"\x1c\x1d\x1e\x1f",
    "\u2028\x85".encode(),
]  # fmt: skip
REAL = [path.read_bytes() for path in sorted(CORPUS.glob("[0-9]*.md"))[::12]] or [
    b"# T\n\n**Status:** Planned\n\n## Plan\n\nDo it.\n"
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real plan with a few bytes put in, taken out or moved."""
    content = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(0, 4))):
        at, size = draw(st.integers(0, len(content))), draw(st.integers(0, 40))
        content = (
            content[:at]
            + draw(st.sampled_from([*PIECES, content[:size]]))
            + content[at + size * draw(st.integers(0, 1)) :]
        )
    return content


CONTENTS = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join), mutated())


@given(CONTENTS, st.sampled_from(FOLDERS))
def test_any_bytes_are_a_plan(content: bytes, folder: policy.FolderPolicy) -> None:
    plan = read(content, folder)
    assert plan == read(content, folder)
    _places_are_inside(plan, content)
    one = summary.summarize(plan, "", folder, policy.default())
    assert one.row.count("\n") == 0 and len(plan_index.rows_of(one.row)) == 1


def _places_are_inside(plan: Plan, content: bytes) -> None:
    text = content.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    for _, field in (*plan.fields, *plan.repeated):
        assert 1 <= field.line <= len(lines) and 0 <= field.start <= field.end <= len(text)
        assert text.count("\n", 0, field.start) == field.line - 1
    for one in (*plan.mentions, *plan.faults):
        assert 1 <= one.line <= len(lines) and 1 <= one.column <= len(lines[one.line - 1]) + 1
    for section in plan.sections:
        assert 1 <= section.line <= len(lines) and section.open_boxes >= 0
        assert (section.open_line > 0) is (section.open_boxes > 0)


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(PIECES), max_size=20).map(lambda parts: b"".join(parts).decode("utf-8", "replace")),
    )
)
def test_any_text_may_have_front_matter(text: str) -> None:
    for whole in (text, "---\n" + text, "---\n" + text + "\n---\n"):
        block = front_matter.read(whole)
        for entry in block.entries:
            assert 0 <= entry.start <= entry.end <= len(whole)
        assert block.end <= len(whole) + 1


@given(st.text())
def test_any_text_may_be_a_plan_index(text: str) -> None:
    plan_index.rows_of(text)
    plan_index.merge(text, text, text)
    try:
        assert plan_index.placed(text, plan_index.inside(text))
    except plan_index.NoPlace:
        assert plan_index.inside(plan_index.appended(text, "x\n")) == "x\n" or "holdfast:plan-index" in text


SIZE = 60_000
HOSTILE = {
    "spaces": b" " * SIZE + b"x",
    "heading": b"# a" + b" " * SIZE + b"b",
    "closing marks": b"# " + b" #" * SIZE + b"x",
    "title": b"# plan" + b" " * SIZE + b"x",
    "title dashes": b"# plan " + b"-#" * SIZE + b"x",
    "numbered heading": b"# t\n## " + b"1 " * SIZE + b"x",
    "backticks": b"plan " + b" ".join(b"`" * size for size in range(1, 350)),
    "bold": b"**a" + b" " * SIZE + b"x",
    "label": b"a" * 20 + b" " * SIZE + b"x",
    "blockers": b"# t\n**Blocked By:** plan" + b" " * SIZE + b"x",
    "brackets": b"# t\n**Blocked By:** " + b"(" * SIZE,
    "mentions": b"plan #1" + b", #2" * SIZE + b" ,",
    "half mentions": b"[Plan " * SIZE,
    "rule": b"## x\n" + b"-*_ " * SIZE + b"x",
    "status": b"**Status:** " + b"(" * SIZE,
    "front matter key": b"---\na" + b" " * SIZE + b"x\n---\n",
    "front matter keys": b"---\n" + b"".join(b"k%d: v\n" % at for at in range(20_000)) + b"---\n",
    "front matter list": b"---\nk:\n" + b"- x\n" * 20_000 + b"---\n",
    "fields": b"# t\n" + b"".join(b"**k%d:** v\n" % at for at in range(20_000)),
    "repeated": b"# t\n" + b"**Status:** a\n" * 20_000,
    "sections": b"# t\n" + b"## a\n- [ ] b\n" * 20_000,
    "quotes": b"> " * SIZE + b"```",
    "numbers": b"1. " * SIZE + b"```",
    "comments": b"<!-- " * SIZE,
    "twice encoded": ("â" + "€" * SIZE).encode(),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_for_ever(content: bytes) -> None:
    start = time.process_time()
    summary.summarize(read(content), "", FOLDER, policy.default())
    assert time.process_time() - start < 2


def test_ten_megabytes_take_ten_times_as_long_as_one() -> None:
    line = b"some words, [Plan #3], `code` and more words\n"
    small, large = (
        b"# Plan #7: T\n\n**Status:** Planned\n\n## Plan\n\n" + line * (size // len(line))
        for size in (1_000_000, 10_000_000)
    )
    times = []
    for content in (small, large):
        start = time.process_time()
        assert len(read(content).mentions) == content.count(b"#3")
        times.append(time.process_time() - start)
    assert times[1] < 30 * max(times[0], 0.02)
