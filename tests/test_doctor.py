"""`doctor`: each kind of damage is found by its own code and no other, mended where that is safe, and then gone."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import damage
from conftest import Repo, bound, plan_text
from damage import Damage
from holdfast.domain import health
from holdfast.domain.codes import BY_CODE
from holdfast.domain.health_codes import HEALTH_RULES
from holdfast.domain.moment import Moment
from holdfast.domain.problem import Problem
from holdfast.usecases import clock, workspace
from holdfast.usecases.doctor import repair as repairs
from holdfast.usecases.doctor.examine import examine
from holdfast.usecases.doctor.repair import repair
from holdfast.usecases.workspace import Workspace

ELSEWHERE = {
    "worktree-without-hooks",
    "repair-failed",
    "disk-full",
    "state-unwritable",
    "health-unseen",
    "session-waiting",
}
"""Provoked in tests of their own."""


def found(repo: Repo, tries: bool = False) -> list[str]:
    place = workspace.at(str(repo.path), repo.env)
    return [one.problem.code for one in examine(place, repo.env, clock.now(), tries)]


def mended(repo: Repo, tries: bool = False) -> tuple[list[str], list[str], tuple[Problem, ...]]:
    """What was mended, what is left, and why repairs failed."""
    done = repair(workspace.at(str(repo.path), repo.env), repo.env, clock.now(), tries)
    fixed = [one.problem.code for one in done.diagnoses if one.fixed]
    return fixed, [one.problem.code for one in done.diagnoses if not one.fixed], done.failures


def doctor(repo: Repo, *words: str) -> dict[str, Any]:
    ran = repo.holdfast("doctor", "--json", *words)
    document: dict[str, Any] = json.loads(ran.out)
    assert ran.code == (0 if document["healthy"] and not document["failures"] else 1), ran
    assert "Traceback" not in ran.err
    return document


def events(repo: Repo) -> list[dict[str, Any]]:
    return [json.loads(line) for line in repo.holdfast("log", "--json", "-n", "0").out.splitlines()]


def test_every_diagnosis_is_provoked() -> None:
    provoked = set().union(*(one.codes for one in damage.ALL))
    assert {rule.code for rule in HEALTH_RULES} - provoked == ELSEWHERE
    assert provoked <= set(BY_CODE)


@pytest.mark.parametrize("one", damage.ALL, ids=lambda one: one.name)
def test_damage_is_found_mended_and_gone(adopted: Repo, one: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = "hook-silent" in one.codes
    one.bring(adopted)
    monkeypatch.setenv("PATH", adopted.env["PATH"])
    before = adopted.git("status", "--porcelain")
    assert set(found(adopted, tries)) == one.codes
    assert adopted.git("status", "--porcelain") == before, "who looks changes nothing"
    fixed, left, failures = mended(adopted, tries)
    assert (set(fixed), set(left), failures) == (one.codes - one.left, one.left, ())
    assert set(found(adopted, tries)) == one.left
    assert mended(adopted, tries)[0] == [], "the second time there is nothing to do"


def test_a_healthy_repository_has_nothing(adopted: Repo) -> None:
    document = doctor(adopted)
    assert (document["diagnoses"], document["healthy"]) == ([], True)
    before = events(adopted)
    assert doctor(adopted, "--fix")["healthy"] and events(adopted) == before, "nothing was done, and nothing is told"


def test_what_was_mended_is_told_and_journalled(adopted: Repo) -> None:
    damage.python_gone(adopted)
    damage.session_dead(adopted)
    dry = doctor(adopted, "--fix", "--dry-run")
    assert [(one["code"], one["fixable"], one["fixed"]) for one in dry["diagnoses"]] == [
        ("hook-python-gone", True, False), ("session-dead", True, False),
    ]  # fmt: skip
    done = doctor(adopted, "--fix")
    assert done["healthy"] and all(one["fixed"] for one in done["diagnoses"])
    assert all(one["consequence"] and one["remedy"] for one in done["diagnoses"])
    (told,) = [one for one in events(adopted) if one["event"] == "doctor"]
    assert told["data"] == {"fixed": ["hook-python-gone", "session-dead"]}
    ran = adopted.holdfast("doctor")
    assert (ran.code, ran.out, ran.err) == (0, "", "everything is as it should be\n")


_MENDABLE = [
    one
    for one in damage.ALL
    if not one.left and one.bring not in (damage.guard_left, damage.mark_left_on_the_remote, damage.init_cut_off)
]
"""What can come together in one repository without taking the other's ground away."""

