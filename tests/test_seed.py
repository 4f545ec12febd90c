"""The promises by name, end to end on the real command line; it grows with each capability."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import finishing
import removing
from at_work import Agent, begun, session
from claiming import GIT, HOUR, Clone, Team, before, document, git_that, holdfast_words, old_claim, sound
from conftest import Repo, plan_text
from finishing import BRANCH, EVIDENCE, ended, merged, row, state, tree_of, unfinished, worked

PLANNED = "1. Measure.\n2. Load the parser late.\n"


def test_generate_index_matches_files(adopted: Repo) -> None:
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", priority="High"))
    assert adopted.commit("Add a third plan").code == 0

    index = adopted.show("docs/plans/README.md")
    assert "| 1 | [First](01_first.md) | Medium | 📋 Planned | - |" in index
    assert "| 3 | [Third](03_third.md) | Medium | 📋 Planned | - |" in index
    assert adopted.holdfast("index", "--check").code == 0
    assert [plan["number"] for plan in adopted.json("index")["plans"]] == [1, 2, 3]

    adopted.git("rm", "-q", "docs/plans/02_second.md")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First, renamed", "🚧 In Progress"))
    assert adopted.commit("Remove one, change one").code == 0
    index = adopted.show("docs/plans/README.md")
    assert "02_second.md" not in index
    assert "| 1 | [First, renamed](01_first.md) | Medium | 🚧 In Progress | - |" in index
    assert adopted.status() == ""


def test_content_validation_blocks_invalid(adopted: Repo) -> None:
    before = adopted.git("rev-parse", "HEAD")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First", "✅ Complete"))
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", "Compleet", blocked_by="#99"))
    ran = adopted.commit("Done")

    assert ran.code == 1
    assert adopted.git("rev-parse", "HEAD") == before
    for code in ("evidence-missing", "status-unknown", "blocker-unknown"):
        assert f"[{code}]" in ran.err, ran
    blockers = [line for line in ran.err.splitlines() if line.startswith("refused: ")]
    assert len(blockers) == 3
    assert "did you mean 'Complete'?" in ran.err
    assert ran.err.count("\n   why:  ") == ran.err.count("\n   next: ") == 3

    ran = adopted.holdfast("plan", "set", "1", "--status", "complete", "--evidence", "make test: 12 passed")
    assert ran.code == 0, ran
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", blocked_by="#1"))
    assert adopted.commit("Done, with evidence").code == 0


def test_create_a_plan_and_commit_updates_the_index(adopted: Repo) -> None:
    made = adopted.json("plan", "new", "Faster start", "--priority", "High")
    assert made["number"] == 3
    assert made["branch"] == "plan-3-faster-start"
    assert adopted.commit("[Plan #3] Write it down").code == 0
    assert "| 3 | [Faster start](03_faster_start.md) | High | ❌ Needs Plan | - |" in adopted.show(
        "docs/plans/README.md"
    )


def test_change_status_without_content_is_refused(adopted: Repo) -> None:
    adopted.json("plan", "new", "Faster start")
    assert adopted.commit("A plan without a plan").code == 0
    ran = adopted.holdfast("plan", "set", "3", "--status", "planned")
    assert ran.code == 1
    assert "[section-empty]" in ran.err or "[plan-section-missing]" in ran.err

    text = adopted.read("docs/plans/03_faster_start.md").replace("❌ Needs Plan", "📋 Planned").replace("## Plan\n", "")
    adopted.write("docs/plans/03_faster_start.md", text)
    ran = adopted.commit("Planned, says the header")
    assert ran.code == 1
    assert "[plan-section-missing]" in ran.err


def states(clone: Clone, *args: str) -> dict[str, str]:
    """The state of each claim by its branch."""
    return {one["branch"]: one["state"] for one in clone.claims(*args)}


def status(clone: Clone, **more: Any) -> dict[str, Any]:
    return document(sound(clone.holdfast("status", "--json", **more)))


def diagnosed(clone: Clone, *args: str) -> dict[str, Any]:
    return document(sound(clone.holdfast("doctor", "--json", *args)))


SEEN = "--no-self-test"
"""What was seen is told, without trying the hooks, which is done where they matter."""


def said(found: dict[str, Any]) -> dict[str, bool]:
    """The codes of what doctor found, and whether each was mended."""
    return {one["code"]: one["fixed"] for one in found["diagnoses"]}


def events(clone: Clone, *args: str) -> list[str]:
    """The names of the events that `log` shows, oldest first."""
    ran = sound(clone.holdfast("log", "-n", "0", "--json", *args))
    return [json.loads(line)["event"] for line in ran.out.splitlines()]


def codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in found["blockers"]}


# Who works on what


def test_create_a_branch_is_shown_as_claimed(alone: Clone) -> None:
    assert alone.claims() == []
    alone.git("branch", "plan-3-by-hand")
    (one,) = alone.claims()
    assert (one["plan"], one["branch"], one["state"]) == (3, "plan-3-by-hand", "fresh")

    alone.claimed(1)
    assert states(alone) == {"plan-1-first": "active", "plan-3-by-hand": "fresh"}
    ran = alone.start(1)
    assert ran.code == 1 and "refused: " in ran.err and "plan-1-first" in ran.err, ran


def test_an_old_branch_without_a_worktree_is_stale(alone: Clone) -> None:
    for plan, slug, hours in ((1, "first", 47), (3, "third", 49)):
        long_ago = {"GIT_COMMITTER_DATE": f"{int(time.time()) - hours * HOUR} +0000"}
        old_claim(Clone(alone.path, alone.env | long_ago), plan, slug, hours=hours)
    assert states(alone) == {"plan-1-first": "active", "plan-3-third": "stale"}
    assert states(alone, "--stale") == {"plan-3-third": "stale"}


def test_branch_claims_detect_stale(team: Team, ada: Clone, agent: Agent) -> None:
    team.old_claim(3, "third", hours=100, work=True)
    team.old_claim(4, "fourth", hours=100, work=True)
    ada.claimed(1)
    assert states(ada, "--fetch") == {"plan-1-first": "active", "plan-3-third": "stale", "plan-4-fourth": "stale"}

    # One of them is worked on, although nothing has changed for four days.
    ada.git("worktree", "add", "-q", ".worktrees/plan-4-fourth", "plan-4-fourth")
    agent(ada.path / ".worktrees/plan-4-fourth")
    assert states(ada, "--stale") == {"plan-3-third": "stale"}
    assert states(ada)["plan-4-fourth"] == "in-use"

    # The other is merged, and no claim any more: only what waits for somebody is stale.
    ada.git("merge", "-q", "--no-ff", "-m", "Merge it", "origin/plan-3-third")
    assert ada.claims("--stale") == [] and "plan-3-third" not in states(ada)


# Who is where


def test_delete_a_worktree_in_use_is_refused(alone: Clone, agent: Agent) -> None:
    there = Path(alone.claimed(1)["worktree"])
    standing = agent(there)
    ran = alone.holdfast("worktree", "remove", BRANCH)
    assert ran.code == 1 and f"{standing.pid}" in ran.err and "sleep" in ran.err, ran
    assert there.is_dir()
    standing.kill()
    standing.wait()
    assert removing.removed(alone, BRANCH)["result"] == "removed"
    assert not there.exists()


def test_worktree_locking_blocks_in_use(alone: Clone, agent: Agent) -> None:
    work = worked(alone)
    begun(work, "s1", agent().pid)  # a session whose process stands elsewhere
    before_it = state(alone)
    assert removing.refused(alone, BRANCH) == removing.refused(alone, BRANCH, "--force") == ["worktree-in-use"]
    for command in (("worktree", "remove", "--force", str(work.path)), ("branch", "-D", BRANCH)):
        assert alone.try_git(*command).code != 0
    assert alone.holdfast("clean").code == 0
    assert state(alone) == before_it

    session(work, "end", "--id", "s1")
    assert removing.removed(alone, BRANCH)["branch_outcome"] == "kept"
    removing.restored(alone, BRANCH)
    assert tree_of(alone).read("work.txt") == "work\n"


# One merge or nothing


def test_finish_validates_before_merge(shared: Clone) -> None:
    work = tree_of(shared)
    work.write("docs/plans/03_third.md", plan_text(3, "Third", "Compleet"))
    work.git("add", "-A")
    work.git("commit", "-qm", "Past the gate", "--no-verify")
    work.write("work.txt", "not committed\n")
    assert set(finishing.refused(shared, 1)) == {
        "head-not-pushed", "plan-not-complete", "worktree-dirty", "status-unknown",
    }  # fmt: skip

    work.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert work.commit("Mend it").code == 0
    work.git("push", "-q", "origin", "HEAD")
    merged(shared, 1, *EVIDENCE)
    assert shared.show("work.txt", "origin/main") == "not committed\n"
    assert shared.holdfast("check", "--rev", "main").code == 0


def test_finish_with_a_validation_error_changes_nothing(own: Clone) -> None:
    own.write("docs/plans/03_third.md", plan_text(3, "Third", "Compleet"))
    work = tree_of(own)
    work.write("docs/plans/03_third.md", plan_text(3, "Third", "Compleet"))
    work.git("add", "-A")
    work.git("commit", "-qm", "Past the gate", "--no-verify")
    assert "status-unknown" in finishing.refused(own, 1, *EVIDENCE)
    assert states(own) == {BRANCH: "active"}
    assert "finish-begun" not in own.journal()


def test_finish_atomic_on_failure(team: Team, shared: Clone) -> None:
    before_it = state(shared)
    team.hook("pre-receive", "#!/bin/sh\necho 'main is frozen' >&2\nexit 1\n")
    found = ended(shared, 1, *EVIDENCE)
    assert (found["exit"], found["result"]) == (1, "refused"), found
    assert state(shared) == before_it and "📋 Planned" in row(shared, 1)

    (team.remote.path / "hooks" / "pre-receive").unlink()
    commit = merged(shared, 1, *EVIDENCE)["merge_commit"]
    assert shared.id_of("main") == team.remote.id_of("main") == commit
    assert unfinished(shared) == [] and shared.claims() == []


# All of it


def together(ada: Clone, bob: Clone) -> int:
    """Ada adopts the repository and writes a plan, Bob takes part; gives the number of the plan."""
    assert ada.holdfast("init", "--yes").code == 0
    assert ada.commit("Adopt Holdfast").code == 0
    plan = written(ada)
    bob.git("pull", "-q")
    assert bob.holdfast("init", "--yes").code == 0 and bob.status() == ""
    return plan


def written(clone: Clone) -> int:
    """A plan that somebody has thought of and written down, committed and pushed; gives its number."""
    made = clone.json("plan", "new", "Faster start", "--priority", "Critical")
    path = clone.path / made["path"]
    text = path.read_text()
    assert clone.commit(f"[Plan #{made['number']}] What it is about").code == 0
    path.write_text(text.replace("## Plan\n", f"## Plan\n\n{PLANNED}", 1))
    assert clone.holdfast("plan", "set", str(made["number"]), "--status", "planned").code == 0
    assert clone.commit(f"[Plan #{made['number']}] How").code == 0
    clone.git("push", "-q", "origin", "main")
    return int(made["number"])


def at_once(*clones: Clone, plan: int) -> list[dict[str, Any]]:
    """`start` of one plan in several clones at the same instant; what each is told."""
    command = [sys.executable, "-m", "holdfast", "start", str(plan), "--json"]
    running = [
        subprocess.Popen(command, cwd=one.path, env=one.env, stdout=subprocess.PIPE, text=True) for one in clones
    ]
    return [{**json.loads(one.communicate()[0]), "exit": one.returncode} for one in running]


STORY = ["claim", "finish", "worktree-removed"]
"""What the journal of whoever did the work tells of it, in this order, among other things."""


def test_full_workflow_happy_path(team: Team, ada: Clone, bob: Clone, agent: Agent) -> None:
    plan = together(ada, bob)
    assert "| 5 | [Faster start](05_faster_start.md) | Critical | 📋 Planned | - |" in ada.show("docs/plans/README.md")

    # Both want it at once: one has it, the other is told who.
    told = at_once(ada, bob, plan=plan)
    first, other = (ada, bob) if told[0]["result"] == "claimed" else (bob, ada)
    won, lost = sorted(told, key=lambda one: int(one["exit"]))
    assert (won["exit"], won["result"]) == (0, "claimed"), told
    # Who looks a moment later finds the plan taken; who is in the middle of it by then has lost a race.
    assert (lost["exit"], lost["result"]) in ((1, "refused"), (4, "lost")), told
    assert won["owner"] in str([lost["winner"], lost["blockers"]]) and other.worktrees() == [str(other.path)]
    branch = won["branch"]
    assert branch == "plan-5-faster-start"

    # An agent goes to work; everybody sees that, and nobody takes the folder away from it.
    work = first.at(won["worktree"])
    inside = agent(work.path)
    begun(work, "s1", inside.pid)
    seen = status(work, env={"HOLDFAST_SESSION": "s1"})
    assert [seen["you"]["plan"], seen["you"]["session"], seen["attention"]] == [plan, "s1", []]
    assert seen["next"][0]["command"] == f"holdfast plan show {plan}"
    assert states(other, "--fetch") == {branch: "active"}
    (there,) = status(other)["claims"]
    assert (there["plan"], there["owner"], there["mine"]) == (plan, won["owner"], False)
    assert removing.refused(first, branch) == ["worktree-in-use"]

    # The work is done, and finished too early: all that is missing is said, and nothing happens.
    work.write("start.py", "import parser_when_needed\n")
    assert work.commit(f"[Plan #{plan}] Load the parser late").code == 0
    work.write("start.py", "import parser_when_needed  # 80 ms\n")
    assert set(finishing.refused(first, plan)) == {
        "head-not-pushed", "plan-not-complete", "worktree-dirty", "worktree-in-use",
    }  # fmt: skip

    assert work.commit(f"[Plan #{plan}] Say how fast it is").code == 0
    work.git("push", "-q", "origin", "HEAD")
    session(work, "end", "--id", "s1")
    inside.kill()
    inside.wait()
    merged(first, plan, "--evidence", "start: 80 ms, was 200 ms")

    # Nothing of it is left to tidy up, anywhere, and what happened can be read.
    for one in (first, other):
        one.git("pull", "-q", "--ff-only")
        assert one.claims("--fetch") == [] and one.worktrees() == [str(one.path)]
        assert "✅ Complete" in row(one, plan) and "80 ms" in one.read("start.py")
        assert one.status() == ""
        assert diagnosed(one) | {"schema": ""} == {
            "schema": "",
            "exit": 0,
            "diagnoses": [],
            "healthy": True,
            "failures": [],
        }
    assert [one for one in events(first, "--plan", str(plan)) if one in STORY] == STORY
    assert first.holdfast("check", "--rev", "main").code == 0


def test_full_workflow_with_failures(team: Team, ada: Clone, bob: Clone, agent: Agent, tmp_path: Path) -> None:
    plan = together(ada, bob)

    # The remote cannot be reached: nothing is claimed, unless it is for this clone alone; that is published later.
    away = team.remote.path.rename(tmp_path / "away.git")
    assert ada.started(1)["exit"] == 5 and ada.claims() == []
    local = ada.claimed(1, "--offline")
    assert [one["published"] for one in ada.claims()] == [False] and "claim-unpublished" in said(diagnosed(ada, SEEN))
    away.rename(team.remote.path)
    assert [one["published"] for one in ada.claims("--fetch")] == [True]

    # A lost race: Bob takes the plan after Ada has looked, and before she has pushed.
    faster = before(
        tmp_path / "faster", "push", f"cd {bob.path} && GIT_AUTHOR_NAME=Bob {holdfast_words('start', plan)}"
    )
    lost = ada.started(plan, env=faster)
    assert (lost["exit"], lost["result"]) == (4, "lost") and lost["winner"].startswith("Bob on "), lost
    assert len(ada.worktrees()) == 2
    assert states(bob, "--fetch") == {"plan-1-first": "active", "plan-5-faster-start": "active"}

    # A hook is gone. Everybody is told; the repair brings it back, and it refuses what it must.
    work = bob.at(tree_of(bob, plan).path)
    (bob.path / ".git/hooks/pre-commit").unlink()
    assert [one["code"] for one in status(work)["attention"]] == ["hook-missing"]
    assert status(work)["next"][0]["command"] == "holdfast doctor --fix"
    found = diagnosed(bob, SEEN)
    assert (found["exit"], said(found)) == (1, {"hook-missing": False})
    found = diagnosed(bob, "--fix")
    assert (found["exit"], said(found)) == (0, {"hook-missing": True})

    # A commit is refused, mended, and made.
    name = f"docs/plans/{plan:02}_faster_start.md"
    work.write(name, work.read(name).replace("📋 Planned", "✅ Complete"))
    ran = work.commit("Done, I think")
    assert ran.code == 1 and "[evidence-missing]" in ran.err, ran
    work.git("checkout", "-q", "HEAD", "--", name)
    work.write("start.py", "import parser_when_needed\n")
    assert work.commit(f"[Plan #{plan}] Load the parser late").code == 0

    # Somebody moves the folder by hand: git has lost it, the repair tells it where it is.
    moved = work.path.rename(work.path.with_name("elsewhere"))
    assert not said(diagnosed(bob, SEEN))["worktree-moved"]
    assert said(diagnosed(bob, SEEN, "--fix"))["worktree-moved"]
    work = bob.at(moved)
    assert str(moved) in bob.worktrees() and work.status() == ""
    work.git("push", "-q", "origin", "HEAD")

    # The finish dies just after it has pushed: doctor knows, and the next one completes what was begun.
    dying = git_that(tmp_path / "dying", f'case " $* " in *" push "*) {GIT} "$@"; kill -9 $PPID; exit 1;; esac')
    ran = bob.holdfast("finish", str(plan), *EVIDENCE, env=dying)
    assert ran.code == -signal.SIGKILL, ran
    assert "finish-unfinished" in [one["code"] for one in status(bob)["attention"]]
    found = ended(bob, "--resume")
    assert (found["exit"], found["result"], found["plan"]) == (0, "merged", plan), found
    assert "✅ Complete" in row(bob, plan) and bob.worktrees() == [str(bob.path)]
    assert team.remote.id_of("main") == bob.id_of("main")

    # Ada gives her plan back. Nothing is left to tidy up, anywhere, and nobody had to tidy it up.
    assert tree_of(ada).path == Path(local["worktree"])
    assert ada.unclaim(1).code == 0
    for one in (ada, bob):
        one.git("pull", "-q", "--ff-only")
        assert one.claims("--fetch") == [] and one.worktrees() == [str(one.path)] and one.status() == ""
        found = diagnosed(one)
        assert (found["healthy"], found["diagnoses"]) == (True, [])
    assert {"doctor", "worktree-repaired", "finish"} <= set(events(bob))
