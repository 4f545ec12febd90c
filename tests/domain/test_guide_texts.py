"""The guide in texts of others: put in, brought up to date, judged; and the recovery page beside the catalogue."""

from __future__ import annotations

import importlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain import exit_codes, guide, recovery
from holdfast.domain.codes import ALL, BY_CODE
from holdfast.domain.guide import AGENTS, CLAUDE, CURRENT, EDITED, NEWER, OLD, PROCESS
from holdfast.entrypoints import cli
from holdfast.usecases.guide import texts

OURS = texts.ours()
BLOCK = OURS.block
OTHER = guide.block("Other words.\n")
PAGE = guide.page("# Words\n")


def of_version(text: str, version: int) -> str:
    return text.replace("holdfast guide 1 ", f"holdfast guide {version} ", 1)


# In a text of somebody else


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{BLOCK}\n"),
        ("\ufeff", f"\ufeff{BLOCK}\n"),
        ("# Mine\n", f"# Mine\n\n{BLOCK}\n"),
        ("# Mine", f"# Mine\n\n{BLOCK}"),
        ("# Mine\r\nyours\r\n", "# Mine\r\nyours\r\n\r\n" + BLOCK.replace("\n", "\r\n") + "\r\n"),
        (f"{OTHER}\n", f"{BLOCK}\n"),
        (f"a\n{OTHER}\nb", f"a\n{BLOCK}\nb"),
        (f"\ufeff{OTHER}", f"\ufeff{BLOCK}"),
        (f"  {OTHER}  \n\x0b", f"  {BLOCK}  \n\x0b"),
        ("a\r\n" + OTHER.replace("\n", "\r\n") + "\r\nb", "a\r\n" + BLOCK.replace("\n", "\r\n") + "\r\nb"),
        (f"say `<!-- holdfast guide 1 begin` and\n{OTHER}\n", f"say `<!-- holdfast guide 1 begin` and\n{BLOCK}\n"),
    ],
)
def test_the_block_is_put_in_or_replaced_and_every_other_byte_stays(before: str, after: str) -> None:
    assert guide.placed(before, AGENTS, BLOCK) == after
    assert guide.placed(after, AGENTS, BLOCK) == after


@given(st.text(st.sampled_from("ab\n\r #`<!->\ufeff\udcff")), st.text(st.sampled_from("ab\n\r #`<!->")))
def test_whatever_stands_around_the_block_stays(before: str, behind: str) -> None:
    made = guide.placed(before, AGENTS, BLOCK)
    assert made.startswith(before)
    part = guide.found(made, AGENTS)
    assert part is not None and part.text == BLOCK
    again = guide.placed(f"{before}\n{OTHER}\n{behind}", AGENTS, BLOCK)
    assert again.startswith(f"{before}\n") and again.endswith(f"\n{behind}")
    assert again[len(before) + 1 : len(again) - len(behind) - 1].replace("\r\n", "\n") == BLOCK


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (BLOCK.removesuffix("<!-- holdfast guide end -->"), "1 begin and 0 end markers", 1),
        ("a\n\n<!-- holdfast guide end -->\n", "0 begin and 1 end markers", 3),
        (f"a\n{BLOCK}\n{BLOCK}\n", "2 begin and 2 end markers", 2),
        (f"<!-- holdfast guide end -->\n{BLOCK.partition(chr(10))[0]}\n", "1 begin and 1 end markers", 1),
        ("<!-- holdfast guide\n<!-- holdfast guide 1 begin\n", "1 begin and 0 end markers", 2),
    ],
)
def test_a_torn_block_is_broken(text: str, what: str, line: int) -> None:
    with pytest.raises(guide.Broken) as broken:
        guide.placed(text, CLAUDE, BLOCK)
    assert broken.value.args == (what, line)


