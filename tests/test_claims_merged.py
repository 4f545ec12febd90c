"""Merged or not, told by real git: every rung of the ladder, and everything that only looks like one.

Each story makes the branch plan-5-parser and what became of it, and gives the branch's checked-out state away: HEAD ends
anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from branches import Branches, begin, text

ME = "plan-5-parser"
Story = Callable[[Branches], object]


@pytest.fixture
def work(tmp_path: Path) -> Branches:
    return begin(tmp_path)


def two_commits(work: Branches, branch: str = ME) -> None:
    """Two commits of the branch: lines 7 and 9 of one file, and a new file."""
    work.on(branch)
    work.save("Parse words", code__txt=text(l7="words", l9="more words"))
    work.save("Parse numbers", code__txt=text(l7="words", l9="numbers"), new__txt="new\n")


def go_on(work: Branches, number: int = 1) -> None:
    """Somebody else's commit on main, far away from the branch's lines."""
    work.on("main")
    work.save(f"Go on {number}", more__txt=text(l30=f"elsewhere {number}"))


def nearby(work: Branches) -> None:
    """Main changes a line beside those of the branch, so that the context of its hunks is another one."""
    work.on("main")
    work.save("Nearby", code__txt=text(l5="nearby"))


# Merged: what each rung proves


def merge_commit(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", ME)


def merge_commit_then_more(work: Branches) -> None:
    merge_commit(work)
    work.save("Later", code__txt=text(l7="other words"))


def merge_by_host(work: Branches) -> None:
    """A merge commit whose second parent is the branch, brought to main by a fast-forward to a merge made elsewhere."""
    two_commits(work)
    go_on(work)
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from o/plan-5-parser", ME)
    merged = work.id("HEAD")
    work.on("main")
    work.git("merge", "-q", "--ff-only", merged)


def octopus(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.git("checkout", "-q", "-b", "topic")
    work.save("Topic", topic__txt="topic\n")
    go_on(work)
    work.git("merge", "-q", "--no-edit", ME, "topic")


def merged_into_a_merged_one(work: Branches) -> None:
    two_commits(work)
    work.git("checkout", "-q", "-b", "train", "main")
    work.save("Train", train__txt="train\n")
    work.git("merge", "-q", "--no-ff", "--no-edit", ME)
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", "train")


def fast_forward(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.git("merge", "-q", "--ff-only", ME)


def fast_forward_then_more(work: Branches) -> None:
    fast_forward(work)
    go_on(work)


def fast_forward_by_push(work: Branches) -> None:
    two_commits(work)
    work.git("push", "-q", ".", f"{ME}:main")


def rebased_then_fast_forward(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.git("rebase", "-q", "main", ME)
    work.on("main")
    work.git("merge", "-q", "--ff-only", ME)


def squash(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.squash(ME, "The parser")


def squash_of_one(work: Branches) -> None:
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.on("main")
    work.squash(ME, "The parser")


def squash_then_same_lines(work: Branches) -> None:
    squash(work)
    work.save("Fix up", code__txt=text(l7="better words", l9="better numbers"), new__txt="better\n")


def squash_then_rewritten(work: Branches) -> None:
    squash_then_same_lines(work)
    work.save("Rewrite", code__txt="all new\n", new__txt=None)


def squash_then_main_merged_back(work: Branches) -> None:
    squash(work)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "main")


def squash_fixed_up_then_main_merged_back(work: Branches) -> None:
    squash_then_same_lines(work)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "-Xtheirs", "main")


def squash_main_merged_back_twice(work: Branches) -> None:
    squash_then_main_merged_back(work)
    go_on(work, 2)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "--no-ff", "main")
    go_on(work, 3)


def main_merged_then_squash(work: Branches) -> None:
    """ "Update branch" on the host, then "squash and merge"; later the same lines are changed."""
    two_commits(work)
    nearby(work)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "main")
    go_on(work)
    work.squash(ME, "The parser")
    work.save("Fix up", code__txt=text(l5="nearby", l7="better words"))


def main_merged_with_conflict_then_squash(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.save("Same line", code__txt=text(l7="main's words"))
    work.on(ME)
    assert work.try_git("merge", "main").code == 1
    work.save("Merge main", code__txt=text(l7="both words", l9="numbers"))
    go_on(work)
    work.squash(ME, "The parser")
    work.save("Fix up", code__txt=text(l7="better words"))


def main_merged_between_then_squash(work: Branches) -> None:
    two_commits(work)
    nearby(work)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "main")
    work.save("Parse strings", code__txt=text(l5="nearby", l7="words", l9="numbers", l12="strings"))
    go_on(work)
    work.squash(ME, "The parser")
    work.save("Fix up", code__txt=text(l5="nearby", l7="better words"))


def pick_each(work: Branches) -> None:
    two_commits(work)
    go_on(work, 1)
    work.git("cherry-pick", f"{ME}~1")
    go_on(work, 2)
    work.git("cherry-pick", "-x", ME)


def pick_each_then_same_lines(work: Branches) -> None:
    pick_each(work)
    work.save("Fix up", code__txt=text(l7="better words", l9="better numbers"), new__txt="better\n")


def rebased_copy_merged(work: Branches) -> None:
    """What a host's "rebase and merge" does: the commits anew on top of main, the branch as it was."""
    two_commits(work)
    go_on(work)
    work.git("checkout", "-q", "--detach", ME)
    work.git("rebase", "-q", "main")
    merged = work.id("HEAD")
    work.on("main")
    work.git("merge", "-q", "--ff-only", merged)
    work.save("Fix up", code__txt=text(l7="better words"))


