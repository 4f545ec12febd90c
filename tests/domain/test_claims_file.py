"""Hand-kept claims files as people, scripts and enemies write them: entries with lines, or problems with lines."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import CORPUS
from holdfast.domain import claims_file, yaml_nodes
from holdfast.domain.claims_file import CLAIM, WORK, Entry
from holdfast.domain.claims_file_codes import MIGRATE_RULES
from holdfast.domain.codes import ALL, BY_CODE
from holdfast.domain.moment import iso

PATH = ".claude/active-work.yaml"
WHOLE = """# Who works on what
claims:
- cc_id: main
  task: 'Step 3: more tests'
  claimed_at: '2026-01-13T19:30:32'
- cc_id: plan-23-errors
  task: >-
    Errors that
    tell what to do
  claimed_at: 2026-01-13T21:30:32+01:00
  plan: 23
  session_id: 9bd13800-db93
completed:
- {cc_id: plan-20-move, plan: null, task: Move, completed_at: '2026-01-13', commit: ab12cd3}
merging: []
awaiting_review:
  - pr: 11
    branch: worktree-rules
    title: "[Rules] Worktrees for all"
    author: grace
    created: "2026-01-12T07:24:57Z"
"""
CLAIMED = "cc_id: plan-3-x\ntask: X\nclaimed_at: '2026-02-06T19:36:18Z'\nsession_id: s-1\nplan: 306\n"


def found(text: str | bytes, kind: str = WORK) -> list[tuple[str, int]]:
    """The problems of a text by code and line; each has what a refusal needs."""
    content = text if isinstance(text, bytes) else text.encode()
    reading = claims_file.read(content, kind, PATH)
    for problem in reading.problems:
        assert problem.severity == "error" and problem.path == PATH and problem.line and problem.line >= 1
        assert problem.code in BY_CODE and problem.message and problem.subject and problem.remedy
        assert problem.line <= max(1, len(content.decode("utf-8", "replace").splitlines())), problem
    return [(problem.code.removeprefix("claims-file-"), problem.line or 0) for problem in reading.problems]


def test_every_section_is_read_with_lines_and_times() -> None:
    reading = claims_file.read(WHOLE.encode(), WORK, PATH)
    assert reading.problems == ()
    assert [(one.line, one.section, one.name, one.plan, one.task, iso(one.at or 0)) for one in reading.entries] == [
        (3, "claims", "main", None, "Step 3: more tests", "2026-01-13T19:30:32Z"),
        (6, "claims", "plan-23-errors", 23, "Errors that tell what to do", "2026-01-13T20:30:32Z"),
        (14, "completed", "plan-20-move", None, "Move", "2026-01-13T00:00:00Z"),
        (17, "awaiting_review", "worktree-rules", None, "[Rules] Worktrees for all", "2026-01-12T07:24:57Z"),
    ]


def test_the_claim_of_a_worktree() -> None:
    reading = claims_file.read(CLAIMED.encode(), CLAIM, PATH)
    assert reading == ((Entry(1, "claim", "plan-3-x", 306, "X", reading.entries[0].at),), ())
    assert found(CLAIMED.replace("plan: 306", "plan: ~"), CLAIM) == []


@pytest.mark.parametrize("merging", ["{cc_id: a, pr: '12', locked_at: '2026-01-01T00:00:00Z'}", "[{cc_id: a}]"])
def test_who_merges_stands_alone_or_in_a_list(merging: str) -> None:
    reading = claims_file.read(f"merging: {merging}\n".encode(), WORK, PATH)
    assert [(one.section, one.name, one.task) for one in reading.entries] == [("merging", "a", "")]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("\n", "\r\n"),
        "\ufeff" + WHOLE,
        "claims:\ncompleted: ~\n",
        "{}",
        "---\nclaims: []\n...\n",
        "claims: []",
    ],
)
def test_other_ways_to_write_the_same(text: str) -> None:
    assert found(text) == []


ENTRY = "claims:\n- cc_id: a\n  task: b\n  claimed_at: '2026-01-01'\n"
WRONG: dict[str, tuple[str | bytes, list[tuple[str, int]]]] = {
    "nothing": ("", [("empty", 1)]),
    "only comments": ("# claims\n\n", [("empty", 1)]),
    "an empty document": ("---\n", [("empty", 1)]),
    "too large": ("# " + "x" * 10_000_000, [("large", 1)]),
    "latin 1": (ENTRY.encode() + b"  session_id: M\xfcller\n", [("not-utf8", 5)]),
    "utf-16": (ENTRY.encode("utf-16"), [("not-utf8", 1)]),
    "a conflict": (
        "claims:\n<<<<<<< HEAD\n- cc_id: a\n=======\n- cc_id: b\n>>>>>>> other\ncompleted: []\n",
        [("conflict", 2)],
    ),
    "two conflicts": ("<<<<<<< a\n=======\n>>>>>>> b\n<<<<<<< a\n>>>>>>> b\n", [("conflict", 1), ("conflict", 4)]),
    "half a conflict": ("claims: []\n>>>>>>> other\n", [("conflict", 2)]),
    "no YAML": ("claims: [\n- a: b: c\n", [("yaml", 2)]),
    "an open quote": ("claims: 'a\n\n", [("yaml", 2)]),
    "a tab": ("claims:\n\t- a\n", [("yaml", 2)]),
    "a control character": ("claims:\n- \x1b[2J\n", [("yaml", 2)]),
    "an escape for nothing": ('claims:\n- "\\UFFFFFFFF"\n', [("yaml", 2)]),
    "another escape for nothing": ('claims:\n- "\\U00110000"\n', [("yaml", 2)]),
    "too deep": ("claims:\n" + "[" * 200_000, [("yaml", 2)]),
    "deep, block by block": ("".join(f"{' ' * depth}a:\n" for depth in range(300)), [("yaml", 21)]),
    "an anchor and an alias": ("claims: &a []\ncompleted: *a\n", [("shorthand", 1), ("shorthand", 2)]),
    "an anchor nobody uses": ("claims:\n- cc_id: &a x\n", [("shorthand", 2)]),
    "a tag": ("claims:\n- !!python/object/apply:os.system [touch pwned]\n", [("shorthand", 2)]),
    "a tag that changes nothing": ("claims: []\ncompleted: !!seq []\n", [("shorthand", 2)]),
    "a merge key": ("claims:\n- <<: {cc_id: a}\n  task: b\n  claimed_at: '2026-01-01'\n", [("key", 2), ("field", 2)]),
    "two documents": ("claims: []\n---\nclaims: []\n", [("documents", 2)]),
    "a text": ("claims\n", [("shape", 1)]),
    "a list": ("- cc_id: a\n", [("shape", 1)]),
    "a section that is none": ("claims: []\nclams: []\n", [("key", 2)]),
    "a section that is a text": ("claims: none\n", [("shape", 1)]),
    "a section that is a mapping": ("claims:\n  cc_id: a\n", [("shape", 2)]),
    "an entry that is a text": ("claims:\n- plan-3-x\n", [("shape", 2)]),
    "an entry that is nothing": ("claims:\n-\n", [("shape", 2)]),
    "an unknown field": (ENTRY + "  owner: me\n", [("key", 5)]),
    "a field that is a list": (ENTRY + "  ? [a]\n  : b\n", [("key", 5)]),
    "a field of another section": (ENTRY + "  completed_at: '2026-01-01'\n", [("key", 5)]),
    "a section twice": ("claims: []\nclaims: []\n", [("key-twice", 2)]),
    "a field twice": (ENTRY + "  task: c\n", [("key-twice", 5)]),
    "no name": ("claims:\n- task: b\n  claimed_at: '2026-01-01'\n", [("field", 2)]),
    "no task": ("claims:\n- cc_id: a\n  claimed_at: '2026-01-01'\n", [("field", 2)]),
    "a time that is null": ("claims:\n- cc_id: a\n  task: b\n  claimed_at:\n", [("field", 2)]),
    "an empty mapping": ("completed:\n- {}\n", [("field", 2)] * 3),
    "an empty name": ("claims:\n- cc_id: ' '\n  task: b\n  claimed_at: '2026-01-01'\n", [("value", 2)]),
    "a name that is a number": ("claims:\n- cc_id: 5\n  task: b\n  claimed_at: '2026-01-01'\n", [("value", 2)]),
    "a name that is a list": ("claims:\n- cc_id: [a]\n  task: b\n  claimed_at: '2026-01-01'\n", [("value", 2)]),
    "a task that is true": ("claims:\n- cc_id: a\n  task: yes\n  claimed_at: '2026-01-01'\n", [("value", 3)]),
    "a plan in words": (ENTRY + "  plan: twenty\n", [("value", 5)]),
    "a plan in quotes": (ENTRY + "  plan: '23'\n", [("value", 5)]),
    "an octal plan": (ENTRY + "  plan: 010\n", [("value", 5)]),
    "a plan in base 60": (ENTRY + "  plan: 1:30\n", [("value", 5)]),
    "a negative plan": (ENTRY + "  plan: -3\n", [("value", 5)]),
    "a plan of many digits": (ENTRY + "  plan: " + "9" * 5_000 + "\n", [("value", 5)]),
    "a plan that is a list": (ENTRY + "  plan: [3]\n", [("value", 5)]),
    "no time": ("claims:\n- cc_id: a\n  task: b\n  claimed_at: yesterday\n", [("value", 4)]),
    "a time that is a number": ("claims:\n- cc_id: a\n  task: b\n  claimed_at: 20260101\n", [("value", 4)]),
    "files that are none": (ENTRY + "  files: a.py\n", [("value", 5)]),
    "everything at once": (
        "claims:\n- cc_id: 1\n  tsk: b\n  plan: x\ncompleted: 7\n",
        [("key", 3), ("field", 2), ("field", 2), ("value", 2), ("value", 4), ("shape", 5)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_understood_is_a_problem_with_its_line(case: str) -> None:
    text, expected = WRONG[case]
    assert found(text) == expected


def test_every_code_has_an_entry_and_a_case() -> None:
    here = {f"claims-file-{code}" for _, problems in WRONG.values() for code, _ in problems}
    elsewhere = {"claims-file-unmerged", "claims-file-no-file", "claims-file-ignore"}  # tests/test_migrate.py
    assert here | elsewhere == {rule.code for rule in MIGRATE_RULES}
    assert all(rule.code.startswith("claims-file-") for rule in MIGRATE_RULES)
    assert len({rule.code for rule in ALL}) == len(ALL) == len(BY_CODE)


def test_an_entry_counts_only_whole() -> None:
    text = ENTRY + "- cc_id: b\n  task: c\n  claimed_at: '2026-01-01'\n  plan: x\n"
    reading = claims_file.read(text.encode(), WORK, PATH)
    assert [entry.name for entry in reading.entries] == ["a"] and len(reading.problems) == 1


def test_a_bomb_does_not_expand() -> None:
    """Ten lists of ten aliases each: 10**10 nodes for whoever follows them."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
    began = time.monotonic()
    assert {code for code, _ in found("\n".join(lines))} == {"shorthand"}
    assert time.monotonic() - began < 2
    messages = [problem.message for problem in claims_file.read("\n".join(lines).encode(), WORK, PATH).problems]
    assert "the anchor &a0 stands" in messages[0] and "the alias *a0 stands" in messages[2]