@pytest.mark.parametrize(
    ("there", "verdict"),
    [
        (BLOCK, CURRENT),
        (BLOCK.replace("\n", "\r\n"), CURRENT),
        (OTHER, OLD),  # the version was forgotten, and nobody edited it
        (of_version(OTHER, 0), OLD),
        (of_version(BLOCK, 0), OLD),
        (of_version(OTHER, 2), NEWER),
        (of_version(OTHER, 99), NEWER),
        (BLOCK.replace("Never:", "Always:"), EDITED),
        (BLOCK.replace("\n<!-- holdfast guide end", "\nMine.\n<!-- holdfast guide end"), EDITED),
        (of_version(OTHER, 0).replace("Other", "My"), EDITED),
        (of_version(OTHER, 2).replace("Other", "My"), EDITED),
        (BLOCK.replace("guide 1 begin", "guide one begin"), EDITED),
        (BLOCK.replace("guide 1 begin", "guide 1" + "0" * 5000 + " begin"), EDITED),
        (BLOCK.replace("do not edit", "do edit"), OLD),
    ],
)
def test_edited_old_newer_or_as_it_should_be(there: str, verdict: str) -> None:
    part = guide.found(there, AGENTS)
    assert part is not None and guide.judged(part, BLOCK) == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (PAGE, CURRENT),
        ("\ufeff" + PAGE, CURRENT),
        (PAGE.replace("\n", "\r\n"), CURRENT),
        (PAGE + "mine\n", EDITED),
        (guide.page("# Other\n"), OLD),
        (of_version(guide.page("# Other\n"), 2), NEWER),
        ("# My own page\n", None),
        ("# My own page\n" + PAGE, None),
        ("", None),
    ],
)
def test_a_page_is_ours_from_its_first_line_on_or_somebody_elses(text: str, verdict: str | None) -> None:
    part = guide.found(text, PROCESS)
    assert (guide.judged(part, PAGE) if part is not None else None) == verdict


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("@AGENTS.md", True),
        ("# Mine\r\n\r\n@AGENTS.md\r\n", True),
        ("\ufeff@./AGENTS.md\n", True),
        ("First read @AGENTS.md.\n", True),
        ("", False),
        ("AGENTS.md\n", False),
        ("@docs/AGENTS.md\n", False),
        ("write `@AGENTS.md` into it\n", False),
        ("```\n@AGENTS.md\n```\n", False),
        ("<!--\n@AGENTS.md\n-->\n", False),
        ("mail@AGENTS.md\n", False),
    ],
)
def test_a_claude_md_that_imports_agents_md(text: str, imports: bool) -> None:
    assert guide.imports_agents(text) == imports


# What it says


def test_the_block_is_short_and_says_what_has_to_be_said() -> None:
    lines = BLOCK.split("\n")
    assert len(lines) <= 25 and max(map(len, lines)) <= 110
    for words in (
        "holdfast start N", "start --next", "[Plan #N]", "holdfast plan set N --status complete --evidence",
        "holdfast finish N", "finish --resume", "edit the plan index", "git worktree remove", "rm -rf", "git branch -D",
        "`-m`", "--no-verify", "git push --force", "main worktree", "start --steal", "unclaim --abandon",
        "worktree remove --force", "--force-in-use", "trash empty", "HOLDFAST_ALLOW=1", "approve", "`who`", "`you`",
        "`wait`", "`human`", "next:", "holdfast status --json", "holdfast doctor", "docs/PROCESS.md", "docs/RECOVERY.md",
    ):  # fmt: skip
        assert words in BLOCK, words
    assert re.sub(r"\s+", " ", BLOCK).count("holdfast explain CODE") == 1
    for one in exit_codes.EXITS:
        assert re.search(rf"\b{one.code} \w", BLOCK), one


def test_a_text_that_changes_asks_for_another_version() -> None:
    """Raise `VERSION` when a text differs from that of the last release, and write its check digits here."""
    digits = {1: ("4f1c18e7", "5f9e3d18")}
    assert tuple(re.findall(r"(?:begin|page) ([0-9a-f]{8}):", OURS.block + OURS.process)) == digits[guide.VERSION]


BEING_BUILT: set[str] = set()


def flags(command: str) -> set[str]:
    """Every flag of a command."""
    room = importlib.import_module(f"holdfast.entrypoints.commands.{command}")
    parser = cli.Parser(prog=command)
    cli.add_common(parser)
    room.arguments(parser)
    return set(parser.flags())


def test_every_command_and_flag_that_is_named_exists() -> None:
    named = 0
    for words in re.findall(r"(?:`|\(|\$ )holdfast ([^`\n]*)", OURS.block + OURS.process + OURS.recovery):
        name, *rest = words.replace(")", " ").replace('"', " ").split()
        if name in BEING_BUILT or name == "hook":
            continue
        assert name in cli.COMMANDS, words
        given = {word.rstrip(".,;") for word in rest if word.startswith("--")}
        assert given <= flags(name), words
        named += 1
    assert named > 60


# The recovery page


def anchors() -> list[str]:
    return re.findall(r'^<a id="([^"]+)"></a>$', OURS.recovery, flags=re.M)


def test_every_code_every_exit_code_and_every_failure_mode_has_one_anchor() -> None:
    wanted = [
        *(one.anchor for one in recovery.FAILURES),
        *(one.anchor for one in exit_codes.EXITS),
        *(one.code for one in ALL),
    ]
    assert anchors() == wanted
    assert len(set(wanted)) == len(wanted)
    for link in re.findall(r"\]\(#([^)]*)\)", OURS.recovery):
        assert link in wanted, link


def test_every_failure_mode_says_what_it_looks_like_what_happened_and_what_to_do() -> None:
    for failure in recovery.FAILURES:
        assert all((failure.title, failure.looks, failure.happened)) and len(failure.steps) >= 2, failure
        assert set(failure.codes) <= set(BY_CODE), failure
        for text in (failure.title, failure.looks, failure.happened, *failure.steps):
            assert text in OURS.recovery
            assert text.count("`") % 2 == 0, text
    assert len(recovery.FAILURES) >= 17
