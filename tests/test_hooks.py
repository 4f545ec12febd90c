"""The git hooks at their edges: other hooks, a Holdfast that is gone, messages, and options that change under way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conftest import Ran, Repo, plan_text

README = "docs/plans/README.md"
THIRD = "docs/plans/03_third.md"


def clean(ran: Ran) -> Ran:
    assert "Traceback" not in ran.out + ran.err and "bug in Holdfast" not in ran.err, ran
    return ran


def passed(ran: Ran) -> Ran:
    assert clean(ran).code == 0, ran
    return ran


def refused(ran: Ran, word: str) -> Ran:
    assert clean(ran).code != 0, ran
    lines = ran.err.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("refused: ")]
    assert starts, ran
    for at in starts:
        assert lines[at + 1].startswith("   why:  ") and lines[at + 2].startswith("   next: "), ran
    assert word in ran.err, ran
    return ran


def commit(repo: Repo, message: str = "change", *args: str) -> Ran:
    return clean(repo.commit(message, *args))


def empty(repo: Repo, message: str, *args: str, **env: str) -> Ran:
    return clean(repo.try_git("commit", "-q", "--allow-empty", "-m", message, *args, env=env))


def said(repo: Repo) -> str:
    return repo.git("log", "-1", "--format=%B").rstrip("\n")


def right(repo: Repo) -> None:
    passed(repo.holdfast("index", "--check", "--rev", "HEAD"))
    assert repo.status() == ""


def option(repo: Repo, text: str) -> None:
    """Replace the `[commit]` table of the configuration."""
    repo.write("holdfast.toml", repo.read("holdfast.toml").split("\n[commit]")[0].rstrip() + f"\n\n[commit]\n{text}\n")


def editor(repo: Repo, script: str) -> dict[str, str]:
    """An editor that runs a shell script over the message; `$1` is its file."""
    place = repo.path.parent / "editor"
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    return {"GIT_EDITOR": str(place)}


# Other hooks


def test_chained_hooks_get_input_arguments_and_their_status_counts(repo: Repo) -> None:
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    log = repo.path.parent / "log"
    for name in (
        "pre-commit",
        "commit-msg",
        "pre-merge-commit",
        "post-commit",
        "post-merge",
        "post-rewrite",
        "post-applypatch",
    ):
        hook = repo.write(
            f".git/hooks/{name}",
            f'#!/bin/sh\nread -r line\necho "{name}: $* < $line" >>{log}\n'
            f'echo "loud {name}"\n[ ! -e {log}.fail ] || [ "$(cat {log}.fail)" != {name} ] || exit 7\n',
        )
        hook.chmod(0o755)
    passed(repo.holdfast("init", "--yes"))
    passed(commit(repo, "adopt"))
    repo.git("checkout", "-q", "-b", "side")
    repo.write("docs/plans/02_side.md", plan_text(2, "Side"))
    passed(commit(repo, "side"))
    repo.git("checkout", "-q", "main")
    repo.write(THIRD, plan_text(3, "Third"))
    passed(commit(repo, "third"))
    log.unlink()
    passed(clean(repo.try_git("merge", "-q", "--no-edit", "side")))
    heard = log.read_text()
    assert "pre-merge-commit:" in heard and "commit-msg: .git/MERGE_MSG" in heard and "post-merge: 0" in heard
    right(repo)

    log.unlink()
    repo.git("checkout", "-q", "-b", "old", "HEAD~1")
    repo.write("docs/plans/04_old.md", plan_text(4, "Old"))
    passed(commit(repo, "old"))
    old = repo.git("rev-parse", "HEAD").strip()
    passed(clean(repo.try_git("rebase", "-q", "main")))
    assert f"post-rewrite: rebase < {old} {repo.git('rev-parse', 'HEAD').strip()}" in log.read_text()
    right(repo)
    log.unlink()
    passed(clean(repo.try_git("commit", "-q", "--amend", "-m", "amended")))
    assert "post-rewrite: amend < " in log.read_text()
    patch = repo.git("format-patch", "--stdout", "-1")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    passed(clean(repo.try_git("am", "-q", input=patch)))
    assert "post-applypatch:  < " in log.read_text()

    for name in ("pre-commit", "commit-msg"):
        Path(f"{log}.fail").write_text(name)
        head = repo.git("rev-parse", "HEAD")
        ran = empty(repo, "refused by the other hook")
        assert ran.code == 1 and f"loud {name}" in ran.err + ran.out and repo.git("rev-parse", "HEAD") == head
    for name in ("post-commit", "post-rewrite"):  # git goes on after these, and so do we
        Path(f"{log}.fail").write_text(name)
        repo.write("docs/plans/04_old.md", plan_text(4, f"Old, {name}"))
        passed(commit(repo, name))
        right(repo)


# Holdfast is gone


def gone(repo: Repo) -> None:
    """As after an uninstall by hand: the hooks stay, the Python that they start does not."""
    for name in os.listdir(repo.path / ".git/hooks"):
        hook = repo.path / ".git/hooks" / name
        text = hook.read_text()
        if "holdfast hook" in text:
            lines = [
                "python='/nonexistent/python'" if line.startswith("python=") else line for line in text.splitlines()
            ]
            hook.write_text("\n".join(lines) + "\n")
    folder = repo.path.parent / "bin"
    folder.mkdir()
    for name in ("git", "sh", "cat", "vi"):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    repo.env["PATH"] = str(folder)


def test_without_holdfast_plan_changes_are_refused_and_everything_else_passes(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    for name in ("a", "b"):
        adopted.git("branch", name)
    passed(adopted.holdfast("check"))
    gone(adopted)
    adopted.write("src/a.txt", "a\n")
    ran = passed(commit(adopted, "code"))
    assert "holdfast" in ran.err and "install it" in ran.err, "it says so"
    assert said(adopted) == "code"
    ran = passed(empty(adopted, "[Plan #1] more code, tagged"))
    for message in ("about [Plan #999]", "nothing"):
        ran = passed(empty(adopted, message))
    adopted.write(THIRD, plan_text(3, "Third"))
    adopted.git("add", "-A")
    ran = refused(clean(adopted.try_git("commit", "-q", "-m", "a plan")), "gone from this machine")
    assert "install Holdfast" in ran.err and "--no-verify" in ran.err
    passed(clean(adopted.try_git("commit", "-q", "--no-verify", "-m", "a plan")))
    # git's other ways go on: switching, merging code, rebasing, picking, patches.
    adopted.git("checkout", "-q", "a")
    adopted.write("src/b.txt", "b\n")
    passed(commit(adopted, "code b"))
    passed(clean(adopted.try_git("rebase", "-q", "plan-1-first")))
    adopted.git("checkout", "-q", "b")
    adopted.write("src/c.txt", "c\n")
    passed(commit(adopted, "code c"))
    passed(clean(adopted.try_git("cherry-pick", "a")))
    passed(clean(adopted.try_git("commit", "-q", "--amend", "-m", "amended")))
    passed(clean(adopted.try_git("revert", "--no-edit", "HEAD")))
    adopted.git("checkout", "-q", "-b", "c", "b~1")
    adopted.write("src/d.txt", "d\n")
    passed(commit(adopted, "code d"))
    passed(clean(adopted.try_git("merge", "-q", "--no-edit", "b")))
    assert adopted.status() == ""
    adopted.write("holdfast.toml", "main_branch = 'main'\n")
    refused(commit(adopted, "configuration"), "gone from this machine")


def test_without_holdfast_a_configuration_that_was_only_touched_blocks_nothing(adopted: Repo) -> None:
    gone(adopted)
    os.utime(adopted.path / "holdfast.toml", (1_700_000_000, 1_700_000_000))  # as switching branches does
    adopted.write("src/a.txt", "a\n")
    passed(commit(adopted, "code"))


def test_without_holdfast_also_where_nothing_is_remembered(adopted: Repo) -> None:
    shutil.rmtree(adopted.path / ".git/holdfast")
    gone(adopted)
    adopted.write("src/a.txt", "a\n")
    ran = commit(adopted, "code")
    if ran.code:  # without its notes a hook cannot tell what is a plan: refusing with the remedy is the careful answer
        refused(ran, "gone from this machine")
    adopted.write(THIRD, plan_text(3, "Third"))
    refused(commit(adopted, "a plan"), "gone from this machine")


def test_holdfast_on_path_serves_where_the_recorded_python_is_gone(adopted: Repo) -> None:
    import sys

    python = sys.executable
    gone(adopted)
    (adopted.path.parent / "bin/holdfast").write_text(f'#!/bin/sh\nexec {python} -m holdfast "$@"\n')
    (adopted.path.parent / "bin/holdfast").chmod(0o755)
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "a plan"))
    adopted.write(THIRD, plan_text(3, "Third", "Kaputt"))
    refused(commit(adopted, "bad"), "[status-unknown]")


# The message


@pytest.mark.parametrize(("branch", "tag"), [
    ("plan-2-second", "[Plan #2] "), ("alice/plan-2-second", "[Plan #2] "), ("a/b/plan-1-x", "[Plan #1] "),
    ("plan-2", ""), ("plan-2x-second", ""),
    ("myplan-2-second", ""), ("plan-99-never", ""), ("feature-x", ""), ("main", ""), ("plan-002-x", "[Plan #2] "),
])  # fmt: skip
def test_the_tag_comes_from_the_name_of_the_branch(adopted: Repo, branch: str, tag: str) -> None:
    adopted.git("checkout", "-q", "-B", branch)
    for message in ("do it", "do it\n\nLong reasons.\n\nSigned-off-by: Ada"):
        passed(empty(adopted, message))
        assert said(adopted) == tag + message


def test_which_messages_get_no_tag(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    passed(empty(adopted, "base"))
    for message in (
        "[Plan #1] tagged", "[Plan #2] of another plan", "[plan #1] in lower case", "[Trivial] a typo", "[Plans #1, #2] two",
        "fixup! base", "squash! base", "amend! base", "Merge branch 'x'", 'Revert "base"', 'Reapply "base"',
    ):  # fmt: skip
        passed(empty(adopted, message))
        assert said(adopted) == message
    passed(empty(adopted, "as Plan #2 says"))
    assert said(adopted) == "[Plan #1] as Plan #2 says"
    passed(clean(adopted.try_git("commit", "-q", "--fixup", "HEAD", "--allow-empty")))
    assert said(adopted).startswith("fixup! [Plan #1]")
    adopted.write("b.txt", "b\n")
    passed(commit(adopted, "to be reverted"))
    passed(clean(adopted.try_git("revert", "--no-edit", "HEAD")))
    assert said(adopted).startswith('Revert "')
    adopted.git("checkout", "-q", "-b", "side", "main")
    adopted.write("a.txt", "a\n")
    passed(commit(adopted, "side"))
    adopted.git("checkout", "-q", "plan-1-first")
    passed(clean(adopted.try_git("merge", "-q", "--no-edit", "side")))
    assert said(adopted).startswith("Merge branch 'side'")
    passed(clean(adopted.try_git("commit", "-q", "--amend", "--no-edit", "--allow-empty")))
    assert said(adopted).startswith("Merge branch 'side'")


def test_an_empty_message_still_gives_up(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    head = adopted.git("rev-parse", "HEAD")
    for env in (
        editor(adopted, "true"),
        editor(adopted, ': >"$1"'),
        editor(adopted, 'printf "\\n\\n" >"$1"'),
        editor(adopted, 'echo "# no" >"$1"'),
    ):
        ran = clean(adopted.try_git("commit", "--allow-empty", env=env))
        assert ran.code != 0 and "empty commit message" in ran.err, ran
        assert adopted.git("rev-parse", "HEAD") == head


def test_an_empty_message_gives_up_with_an_automatic_comment_character(adopted: Repo) -> None:
    adopted.git("config", "core.commentChar", "auto")
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    assert clean(adopted.try_git("commit", "--allow-empty", env=editor(adopted, "true"))).code != 0


def test_comments_and_what_stands_below_the_scissors_say_nothing(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    write = 'printf "%s\\n" "first line" "" "# see [Plan #999]" "body" >"$1.new"; cat "$1" >>"$1.new"; mv "$1.new" "$1"'
    passed(clean(adopted.try_git("commit", "-q", "--allow-empty", env=editor(adopted, write))))
    assert said(adopted) == "[Plan #1] first line\n\nbody"
    # The diff of `commit -v` names plans that never existed.
    adopted.write("notes.txt", "see [Plan #999]\n")
    adopted.git("add", "notes.txt")
    write = 'printf "notes\\n" >"$1.new"; cat "$1" >>"$1.new"; mv "$1.new" "$1"; grep -q ">8" "$1" && grep -q "Plan #999" "$1"'
    passed(clean(adopted.try_git("commit", "-q", "-v", env=editor(adopted, write))))
    assert said(adopted) == "[Plan #1] notes"
    adopted.git("config", "core.commentChar", ";")
    adopted.write("notes.txt", "see [Plan #999] again\n")
    write = 'printf "notes\\n; about [Plan #999]\\n" >"$1.new"; cat "$1" >>"$1.new"; mv "$1.new" "$1"'
    passed(clean(adopted.try_git("commit", "-q", "-a", "-v", env=editor(adopted, write))))
    assert said(adopted) == "[Plan #1] notes"


def test_a_subject_that_begins_with_a_number_sign_is_a_subject(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    passed(empty(adopted, "#12 is fixed"))
    assert said(adopted) == "[Plan #1] #12 is fixed"


def test_references_to_plans(adopted: Repo) -> None:
    head = adopted.git("rev-parse", "HEAD")
    for message in (
        "[Plan #999] x",
        "as [Plan #999] says",
        "x\n\nSee [Plan #1] and [Plan #999].",
        "[Plans #1, #999] x",
        "plan #999",
    ):
        ran = refused(empty(adopted, message), "[message-reference]")
        assert "#999" in ran.err and "#1," not in ran.err
    assert adopted.git("rev-parse", "HEAD") == head
    for message in ("`[Plan #999]` in code", "[Plan #N] is a form", "issue #999", "planning #999"):
        passed(empty(adopted, message))
    adopted.git("rm", "-q", "docs/plans/01_first.md")
    adopted.write("docs/plans/02_second.md", plan_text(2, "Second"))
    passed(commit(adopted, "[Plan #1] remove it"))
    passed(empty(adopted, "[Plan #1] was here"))
    passed(empty(adopted, "again, see [Plan #1]"))
    adopted.git("checkout", "-q", "-b", "side")
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "[Plan #3] its first commit"))
    adopted.git("checkout", "-q", "main")
    passed(empty(adopted, "[Plan #3] is on another branch"))


def test_a_plan_that_a_merge_brought_and_dropped_is_known(adopted: Repo) -> None:
    """git leaves out of its history the side that a merge took nothing from; the plan did exist all the same."""
    adopted.git("checkout", "-q", "-b", "side")
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "third"))
    adopted.git("checkout", "-q", "main")
    adopted.write("a.txt", "a\n")
    passed(commit(adopted, "code"))
    adopted.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    adopted.git("branch", "-q", "-D", "side")
    shutil.rmtree(adopted.path / ".git/holdfast/cache")
    passed(empty(adopted, "[Plan #3] was dropped"))
    assert adopted.json("plan", "new", "X", "--dry-run")["number"] == 4
    # A plan that a merge commit itself adds.
    adopted.git("checkout", "-q", "-b", "side", "HEAD~1")
    adopted.write("b.txt", "b\n")
    passed(commit(adopted, "code b"))
    adopted.git("checkout", "-q", "main")
    adopted.git("merge", "-q", "--no-commit", "side")
    adopted.write("docs/plans/07_in_the_merge.md", plan_text(7, "In the merge"))
    passed(commit(adopted, "a merge with a plan of its own"))
    adopted.git("rm", "-q", "docs/plans/07_in_the_merge.md")
    passed(commit(adopted, "remove it"))
    passed(empty(adopted, "[Plan #7] was here"))


def test_messages_that_must_name_a_plan(adopted: Repo) -> None:
    option(adopted, 'require_tag = true\ntags = ["Trivial", "Release"]')
    refused(commit(adopted, "configuration"), "[tag-missing]")
    passed(commit(adopted, "[Trivial] configuration"))
    for message in ("x", "x\n\n[Plan #1] in the body", "Plan #1: x", "[Triv] x"):
        refused(empty(adopted, message), "[tag-missing]")
    for message in ("[Plan #1] x", "[release] x", "fixup! x", "Merge x", "Revert x"):
        passed(empty(adopted, message))
    adopted.git("checkout", "-q", "-b", "plan-2-second")
    passed(empty(adopted, "tagged by its branch"))
    assert said(adopted) == "[Plan #2] tagged by its branch"


def test_the_main_branch_can_be_closed(adopted: Repo) -> None:
    option(adopted, "allow_on_main = false")
    head = adopted.git("rev-parse", "HEAD")
    refused(commit(adopted, "configuration"), "[commit-on-main]")
    adopted.git("checkout", "-q", "-b", "work")
    passed(commit(adopted, "configuration"))
    passed(empty(adopted, "more"))
    adopted.git("checkout", "-q", "main")
    assert adopted.git("rev-parse", "HEAD") == head
    passed(clean(adopted.try_git("merge", "-q", "--no-ff", "--no-edit", "work")))
    refused(empty(adopted, "on main"), "[commit-on-main]")
    refused(empty(adopted, "on main", "--amend"), "[commit-on-main]")
    adopted.git("checkout", "-q", "--detach")
    passed(empty(adopted, "on no branch"))


# Options that change under way


def test_options_take_effect_at_the_next_commit(adopted: Repo) -> None:
    """Without `init`, within the same second, and back again."""
    for _ in range(2):
        option(adopted, "require_tag = true")
        refused(
            empty(adopted, "not staged, but a commit of it would be judged by it", "holdfast.toml"), "[tag-missing]"
        )
        adopted.git("add", "-A")
        refused(empty(adopted, "staged"), "[tag-missing]")
        passed(empty(adopted, "[Plan #1] now"))
        refused(empty(adopted, "still"), "[tag-missing]")
        option(adopted, "allow_on_main = false")
        refused(commit(adopted, "closed"), "[commit-on-main]")
        option(adopted, "tag_commits = false")
        passed(commit(adopted, "open again"))
        passed(empty(adopted, "no tag is asked for"))
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    for message in ("no tag is given", "a message that speaks of plans, which the shell alone cannot judge"):
        passed(empty(adopted, message))
        assert said(adopted) == message
    option(adopted, "tag_commits = true")
    passed(commit(adopted, "a tag is given"))
    assert said(adopted) == "[Plan #1] a tag is given"


def test_each_branch_has_its_own_options(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("checkout", "-q", "-b", "strict")
    option(adopted, "require_tag = true")
    adopted.write("docs/other/01_x.md", plan_text(1, "Elsewhere"))
    adopted.write("holdfast.toml", adopted.read("holdfast.toml").replace("docs/plans", "docs/other"))
    passed(commit(adopted, "[Trivial] strict"))
    for _ in range(2):
        adopted.git("checkout", "-q", "main")
        passed(empty(adopted, "free"))
        adopted.write("docs/plans/01_first.md", plan_text(1, "First", "Kaputt"))
        refused(commit(adopted, "bad here"), "[status-unknown]")
        adopted.git("reset", "-q", "--hard")
        adopted.git("checkout", "-q", "strict")
        refused(empty(adopted, "not free"), "[tag-missing]")
        adopted.write("docs/other/01_x.md", plan_text(1, "Elsewhere", "Kaputt"))
        refused(commit(adopted, "[Plan #1] bad here"), "[status-unknown]")
        adopted.git("reset", "-q", "--hard")
        passed(empty(adopted, "[Plan #1] tagged"))
    adopted.git("worktree", "add", "-q", str(tmp_path / "tree"), "main")
    tree = Repo(tmp_path / "tree", adopted.env)
    passed(empty(tree, "free in its own worktree"))
    refused(empty(adopted, "not free here"), "[tag-missing]")
    passed(empty(tree, "still free"))


def test_options_of_pyproject(adopted: Repo) -> None:
    adopted.git("rm", "-q", "holdfast.toml")
    adopted.write("pyproject.toml", "[tool.other]\nx = 1\n")
    passed(commit(adopted, "no configuration"))
    passed(empty(adopted, "free"))
    adopted.write("pyproject.toml", "[tool.other]\nx = 1\n[tool.holdfast.commit]\nrequire_tag = true\n")
    refused(commit(adopted, "strict"), "[tag-missing]")
    passed(commit(adopted, "[Trivial] strict"))
    refused(empty(adopted, "not free"), "[tag-missing]")
    adopted.write("pyproject.toml", "[tool.other]\nx = 2\n")
    passed(commit(adopted, "free again"))
    passed(empty(adopted, "free"))
    adopted.write("holdfast.toml", "[commit]\nrequire_tag = true\n")
    refused(commit(adopted, "strict"), "[tag-missing]")


# After a commit


def test_what_came_in_without_a_gate_is_reported_with_the_command_that_mends_it(adopted: Repo, tmp_path: Path) -> None:
    base = adopted.git("rev-parse", "HEAD").strip()
    adopted.git("checkout", "-q", "-b", "other")
    adopted.write(THIRD, plan_text(3, "Third"))
    adopted.git("add", "-A")
    ran = clean(adopted.try_git("commit", "-q", "--no-verify", "-m", "no gate"))
    assert "wrong: " in ran.err and "[index-differs]" in ran.err and "holdfast index --mend" in ran.err, ran
    patch = adopted.git("format-patch", "--stdout", "-1")
    unmended = adopted.git("rev-parse", "HEAD").strip()

    adopted.git("checkout", "-q", "-b", "ff", base)
    ran = clean(adopted.try_git("merge", "-q", "--ff-only", "other"))
    assert ran.code == 0 and "[index-differs]" in ran.err, ran

    adopted.git("checkout", "-q", "-b", "picked", base)
    ran = clean(adopted.try_git("cherry-pick", unmended))
    assert ran.code == 0 and "[index-differs]" in ran.err, ran

    adopted.git("checkout", "-q", "-b", "patched", base)
    ran = clean(adopted.try_git("am", "-q", input=patch))
    assert ran.code == 0 and "[index-differs]" in ran.err, ran

    adopted.git("checkout", "-q", "-b", "rebased", unmended)
    adopted.git("checkout", "-q", "-b", "onto", base)
    adopted.write("a.txt", "a\n")
    passed(commit(adopted, "code"))
    adopted.git("checkout", "-q", "rebased")
    ran = clean(adopted.try_git("rebase", "onto"))
    assert ran.code == 0 and "[index-differs]" in ran.err, ran
    command = next(line for line in ran.err.splitlines() if "--mend" in line).split("`")[1].split()
    passed(adopted.holdfast(*command[1:]))
    right(adopted)

    adopted.git("checkout", "-q", "-b", "merged", "onto")
    ran = clean(adopted.try_git("merge", "-q", "--no-edit", "other"))
    assert ran.code == 0, ran
    right(adopted)


def test_nothing_is_said_where_nothing_is_wrong(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "side")
    adopted.write(THIRD, plan_text(3, "Third"))
    assert commit(adopted, "third").err == ""
    adopted.git("checkout", "-q", "main")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First", "🚧 In Progress"))
    assert commit(adopted, "start").err == ""
    for command in (
        ("merge", "-q", "--no-edit", "side"),
        ("commit", "-q", "--amend", "--no-edit"),
        ("cherry-pick", "--keep-redundant-commits", "--allow-empty", "HEAD~1"),
        ("revert", "--no-edit", "HEAD"),
    ):
        ran = clean(adopted.try_git(*command))
        assert "holdfast" not in ran.err and "wrong" not in ran.err, (command, ran)
    right(adopted)


def test_branches_with_other_configurations_are_each_judged_by_their_own(adopted: Repo) -> None:
    """What the shell looks at has to fit the commit that it starts from, however HEAD came to be there."""
    bad = plan_text(9, "No such status", status="Whatever")
    adopted.git("checkout", "-q", "-b", "moved")
    adopted.write("holdfast.toml", adopted.read("holdfast.toml").replace('"docs/plans"', '"work"'))
    adopted.git("mv", "docs/plans", "work")
    for number in (3, 4):
        adopted.write(f"work/0{number}_x.md", plan_text(number, "X"))
    passed(adopted.commit("move the plans"))
    adopted.git("checkout", "-q", "-b", "brings")
    adopted.write("work/03_x.md", plan_text(3, "X", blocked_by="#4"))
    passed(adopted.commit("3 waits for 4"))
    adopted.git("checkout", "-q", "moved")
    adopted.write("work/04_x.md", plan_text(4, "X", blocked_by="#3"))
    passed(adopted.commit("4 waits for 3"))
    adopted.git("checkout", "-q", "main")
    adopted.write("docs/plans/09_bad.md", bad)
    refused(adopted.commit("here"), "unknown status")
    adopted.git("rm", "-q", "-f", "docs/plans/09_bad.md")
    adopted.write("src/a.txt", "a\n")
    passed(adopted.commit("code on main"))
    adopted.git("checkout", "-q", "moved")
    refused(adopted.try_git("merge", "-q", "--no-edit", "brings"), "wait for each other")
    adopted.git("merge", "--abort")
    adopted.git("checkout", "-q", "main")
    adopted.write("docs/plans/09_bad.md", bad)
    refused(adopted.commit("here again"), "unknown status")


# What was found by attacking it


def wrong_and_unseen(repo: Repo) -> None:
    """A commit that came in without the gate, with a plan index that is not the one of its plans."""
    repo.write("docs/plans/01_first.md", plan_text(1, "First, under another name"))
    ran = repo.try_git("commit", "-q", "--no-verify", "-am", "unseen")
    assert "wrong:" in ran.err, ran


def test_a_commit_beside_a_staged_plan_does_not_vouch_for_it(adopted: Repo) -> None:
    """`git commit -- PATH` leaves in git's index what HEAD does not get."""
    wrong_and_unseen(adopted)
    adopted.git("checkout", "HEAD^", "--", "docs/plans")
    adopted.write("src/a.txt", "a\n")
    adopted.git("add", "src/a.txt")
    ran = clean(adopted.try_git("commit", "-q", "--no-verify", "-m", "beside", "--", "src/a.txt"))
    assert "wrong:" in ran.err, ran
    adopted.git("reset", "-q", "--hard")
    adopted.write("src/b.txt", "b\n")
    passed(adopted.commit("code"))
    right(adopted)


