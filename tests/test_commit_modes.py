"""Guarantee 1 and 2: every way to commit leaves the plan index of exactly its plans, and a status that is the user's own.

One story for each mode. What is right is computed twice: by the domain, and by a few lines that share nothing with it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from conftest import Ran, Repo, plan_text, sealed
from holdfast.domain import plan_index
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import folder

INDEX = "docs/plans/README.md"
PLANS = "docs/plans"
CONFIG = """main_branch = "main"

[index]
mode = "{mode}"
format = 1

[[plans]]
path = "docs/plans"
index = "README.md"
"""
STARTED = "🚧 In Progress"


# What is right, computed twice: by the domain, and by a few lines that share nothing with it


def blobs(repo: Repo, rev: str = "HEAD", cwd: Path | None = None) -> dict[str, bytes]:
    """The plan files of a commit: path to bytes, read from git alone."""
    listed = repo.git("ls-tree", "-r", "-z", "--full-tree", rev, "--", PLANS, cwd=cwd).split("\0")
    entries = [(line.split("\t")[1], line.split()[2]) for line in listed if line]
    plans = [one for one in entries if re.fullmatch(r"(?:archive/)?\d+_.*\.md", one[0].removeprefix(PLANS + "/"))]
    rest = repo.git("cat-file", "--batch", input="".join(f"{oid}\n" for _, oid in plans), cwd=cwd).encode()
    found = {}
    for path, _ in plans:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        found[path], rest = rest[:size], rest[size + 1 :]
    return found


def computed(plans: dict[str, bytes]) -> str:
    """The plan index of these plan files as the domain computes it."""
    policy = folder()
    rows = []
    for path, content in plans.items():
        number = policy.number_of(path)
        if number is not None and not policy.archived(path):
            rows.append((number, path.encode(), str(plan_index.row(parse(path, number, content, policy), policy))))
    return plan_index.text(row for *_, row in sorted(rows))


def by_hand(plans: dict[str, bytes]) -> str:
    """The same for simple plans, written without the domain."""
    rows = []
    for path, content in plans.items():
        name = path.removeprefix(PLANS + "/")
        if "/" in name:
            continue
        text = content.decode()

        def field(label: str, text: str = text) -> str:
            found = re.search(rf"^\*\*{label}:\*\* (.*)$", text, re.M)
            return found[1] if found else "-"

        title = re.match(r"# Plan #\d+: (.*)", text)
        assert title, text
        shown = re.sub(r"([\\`*_\[\]<|~])", r"\\\1", title[1])
        number = int(name.split("_")[0])
        cells = f"| {number} | [{shown}]({name}) | {field('Priority')} | {field('Status')} | {field('Blocks')} |"
        rows.append((number, name, cells))
    head = "| # | Plan | Priority | Status | Blocks |\n|---|------|----------|--------|--------|\n"
    return head + "".join(f"{row}\n" for *_, row in sorted(rows))


def outside(text: str) -> str:
    """The file of the plan index with nothing between its markers: what belongs to the user."""
    return re.sub(
        r"(<!-- holdfast:plan-index begin[^\n]*\n).*?(<!-- holdfast:plan-index end)", r"\1\2", text, flags=re.S
    )


def inside(text: str) -> str:
    """What stands between the markers."""
    found = re.search(r"<!-- holdfast:plan-index begin[^\n]*\n(.*?)<!-- holdfast:plan-index end", text, re.S)
    assert found, text
    return found[1]


def is_right(repo: Repo, rev: str = "HEAD", cwd: Path | None = None) -> bool:
    plans = blobs(repo, rev, cwd)
    assert computed(plans) == by_hand(plans)
    return inside(repo.git("show", f"{rev}:{INDEX}", cwd=cwd)) == computed(plans)


def assert_right(repo: Repo, rev: str = "HEAD", cwd: Path | None = None) -> None:
    plans = blobs(repo, rev, cwd)
    assert computed(plans) == by_hand(plans)
    assert inside(repo.git("show", f"{rev}:{INDEX}", cwd=cwd)) == computed(plans)


def assert_mends(repo: Repo, ran: Ran, cwd: Path | None = None) -> None:
    """A wrong plan index was reported with the command that mends it, and that command mends it."""
    assert "wrong:" in ran.err and "[index-" in ran.err, ran
    commands = re.findall(r"next: run `holdfast (index --mend \S+?)`", ran.err)
    assert commands, ran
    for command in commands:
        done = repo.holdfast(*command.split(), cwd=cwd)
        assert done.code == 0, (command, done)
    assert_right(repo, cwd=cwd)


# Stories: one mode each, so that a failure is easy to read


def body_of(number: int) -> str:
    """Text that no other plan has, so that git takes no plan for a renamed other one."""
    words = "\n".join(f"Step {number}.{line}: " + f"word{number}x{line} " * 6 for line in range(8))
    return f"## Plan\n\n{words}\n"


def plan(number: int, title: str = "", status: str = "📋 Planned", **fields: str) -> str:
    return plan_text(number, title or f"Plan {number}", status, body=body_of(number), **fields)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Three plans, adopted and committed; copied for each story, because `init` is the slow part."""
    at = tmp_path_factory.mktemp("seed")
    (at / "repo").mkdir(parents=True)
    made = Repo(at / "repo", sealed(at / "home"))
    made.git("init", "-q", "-b", "main", "--template=")
    for number in (1, 2, 3):
        made.write(f"{PLANS}/0{number}_plan.md", plan(number))
    made.write("other.txt", "other\n")
    made.write("more.txt", "more\n")
    ok(made.holdfast("init", "--yes"))
    ok(made.commit("adopt"))
    return made


