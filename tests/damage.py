"""Damage of every kind that `doctor` names: how it comes about, which codes it has, and whether it can be mended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conftest import Repo, plan_text
from holdfast.domain.session import LOCK_REASON


@dataclass(frozen=True)
class Damage:
    """`bring` does it to an adopted repository; then exactly `codes` are found, and those not `left` are mended."""

    name: str
    bring: Callable[[Repo], None]
    codes: frozenset[str]
    left: frozenset[str] = frozenset()


def hook(repo: Repo, name: str = "pre-commit") -> Path:
    return repo.path / ".git" / "hooks" / name


def state(repo: Repo, name: str = "") -> Path:
    return repo.path / ".git" / "holdfast" / name


def must(repo: Repo, *words: str) -> str:
    ran = repo.holdfast(*words)
    assert ran.code == 0, (words, ran)
    return ran.out.strip()


def configure(repo: Repo, text: str) -> None:
    """Add to the configuration, and commit that."""
    repo.write("holdfast.toml", repo.read("holdfast.toml") + text)
    repo.git("commit", "-q", "--no-verify", "-am", "Configure")


def claim(repo: Repo, plan: int = 1, *more: str) -> Path:
    """A claim with its worktree."""
    return Path(must(repo, "start", str(plan), *more))


# Hooks


def edited(repo: Repo) -> None:
    hook(repo).write_text(hook(repo).read_text() + "\n# mine\n")


def foreign(repo: Repo) -> None:
    hook(repo).write_text("#!/bin/sh\nexit 0\n")


def python_gone(repo: Repo) -> None:
    text = hook(repo).read_text()
    start = text.index("python='")
    hook(repo).write_text(text[:start] + "python='/nowhere/python3'" + text[text.index("\n", start) :])


def chain_gone(repo: Repo) -> None:
    foreign(repo)
    must(repo, "init", "--local", "--yes")
    hook(repo, "pre-commit.before-holdfast").unlink()


def guard_left(repo: Repo) -> None:
    configure(repo, "\n[guard]\nrefs = true\n")
    must(repo, "init", "--yes")
    repo.write("holdfast.toml", repo.read("holdfast.toml").replace("refs = true", "refs = false"))
    repo.git("commit", "-q", "--no-verify", "-am", "No guard")


def led_away(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", str(repo.path / ".git" / "other-hooks"))


def led_away_for_all(repo: Repo) -> None:
    repo.git("config", "--global", "core.hooksPath", str(repo.path.parent / "all-hooks"))


def silent(repo: Repo) -> None:
    """Every hook starts something that says yes to everything."""
    nothing = state(repo, "nothing.py")
    nothing.write_text("import sys\nsys.exit(0)\n")
    for path in (*hook(repo).parent.iterdir(), *state(repo, "hooks").iterdir()):
        text = path.read_text()
        if "\nentry='" in text:
            start = text.index("\nentry='") + 1
            path.write_text(text[:start] + f"entry='{nothing}'" + text[text.index("\n", start) :])


def driver_not_configured(repo: Repo) -> None:
    repo.git("config", "--remove-section", "merge.holdfast-plan-index")


def driver_gone(repo: Repo) -> None:
    repo.git(
        "config", "merge.holdfast-plan-index.driver", "'/nowhere/python3' -I -S '/nowhere/x.py' merge-driver %O %A"
    )


def attribute_gone(repo: Repo) -> None:
    repo.git("rm", "-q", ".gitattributes")
    repo.git("commit", "-q", "--no-verify", "-m", "No attributes")


def agent_hook_gone(repo: Repo) -> None:
    must(repo, "agents", "install", "claude")
    state(repo, "agent-hook").unlink()


def agent_half_registered(repo: Repo) -> None:
    must(repo, "agents", "install", "claude")
    settings = json.loads(repo.read(".claude/settings.json"))
    del settings["hooks"]["Stop"]
    repo.write(".claude/settings.json", json.dumps(settings))


# Configuration and plans


def not_adopted(repo: Repo) -> None:
    repo.git("rm", "-q", "holdfast.toml")
    repo.git("commit", "-q", "--no-verify", "-m", "Without")


def broken_configuration(repo: Repo) -> None:
    repo.write("holdfast.toml", "main_branch = \n")


def unknown_key(repo: Repo) -> None:
    configure(repo, "\n[claims]\nstale_hour = 3\n")


def index_wrong(repo: Repo) -> None:
    repo.write("docs/plans/README.md", repo.read("docs/plans/README.md").replace("First", "Frist"))
    repo.git("commit", "-q", "--no-verify", "-am", "By hand")


def index_without_markers(repo: Repo) -> None:
    repo.write("docs/plans/README.md", "# Plans\n")
    repo.git("commit", "-q", "--no-verify", "-am", "By hand")


def invalid_plan(repo: Repo) -> None:
    text = plan_text(2, "Second", blocked_by="#1").replace("## Plan\n\nDo it step by step.\n", "")
    repo.write("docs/plans/02_second.md", text)
    repo.git("commit", "-q", "--no-verify", "-am", "No plan in it")


def guide_edited(repo: Repo) -> None:
    must(repo, "guide", "--write")
    repo.write("AGENTS.md", repo.read("AGENTS.md").replace("holdfast start", "holdfast begin"))


def older(repo: Repo) -> None:
    repo.write("scripts/check_claims.py", 'FILE = ".claims.yaml"\nopen(".claude/active-work.yaml", "w")\n')
    repo.git("add", "scripts")
    repo.git("commit", "-q", "--no-verify", "-m", "By hand")


# Claims


def contested(repo: Repo) -> None:
    for name in ("plan-1-one", "plan-1-two"):
        repo.git("branch", name)
        tree = repo.git("rev-parse", "HEAD^{tree}").strip()
        now = f"{int(time.time())} +0000"
        made = repo.git("commit-tree", tree, "-p", "HEAD", "-m", name, env={"GIT_COMMITTER_DATE": now}).strip()
        repo.git("update-ref", f"refs/heads/{name}", made)


def stale(repo: Repo) -> None:
    """A branch whose commit, and whose log, are long ago."""
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    repo.git("update-ref", "refs/heads/plan-1-old", repo.git("commit-tree", tree, "-p", "HEAD", "-m", "Old").strip())
    shutil.rmtree(repo.path / ".git" / "logs" / "refs" / "heads", ignore_errors=True)


def unpublished(repo: Repo) -> None:
    remote(repo)
    must(repo, "start", "1", "--offline", "--no-worktree")


def remote(repo: Repo) -> None:
    """A bare remote that has everything."""
    there = repo.path.parent / "remote.git"
    if not there.exists():
        repo.git("init", "-q", "--bare", "-b", "main", str(there))
        repo.git("remote", "add", "origin", str(there))
    repo.git("push", "-q", "-u", "origin", "main")
    repo.git("fetch", "-q")


def overtaken(repo: Repo) -> None:
    unpublished(repo)
    other = repo.path.parent / "other"
    repo.git("clone", "-q", str(repo.path.parent / "remote.git"), str(other))
    must(Repo(other, repo.env), "start", "1", "--no-worktree", "--owner", "grace")
    repo.holdfast("claims", "--fetch")


def mark_left(repo: Repo) -> None:
    must(repo, "start", "1", "--no-worktree")
    repo.git("branch", "-q", "-D", "plan-1-first")


def mark_left_on_the_remote(repo: Repo) -> None:
    remote(repo)
    must(repo, "start", "1", "--no-worktree")
    repo.git("push", "-q", "origin", ":refs/heads/plan-1-first")
    repo.git("branch", "-q", "-D", "plan-1-first")
    repo.holdfast("claims", "--fetch")


def number_left(repo: Repo) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    repo.git(
        "update-ref", "refs/holdfast/numbers/9", repo.git("commit-tree", tree, "-m", "Reserve plan number 9").strip()
    )


# Worktrees and sessions


def tree_gone(repo: Repo) -> None:
    shutil.rmtree(claim(repo))


def tree_moved(repo: Repo) -> None:
    tree = claim(repo)
    tree.rename(tree.parent / "moved-by-hand")


def tree_broken(repo: Repo) -> None:
    (claim(repo) / ".git").write_text("gitdir: /nowhere\n")


def tree_of_a_copy(repo: Repo) -> None:
    """The folder leads to a copy of this repository, which has it, too."""
    tree, copy = claim(repo), repo.path.parent / "copy"
    shutil.copytree(repo.path / ".git", copy / ".git", symlinks=True)
    (tree / ".git").write_text(f"gitdir: {copy}/.git/worktrees/{tree.name}\n")


def tree_away(repo: Repo) -> None:
    disk = repo.path.parent / "disk"
    disk.mkdir()
    repo.git("worktree", "add", "-q", "-b", "side", str(disk / "tree"))
    disk.rename(repo.path.parent / "taken-out")


def tree_merged(repo: Repo) -> None:
    tree = Repo(claim(repo), repo.env)
    tree.write("done.txt", "done\n")
    assert tree.commit("Work").code == 0
    repo.git("merge", "-q", "--no-ff", "--no-edit", "plan-1-first")


def tree_orphaned(repo: Repo) -> None:
    tree = claim(repo)
    shutil.rmtree(repo.path / ".git" / "worktrees" / tree.name)


def session_dead(repo: Repo) -> None:
    process = subprocess.Popen(["sleep", "60"], cwd=repo.path.parent)
    try:
        must(repo, "session", "start", "--id", "gone", "--agent", "codex", "--pid", str(process.pid))
    finally:
        process.kill()
        process.wait()


def session_lock_left(repo: Repo) -> None:
    repo.git("worktree", "lock", "--reason", LOCK_REASON, str(claim(repo)))
    state(repo, "sessions").mkdir(exist_ok=True)


# What was left


def init_cut_off(repo: Repo) -> None:
    path = state(repo, "install.json")
    path.write_text(path.read_text().replace('"complete": true', '"complete": false'))


def command_cut_off(repo: Repo) -> None:
    """A claim that was written down and not made: killed before its branch was there."""
    folder = state(repo, "intents")
    folder.mkdir(exist_ok=True)
    (folder / "worktree-0a0a0a0a-1").write_text("kind\tworktree\nbranch\tplan-1-first\n")


def finish_cut_off(repo: Repo) -> None:
    folder = state(repo, "finishing")
    folder.mkdir(exist_ok=True)
    head = repo.git("rev-parse", "HEAD").strip()
    lines = {"branch": "plan-1-first", "plan": "1", "main": "main", "head": head, "base": head, "whole": "yes"}
    (folder / "0a0a").write_text("".join(f"{key}\t{value}\n" for key, value in lines.items()))


def removal_put_off(repo: Repo) -> None:
    folder = state(repo, "put-off")
    folder.mkdir(exist_ok=True)
    head = repo.git("rev-parse", "HEAD").strip()
    (folder / "0a0a").write_text(f"branch\tplan-9-gone\nhead\t{head}\nactor\tAda\nplan\t9\nwhole\tyes\n")


def removed(repo: Repo) -> str:
    """A removed worktree; its id in the trash."""
    claim(repo)
    must(repo, "worktree", "remove", "1")
    waiting = repo.json("trash", "list")["waiting"]
    return str(waiting[-1]["id"])


def trash_expired(repo: Repo) -> None:
    removed(repo)
    configure(repo, "\n[trash]\ndays = 0\n")


def trash_files_gone(repo: Repo) -> None:
    removed(repo)
    (folder,) = (repo.path / ".worktrees" / ".holdfast-trash").glob("[0-9a-f]*")
    shutil.rmtree(folder)


def trash_unreadable(repo: Repo) -> None:
    state(repo, f"trash/{removed(repo)}/record.json").write_text("{ torn")


def session_unreadable(repo: Repo) -> None:
    state(repo, "sessions").mkdir(exist_ok=True)
    state(repo, "sessions/broken.json").write_text("{ torn")


def journal_unreadable(repo: Repo) -> None:
    path = state(repo, "journal.jsonl")
    path.write_bytes(b"no event\n" + path.read_bytes() + b'{"at": 7}\n\xff\xfe\n')


def cache_unreadable(repo: Repo) -> None:
    """An entry that nobody asks for any more: others are written anew by whoever looks."""
    (state(repo, "cache") / f"config-{'0' * 40}").write_bytes(b"holdfast cache 2\ntorn")


def commit_ahead(repo: Repo) -> None:
    later = f"{int(time.time()) + 86_400} +0000"
    repo.git("commit", "-q", "--allow-empty", "-m", "From the future", env={"GIT_COMMITTER_DATE": later})


def lock_left(repo: Repo) -> None:
    path = repo.path / ".git" / "shallow.lock"
    path.write_bytes(b"")
    os.utime(path, (time.time() - 3_600,) * 2)


def old_git(repo: Repo) -> None:
    folder = repo.path.parent / "old-git"
    folder.mkdir()
    real = shutil.which("git")
    (folder / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *--version*) echo "git version 2.30.2"; exit;; esac\nexec {real} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    repo.env["PATH"] = f"{folder}:{repo.env['PATH']}"


def _one(name: str, bring: Callable[[Repo], None], *codes: str, left: bool = False) -> Damage:
    return Damage(name, bring, frozenset(codes), frozenset(codes) if left else frozenset())


MARKED = frozenset({"claim-mark-left"})
"""What there is beside where a claim without a remote has ended by another way than Holdfast's own."""

