"""A repository in which time passes: branches, and what `holdfast claims` says about them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from conftest import Ran, Repo, plan_text, sealed

HOUR = 3_600
NOW = int(time.time())


class Branches(Repo):
    """A repository whose clock goes on by a minute with each git command, from some hours ago.

    With `twice` each look at claims is held against one without the merged ones, which may be remembered.
    """

    twice = False

    def __init__(self, path: Path, env: dict[str, str], hours: float = 20) -> None:
        super().__init__(path, dict(env))
        self.set_clock(hours)

    def set_clock(self, hours: float) -> None:
        """What git's own clock shows: so many hours ago (less than none lies ahead)."""
        self.moment = NOW - int(hours * HOUR)
        self._tick()

    def _tick(self) -> None:
        self.moment += 60
        for which in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            self.env[which] = f"{self.moment} +0000"

    def run(self, *command: str, **more: Any) -> Ran:
        if command[0] == "git":
            self._tick()
        return super().run(*command, **more)

    # Working

    def save(self, message: str, **files: str | bytes | None) -> str:
        """Commit these files (`__` in a name is a dot, None removes) on the branch that HEAD is on; gives the id."""
        for name, content in files.items():
            self.put(name.replace("__", "."), content)
        return self.record(message)

    def put(self, name: str, content: str | bytes | None) -> None:
        if content is None:
            (self.path / name).unlink()
        else:
            self.write(name, content)

    def record(self, message: str) -> str:
        """Commit everything, and empty commits too."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.id("HEAD")

    def on(self, branch: str) -> None:
        """Check the branch out, as a new one where there is none."""
        known = self.try_git("rev-parse", "-q", "--verify", f"refs/heads/{branch}").code == 0
        self.git("checkout", "-q", *(() if known else ("-b",)), branch)

    def id(self, name: str) -> str:
        return self.git("rev-parse", "--verify", name).strip()

    def squash(self, branch: str, message: str) -> str:
        self.git("merge", "-q", "--squash", branch)
        return self.record(message)

    # Asking

    def claims(self, *options: str) -> dict[str, dict[str, Any]]:
        """All claims by branch, as `claims --all --json` gives them; without `--all` it says the same of those that hold."""
        held = self._listed(*options) if self.twice else None
        found = self._listed("--all", *options)
        if held is not None:
            assert held == {name: one for name, one in found.items() if one["state"] != "integrated"}
        return found

    def _listed(self, *options: str) -> dict[str, dict[str, Any]]:
        ran = self.holdfast("claims", "--json", *options)
        assert ran.code == 0 and "Traceback" not in ran.err, ran
        return {one["branch"]: one for one in json.loads(ran.out)["claims"]}

    def claim(self, branch: str = "plan-5-parser", *options: str) -> dict[str, Any]:
        return self.claims(*options)[branch]


LINES = [f"line {number}\n" for number in range(1, 41)]


def text(**changed: str | None) -> str:
    """Forty lines; `l7="..."` is another line seven, None none, more lines where there are breaks in it."""
    lines = list(LINES)
    for key, value in changed.items():
        lines[int(key[1:]) - 1] = "" if value is None else value + "\n"
    return "".join(lines)


def begin(folder: Path, hours: float = 20) -> Branches:
    """A repository on main with two plans and three files."""
    path = folder / "repo"
    path.mkdir(parents=True)
    made = Branches(path, sealed(folder / "home"), hours)
    made.git("init", "-q", "-b", "main")
    made.git("config", "core.fsync", "none")
    for number, name in ((5, "parser"), (6, "printer")):
        made.write(f"docs/plans/0{number}_{name}.md", plan_text(number, name.title()))
    made.write("other.txt", "other\n")
    made.save("Begin", code__txt=text(), more__txt=text())
    return made