@pytest.fixture
def at(seed: Repo, tmp_path: Path) -> Repo:
    shutil.copytree(seed.path, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo", seed.env)


def start(repo: Repo, number: int, status: str = STARTED, **fields: str) -> str:
    """Edit a plan's status in the working tree; gives its path."""
    path = f"{PLANS}/0{number}_plan.md"
    repo.write(path, plan(number, status=status, **fields))
    return path


def ok(ran: Ran) -> Ran:
    assert ran.code == 0, ran
    return ran


def test_plain_commit(at: Repo) -> None:
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == ""


def test_plain_commit_takes_the_staged_version_of_a_plan_not_the_one_on_disk(at: Repo) -> None:
    at.git("add", start(at, 1))
    start(at, 1, "✅ Complete")
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert STARTED in at.show(INDEX)
    assert at.status() == f" M {PLANS}/01_plan.md\n"


def test_plain_commit_with_unstaged_edits_around_the_plan_index(at: Repo) -> None:
    at.git("add", start(at, 1))
    at.write(INDEX, "Mine above\n" + at.read(INDEX) + "Mine below\n")
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == f" M {INDEX}\n"
    assert at.read(INDEX) == "Mine above\n" + at.show(INDEX) + "Mine below\n"


def test_plain_commit_with_partly_staged_edits_around_the_plan_index(at: Repo) -> None:
    at.write(INDEX, "Staged\n" + at.read(INDEX))
    at.git("add", INDEX, start(at, 1))
    at.write(INDEX, at.read(INDEX) + "Unstaged\n")
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.show(INDEX).startswith("Staged\n") and "Unstaged" not in at.show(INDEX)
    assert at.read(INDEX) == at.show(INDEX) + "Unstaged\n"
    assert at.status() == f" M {INDEX}\n"


def test_plain_commit_of_a_hand_edited_plan_index(at: Repo) -> None:
    at.write(INDEX, at.read(INDEX).replace("Planned", "Perfect"))
    at.git("add", INDEX, start(at, 1))
    assert "index-edited" in ok(at.try_git("commit", "-m", "x")).err
    assert_right(at)
    assert at.status() == ""


def test_plain_commit_after_the_file_of_the_plan_index_was_deleted_but_not_staged(at: Repo) -> None:
    (at.path / INDEX).unlink()
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == f" D {INDEX}\n"


def test_plain_commit_of_the_deleted_file_of_the_plan_index_brings_it_back(at: Repo) -> None:
    at.git("rm", "-q", INDEX)
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == ""


def test_plain_commit_in_crlf(at: Repo) -> None:
    at.git("config", "core.autocrlf", "true")
    (at.path / INDEX).unlink()
    at.git("checkout", "-q", "--", INDEX)
    assert b"\r\n" in (at.path / INDEX).read_bytes()
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert b"\r" not in at.show(INDEX).encode()
    assert_right(at)
    assert at.status() == ""
    assert b"\n" not in (at.path / INDEX).read_bytes().replace(b"\r\n", b"")


def test_commit_a(at: Repo) -> None:
    start(at, 1)
    at.write(INDEX, at.read(INDEX) + "Mine\n")
    ok(at.try_git("commit", "-am", "x"))
    assert_right(at)
    assert at.show(INDEX).endswith("Mine\n")
    assert at.status() == ""


def test_commit_a_with_a_partly_staged_plan(at: Repo) -> None:
    at.git("add", start(at, 1))
    start(at, 1, "🔄 In Review")
    at.write(f"{PLANS}/04_new.md", plan(4))
    ok(at.try_git("commit", "-am", "x"))
    assert_right(at)
    assert at.status() == f"?? {PLANS}/04_new.md\n"


def test_commit_p(at: Repo) -> None:
    start(at, 1)
    start(at, 2)
    ran = ok(at.try_git("commit", "-p", "-m", "x", input="y\nn\n"))
    assert_right(at)
    assert at.show(INDEX).count(STARTED) == 1, ran
    assert at.status() == f" M {PLANS}/02_plan.md\n"


def test_commit_amend(at: Repo) -> None:
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    at.git("add", start(at, 2))
    ok(at.try_git("commit", "--amend", "--no-edit"))
    assert_right(at)
    assert at.git("rev-list", "--count", "HEAD") == "2\n"
    assert at.status() == ""


def test_commit_amend_is_judged_against_the_parents_of_head(at: Repo) -> None:
    """An error that HEAD brought in by --no-verify is not old mess when HEAD is made again."""
    at.git("add", start(at, 1, "Nonsense"))
    ok(at.try_git("commit", "--no-verify", "-m", "x"))
    head = at.git("rev-parse", "HEAD")
    at.write("other.txt", "again\n")
    at.git("add", "other.txt")
    ran = at.try_git("commit", "--amend", "--no-edit")
    assert ran.code == 1 and "status-unknown" in ran.err
    assert at.git("rev-parse", "HEAD") == head and at.status() == "M  other.txt\n"
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "--amend", "--no-edit"))
    assert_right(at)


