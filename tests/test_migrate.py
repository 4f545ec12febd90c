"""`migrate`: what every entry of a hand-kept claims file becomes, and the files out of git, with real git in a sealed home."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import terminal
from conftest import Ran, Repo, bound

WORK, CLAIM, IGNORE = ".claude/active-work.yaml", ".claim.yaml", ".gitignore"
NOBODY = "claims: []\ncompleted: []\n"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(ran: Ran) -> Ran:
    assert "Traceback" not in ran.out + ran.err and "bug in Holdfast" not in ran.err, ran
    assert not CONTROL.search(ran.out + ran.err), ran
    return ran


def passed(ran: Ran) -> Ran:
    assert clean(ran).code == 0, ran
    return ran


def refused(ran: Ran, problems: int = 1) -> Ran:
    """Three lines for each problem, and exit code 1."""
    lines = clean(ran).err.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("refused: ")]
    assert ran.code == 1 and len(starts) == problems, ran
    for at in starts:
        assert lines[at + 1].startswith("   why:  ") and lines[at + 2].startswith("   next: "), ran
    return ran


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # two escapes for one sign, as in JSON, are two signs in YAML


def claim(name: str, task: str = "A task", **more: Any) -> str:
    fields = "".join(f"  {key}: {quoted(value)}\n" for key, value in more.items())
    return f"- cc_id: {quoted(name)}\n  task: {quoted(task)}\n  claimed_at: '2026-01-13T19:30:32Z'\n{fields}"


def branch(repo: Repo, name: str) -> None:
    """A branch with a commit of its own."""
    commit = repo.git("commit-tree", "-p", "HEAD", "-m", name, "HEAD^{tree}").strip()
    repo.git("update-ref", f"refs/heads/{name}" if not name.startswith("refs/") else name, commit)


@pytest.fixture
def kept(repo: Repo) -> Repo:
    """A repository that tracks an active-work file and ignores something else."""
    repo.write(WORK, NOBODY)
    repo.write(IGNORE, "*.pyc\n")
    assert repo.commit("claims by hand").code == 0
    return repo


def state(repo: Repo) -> tuple[str, str, dict[str, bytes | str]]:
    """git's index, the refs and every file outside .git."""
    held: dict[str, bytes | str] = {}
    for folder, folders, names in os.walk(repo.path):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(folder, name)
            held[str(path)] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "?"
    return repo.git("ls-files", "-s"), repo.git("for-each-ref"), held


def entries(repo: Repo, *more: str) -> list[dict[str, Any]]:
    """What each entry becomes; the document fits its published schema."""
    ran = clean(repo.holdfast("migrate", "--dry-run", "--json", *more))
    document = json.loads(ran.out)
    jsonschema.Draft202012Validator(json.loads(repo.holdfast("schema", "migrate").out)).validate(document)
    assert document["schema"] == "holdfast.migrate/1" and document["problems"] == [] and document["done"] is False
    return [entry for file in document["files"] for entry in file["entries"]]


# What an entry becomes


