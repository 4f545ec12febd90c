"""Guarantees 1 and 2 beside the real hook managers, whoever came first, and whatever came after.

Each row is a manager, the order in which it and `init` wrote their hooks, and which hooks it has; each story walks through
all ways to commit. A sample runs by default, the whole table with `make managers`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

import managing
from conftest import Repo, sealed
from holdfast.usecases.setup import lefthook
from managing import TYPES, Manager, hooks, in_order, manager, only_managed, passed
from test_commit_modes import CONFIG, INDEX, PLANS, assert_right, is_right, ok, plan, start

REGISTRY = ("PIP_", "UV_", "SSL_", "REQUESTS_", "http_", "https_", "HTTP_", "HTTPS_", "no_proxy", "NO_PROXY")
"""What settings of the environment begin with by which pip and uv find a registry."""
INVALID = "✅ Complete"  # without evidence


def refused(repo: Repo, *command: str, cwd: Path | None = None, input: str | None = None) -> None:
    """The commit is refused with our three lines, and nothing is committed."""
    before = repo.git("rev-parse", "HEAD", cwd=cwd)
    ran = repo.try_git(*command, cwd=cwd, input=input)
    said = ran.out + ran.err
    assert ran.code != 0, ran
    assert "refused: " in said and "why:  " in said and "next: " in said and "[evidence-missing]" in said, ran
    assert repo.git("rev-parse", "HEAD", cwd=cwd) == before


def walk(repo: Repo, one: Manager, cwd: Path | None = None, driver: bool = True) -> None:
    """Every way to commit: an invalid plan is refused, the row is in the same commit, and the status is the user's.

    Without the merge `driver` git merges the plan index as it does any text.
    """
    top = Repo(cwd or repo.path, repo.env)

    def right(status: str = "", own: str = "pre-commit") -> None:
        assert_right(top)
        assert top.status() == status
        assert own in one.ran(top)

    # plain, with something else that is neither staged nor ours
    path = start(top, 1)
    top.git("add", path)
    top.write("other.txt", f"other {top.path}\n")
    ok(top.try_git("commit", "-m", "plain"))
    right(" M other.txt\n")
    top.git("add", start(top, 1, INVALID))
    refused(top, "commit", "-m", "plain")
    top.git("reset", "-q", "--hard")

    # -a
    start(top, 2)
    ok(top.try_git("commit", "-am", "all"))
    right()
    start(top, 2, INVALID)
    refused(top, "commit", "-am", "all")
    top.git("checkout", "-q", ".")
    one.ran(top)

    # -p, which takes one of two edits
    start(top, 3)
    top.write("other.txt", "once more\n")
    ok(top.try_git("commit", "-p", "-m", "part", input="y\nq\n"))
    right(" M other.txt\n")
    top.git("checkout", "-q", ".")

    # --amend, judged against the parents: a plan that is complete already may not become so by amending
    start(top, 3, "⏸️ Blocked")
    ok(top.try_git("commit", "-a", "--amend", "--no-edit"))
    right()
    ok(top.try_git("commit", "--no-verify", "--amend", "-m", "no gate", "--", start(top, 3, INVALID)))
    top.write("more.txt", f"{top.path}\n")  # lefthook starts no job before a commit in which nothing is staged
    refused(top, "commit", "-a", "--amend", "-m", "judged against the parents")
    top.git("checkout", "-q", ".")
    top.git("reset", "-q", "--hard")
    start(top, 3)
    ok(top.try_git("commit", "-a", "--amend", "-m", "mended"))
    right()

    # -- path, with another plan staged
    top.git("add", start(top, 2, "⏸️ Blocked"))
    ok(top.try_git("commit", "-m", "path", "--", start(top, 1, "⏸️ Blocked")))
    right(f"M  {PLANS}/02_plan.md\n")
    refused(top, "commit", "-m", "path", "--", start(top, 1, INVALID))
    top.git("reset", "-q", "--hard")
    one.ran(top)

    # a clean merge of two plans
    name = top.git("branch", "--show-current").strip()
    ends = (f"{PLANS}/04_plan.md", f"{PLANS}/05_plan.md") if driver else (f"{PLANS}/01_plan.md", f"{PLANS}/03_plan.md")
    texts = (plan(4), plan(5)) if driver else (plan(1, priority="Low"), plan(3, priority="Low"))
    top.git("switch", "-q", "-c", f"side-of-{name}")
    top.write(ends[0], texts[0])
    ok(top.commit("side"))
    top.git("switch", "-q", name)
    top.write(ends[1], texts[1])
    ok(top.commit("more"))
    one.ran(top)
    ok(top.try_git("merge", "-q", "--no-edit", f"side-of-{name}"))
    assert_right(top)
    assert top.status() == ""
    assert [top.show(path) for path in ends] == list(texts)

    # a commit that touches no plan
    top.write("other.txt", f"at last {top.path}\n")
    ok(top.try_git("commit", "-am", "other"))
    right()


SAMPLE = (("pre-commit", "mim", ("pre-commit",)), ("prek", "im", TYPES), ("lefthook", "mim", TYPES))
"""What is tried by default: for each manager the order that is the hardest for it."""

ORDERS = ("mi", "im", "imi", "mim", "mimi", "mimim", "imim", "miIi", "imIi")
"""Ours, theirs and ours again; `I` is `init --uninstall`. After each of these both are at work."""

NAMES = ("pre-commit", "prek", "lefthook")
WHOLE = tuple(
    (name, order, types)
    for name in NAMES
    for order in ORDERS
    for types in (("pre-commit",), TYPES)
    if types is TYPES or order in ("mi", "im", "mim")
)


def both(row: tuple[str, str, tuple[str, ...]], at: Path) -> None:
    name, order, types = row
    one = manager(name, types)
    repo = in_order(at, one, order)
    walk(repo, one)
    linked = at / "linked tree"
    repo.git(
        "worktree", "add", "-q", "-b", "linked", str(linked), repo.git("rev-list", "--max-parents=0", "HEAD").strip()
    )
    one.ran(repo)
    walk(repo, one, linked)


@pytest.mark.parametrize("row", SAMPLE, ids=lambda row: f"{row[0]}-{row[1]}-{len(row[2])}")
def test_every_way_to_commit_beside_a_manager(row: tuple[str, str, tuple[str, ...]], tmp_path: Path) -> None:
    both(row, tmp_path)


@pytest.mark.managers
@pytest.mark.parametrize("row", WHOLE, ids=lambda row: f"{row[0]}-{row[1]}-{len(row[2])}")
def test_every_way_to_commit_beside_every_manager_in_every_order(
    row: tuple[str, str, tuple[str, ...]], tmp_path: Path
) -> None:
    both(row, tmp_path)


# Taking one of them away


def _rare(value: str) -> ParameterSet:
    """A value for `make managers` alone."""
    return pytest.param(value, marks=pytest.mark.managers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [_rare("miI"), _rare("imI"), "mimI", _rare("mimiI")])
def test_uninstalling_leaves_the_manager_as_it_is_alone(name: str, order: str, tmp_path: Path) -> None:
    one = manager(name, ("pre-commit", "post-commit"))
    here, alone = in_order(tmp_path / "here", one, order), in_order(tmp_path / "alone", one, "m")
    assert not any(b"holdfast" in content for content in hooks(here).values())
    if name == "lefthook":  # which keeps its hooks for what our jobs needed; they do nothing
        one.uninstalls(here)
        one.installs(here)
    assert list(hooks(here)) == list(hooks(alone))
    assert here.git("ls-files") == alone.git("ls-files")
    here.write("other.txt", "alone\n")
    ok(here.try_git("commit", "-qm", "alone", "--", "other.txt"))
    assert one.ran(here) == ["pre-commit", "post-commit"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", ["miM", _rare("imM"), _rare("mimM")])
def test_the_manager_goes_and_ours_stay(name: str, order: str, tmp_path: Path) -> None:
    repo = in_order(tmp_path, manager(name, TYPES), order)
    repo.git("add", start(repo, 1, INVALID))
    refused(repo, "commit", "-m", "refused")
    ok(repo.try_git("commit", "-m", "path", "--", start(repo, 1)))
    assert_right(repo)
    assert repo.status() == ""
    passed(repo.holdfast("init", "--local", "--yes"))
    said = repo.json("doctor", "--no-self-test")["diagnoses"]
    assert [one["code"] for one in said if one["code"].startswith("hook")] == []


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_hooks_that_a_manager_threw_away_are_told_and_come_back(name: str, tmp_path: Path) -> None:
    one = manager(name)
    repo = in_order(tmp_path, one, "mi")
    assert repo.json("doctor", "--no-self-test")["healthy"]
    ours = repo.path / ".git/hooks/pre-commit.legacy"
    ours.write_text(ours.read_text() + "# edited\n")
    assert [one["code"] for one in repo.json("doctor", "--no-self-test")["diagnoses"]] == ["hook-old"]
    passed(repo.run(*one.install, "-f"))
    (said,) = [one for one in repo.json("doctor", "--no-self-test")["diagnoses"] if one["code"].startswith("hook")]
    assert (said["code"], said["fixable"]) == ("hook-foreign", True), said
    passed(repo.holdfast("doctor", "--fix", "--yes"))
    assert repo.json("doctor")["healthy"]
    repo.git("add", start(repo, 1, INVALID))
    refused(repo, "commit", "-m", "refused")


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_the_hook_of_somebody_behind_a_manager_goes_on_running(name: str, tmp_path: Path) -> None:
    """A hook, then `init`, then the manager, then `init`; and all the way back."""
    repo = managing.planned(tmp_path)
    one = manager(name)
    one.write(repo)
    script = '#!/bin/sh\necho mine >> "$RAN"\n'
    repo.write(".git/hooks/pre-commit", script).chmod(0o755)
    passed(repo.holdfast("init", "--yes"))
    one.installs(repo)
    passed(repo.holdfast("init", "--local", "--yes"))
    ok(repo.commit("all three"))
    assert_right(repo)
    assert sorted(one.ran(repo)) == ["mine", "pre-commit"]
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    repo.write("other.txt", "two\n")
    ok(repo.try_git("commit", "-qam", "two"))
    assert sorted(one.ran(repo)) == ["mine", "pre-commit"]
    one.uninstalls(repo)
    assert hooks(repo) == {"pre-commit": script.encode()}


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_a_layout_in_which_ours_stood_first_is_turned_round(name: str, tmp_path: Path) -> None:
    """As earlier versions wrote it: there the manager, once installed anew, would stop each commit."""
    one = manager(name)
    repo = in_order(tmp_path, one, "mi")
    folder = repo.path / ".git/hooks"
    (folder / "pre-commit").rename(folder / "pre-commit.before-holdfast")
    ours = (
        (folder / "pre-commit.legacy").read_text().replace("chain=''", f"chain='{folder}/pre-commit.before-holdfast'")
    )
    (folder / "pre-commit.legacy").unlink()
    repo.write(".git/hooks/pre-commit", ours).chmod(0o755)
    passed(repo.holdfast("init", "--local", "--yes"))
    one.installs(repo)
    repo.git("add", start(repo, 1))
    ok(repo.try_git("commit", "-qm", "both"))
    assert_right(repo)
    assert one.ran(repo) == ["pre-commit"]
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    assert list(hooks(repo)) == ["pre-commit"] and b"holdfast" not in hooks(repo)["pre-commit"]


def test_a_rebase_is_looked_at_where_pre_commit_keeps_the_list_of_its_commits(tmp_path: Path) -> None:
    repo = in_order(tmp_path, manager("pre-commit", TYPES), "im")
    repo.git("switch", "-q", "-c", "side")
    repo.git("add", start(repo, 1))
    ok(repo.try_git("commit", "-q", "--no-verify", "-m", "no row"))
    repo.git("add", start(repo, 2))
    ok(repo.try_git("commit", "-q", "-m", "both rows"))
    wrong = repo.git("rev-parse", "HEAD~1").strip()
    repo.git("switch", "-q", "main")
    repo.write("other.txt", "more\n")
    ok(repo.try_git("commit", "-qam", "main goes on"))
    repo.git("switch", "-q", "side")
    ran = ok(repo.try_git("rebase", "-q", "main"))
    assert is_right(repo) and not is_right(repo, "HEAD~1") and wrong != repo.git("rev-parse", "HEAD~1").strip()
    assert "wrong:" in ran.err and f"--mend {repo.git('rev-parse', 'HEAD~1')[:10]}^.." in ran.err, ran


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_what_a_manager_stages_after_the_gate_is_looked_at(name: str, tmp_path: Path) -> None:
    """Ours comes first behind a manager; one of its hooks changes a plan then, and stages it."""
    edit = f"sed -i s/Medium/High/ {PLANS}/02_plan.md && git add {PLANS}"
    one = manager(name)
    one = one._replace(config=one.config.replace("echo pre-commit", f"{edit} && echo pre-commit"))
    repo = in_order(tmp_path, one, "i")
    one.installs(repo)
    repo.git("add", start(repo, 1))
    ran = ok(repo.try_git("commit", "-m", "one, and the other"))
    assert not is_right(repo)
    assert "wrong:" in ran.err and "holdfast index --mend" in ran.err, ran


@pytest.mark.parametrize(
    ("name", "order"), [(name, order) for name in ("pre-commit", "prek", "lefthook") for order in ("im", "mi")]
)
def test_a_file_that_is_staged_in_part_keeps_the_rest(name: str, order: str, tmp_path: Path) -> None:
    """The manager puts the edit in the middle aside, and brings it back over whatever was staged meanwhile."""
    one = manager(name)
    repo = in_order(tmp_path, one, order)
    lines = [f"line {at}\n" for at in range(30)]
    repo.write("long.txt", "".join(lines))
    ok(repo.commit("long"))
    repo.git("add", start(repo, 1))
    lines[1] = "staged\n"
    repo.write("long.txt", "".join(lines))
    repo.git("add", "long.txt")
    lines[15] = "not staged\n"
    repo.write("long.txt", "".join(lines))
    one.ran(repo)
    ok(repo.try_git("commit", "-m", "a part"))
    assert_right(repo)
    assert one.ran(repo) == ["pre-commit"] and repo.status() == " M long.txt\n"
    assert repo.read("long.txt") == "".join(lines) and "not staged" not in repo.show("long.txt")


def test_a_patch_that_a_killed_manager_left_is_in_nobodys_way(tmp_path: Path) -> None:
    one = manager("lefthook")
    repo = in_order(tmp_path, one, "im")
    left = repo.path / ".git" / "info" / "lefthook-unstaged.patch"
    left.write_text("diff --git a/gone.txt b/gone.txt\n--- a/gone.txt\n+++ b/gone.txt\n@@ -3 +3 @@\n-was\n+is\n")
    repo.git("add", start(repo, 1))
    ok(repo.try_git("commit", "-m", "after a kill"))
    assert_right(repo)


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_the_manager_goes_first_and_then_we(name: str, tmp_path: Path) -> None:
    """The manager brings ours back to the hook's own name: that is where it is taken away."""
    one = manager(name)
    repo = in_order(tmp_path, one, "mi")
    one.uninstalls(repo)
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    assert not [name for name, text in hooks(repo).items() if b"holdfast" in text]
    repo.write("other.txt", "alone\n")
    ok(repo.commit("without both"))