def test_commit_amend_of_the_first_commit(at: Repo) -> None:
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "--amend", "--no-edit"))
    assert_right(at)
    assert at.git("rev-list", "--count", "HEAD") == "1\n"


def test_commit_amend_through_an_alias(at: Repo) -> None:
    at.git("config", "alias.again", "commit --amend --no-edit")
    at.git("add", start(at, 1, "Nonsense"))
    ok(at.try_git("commit", "--no-verify", "-m", "x"))
    at.write("other.txt", "again\n")
    at.git("add", "other.txt")
    assert at.try_git("again").code == 1


def test_a_message_that_reads_amend_is_no_amend(at: Repo) -> None:
    at.git("add", start(at, 1, "✅ Complete"))
    ok(at.try_git("commit", "--no-verify", "-m", "x"))
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-a", "-m", "--amend"))
    assert_right(at)


def test_commit_path(at: Repo) -> None:
    path = start(at, 1)
    at.git("add", start(at, 2))
    ok(at.try_git("commit", "-m", "x", "--", path))
    assert_right(at)
    assert at.show(INDEX).count(STARTED) == 1
    assert at.status() == f"M  {PLANS}/02_plan.md\n"
    ok(at.try_git("commit", "-m", "y"))
    assert_right(at)
    assert at.show(INDEX).count(STARTED) == 2
    assert at.status() == ""


def test_commit_o_path_keeps_the_index_for_the_next_commit(at: Repo) -> None:
    ok(at.try_git("commit", "-m", "x", "-o", start(at, 1)))
    assert_right(at)
    assert at.status() == ""
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)
    assert at.status() == ""


def test_commit_path_of_a_whole_folder_with_edits_around_the_plan_index(at: Repo) -> None:
    start(at, 1)
    at.write(INDEX, at.read(INDEX) + "Mine\n")
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-m", "x", "--", PLANS))
    assert_right(at)
    assert at.show(INDEX).endswith("Mine\n")
    assert at.status() == " M other.txt\n"


def test_commit_path_with_staged_edits_around_the_plan_index(at: Repo) -> None:
    at.write(INDEX, at.read(INDEX) + "Staged\n")
    at.git("add", INDEX)
    at.write(INDEX, at.read(INDEX) + "Unstaged\n")
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    assert_right(at)
    assert "Staged" not in at.show(INDEX)
    assert at.status() == f"MM {INDEX}\n"
    assert at.git("show", f":{INDEX}") == at.show(INDEX) + "Staged\n"
    assert at.read(INDEX) == at.show(INDEX) + "Staged\nUnstaged\n"


def test_commit_path_with_unstaged_edits_around_the_plan_index(at: Repo) -> None:
    at.write(INDEX, at.read(INDEX) + "Unstaged\n")
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    assert_right(at)
    assert at.read(INDEX) == at.show(INDEX) + "Unstaged\n"
    assert at.status() == f" M {INDEX}\n"


def test_commit_path_of_the_file_of_the_plan_index_alone(at: Repo) -> None:
    start(at, 1)
    at.write(INDEX, at.read(INDEX).replace("Planned", "Perfect") + "Mine\n")
    ok(at.try_git("commit", "-m", "x", "--", INDEX))
    assert_right(at)
    assert at.status() == f" M {PLANS}/01_plan.md\n"


def test_commit_path_amended(at: Repo) -> None:
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    at.git("add", start(at, 3))
    ok(at.try_git("commit", "--amend", "--no-edit", "--", start(at, 2)))
    assert_right(at)
    assert at.status() == f"M  {PLANS}/03_plan.md\n"


def test_commit_i_path(at: Repo) -> None:
    at.git("add", start(at, 2))
    ok(at.try_git("commit", "-m", "x", "-i", start(at, 1)))
    assert_right(at)
    assert at.show(INDEX).count(STARTED) == 2
    assert at.status() == ""


def test_commit_from_a_subfolder(at: Repo) -> None:
    start(at, 1)
    ok(at.try_git("commit", "-m", "x", "--", "01_plan.md", cwd=at.path / PLANS))
    assert_right(at)
    assert at.status() == ""