FATES: dict[str, tuple[str, str | None, str, str | None]] = {
    "a local branch": (claim("plan-1-local"), "plan-1-local", "branch", None),
    "a branch of a person": (claim("ada/plan-7-x"), "ada/plan-7-x", "branch", None),
    "a remote-tracking branch": (claim("plan-2-remote"), "plan-2-remote", "branch", None),
    "a feature": (claim("feature-logo"), "feature-logo", "branch", None),
    "a merged branch": (claim("plan-3-merged"), "plan-3-merged", "merged", None),
    "a merged remote-tracking branch": (claim("plan-4-merged"), "plan-4-merged", "merged", None),
    "no branch, a plan by name": (claim("plan-5-gone"), "plan-5-gone", "none", "holdfast start 5"),
    "no branch, a plan by number": (claim("somebody", plan=6), "somebody", "none", "holdfast start 6"),
    "the number counts": (claim("plan-5-gone", plan=6), "plan-5-gone", "none", "holdfast start 6"),
    "main, no plan": (claim("main", "Step 3: E2E"), None, "none", "git switch -c feature-step-3-e2e"),
    "main, a plan": (claim("main", plan=5), None, "none", "holdfast start 5"),
    "a detached HEAD": (claim("HEAD", "Look"), None, "none", "git switch -c feature-look"),
    "main, a plan that is claimed": (claim("main", plan=1), "plan-1-local", "branch", None),
    "main, a plan whose claim is merged": (claim("main", plan=3), None, "none", "holdfast start 3"),
    "no branch, no plan": (claim("tidy up", "T"), "tidy up", "none", "git switch -c feature-tidy-up"),
    "a feature without a branch": (claim("feature-x"), "feature-x", "none", "git switch -c feature-x"),
    "no letter at all": (claim("🚧", "🚧"), "🚧", "none", "git switch -c feature-work"),
    "a branch that is no claim": (
        claim("worktree-rules"), "worktree-rules", "branch", "git branch -m -- worktree-rules feature-worktree-rules",
    ),
    "the same with a plan": (
        claim("worktree-rules", plan=8), "worktree-rules", "branch",
        "git branch -m -- worktree-rules plan-8-worktree-rules",
    ),
    "an odd branch that is no claim": (
        claim("a;b$(c)"), "a;b$(c)", "branch", "git branch -m -- 'a;b$(c)' feature-a-b-c",
    ),
    "a remote branch that is no claim": (claim("elsewhere"), "elsewhere", "branch", None),
    "an option": (claim("--upload-pack=touch pwned"), "--upload-pack=touch pwned", "none",
                  "git switch -c feature-upload-pack-touch-pwned"),
    "a path": (claim("../../etc/passwd"), "../../etc/passwd", "none", "git switch -c feature-etc-passwd"),
    "a ref": (claim("refs/heads/plan-1-local"), "plan-1-local", "branch", None),
    "a revision": (claim("main~0"), "main~0", "none", "git switch -c feature-main-0"),
    "several lines": (claim("a\nb", plan=5), "a\nb", "none", "holdfast start 5"),
}  # fmt: skip


@pytest.fixture
def branches(kept: Repo) -> Repo:
    """Branches of every sort."""
    for name in ("plan-3-merged", "refs/remotes/origin/plan-4-merged"):
        branch(kept, name)
        kept.git("merge", "-q", "--no-ff", "-m", "merge it", name)
    kept.git("commit", "-q", "--allow-empty", "-m", "later")
    for name in ("plan-1-local", "ada/plan-7-x", "feature-logo", "worktree-rules", "a;b$(c)"):
        branch(kept, name)
    for name in ("plan-2-remote", "elsewhere", "main"):
        branch(kept, f"refs/remotes/origin/{name}")
    kept.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    return kept


def test_what_each_claim_becomes(branches: Repo) -> None:
    branches.write(WORK, "claims:\n" + "".join(text for text, *_ in FATES.values()))
    before = state(branches)
    for (case, (_, name, becomes, command)), entry in zip(FATES.items(), entries(branches), strict=True):
        assert (entry["branch"], entry["becomes"], entry["command"]) == (name, becomes, command), case
        assert entry["at"] == "2026-01-13T19:30:32Z" and entry["section"] == "claims"
    text = passed(branches.holdfast("migrate", "--dry-run"))
    lines = text.out.splitlines()
    assert len(lines) == len(FATES)
    assert lines[0] == f'{WORK}:2: claims plan-1-local "A task": already a branch: it is the claim by itself'
    assert lines[4].endswith("merged: nothing to do") and lines[6].endswith("no claim: `holdfast start 5`")
    assert lines[9].endswith("work without a plan is a `feature-*` branch: `git switch -c feature-step-3-e2e`")
    assert lines[12].endswith("already a branch: plan-1-local is the claim") and "a\\nb" in lines[-1]
    assert state(branches) == before and not (branches.path / "pwned").exists()