def test_an_amended_commit_that_no_gate_saw_is_judged(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third", status="Nonsense"))
    passed(adopted.holdfast("index", "--write"))
    adopted.git("add", "-A")
    passed(adopted.try_git("commit", "-q", "--no-verify", "-m", "unseen"))
    refused(adopted.try_git("commit", "-q", "--amend", "-m", "again"), "unknown status")


def test_a_commit_on_top_of_one_that_no_gate_saw_judges_only_what_it_adds(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third", status="Nonsense"))
    passed(adopted.holdfast("index", "--write"))
    adopted.git("add", "-A")
    passed(adopted.try_git("commit", "-q", "--no-verify", "-m", "unseen"))
    adopted.write("src/a.txt", "a\n")
    passed(adopted.commit("code"))
    right(adopted)


def test_a_branch_that_is_another_name_is_looked_at(adopted: Repo) -> None:
    """Its file holds `ref: ...`, and a branch may be called `ref`."""
    adopted.git("branch", "ref")
    adopted.git("symbolic-ref", "refs/heads/other", "refs/heads/main")
    adopted.git("checkout", "-q", "other")
    adopted.write("src/a.txt", "a\n")
    passed(adopted.commit("code"))
    wrong_and_unseen(adopted)
    adopted.git("branch", "-f", "ref", "HEAD")
    adopted.write("src/b.txt", "b\n")
    passed(adopted.commit("more code"))
    right(adopted)


def test_a_gate_is_used_once(adopted: Repo) -> None:
    """In a container the next git may well have the same process id."""
    adopted.write("src/a.txt", "a\n")
    passed(adopted.commit("code"))
    assert adopted.read(".git/holdfast/gate").splitlines()[0] == "-"


def test_marks_that_cannot_be_written_or_read_make_no_noise(adopted: Repo) -> None:
    for name in ("gate", "verified", "watch", "known"):
        place = adopted.path / ".git/holdfast" / name
        place.unlink(missing_ok=True)
        place.mkdir()
    for message in ("code", "[Plan #1] code", "about plan #2"):
        adopted.write("src/a.txt", message)
        ran = passed(adopted.commit(message))
        assert "holdfast/" not in ran.err, ran


def test_a_message_is_not_decided_by_the_environment(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "plan-1-first")
    (adopted.path / ".git/holdfast/watch").unlink()
    (adopted.path / ".git/hooks/pre-commit").unlink()
    empty(adopted, "code", format="4", tag="-", prefix="-")
    assert said(adopted) == "[Plan #1] code"


def test_without_a_folder_for_temporary_files(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third"))
    adopted.git("add", "-A")
    passed(adopted.try_git("commit", "-q", "-m", "a plan", env={"TMPDIR": "/nonexistent"}))


def test_a_plan_that_becomes_a_symlink_with_the_same_bytes_is_refused(adopted: Repo) -> None:
    oid = adopted.git("rev-parse", "HEAD:docs/plans/02_second.md").strip()
    adopted.git("update-index", "--cacheinfo", f"120000,{oid},docs/plans/02_second.md")
    refused(adopted.try_git("commit", "-q", "-m", "a symlink"), "a symlink stands in place of a file")


def test_a_reference_to_a_removed_plan_may_move_into_the_header(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third", body="## Plan\n\nSee [Plan #2].\n"))
    passed(adopted.commit("a plan that refers to another"))
    adopted.git("rm", "-q", "docs/plans/02_second.md")
    passed(adopted.commit("without that one"))
    adopted.write(THIRD, plan_text(3, "Third", blocked_by="#2"))
    ran = passed(adopted.commit("waits for what was removed"))
    assert "never existed" not in ran.err, ran


def test_a_great_many_plan_folders(adopted: Repo) -> None:
    """git and the hook must not wait for each other, each with a full pipe."""
    folders = [f"docs/{'a_rather_long_name_of_a_plan_folder_' * 4}{number}" for number in range(300)]
    tables = "".join(f'\n[[plans]]\npath = "{folder}"\n' for folder in folders)
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + tables)
    adopted.write(f"{folders[7]}/01_x.md", plan_text(1, "X", status="Nonsense"))
    adopted.git("add", "-A")
    refused(adopted.run("timeout", "60", "git", "commit", "-q", "-m", "many"), "unknown status")


@pytest.mark.parametrize("severity", ["off", "warning"])
def test_older_problems_are_as_many_as_check_finds(adopted: Repo, severity: str) -> None:
    """Also where the rules count differently what was removed and what never existed, and without any memory."""
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + f'\n[rules]\nreference-removed = "{severity}"\n')
    adopted.write("docs/plans/04_fourth.md", plan_text(4, "Fourth", status="Nonsense"))
    adopted.git("add", "-A")
    adopted.try_git("commit", "-q", "--no-verify", "-m", "an old problem")
    adopted.write(THIRD, plan_text(3, "Third", body="## Plan\n\nSee [Plan #2].\n"))
    passed(adopted.commit("a plan that refers to another"))
    adopted.git("rm", "-q", "docs/plans/02_second.md")
    passed(adopted.commit("without that one"))
    for step, forget in enumerate((False, True, False)):
        if forget:
            shutil.rmtree(adopted.path / ".git/holdfast/cache")
        adopted.write("docs/plans/01_first.md", plan_text(1, f"First {step}"))
        ran = passed(adopted.commit("text"))
        count = len(adopted.json("check")["problems"])
        plural = "s stay as they were" if count > 1 else " stays as it was"
        assert f"holdfast: {count} older problem{plural}" in ran.err, ran
