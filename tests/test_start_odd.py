"""Odd repositories, odd surroundings and hostile branches: claims are made as ever, or refused in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claiming import HOUR, Clone, Team, codes, executable, git_that, old_claim, sound
from conftest import Ran, plan_text

# Repositories


def test_no_main_branch(alone: Clone, tmp_path: Path) -> None:
    alone.git("branch", "-m", "trunk")
    found = alone.started(1)
    assert (found["exit"], codes(found)) == (1, ["main-unknown"])
    alone.write("holdfast.toml", 'main_branch = "trunk"\n')
    assert alone.claimed(1)["base"] == alone.id_of("trunk")
    empty = Clone(tmp_path / "empty", alone.env)
    empty.path.mkdir()
    empty.git("init", "-q", "-b", "main")
    assert codes(empty.started(1)) == ["main-unknown"]
    assert codes(empty.unclaimed(1)) == ["not-claimed"]
    assert codes(empty.started("--next")) == ["main-unknown"]


def test_a_remote_without_a_commit(ada: Clone, team: Team) -> None:
    shutil.rmtree(team.remote.path)
    Clone(team.root, team.env).git("init", "-q", "--bare", "-b", "main", str(team.remote.path))
    assert codes(ada.started(1)) == ["main-unknown"]


def test_outside_of_a_repository_and_in_a_folder_that_is_gone(tmp_path: Path, ada: Clone) -> None:
    ran = ada.at(tmp_path).start(1)
    assert (ran.code, len(ran.err.splitlines())) == (1, 3)
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m holdfast start 1"
    ran = sound(ada.run("sh", "-c", script))
    assert (ran.code, len(ran.err.splitlines())) == (1, 3)
    assert ran.err.splitlines()[1] == "   why:  the current folder does not exist any more"


def test_a_detached_head(ada: Clone) -> None:
    ada.git("checkout", "-q", "--detach")
    assert ada.claimed(1)["published"]
    assert ada.try_git("symbolic-ref", "-q", "HEAD").code == 1


def test_a_shallow_clone(team: Team) -> None:
    for number in range(3):
        team.on_main({"more.txt": f"{number}\n"})
    Clone(team.root, team.env).git("clone", "-q", "--depth", "1", f"file://{team.remote.path}", "shallow")
    shallow = Clone(team.root / "shallow", team.env)
    found = shallow.claimed(1)
    assert team.remote.id_of("refs/heads/plan-1-first") == found["commit"]
    assert shallow.unclaimed(1)["result"] == "released"


def test_a_partial_clone(team: Team) -> None:
    team.remote.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{team.remote.path}"
    Clone(team.root, team.env).git("clone", "-q", "--filter=blob:none", url, "partial")
    partial = Clone(team.root / "partial", team.env)
    assert partial.claimed(1)["published"]
    partial.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    assert partial.claimed(5)["published"]


def test_sha256(tmp_path: Path, env: dict[str, str]) -> None:
    root = Clone(tmp_path, env)
    root.git("init", "-q", "--bare", "-b", "main", "--object-format=sha256", "remote.git")
    root.git("init", "-q", "-b", "main", "--object-format=sha256", "clone")
    clone = Clone(tmp_path / "clone", env)
    clone.git("remote", "add", "origin", "../remote.git")
    clone.write("docs/plans/01_first.md", plan_text(1, "First"))
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Begin")
    clone.git("push", "-q", "-u", "origin", "main")
    clone.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    assert len(clone.claimed(1)["commit"]) == 64
    assert clone.claimed(5)["published"]
    assert clone.unclaimed(1)["result"] == "released"


def test_a_bare_repository_with_linked_worktrees(team: Team, env: dict[str, str]) -> None:
    root = Clone(team.root, env)
    root.git("clone", "-q", "--bare", str(team.remote.path), "store/project.git")
    bare = Clone(team.root / "store/project.git", env)
    bare.git("worktree", "add", "-q", "../../desk", "main")
    desk = Clone(team.root / "desk", env)
    found = desk.claimed(1)
    assert found["published"]
    assert found["worktree"] == str(team.root / "store/.worktrees/plan-1-first")
    assert Clone(Path(found["worktree"]), env).status() == ""
    (team.root / "store/.worktreeinclude").write_text("*.env\n")
    assert desk.claimed(3)["published"]
    assert desk.unclaimed(1)["result"] == "released"
    agent = team.root / "agent"
    bare.git("worktree", "add", "-q", "--detach", str(agent), "main")
    assert Clone(agent, env).claimed(4, "--here")["worktree"] == str(agent)


def test_the_bare_repository_itself(team: Team) -> None:
    ran = sound(team.remote.holdfast("start", "1"))
    assert (ran.code, len(ran.err.splitlines())) == (1, 3)


def test_worktree_config_and_sparse_checkout(ada: Clone) -> None:
    ada.git("config", "extensions.worktreeConfig", "true")
    ada.git("sparse-checkout", "set", "--no-cone", "/README.md", "docs/plans")
    found = ada.claimed(1)
    assert ada.at(found["worktree"]).status() == ""
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    assert ada.claimed(5)["published"]
    assert ada.status() == ""


def test_submodules(team: Team, ada: Clone) -> None:
    work = team.clone("work")
    allow = ("-c", "protocol.file.allow=always")
    work.git(*allow, "submodule", "--quiet", "add", str(team.remote.path), "part")
    work.git("commit", "-qm", "A part")
    work.git("push", "-q", "origin", "main")
    ada.git(*allow, "pull", "-q", "--recurse-submodules")
    ada.git(*allow, "submodule", "--quiet", "update", "--init")
    ada.git("config", "submodule.recurse", "true")
    ada.write("docs/plans/05_fifth.md", plan_text(5, "Fifth"))
    found = ada.claimed(5)
    assert ada.git("ls-tree", found["branch"], "part").startswith("160000 commit ")
    ada.write(".worktreeinclude", "*\n")
    assert ada.claimed(1)["published"]
    assert ada.unclaimed(1)["result"] == "released"


def test_git_variables_of_another_repository(ada: Clone, alone: Clone) -> None:
    env = {
        "GIT_DIR": str(alone.path / ".git"),
        "GIT_WORK_TREE": str(alone.path),
        "GIT_INDEX_FILE": "/nonexistent/index",
    }
    found = ada.claimed(1, env=env)
    assert found["worktree"] == str(ada.path / ".worktrees/plan-1-first")
    assert alone.refs("refs/heads/plan-*") == {}
    assert ada.unclaim(1, env=env).code == 0


def test_worktrees_is_a_symlink(ada: Clone, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (ada.path / ".worktrees").symlink_to(tmp_path / "elsewhere")
    found = ada.claimed(1)
    assert (tmp_path / "elsewhere/plan-1-first/README.md").exists()
    assert ada.at(found["worktree"]).claimed(1)["claim_id"] == found["claim_id"]
    assert ada.unclaimed(1)["result"] == "released"


def test_names_with_odd_bytes(team: Team, ada: Clone) -> None:
    odd = os.fsdecode(b"plan-3-\xe4\xff")
    commit = team.remote.id_of("main")
    folder = team.remote.path / "refs/heads"
    for name in (os.fsencode("plan-9-täst"), b"plan-8-\xff\xfe", b"feature-\xe4"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(commit + "\n")
    assert ada.claimed(1)["published"]
    old_claim(ada, 3, odd.removeprefix("plan-3-"), "Bob", 1)
    ran = ada.start(3)
    assert ran.code == 1
    assert "plan-3-\\xe4\\xff" in ran.err
    assert ada.holdfast("claims", "--fetch").code == 0


@pytest.mark.parametrize(
    "title", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "\\x1b[2J", "{slug}{number}{title}", "%n%s"]
)
def test_titles_and_names_are_data(team: Team, ada: Clone, title: str) -> None:
    team.on_main({"docs/plans/05_$(touch pwned).md": plan_text(5, title)})
    ada.write("holdfast.toml", '[claims]\nsubject = "{title} {number}"\n')
    ran = ada.start(5)
    assert ran.code in (0, 1)
    assert "\x1b" not in ran.err
    assert not list(team.root.rglob("pwned"))


# Who claims


def test_without_an_identity(team: Team, ada: Clone) -> None:
    env = {key: "" for key in ada.env if key.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}
    for key in env:
        del ada.env[key]
    ada.git("config", "user.useConfigOnly", "true")
    there = team.remote.refs()
    ran = ada.start(1)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "refused: `holdfast start 1`\n"
        "   why:  git does not know who you are, and a claim says so\n"
        '   next: run `git config user.name "Your Name"` and `git config user.email you@example.org`\n'
    )
    assert (team.remote.refs(), ada.intents()) == (there, [])


@pytest.mark.parametrize("value", ["true", "1", "on"])
def test_signing_that_fails(team: Team, ada: Clone, value: str) -> None:
    gpg = executable(team.root / "bin" / "no-gpg", "#!/bin/sh\necho 'no secret key' >&2\nexit 2\n")
    ada.git("config", "commit.gpgSign", value)
    ada.git("config", "gpg.program", str(gpg))
    ran = ada.start(1)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 3)
    assert "gpg failed to sign the data" in ran.err
    assert (team.remote.refs("refs/heads/plan-*"), ada.intents()) == ({}, [])


def test_signing_that_works(team: Team, ada: Clone) -> None:
    gpg = executable(
        team.root / "bin" / "gpg",
        "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n"
        "printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n",
    )
    (ada.path / ".git/config").open("a").write("[commit]\n\tgpgsign\n")
    ada.git("config", "gpg.program", str(gpg))
    found = ada.claimed(1)
    assert "gpgsig" in ada.git("cat-file", "commit", found["commit"])
    assert ada.trailers(found["commit"])["Claim-Plan"] == "1"


# What others wrote


@pytest.mark.parametrize(
    "trailers",
    [
        "", "Claimed-By: Ada\n", "Claim-Id: \nClaim-Plan: x\n", "Claim-Plan: 999999999999999999999\nClaim-Id: x\n",
        "Claim-Id: x\nClaim-Plan: 3\nClaim-Branch: plan-3-third\nClaimed-By: Ada\nClaim-Worker: agent\n",
        f"Claim-Id: {'x' * 5000}\nClaimed-By: {'y' * 5000}\nClaim-Host: \x1b[2J\n",
    ],
)  # fmt: skip
def test_forged_and_missing_trailers(team: Team, ada: Clone, trailers: str) -> None:
    """The branch name counts: the plan is claimed, by whoever; nobody becomes its owner by what is written there."""
    old_claim(team.remote, 1, "first", "Mallory", 1, trailers=trailers, work=True)
    ran = ada.start(1)
    assert (ran.code, ran.out) == (1, "")
    assert "\x1b" not in ran.err
    assert codes(ada.started(1)) == ["claimed"]
    assert ada.claimed(3)["branch"] == "plan-3-third"


@pytest.mark.parametrize("hours", [-24 * 3650, 24 * 365 * 50])
def test_clocks_years_off(team: Team, ada: Clone, hours: float) -> None:
    """A claim from the future is active, and one from the seventies stale."""
    team.old_claim(1, "first", "Bob", hours)
    found = ada.started(1, "--steal")
    assert found["exit"] == (0 if hours > 0 else 1)
    assert codes(found) == ([] if hours > 0 else ["not-stale"])


def test_ones_own_clock_is_years_off(team: Team, ada: Clone, bob: Clone) -> None:
    """Dates in the environment are those of commits that somebody replays, not of a claim."""
    env = {"GIT_COMMITTER_DATE": "1990-01-01T00:00:00Z", "GIT_AUTHOR_DATE": "1990-01-01T00:00:00Z"}
    found = ada.claimed(1, env=env)
    stamp = int(ada.git("log", "-1", "--format=%ct", found["commit"]))
    assert abs(stamp - time.time()) < HOUR
    assert codes(bob.started(1, "--steal")) == ["not-stale"]


# Disks and permissions


def _in_a_mount(script: str, clone: Clone, *words: str) -> Ran:
    """The command where the clone lies on a file system that a script has mounted, which nobody else sees."""
    own = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    if not shutil.which("unshare") or subprocess.run((*own, "true"), capture_output=True, check=False).returncode:
        pytest.skip("no mounts of one's own here")
    whole = f'{script} && cd "$0" && exec "$@"'
    return sound(clone.run(*own, "sh", "-c", whole, str(clone.path), sys.executable, "-m", "holdfast", *words))


def _read_only(clone: Clone, *words: str) -> Ran:
    return _in_a_mount('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"', clone, *words)


@pytest.mark.parametrize("words", [("start", "1"), ("start", "1", "--offline"), ("start", "--next")])
def test_a_git_folder_that_cannot_be_written(team: Team, ada: Clone, alone: Clone, words: tuple[str, ...]) -> None:
    there = team.remote.refs()
    for clone in (ada, alone):
        here = clone.refs()
        ran = _read_only(clone, *words)
        assert (ran.code, ran.out) == (5, ""), ran
        assert len(ran.err.splitlines()) == 3
        assert clone.refs() == here
    assert team.remote.refs() == there


def test_an_unclaim_where_git_cannot_be_written(alone: Clone) -> None:
    alone.claimed(1, "--no-worktree")
    ran = _read_only(alone, "unclaim", "1")
    assert (ran.code, len(ran.err.splitlines())) == (5, 3), ran
    assert alone.refs("refs/heads/plan-*")


@pytest.mark.parametrize("left", [0, 4, 16, 24, 32, 48, 64])
def test_a_disk_that_is_full(team: Team, ada: Clone, left: int) -> None:
    """So many kilobytes are left in a file system of its own, which is thrown away afterwards."""
    fill = (
        'cp -a "$0" "$0.whole" && mount -t tmpfs -o size=6m none "$0" && cp -a "$0.whole/." "$0" && '
        f'mkdir "$0/.git/holdfast" && {{ cat /dev/zero >"$0/.git/fill" 2>/dev/null; truncate -s -{left}k "$0/.git/fill"; }}'
    )
    ran = _in_a_mount(fill, ada, "start", "1")
    assert ran.code in (0, 1, 5), ran
    if ran.code == 0:
        return
    assert ran.err.count("   why:  ") == 1, ran
    if team.remote.refs("refs/heads/plan-*"):
        assert "The remote stopped answering" in ran.err or "no space" in ran.err.lower() or ran.code == 5, ran


@pytest.mark.parametrize("limit", [0, 1])
@pytest.mark.parametrize("shared", [True, False])
def test_files_that_may_not_grow(team: Team, ada: Clone, alone: Clone, limit: int, shared: bool) -> None:
    """No file may grow: every write fails. Whatever was begun is cleared by the next."""
    clone = ada if shared else alone
    script = f'trap "" XFSZ; ulimit -f {limit}; exec {sys.executable} -B -m holdfast start 1'
    ran = sound(clone.run("sh", "-c", script))
    assert ran.code in (0, 1, 5), ran
    if ran.code:
        assert len(ran.err.splitlines()) >= 3, ran
        assert clone.claimed(1)["branch"] == "plan-1-first"
    assert clone.intents() == []


@pytest.mark.parametrize("name", ["intents", "journal.jsonl", "unpublished", "late", ""])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_something_else_where_state_is_kept(ada: Clone, name: str, kind: str) -> None:
    target = ada.path / ".git/holdfast" / name
    target.parent.mkdir(exist_ok=True)
    if kind == "file":
        target.write_text("junk\n") if name != "journal.jsonl" else None
    elif kind == "folder":
        target.mkdir(exist_ok=True)
        (target / "junk").write_text("junk\tjunk\n") if name in ("intents", "unpublished", "late") else None
    else:
        target.symlink_to("/nonexistent/nowhere")
    ran = ada.start(1, "--offline")
    if ran.code:
        assert (ran.code, len(ran.err.splitlines())) == (5, 3), ran
    ran = ada.start(3)
    assert ran.code in (0, 5), ran
    assert ada.holdfast("claims", "--fetch").code in (0, 5)


def test_a_git_that_fails_at_any_one_call(team: Team, ada: Clone) -> None:
    """Each call in turn fails as git fails: never a traceback, and the next start wins."""
    count = team.root / "count"
    stride = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 4
    for at in range(1, 22, stride):
        count.write_text("")
        script = (
            f'printf x >>{count}; [ "$(wc -c <{count})" -eq {at} ] && {{ echo "fatal: no space left" >&2; exit 128; }}'
        )
        env = git_that(team.root / "bin", script)
        ran = ada.start(1, env=env)
        assert ran.code in (0, 1, 4, 5), ran
        assert ran.code == 0 or len(ran.err.splitlines()) % 3 == 0, ran
        if ran.code != 0:
            found = ada.started(1)
            assert found["exit"] == 0 or codes(found) == ["claimed"], (at, ran, found)
        ran = ada.unclaim(1)
        assert ran.code == 0, (at, ran)
        assert (set(team.remote.refs()), ada.intents()) == ({"refs/heads/main"}, []), at
        assert ada.worktrees() == [str(ada.path)], at


def test_a_git_that_dies_while_it_is_asked(team: Team, ada: Clone) -> None:
    """A broken pipe to git is not a reader who has gone: nothing was done, and that is said."""
    env = git_that(team.root / "bin", 'case " $* " in *" cat-file "*) exit 128;; esac')
    for _ in range(3):
        ran = ada.start(1, env=env)
        assert (ran.code, ran.out) == (1, "")
        assert "   why:  git cat-file stopped answering\n" in ran.err


def test_a_standard_output_that_is_closed(ada: Clone) -> None:
    ran = sound(ada.run("sh", "-c", f"exec {sys.executable} -m holdfast start 1 >&- 2>&-"))
    assert ran.code == 0
    ran = sound(ada.run("sh", "-c", f"exec {sys.executable} -m holdfast start 3 >/dev/full"))
    assert ran.code == 5
    assert codes(ada.started(3)) == ["claimed"]
