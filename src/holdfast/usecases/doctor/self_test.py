"""The self-test: commits in a throw-away repository whose hooks are those of this one. Are they really called?"""

from __future__ import annotations

import os
import tempfile

from holdfast.adapters import files, terminal
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, scrubbed
from holdfast.domain import plan_index
from holdfast.domain.diagnosis import Diagnosis, diagnosis
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.doctor import hooks
from holdfast.usecases.setup import hook_files, hook_folder
from holdfast.usecases.setup.proposal import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from holdfast.usecases.workspace import Workspace

_PLAN = "docs/plans/01_trial.md"
_FILES = {
    "holdfast.toml": 'main_branch = "trial"\n',
    "docs/plans/README.md": f"{plan_index.BEGIN}\n{plan_index.END}\n",
    _PLAN: "# Plan #1: Trial\n\n**Status:** 📋 Planned\n**Priority:** Low\n\n## Plan\n\nTry it.\n",
}
_COMPLETE = ("📋 Planned", "✅ Complete")
_ROW = "[Trial](01_trial.md)"
_CODE = "[evidence-missing]"


def self_test(place: Workspace, environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Commit a plan, and then one that says Complete without evidence: the first must pass with its row, the second not."""
    site = Site(place.top, place.repository.common_dir)
    where = hook_folder.folder(place.git, site, place.environment)
    if isinstance(where, Problem) or not hooks.wanted(site):
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-doctor-") as folder:
        trial = _Trial(os.path.realpath(folder), _hooks(site, where), environment)
        said = trial.what_is_wrong()
    if said:
        yield diagnosis("hook-silent", "hooks", f"the hooks in {where.path} do not do their work: {said}")


def _hooks(site: Site, where: hook_folder.Folder) -> str:
    """The folder of the hooks to try: the one that git uses, or their copies where others' hooks would run as well."""
    paths = [os.path.join(where.path, name) for name in hook_files.HOOKS]
    alone = all(hook_files.is_ours(path) and not hook_files.chain_of(decode(files.read(path) or b"")) for path in paths)
    return where.path if alone else os.path.dirname(hook_files.copy_path(site, hook_files.HOOKS[0]))


class _Trial:
    """A repository of two commits, in an environment in which git knows nothing but these hooks."""

    def __init__(self, folder: str, hooks: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = ("-c", f"core.hooksPath={hooks}", "-c", "commit.gpgsign=false")
        self.environment = {
            **scrubbed(environment), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8",
            "GIT_AUTHOR_NAME": "Trial", "GIT_AUTHOR_EMAIL": "trial@localhost", "GIT_COMMITTER_NAME": "Trial",
            "GIT_COMMITTER_EMAIL": "trial@localhost", "GIT_TERMINAL_PROMPT": "0",
        }  # fmt: skip

    def what_is_wrong(self) -> str:
        """What is not as it must be, in words; empty where all is."""
        self._git("init", "-q", "-b", "trial")
        for name, text in _FILES.items():
            self._write(name, text)
        code, said = self._commit()
        if code != 0:
            return f"a valid commit was refused: {_last(said)}"
        if _ROW not in self._git("show", "HEAD:docs/plans/README.md")[1]:
            return "a commit was made without its plan index"
        self._write(_PLAN, _FILES[_PLAN].replace(*_COMPLETE))
        code, said = self._commit()
        if code == 0:
            return "a plan that says Complete without evidence was let pass"
        return "" if _CODE in said else f"an invalid commit was refused for another reason: {_last(said)}"

    def _commit(self) -> tuple[int, str]:
        self._git("add", "-A")
        return self._git("commit", "-q", "-m", "Trial")

    def _git(self, *words: str) -> tuple[int, str]:
        done = terminal.run(["git", *self.settings, *words], self.folder, self.environment)
        return done.code, done.output

    def _write(self, name: str, text: str) -> None:
        files.put(os.path.join(self.folder, name), State(text.encode()))


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was said"