def test_commit_no_verify_is_reported_and_the_next_commit_is_right(at: Repo) -> None:
    at.git("add", start(at, 1))
    ran = ok(at.try_git("commit", "--no-verify", "-m", "x"))
    assert not is_right(at)
    assert "wrong:" in ran.err and "holdfast index --mend" in ran.err
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)
    assert at.status() == ""


def test_commit_no_verify_is_mended_by_the_reported_command(at: Repo) -> None:
    at.git("add", start(at, 1))
    assert_mends(at, ok(at.try_git("commit", "--no-verify", "-m", "x")))
    assert at.status() == ""


def test_commit_no_verify_after_an_aborted_commit_path_is_reported(at: Repo) -> None:
    """What an aborted partial commit left behind must not speak for the next commit."""
    refuse_messages(at, 1)
    assert at.try_git("commit", "-m", "x", "--", start(at, 1)).code == 1
    (at.path / ".git/hooks/commit-msg").unlink()
    at.git("checkout", "-q", "--", ".")
    at.git("add", start(at, 2))
    ran = ok(at.try_git("commit", "--no-verify", "-m", "x"))
    assert not is_right(at)
    assert_mends(at, ran)
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)


def test_commit_after_an_aborted_commit_is_right(at: Repo) -> None:
    refuse_messages(at, 1)
    at.git("add", start(at, 1))
    assert at.try_git("commit", "-m", "x").code == 1
    refuse_messages(at, 0)
    at.git("reset", "-q", "--hard")
    at.git("add", start(at, 2))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == ""


def refuse_messages(repo: Repo, code: int) -> None:
    hook = repo.write(".git/hooks/commit-msg", f"#!/bin/sh\nexit {code}\n")
    hook.chmod(0o755)


def test_commit_allow_empty_and_of_other_files(at: Repo) -> None:
    ok(at.try_git("commit", "--allow-empty", "-m", "x"))
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)
    assert at.status() == ""


def test_first_commit_in_an_empty_repository(repo: Repo) -> None:
    ok(repo.holdfast("init", "--yes"))
    repo.write(f"{PLANS}/01_plan.md", plan(1))
    ok(repo.commit("first"))
    assert_right(repo)
    assert repo.status() == ""


def test_first_commit_with_a_plan_that_is_only_meant_to_be_added(repo: Repo) -> None:
    """`git add -N` stages nothing: such a plan is not in the commit, so it has no row."""
    ok(repo.holdfast("init", "--yes"))
    repo.write(f"{PLANS}/01_plan.md", plan(1))
    repo.write(f"{PLANS}/02_plan.md", plan(2))
    repo.git("add", "-A")
    repo.git("reset", "-q", "--", f"{PLANS}/02_plan.md", ok=None)
    repo.git("rm", "-q", "--cached", f"{PLANS}/02_plan.md", ok=None)
    repo.git("add", "-N", f"{PLANS}/02_plan.md")
    ok(repo.try_git("commit", "-m", "first"))
    assert_right(repo)
    assert repo.status() == f" A {PLANS}/02_plan.md\n"


def test_commit_with_a_plan_that_is_only_meant_to_be_added(at: Repo) -> None:
    at.write(f"{PLANS}/04_plan.md", plan(4))
    at.git("add", "-N", f"{PLANS}/04_plan.md")
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == f" A {PLANS}/04_plan.md\n"


def test_commit_on_a_detached_head(at: Repo) -> None:
    at.git("checkout", "-q", "--detach")
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)
    assert at.status() == ""


def test_commit_with_packed_refs(at: Repo) -> None:
    at.git("pack-refs", "--all")
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    at.git("pack-refs", "--all")
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)
    assert at.status() == ""


def test_commit_in_a_linked_worktree(at: Repo, tmp_path: Path) -> None:
    there = tmp_path / "linked"
    at.git("worktree", "add", "-q", "-b", "side", str(there))
    side = Repo(there, at.env)
    at.git("add", start(at, 2))
    side.git("add", start(side, 1))
    ok(side.try_git("commit", "-m", "x"))
    assert_right(side)
    assert side.status() == "" and at.status() == f"M  {PLANS}/02_plan.md\n"
    ok(side.try_git("commit", "-m", "y", "--", start(side, 3)))
    assert_right(side)
    assert side.status() == "" and at.status() == f"M  {PLANS}/02_plan.md\n"
    ok(at.try_git("commit", "-m", "z"))
    assert_right(at)


def test_commit_in_a_submodule(at: Repo, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    top = Repo(outer, at.env)
    top.git("init", "-q", "-b", "main")
    top.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(at.path), "sub")
    sub = Repo(outer / "sub", at.env)
    ok(sub.holdfast("init", "--yes"))
    sub.git("add", start(sub, 1))
    ok(sub.try_git("commit", "-m", "x"))
    assert_right(sub)
    ok(sub.try_git("commit", "-m", "y", "--", start(sub, 2)))
    assert_right(sub)
    assert sub.status() == ""