_ROUNDS, _AT_ONCE = (40, 9) if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else (3, 7)


@pytest.mark.parametrize("seed", range(_ROUNDS))
def test_several_at_once_converge_in_one_run(adopted: Repo, seed: int) -> None:
    brought: list[Damage] = []
    for one in random.Random(seed).sample(_MENDABLE, _AT_ONCE):
        alike = next((group for group in _ONE_OF if one.bring in group), {one.bring})
        if not any(other.bring in alike for other in brought):
            brought.append(one)
    brought.sort(key=lambda one: next(at for at, group in enumerate(_ORDER) if one.bring in group or not group))
    for one in brought:
        one.bring(adopted)
    wanted = set().union(*(one.codes for one in brought))
    names = [one.name for one in brought]
    assert wanted <= set(found(adopted)), names
    fixed, left, failures = mended(adopted)
    assert (left, failures) == ([], ()) and wanted <= set(fixed), names
    assert doctor(adopted)["healthy"], names
    before = events(adopted)
    assert mended(adopted) == ([], [], ()) and events(adopted) == before, names


_TAKES_PLAN = {
    damage.mark_left, damage.tree_moved, damage.session_lock_left, damage.trash_expired, damage.trash_unreadable,
}  # fmt: skip
_OF_ONE_HOOK = {
    one.bring for one in damage.ALL if one.codes & {
        "hook-missing", "hook-old", "hook-not-executable", "hook-foreign", "hook-python-gone", "hook-chain-gone",
    }
}  # fmt: skip
_ONE_OF = (
    _TAKES_PLAN, _OF_ONE_HOOK, {damage.driver_not_configured, damage.driver_gone},
    {damage.index_wrong, damage.index_without_markers},
)  # fmt: skip
"""Of each only one can be: they take the same plan, or the same thing away."""
_ORDER: tuple[set[Callable[[Repo], None]], ...] = (
    {damage.chain_gone}, _TAKES_PLAN, {damage.agent_hook_gone}, {damage.session_dead},
    {damage.index_wrong, damage.index_without_markers}, set(),
)  # fmt: skip
"""What Holdfast's own commands bring about comes first, for they clear up what others leave; then commits, then the rest."""


def test_what_cannot_be_looked_at_hides_nothing_else(adopted: Repo) -> None:
    """A part that cannot be looked at is a diagnosis of its own."""
    damage.edited(adopted)
    (adopted.path / ".git" / "index").write_bytes(b"no index of git")
    codes = found(adopted)
    assert "health-unseen" in codes and "hook-old" in codes
    ran = adopted.holdfast("doctor")
    assert ran.code == 1 and "Traceback" not in ran.err and "could not be looked at" in ran.out


# What stands in the way of looking and mending


def test_a_git_folder_that_cannot_be_written_is_named_and_hides_nothing(adopted: Repo) -> None:
    ours = (*bound(), sys.executable, "-m", "holdfast")
    damage.edited(adopted)
    folders = [path for path, _, _ in os.walk(adopted.path / ".git")]
    for path in folders:
        os.chmod(path, 0o555)
    try:
        ran = adopted.run(*ours, "doctor", "--json")
        assert [one["code"] for one in json.loads(ran.out)["diagnoses"]] == ["state-unwritable", "hook-old"]
        ran = adopted.run(*ours, "doctor", "--fix")
        assert ran.code == 1 and "Traceback" not in ran.err and "[state-unwritable]" in ran.out
        assert "[init-read-only]" in ran.err
        assert adopted.run(*ours, "status").code == 0
    finally:
        for path in folders:
            os.chmod(path, 0o755)
    assert doctor(adopted, "--fix")["healthy"]


def test_a_repository_of_somebody_else_is_named_with_gits_own_remedy(adopted: Repo) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for folder, _, _ in os.walk(adopted.path):
        os.chown(folder, 12345, 12345)
    for command in ("status", "doctor", "log", "guide"):
        ran = adopted.holdfast(command, *(["--check"] if command == "guide" else []))
        lines = ran.err.splitlines()
        assert (ran.code, len(lines), ran.out) == (1, 3, ""), ran
        assert "dubious ownership" in lines[1] and "safe.directory" in lines[2]


