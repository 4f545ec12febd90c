"""SIGKILL at each step of `doctor --fix`, `migrate` and `init --uninstall`: the next run ends what was begun."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

import damage
from conftest import Ran, Repo
from killing import chosen, killed_at, steps
from test_migration import old, passed, state, tools, undo

__all__ = ["old", "tools"]

SAMPLE = 4

BROUGHT = (
    damage.python_gone, damage.driver_not_configured, damage.agent_hook_gone, damage.index_wrong, damage.number_left,
    damage.session_dead, damage.command_cut_off, damage.tree_moved, damage.session_unreadable,
    damage.journal_unreadable, damage.cache_unreadable,
)  # fmt: skip


class Again:
    """Lays a repository as it was at first."""

    def __init__(self, repo: Repo, kept: Path) -> None:
        self.repo, self.kept = repo, kept
        shutil.copytree(repo.path, kept, symlinks=True)

    def lay(self) -> None:
        shutil.rmtree(self.repo.path)
        shutil.copytree(self.kept, self.repo.path, symlinks=True)
        self.repo.git("update-index", "-q", "--refresh")

    def cut_off(self, folder: Path, step: int, when: str, *words: str) -> Ran:
        """Run a command from the beginning, and kill it at a step."""
        self.lay()
        ran = self.repo.run(sys.executable, "-m", "holdfast", *words, env=killed_at(folder, step, when))
        assert ran.code in (0, -signal.SIGKILL), ran
        return ran


def set_aside(repo: Repo) -> list[bytes]:
    """What could not be read, wherever it is kept now."""
    kept = [path.read_bytes() for path in (damage.state(repo) / "aside").rglob("*") if path.is_file()]
    torn = (damage.state(repo) / "journal.torn.jsonl").read_bytes().splitlines()
    return sorted({*kept, *torn})


def settled(repo: Repo) -> tuple[object, ...]:
    """What is the same however often the mending was cut off."""
    config = (repo.path / ".git" / "config").read_text()
    return state(repo), set_aside(repo), config, repo.git("worktree", "list", "--porcelain"), repo.status()


def test_every_step_of_mending(adopted: Repo, tmp_path: Path) -> None:
    for bring in BROUGHT:
        bring(adopted)
    again = Again(adopted, tmp_path / "damaged")
    counted = tmp_path / "count"
    passed(again.cut_off(counted, 0, "", "doctor", "--fix", "--no-self-test"))
    wanted = settled(adopted)
    assert len(set_aside(adopted)) == 4  # a torn cache is nothing to keep
    cut = 0
    for step, when in chosen(len(steps(counted)), "doctor", SAMPLE):
        ran = again.cut_off(tmp_path / f"{step}-{when}", step, when, "doctor", "--fix", "--no-self-test")
        cut += ran.code != 0
        passed(adopted.holdfast("doctor", "--fix", "--no-self-test"))
        assert settled(adopted) == wanted, steps(tmp_path / f"{step}-{when}")
        assert passed(adopted.holdfast("doctor")).err == "everything is as it should be\n"
        assert adopted.try_git("fsck", "--no-dangling").code == 0
        for line in adopted.holdfast("log", "--json", "-n", "0").out.splitlines():
            assert json.loads(line)["schema"] == "holdfast.log/1"
    assert cut >= SAMPLE - 1


def test_every_step_of_the_migration(old: Repo, tools: Path, tmp_path: Path) -> None:
    before = state(old)
    again = Again(old, tmp_path / "by-hand")
    counted = tmp_path / "count"
    again.lay()
    done = passed(again.cut_off(counted, 0, "", "migrate", "--yes"))
    wanted = state(old)
    undo(old, done, tools)
    assert state(old) == before
    cut = 0
    for step, when in chosen(len(steps(counted)), "migrate", SAMPLE):
        ran = again.cut_off(tmp_path / f"{step}-{when}", step, when, "migrate", "--yes")
        cut += ran.code != 0
        passed(old.holdfast("migrate", "--yes"))
        assert state(old) == wanted, steps(tmp_path / f"{step}-{when}")
        assert passed(old.holdfast("migrate", "--yes")).err == "nothing to migrate\n"
        passed(old.holdfast("doctor", "--no-self-test"))
        assert left_beside(old) == []
    assert cut >= SAMPLE - 1


def test_every_step_of_leaving(old: Repo, tmp_path: Path) -> None:
    before = state(old)
    passed(old.holdfast("init", "--yes"))
    again = Again(old, tmp_path / "adopted")
    counted = tmp_path / "count"
    passed(again.cut_off(counted, 0, "", "init", "--uninstall", "--yes"))
    assert state(old) == before
    cut = 0
    for step, when in chosen(len(steps(counted)), "leave", SAMPLE):
        ran = again.cut_off(tmp_path / f"{step}-{when}", step, when, "init", "--uninstall", "--yes")
        cut += ran.code != 0
        passed(old.holdfast("init", "--uninstall", "--yes"))
        assert state(old) == before and left_beside(old) == [], steps(tmp_path / f"{step}-{when}")
        assert not damage.state(old).exists()
    assert cut >= SAMPLE - 1


def left_beside(repo: Repo) -> list[str]:
    """Files that were written beside others, and never took their place."""
    return [path.name for path in repo.path.rglob("*holdfast-new*")]