def test_merge_in_a_sparse_worktree(at: Repo) -> None:
    """The plan index changes, its folder stays out of the working tree, and status stays empty."""
    branches(at)
    at.git("config", "--remove-section", "merge.holdfast-plan-index")
    at.git("sparse-checkout", "set", "src")
    ran = ok(at.try_git("merge", "--no-edit", "-Xours", "side"))
    assert "made again" in ran.err
    assert_right(at)
    assert at.status() == ""


def test_commit_with_another_hook_chained(tmp_path: Path, repo: Repo) -> None:
    """The chained hook stages a plan itself; Holdfast comes after it and sees that plan."""
    for number in (1, 2):
        repo.write(f"{PLANS}/0{number}_plan.md", plan(number))
    repo.write("new.md", plan(3))
    hook = repo.write(
        ".git/hooks/pre-commit", f"#!/bin/sh\ncp new.md {PLANS}/03_plan.md && git add {PLANS}/03_plan.md\n"
    )
    hook.chmod(0o755)
    ok(repo.holdfast("init", "--yes"))
    ok(repo.commit("adopt"))
    assert_right(repo)
    assert len(blobs(repo)) == 3
    assert repo.status() == ""
    repo.write("new.md", plan(3, status=STARTED))
    ok(repo.commit("again"))
    assert_right(repo)


def test_commit_with_a_chained_hook_that_refuses(repo: Repo) -> None:
    repo.write(f"{PLANS}/01_plan.md", plan(1))
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\necho no >&2\nexit 1\n").chmod(0o755)
    ok(repo.holdfast("init", "--yes"))
    ran = repo.commit("adopt")
    assert ran.code == 1 and "no" in ran.err


def configured(repo: Repo, mode: str) -> None:
    repo.write("holdfast.toml", CONFIG.format(mode=mode))
    ok(repo.commit(f"mode {mode}"))


def test_commit_with_mode_main_on_a_feature_branch_leaves_the_plan_index_alone(at: Repo) -> None:
    configured(at, "main")
    at.git("checkout", "-q", "-b", "feature")
    before = at.show(INDEX)
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    ok(at.try_git("commit", "-m", "y", "--", start(at, 2)))
    assert at.show(INDEX) == before
    assert at.status() == ""


def test_commit_with_mode_main_on_main(at: Repo) -> None:
    configured(at, "main")
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    assert at.status() == ""


def test_merge_with_mode_main_into_main(at: Repo) -> None:
    configured(at, "main")
    at.git("checkout", "-q", "-b", "feature")
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    at.git("checkout", "-q", "main")
    ok(at.try_git("merge", "--no-ff", "--no-edit", "feature"))
    assert_right(at)
    assert STARTED in at.show(INDEX)
    assert at.status() == ""


def test_fast_forward_with_mode_main_of_main_is_reported_and_mended(at: Repo) -> None:
    configured(at, "main")
    at.git("checkout", "-q", "-b", "feature")
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    at.git("checkout", "-q", "main")
    assert_mends(at, ok(at.try_git("merge", "--ff-only", "feature")))
    assert at.status() == ""


def test_the_same_commit_on_feature_and_main_with_mode_main(at: Repo) -> None:
    """A commit that was fine on a branch is not fine on main, so a commit on top of it there mends it."""
    configured(at, "main")
    at.git("checkout", "-q", "-b", "feature")
    ok(at.try_git("commit", "-m", "x", "--", start(at, 1)))
    at.git("checkout", "-q", "-B", "main")
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "-am", "y"))
    assert_right(at)


def test_commit_with_mode_computed_never_touches_the_file(at: Repo) -> None:
    configured(at, "computed")
    at.git("rm", "-q", INDEX)
    ok(at.try_git("commit", "-m", "away"))
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    ok(at.try_git("commit", "-m", "y", "--", start(at, 2)))
    assert INDEX not in at.git("ls-tree", "-r", "--name-only", "HEAD")
    assert at.status() == ""


def test_commit_with_a_template_generates_the_whole_file(at: Repo) -> None:
    at.write(INDEX + ".template", "# Our plans, at $5\n\n$plan_index\nBye\n")
    ok(at.commit("template"))
    assert at.show(INDEX).startswith("# Our plans, at $5\n\n<!-- holdfast") and at.show(INDEX).endswith("Bye\n")
    assert_right(at)
    at.git("add", start(at, 1))
    ok(at.try_git("commit", "-m", "x"))
    assert_right(at)
    ok(at.try_git("commit", "-m", "y", "--", start(at, 2)))
    assert_right(at)
    assert at.status() == ""
    at.write(INDEX + ".template", "# Others\n\n$plan_index\nBye\n")
    at.git("add", start(at, 3))
    ok(at.try_git("commit", "-m", "z"))
    assert at.show(INDEX).startswith("# Our plans")
    assert at.status() == f" M {INDEX}.template\n"
    ok(at.try_git("commit", "-m", "t", "--", INDEX + ".template"))
    assert at.show(INDEX).startswith("# Others")
    assert at.status() == ""