ALL = (
    _one("a hook is deleted", lambda repo: hook(repo, "commit-msg").unlink(), "hook-missing"),
    _one("all hooks are deleted", lambda repo: shutil.rmtree(hook(repo).parent), "hook-missing"),
    _one("a hook is edited", edited, "hook-old"),
    _one("a hook is not executable", lambda repo: hook(repo).chmod(0o644), "hook-not-executable"),
    _one("another hook stands there", foreign, "hook-foreign"),
    _one("the Python of a hook is gone", python_gone, "hook-python-gone"),
    _one("the hook from before is gone", chain_gone, "hook-chain-gone"),
    _one("the guard is off, and its hook there", guard_left, "hook-left"),
    _one("core.hooksPath leads away", led_away, "hooks-path-changed", left=True),
    _one("core.hooksPath leads away for all", led_away_for_all, "init-hooks-path", left=True),
    _one("the merge driver is not configured", driver_not_configured, "merge-driver-missing"),
    _one("the merge driver starts nothing", driver_gone, "merge-driver-gone"),
    _one("the attribute of the merge driver is gone", attribute_gone, "merge-driver-missing", left=True),
    _one("the hook of agents is gone", agent_hook_gone, "agents-hook-missing"),
    _one("an agent calls half of it", agent_half_registered, "agents-not-registered", left=True),
    _one("an agent works here without", lambda repo: (repo.path / ".codex").mkdir(), "agents-unhooked", left=True),
    _one("the configuration is gone", not_adopted, "not-adopted", left=True),
    _one("the configuration is no TOML", broken_configuration, "config-unreadable", left=True),
    _one("a key is unknown", unknown_key, "config-unknown-key", left=True),
    _one("the plan index is wrong", index_wrong, "index-differs"),
    _one("the plan index has no markers", index_without_markers, "index-markers"),
    _one("a plan is invalid", invalid_plan, "plans-invalid", left=True),
    _one("the guide was edited", guide_edited, "guide-edited", left=True),
    _one("an older script keeps claims", older, "older-writer", left=True),
    _one("two branches claim one plan", contested, "claim-contested", left=True),
    _one("a claim is stale", stale, "claim-stale", left=True),
    _one("a claim is in this clone alone", unpublished, "claim-unpublished", left=True),
    _one("somebody was faster", overtaken, "claim-overtaken", left=True),
    _one("a plan is marked and not claimed", mark_left, "claim-mark-left"),
    _one("the remote marks a plan that nobody claims", mark_left_on_the_remote, "claim-mark-left"),
    _one("a number is reserved for nothing", number_left, "number-left"),
    _one("a worktree is deleted by hand", tree_gone, "worktree-gone", left=True),
    _one("a worktree is moved by hand", tree_moved, "worktree-moved"),
    _one("a worktree leads nowhere", tree_broken, "worktree-broken", left=True),
    _one("a worktree belongs to a copy", tree_of_a_copy, "worktree-theirs", left=True),
    _one("the disk of a worktree is away", tree_away, "worktree-away", left=True),
    Damage("a worktree is merged", tree_merged, MARKED | {"worktree-merged"}, frozenset({"worktree-merged"})),
    Damage("git forgot a worktree", tree_orphaned, frozenset({"worktree-orphaned"}), frozenset({"worktree-orphaned"})),
    _one("a session is over", session_dead, "session-dead"),
    _one("a lock is left of a session", session_lock_left, "session-lock-left"),
    _one("init was cut off", init_cut_off, "init-unfinished"),
    _one("a command was cut off", command_cut_off, "command-unfinished"),
    _one("a finish was cut off", finish_cut_off, "finish-unfinished"),
    _one("a removal waits", removal_put_off, "removal-put-off"),
    _one("the trash is past its time", trash_expired, "trash-expired"),
    _one("files are gone from the trash", trash_files_gone, "trash-files-gone", left=True),
    _one("a record of the trash is torn", trash_unreadable, "trash-unreadable"),
    _one("the marker of a session is torn", session_unreadable, "session-unreadable"),
    _one("the journal holds garbage", journal_unreadable, "journal-unreadable"),
    _one("the cache is torn", cache_unreadable, "cache-unreadable"),
    _one("a commit is dated ahead", commit_ahead, "clock-skew", left=True),
    _one("git left a lock", lock_left, "git-lock-left", left=True),
    _one("git is old", old_git, "init-git-version", left=True),
    _one("the hooks say yes to everything", silent, "hook-silent", left=True),
)  # fmt: skip