def test_the_largest_file_is_read_in_seconds() -> None:
    one = "- {cc_id: plan-1-some-words, task: 'Some words about it', completed_at: '2026-01-13T19:30:32Z'}\n"
    text = "completed:\n" + one * ((yaml_nodes.LARGEST - 20) // len(one))
    began = time.monotonic()
    assert found(text) == []
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("name", ["active-work-claims", "active-work-awaiting-review", "worktree.claim"])
def test_real_files_are_understood(name: str) -> None:
    path = CORPUS.parent / "claims" / f"{name}.yaml"
    if not path.exists():
        pytest.skip("the corpus is not here")
    kind = CLAIM if name == "worktree.claim" else WORK
    assert found(path.read_bytes(), kind) == []
    assert claims_file.read(path.read_bytes(), kind, PATH).entries


PIECES = [
    *(line + "\n" for line in WHOLE.split("\n")), *CLAIMED.splitlines(keepends=True), "- ", "  ", ": ", "&a ", "*a", "!!str ",
    "!", "[", "]", "{", "}", "'", '"', "|\n", ">-\n", "---\n", "...\n", "? ", "%YAML 1.1\n", "%TAG ! x\n", "<<<<<<< a\n",
    ">>>>>>> b\n", "=======\n", "\r", "\t", "\x00", "\x85", "\u2028", "\ufeff", "\\U", '"\\x4', "0x", "1e3", "~", "#",
]  # fmt: skip
KINDS = st.sampled_from([WORK, CLAIM])


@given(st.binary(max_size=200), KINDS)
def test_any_bytes_give_entries_or_problems(content: bytes, kind: str) -> None:
    holds(content, kind)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), KINDS)
def test_any_pieces_give_entries_or_problems(text: str, kind: str) -> None:
    holds(text.encode(), kind)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.datetimes())
KEYS = st.sampled_from(
    ["claims", "completed", "merging", "awaiting_review", "cc_id", "task", "claimed_at", "plan", "x", 5]
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@given(TREES, KINDS)
def test_any_yaml_gives_entries_or_problems(tree: object, kind: str) -> None:
    holds(yaml.safe_dump(tree).encode(), kind)


def holds(content: bytes, kind: str) -> None:
    """Never an error; the same again; and what has no entry and no problem says so in so many words."""
    reading = claims_file.read(content, kind, PATH)
    assert reading == claims_file.read(content, kind, PATH)
    found(content, kind)
    lines = len(content.decode("utf-8", "replace").splitlines())
    for entry in reading.entries:
        assert 1 <= entry.line <= lines and entry.name.strip()