def test_commit_with_a_plans_table_that_names_no_file_for_the_plan_index(repo: Repo) -> None:
    repo.write("holdfast.toml", f'[[plans]]\npath = "{PLANS}"\n')
    repo.write(f"{PLANS}/01_plan.md", plan(1))
    ok(repo.holdfast("init", "--yes"))
    ok(repo.commit("adopt"))
    assert_right(repo)
    assert repo.git("ls-tree", "--name-only", "HEAD", f"{PLANS}/").split() == [f"{PLANS}/01_plan.md", INDEX]


# Merges


def branches(repo: Repo) -> None:
    """`side` starts plan 1 and adds plan 5; `main` starts plan 2 and adds plan 4."""
    repo.git("checkout", "-q", "-b", "side")
    start(repo, 1)
    repo.write(f"{PLANS}/05_plan.md", plan(5))
    ok(repo.commit("side"))
    repo.git("checkout", "-q", "main")
    start(repo, 2)
    repo.write(f"{PLANS}/04_plan.md", plan(4))
    ok(repo.commit("main"))


@pytest.mark.parametrize("options", [(), ("--no-ff",), ("-Xtheirs",), ("--no-verify",), ("-Xignore-all-space",)])
def test_merge(at: Repo, options: tuple[str, ...]) -> None:
    branches(at)
    ok(at.try_git("merge", "--no-edit", *options, "side"))
    assert_right(at)
    assert len(blobs(at)) == 5
    assert at.status() == ""


def test_merge_fast_forward(at: Repo) -> None:
    branches(at)
    at.git("reset", "-q", "--hard", "HEAD^")
    ok(at.try_git("merge", "side"))
    assert_right(at)
    assert at.status() == ""


def test_merge_squash(at: Repo) -> None:
    branches(at)
    ok(at.try_git("merge", "--squash", "side"))
    ok(at.try_git("commit", "-m", "squashed"))
    assert_right(at)
    assert at.status() == ""


def test_merge_no_commit(at: Repo) -> None:
    branches(at)
    ok(at.try_git("merge", "--no-commit", "side"))
    at.git("add", start(at, 3))
    ok(at.try_git("commit", "--no-edit"))
    assert_right(at)
    assert at.status() == ""


def test_merge_octopus_of_one_branch_with_plans(at: Repo) -> None:
    at.git("checkout", "-q", "-b", "fourth")
    at.write("fourth.txt", "fourth\n")
    ok(at.commit("fourth"))
    at.git("checkout", "-q", "main")
    branches(at)
    at.git("checkout", "-q", "-B", "main", "main^")
    at.write("other.txt", "main\n")
    ok(at.commit("other"))
    ok(at.try_git("merge", "--no-edit", "side", "fourth"))
    assert_right(at)
    assert len(at.git("rev-parse", "HEAD^@").split()) == 3
    assert at.status() == ""


def test_merge_octopus_of_two_branches_with_plans_merges_text_and_stops(at: Repo) -> None:
    """git's octopus strategy knows no merge drivers: rows side by side conflict, and nothing is committed."""
    branches(at)
    at.git("checkout", "-q", "-b", "third", "main^")
    at.write(f"{PLANS}/06_plan.md", plan(6))
    ok(at.commit("third"))
    at.git("checkout", "-q", "main")
    head = at.git("rev-parse", "HEAD")
    assert at.try_git("merge", "--no-edit", "side", "third").code != 0
    assert at.git("rev-parse", "HEAD") == head


def test_merge_with_theirs_over_a_conflict_in_a_plan(at: Repo) -> None:
    """The plan takes their status, the merge driver cannot know that: the merge commit is made again."""
    branches(at)
    ok(at.try_git("commit", "-m", "conflict", "--", start(at, 1, "🔄 In Review")))
    before = at.git("rev-parse", "HEAD")
    ok(at.try_git("merge", "--no-edit", "-Xtheirs", "side"))
    assert_right(at)
    assert at.git("rev-parse", "HEAD^1") == before
    assert at.git("rev-parse", "HEAD^2") == at.git("rev-parse", "side")
    assert at.git("log", "-1", "--format=%s") == "Merge branch 'side'\n"
    assert at.status() == ""


def test_merge_with_unstaged_edits_keeps_them(at: Repo) -> None:
    branches(at)
    at.write("other.txt", "mine\n")
    start(at, 3)
    ok(at.try_git("merge", "--no-edit", "-Xtheirs", "side"))
    assert_right(at)
    assert at.status() == f" M {PLANS}/03_plan.md\n M other.txt\n"


def conflict(repo: Repo) -> None:
    branches(repo)
    ok(repo.try_git("commit", "-m", "conflict", "--", start(repo, 1, "🔄 In Review")))
    assert repo.try_git("merge", "--no-edit", "side").code == 1


def test_merge_concluded_by_commit_after_a_conflict(at: Repo) -> None:
    conflict(at)
    at.git("add", start(at, 1, "🟡 Proposed"))
    ran = ok(at.try_git("commit", "--no-edit"))
    assert "index-edited" not in ran.err, "git wrote those rows, not the user"
    assert_right(at)
    assert "🟡 Proposed" in at.show(INDEX)
    assert at.status() == ""