# lefthook's configuration


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("pre-commit:\n  jobs:\n    - run: true\n", True),
        ("pre-commit:\n  jobs:\n    - run: true", True),
        ("# a comment\r\npre-commit:\r\n  jobs:\r\n    - run: true\r\n", True),
        ("---\npre-push:\n  commands:\n    a:\n      run: |\n        one\n        two\n", True),
        ("extends: [mine.yml]\npre-commit: {}\n", False),
        ("{pre-commit: {jobs: [{run: 'true'}]}}\n", False),
        ("pre-commit: &same\n  jobs: []\npre-push: *same\n", False),
        ("pre-commit:\n  jobs: []\n---\nother: 1\n", False),
        ("pre-commit:\n  jobs: []\n...\n", False),
        ("- a list\n", False),
        ("pre-commit:\n  jobs:\n   - run: |\n\n", True),
        ("a: [\n", False),
        ("", False),
    ],
)
def test_the_line_is_added_where_it_means_one_key_more(text: str, added: bool) -> None:
    longer = lefthook.extended(text.encode())
    assert (longer is not None) == added
    if longer is not None:
        ending = "\r\n" if "\r\n" in text else "\n"
        assert longer.decode() == text + ("" if text.endswith("\n") else ending) + lefthook.LINE + ending


