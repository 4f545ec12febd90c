"""Remotes of all kinds: away, slow, closed, half-hearted, with hooks; over a path and over real HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from claiming import GIT, HOST, Clone, Team, before, codes, executable, git_that, old_claim
from http_server import serve

PUSH = "git-receive-pack"


def _reached(clone: Clone, url: str) -> None:
    """Point a clone at a server that is given up after two seconds."""
    clone.git("remote", "set-url", "origin", f"{url}/remote.git")
    clone.write("holdfast.toml", "[claims]\ntimeout = 2\n")


def _unreachable(clone: Clone, limit: float = 30, **more: object) -> str:
    """A start that gets no answer: exit 5, three lines, nothing changed; gives the reason."""
    here, begin = clone.refs(), time.monotonic()
    ran = clone.start(1, **more)
    assert time.monotonic() - begin < limit
    assert (ran.code, ran.out) == (5, ""), ran
    lines = ran.err.splitlines()
    assert [line[:9] for line in lines] == ["refused: ", "   why:  ", "   next: "], ran
    assert "`--offline` claims for this clone alone" in lines[2]
    assert clone.refs() == here
    return lines[1].removeprefix("   why:  ")


# Over a path


def test_a_remote_that_is_away(team: Team, ada: Clone) -> None:
    team.remote.path.rename(team.root / "away.git")
    assert "does not appear to be a git repository" in _unreachable(ada)
    document = json.loads(ada.start(1, "--json").out)
    assert (document["schema"], document["exit"]) == ("holdfast.error/1", 5)
    assert ada.start("--next").code == 5
    assert ada.claimed(1, "--offline")["published"] is False


def test_no_remote_of_that_name_and_several(team: Team, ada: Clone) -> None:
    ada.git("remote", "rename", "origin", "one")
    ada.git("remote", "add", "two", "nowhere")
    assert ada.claimed(1)["published"], "the main branch follows it"
    ada.git("branch", "--unset-upstream", "main")
    assert ada.claimed(3)["published"] is False, "none of two is meant"


def test_a_clone_that_cannot_be_written_is_no_remote_that_is_away(team: Team, ada: Clone) -> None:
    """git says the same exit code for both; to look at the network would be a waste of time."""
    (ada.path / ".git/FETCH_HEAD").mkdir()
    ran = ada.holdfast("claims", "--fetch")
    lines = ran.err.splitlines()
    assert (ran.code, len(lines)) == (5, 3), ran
    assert "cannot open" in lines[1]
    assert lines[2] == "   next: run it where `.git` can be written (outside a sandbox)"


def test_a_read_only_remote(team: Team, ada: Clone) -> None:
    """Nobody can write objects there."""
    executable(team.root / "bin" / "receive-pack", f"#!/bin/sh\nexec {GIT} receive-pack /nonexistent.git\n")
    ada.git("config", "remote.origin.receivepack", str(team.root / "bin/receive-pack"))
    there = team.remote.refs()
    assert "does not appear to be a git repository" in _unreachable(ada)
    assert team.remote.refs() == there


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_of_the_remote_that_refuses(team: Team, ada: Clone, hook: str) -> None:
    team.hook(hook, "#!/bin/sh\necho 'no claims on a Friday' >&2\nexit 1\n")
    there, here = team.remote.refs(), ada.refs()
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["remote-declined"])
    assert "no claims on a Friday" in found["blockers"][0]["message"]
    assert found["blockers"][0]["who"] == "human"
    assert (team.remote.refs(), ada.refs(), ada.intents()) == (there, here, [])


def test_a_remote_that_forbids_what_a_replaced_branch_needs(team: Team, ada: Clone) -> None:
    """It keeps history: that is no lost race, and nobody else has the plan."""
    tip = team.old_claim(1, "first", "Bob", 100, work=True)
    team.remote.git("config", "receive.denyNonFastForwards", "true")
    found = ada.started(1, "--steal")
    assert (found["exit"], codes(found)) == (1, ["remote-declined"])
    assert team.remote.id_of("refs/heads/plan-1-first") == tip


def test_the_users_own_pre_push_hook_does_not_stop_claims(team: Team, ada: Clone) -> None:
    executable(ada.path / ".git/hooks/pre-push", "#!/bin/sh\necho no >&2\nexit 1\n")
    assert ada.claimed(1)["published"]
    assert ada.unclaimed(1)["result"] == "released"
    ada.git("config", "core.hooksPath", str(ada.path / ".git/hooks"))
    assert ada.claimed(3)["published"]


def test_the_remotes_main_branch_is_gone(team: Team, ada: Clone) -> None:
    team.remote.git("update-ref", "-d", "refs/heads/main")
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["main-unknown"])
    assert found["blockers"][0]["message"] == "origin has no branch main"
    assert codes(ada.started("--next")) == ["main-unknown"]


def test_a_ref_that_another_push_holds_is_waited_for(team: Team, ada: Clone) -> None:
    lock = team.remote.path / "refs/heads/plan-1-first.lock"
    lock.touch()
    threading.Timer(1.0, lock.unlink).start()
    assert ada.claimed(1)["published"]


def test_a_ref_that_stays_locked_is_no_lost_race(team: Team, ada: Clone) -> None:
    (team.remote.path / "refs/heads/plan-1-first.lock").touch()
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["remote-declined"])
    assert ada.intents() == []


def test_a_branch_that_stands_in_the_way(team: Team, ada: Clone, alone: Clone) -> None:
    """A merged branch below the name that the claim needs: git keeps branches as files in folders."""
    team.remote.git("update-ref", "refs/heads/plan-1-first/part", "main")
    found = ada.started(1)
    assert codes(found) in (["claimed"], ["branch-in-the-way"]), found
    tip = old_claim(team.remote, 3, "third/part", "Bob", 100, work=True, fence=False)
    team.remote.git("update-ref", "refs/heads/main", tip)
    found = ada.started(3)
    assert (found["exit"], codes(found)) == (1, ["branch-in-the-way"])
    assert "there is a branch plan-3-third/part on origin" in found["blockers"][0]["message"]
    assert set(team.remote.refs("refs/holdfast")) == set()
    alone.write("holdfast.toml", '[claims]\nbranch = "work/plan-{number}-{slug}"\n')
    alone.git("branch", "work")
    found = alone.started(1)
    assert codes(found) == ["branch-in-the-way"]
    assert found["blockers"][0]["message"] == "there is a branch work: git cannot have work/plan-1-first beside it"


def test_a_server_that_moves_refs_between(team: Team, ada: Clone) -> None:
    """The branch appears between the look and the push: lost, and the one who has it is named."""
    make = f"cd {team.remote.path} && {GIT} update-ref refs/heads/plan-1-first $({GIT} commit-tree -p main -m x main^{{tree}})"
    found = ada.started(1, env=before(team.root / "bin", "push", f"({make})"))
    assert (found["exit"], found["result"]) == (4, "lost")
    assert set(team.remote.refs("refs/holdfast")) == set()
    assert ada.refs("refs/heads/plan-*") == {}


def test_a_server_that_says_yes_and_does_nothing(team: Team, ada: Clone) -> None:
    """What it says is never trusted: the refs are read back, and the next command clears up."""
    undo = f"cd {team.remote.path} && {GIT} update-ref -d refs/heads/plan-1-first; {GIT} update-ref -d refs/holdfast/plans/1"
    team.hook("post-update", f"#!/bin/sh\nunset GIT_DIR\n{undo}\n")
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (5, ["remote-unclear"])
    assert ada.refs("refs/heads/plan-*") == {}
    (team.remote.path / "hooks/post-update").unlink()
    assert ada.claimed(1)["published"]
    assert ada.intents() == []


def test_a_ref_that_another_fetch_of_this_clone_holds_is_waited_for(team: Team, ada: Clone) -> None:
    team.on_main({"news.txt": "news\n"})
    lock = ada.path / ".git/refs/remotes/origin/main.lock"
    lock.touch()
    threading.Timer(0.5, lock.unlink).start()
    assert ada.claimed(1)["base"] == team.remote.id_of("main")


# Settings of the user that change what git pushes


@pytest.mark.parametrize(
    "settings",
    [
        {"push.default": "matching"}, {"push.default": "nothing"}, {"push.followTags": "true"}, {"push.gpgSign": "true"},
        {"push.gpgSign": "if-asked"}, {"remote.origin.mirror": "true"}, {"remote.origin.push": "refs/heads/main:refs/heads/x"},
        {"fetch.prune": "true", "fetch.pruneTags": "true"}, {"remote.origin.fetch": "+refs/heads/main:refs/remotes/origin/main"},
        {"push.recurseSubmodules": "on-demand"}, {"push.useForceIfIncludes": "true"}, {"remote.pushDefault": "nowhere"},
        {"remote.origin.tagOpt": "--tags"}, {"push.autoSetupRemote": "true"}, {"branch.main.pushRemote": "nowhere"},
        {"core.logAllRefUpdates": "false"}, {"advice.pushUpdateRejected": "false"}, {"protocol.version": "0"},
        {"transfer.fsckObjects": "true"}, {"log.showSignature": "true"}, {"color.ui": "always"}, {"status.branch": "true"},
    ],
    ids=lambda settings: ",".join(f"{key}={value}" for key, value in settings.items()),
)  # fmt: skip
def test_settings_that_change_what_git_pushes(team: Team, ada: Clone, settings: dict[str, str]) -> None:
    ada.git("tag", "-a", "-m", "v1", "v1")
    ada.git("branch", "other")
    for key, value in settings.items():
        ada.git("config", key, value)
    found = ada.claimed(1)
    assert set(team.remote.refs()) == {"refs/heads/main", "refs/heads/plan-1-first", "refs/holdfast/plans/1"}
    assert ada.at(found["worktree"]).unclaimed(1)["result"] == "released"
    assert set(team.remote.refs()) == {"refs/heads/main"}


def test_an_address_to_push_to(team: Team, ada: Clone, bob: Clone) -> None:
    """The address that is fetched from is an old mirror."""
    team.remote.git("clone", "-q", "--mirror", ".", str(team.root / "mirror with blank.git"))
    mirror, real = team.root / "mirror with blank.git", team.root / "real with blank.git"
    team.remote.path.rename(real)
    ada.git("remote", "set-url", "origin", str(mirror))
    ada.git("remote", "set-url", "--push", "origin", str(real))
    assert ada.claimed(1)["published"]
    assert "refs/heads/plan-1-first" in Clone(real, ada.env).refs()
    assert "refs/heads/plan-1-first" not in Clone(mirror, ada.env).refs()
    bob.git("remote", "set-url", "origin", "away:nowhere")
    bob.git("config", f"url.{real}.pushInsteadOf", "away:nowhere")
    assert codes(bob.started(1)) == ["claimed"]
    bob.git("config", "--remove-section", f"url.{real}")
    bob.git("config", f"url.{real}.insteadOf", "away:")
    bob.git("remote", "set-url", "origin", "away:")
    assert codes(bob.started(1)) == ["claimed"]


@pytest.mark.parametrize("key", ["url", "pushurl"])
def test_several_addresses_are_refused(team: Team, ada: Clone, key: str) -> None:
    other = team.root / "other.git"
    team.remote.git("clone", "-q", "--bare", ".", str(other))
    ada.git("config", "--add", f"remote.origin.{key}", str(other))
    if key == "pushurl":
        ada.git("config", "--add", "remote.origin.pushurl", str(team.remote.path))
    found = ada.started(1)
    assert (found["exit"], codes(found)) == (1, ["remote-unknown"])
    assert found["blockers"][0]["message"] == "origin pushes to 2 places"
    assert codes(ada.unclaimed(1)) == ["remote-unknown"]
    assert "refs/heads/plan-1-first" not in Clone(other, ada.env).refs()


def test_a_relative_address_from_a_linked_worktree(team: Team, ada: Clone) -> None:
    ada.git("remote", "set-url", "origin", "../remote.git")
    first = ada.claimed(1, cwd=ada.path / "docs")
    assert ada.at(first["worktree"]).claimed(3)["published"]


# ssh


def test_the_users_own_ssh_command_is_used(team: Team, ada: Clone) -> None:
    """It runs what it is asked to run, here: and a connection that it shares stays open in the background."""
    ssh = executable(
        team.root / "bin" / "my-ssh",
        '#!/bin/sh\nsetsid sleep 20 &\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n',
    )  # fmt: skip
    ada.git("config", "core.sshCommand", str(ssh))
    ada.git("config", "ssh.variant", "simple")
    ada.git("remote", "set-url", "origin", f"host:{team.remote.path}")
    begin = time.monotonic()
    assert ada.claimed(1)["published"]
    assert time.monotonic() - begin < 15


def test_ssh_that_would_ask_is_not_waited_for(team: Team, ada: Clone) -> None:
    said = team.root / "said"
    denied = 'echo "host: Permission denied (publickey)." >&2; exit 255'
    executable(
        team.root / "bin" / "ssh", f'#!/bin/sh\n{{ tty; env | grep ASKPASS; echo "$*"; }} >>{said} 2>&1\n{denied}\n'
    )
    ada.git("remote", "set-url", "origin", f"ssh://host{team.remote.path}")
    words = _unreachable(ada, env={"PATH": f"{team.root / 'bin'}:{ada.env['PATH']}", "DISPLAY": ":0"})
    assert "Permission denied (publickey)" in words
    assert "BatchMode=yes" in said.read_text()
    assert "not a tty" in said.read_text()
    assert "SSH_ASKPASS_REQUIRE=never" in said.read_text()


# Over HTTP


def test_a_claim_over_http(team: Team, ada: Clone) -> None:
    with serve(team.root) as url:
        _reached(ada, url)
        assert ada.claimed(1)["published"]
        assert ada.unclaimed(1)["result"] == "released"
        team.remote.git("config", "receive.advertiseAtomic", "false")
        assert codes(ada.started(3)) == ["remote-not-atomic"]


def test_who_may_not_log_in_hears_gits_words_and_is_not_asked(team: Team, ada: Clone) -> None:
    askpass = executable(team.root / "bin" / "askpass", f"#!/bin/sh\ntouch {team.root}/asked\necho guess\n")
    with serve(team.root, user="u", password="p") as url:
        _reached(ada, url)
        words = _unreachable(ada, 15, env={"GIT_ASKPASS": str(askpass), "SSH_ASKPASS": str(askpass)})
        assert "could not read Username" in words
        ada.git("config", "core.askPass", str(askpass))
        _unreachable(ada, 15)
        _reached(ada, url.replace("//", "//u:wrong@"))
        assert "Authentication failed" in _unreachable(ada, 15)
        assert not (team.root / "asked").exists()
        _reached(ada, url.replace("//", "//u:p@"))
        assert ada.claimed(1)["published"]


def test_a_server_that_never_answers(team: Team, ada: Clone) -> None:
    with serve(team.root, stall=lambda method, path: 60) as url:
        _reached(ada, url)
        assert _unreachable(ada, 10) == "origin: no answer within 2 seconds"
        assert ada.start("--next").code == 5
        assert ada.intents() == []


def test_a_server_that_nobody_listens_at(team: Team, ada: Clone) -> None:
    _reached(ada, "http://127.0.0.1:1")
    assert "unable to access" in _unreachable(ada, 10)
    assert ada.intents() == []


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_path_that_is_refused(team: Team, ada: Clone, status: int) -> None:
    there = team.remote.refs()
    with serve(team.root, refuse=lambda method, path: status if PUSH in path else None) as url:
        _reached(ada, url)
        words = _unreachable(ada, 10)
        assert "not found" in words if status == 404 else str(status) in words
    assert team.remote.refs() == there
    ada.git("remote", "set-url", "origin", str(team.remote.path))
    assert ada.claimed(1)["published"]
    assert ada.intents() == []


def test_an_answer_that_is_lost_after_the_push_landed(team: Team, ada: Clone) -> None:
    """The refs are read back, and tell that it was won."""
    with serve(team.root, lose=lambda method, path: method == "POST" and path.endswith(PUSH)) as url:
        _reached(ada, url)
        found = ada.claimed(1)
        assert team.remote.id_of("refs/heads/plan-1-first") == found["commit"]


def test_an_answer_that_is_lost_and_then_silence(team: Team, ada: Clone, bob: Clone) -> None:
    """Nobody knows whether it landed: the next command finds out. Until then others see the claim."""
    gone = threading.Event()

    def lose(method: str, path: str) -> bool:
        if method == "POST" and path.endswith(PUSH):
            gone.set()
            return True
        return False

    with serve(team.root, lose=lose, refuse=lambda method, path: 503 if gone.is_set() else None) as url:
        _reached(ada, url)
        found = ada.started(1)
        assert (found["exit"], codes(found)) == (5, ["remote-unclear"])
        assert "Run the same command again" in found["blockers"][0]["remedy"]
        assert ada.refs("refs/heads/plan-*") == {}
        assert codes(bob.started(1)) == ["claimed"]
    ada.git("remote", "set-url", "origin", str(team.remote.path))
    again = ada.claimed(1)
    assert team.remote.id_of("refs/heads/plan-1-first") == again["commit"]
    assert ada.intents() == []


def test_a_push_that_lands_after_its_time_out(team: Team, ada: Clone, bob: Clone) -> None:
    """Whoever was told that nothing was done is not left with a claim that nobody knows of."""
    slow = threading.Event()
    slow.set()

    def stall(method: str, path: str) -> float:
        return 4 if slow.is_set() and method == "POST" and path.endswith(PUSH) else 0

    with serve(team.root, stall=stall) as url:
        _reached(ada, url)
        assert _unreachable(ada, 10) == "origin: no answer within 2 seconds"
        assert ada.holdfast("claims", "--fetch").code == 0, "this finds nothing to clear yet"
        slow.clear()
        for _ in range(100):
            if team.remote.refs("refs/heads/plan-*"):
                break
            time.sleep(0.1)
        assert team.remote.refs("refs/heads/plan-*"), "it has landed"
        assert codes(bob.started(1)) == ["claimed"]
        assert ada.claimed(1)["published"]
    assert ada.intents() == []
    assert not list((ada.path / ".git/holdfast/late").iterdir())


def test_an_unclaim_that_lands_after_its_time_out(team: Team, ada: Clone) -> None:
    ada.claimed(1)
    with serve(team.root, stall=lambda method, path: 4 if method == "POST" and path.endswith(PUSH) else 0) as url:
        _reached(ada, url)
        assert ada.unclaim(1).code == 5
        for _ in range(100):
            if not team.remote.refs("refs/heads/plan-*"):
                break
            time.sleep(0.1)
    ada.git("remote", "set-url", "origin", str(team.remote.path))
    assert ada.holdfast("claims", "--fetch").code == 0
    assert (ada.refs("refs/heads/plan-*"), ada.intents()) == ({}, [])


def test_a_git_that_hangs_with_its_children_is_ended(team: Team, ada: Clone) -> None:
    ada.write("holdfast.toml", "[claims]\ntimeout = 2\n")
    env = git_that(team.root / "bin", 'case " $* " in *" ls-remote "*) sleep 63 & sleep 64;; esac')
    assert _unreachable(ada, 10, env=env) == "origin: no answer within 2 seconds"
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [one for one in running if one in (b"sleep\x0063\0", b"sleep\x0064\0")]


# Many at once


def _at_once(clones: list[Clone], *words: str, owners: bool = False) -> list[tuple[int, dict[str, object]]]:
    running = []
    for at, clone in enumerate(clones):
        owner = ("--owner", f"worker-{at}") if owners else ()
        command = (sys.executable, "-m", "holdfast", "start", *words, *owner, "--json")
        running.append(subprocess.Popen(command, cwd=clone.path, env=clone.env, stdout=-1, stderr=-1, text=True))
    found = []
    for one in running:
        out, err = one.communicate(timeout=120)
        assert "Traceback" not in out + err, err
        assert one.returncode in (0, 1, 4), (one.returncode, out, err)
        found.append((one.returncode, json.loads(out)))
    return found


def test_many_workers_with_one_user_name_and_host(team: Team, ada: Clone, bob: Clone) -> None:
    """One wins; the others are told which claim it is, and none takes itself for the winner."""
    bob.env.update(ada.env)
    count = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 8
    found = _at_once([ada, bob] * (count // 2), "1", "--no-worktree")
    winners = [document for code, document in found if code == 0]
    assert len(winners) == 1
    assert team.remote.id_of("refs/heads/plan-1-first") == winners[0]["commit"]
    for code, document in found:
        if code == 4:
            assert document["winner"] == f"Ada on {HOST}"
        elif code == 1:
            assert codes(document) == ["claimed"]
    assert (ada.intents(), bob.intents()) == ([], [])


def test_a_fence_that_another_brings_in_that_moment_is_in_nobodys_way(ada: Clone, tmp_path: Path) -> None:
    """What this clone knows of the remote's fence is a copy: the claim is won, whoever brings the copy first."""
    bring = f"{GIT} -C {ada.path} fetch -q origin refs/holdfast/plans/1:refs/holdfast/seen/plans/1"
    once = f"mkdir {tmp_path}/once 2>/dev/null && {{ {bring}; }}"
    env = git_that(tmp_path / "bin", f'case " $* " in *"claim of plan #1 "*) {once};; esac')
    found = ada.claimed(1, "--no-worktree", env=env)
    assert (tmp_path / "once").is_dir() and ada.id_of("refs/holdfast/seen/plans/1") == found["commit"]
    assert ada.intents() == []