def test_what_is_completed_merging_or_under_review(branches: Repo) -> None:
    done = "completed_at: '2026-01-13T10:44:39Z'"
    branches.write(
        WORK,
        "claims:\n" + claim("plan-5-gone") + claim("main", plan=5) + "completed:\n"
        f"- {{cc_id: plan-5-gone, task: T, {done}}}\n- {{cc_id: plan-1-local, task: T, {done}}}\n"
        f"- {{cc_id: main, plan: 20, task: T, {done}}}\n"
        "merging: {pr: '7', cc_id: plan-9-gone, locked_at: '2026-01-01T00:00:00Z'}\n"
        "awaiting_review:\n"
        "- {pr: 11, branch: gone, title: T, author: a, created: '2026-01-12'}\n"
        "- {pr: 12, branch: plan-2-remote, title: T, author: a, created: '2026-01-12'}\n",
    )
    assert [(one["section"], one["branch"], one["becomes"], one["command"]) for one in entries(branches)] == [
        ("claims", "plan-5-gone", "merged", None),
        ("claims", None, "none", "holdfast start 5"),
        ("completed", "plan-5-gone", "merged", None),
        ("completed", "plan-1-local", "merged", None),
        ("completed", None, "merged", None),
        ("merging", "plan-9-gone", "merged", None),
        ("awaiting_review", "gone", "merged", None),
        ("awaiting_review", "plan-2-remote", "branch", None),
    ]


def test_configured_names_count(branches: Repo) -> None:
    branches.write("holdfast.toml", 'main_branch = "trunk"\n[claims]\nbranch = "task-{number}-{slug}"\n')
    branch(branches, "task-12-x")
    branches.git("checkout", "-q", "-b", "trunk")
    branches.git("merge", "-q", "--no-ff", "-m", "merge it", "task-12-x")
    branch(branches, "task-13-x")
    branches.write(WORK, "claims:\n" + claim("trunk", plan=13) + claim("task-12-x") + claim("task-14-x"))
    assert [(one["branch"], one["becomes"], one["command"]) for one in entries(branches)] == [
        ("task-13-x", "branch", None),
        ("task-12-x", "merged", None),
        ("task-14-x", "none", "holdfast start 14"),
    ]


def test_a_terminal_is_safe(kept: Repo) -> None:
    kept.write(WORK, "claims:\n" + claim("a\x1b[2Jb", "\x1b]0;owned\x07 " + "x" * 500))
    ran = passed(kept.holdfast("migrate", "--dry-run"))
    assert "\\u001b[2J" in ran.out and "\\u001b]0;owned" in ran.out and len(ran.out) < 400
    assert entries(kept)[0]["task"].endswith("x" * 500)


# The files out of git


def test_the_whole_story(branches: Repo) -> None:
    """Look, take the file out of git, do it twice, commit, and take it back with the commands that were printed."""
    branches.write(WORK, "claims:\n" + claim("plan-1-local"))
    branches.commit("by hand")
    before = state(branches)
    ran = refused(branches.holdfast("migrate"))
    assert "next: run `holdfast migrate --yes`" in ran.err and state(branches) == before
    assert "would" not in ran.err and f"take {WORK} out of git's index" in ran.err
    assert passed(branches.holdfast("migrate", "--dry-run")).out == ran.out and state(branches) == before
    done = passed(branches.holdfast("migrate", "--yes"))
    assert done.out == ran.out
    assert branches.status() == f"D  {WORK}\nM  {IGNORE}\n"
    assert branches.read(IGNORE) == f"*.pyc\n/{WORK}\n" == branches.show(IGNORE, "")
    assert branches.read(WORK).startswith("claims:\n- cc_id"), "the file stays"
    undo = [line.strip() for line in done.err.splitlines() if line.startswith("  git ")]
    assert undo == [f"git restore --staged :/{WORK}", "git restore --staged --worktree :/.gitignore"]
    after = state(branches)
    again = passed(branches.holdfast("migrate", "--yes"))
    assert again.err == "nothing to migrate\n" and state(branches) == after
    assert json.loads(branches.holdfast("migrate", "--yes", "--json").out)["done"] is False
    take_back(branches, done)
    assert state(branches) == before
    assert branches.json("migrate", "--yes")["done"] is True
    assert branches.commit("Claims are branches").code == 0
    assert passed(branches.holdfast("migrate")).err == "nothing to migrate\n" and branches.status() == ""