@pytest.mark.parametrize("name", ["lefthook.toml", "lefthook.json"])
def test_a_configuration_of_lefthook_that_is_no_yaml_gets_no_line_and_the_way_is_told(
    name: str, tmp_path: Path
) -> None:
    repo = managing.planned(tmp_path)
    text = '[pre-commit.commands.own]\nrun = "true"\n' if name.endswith("toml") else '{"pre-commit": {}}\n'
    repo.write(name, text)
    ran = passed(repo.holdfast("init", "--yes"))
    assert repo.read(name) == text and (repo.path / lefthook.JOBS).is_file()
    assert f"add {lefthook.JOBS} to `extends` in {name}" in ran.out + ran.err
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    assert repo.read(name) == text and not (repo.path / lefthook.JOBS).exists()


def test_lefthook_came_after_init_and_its_configuration_says_nothing_of_us(tmp_path: Path) -> None:
    repo = managing.planned(tmp_path)
    passed(repo.holdfast("init", "--yes"))
    one = manager("lefthook")
    one.write(repo)
    ok(repo.commit("adopt"))
    one.installs(repo)
    assert "hook-foreign" in [said["code"] for said in repo.json("doctor", "--no-self-test")["diagnoses"]]
    ran = passed(repo.holdfast("init", "--local", "--yes"))
    assert f"`holdfast hook lefthook > {lefthook.JOBS}`, and `{lefthook.LINE}` in lefthook.yml" in ran.out + ran.err
    repo.git("add", start(repo, 1, INVALID))
    refused(repo, "commit", "-m", "refused")
    repo.write(lefthook.JOBS, passed(repo.holdfast("hook", "lefthook")).out)
    repo.write("lefthook.yml", one.config + lefthook.LINE + "\n")
    one.installs(repo)
    refused(repo, "commit", "-m", "refused")


