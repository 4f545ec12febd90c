"""Finish without a forge: one merge or nothing, in a repository alone and over a remote."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import pytest

from at_work import Agent, begun
from claiming import GIT, Clone, Team, before, executable, git_that, holdfast_words
from conftest import plan_text
from finishing import (
    BRANCH,
    EVIDENCE,
    adopted,
    common,
    completed,
    ended,
    finish,
    merged,
    on_main,
    plan_of,
    refused,
    row,
    state,
    tree_of,
    unfinished,
    worked,
)
from killing import PROVE

BOTH = ["own", "shared"] if PROVE else ["shared"]
"""A repository alone goes the other way in the tests of kills, of the model and of what is odd."""


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest) -> Clone:
    """Work on plan 1, in a repository alone and in a clone of a remote."""
    found: Clone = request.getfixturevalue(request.param)
    return found


def remote_heads(clone: Clone) -> list[str]:
    if clone.try_git("remote", "get-url", "origin").code != 0:
        return []
    return [line.split("\t")[1] for line in clone.git("ls-remote", "origin").splitlines() if "HEAD" not in line]


def test_work_is_merged_and_everything_of_it_cleaned_up(place: Clone) -> None:
    tip, main = place.id_of(BRANCH), place.id_of("main")
    found = merged(place, 1, *EVIDENCE)
    assert (found["branch"], found["plan"], found["head"], found["base"]) == (BRANCH, 1, tip, main)
    assert place.id_of("main") == found["merge_commit"]
    assert place.id_of("main^") == main and place.show("work.txt", "main") == "work\n"
    assert "✅ Complete" in plan_of(place) and "make test: 212 passed" in plan_of(place)
    assert "✅ Complete" in row(place, 1)
    assert place.status() == "" and place.read("work.txt") == "work\n"
    assert place.worktrees() == [str(place.path)] and BRANCH not in place.git("branch", "-a")
    assert place.refs("refs/holdfast/finished") == {f"refs/holdfast/finished/{BRANCH}/{tip[:12]}": tip}
    assert remote_heads(place) in ([], ["refs/heads/main"])
    assert place.claims() == [] and unfinished(place) == []
    assert place.journal()[-4:].count("finish") == 1 and "finish-begun" in place.journal()
    assert place.holdfast("check", "--rev", "main").code == 0
    assert place.holdfast("worktree", "restore", BRANCH).code == 0


def test_a_second_finish_says_that_it_is_merged_already(place: Clone) -> None:
    commit = merged(place, 1, *EVIDENCE)["merge_commit"]
    for name in ("1", BRANCH):
        found = ended(place, name)
        assert (found["exit"], found["result"], found["merge_commit"]) == (0, "already-merged", commit)


def test_all_that_speaks_against_it_is_said_at_once(shared: Clone) -> None:
    work = tree_of(shared)
    work.write("more.txt", "more\n")
    work.git("add", "more.txt")
    work.git("commit", "-qm", "More")
    work.write("work.txt", "edited\n")
    shared.write("work.txt", "in the way\n")
    assert set(refused(shared, 1)) == {
        "head-not-pushed", "plan-not-complete", "worktree-dirty", "main-in-the-way",
    }  # fmt: skip
    ran = finish(shared, 1)
    assert ran.code == 1 and ran.err.count("refused:") == 4 and ran.err.count("next:") == 4


def test_a_dry_run_lists_the_steps_and_changes_nothing(place: Clone) -> None:
    before_it = state(place)
    found = ended(place, 1, *EVIDENCE, "--dry-run")
    assert (found["exit"], found["result"], found["dry_run"]) == (0, "merged", True)
    steps = [one["step"] for one in found["steps"]]
    assert steps == ["merge", "main", "worktree", "branch", *(["remote"] if remote_heads(place) else [])]
    assert state(place) == before_it and found["merge_commit"] is None
    assert refused(place, 1, "--dry-run") == refused(place, 1) == ["plan-not-complete"]


def test_a_plan_that_is_complete_on_its_branch_needs_no_evidence(place: Clone) -> None:
    completed(tree_of(place))
    merged(place, 1)
    assert "seen by Ada" in plan_of(place) and "✅ Complete" in row(place, 1)


def test_a_part_of_a_plan(place: Clone) -> None:
    merged(place, 1, "--partial")
    assert "📋 Planned" in plan_of(place)


def test_complete_plans_need_not_be_required(alone: Clone) -> None:
    adopted(alone, "[finish]\nrequire_complete = false\n")
    worked(alone)
    merged(alone, 1)


# The index of both sides


def test_plan_indexes_that_both_sides_changed_are_merged_by_row(place: Clone) -> None:
    work = tree_of(place)
    ran = work.holdfast("plan", "set", "3", "--status", "in-progress")
    assert ran.code == 0 and work.commit("Begin 3").code == 0
    if remote_heads(place):
        work.git("push", "-q", "origin", "HEAD")
    on_main(place, {"docs/plans/02_second.md": plan_text(2, "Second", status="🚧 In Progress")})
    merged(place, 1, *EVIDENCE)
    assert [row(place, number).split(" | ")[3] for number in (1, 2, 3, 4)] == [
        "✅ Complete", "🚧 In Progress", "🚧 In Progress", "📋 Planned",
    ]  # fmt: skip
    assert place.holdfast("index", "--check").code == 0


def test_words_around_the_plan_index_conflict_as_words_do(own: Clone) -> None:
    work = tree_of(own)
    for clone, word in ((work, "branch"), (own, "main")):
        text = clone.read("docs/plans/README.md").replace("# Plans", f"# Plans of {word}")
        clone.write("docs/plans/README.md", text)
        assert clone.commit(f"Title of {word}").code == 0
    assert refused(own, 1, *EVIDENCE) == ["finish-conflicts"]


def test_conflicts_are_named(place: Clone) -> None:
    on_main(place, {"work.txt": "other\n"})
    found = ended(place, 1, *EVIDENCE)
    assert [one["code"] for one in found["blockers"]] == ["finish-conflicts"]
    assert "work.txt" in found["blockers"][0]["message"]


def test_a_plan_that_the_merge_makes_invalid(own: Clone) -> None:
    """Each side is right alone: both have a plan 5."""
    work = tree_of(own)
    work.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    assert work.commit("Fifth").code == 0
    on_main(own, {"docs/plans/05_other.md": plan_text(5, "Other")}, "Other", "--no-verify")
    assert refused(own, 1, *EVIDENCE) == ["number-shared"]


def test_old_mess_on_the_main_branch_blocks_nobody(own: Clone) -> None:
    own.write("docs/plans/06_mess.md", "no plan at all\n")
    own.git("add", "-A")
    own.git("commit", "-qnm", "Mess")
    merged(own, 1, *EVIDENCE)


# Methods


def configured(clone: Clone, text: str) -> None:
    clone.write("holdfast.toml", text)
    assert clone.commit("Configure").code == 0
    if remote_heads(clone):
        clone.git("push", "-q", "origin", "main")


def test_squash_says_who_wrote_it_and_what_it_was(own: Clone) -> None:
    work = tree_of(own)
    bob = {"GIT_AUTHOR_NAME": "Bob", "GIT_AUTHOR_EMAIL": "bob@example.org"}
    for name in ("one", "two"):
        work.write(f"{name}.txt", name)
        work.git("add", "-A")
        work.git("commit", "-qm", f"Add {name}", env=bob)
    tip = own.id_of(BRANCH)
    merged(own, 1, *EVIDENCE)
    author, committer, body = own.git("log", "-1", "--format=%an <%ae>%n%cn%n%B", "main").split("\n", 2)
    assert (author, committer) == ("Bob <bob@example.org>", "Ada")
    assert body.split("\n")[0] == "[Plan #1] First"
    assert "* Add one\n* Add two\n" in body and "Claim plan" not in body
    assert "Co-authored-by: Ada <ada@example.org>" in body
    assert f"Merged-Branch: {BRANCH}\nMerged-Head: {tip}" in body
    trailers = own.git("log", "-1", "--format=%(trailers:only)", "main").splitlines()
    assert [line.split(":")[0] for line in trailers if line] == [
        "Co-authored-by",
        "Merged-Branch",
        "Merged-Head",
        "Merge-Id",
    ]


def test_a_merge_keeps_the_commits(own: Clone) -> None:
    configured(own, "[finish]\nmethod = 'merge'\n")
    tip, main = own.id_of(BRANCH), own.id_of("main")
    merged(own, 1, *EVIDENCE)
    assert own.git("log", "-1", "--format=%P", "main").split() == [main, tip]
    assert "✅ Complete" in plan_of(own)


def test_a_rebase_keeps_commits_and_authors_in_a_line(own: Clone) -> None:
    configured(own, "[finish]\nmethod = 'rebase'\n")
    work = tree_of(own)
    work.write("two.txt", "two\n")
    work.git("add", "-A")
    bob = {"GIT_AUTHOR_NAME": "Bob", "GIT_AUTHOR_EMAIL": "bob@example.org", "GIT_AUTHOR_DATE": "@1700000000 +0200"}
    work.git("commit", "-qm", "Add two\n\nBecause one is not enough.", env=bob)
    on_main(own, {"other.txt": "other\n"})
    main = own.id_of("main")
    merged(own, 1, *EVIDENCE)
    lines = own.git("log", "--reverse", "--format=%an|%at|%p|%s", f"{main}..main").splitlines()
    assert [line.split("|")[0] for line in lines] == ["Ada", "Bob"]
    assert lines[1].endswith("Add two") and "|1700000000|" in lines[1]
    assert "Because one is not enough." in own.git("log", "-1", "--format=%b", "main")
    assert "Merged-Head" not in own.git("log", "-1", "--format=%b", "main^")
    assert own.show("two.txt", "main") == "two\n" and "✅ Complete" in row(own, 1)
    assert own.holdfast("check", "--rev", "main^").code == 0


def test_a_branch_with_merges_is_not_rebased(own: Clone) -> None:
    configured(own, "[finish]\nmethod = 'rebase'\n")
    on_main(own, {"other.txt": "other\n"})
    tree_of(own).git("merge", "-q", "--no-edit", "main")
    assert refused(own, 1, *EVIDENCE) == ["branch-has-merges"]


def test_commits_are_signed_where_git_signs(own: Clone, tmp_path: Path) -> None:
    program = executable(
        tmp_path / "gpg", '#!/bin/sh\necho "[GNUPG:] SIG_CREATED " >&2\ncat >/dev/null\necho signature\n'
    )
    own.git("config", "commit.gpgsign", "true")
    own.git("config", "gpg.program", str(program))
    merged(own, 1, *EVIDENCE)
    assert "gpgsig signature" in own.git("cat-file", "commit", "main")
    own.git("config", "gpg.program", "false")


def test_a_signature_that_fails_changes_nothing(own: Clone) -> None:
    own.git("config", "commit.gpgsign", "true")
    own.git("config", "gpg.program", "false")
    before_it = state(own)
    assert finish(own, 1, *EVIDENCE).code == 1
    assert state(own) == before_it


# Where the main branch is checked out


def test_edits_elsewhere_in_the_main_worktree_stay(place: Clone) -> None:
    place.write("README.md", "# A project, edited\n")
    place.write("notes.txt", "mine\n")
    place.write("staged.txt", "staged\n")
    place.git("add", "staged.txt")
    merged(place, 1, *EVIDENCE)
    assert sorted(place.status().splitlines()) == [" M README.md", "?? notes.txt", "A  staged.txt"]
    assert place.read("work.txt") == "work\n" and place.read("README.md") == "# A project, edited\n"


@pytest.mark.parametrize("ignored", [False, True], ids=["untracked", "ignored"])
def test_files_in_the_way_are_not_overwritten(place: Clone, ignored: bool) -> None:
    if ignored:
        with (common(place) / "info" / "exclude").open("a") as file:
            file.write("work.txt\n")
    place.write("work.txt", "secret\n")
    assert refused(place, 1, *EVIDENCE) == ["main-in-the-way"]
    assert place.read("work.txt") == "secret\n"


def test_an_edit_of_a_file_that_the_merge_changes(place: Clone) -> None:
    name = "docs/plans/01_first.md"
    place.write(name, place.read(name) + "\nMine.\n")
    assert refused(place, 1, *EVIDENCE) == ["main-in-the-way"]


def test_files_go_back_where_git_refuses_to_move_the_branch(own: Clone) -> None:
    hook = "#!/bin/sh\n[ $1 = prepared ] && grep -q refs/heads/main && exit 1\nexit 0\n"
    executable(own.path / ".git" / "hooks" / "reference-transaction", hook)
    assert refused(own, 1, *EVIDENCE) == ["finish-declined"]
    assert not (own.path / "work.txt").exists()


def test_an_operation_under_way_in_the_main_worktree(place: Clone) -> None:
    (common(place) / "MERGE_HEAD").write_text(place.id_of("main") + "\n")
    assert refused(place, 1, *EVIDENCE) == ["main-busy"]


def test_a_main_branch_that_is_checked_out_nowhere(place: Clone) -> None:
    place.git("switch", "-qc", "elsewhere")
    found = merged(place, 1, *EVIDENCE)
    assert place.id_of("main") == found["merge_commit"] and not (place.path / "work.txt").exists()


def test_a_main_branch_with_commits_of_its_own_here_is_left_alone(shared: Clone) -> None:
    shared.write("mine.txt", "mine\n")
    assert shared.commit("Not pushed").code == 0
    here = shared.id_of("main")
    found = merged(shared, 1, *EVIDENCE)
    assert shared.id_of("main") == here and shared.id_of("origin/main") == found["merge_commit"]
    (one,) = [done for done in found["cleanup"] if done["step"] == "main"]
    assert one["outcome"] == "kept" and "git pull --rebase" in one["message"]


# Heads


def test_heads_that_are_not_what_the_remote_has(team: Team, shared: Clone, bob: Clone) -> None:
    work = tree_of(shared)
    bob.git("fetch", "-q")
    bob.git("switch", "-q", BRANCH)
    bob.write("bob.txt", "bob\n")
    bob.git("add", "-A")
    bob.git("commit", "-qm", "Bob")
    bob.git("push", "-q", "origin", "HEAD")
    assert refused(shared, 1, *EVIDENCE) == ["head-behind"]
    work.write("ada.txt", "ada\n")
    work.git("add", "-A")
    work.git("commit", "-qm", "Ada")
    assert refused(shared, 1, *EVIDENCE) == ["head-diverged"]
    work.git("reset", "-q", "--hard", "HEAD~1")
    team.remote.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert refused(shared, 1, *EVIDENCE) == ["head-not-pushed"]


def test_a_branch_that_is_on_the_remote_alone(team: Team, shared: Clone, bob: Clone) -> None:
    found = merged(bob, 1, *EVIDENCE)
    assert bob.git("ls-remote", "origin").count("refs/heads/") == 1
    assert found["merge_commit"] == team.remote.id_of("main") == bob.id_of("main")
    assert ended(shared, 1)["result"] == "already-merged"
    assert shared.claims() == [] and shared.worktrees() == [str(shared.path)]


def test_nothing_to_merge(place: Clone) -> None:
    place.claimed(3)
    assert refused(place, 3, "--partial") == ["finish-nothing"]


def test_what_is_no_branch(place: Clone) -> None:
    assert refused(place, 9) == ["finish-unknown"]
    assert refused(place, "plan-9-nine") == ["finish-unknown"]
    assert refused(place, "main") == ["finish-main"]
    assert refused(place) == ["finish-main"]


def test_other_claims_of_the_plan(team: Team, shared: Clone) -> None:
    team.old_claim(1, "other", hours=1, work=True)
    assert refused(shared, 1, *EVIDENCE) == ["contested"]
    assert refused(shared, BRANCH, *EVIDENCE) == ["contested"]


def test_work_without_a_plan(place: Clone) -> None:
    place.git("switch", "-qc", "feature-search")
    place.write("search.txt", "search\n")
    assert place.commit("Search").code == 0
    if remote_heads(place):
        place.git("push", "-q", "origin", "HEAD")
    place.git("switch", "-q", "main")
    found = merged(place, "feature-search")
    assert found["plan"] is None and place.show("search.txt", "main") == "search\n"
    assert place.git("log", "-1", "--format=%s", "main").strip() == "Search"


# Who is inside


def test_from_inside_the_worktree_the_removal_is_put_off(place: Clone) -> None:
    work = tree_of(place)
    found = merged(work, *EVIDENCE)
    (one,) = [done for done in found["cleanup"] if done["step"] == "worktree"]
    assert one["outcome"] == "kept" and work.path.is_dir()
    assert work.holdfast("claims").code == 0 and work.path.is_dir()
    assert place.holdfast("claims").code == 0
    assert not work.path.exists() and BRANCH not in place.git("branch")
    assert "finish-put-off" in place.journal() and place.holdfast("trash", "list").code == 0


def test_what_was_put_off_is_not_done_where_work_goes_on(own: Clone) -> None:
    work = tree_of(own)
    merged(work, *EVIDENCE)
    work.write("more.txt", "more\n")
    assert work.commit("More").code == 0
    assert own.holdfast("claims").code == 0
    assert work.path.is_dir() and own.id_of(BRANCH)


def test_the_end_of_a_session_does_what_was_put_off(own: Clone) -> None:
    work = tree_of(own)
    script = (
        'holdfast() { %s -m holdfast "$@"; }; id=$(holdfast session start --id me --pid $$); '
        "export HOLDFAST_SESSION=me; holdfast finish --evidence 'all good' || exit 9; holdfast session end"
    )
    ran = work.run("sh", "-c", script % sys.executable)
    assert ran.code == 0 and "stays while you stand in it" in ran.err, ran
    assert not work.path.exists() and BRANCH not in own.git("branch")


def test_another_inside_blocks_unless_the_worktree_is_kept(place: Clone, agent: Agent) -> None:
    work = tree_of(place)
    agent(work.path)
    assert refused(place, 1, *EVIDENCE) == ["worktree-in-use"]
    merged(place, 1, *EVIDENCE, "--keep-worktree")
    assert work.path.is_dir() and place.id_of(BRANCH)


def test_the_session_of_another_blocks(own: Clone, agent: Agent) -> None:
    begun(tree_of(own), "other", agent().pid)
    assert refused(own, 1, *EVIDENCE) == ["worktree-in-use"]


def test_finish_from_the_main_worktree_alone(own: Clone) -> None:
    configured(own, "[finish]\nrun_from = 'main'\n")
    assert refused(tree_of(own), *EVIDENCE) == ["finish-elsewhere"]
    merged(own, 1, *EVIDENCE)


# What verifies it


def test_the_merged_tree_is_verified_before_anything_changes(place: Clone) -> None:
    configured(place, "[finish]\nverify = 'ls; test ! -e broken && test -e work.txt && echo verified'\n")
    assert refused(place, 1, *EVIDENCE) == ["verify-unapproved"]
    assert place.holdfast("approve", "finish.verify", "--yes").code == 0
    work = tree_of(place)
    work.write("broken", "")
    assert work.commit("Break it").code == 0
    if remote_heads(place):
        work.git("push", "-q", "origin", "HEAD")
    assert refused(place, 1, *EVIDENCE) == ["verify-failed"]
    work.git("rm", "-q", "broken")
    assert work.commit("Mend it").code == 0
    if remote_heads(place):
        work.git("push", "-q", "origin", "HEAD")
    ran = finish(place, 1, *EVIDENCE)
    assert ran.code == 0 and "verified" in ran.err and "work.txt" in ran.err, ran
    assert place.worktrees() == [str(place.path)] and not list((place.path / ".worktrees").glob(".verify*"))


def test_verifying_ends_after_its_limit(own: Clone) -> None:
    configured(own, "[finish]\nverify = 'sleep 60'\nverify_timeout = 1\n")
    own.holdfast("approve", "finish.verify", "--yes")
    found = ended(own, 1, *EVIDENCE)
    assert "was ended after 1 s" in found["blockers"][0]["message"]


def test_a_main_branch_that_moves_meanwhile_is_merged_onto_anew(team: Team, shared: Clone, tmp_path: Path) -> None:
    """Somebody pushes to main between validation and merge: once, and then the merge goes onto that."""
    clone = team.clone("carl")
    clone.write("carl.txt", "carl\n")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Carl")
    env = before(tmp_path / "bin", "push", f"env -u GIT_DIR git -C {clone.path} push -q origin main")
    found = merged(shared, 1, *EVIDENCE, env=env)
    assert shared.id_of("main^") == clone.id_of("main") and found["merge_commit"] == team.remote.id_of("main")
    assert shared.show("carl.txt", "main") == "carl\n"


def test_a_main_branch_that_never_stands_still(team: Team, shared: Clone, tmp_path: Path) -> None:
    clone = team.clone("carl")
    script = (
        f'case " $* " in *" push "*) {GIT} -C {clone.path} commit -q --allow-empty -m On && '
        f"{GIT} -C {clone.path} push -q origin main;; esac"
    )
    found = ended(shared, 1, *EVIDENCE, env=git_that(tmp_path / "bin", script))
    assert (found["exit"], found["result"]) == (4, "lost"), found
    assert [one["code"] for one in found["blockers"]] == ["finish-lost"]
    assert shared.id_of(BRANCH) and team.remote.id_of(BRANCH) and unfinished(shared) == []
    merged(shared, 1, *EVIDENCE)


# Somebody else is faster


def faster(clone: Clone, plan: int) -> str:
    """The words of another finish in the same repository or another clone, which says nothing."""
    return f"(cd {clone.path} && {holdfast_words('finish', plan, *map(quote, EVIDENCE))}) >&2"


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("word", ["merge-tree", "commit-tree"])
def test_another_merge_moves_the_main_branch_meanwhile(alone: Clone, tmp_path: Path, word: str, index: bool) -> None:
    if index:
        adopted(alone)
    for number, name in ((1, "work.txt"), (3, "third.txt")):
        worked(alone, number, name)
    merged(alone, 3, *EVIDENCE, env=before(tmp_path / "bin", word, faster(alone, 1)))
    assert alone.status() == "" and (alone.read("work.txt"), alone.read("third.txt")) == ("work\n", "work\n")
    assert len(alone.git("rev-list", "--grep=^Merged-Branch: ", "main").split()) == 2 and unfinished(alone) == []


@pytest.mark.parametrize("word", ["commit-tree", "push"])
def test_the_same_merge_in_the_same_second_by_the_same_name(
    team: Team, shared: Clone, tmp_path: Path, word: str
) -> None:
    other = team.clone("ada-elsewhere")
    second = {"GIT_COMMITTER_DATE": "@1700000000 +0000"}
    found = ended(shared, 1, *EVIDENCE, env=second | before(tmp_path / "bin", word, faster(other, 1)))
    assert (found["exit"], found["result"]) == (4, "lost"), found
    assert len(team.remote.git("rev-list", "--grep=^Merged-Branch: ", "main").split()) == 1
    assert other.id_of("main") == team.remote.id_of("main") and unfinished(shared) == []