def take_back(repo: Repo, done: Ran, cwd: Path | None = None) -> None:
    """Run the undo commands, from the folder where they were read."""
    for line in done.err.splitlines():
        if line.startswith("  git "):
            ran = repo.run("sh", "-c", line, cwd=cwd)
            assert ran.code == 0, (line, ran)


def test_what_is_staged_comes_back_too(kept: Repo) -> None:
    """`git restore --staged` would give back HEAD's version: another command is printed where that is not the staged one."""
    kept.write(WORK, "claims:\n" + claim("staged"))
    kept.write(CLAIM, "cc_id: new\ntask: t\nclaimed_at: '2026-01-01'\n")
    kept.write(IGNORE, "staged\n")
    kept.git("add", "-A")
    kept.write(WORK, "claims:\n" + claim("on-disk"))
    before = state(kept)
    (kept.path / "sub dir").mkdir()
    done = passed(kept.holdfast("migrate", "--yes", cwd=kept.path / "sub dir"))
    assert kept.status() == f"D  {WORK}\nM  {IGNORE}\n" and "on-disk" in done.out
    take_back(kept, done, cwd=kept.path / "sub dir")
    assert state(kept) == before


def test_before_the_first_commit(repo: Repo) -> None:
    repo.write(WORK, NOBODY)
    repo.git("add", "-A")
    before = state(repo)
    done = passed(repo.holdfast("migrate", "--yes"))
    assert repo.status() == f"A  {IGNORE}\n"
    take_back(repo, done)
    assert state(repo) == before


def test_a_file_that_only_git_holds(kept: Repo) -> None:
    kept.write(WORK, "claims:\n" + claim("plan-5-x"))
    kept.commit()
    (kept.path / WORK).unlink()
    assert entries(kept)[0]["command"] == "holdfast start 5"
    passed(kept.holdfast("migrate", "--yes"))
    assert not (kept.path / WORK).exists() and kept.git("ls-files") == f"{IGNORE}\n"
    assert passed(kept.holdfast("migrate")).err == "nothing to migrate\n"


def test_a_file_that_git_does_not_hold(repo: Repo) -> None:
    """What is not ignored would be added by the next `git add -A`."""
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    repo.write(CLAIM, "cc_id: plan-5-x\ntask: t\nclaimed_at: '2026-01-01'\n")
    done = passed(repo.holdfast("migrate", "--yes"))
    assert repo.read(IGNORE) == "/.claim.yaml\n" and repo.status() == f"A  {IGNORE}\n"
    take_back(repo, done)
    assert not (repo.path / IGNORE).exists()


def test_nothing_to_migrate(repo: Repo) -> None:
    repo.write("README.md", "# x\n")
    repo.commit()
    assert passed(repo.holdfast("migrate")).err == "nothing to migrate\n"
    document = repo.json("migrate")
    assert {step["state"] for step in document.pop("steps")} == {"nothing"}
    assert document == {"schema": "holdfast.migrate/1", "files": [], "problems": [], "commit": None, "done": False}


# .gitignore