def test_the_same_worker_twice_at_once(team: Team, ada: Clone) -> None:
    found = _at_once([ada] * 3, "1", "--owner", "agent")
    assert {code for code, _ in found} == {0}, found
    assert len({document["claim_id"] for _, document in found}) == 1
    assert len(ada.worktrees()) == 2


def test_two_thieves(team: Team, ada: Clone, bob: Clone) -> None:
    tip = team.old_claim(1, "first", "Cy", 100, work=True)
    found = _at_once([ada, bob, ada, bob], "1", "--steal", "--no-worktree", owners=True)
    winners = [document for code, document in found if code == 0]
    assert len(winners) == 1
    assert team.remote.id_of("refs/heads/plan-1-first") == winners[0]["commit"]
    assert team.remote.id_of(f"refs/holdfast/abandoned/plan-1-first/{tip[:12]}") == tip
    losers = [clone for clone in (ada, bob) if winners[0]["commit"] not in clone.refs("refs/heads").values()]
    assert all(clone.refs("refs/heads/plan-*") == {} for clone in losers)


def test_next_by_many(team: Team, ada: Clone, bob: Clone) -> None:
    found = _at_once([ada, bob, ada, bob], "--next", "--no-worktree", owners=True)
    assert sorted(document["plan"] for code, document in found if code == 0) == [1, 3, 4]
    (rest,) = [(code, document) for code, document in found if code != 0]
    assert rest[0] in (1, 4)