def same_content(work: Branches) -> None:
    """The branch's files came to main in other portions."""
    two_commits(work)
    work.on("main")
    work.save("One", code__txt=text(l9="numbers"))
    work.save("Two", code__txt=text(l7="words", l9="numbers"), more__txt=text(l1="first"))
    work.save("Three", new__txt="new\n")


def same_tree(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.save("One", code__txt=text(l9="numbers"))
    work.save("Two", code__txt=text(l7="words", l9="numbers"))
    work.save("Three", new__txt="new\n")


def same_hunks(work: Branches) -> None:
    """Main has the branch's lines, in other portions and among other changes of the same files."""
    two_commits(work)
    work.on("main")
    work.save("One", code__txt=text(l9="numbers", l20="other"))
    work.save("Two", code__txt=text(l1="first", l7="words", l9="numbers", l20="other"), new__txt="new\n")


def squash_with_nearby_lines(work: Branches) -> None:
    """The squash has another context than the branch."""
    two_commits(work)
    nearby(work)
    work.squash(ME, "The parser")


def titled(work: Branches) -> None:
    """A squash by a host: the conflict was resolved there, and only the title and the files tell."""
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.on("main")
    work.save("Same line", code__txt=text(l7="main's words"))
    work.save("Parse words (#12)", code__txt=text(l7="both words"))


def binary(work: Branches) -> None:
    work.on(ME)
    work.save("Picture", picture__bin=b"\0one" * 100)
    go_on(work)
    work.squash(ME, "Picture")
    work.save("Another", picture__bin=b"\0two" * 100)


def mode(work: Branches) -> None:
    work.on(ME)
    (work.path / "code.txt").chmod(0o755)
    work.record("Executable")
    go_on(work)
    work.squash(ME, "Executable")
    work.save("Other words", code__txt=text(l1="other"))


def renamed(work: Branches) -> None:
    work.on(ME)
    work.git("mv", "code.txt", "renamed.txt")
    work.save("Rename", renamed__txt=text(l7="words"))
    go_on(work)
    work.squash(ME, "Rename")
    work.save("More", renamed__txt=text(l7="better words"))


def deleted_file(work: Branches) -> None:
    work.on(ME)
    work.save("Delete", code__txt=None)
    go_on(work)
    work.squash(ME, "Delete")
    work.save("Again", code__txt=text(l3="again"))


def with_odd_names(work: Branches) -> None:
    work.on(ME)
    for name in ('qu"ote\n.txt', "tab\t.txt", "ümlaut.txt", "-dash", ":(top)x", " blank "):
        work.put(name, "words\n")
    work.record("Odd")
    go_on(work)
    work.squash(ME, "Odd")
    work.put('qu"ote\n.txt', "other\n")
    work.record("Fix up")


def without_line_end(work: Branches) -> None:
    work.on(ME)
    work.save("No end", code__txt=text(l40="end").rstrip("\n"))
    go_on(work)
    work.squash(ME, "No end")
    work.save("End", code__txt=text(l40="end"))


MERGED: dict[str, tuple[Story, str]] = {
    "merge commit": (merge_commit, "its commits are in main"),
    "merge commit, then more": (merge_commit_then_more, "its commits are in main"),
    "merge by a host": (merge_by_host, "its commits are in main"),
    "octopus": (octopus, "its commits are in main"),
    "merged into a branch that was merged": (merged_into_a_merged_one, "its commits are in main"),
    "fast-forward": (fast_forward, "fast-forwarded"),
    "fast-forward, then more": (fast_forward_then_more, "fast-forwarded"),
    "fast-forward by a push": (fast_forward_by_push, "fast-forwarded"),
    "rebased, then fast-forward": (rebased_then_fast_forward, "fast-forwarded"),
    "squash": (squash, "as one commit"),
    "squash of one commit": (squash_of_one, "as one commit"),
    "squash, then the same lines": (squash_then_same_lines, "as one commit"),
    "squash, then rewritten": (squash_then_rewritten, "as one commit"),
    "squash, then main merged back": (squash_then_main_merged_back, "as one commit"),
    "squash, fixed up, then main merged back": (squash_fixed_up_then_main_merged_back, "as one commit"),
    "squash, then main merged back twice": (squash_main_merged_back_twice, "as one commit"),
    "main merged, then squash": (main_merged_then_squash, "as one commit"),
    "main merged with a conflict, then squash": (main_merged_with_conflict_then_squash, "as one commit"),
    "main merged in between, then squash": (main_merged_between_then_squash, "as one commit"),
    "each commit picked": (pick_each, "each of its commits"),
    "each commit picked, then the same lines": (pick_each_then_same_lines, "each of its commits"),
    "rebased copy merged": (rebased_copy_merged, "each of its commits"),
    "same content": (same_content, "every file that it changed as it has it"),
    "same tree": (same_tree, "exactly its files"),
    "same hunks": (same_hunks, "every change that it made"),
    "squash with nearby lines": (squash_with_nearby_lines, "every change that it made"),
    "titled": (titled, "its title, a request number and its files (#12)"),
    "binary file": (binary, "as one commit"),
    "mode": (mode, "as one commit"),
    "renamed": (renamed, "as one commit"),
    "deleted file": (deleted_file, "as one commit"),
    "odd names": (with_odd_names, "as one commit"),
    "no line end": (without_line_end, "as one commit"),
}


@pytest.mark.parametrize("name", MERGED)
def test_merged(work: Branches, name: str) -> None:
    story, words = MERGED[name]
    story(work)
    found = work.claim()
    assert found["state"] == "integrated", found
    assert words in found["reasons"][0] and "reverted" not in found["reasons"][0], found
    assert ME not in {one["branch"] for one in work.json("claims")["claims"]}


# Merged, and taken back later


def revert_squash(work: Branches) -> None:
    squash(work)
    work.git("revert", "--no-edit", "HEAD")


def revert_squash_by_hand(work: Branches) -> None:
    squash(work)
    work.save("No parser", code__txt=text(), new__txt=None)


def revert_squash_by_hand_among_others(work: Branches) -> None:
    squash(work)
    work.save("Elsewhere", code__txt=text(l7="words", l9="numbers", l30="other"))
    work.save("No parser", code__txt=text(l30="other"), new__txt=None)


def revert_merge(work: Branches) -> None:
    merge_commit(work)
    work.git("revert", "--no-edit", "-m", "1", "HEAD")


def revert_fast_forward(work: Branches) -> None:
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.on("main")
    work.git("merge", "-q", "--ff-only", ME)
    work.git("revert", "--no-edit", "HEAD")


def revert_a_pick(work: Branches) -> None:
    pick_each(work)
    work.git("revert", "--no-edit", "HEAD")


def revert_an_early_pick(work: Branches) -> None:
    two_commits(work)
    work.on(ME)
    work.save("Parse strings", more__txt=text(l7="strings"))
    work.on("main")
    for back in (2, 1, 0):
        work.git("cherry-pick", f"{ME}~{back}")
        work.save(f"Between {back}", other__txt=f"between {back}\n")
    work.git("revert", "--no-edit", "HEAD~5", "HEAD~3", env={"GIT_EDITOR": "true"}, ok=None)
    work.git("revert", "--abort", ok=None)
    work.git("revert", "--no-edit", "HEAD~1")


def revert_no_line_end(work: Branches) -> None:
    without_line_end(work)
    work.save("Elsewhere", code__txt=text(l1="first", l40="end").rstrip("\n"))
    work.save("Back", code__txt=text(l1="first"))


def revert_titled(work: Branches) -> None:
    titled(work)
    work.git("revert", "--no-edit", "HEAD")


def revert_twice_again(work: Branches) -> None:
    revert_squash(work)
    work.git("revert", "--no-edit", "HEAD")
    work.git("revert", "--no-edit", "HEAD")


REVERTED: dict[str, Story] = {
    "squash": revert_squash,
    "squash by hand": revert_squash_by_hand,
    "squash by hand, among others": revert_squash_by_hand_among_others,
    "merge": revert_merge,
    "fast-forward": revert_fast_forward,
    "one of the picks": revert_a_pick,
    "an early pick": revert_an_early_pick,
    "titled": revert_titled,
    "thrice": revert_twice_again,
}


@pytest.mark.parametrize("name", REVERTED)
def test_reverted_later_is_merged_and_says_so(work: Branches, name: str) -> None:
    REVERTED[name](work)
    found = work.claim()
    assert found["state"] == "integrated", found
    assert found["reasons"][0].endswith("and reverted later"), found


@pytest.mark.parametrize("story", [revert_squash, revert_merge], ids=["squash", "merge"])
def test_reverted_and_brought_back_is_merged(work: Branches, story: Story) -> None:
    story(work)
    work.git("revert", "--no-edit", "HEAD")
    found = work.claim()
    assert found["state"] == "integrated" and "reverted" not in found["reasons"][0], found


def test_work_on_top_of_a_revert_is_open(work: Branches) -> None:
    """Main was merged into the branch after the revert, and the work done again: now main lacks it."""
    revert_squash(work)
    work.on(ME)
    work.git("merge", "-q", "--no-edit", "main")
    work.save("Again", code__txt=text(l7="words", l9="numbers"), new__txt="new\n")
    assert work.claim()["state"] == "active"


# Not merged


def some_commits(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.git("cherry-pick", f"{ME}~1")


def some_files(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.save("Part", code__txt=text(l7="words", l9="numbers"))


def some_hunks(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.save("Part", code__txt=text(l7="words"), new__txt="new\n")


def squash_then_more_work(work: Branches) -> None:
    squash(work)
    work.on(ME)
    work.save("More", code__txt=text(l7="words", l9="numbers", l12="more"), new__txt="new\n")


def squash_merged_back_then_more_work(work: Branches) -> None:
    squash_then_main_merged_back(work)
    work.save("More", code__txt=text(l7="words", l9="numbers", l12="more"))


def squash_merged_back_with_work_in_the_merge(work: Branches) -> None:
    squash(work)
    go_on(work, 2)
    work.on(ME)
    work.git("merge", "-q", "--no-commit", "main")
    work.save("Merge main", code__txt=text(l7="words", l9="numbers", l12="by the way"))


def main_merged_with_work_in_the_merge_then_part_squashed(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.on(ME)
    work.git("merge", "-q", "--no-commit", "main")
    work.save("Merge main", code__txt=text(l7="words", l9="numbers", l12="by the way"))
    work.on("main")
    work.squash(f"{ME}~1", "The parser")


def titled_before_the_last_commit(work: Branches) -> None:
    """The request was merged as it was pushed; the second commit was made before that and never pushed."""
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.save("Parse more words", code__txt=text(l7="more words"))
    work.on("main")
    work.save("Parse words (#12)", code__txt=text(l7="words"))


def titled_nearby_before_the_last_commit(work: Branches) -> None:
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.save("Parse more words", code__txt=text(l7="more words"))
    nearby(work)
    work.save("Parse words (#12)", code__txt=text(l5="nearby", l7="words"))


def same_title_other_files(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.save("Parse words (#12)", more__txt=text(l7="words"))


def same_title_without_number(work: Branches) -> None:
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.on("main")
    work.save("Parse words", code__txt=text(l7="other words"))


def same_title_earlier(work: Branches) -> None:
    work.on("main")
    work.save("Parse words (#12)", code__txt=text(l7="other words"))
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))


def white_space(work: Branches) -> None:
    work.on(ME)
    work.save("Indent", code__txt=text(l7="    words"))
    work.on("main")
    work.save("Indent", code__txt=text(l7="words"))


def white_space_only(work: Branches) -> None:
    work.on(ME)
    work.save("Indent", code__txt=text(l7="  line 7"))
    work.on("main")
    work.save("Indent", code__txt=text(l7="    line 7"))


def line_ends(work: Branches) -> None:
    work.on(ME)
    work.save("Ends", code__txt=text(l7="words\r"))
    work.on("main")
    work.save("Ends", code__txt=text(l7="words"))


def mode_only(work: Branches) -> None:
    work.on(ME)
    (work.path / "code.txt").chmod(0o755)
    work.record("Executable")
    go_on(work)


def words_without_the_mode(work: Branches) -> None:
    work.on(ME)
    (work.path / "code.txt").chmod(0o755)
    work.save("Executable", code__txt=text(l7="words"))
    work.on("main")
    work.save("Words", code__txt=text(l7="words"))


def other_binary(work: Branches) -> None:
    work.save("Picture", picture__bin=b"\0zero" * 100)
    work.on(ME)
    work.save("Picture one", picture__bin=b"\0one" * 100)
    work.on("main")
    work.save("Picture two", picture__bin=b"\0two" * 100)


def other_binary_added(work: Branches) -> None:
    work.on(ME)
    work.save("Picture", picture__bin=b"\0one" * 100)
    work.on("main")
    work.save("Picture", picture__bin=b"\0two" * 100)


def other_link(work: Branches) -> None:
    work.on(ME)
    (work.path / "link").symlink_to("code.txt")
    work.record("Link")
    work.on("main")
    (work.path / "link").symlink_to("more.txt")
    work.record("Link")


def cancelled_out(work: Branches) -> None:
    two_commits(work)
    work.git("revert", "--no-edit", "HEAD", "HEAD~1")
    go_on(work)


def empty_commit(work: Branches) -> None:
    work.on(ME)
    work.save("Nothing")
    go_on(work)


def only_merges_of_main(work: Branches) -> None:
    work.git("branch", ME)
    go_on(work)
    work.on(ME)
    work.git("merge", "-q", "--no-ff", "--no-edit", "main")
    go_on(work, 2)


def no_common_history(work: Branches) -> None:
    work.git("checkout", "-q", "--orphan", ME)
    work.record("All new")
    work.on("main")


def same_work_before_the_branch(work: Branches) -> None:
    """Main had this very change, took it back, and only then the branch began and made it again."""
    work.save("Words", code__txt=text(l7="words"))
    work.git("revert", "--no-edit", "HEAD")
    work.on(ME)
    work.save("Words", code__txt=text(l7="words"))
    go_on(work)


def merged_elsewhere(work: Branches) -> None:
    two_commits(work)
    work.git("checkout", "-q", "-b", "train", "main")
    work.squash(ME, "The parser (#12)")


def picked_with_less(work: Branches) -> None:
    two_commits(work)
    work.on("main")
    work.git("cherry-pick", f"{ME}~1")
    work.git("cherry-pick", "--no-commit", ME)
    work.save("Parse numbers", new__txt=None)


OPEN: dict[str, tuple[Story, int]] = {
    "some commits": (some_commits, 2),
    "some files": (some_files, 2),
    "some hunks": (some_hunks, 2),
    "squash, then more work": (squash_then_more_work, 3),
    "squash, merged back, then more work": (squash_merged_back_then_more_work, 4),
    "squash, merged back with work in the merge": (squash_merged_back_with_work_in_the_merge, 3),
    "main merged with work in the merge, then a part squashed": (
        main_merged_with_work_in_the_merge_then_part_squashed, 3,
    ),
    "titled before the last commit": (titled_before_the_last_commit, 2),
    "titled nearby before the last commit": (titled_nearby_before_the_last_commit, 2),
    "same title, other files": (same_title_other_files, 2),
    "same title without a number": (same_title_without_number, 1),
    "same title earlier": (same_title_earlier, 1),
    "white space": (white_space, 1),
    "white space only": (white_space_only, 1),
    "line ends": (line_ends, 1),
    "mode only": (mode_only, 1),
    "words without the mode": (words_without_the_mode, 1),
    "other binary": (other_binary, 1),
    "other binary added": (other_binary_added, 1),
    "other link": (other_link, 1),
    "cancelled out": (cancelled_out, 4),
    "empty commit": (empty_commit, 1),
    "no common history": (no_common_history, 1),
    "the same work before the branch": (same_work_before_the_branch, 1),
    "merged elsewhere": (merged_elsewhere, 2),
    "picked with less": (picked_with_less, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", OPEN)
def test_not_merged(work: Branches, name: str) -> None:
    story, own = OPEN[name]
    story(work)
    found = work.claim()
    assert found["state"] == "active", found
    assert found["own_commits"] == own, found


# Fresh: without work of its own, and never merged


def from_an_old_main(work: Branches) -> None:
    work.git("branch", ME)
    go_on(work)


def behind_a_merge(work: Branches) -> None:
    two_commits(work, "other")
    work.git("branch", ME, "main")
    work.on("main")
    work.git("merge", "-q", "--no-ff", "--no-edit", "other")


def stacked_on_a_merged_one(work: Branches) -> None:
    two_commits(work, "plan-6-printer")
    work.git("branch", ME)
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", "plan-6-printer")
    work.git("branch", "-q", "-D", "plan-6-printer")


def stacked_in_the_middle(work: Branches) -> None:
    two_commits(work, "plan-6-printer")
    work.git("branch", ME, "plan-6-printer~1")
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", "plan-6-printer")


def stacked_on_a_fast_forwarded_one(work: Branches) -> None:
    two_commits(work, "plan-6-printer")
    work.git("branch", ME)
    work.on("main")
    work.git("merge", "-q", "--ff-only", "plan-6-printer")


def moved_onto_a_merged_one(work: Branches) -> None:
    work.git("branch", ME)
    two_commits(work, "plan-6-printer")
    work.on(ME)
    work.git("merge", "-q", "--ff-only", "plan-6-printer")
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", "plan-6-printer")


def picked_by_fast_forward(work: Branches) -> None:
    work.git("branch", ME)
    go_on(work)
    work.on(ME)
    work.git("cherry-pick", "--ff", "main")


def rebased(work: Branches) -> None:
    work.git("branch", ME)
    go_on(work)
    work.git("rebase", "-q", "main", ME)


def pulled(work: Branches) -> None:
    work.git("branch", ME)
    go_on(work)
    work.on(ME)
    work.git("pull", "-q", "--rebase", ".", "main")


def reset_after_work(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.on(ME)
    work.git("reset", "-q", "--hard", "main")


def recreated(work: Branches) -> None:
    """The name of a branch that was merged and deleted, anew from main."""
    fast_forward(work)
    go_on(work)
    work.git("branch", "-q", "-D", ME)
    work.git("branch", ME)


FRESH: dict[str, Story] = {
    "from an old main": from_an_old_main,
    "behind a merge": behind_a_merge,
    "stacked on a merged one": stacked_on_a_merged_one,
    "stacked in the middle of a merged one": stacked_in_the_middle,
    "stacked on a fast-forwarded one": stacked_on_a_fast_forwarded_one,
    "moved onto a merged one": moved_onto_a_merged_one,
    "picked by fast-forward": picked_by_fast_forward,
    "rebased": rebased,
    "pulled": pulled,
    "reset after work": reset_after_work,
    "recreated": recreated,
}


@pytest.mark.parametrize("name", FRESH)
def test_fresh(work: Branches, name: str) -> None:
    FRESH[name](work)
    found = work.claim()
    assert found["state"] == "fresh" and found["own_commits"] == 0, found
    assert found["reasons"][0] == "it has no work of its own yet", found


def test_a_branch_with_merges_of_main_alone_is_not_merged(work: Branches) -> None:
    only_merges_of_main(work)
    found = work.claim()
    assert found["state"] in ("active", "fresh") and found["reasons"][0] == "it has no work of its own yet", found


def test_fresh_when_the_branch_below_is_squashed(work: Branches) -> None:
    two_commits(work, "plan-6-printer")
    work.git("branch", ME)
    go_on(work)
    work.squash("plan-6-printer", "The printer")
    # Its commits are those of the branch below, and main has their whole change: nothing of it is lost.
    assert work.claim("plan-6-printer")["state"] == "integrated"


# The claim commit, and its loss


def start(work: Branches, plan: str = "5") -> None:
    ran = work.holdfast("start", plan, "--no-worktree")
    assert ran.code == 0, ran


def lost_by_rebase_apply(work: Branches) -> None:
    go_on(work)
    work.git("rebase", "-q", "--apply", "main", ME)


def lost_by_rebase_merge(work: Branches) -> None:
    go_on(work)
    work.git("rebase", "-q", "--no-keep-empty", "main", ME)


def kept_by_rebase(work: Branches) -> None:
    go_on(work)
    work.git("rebase", "-q", "main", ME)


def lost_by_reset(work: Branches) -> None:
    work.on(ME)
    work.git("reset", "-q", "--soft", "HEAD~1")


def lost_by_reset_to_main(work: Branches) -> None:
    two_commits(work)
    go_on(work)
    work.on(ME)
    work.git("reset", "-q", "--hard", "main")


def lost_by_amend(work: Branches) -> None:
    work.on(ME)
    work.git("commit", "-q", "--amend", "--allow-empty", "-m", "Mine")


LOSSES: dict[str, Story] = {
    "nothing": lambda work: None,
    "rebase --apply": lost_by_rebase_apply,
    "rebase": lost_by_rebase_merge,
    "rebase that keeps it": kept_by_rebase,
    "reset": lost_by_reset,
    "reset to main": lost_by_reset_to_main,
    "amend": lost_by_amend,
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_fresh_claim_is_not_merged_whatever_becomes_of_its_commit(work: Branches, name: str) -> None:
    start(work)
    work.set_clock(1)
    LOSSES[name](work)
    for _ in range(2):
        found = work.claim()
        assert found["state"] == "active", found
        assert found["owner"] == "Ada" and found["claim_id"], found
        assert found["own_commits"] == (1 if name == "amend" else 0), found
        go_on(work, 7)
    ran = work.holdfast("start", "5", "--no-worktree", "--owner", "another")
    assert ran.code == 1 and "claimed by Ada" in ran.err, ran


WAYS: dict[str, Story] = {
    "merge": lambda work: work.git("merge", "-q", "--no-ff", "--no-edit", ME),
    "fast-forward": lambda work: work.git("merge", "-q", "--ff-only", ME),
    "squash": lambda work: work.squash(ME, "The parser"),
    "picks": lambda work: work.git("cherry-pick", f"{ME}~1", ME),
}


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "reset to main"])
@pytest.mark.parametrize("way", WAYS)
def test_a_claim_ends_when_its_work_is_merged(work: Branches, loss: str, way: str) -> None:
    start(work)
    work.set_clock(1)
    LOSSES[loss](work)
    two_commits(work)
    assert work.claim()["state"] == "active"
    work.on("main")
    WAYS[way](work)
    found = work.claim()
    assert found["state"] == "integrated", found
    go_on(work, 7)
    assert work.claim()["state"] == "integrated"
    ran = work.holdfast("start", "6", "--no-worktree")
    assert ran.code == 0 and work.claims()["plan-6-printer"]["state"] == "active", ran


def test_a_claim_only_branch_that_was_merged_is_no_merged_work(work: Branches) -> None:
    start(work)
    work.set_clock(1)
    go_on(work)
    work.git("merge", "-q", "--no-ff", "--no-edit", ME)
    assert work.claim()["state"] == "active"


# Two main branches


def cloned(work: Branches, tmp_path: Path, name: str = "other") -> Branches:
    """A second clone of the same remote, which the first one gets too."""
    remote = tmp_path / "remote.git"
    if not remote.exists():
        work.git("init", "-q", "--bare", "-b", "main", str(remote))
        work.git("remote", "add", "origin", str(remote))
        work.git("push", "-q", "-u", "origin", "main")
    work.git("clone", "-q", str(remote), str(tmp_path / name))
    made = Branches(tmp_path / name, work.env)
    made.moment = work.moment
    return made


def test_merged_on_the_remote_is_merged(work: Branches, tmp_path: Path) -> None:
    """The local main branch stays behind: what the remote's has counts, from the next fetch on."""
    other = cloned(work, tmp_path)
    two_commits(work)
    work.git("push", "-q", "origin", ME)
    other.git("fetch", "-q")
    other.on("main")
    other.squash(f"origin/{ME}", "The parser")
    other.git("push", "-q", "origin", "main")
    assert work.claim()["state"] == "active"
    found = work.claim(ME, "--fetch")
    assert found["state"] == "integrated" and found["published"], found
    assert other.claim()["state"] == "integrated"


def test_merged_here_and_not_pushed_is_merged(work: Branches, tmp_path: Path) -> None:
    other = cloned(work, tmp_path)
    squash(work)
    assert work.claim()["state"] == "integrated"
    work.git("push", "-q", "origin", ME)
    assert other.claim(ME, "--fetch")["state"] == "active"


def test_own_commits_are_those_that_neither_main_has(work: Branches, tmp_path: Path) -> None:
    cloned(work, tmp_path)
    go_on(work)
    work.git("push", "-q", "origin", "main")
    work.git("reset", "-q", "--hard", "HEAD~1")
    work.git("checkout", "-q", "-b", ME, "origin/main")
    work.save("Parse words", code__txt=text(l7="words"))
    assert work.claim()["own_commits"] == 1


@pytest.mark.parametrize("way", ["merge", "fast-forward", "squash"])
@pytest.mark.parametrize("pushed", ["claim", "part"])
def test_a_branch_of_which_the_remote_has_less_is_merged(work: Branches, tmp_path: Path, way: str, pushed: str) -> None:
    """The claim was published, the work went to main without the branch being pushed again."""
    other = cloned(work, tmp_path)
    start(work)
    work.set_clock(1)
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    if pushed == "part":
        work.git("push", "-q", "origin", ME)
    work.save("Parse better words", code__txt=text(l7="better words"))
    work.on("main")
    WAYS[way](work)
    work.git("push", "-q", "origin", "main")
    found = work.claim()
    assert found["state"] == "integrated" and found["published"], found
    work.holdfast("claims", "--fetch")
    found = work.claim()
    assert found["state"] == "integrated", found
    assert other.claims("--fetch")[ME]["state"] in ("active", "integrated")


def test_a_branch_of_which_this_clone_has_less_is_merged(work: Branches, tmp_path: Path) -> None:
    """A colleague went on with the branch and merged it; the local branch is what it was."""
    other = cloned(work, tmp_path)
    work.on(ME)
    work.save("Parse words", code__txt=text(l7="words"))
    work.git("push", "-q", "origin", ME)
    other.git("fetch", "-q")
    other.git("checkout", "-q", ME)
    other.save("Parse better words", code__txt=text(l7="better words"))
    other.git("push", "-q", "origin", ME)
    other.on("main")
    other.squash(ME, "The parser")
    other.git("push", "-q", "origin", "main")
    work.claims()
    found = work.claim(ME, "--fetch")
    assert found["state"] == "integrated", found


def test_other_work_under_the_same_name_on_the_remote_is_not_merged(work: Branches, tmp_path: Path) -> None:
    other = cloned(work, tmp_path)
    squash(work)
    work.git("push", "-q", "origin", "main")
    other.git("fetch", "-q")
    other.git("checkout", "-q", "-b", ME, "origin/main")
    other.save("Something else", more__txt=text(l12="else"))
    other.git("push", "-q", "origin", ME)
    assert work.claim(ME, "--fetch")["state"] == "active"


def test_the_next_claim_under_the_same_name_on_the_remote_holds(work: Branches, tmp_path: Path) -> None:
    other = cloned(work, tmp_path)
    start(work)
    work.set_clock(1)
    two_commits(work)
    work.on("main")
    work.squash(ME, "The parser")
    work.git("push", "-q", "origin", "main", f":{ME}")
    other.git("fetch", "-q")
    other.git("merge", "-q", "--ff-only", "origin/main")
    ran = other.holdfast("start", "5", "--no-worktree", "--owner", "next")
    assert ran.code == 0, ran
    assert work.claim(ME, "--fetch")["state"] != "integrated"


# The forge's word


def test_the_head_of_a_request_that_main_names_is_merged(work: Branches, tmp_path: Path) -> None:
    cloned(work, tmp_path)
    two_commits(work)
    work.git("push", "-q", "origin", ME, f"{ME}:refs/pull/12/head")
    work.on("main")
    work.save("Same line", code__txt=text(l7="main's words"))
    work.save("The whole parser (#12)", code__txt=text(l7="both words"))
    work.git("push", "-q", "origin", "main")
    assert work.claim()["state"] == "active"
    found = work.claim(ME, "--fetch")
    assert found["state"] == "integrated" and "(#12)" in found["reasons"][0], found
    # What the remote said once is not forgotten by the next question, nor when main goes on.
    assert work.claim()["state"] == "integrated"
    go_on(work, 7)
    assert work.claim()["state"] == "integrated"
    # More work is more than the request had.
    work.on(ME)
    work.save("More", more__txt=text(l12="more"))
    assert work.claim(ME, "--fetch")["state"] == "active"


def test_the_head_of_a_request_that_main_names_later_is_merged(work: Branches, tmp_path: Path) -> None:
    cloned(work, tmp_path)
    two_commits(work)
    work.git("push", "-q", "origin", ME, f"{ME}:refs/merge-requests/7/head")
    assert work.claim(ME, "--fetch")["state"] == "active"
    work.on("main")
    work.save("Same line", code__txt=text(l7="main's words"))
    work.save("The whole parser\n\nSee merge request o/r!7", code__txt=text(l7="both words"))
    assert work.claim()["state"] == "integrated"
    work.git("revert", "--no-edit", "HEAD")
    found = work.claim()
    assert found["state"] == "integrated" and "reverted later" in found["reasons"][0], found


# The cache


def answers(work: Branches) -> dict[str, Any]:
    return {name: (one["state"], one["own_commits"], one["reasons"][0]) for name, one in work.claims().items()}


@pytest.mark.parametrize(
    "name", ["squash", "merge commit", "fast-forward", "each commit picked", "same content", "same hunks", "titled"]
)
def test_a_merged_branch_stays_so_while_main_goes_on(work: Branches, name: str) -> None:
    MERGED[name][0](work)
    first = answers(work)
    work.on("main")
    work.save("Rewrite", code__txt="all new\n")
    assert answers(work) == first
    work.save("And again", code__txt="all new and more\n")
    assert answers(work)[ME][0] == "integrated"


@pytest.mark.parametrize("name", [*REVERTED])
def test_reverts_are_seen_by_a_warm_cache(work: Branches, name: str) -> None:
    """Asked after each commit of main, the answer is the one that a cold cache gives."""
    REVERTED[name](work)
    work.on("main")
    work.git("revert", "--no-edit", "HEAD")
    work.git("revert", "--no-edit", "HEAD")
    tips = work.git("rev-list", "--first-parent", "--reverse", "main").split()
    warm = {}
    for tip in tips[1:]:
        work.git("reset", "-q", "--hard", tip)
        warm[tip] = answers(work)
    cold = {}
    for tip in tips[1:]:
        work.git("reset", "-q", "--hard", tip)
        import shutil

        shutil.rmtree(work.path / ".git" / "holdfast" / "cache")
        cold[tip] = answers(work)
    assert warm == cold