IGNORES: dict[str, tuple[bytes | None, bytes]] = {
    "absent": (None, b"/.claude/active-work.yaml\n"),
    "CRLF": (b"*.pyc\r\n\r\n# mine\r\n", b"*.pyc\r\n\r\n# mine\r\n/.claude/active-work.yaml\r\n"),
    "CRLF, no last line end": (b"*.pyc\r\n*.o", b"*.pyc\r\n*.o\r\n/.claude/active-work.yaml\r\n"),
    "no last line end": (b"*.pyc", b"*.pyc\n/.claude/active-work.yaml\n"),
    "odd bytes": (b"\xef\xbb\xbf\xff\x00\x85\x0c\n", b"\xef\xbb\xbf\xff\x00\x85\x0c\n/.claude/active-work.yaml\n"),
    "a line that only looks like it": (b"#\x0c/.claude/active-work.yaml\n",
                                       b"#\x0c/.claude/active-work.yaml\n/.claude/active-work.yaml\n"),
    "ignored by folder": (b".claude/\n", b".claude/\n"),
    "ignored by name": (b"active-*.yaml\r\n", b"active-*.yaml\r\n"),
    "ignored and taken out again": (b".claude/*\n!.claude/active-work.yaml\n",
                                    b".claude/*\n!.claude/active-work.yaml\n/.claude/active-work.yaml\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", IGNORES)
def test_every_other_byte_of_gitignore_stays(repo: Repo, case: str) -> None:
    before, after = IGNORES[case]
    repo.write(WORK, NOBODY)
    if before is not None:
        repo.write(IGNORE, before).chmod(0o640)
    repo.git("add", "-f", "-A")
    repo.git("add", "-f", WORK)
    repo.git("commit", "-q", "-m", "x")
    assert "takes it out again" not in passed(repo.holdfast("migrate", "--yes")).err
    assert (repo.path / IGNORE).read_bytes() == after
    changed = "" if before == after else f"{'M' if before is not None else 'A'}  {IGNORE}\n"
    assert sorted(repo.status().splitlines()) == sorted(f"D  {WORK}\n{changed}".splitlines())
    if before is not None:
        assert (repo.path / IGNORE).stat().st_mode & 0o777 == 0o640
    assert passed(repo.holdfast("migrate", "--yes")).err == "nothing to migrate\n"
    assert repo.try_git("check-ignore", "-q", "--no-index", WORK).code == 0


@pytest.mark.parametrize("tracked", [True, False])
def test_unstaged_edits_of_gitignore_are_not_staged(kept: Repo, tracked: bool) -> None:
    if not tracked:
        kept.git("rm", "-q", "--cached", IGNORE)
        kept.git("commit", "-q", "-m", "not tracked")
    kept.write(IGNORE, "*.pyc\nmine\n")
    staged = kept.git("ls-files", "-s", IGNORE)
    ran = passed(kept.holdfast("migrate", "--yes"))
    assert "it has unstaged edits, so it is not staged" in ran.err and f"remove /{WORK} from .gitignore" in ran.err
    assert kept.read(IGNORE) == f"*.pyc\nmine\n/{WORK}\n" and kept.git("ls-files", "-s", IGNORE) == staged
    assert passed(kept.holdfast("migrate", "--yes")).err == "nothing to migrate\n"


def test_gitignore_with_git_s_own_line_ends(kept: Repo) -> None:
    """Under autocrlf the file on disk differs from git's, and nothing is edited all the same."""
    kept.git("config", "core.autocrlf", "true")
    kept.write(IGNORE, "*.pyc\r\n")
    kept.git("add", IGNORE)
    passed(kept.holdfast("migrate", "--yes"))
    assert (kept.path / IGNORE).read_bytes() == f"*.pyc\r\n/{WORK}\r\n".encode()
    assert kept.git("cat-file", "blob", f":{IGNORE}") == f"*.pyc\n/{WORK}\n"
    assert kept.status() == f"D  {WORK}\nM  {IGNORE}\n"


def test_a_gitignore_that_takes_the_file_out_again(kept: Repo) -> None:
    kept.write(".claude/.gitignore", "!active-work.yaml\n")
    kept.commit()
    passed(kept.holdfast("migrate", "--yes"))
    ran = passed(kept.holdfast("migrate", "--yes"))
    assert "nothing to migrate" in ran.err and ".claude/.gitignore:1:!active-work.yaml takes it out again" in ran.err
    assert kept.read(IGNORE).count(WORK) == 1


@pytest.mark.parametrize("what", ["symlink", "folder"])
def test_a_gitignore_that_is_no_file(kept: Repo, tmp_path: Path, what: str) -> None:
    (kept.path / IGNORE).unlink()
    (tmp_path / "outside").write_text("")
    if what == "symlink":
        (kept.path / IGNORE).symlink_to(tmp_path / "outside")
    else:
        (kept.path / IGNORE).mkdir()
    before = state(kept)
    assert "[claims-file-ignore]" in refused(kept.holdfast("migrate", "--yes")).err
    assert state(kept) == before and (tmp_path / "outside").read_text() == ""


# What is not understood stays in git


REFUSED: dict[str, tuple[str | bytes, list[tuple[str, int]]]] = {
    "conflict markers": (f"claims:\n<<<<<<< HEAD\n{claim('a')}=======\n{claim('b')}>>>>>>> x\n", [("conflict", 2)]),
    "an unknown key": ("claims:\n" + claim("a", owner="x"), [("key", 5)]),
    "several things": ("claims:\n" + claim("a", plan="x") + "- task: y\n", [("value", 5), ("field", 6), ("field", 6)]),
    "no UTF-8": (b"claims:\n- \xff\n", [("not-utf8", 2)]),
    "escape sequences in a key": ("claims:\n- " + json.dumps("\x1b[2J") + ": x\n", [("key", 2)] + [("field", 2)] * 3),
    "10 MB": (b"# x\n" * 2_500_000, [("large", 1)]),
    "nothing": ("", [("empty", 1)]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_taken_out_of_git_that_was_not_understood(kept: Repo, case: str) -> None:
    text, expected = REFUSED[case]
    kept.write(CLAIM, "cc_id: a\ntask: t\nclaimed_at: '2026-01-01'\n")
    kept.write(WORK, text)
    kept.commit()
    before = state(kept)
    ran = refused(kept.holdfast("migrate", "--yes"), len(expected))
    whys = [line for line in ran.err.splitlines() if line.startswith("   why:  ")]
    for line, (code, at) in zip(whys, expected, strict=True):
        assert line.startswith(f"   why:  {WORK}:{at}: ") and line.endswith(f"[claims-file-{code}]"), line
    document = kept.json("migrate", "--yes")
    jsonschema.validate(document, json.loads(kept.holdfast("schema", "migrate").out))
    assert [(one["code"], one["line"]) for one in document["problems"]] == [
        (f"claims-file-{code}", at) for code, at in expected
    ]
    assert document["done"] is False and state(kept) == before
    for code, _ in expected:
        assert f"claims-file-{code}" in passed(kept.holdfast("explain", f"claims-file-{code}")).out


@pytest.mark.parametrize("what", ["symlink", "symlinked folder", "folder", "pipe", "dangling"])
def test_what_is_no_file_is_not_read(kept: Repo, tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "active-work.yaml").write_text("claims:\n" + claim("SECRET"))
    (kept.path / WORK).unlink()
    if what == "symlink":
        (kept.path / WORK).symlink_to(outside / "active-work.yaml")
    elif what == "dangling":
        (kept.path / WORK).symlink_to(outside / "nowhere")
    elif what == "symlinked folder":
        (kept.path / ".claude").rmdir()
        (kept.path / ".claude").symlink_to(outside)
    elif what == "folder":
        (kept.path / WORK).mkdir()
    else:
        os.mkfifo(kept.path / WORK)
    staged = kept.git("ls-files", "-s")
    ran = refused(kept.holdfast("migrate", "--yes"))
    assert "[claims-file-no-file]" in ran.err and "SECRET" not in ran.out + ran.err
    assert (" is a symlink, or " in ran.err) == (what in ("symlink", "symlinked folder", "dangling"))
    assert kept.git("ls-files", "-s") == staged and kept.read(IGNORE) == "*.pyc\n"


def test_what_git_does_not_hold_and_cannot_be_read(kept: Repo) -> None:
    """Nothing is passed over in silence: it could be a claim."""
    kept.write(CLAIM, "#" * 10_000_000)
    assert "[claims-file-large]" in refused(kept.holdfast("migrate", "--yes")).err
    kept.write(CLAIM, "cc_id: a\ntask: t\nclaimed_at: '2026-01-01'\n").chmod(0)
    assert "may not be read" in refused(kept.run(*bound(), sys.executable, "-m", "holdfast", "migrate", "--yes")).err


def test_a_merge_that_waits_for_somebody(kept: Repo) -> None:
    kept.git("checkout", "-q", "-b", "other")
    kept.write(WORK, "claims:\n" + claim("a"))
    kept.commit()
    kept.git("checkout", "-q", "main")
    kept.write(WORK, "claims:\n" + claim("b"))
    kept.commit()
    kept.git("merge", "-q", "other", ok=False)
    kept.write(WORK, "claims:\n" + claim("a") + claim("b"))
    before = state(kept)
    assert "[claims-file-unmerged]" in refused(kept.holdfast("migrate", "--yes")).err and state(kept) == before
    kept.git("add", WORK)
    passed(kept.holdfast("migrate", "--yes"))


# Worktrees


def test_the_claim_of_each_worktree(kept: Repo, tmp_path: Path) -> None:
    tree = Repo(tmp_path / "a tree", kept.env)
    kept.git("worktree", "add", "-q", "-b", "plan-4-x", str(tree.path))
    kept.git("worktree", "add", "-q", "--detach", str(tmp_path / "gone"))
    tree.write(CLAIM, "cc_id: plan-4-x\ntask: t\nclaimed_at: '2026-01-01T01:02:03'\nsession_id: s\nplan: 4\n")
    tree.write(WORK, "an inherited copy is not looked at: [\n")
    tree.git("commit", "-q", "--allow-empty", "-m", "work")
    document = kept.json("migrate", "--dry-run")
    assert [(one["path"], one["kind"], one["tracked"]) for one in document["files"]] == [
        (str(kept.path / WORK), "active-work", True),
        (str(tree.path / CLAIM), "claim", False),
    ]
    assert document["files"][1]["entries"][0]["becomes"] == "branch"
    tree.git("add", CLAIM)
    before = state(tree)
    ran = passed(kept.holdfast("migrate", "--yes"))
    assert f"run `holdfast -C '{tree.path}' migrate`" in ran.err
    assert f"../a tree/{CLAIM}:1: claim plan-4-x" in ran.out and f"take {CLAIM}" not in ran.err
    assert state(tree) == before, "git's index of another worktree is another's"
    assert kept.read(IGNORE) == f"*.pyc\n/{WORK}\n/{CLAIM}\n"
    tree.git("checkout", "-q", "--", WORK)
    passed(kept.holdfast("-C", str(tree.path), "migrate", "--yes"))
    assert sorted(tree.status().splitlines()) == [f"D  {WORK}", f"M  {IGNORE}"]
    # What is wrong there is told with its whole path, also where git's part of that worktree is gone.
    tree.write(CLAIM, "cc_id: [\n")
    assert f"why:  {tree.path}/{CLAIM}:1: " in refused(kept.holdfast("migrate", "--yes")).err
    (tree.path / ".git").unlink()
    assert "[claims-file-yaml]" in refused(kept.holdfast("migrate", "--yes")).err


def test_in_a_bare_repository_with_worktrees(kept: Repo, tmp_path: Path) -> None:
    kept.git("clone", "-q", "--bare", str(kept.path), str(tmp_path / "bare.git"))
    tree = Repo(tmp_path / "tree", kept.env)
    kept.git("-C", str(tmp_path / "bare.git"), "worktree", "add", "-q", str(tree.path), "main")
    passed(tree.holdfast("migrate", "--yes"))
    assert tree.status() == f"D  {WORK}\nM  {IGNORE}\n"


# Killed, raced, asked


KILLED = """
import os, signal, sys
from holdfast.adapters.git import Git
from holdfast.entrypoints import cli
run = Git.run
def killed(self, *args, **more):
    if "update-index" in args:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, *args, **more)
Git.run = killed
cli.main(["migrate", "--yes"])
"""


@pytest.mark.parametrize("ignore", [b"*.pyc\n", b"*.pyc", b"a\r\n", None])
def test_killed_between_the_writes(kept: Repo, ignore: bytes | None) -> None:
    if ignore is None:
        kept.git("rm", "-q", IGNORE)
    else:
        kept.write(IGNORE, ignore)
    kept.write(CLAIM, "cc_id: a\ntask: t\nclaimed_at: '2026-01-01'\n")
    kept.commit()
    before = state(kept)
    assert kept.run(sys.executable, "-c", KILLED).code == -signal.SIGKILL
    left = state(kept)
    assert left[0] == before[0] and left[2] != before[2], "only .gitignore was written"
    assert "nothing to migrate" not in passed(kept.holdfast("migrate", "--yes")).err
    assert state(kept)[2] == left[2]
    expected = [f"{'A' if ignore is None else 'M'}  {IGNORE}", f"D  {CLAIM}", f"D  {WORK}"]
    assert sorted(kept.status().splitlines()) == sorted(expected)
    assert passed(kept.holdfast("migrate", "--yes")).err == "nothing to migrate\n"


def test_half_done_the_other_way_round(kept: Repo) -> None:
    kept.git("rm", "-q", "--cached", WORK)
    passed(kept.holdfast("migrate", "--yes"))
    assert sorted(kept.status().splitlines()) == [f"D  {WORK}", f"M  {IGNORE}"]
    kept.git("restore", "--staged", IGNORE)
    assert "stage the lines that are in .gitignore already" in passed(kept.holdfast("migrate", "--yes")).err
    assert sorted(kept.status().splitlines()) == [f"D  {WORK}", f"M  {IGNORE}"]


def test_somebody_else_holds_the_lock_of_gits_index(kept: Repo) -> None:
    (kept.path / ".git/index.lock").write_text("")
    assert "index.lock" in refused(kept.holdfast("migrate", "--yes")).err
    (kept.path / ".git/index.lock").unlink()
    passed(kept.holdfast("migrate", "--yes"))
    assert kept.status() == f"D  {WORK}\nM  {IGNORE}\n"


def asked(repo: Repo, answer: str, meanwhile: str = "") -> str:
    """What a terminal shows when a person answers, and something else happens before that."""

    def answered(_shown: str) -> str:
        if meanwhile:
            repo.write(WORK, meanwhile)
        return answer

    return terminal.answered(repo, "migrate", answer=answered)


def test_a_person_is_asked_once(kept: Repo) -> None:
    before = state(kept)
    shown = asked(kept, "n")
    assert shown.count("do this?") == 1 and shown.endswith("exit 1") and state(kept) == before
    shown = asked(kept, "y", "claims:\n" + claim("new"))
    assert "something changed" in shown and shown.endswith("exit 1")
    kept.git("checkout", "-q", "--", WORK)
    assert state(kept) == before
    shown = asked(kept, "y")
    assert "done: 2 steps" in shown and shown.endswith("exit 0")
    assert kept.status() == f"D  {WORK}\nM  {IGNORE}\n"


def test_json_without_a_terminal_and_without_yes(kept: Repo) -> None:
    before = state(kept)
    ran = refused(kept.holdfast("migrate", "--json", input="y\n"))
    assert json.loads(ran.out)["done"] is False and state(kept) == before


def test_only_migrate_loads_a_yaml_parser(kept: Repo) -> None:
    """Nothing else waits for it."""
    script = "import sys; from holdfast.entrypoints import cli; cli.main(sys.argv[1:]); sys.exit('yaml' in sys.modules)"
    for command in (("plan", "list"), ("check",), ("version",)):
        assert kept.run(sys.executable, "-c", script, *command).code == 0
    assert kept.run(sys.executable, "-c", script, "migrate", "--dry-run").code == 1