def test_merge_concluded_by_commit_a_with_other_staged_and_unstaged_changes(at: Repo) -> None:
    conflict(at)
    start(at, 1, "🟡 Proposed")
    at.git("add", start(at, 3))
    at.write("other.txt", "again\n")
    ok(at.try_git("commit", "--no-edit", "-a"))
    assert_right(at)
    assert at.status() == ""


def test_merge_concluded_by_merge_continue_with_an_unstaged_edit(at: Repo) -> None:
    conflict(at)
    at.git("add", start(at, 1, "🟡 Proposed"))
    start(at, 3)
    ok(at.try_git("merge", "--continue", env={"GIT_EDITOR": "true"}))
    assert_right(at)
    assert at.status() == f" M {PLANS}/03_plan.md\n"


def test_merge_refuses_an_error_that_it_adds(at: Repo) -> None:
    """Each side is valid; together two plans have one number."""
    branches(at)
    at.git("checkout", "-q", "side")
    at.write(f"{PLANS}/04_other.md", plan(4, "Other"))
    at.git("add", "-A")
    ok(at.try_git("commit", "--no-verify", "-m", "as on another machine"))
    ok(at.holdfast("index", "--mend", "HEAD^.."))
    at.git("checkout", "-q", "main")
    head = at.git("rev-parse", "HEAD")
    ran = at.try_git("merge", "--no-edit", "side")
    assert ran.code != 0 and "number-shared" in ran.err
    assert at.git("rev-parse", "HEAD") == head
    (advised,) = re.findall(r"`git (mv [^`]*)`", ran.err)
    moved = advised.split()
    assert moved == ["mv", f"{PLANS}/04_plan.md", f"{PLANS}/06_plan.md"]
    at.git("mv", f"{PLANS}/04_other.md", f"{PLANS}/06_other.md")
    at.write(f"{PLANS}/06_other.md", plan(6, "Other"))
    at.git("add", "-A")
    ok(at.try_git("commit", "--no-edit"))
    assert_right(at)
    assert at.status() == ""


# Where git runs no gate


def test_cherry_pick(at: Repo) -> None:
    branches(at)
    ran = ok(at.try_git("cherry-pick", "side"))
    assert_right(at)
    assert "wrong:" not in ran.err
    assert at.status() == ""


def test_cherry_pick_of_several_commits(at: Repo) -> None:
    branches(at)
    at.git("checkout", "-q", "side")
    ok(at.try_git("commit", "-m", "three", "--", start(at, 3)))
    ok(at.try_git("commit", "-m", "four", "--", start(at, 1, "🔄 In Review")))
    at.git("checkout", "-q", "main")
    ran = ok(at.try_git("cherry-pick", "side~3..side"))
    for rev in ("HEAD", "HEAD^", "HEAD~2"):
        assert_right(at, rev)
    assert "wrong:" not in ran.err
    assert at.status() == ""


def test_cherry_pick_continued_after_a_conflict(at: Repo) -> None:
    conflict(at)
    at.git("merge", "--abort")
    assert at.try_git("cherry-pick", "side").code == 1
    at.git("add", start(at, 1, "🟡 Proposed"))
    ok(at.try_git("cherry-pick", "--continue", env={"GIT_EDITOR": "true"}))
    assert_right(at)
    assert at.status() == ""


@pytest.mark.parametrize("last", [False, True])
def test_cherry_pick_of_several_commits_continued_after_a_conflict(at: Repo, last: bool) -> None:
    """git compares an index that it read before the gate with HEAD, and stops: Holdfast says what that means."""
    conflict(at)
    at.git("merge", "--abort")
    at.git("checkout", "-q", "side")
    ok(at.try_git("commit", "-m", "three", "--", start(at, 3)))
    at.git("checkout", "-q", "main")
    assert at.try_git("cherry-pick", *(("side", "side^") if last else ("side^", "side"))).code == 1
    at.git("add", start(at, 1, "🟡 Proposed"))
    ran = at.try_git("cherry-pick", "--continue", env={"GIT_EDITOR": "true"})
    assert "index-edited" not in ran.err
    said = "this was the last one" if last else "run `git cherry-pick --continue` once more"
    assert ran.code == 128 and said in ran.err
    assert_right(at)
    if not last:
        ok(at.try_git("cherry-pick", "--continue", env={"GIT_EDITOR": "true"}))
    assert_right(at)
    assert at.show(INDEX).count(STARTED) == 2
    assert at.status() == ""


def test_cherry_pick_that_takes_theirs_is_reported_and_mended(at: Repo) -> None:
    conflict(at)
    at.git("merge", "--abort")
    assert_mends(at, ok(at.try_git("cherry-pick", "-Xtheirs", "side")))
    assert at.status() == ""


