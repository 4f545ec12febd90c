"""A stand-in for `holdfast start` and `plan new`: right, or wrong in one way (`--fault`), to see what the races notice."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

REMOTE = "origin"
HOST = "racetrack"
NOTHING = "0" * 40


def git(*arguments: str) -> str | None:
    """What git prints, None when it fails."""
    done = subprocess.run(("git", *arguments), capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()


def leave(code: int, result: str, **fields: Any) -> NoReturn:
    print(json.dumps({"result": result, **fields}))
    sys.exit(code)


class Start:
    """One attempt to claim one plan."""

    def __init__(self, plan: int, asked: argparse.Namespace) -> None:
        self.plan, self.fault, self.asked = plan, asked.fault, asked
        self.owner = asked.owner if asked.owner and self.fault != "same-id" else git("config", "user.name") or ""
        self.id = "12345678" if self.fault == "same-id" else uuid.uuid4().hex
        self.branch, self.fence = f"plan-{plan}-race-{plan}", f"refs/holdfast/plans/{plan}"
        self.shared = bool(git("remote"))
        self.common = Path(git("rev-parse", "--path-format=absolute", "--git-common-dir") or "")
        self.intents = self.common / "holdfast" / "intents"

    def run(self) -> bool:
        """Claim the plan or leave with what came between; False when somebody was faster."""
        if self.fault == "stray":
            git("branch", self.branch, "main")
        self.commit = self._resumed() or ""
        if not self.commit:
            if self.fault != "same-id" and self.holder():
                if self.asked.next:
                    return False
                self._refuse()
            self.commit = self._commit()
            self._intend()
            if not self._publish():
                self._forget()
                return False
        if self.fault != "no-branch" or not self.shared:
            git("update-ref", f"refs/heads/{self.branch}", self.commit)
        worktree = None if self.asked.no_worktree else self._worktree()
        self._forget()
        self.claimed(worktree)
        return True

    def claimed(self, worktree: str | None = None) -> NoReturn:
        if self.fault == "mute":
            sys.exit(0)
        owner = "somebody" if self.fault == "wrong-owner" else self.owner
        leave(
            0, "claimed", plan=self.plan, branch=self.branch, worktree=worktree, commit=self.commit, owner=owner,
            published=self.shared and self.fault != "unpublished", claim_id=self.id, blockers=[], winner=None,
        )  # fmt: skip

    def holder(self) -> str | None:
        """The commit of whoever has the plan."""
        if not self.shared:
            return git("rev-parse", "-q", "--verify", f"refs/heads/{self.branch}")
        return (git("ls-remote", REMOTE, self.fence, f"refs/heads/{self.branch}") or "").partition("\t")[0] or None

    def told(self) -> str:
        """Who has it, in words."""
        if self.fault == "crash":
            raise RuntimeError("this was not to happen")
        commit = self.holder() or ""
        if self.shared:
            git("fetch", "-q", "--no-write-fetch-head", REMOTE, f"refs/heads/{self.branch}")
        owner, name = (git("log", "-1", f"--format=%(trailers:key={key},valueonly)", commit) for key in
                       ("Claimed-By", "Claim-Id"))  # fmt: skip
        if self.fault == "untold":
            return "someone has it"
        return f"{owner}" if self.fault == "anonymous" else f"{owner} ({name} on {HOST})"

    def lost(self) -> NoReturn:
        if self.fault == "double":
            self.commit = self._commit()
            self.claimed()
        leave(4, "lost", plan=self.plan, blockers=[], winner=self.told())

    def _refuse(self) -> NoReturn:
        if self.fault == "double":
            self.commit = self._commit()
            self.claimed()
        code = "busy" if self.fault == "no-code" else "claimed"
        leave(
            1, "refused", plan=self.plan, blockers=[{"code": code, "message": f"claimed by {self.told()}"}], winner=None
        )

    def _commit(self) -> str:
        base = f"{REMOTE}/main" if self.shared else "main"
        trailers = f"Claimed-By: {self.owner}\nClaim-Host: {HOST}\nClaim-Id: {self.id}\nClaim-Plan: {self.plan}"
        return git("commit-tree", "-p", base, "-m", f"Claim\n\n{trailers}", f"{base}^{{tree}}") or ""

    def _publish(self) -> bool:
        if not self.shared:
            return git("update-ref", f"refs/heads/{self.branch}", self.commit, NOTHING) is not None
        refs = [f"refs/heads/{self.branch}", self.fence][: 1 if self.fault == "no-fence" else 2]
        leases = [f"--force-with-lease={ref}:" for ref in refs]
        for _ in range(100):
            if git("push", "-q", "--atomic", *leases, REMOTE, *(f"{self.commit}:{ref}" for ref in refs)) is not None:
                return True
            if self.holder():
                break
            time.sleep(0.02)  # refs that another push has locked
        return self.holder() == self.commit

    def _worktree(self) -> str:
        path = self.common.parent / ".worktrees" / self.branch
        shutil.rmtree(path, ignore_errors=True)
        git("worktree", "prune")
        # Twice: a `git worktree add` that was killed leaves its worktree locked.
        git("worktree", "add", "-f", "-f", "-q", str(path), self.branch)
        return str(path)

    def _intend(self) -> None:
        self.intents.mkdir(parents=True, exist_ok=True)
        self._mine.write_text(json.dumps([self.owner, self.id, self.commit]))

    @property
    def _mine(self) -> Path:
        return self.intents / f"{self.plan}-{os.getpid()}"

    def _forget(self) -> None:
        if self.fault != "intent":
            self._mine.unlink(missing_ok=True)

    def _resumed(self) -> str | None:
        """The commit of a claim that somebody of the same name began here and did not live to end."""
        found = None
        for path in self.intents.glob(f"{self.plan}-*"):
            if Path("/proc", path.name.partition("-")[2]).exists():
                continue
            try:
                owner, name, commit = json.loads(path.read_text() or '["", "", ""]')
            except (OSError, ValueError):
                owner, name, commit = self.owner, "", ""
            if owner not in (self.owner, ""):
                continue
            if commit and self.holder() == commit:
                self.id, found = name, commit
            path.unlink(missing_ok=True)
        return found


def start_next(asked: argparse.Namespace) -> None:
    names = (git("ls-tree", "--name-only", "main", "docs/plans/") or "").splitlines()
    for plan in sorted(int(Path(name).name.partition("_")[0]) for name in names):
        one = Start(plan, asked)
        if not one.holder():
            one.run()
        if one.fault in ("gives-up", "double"):
            one.lost()
    leave(1, "refused", blockers=[], winner=None)


def plan_new(title: str, fault: str) -> None:
    """Take the next number, reserved on the remote or, without one, in the repository."""
    shared, folder = bool(git("remote")), Path("docs/plans")
    number = max((int(path.name.partition("_")[0]) for path in folder.glob("[0-9]*_*.md")), default=0) + 1
    while fault != "same-number":
        ref, lot = f"refs/holdfast/numbers/{number}", git("commit-tree", "-m", uuid.uuid4().hex, "main^{tree}") or ""
        command = ("push", "-q", f"--force-with-lease={ref}:", REMOTE, f"{lot}:{ref}") if shared else (
            "update-ref", ref, lot, NOTHING)  # fmt: skip
        if git(*command) is not None:
            break
        number += 1
    path = folder / f"{number:02}_{title.lower().replace(' ', '_')}.md"
    path.write_text(f"# Plan #{number}: {title}\n")
    print(json.dumps({"number": number, "path": str(path.absolute()), "branch": f"plan-{number}-x"}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    verbs = parser.add_subparsers(dest="verb")
    start, plan = verbs.add_parser("start"), verbs.add_parser("plan")
    start.add_argument("plan", type=int, nargs="?")
    start.add_argument("--owner")
    for flag in ("--next", "--json", "--no-worktree"):
        start.add_argument(flag, action="store_true")
    plan.add_argument("new")
    plan.add_argument("title")
    plan.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.verb == "plan":
        plan_new(asked.title, asked.fault)
    elif asked.next:
        start_next(asked)
    else:
        one = Start(asked.plan, asked)
        if not one.run():
            one.lost()


if __name__ == "__main__":
    main()