def test_no_room_on_the_disk_mends_nothing_and_breaks_nothing(adopted: Repo) -> None:
    """A process that may not write a byte, as on a full disk: told, exit 1, and the next one with room mends it."""
    damage.edited(adopted)
    damage.journal_unreadable(adopted)
    before = damage.state(adopted, "journal.jsonl").read_bytes()
    ran = adopted.run("sh", "-c", 'ulimit -f 0; exec "$0" -B -m holdfast doctor --fix', sys.executable)
    assert ran.code in (1, 5) and "Traceback" not in ran.err, ran
    assert damage.state(adopted, "journal.jsonl").read_bytes() == before
    assert doctor(adopted, "--fix")["healthy"]


@pytest.mark.parametrize(
    ("free", "severity"), [(4_999_999, "error"), (5_000_000, "warning"), (99_999_999, "warning"), (100_000_000, "")]
)
def test_how_much_room_is_little(free: int, severity: str) -> None:
    assert [one.problem.severity for one in health.of_disk(free, "/x")] == ([severity] if severity else [])


@pytest.mark.parametrize("ahead", [0, 300, 301, 86_400])
def test_clocks_of_one_team_differ_by_five_minutes(ahead: int) -> None:
    now = Moment(1_800_000_000)
    said = [one.problem.message for one in health.of_clock([("a commit", Moment(now + ahead)), ("old", now)], now)]
    assert len(said) == (ahead > 300) and all("a commit is dated" in one for one in said)


def test_what_cannot_be_read_stops_nobody_and_is_never_lost(adopted: Repo) -> None:
    damage.trash_unreadable(adopted)
    damage.session_unreadable(adopted)
    damage.journal_unreadable(adopted)
    (record,) = damage.state(adopted, "trash").glob("*/record.json")
    for command in (
        ("status",), ("log",), ("claims",), ("worktree", "list"), ("trash", "list"), ("clean",), ("plan", "list"),
        ("start", "1"), ("worktree", "remove", "1"), ("trash", "empty"), ("session", "start", "--id", "two"),
    ):  # fmt: skip
        ran = adopted.holdfast(*command)
        assert ran.code == 0 and "Traceback" not in ran.err, (command, ran)
    assert record.read_text() == "{ torn" and damage.state(adopted, "sessions/broken.json").exists()

    assert doctor(adopted, "--fix")["healthy"]
    kept = {path.name: path for path in damage.state(adopted, "aside").iterdir()}
    assert kept["broken.json"].read_text() == "{ torn"
    assert (kept[record.parent.name] / "record.json").read_text() == "{ torn"
    assert (kept[record.parent.name] / "registration").is_dir(), "what git kept of it is there, too"
    torn = damage.state(adopted, "journal.torn.jsonl").read_bytes()
    assert torn == b'no event\n{"at": 7}\n\xff\xfe\n'
    files = adopted.path / ".worktrees" / ".holdfast-trash" / record.parent.name
    assert (files / "docs/plans/01_first.md").exists()


def test_what_the_configuration_says_is_not_guessed(adopted: Repo) -> None:
    """Where it cannot be read nothing is deleted or written by default values; what does not rest on it is mended."""
    damage.removed(adopted)
    text = adopted.read("holdfast.toml") + "\n[trash]\ndays = 365\n"
    adopted.write("holdfast.toml", text + "[broken\n")
    (record,) = damage.state(adopted, "trash").glob("*/record.json")
    record.write_text(re.sub(r'"at": \d+', '"at": 1000000000', record.read_text()))
    damage.edited(adopted)
    done = doctor(adopted, "--fix")
    assert [one["code"] for one in done["failures"]] == ["config-unreadable"] and not done["healthy"]
    assert {one["code"] for one in done["diagnoses"] if one["fixed"]} == {"hook-old"}
    assert record.exists()