def test_cherry_pick_of_an_edit_to_a_plan_that_was_archived_here(at: Repo) -> None:
    """git follows the rename, so the plans merge cleanly; an archived plan has no row."""
    branches(at)
    (at.path / PLANS / "archive").mkdir()
    at.git("mv", f"{PLANS}/01_plan.md", f"{PLANS}/archive/01_plan.md")
    ok(at.try_git("commit", "-m", "archive"))
    ran = ok(at.try_git("cherry-pick", "side"))
    assert_right(at)
    assert "wrong:" not in ran.err


def test_cherry_pick_of_an_edit_to_a_plan_that_was_renamed_here(at: Repo) -> None:
    branches(at)
    at.git("mv", f"{PLANS}/01_plan.md", f"{PLANS}/01_renamed.md")
    ok(at.try_git("commit", "-m", "rename"))
    ran = ok(at.try_git("cherry-pick", "side"))
    assert_right(at)
    assert "wrong:" not in ran.err


def test_revert(at: Repo) -> None:
    branches(at)
    ok(at.try_git("commit", "-m", "three", "--", start(at, 3)))
    ran = ok(at.try_git("revert", "--no-edit", "HEAD^"))
    assert_right(at)
    assert "wrong:" not in ran.err
    assert at.status() == ""


def test_rebase(at: Repo) -> None:
    branches(at)
    at.git("checkout", "-q", "side")
    ok(at.try_git("commit", "-m", "three", "--", start(at, 3)))
    ran = ok(at.try_git("rebase", "main"))
    assert_right(at)
    assert_right(at, "HEAD^")
    assert "wrong:" not in ran.err
    assert at.status() == ""


def test_rebase_by_the_apply_backend_is_right_or_reported(at: Repo) -> None:
    branches(at)
    at.git("checkout", "-q", "side")
    ran = ok(at.try_git("rebase", "--apply", "main"))
    if not is_right(at):
        assert_mends(at, ran)
    assert at.status() == ""


def test_rebase_that_takes_theirs_is_reported_and_mended(at: Repo) -> None:
    conflict(at)
    at.git("merge", "--abort")
    at.git("checkout", "-q", "side")
    ok(at.try_git("commit", "-m", "three", "--", start(at, 3)))
    ran = ok(at.try_git("rebase", "-Xtheirs", "main"))
    assert_mends(at, ran)
    assert_right(at, "HEAD^")
    assert at.status() == ""


def test_rebase_continued_after_a_conflict_is_right_or_reported(at: Repo) -> None:
    conflict(at)
    at.git("merge", "--abort")
    at.git("checkout", "-q", "side")
    assert at.try_git("rebase", "main").code == 1
    at.git("add", start(at, 1, "🟡 Proposed"))
    ran = ok(at.try_git("rebase", "--continue", env={"GIT_EDITOR": "true"}))
    if not is_right(at):
        assert_mends(at, ran)
    assert at.status() == ""


def test_am(at: Repo) -> None:
    branches(at)
    at.git("reset", "-q", "--hard", "HEAD^")
    patch = at.git("format-patch", "--stdout", "-1", "side")
    ran = ok(at.try_git("am", input=patch))
    assert_right(at)
    assert "wrong:" not in ran.err


def test_am_of_a_patch_without_the_plan_index_is_reported_and_mended(at: Repo) -> None:
    branches(at)
    patch = at.git("format-patch", "--stdout", "-1", "side", "--", f"{PLANS}/05_plan.md")
    assert_mends(at, ok(at.try_git("am", input=patch)))
    assert at.status() == ""


# The ratchet


def test_an_added_error_refuses_and_loses_nothing(at: Repo) -> None:
    at.write("other.txt", "again\n")
    at.git("add", "other.txt", start(at, 1, "Nonsense"))
    start(at, 2, "Rubbish")
    at.write(INDEX, at.read(INDEX) + "Mine\n")
    for command in (("commit", "-m", "x"), ("commit", "-am", "x"), ("commit", "-m", "x", "--", f"{PLANS}/01_plan.md")):
        before = (at.git("rev-parse", "HEAD"), at.git("ls-files", "-s"), at.status(), at.read(INDEX))
        ran = at.try_git(*command)
        assert ran.code == 1 and "status-unknown" in ran.err
        assert (at.git("rev-parse", "HEAD"), at.git("ls-files", "-s"), at.status(), at.read(INDEX)) == before


def test_a_problem_that_was_there_before_blocks_nothing(at: Repo) -> None:
    at.git("add", start(at, 1, "Nonsense"))
    at.git("commit", "--no-verify", "-m", "mess")
    at.write("other.txt", "again\n")
    ran = ok(at.try_git("commit", "-am", "y"))
    assert "1 older problem stays" in ran.err
    at.git("add", start(at, 2))
    ok(at.try_git("commit", "-m", "z"))
    at.git("add", start(at, 3, "Rubbish"))
    ran = at.try_git("commit", "-m", "z")
    assert ran.code == 1 and "Rubbish" in ran.err and "Nonsense" not in ran.err