# A manager alone: nobody ran init


@pytest.mark.parametrize("name", [_rare("pre-commit"), "prek"])
def test_a_manager_alone_keeps_the_plan_index(name: str, tmp_path: Path) -> None:
    one = only_managed(name, ("holdfast-index", "holdfast-commit-msg", "holdfast-after"))
    repo = managing.planned(tmp_path)
    unadopted(repo, one)
    walk(repo, one, driver=False)
    ran = repo.try_git("commit", "-q", "--allow-empty", "-m", "[Plan #77] none")
    assert ran.code != 0 and "[message-reference]" in ran.out + ran.err, ran
    # a merge with older problems on the other side passes, and is made again with the right plan index
    repo.git("switch", "-q", "-c", "older", "HEAD~1")
    ok(repo.try_git("commit", "--no-verify", "-qm", "old mess", "--", start(repo, 2, INVALID)))
    repo.git("switch", "-q", "main")
    ok(repo.try_git("merge", "-q", "--no-edit", "older"))
    assert_right(repo)
    assert repo.status() == "" and INVALID in repo.show(INDEX)


@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_what_a_manager_could_not_bring_back_is_refused_before_it_is_lost(name: str, tmp_path: Path) -> None:
    """An edit of another plan, and the plan index of both written by hand: neither is staged."""
    one = only_managed(name, ("holdfast-index",))
    repo = managing.planned(tmp_path)
    unadopted(repo, one)
    repo.git("add", start(repo, 1))
    start(repo, 2)
    passed(repo.holdfast("index", "--write"))
    before = {path: repo.read(path) for path in (INDEX, f"{PLANS}/01_plan.md", f"{PLANS}/02_plan.md")}
    status = repo.status()
    ran = repo.try_git("commit", "-m", "both")
    said = ran.out + ran.err
    assert ran.code != 0 and "[index-put-aside]" in said and f"git stash push -- {INDEX}" in said, ran
    assert {path: repo.read(path) for path in before} == before and repo.status() == status
    repo.git("stash", "push", "-q", "--", INDEX)
    ok(repo.try_git("commit", "-m", "one"))
    assert_right(repo)


