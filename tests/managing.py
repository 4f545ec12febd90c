"""The real hook managers, as a team has them: each with a hook of its own that leaves a line, and in every order with `init`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from conftest import Ran, Repo, sealed
from test_commit_modes import PLANS, plan

PROGRAMS = Path(sys.executable).parent
"""Where pre-commit, prek and lefthook are: in the environment that runs the tests."""
HUSKY = Path(__file__).parent.parent / ".managers" / "node_modules" / "husky" / "bin.js"
"""Where `make managers` installs husky, which comes from npm."""

HOOKS = Path(__file__).parent.parent / ".pre-commit-hooks.yaml"

TYPES = ("pre-commit", "commit-msg", "pre-merge-commit", "post-commit", "post-merge", "post-rewrite")
"""The hooks of ours that a manager can have as well."""


class Manager(NamedTuple):
    """One manager: its name, its configuration, and the commands that write its hooks and take them away."""

    name: str
    file: str
    config: str
    install: tuple[str, ...]
    uninstall: tuple[str, ...]

    def write(self, repo: Repo) -> None:
        """Its configuration, not yet committed."""
        if self.file:
            repo.write(self.file, self.config)

    def installs(self, repo: Repo) -> Ran:
        """What a team's set-up runs, once and again."""
        return passed(repo.run(*self.install))

    def uninstalls(self, repo: Repo) -> Ran:
        return passed(repo.run(*self.uninstall))

    def ran(self, repo: Repo) -> list[str]:
        """What its own hooks left since they were asked last."""
        left = Path(repo.env["RAN"])
        lines = left.read_text().split() if left.exists() else []
        left.write_text("")
        return lines


def passed(ran: Ran) -> Ran:
    assert ran.code == 0, ran
    return ran


def _stages(types: tuple[str, ...]) -> str:
    lines = [f"default_install_hook_types: [{', '.join(types)}]", "repos:", "  - repo: local", "    hooks:"]
    for name in types:
        lines += [
            f"      - id: own-{name}",
            f"        name: own {name}",
            f"        entry: sh -c 'echo {name} >> \"$RAN\"'",
            "        language: system",
            "        always_run: true",
            "        pass_filenames: false",
            f"        stages: [{name}]",
        ]
    return "\n".join(lines) + "\n"


def _jobs(types: tuple[str, ...]) -> str:
    return "".join(f'{name}:\n  jobs:\n    - name: own\n      run: echo {name} >> "$RAN"\n' for name in types)


def manager(name: str, types: tuple[str, ...] = ("pre-commit",)) -> Manager:
    """The manager of that name, with a hook of its own of each of these types."""
    if name == "husky":
        node = shutil.which("node")
        assert node is not None and HUSKY.is_file(), "`make managers` installs husky"
        return Manager(name, "", "", (node, str(HUSKY)), ("git", "config", "--unset", "core.hooksPath"))
    if name == "lefthook":
        program = str(PROGRAMS / "lefthook")
        return Manager(name, "lefthook.yml", _jobs(types), (program, "install"), (program, "uninstall"))
    program = str(PROGRAMS / name)
    return Manager(name, ".pre-commit-config.yaml", _stages(types), (program, "install"), (program, "uninstall"))


def only_managed(name: str, ids: tuple[str, ...], repository: str = "", revision: str = "") -> Manager:
    """A manager that runs these hooks of `.pre-commit-hooks.yaml`, as local ones or from a repository, and one of its own."""
    known = {one["id"]: one for one in yaml.safe_load(HOOKS.read_text())}
    own = {"id": "own", "name": "own", "entry": "sh -c 'echo pre-commit >> \"$RAN\"'", "language": "system",
           "always_run": True, "pass_filenames": False, "stages": ["pre-commit"]}  # fmt: skip
    local = [{**known[one], "language": "system", "entry": f"{PROGRAMS}/{known[one]['entry']}"} for one in ids]
    repos = [{"repo": "local", "hooks": [own, *([] if repository else local)]}]
    if repository:
        repos.append({"repo": repository, "rev": revision, "hooks": [{"id": one} for one in ids]})  # type: ignore[dict-item]
    config = {"default_install_hook_types": list(TYPES), "repos": repos}
    return manager(name)._replace(config=yaml.safe_dump(config))


def planned(at: Path) -> Repo:
    """Three plans and two other files, in a repository that nothing has been done to."""
    env = sealed(at / "home")
    (at / "repo").mkdir(parents=True)
    made = Repo(at / "repo", {**env, "PATH": f"{PROGRAMS}{os.pathsep}{env['PATH']}", "RAN": str(at / "ran")})
    made.git("init", "-q", "-b", "main", "--template=")
    for number in (1, 2, 3):
        made.write(f"{PLANS}/0{number}_plan.md", plan(number))
    made.write("other.txt", "other\n")
    made.write("more.txt", "more\n")
    return made


def in_order(at: Path, one: Manager, order: str) -> Repo:
    """A repository in which manager (`m`), `init` (`i`) and what each takes back (`M`, `I`) came in this order."""
    made = planned(at)
    one.write(made)
    for step in order:
        if step == "m":
            one.installs(made)
        elif step == "M":
            one.uninstalls(made)
        elif step == "i":
            passed(made.holdfast("init", "--yes"))
        else:
            passed(made.holdfast("init", "--uninstall", "--yes"))
    passed(made.commit("adopt"))
    one.ran(made)
    return made


def hooks(repo: Repo) -> dict[str, bytes]:
    """The hooks of a repository: name to content."""
    folder = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip(), "hooks")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}
