"""CI services as a test needs them: what they check out, what they say of a run, and the action's own steps run by bash."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from claiming import Clone, Team
from conftest import Ran, Repo

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
GITLAB = ROOT / "ci" / "gitlab.yml"
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


class Runner:
    """A machine of a CI service with a checkout of a team's remote."""

    def __init__(self, team: Team, folder: Path) -> None:
        self.team, self.folder = team, folder
        self.home = Repo(folder, {key: value for key, value in team.env.items() if not key.startswith("GIT_COMMITTER")})
        for key in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
            self.home.env.pop(key, None)
        self.clone = Clone(folder / "workspace", self.home.env)
        self.clone.path.mkdir(parents=True)

    def check_out(self, commit: str, ref: str, depth: int = 1, branch: str | None = None) -> None:
        """What actions/checkout does: one commit, as shallow as it can, detached or on the branch that was pushed."""
        git = self.clone.git
        git("init", "-q", "-b", "nothing")
        git("remote", "add", "origin", f"file://{self.team.remote.path}")
        depths = (f"--depth={depth}",) if depth else ()
        git("fetch", "-q", "--no-tags", *depths, "origin", f"+{commit}:{ref}")
        git("checkout", "-q", *(("-B", branch, ref) if branch else (ref,)))

    def act(self, inputs: dict[str, str], **said: str) -> tuple[Ran, dict[str, str]]:
        """Run the composite action of this repository; gives how its last step ended, and its outputs."""
        action = yaml.safe_load(ACTION.read_text())
        given = {name: str(inputs.get(name, one["default"])) for name, one in action["inputs"].items()}
        assert set(inputs) <= set(given), "an input that the action does not have"
        context = {f"inputs.{name}": value for name, value in given.items()} | {"github.action_path": str(ROOT)}
        ran = Ran(0, "", "")
        for step in action["runs"]["steps"]:
            output = self.folder / "output"
            output.write_text("")
            env = {name: _expanded(value, context) for name, value in step["env"].items()}
            where = self.clone.path / _expanded(step["working-directory"], context)
            script = self.folder / "step.sh"
            script.write_text(step["run"])
            env |= {
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(self.clone.path),
                "GITHUB_OUTPUT": str(output),
            } | said
            ran = self.home.run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), env=env, cwd=where)
            for line in output.read_text().splitlines():
                name, _, value = line.partition("=")
                context[f"steps.{step['id']}.outputs.{name}"] = value
            if ran.code != 0:
                break
        return ran, {name: _expanded(one["value"], context) for name, one in action["outputs"].items()}

    def event(self, name: str, payload: dict[str, Any]) -> dict[str, str]:
        """The variables by which GitHub tells a step of its event."""
        path = self.folder / "event.json"
        path.write_text(json.dumps(payload))
        return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}


def pull_request(
    team: Team, folder: Path, branch: str, fork: bool = False, depth: int = 1
) -> tuple[Runner, dict[str, str]]:
    """A runner with the merge of a pull request checked out, as GitHub makes it, and what GitHub says of it."""
    remote = team.remote
    base, head = remote.id_of("refs/heads/main"), remote.id_of(f"refs/heads/{branch}")
    tree = remote.git("merge-tree", "--write-tree", base, head).strip()
    merge = remote.git("commit-tree", "-p", base, "-p", head, "-m", f"Merge {head} into {base}", tree).strip()
    remote.git("update-ref", "refs/pull/7/merge", merge)
    runner = Runner(team, folder)
    runner.check_out(merge, "refs/remotes/pull/7/merge", depth)
    request = {
        "number": 7,
        "base": {"sha": base, "ref": "main", "repo": {"full_name": "team/project"}},
        "head": {"sha": head, "ref": branch, "repo": {"full_name": "eve/project" if fork else "team/project"}},
    }
    return runner, runner.event("pull_request", {"pull_request": request, "repository": {"default_branch": "main"}})


def push(team: Team, folder: Path, branch: str, before: str, depth: int = 1) -> tuple[Runner, dict[str, str]]:
    """A runner with a pushed branch checked out, and what GitHub says of it."""
    runner = Runner(team, folder)
    runner.check_out(team.remote.id_of(f"refs/heads/{branch}"), f"refs/remotes/origin/{branch}", depth, branch)
    said = runner.event("push", {"before": before, "repository": {"default_branch": "main"}})
    return runner, said | {"GITHUB_REF": f"refs/heads/{branch}"}


def _expanded(text: str, context: dict[str, str]) -> str:
    """A value of the action with its expressions filled in; one that is not known is empty, as GitHub has it."""
    return _EXPRESSION.sub(lambda match: context.get(match[1], ""), str(text))