@pytest.mark.parametrize("name", [_rare("pre-commit"), "prek"])
def test_a_check_stages_nothing(name: str, tmp_path: Path) -> None:
    one = only_managed(name, ("holdfast-check",))
    repo = managing.planned(tmp_path)
    unadopted(repo, one)
    repo.git("add", start(repo, 1))
    ran = repo.try_git("commit", "-m", "no row")
    assert ran.code != 0 and "[index-differs]" in ran.out + ran.err, ran
    assert repo.status() == f"M  {PLANS}/01_plan.md\n"
    passed(repo.holdfast("index", "--write"))
    repo.git("add", INDEX)
    ok(repo.try_git("commit", "-m", "with its row"))
    assert_right(repo)
    passed(repo.run(one.install[0], "run", "--all-files"))
    # older problems block nothing
    ok(repo.try_git("commit", "--no-verify", "-qm", "old mess", "--", start(repo, 2, INVALID)))
    passed(repo.holdfast("index", "--write"))
    repo.git("add", INDEX, start(repo, 3))
    passed(repo.holdfast("index", "--write"))
    repo.git("add", INDEX)
    ok(repo.try_git("commit", "-m", "new work"))


def unadopted(repo: Repo, one: Manager) -> None:
    """The plans with a configuration and a plan index, written by hand; the manager has written its hooks."""
    repo.write("holdfast.toml", CONFIG.format(mode="committed"))
    passed(repo.holdfast("index", "--write"))
    one.write(repo)
    ok(repo.commit("by hand"))
    one.installs(repo)
    one.ran(repo)