def test_a_claim_that_came_up_meanwhile_keeps_its_mark(adopted: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the end somebody claims the plan: the mark is another one, and stays."""
    damage.mark_left(adopted)
    place = workspace.at(str(adopted.path), adopted.env)
    real, taken = repairs.surroundings.refs_now, []

    def refs_now(there: Workspace) -> dict[str, str]:
        if not taken:
            taken.append(damage.must(adopted, "start", "1", "--no-worktree"))
        return real(there)

    monkeypatch.setattr(repairs.surroundings, "refs_now", refs_now)
    repair(place, adopted.env, clock.now(), tries=False)
    assert taken and adopted.git("for-each-ref", "refs/holdfast/plans/1"), "its mark is there"
    assert found(adopted) == []


def test_the_trash_of_the_repository_that_this_is_a_copy_of_is_left_alone(adopted: Repo) -> None:
    damage.removed(adopted)
    copy = Repo(adopted.path.parent / "copy", adopted.env)
    shutil.copytree(adopted.path, copy.path, symlinks=True)
    damage.configure(copy, "\n[trash]\ndays = 0\n")
    done = doctor(copy, "--fix")
    assert [one["code"] for one in done["failures"]] == ["repair-failed"] and "is a copy" in done["failures"][0][
        "message"
    ]
    ran = copy.holdfast("worktree", "restore", "plan-1-first")
    assert ran.code == 1 and "[trash-theirs" in ran.err
    assert adopted.holdfast("worktree", "restore", "plan-1-first").code == 0


def test_without_hooks_by_choice(repo: Repo) -> None:
    """`init --no-hooks` is a way to adopt: nothing is missed, and nothing installed."""
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    damage.must(repo, "init", "--yes", "--no-hooks")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "Adopt")
    assert doctor(repo)["diagnoses"] == []
    damage.journal_unreadable(repo)
    assert doctor(repo, "--fix")["healthy"] and not (repo.path / ".git/hooks/pre-commit").exists()


def test_a_worktree_on_a_commit_from_before_the_adoption(adopted: Repo) -> None:
    first = adopted.git("commit-tree", "-m", "Before", adopted.git("mktree", input="").strip()).strip()
    adopted.git("worktree", "add", "-q", "--detach", "../old", first)
    old = Repo(adopted.path.parent / "old", adopted.env)
    assert "not-adopted" not in {one["code"] for one in doctor(old)["diagnoses"]}


@pytest.mark.parametrize("disabled", ["# {line}", "{line} || true"])
def test_a_tracked_hook_that_does_not_hear_holdfast(repo: Repo, disabled: str) -> None:
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    line = '"$(git rev-parse --git-common-dir)/holdfast/hooks/pre-commit" "$@"'
    repo.write(".githooks/pre-commit", f"#!/bin/sh\n{disabled.format(line=line)}\n").chmod(0o755)
    repo.git("config", "core.hooksPath", ".githooks")
    repo.git("add", "-A")
    damage.must(repo, "init", "--yes")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "Adopt")
    assert "hook-foreign" in {one["code"] for one in doctor(repo)["diagnoses"]}


def test_a_hook_that_was_switched_off_by_an_edit_is_an_error(adopted: Repo) -> None:
    path = damage.hook(adopted)
    path.write_text(path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1))
    assert {one["code"] for one in doctor(adopted)["diagnoses"]} == {"hook-old", "hook-silent"}
    assert doctor(adopted, "--fix")["healthy"]


def test_the_hook_from_before_that_lost_its_permission_is_never_unchained(adopted: Repo) -> None:
    damage.foreign(adopted)
    damage.must(adopted, "init", "--local", "--yes")
    damage.hook(adopted, "pre-commit.before-holdfast").chmod(0o644)
    (one,) = doctor(adopted, "--fix")["diagnoses"]
    assert (one["code"], one["fixable"]) == ("hook-chain-gone", False) and one["remedy"].startswith("chmod +x ")
    assert "before-holdfast" in damage.hook(adopted).read_text()


@pytest.mark.parametrize("name", ["sessions", "trash"])
def test_a_file_where_a_folder_of_ours_belongs(adopted: Repo, name: str) -> None:
    shutil.rmtree(damage.state(adopted, name), ignore_errors=True)
    damage.state(adopted, name).write_text("x")
    (one,) = doctor(adopted)["diagnoses"]
    assert one["code"] == "state-unwritable" and one["remedy"].startswith("mv ")


def test_what_a_newer_version_wrote_is_not_set_aside(adopted: Repo) -> None:
    damage.state(adopted, "sessions").mkdir(exist_ok=True)
    path = damage.state(adopted, "sessions/new.json")
    path.write_text('{"schema": "holdfast.session/2", "id": "new"}')
    assert doctor(adopted, "--fix")["diagnoses"] == [] and path.exists()


def test_commands_at_work_are_no_damage(adopted: Repo) -> None:
    """A look in the middle of a command looks once more: here somebody holds the lock on all worktrees for a moment."""
    tree = damage.claim(adopted)
    lock = damage.state(adopted, "worktrees.lock")
    script = 'flock 9; mv "$1" "$1-away"; sleep 0.6; mv "$1-away" "$1"; sleep 1'
    process = subprocess.Popen(["sh", "-c", f"exec 9>{lock}; {script}", "sh", str(tree)])
    time.sleep(0.2)
    assert found(adopted) == []
    process.wait()


def test_of_two_copies_only_their_owner_knows_which_is_the_work(adopted: Repo) -> None:
    tree = damage.claim(adopted)
    for name in ("one", "two"):
        shutil.copytree(tree, tree.parent / name, symlinks=True)
    shutil.rmtree(tree)
    (one,) = doctor(adopted, "--fix")["diagnoses"]
    assert (one["code"], one["fixable"]) == ("worktree-gone", False)


def test_a_reservation_of_another_folder_is_no_number_of_the_first(adopted: Repo) -> None:
    """`docs/adr` has its reservations below those of the first folder: its 1 is not plan #1."""
    configured = adopted.read("holdfast.toml") + '\n[[plans]]\npath = "docs/adr"\nprofile = "record"\n'
    adopted.write("holdfast.toml", configured)
    adopted.write("docs/adr/README.md", "# Records\n")
    damage.must(adopted, "index", "--write")
    assert adopted.commit("Records").code == 0
    tree = adopted.git("rev-parse", "HEAD^{tree}").strip()
    now = {"GIT_COMMITTER_DATE": f"{int(time.time()) - 2 * 3_600} +0000"}
    made = adopted.git("commit-tree", tree, "-m", "Reserve", env=now).strip()
    adopted.git("update-ref", "refs/holdfast/numbers/docs-adr/1", made)
    assert "number-left" not in found(adopted)


OWN = {
    ".hooks": (["hook-missing"], "cd '{}' && holdfast init --local"),
    ".husky/_": (["worktree-without-hooks", "hook-missing"], "cd '{}' && npx husky"),
}


@pytest.mark.parametrize("path", OWN)
def test_hooks_that_each_worktree_has_of_its_own(adopted: Repo, path: str) -> None:
    """A relative `core.hooksPath`: a new worktree has none of them, which start tells, and doctor everywhere."""

    def stub(repo: Repo) -> None:
        if "husky" in path:
            repo.write(".husky/_/pre-commit", "stub\n").chmod(0o755)

    adopted.git("config", "core.hooksPath", path)
    stub(adopted)
    damage.must(adopted, "init", "--local", "--yes")
    assert doctor(adopted, "--no-self-test")["diagnoses"] == []
    ran = adopted.holdfast("start", "1")
    tree = Repo(Path(ran.out.strip()), adopted.env)
    codes, command = OWN[path]
    if "husky" in path:  # start brings along what husky keeps out of git; `git worktree add` does not
        assert ran.code == 0 and "next:" not in ran.err, ran
        shutil.rmtree(tree.path / ".husky")
    else:
        assert ran.code == 0 and f"next: {command.format(tree.path)}\n" in ran.err, ran
    assert "holdfast doctor --fix" not in adopted.holdfast("status").out, "it cannot mend that"
    (one,) = doctor(adopted, "--no-self-test")["diagnoses"]
    found = (one["code"], one["subject"], one["remedy"], one["fixable"])
    assert found == ("worktree-without-hooks", str(tree.path), command.format(tree.path), False)
    assert [one["code"] for one in doctor(tree, "--no-self-test")["diagnoses"]] == codes
    stub(tree)
    damage.must(tree, "init", "--local", "--yes")
    assert doctor(tree, "--no-self-test")["diagnoses"] == doctor(adopted, "--no-self-test")["diagnoses"] == []


def test_other_ways_in_which_worktrees_have_no_hooks(adopted: Repo) -> None:
    tree = damage.claim(adopted)
    assert found(adopted) == []

    def said() -> list[str]:
        return [one["remedy"] for one in doctor(adopted)["diagnoses"] if one["code"] == "worktree-without-hooks"]

    adopted.git("config", "core.hooksPath", ".git/hooks")  # of a linked worktree `.git` is a file
    (remedy,) = said()
    assert adopted.run("sh", "-c", remedy).code == 0
    assert said() == [] and adopted.git("config", "core.hooksPath").strip() == str(adopted.path / ".git/hooks")
    adopted.git("config", "core.hooksPath", ".hooks")
    damage.must(adopted, "init", "--local", "--yes")
    Repo(tree, adopted.env).write(".hooks/pre-commit", "#!/bin/sh\nexit 0\n").chmod(0o755)
    (remedy,) = said()
    assert remedy.startswith(f"add this line to {tree}/.hooks/pre-commit: ")
    adopted.git("config", "--unset", "core.hooksPath")
    adopted.git("config", "extensions.worktreeConfig", "true")
    adopted.git("config", "--worktree", "core.hooksPath", ".hooks")
    assert said() == [], "that holds for the main worktree alone"
