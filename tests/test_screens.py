"""Screens as people see them: whole, on terminals of two sizes, with and without colour, once and drawn again."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import unicodedata
from typing import Any

import pytest

import terminal
from at_work import Agent, begun, session
from claiming import Clone, Team, document, sound
from conftest import Ran, Repo, plan_text
from finishing import worked
from holdfast.adapters import host
from terminal import LARGE, SMALL, Terminal, without_looks

TITLE = "A title that goes on beyond what eighty columns can show in one line"


@pytest.fixture
def busy(team: Team, ada: Clone, bob: Clone, agent: Agent) -> Clone:
    """A clone in which every section has something: gives the main worktree."""
    for one in (ada, bob):
        one.env["HOLDFAST_HOST"] = "box"
    ada.holdfast("init", "--yes")
    ada.commit("Adopt Holdfast")
    ada.git("push", "-q", "origin", "main")
    work = worked(ada)
    work.write("notes.txt", "not committed\n")
    team.old_claim(3, "third", hours=100, work=True)
    bob.claimed(4)
    ada.git("fetch", "-q")
    for name in ("colours", "gone"):
        ada.git("worktree", "add", "-q", "-b", f"feature-{name}", f".worktrees/feature-{name}")
    ada.at(ada.path / ".worktrees/feature-colours").git("update-ref", "MERGE_HEAD", "main")
    shutil.rmtree(ada.path / ".worktrees/feature-gone")
    ada.write("docs/plans/05_fifth.md", plan_text(5, TITLE))
    assert ada.commit("Fifth").code == 0
    begun(work, "s1", agent(work.path).pid, "--agent", "claude")
    session(work, "wait", "--id", "s1")
    (ada.path / ".git/hooks/pre-commit").unlink()
    return ada


def shown(text: str) -> str:
    """What stands on the screen, without what is another in each run."""
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:]{8}Z", "NOW", text)
    text = re.sub(r"process \d+ ", "process PID ", text)
    return "\n" + re.sub(r"for \d+ s\b", "for N s", text)


def styled(text: str) -> list[tuple[str, str]]:
    """The lines that do not look as all others, each with what the terminal is told about it."""
    return [(found[2], found[1]) for found in re.finditer(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", text)]


# Exactly what stands there, so that whoever changes a word sees the screen that it is on.

AT_80 = """
Holdfast, NOW: 2 errors, 1 warning
NEEDS ATTENTION
  warning: the session s1 (claude) in plan-1-first waits for its user [session-…
  error: the hook pre-commit is not there: .git/hooks/pre-commit [hook-missing]…
  error: the folder of the worktree .worktrees/feature-gone is not there [workt…
YOU
  in the main worktree, on main
  all committed, 1 commit ahead, not pushed
NEXT
  holdfast doctor --fix     the git hooks are not as they must be
  cd "$(holdfast start 5)"  plan 5 is ready: A title that goes on beyond what e…
UNDER WAY
  a merge on feature-colours in .worktrees/feature-colours
READY
  #5  Medium  A title that goes on beyond what eighty columns can show in one l…
PLANS: 5 (5 planned)
CLAIMS, origin as of just now
  #1  plan-1-first     in-use, waiting       just now    Ada@box        .worktr…
  -   feature-colours  fresh, not published  just now    ?              .worktr…
  -   feature-gone     fresh, not published  just now    ?
  and 2 more (`holdfast claims`)
WORKTREES: 4 (`holdfast worktree list`)
LAST EVENTS: 5 (`holdfast log`)
"""

AT_200 = """
Holdfast, NOW: 2 errors, 1 warning
NEEDS ATTENTION
  warning: the session s1 (claude) in plan-1-first waits for its user [session-waiting]: Look into its window, and answer it.
  error: the hook pre-commit is not there: .git/hooks/pre-commit [hook-missing]: Run `holdfast doctor --fix`, or `holdfast init --local`.
  error: the folder of the worktree .worktrees/feature-gone is not there [worktree-gone]: `git worktree repair NEW-PLACE` where it was moved; `holdfast worktree remove feature-gone --force` lets git …
YOU
  in the main worktree, on main
  all committed, 1 commit ahead, not pushed
NEXT
  holdfast doctor --fix     the git hooks are not as they must be
  cd "$(holdfast start 5)"  plan 5 is ready: A title that goes on beyond what eighty columns can show in one line
UNDER WAY
  a merge on feature-colours in .worktrees/feature-colours
READY
  #5  Medium  A title that goes on beyond what eighty columns can show in one line
PLANS: 5 (5 planned)
CLAIMS, origin as of just now
  #1  plan-1-first     in-use, waiting       just now    Ada@box        .worktrees/plan-1-first
  -   feature-colours  fresh, not published  just now    ?              .worktrees/feature-colours
  -   feature-gone     fresh, not published  just now    ?
  #4  plan-4-fourth    active                just now    Bob@box
  #3  plan-3-third     stale                 4 days ago  Bob@elsewhere
WORKTREES
  here                        main             free
  .worktrees/feature-colours  feature-colours  free
  .worktrees/feature-gone     feature-gone     gone
  .worktrees/plan-1-first     plan-1-first     in-use  process PID (sleep, for N s); session s1 (claude, waiting for its user, for N s)
LAST EVENTS
  just now: Ada locked .worktrees/plan-1-first for a session
  just now: claude s1 began a session in .worktrees/plan-1-first
  just now: Ada claimed plan #1 as plan-1-first
  just now: Ada began to claim plan #1 as plan-1-first
  just now: Ada set Holdfast up here
"""  # noqa: E501

IN_A_WORKTREE_AT_80 = """
Holdfast, NOW: 2 errors, 1 warning
NEEDS ATTENTION
  warning: the session s1 (claude) in plan-1-first waits for its user [session-…
  error: the hook pre-commit is not there: ../../.git/hooks/pre-commit [hook-mi…
  error: the folder of the worktree ../feature-gone is not there [worktree-gone…
YOU
  in the worktree plan-1-first, on plan-1-first, plan #1: First (planned)
  1 file not committed, pushed
NEXT
  holdfast doctor --fix                     the git hooks are not as they must …
  git add -A && git commit -m "[Plan #1] ..."  1 file is not committed
  holdfast plan set 1 --status complete --evidence "..."  when plan 1 is done, …
UNDER WAY
  a merge on feature-colours in ../feature-colours
PLANS: 4 (4 planned)
CLAIMS, origin as of just now
  #1  plan-1-first (yours)  in-use, waiting       just now    Ada@box        he…
  -   feature-colours       fresh, not published  just now    ?              ..…
  -   feature-gone          fresh, not published  just now    ?
  #4  plan-4-fourth         active                just now    Bob@box
  #3  plan-3-third          stale                 4 days ago  Bob@elsewhere
WORKTREES: 4 (`holdfast worktree list`)
LAST EVENTS: 5 (`holdfast log`)
"""


def test_status_is_one_screen(busy: Clone) -> None:
    assert shown(terminal.on(busy, "status", size=SMALL, NO_COLOR="1").out) == AT_80
    assert shown(terminal.on(busy, "status", size=LARGE, NO_COLOR="1").out) == AT_200
    work = busy.at(busy.path / ".worktrees/plan-1-first")
    assert shown(terminal.on(work, "status", size=SMALL, NO_COLOR="1").out) == IN_A_WORKTREE_AT_80

    # Colour says nothing that the words do not say.
    for size, text in ((SMALL, AT_80), (LARGE, AT_200)):
        coloured = terminal.on(busy, "status", size=size)
        assert shown(without_looks(coloured.out)) == text
    looks = dict(styled(coloured.out))
    assert looks["NEEDS ATTENTION"] == looks["PLANS: 5 (5 planned)"] == "1"
    assert [look for text, look in looks.items() if "error: " in text] == ["1;31", "1;31"]
    assert [look for text, look in looks.items() if "warning: " in text or "a merge on" in text] == ["33", "33"]
    assert [look for text, look in looks.items() if "Bob@elsewhere" in text] == ["2"]
    assert not any("holdfast start 5" in text for text in looks)

    # Without rich there is none, and nothing else is missing.
    (hidden := busy.path.parent / "hidden").mkdir()
    (hidden / "rich.py").write_text("raise ImportError\n")
    assert shown(terminal.on(busy, "status", size=SMALL, PYTHONPATH=str(hidden)).out) == AT_80


DOCTOR_AT_80 = """
error: the folder of the worktree .worktrees/feature-gone is not there
   why:  It may only have been moved: then somebody works there, and git in it
         would be broken. [worktree-gone]
   next: `git worktree repair NEW-PLACE` where it was moved; `holdfast worktree remove feature-gone --force` lets git forget it
error: the hook pre-commit is not there: .git/hooks/pre-commit
   why:  Commits enter unseen: invalid plans, and a plan index that is not what
         the plans make it. [hook-missing]
   next: Run `holdfast doctor --fix`, or `holdfast init --local`.
warning: plan-3-third, claimed by Bob on elsewhere, is stale: last activity 4
         days ago
   why:  The plan waits, and nobody else takes it. [claim-stale]
   next: `holdfast start 3 --steal` takes it; `holdfast unclaim plan-3-third --abandon` (ask a person)
2 errors, 1 warning left; `holdfast doctor --fix` mends 1 of them
"""

DOCTOR_AT_200 = """
error: the folder of the worktree .worktrees/feature-gone is not there
   why:  It may only have been moved: then somebody works there, and git in it would be broken. [worktree-gone]
   next: `git worktree repair NEW-PLACE` where it was moved; `holdfast worktree remove feature-gone --force` lets git forget it
error: the hook pre-commit is not there: .git/hooks/pre-commit
   why:  Commits enter unseen: invalid plans, and a plan index that is not what the plans make it. [hook-missing]
   next: Run `holdfast doctor --fix`, or `holdfast init --local`.
warning: plan-3-third, claimed by Bob on elsewhere, is stale: last activity 4 days ago
   why:  The plan waits, and nobody else takes it. [claim-stale]
   next: `holdfast start 3 --steal` takes it; `holdfast unclaim plan-3-third --abandon` (ask a person)
2 errors, 1 warning left; `holdfast doctor --fix` mends 1 of them
"""

MENDED = """
error: the folder of the worktree .worktrees/feature-gone is not there
   why:  It may only have been moved: then somebody works there, and git in it would be broken. [worktree-gone]
   next: `git worktree repair NEW-PLACE` where it was moved; `holdfast worktree remove feature-gone --force` lets git forget it
fixed: the hook pre-commit is not there: .git/hooks/pre-commit [hook-missing]
warning: plan-3-third, claimed by Bob on elsewhere, is stale: last activity 4 days ago
   why:  The plan waits, and nobody else takes it. [claim-stale]
   next: `holdfast start 3 --steal` takes it; `holdfast unclaim plan-3-third --abandon` (ask a person)
1 error, 1 warning left, 1 mended
"""


def test_doctor_tells_what_to_do(busy: Clone) -> None:
    assert shown(terminal.on(busy, "doctor", size=SMALL, NO_COLOR="1").out) == DOCTOR_AT_80
    ran = terminal.on(busy, "doctor", size=LARGE)
    assert (ran.code, shown(without_looks(ran.out))) == (1, DOCTOR_AT_200)
    assert [look for _, look in styled(ran.out)] == ["1;31", "1;31", "33"]
    assert shown(terminal.on(busy, "doctor", "--fix", size=LARGE, NO_COLOR="1").out) == MENDED


LOG_AT_200 = """
NOW  init              Ada@HOST set Holdfast up here
NOW  plan-new          Ada@box wrote plan #3: A plan with a rather long title, which nobody can read in a narrow window
NOW  claim-begun       Ada@box began to claim plan #1 as plan-1-first
NOW  claim             Ada@box claimed plan #1 as plan-1-first
NOW  session-start     codex s1@box began a session in here
NOW  session-end       codex s1@box ended its session
NOW  worktree-removed  Ada@box moved the worktree .worktrees/plan-1-first to the trash
NOW  plan-set          Ada@box set plan #2 to 🚧 In Progress
"""

LOG_AT_80 = """
NOW  init              Ada@HOST set Holdfast up here
NOW  plan-new          Ada@box wrote plan #3: A plan with a ra…
NOW  claim-begun       Ada@box began to claim plan #1 as plan-…
NOW  claim             Ada@box claimed plan #1 as plan-1-first
NOW  session-start     codex s1@box began a session in here
NOW  session-end       codex s1@box ended its session
NOW  worktree-removed  Ada@box moved the worktree .worktrees/p…
NOW  plan-set          Ada@box set plan #2 to 🚧 In Progress
"""


def test_log_tells_what_happened(adopted: Repo) -> None:
    """A line for each event, whole where there is room, without any look of its own."""
    happened(adopted)

    def seen(text: str) -> str:
        return shown(text).replace(f"@{host.name()} ", "@HOST ")

    assert seen(terminal.on(adopted, "log", size=LARGE, NO_COLOR="1").out) == LOG_AT_200
    ran = terminal.on(adopted, "log", size=LARGE, FORCE_COLOR="1")
    assert (ran.code, seen(ran.out)) == (0, LOG_AT_200) and not styled(ran.out)
    assert seen(terminal.on(adopted, "log", size=SMALL).out) == LOG_AT_80


def happened(repo: Repo) -> None:
    """A plan from its first line to its end, and a worktree there and back."""
    for words in (
        ("plan", "new", "A plan with a rather long title, which nobody can read in a narrow window"), ("start", "1"),
        ("session", "start", "--id", "s1", "--agent", "codex"), ("session", "end", "--id", "s1"),
        ("worktree", "remove", "1"), ("plan", "set", "2", "--status", "in-progress"),
    ):  # fmt: skip
        ran = repo.holdfast(*words, env={"HOLDFAST_OWNER": "Ada", "HOLDFAST_HOST": "box"})
        assert ran.code == 0, (words, ran)


# However much there is, it fits


def columns(line: str) -> int:
    """The columns that a terminal needs for a line."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def watching(repo: Repo) -> subprocess.Popen[str]:
    """`status --watch --json`, which writes into a pipe."""
    command = [sys.executable, "-m", "holdfast", "status", "--watch", "--json"]
    return subprocess.Popen(
        command, cwd=repo.path, env=repo.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.fixture
def crowded(alone: Clone) -> Clone:
    """300 claims with long names, and many plans that are ready, whose titles are of East Asia."""
    for number in range(11, 311):
        alone.write(f"docs/plans/{number}_x.md", plan_text(number, "日本語の長い題名" * 8))
    alone.write("holdfast.toml", "main_branch = 'main'\n")
    alone.git("add", "-A")
    alone.git("commit", "-qm", "Many plans")
    claims = [f"create refs/heads/plan-{number}-{'long-name-' * 18}{number} main\n" for number in range(400, 700)]
    alone.git("update-ref", "--stdin", input="".join(claims))
    return alone


def test_the_document_is_never_above_4_kb(crowded: Clone) -> None:
    ran = crowded.holdfast("status", "--json")
    found = document(sound(ran))
    assert 2000 < len(ran.out.encode()) <= 4096 and found["truncated"] and len(found["next"]) == 2
    assert found["you"]["branch"] == "main" and found["plans"] == {"total": 304, "by_status": {"planned": 304}}
    assert found["claims"] and found["ready"] and found["attention"]
    on_terminal = terminal.on(crowded, "status", "--json", size=LARGE).out
    assert 2000 < len(on_terminal.encode()) <= 4096 and json.loads(on_terminal)["next"] == found["next"]
    with watching(crowded) as process:
        assert process.stdout is not None and 3000 < len(process.stdout.readline()) <= 4096
        process.kill()

    whole = document(sound(crowded.holdfast("status", "--json", "--all")))
    assert (len(whole["claims"]), len(whole["ready"]), whole["truncated"]) == (300, 303, False)


def test_no_line_goes_over_the_edge(crowded: Clone) -> None:
    for width, height in ((80, 24), (200, 50), (40, 12), (12, 5)):
        ran = terminal.on(crowded, "status", size=(width, height), NO_COLOR="1")
        lines = ran.out.splitlines()
        assert ran.code == 0 and len(lines) < height, ran
        assert max(map(columns, lines)) <= width, ran
    assert terminal.on(crowded, "status", "--all", size=SMALL).out.count("plan-4") > 90


# Drawn again

ENTER, LEAVE, HOME = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l", "\x1b[H"


def test_watch_draws_again_when_something_changes_and_only_then(adopted: Repo) -> None:
    watched = Terminal(adopted, "status", "--watch", size=SMALL, NO_COLOR="1")
    first = watched.more(10)
    assert first.startswith(ENTER + HOME) and first.count(HOME) == 1 and "PLANS: 2 (2 planned)" in first
    assert watched.more(2.2) == ""

    adopted.write("docs/plans/03_third.md", plan_text(3, TITLE * 2))
    assert adopted.commit("Third").code == 0
    drawn = watched.until("PLANS: 3 (3 planned)", 2.5)
    assert drawn.startswith(HOME) and ENTER not in drawn

    watched.more(2.2)
    assert TITLE * 2 not in watched.drawn
    watched.resize(*LARGE)
    assert TITLE * 2 in watched.until(TITLE * 2, 2.5)

    ran = watched.end(signal.SIGINT)
    assert (ran.code, ran.out.count(ENTER), ran.out.count(LEAVE)) == (130, 1, 1)
    assert ran.out.endswith(LEAVE) and "Traceback" not in ran.out


def test_watch_writes_a_document_for_each_change_and_ends_with_its_reader(adopted: Repo) -> None:
    process = watching(adopted)
    assert process.stdout is not None and process.stderr is not None

    def found() -> dict[str, Any]:
        assert process.stdout is not None
        return document(Ran(0, process.stdout.readline(), ""))

    assert found()["plans"]["total"] == 2
    # A file is touched, and nothing else: somebody looks again, and says nothing.
    os.utime(adopted.path / ".git/HEAD")
    assert not select.select([process.stdout], [], [], 2.2)[0]
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert adopted.commit("Third").code == 0
    totals = [found()["plans"]["total"]]
    while select.select([process.stdout], [], [], 1.5)[0]:
        totals.append(found()["plans"]["total"])
    assert totals[-1] == 3 and len(totals) <= 2

    process.stdout.close()
    assert process.wait(timeout=5) == 0
    assert process.stderr.read() == ""