@pytest.mark.managers
@pytest.mark.parametrize("name", ["pre-commit", "prek"])
def test_the_hooks_of_this_repository_as_a_manager_installs_them(name: str, tmp_path: Path) -> None:
    """`repo:` and `rev:` of a clone of this repository: the manager builds an environment, which needs the registry."""
    source = Path(__file__).parent.parent
    there = Repo(tmp_path / "holdfast", sealed(tmp_path / "home"))
    there.path.mkdir()
    shutil.copytree(source / "src", there.path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for path in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(source / path, there.path / path)
    there.git("init", "-q", "-b", "main")
    ok(there.commit("this version"))
    revision = there.git("rev-parse", "HEAD").strip()
    ids = ("holdfast-index", "holdfast-commit-msg", "holdfast-after")
    one = only_managed(name, ids, str(there.path), revision)
    repo = managing.planned(tmp_path)
    repo.env.update({key: value for key, value in os.environ.items() if key.startswith(REGISTRY)})
    repo.env.update({"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1"})  # trust whom this system trusts
    unadopted(repo, one)
    walk(repo, one, driver=False)
    ran = repo.try_git("commit", "-q", "--allow-empty", "-m", "[Plan #77] none")
    assert ran.code != 0 and "[message-reference]" in ran.out + ran.err, ran


# husky: what it starts is in git, and what git starts is not


@pytest.mark.managers
@pytest.mark.parametrize("order", ["mi", "mim"])
def test_every_way_to_commit_beside_husky(order: str, tmp_path: Path) -> None:
    """The line that init says is added to the hook that the team has; what start makes has husky's folder too."""
    one = manager("husky")
    repo = managing.planned(tmp_path)
    repo.write(".husky/pre-commit", 'echo pre-commit >> "$RAN"\n')
    one.installs(repo)
    ok(repo.commit("with husky"))
    ran = passed(repo.holdfast("init", "--yes"))
    line = next(one for one in (ran.out + ran.err).splitlines() if "add this line to it: " in one).partition("to it: ")[
        2
    ]
    assert "hook-foreign" in [said["code"] for said in repo.json("doctor", "--no-self-test")["diagnoses"]]
    ran = ok(
        repo.commit("adopt without the line")
    )  # husky starts our hooks with `sh -e`, and nothing is remembered yet
    assert "script failed" not in ran.out + ran.err, ran
    repo.write(".husky/pre-commit", repo.read(".husky/pre-commit") + line + "\n")
    assert repo.json("doctor")["healthy"], repo.holdfast("doctor")
    if order.endswith("m"):
        one.installs(repo)
    ok(repo.commit("adopt"))
    walk(repo, one)
    tree = Path(passed(repo.holdfast("start", "2", "--steal")).out.strip())
    one.ran(repo)
    repo.git("reset", "-q", "--hard", repo.git("rev-list", "--max-parents=0", "HEAD").strip(), cwd=tree)
    repo.git("merge", "-q", "--ff-only", repo.git("rev-list", "--grep=^adopt$", "HEAD").strip(), cwd=tree)
    one.ran(repo)
    walk(repo, one, tree)
    before = sorted(path.name for path in (repo.path / ".husky").iterdir())
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    assert sorted(path.name for path in (repo.path / ".husky").iterdir()) == ["_", "pre-commit"] != before
    repo.write("other.txt", "alone\n")
    ok(
        repo.try_git(
            "commit", "-qm", "without the line, which is the team's to take out", "--no-verify", "--", "other.txt"
        )
    )
