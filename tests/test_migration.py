"""The whole path of `migrate`: a repository with hand-kept files and older scripts comes to Holdfast, and goes back."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest

import terminal
from conftest import CORPUS, Ran, Repo, plan_text
from holdfast.adapters import files
from holdfast.domain import makefile
from holdfast.usecases import workspace
from holdfast.usecases.migration import scripts_step

STEPS = ["plans", "index", "hooks", "claims", "scripts", "make", "agents"]
TABLE = "| # | Plan | Status |\n|---|---|---|\n| 1 | [First](01_first.md) | Planned |\n"
HOOK = "#!/bin/sh\npython3 scripts/sync_plan_status.py --sync\ngit add docs/plans/CLAUDE.md\n"
MAKEFILE = """BRANCH ?= $(shell git branch --show-current)
.PHONY: test finish claims
test:
\techo tested

claims:  ## who works on what
\t@python3 scripts/check_claims.py --list

finish:
\t@python3 scripts/finish_pr.py --branch $(BRANCH) \\
\t  --pr $(PR)

\techo finished
worktree-remove:
\tpython3 scripts/safe_worktree_remove.py $(BRANCH)
release:
\ttwine upload dist/*
"""


def passed(ran: Ran, code: int = 0) -> Ran:
    assert ran.code == code and "Traceback" not in ran.err, ran
    return ran


def state(repo: Repo) -> tuple[str, str, dict[str, tuple[int, bytes]]]:
    """git's index, its hooks and refs, and every file with its mode."""
    paths = [path for path in repo.path.rglob("*") if path.is_file() and not path.is_symlink()]
    held = {
        str(path.relative_to(repo.path)): (path.stat().st_mode, path.read_bytes())
        for path in paths
        if ".git" not in path.parts or ("hooks" in path.parts and "holdfast" not in path.parts)
    }
    return repo.git("ls-files", "-s"), repo.git("for-each-ref"), held


def old_way(repo: Repo) -> None:
    """Scripts, a Makefile, a claims file and a hook that writes the plan index."""
    repo.write("scripts/check_claims.py", "#!/usr/bin/env python3\nprint('old claims')\n").chmod(0o755)
    repo.write("scripts/sync_plan_status.py", "#!/usr/bin/env python3\nprint('old index')\n").chmod(0o755)
    repo.write("scripts/finish_pr.py", "print('old finish')\n")
    repo.write("scripts/safe_worktree_remove.sh", "#!/bin/bash\necho old remove\n").chmod(0o755)
    repo.write("Makefile", MAKEFILE)
    repo.write(".claude/active-work.yaml", "claims: []\ncompleted: []\n")
    repo.write(".claude/settings.json", '{"permissions": {}}\n')
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "by hand")
    repo.write(".git/hooks/pre-commit", HOOK).chmod(0o755)


@pytest.fixture
def old(repo: Repo) -> Repo:
    """A small repository that did all of it by hand; one plan has the sign of another status."""
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    repo.write("docs/plans/02_second.md", plan_text(2, "Second", "✅ Planned"))
    repo.write("docs/plans/CLAUDE.md", f"# Plans\n\nMine.\n\n{TABLE}")
    old_way(repo)
    return repo


def commit(repo: Repo, ran: Ran) -> None:
    """Run the command that was printed."""
    printed = next(line for line in ran.err.splitlines() if line.startswith("done: ")).split("`")[1]
    passed(repo.run("sh", "-c", printed))
    assert repo.status() == ""


def undo(repo: Repo, ran: Ran, tools: Path) -> None:
    """Run the commands that take everything back, as they were printed."""
    lines = ran.err.split("To undo before that:\n")[1].splitlines()
    for line in lines:
        if line.startswith("  "):
            passed(repo.run("sh", "-c", line + " </dev/null", env={"PATH": f"{tools}:{repo.env['PATH']}"}))


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with the real `holdfast`, which never asks."""
    folder = tmp_path / "tools"
    folder.mkdir()
    program = folder / "holdfast"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m holdfast --yes "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def echo(tmp_path: Path) -> dict[str, str]:
    """An environment in which `holdfast` says one argument a line."""
    folder = tmp_path / "echo"
    folder.mkdir()
    (folder / "holdfast").write_text("#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n")
    (folder / "holdfast").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_whole_path_and_the_way_back(old: Repo, tools: Path) -> None:
    before = state(old)
    shown = passed(old.holdfast("migrate", "--dry-run"))
    refused = passed(old.holdfast("migrate"), 1)
    assert "next: run `holdfast migrate --yes`" in refused.err and state(old) == before
    assert [line.split(":")[0] for line in shown.err.splitlines() if line[:1] != " "] == STEPS

    done = passed(old.holdfast("migrate", "--yes"))
    assert passed(old.holdfast("migrate", "--yes")).err == "nothing to migrate\n"
    passed(old.holdfast("index", "--check"))
    passed(old.holdfast("check"))
    assert old.read("docs/plans/CLAUDE.md").startswith("# Plans\n\nMine.\n\n<!-- holdfast:plan-index begin")
    after = state(old)
    undo(old, done, tools)
    assert state(old) == before

    done = passed(old.holdfast("migrate", "--yes"))
    assert state(old) == after
    commit(old, done)
    assert passed(old.holdfast("migrate", "--yes")).err == "nothing to migrate\n"
    assert old.json("doctor")["healthy"]
    events = [json.loads(line) for line in old.holdfast("log", "--json").out.splitlines()]
    assert {"migrate", "init", "agents"} <= {one["event"] for one in events}


def test_stopping_after_any_step_leaves_a_sound_repository(old: Repo) -> None:
    """Each step alone, a commit after each, and then nothing is left."""
    for step in STEPS:
        ran = passed(old.holdfast("migrate", "--yes", "--only", step))
        assert ran.err.splitlines()[0].startswith(f"{step}: "), ran
        if old.status():
            passed(old.commit(f"after {step}"))
        assert (
            old.status() == ""
            and passed(old.holdfast("migrate", "--yes", "--only", step)).err == "nothing to migrate\n"
        )
    assert passed(old.holdfast("migrate", "--yes")).err == "nothing to migrate\n"


def test_each_step_is_asked_for(old: Repo) -> None:
    """No to the plans, the hooks and the Makefile, yes to the rest; the next run goes on with what is left."""
    shown = asked(old, {"plans": "n", "hooks": "n", "make": "n"})
    assert shown.count("do this?") == 7 and shown.endswith("exit 1")
    assert "✅ Planned" in old.read("docs/plans/02_second.md") and old.read("Makefile") == MAKEFILE
    assert old.read(".git/hooks/pre-commit") == HOOK, "nothing of ours runs it"
    assert "holdfast shim" in old.read("scripts/finish_pr.py") and (old.path / "holdfast.toml").exists()
    shown = asked(old, {})
    assert shown.count("do this?") == 4 and "set .git/hooks/pre-commit.before-holdfast aside" in shown
    assert shown.endswith("exit 0") and passed(old.holdfast("migrate")).err == "nothing to migrate\n"


def asked(repo: Repo, answers: dict[str, str]) -> str:
    """What a terminal shows when a person answers each step, with yes where nothing else is said."""

    def answer(shown: str) -> str:
        lines = reversed(shown.splitlines()[:-1])
        step = next(line for line in lines if line[:1].isalpha()).partition(":")[0]
        return answers.get(step, "y")

    return terminal.answered(repo, "migrate", answer=answer)


def test_what_comes_first_and_what_was_done_before_an_error(old: Repo) -> None:
    for step in ("hooks", "scripts", "make", "agents"):
        ran = passed(old.holdfast("migrate", "--yes", "--only", step), 1)
        assert "next: run `holdfast migrate --only index` first" in ran.err and "nothing to migrate" not in ran.err
    (old.path / ".git/index.lock").write_text("")
    ran = passed(old.holdfast("migrate", "--yes"), 1)
    assert "index.lock" in ran.err and "done: 8 steps" in ran.err and "  holdfast init --uninstall\n" in ran.err
    (old.path / ".git/index.lock").unlink()
    passed(old.holdfast("migrate", "--yes"))


def test_the_document(old: Repo) -> None:
    schema = json.loads(old.holdfast("schema", "migrate").out)
    for flags, state_ in ((["--dry-run"], "proposed"), (["--yes"], "done"), (["--yes"], "nothing")):
        document = old.json("migrate", *flags)
        jsonschema.Draft202012Validator(schema).validate(document)
        assert [one["name"] for one in document["steps"]] == STEPS
        assert {one["state"] for one in document["steps"]} == {state_}
        assert document["done"] == (state_ == "done") == (document["commit"] is not None)
        assert all(bool(one["lines"]) == bool(one["undo"]) == (state_ != "nothing") for one in document["steps"])
    assert passed(old.holdfast("migrate", "--only", "script"), 2).err.count("did you mean") <= 1


def test_what_is_wrong_in_plans_is_listed_with_its_line(old: Repo) -> None:
    old.write("docs/plans/03_third.md", plan_text(3, "Third", "✅ Complete"))
    old.git("add", "-A")
    old.git("commit", "-q", "--no-verify", "-m", "old mess")
    done = passed(old.holdfast("migrate", "--yes"), 1)
    assert "docs/plans/03_third.md:3:1: error: " in done.out and "[evidence-missing]" in done.out
    commit(old, done)
    again = passed(old.holdfast("migrate", "--yes"), 1)
    assert again.err.splitlines()[0] == "nothing to migrate" and "1 problem in plans needs a decision" in again.err


def test_a_plan_index_that_was_edited_by_hand(adopted: Repo) -> None:
    """The rows are computed again; what is only behind plans that are not committed yet needs nothing."""
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert passed(adopted.holdfast("migrate")).err == "nothing to migrate\n"
    passed(adopted.commit("a plan"))
    right = adopted.read("docs/plans/README.md")
    adopted.write("docs/plans/README.md", right.replace("[Third]", "[Mine]"))
    adopted.git("add", "-A")
    adopted.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "by hand")
    ran = passed(adopted.holdfast("migrate", "--yes"))
    assert "write the computed plan index into docs/plans/README.md" in ran.err
    assert "git restore -- :/docs/plans/README.md" in ran.err and adopted.read("docs/plans/README.md") == right


# Older scripts and hooks


def test_scripts_point_to_holdfast(old: Repo, echo: dict[str, str]) -> None:
    passed(old.holdfast("migrate", "--yes"))
    for command, code, out in (
        ("scripts/sync_plan_status.py --sync", 0, "<index>\n<--write>\n"),
        ("scripts/sync_plan_status.py --check", 0, "<index>\n<--check>\n"),
        ("python3 scripts/finish_pr.py --branch 'a b' --pr 7", 0, "<finish>\n<--branch>\n<a b>\n<--pr>\n<7>\n"),
        ("scripts/safe_worktree_remove.sh '$(touch pwned)'", 0, "<worktree>\n<remove>\n<$(touch pwned)>\n"),
        ("scripts/check_claims.py --claim", 1, ""),
    ):
        ran = old.run("sh", "-c", command, env=echo)
        assert (ran.code, ran.out) == (code, out) and "holdfast" in ran.err and "Traceback" not in ran.err, ran
        ran = old.run("sh", "-c", command, env={**echo, "GIT_INDEX_FILE": ".git/index"})
        assert (ran.code, ran.out) == (0, ""), "in a hook of git it stops nobody"
    assert os.access(old.path / "scripts/check_claims.py", os.X_OK)
    assert not os.access(old.path / "scripts/finish_pr.py", os.X_OK)
    ran = old.run("/usr/bin/env", "python3", "scripts/finish_pr.py", env={"PATH": "/usr/bin:/bin"})
    assert ran.code == 1 and "holdfast cannot be started" in ran.err


def test_the_hook_that_wrote_the_plan_index_comes_back(old: Repo) -> None:
    old.write(".git/hooks/commit-msg", "#!/bin/sh\necho linted >&2\n").chmod(0o755)
    before = state(old)
    done = passed(old.holdfast("migrate", "--yes", "--only", "index", "--only", "hooks", "--only", "scripts"))
    assert (
        "set .git/hooks/pre-commit.before-holdfast aside" in done.err
        and "commit-msg" not in done.err.split("scripts: ")[1]
    )
    commit(old, done)
    old.write("docs/plans/03_third.md", plan_text(3, "Third"))
    ran = passed(old.commit("a plan"))
    assert "linted" in ran.err and "old index" not in ran.out + ran.err
    passed(old.holdfast("init", "--local", "--yes"))
    assert old.status() == ""
    passed(old.holdfast("init", "--uninstall", "--yes"))
    hooks = {name: held for name, held in before[2].items() if name.startswith(".git/hooks")}
    assert {name: held for name, held in state(old)[2].items() if name.startswith(".git/hooks")} == hooks


@pytest.mark.parametrize("puts", [0, 1, 2])
def test_a_hook_that_is_half_set_aside(old: Repo, monkeypatch: pytest.MonkeyPatch, puts: int) -> None:
    """Killed in between: commits go on, the next run does the rest, and uninstalling gives back what was there."""
    passed(old.holdfast("migrate", "--yes", "--only", "index", "--only", "hooks"))
    place = workspace.at(str(old.path), old.env)
    step = scripts_step.propose(place, False)
    real, left = files.put, [puts]

    def put(path: str, wanted: files.State, durable: bool = False) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        real(path, wanted, durable)

    with monkeypatch.context() as patched:
        patched.setattr(files, "put", put)
        with pytest.raises(KeyboardInterrupt):
            scripts_step.apply(place, step._replace(work=step.work._replace(pointings=())))
    old.write("docs/plans/03_third.md", plan_text(3, "Third"))
    passed(old.commit("a plan"))
    twin = Repo(old.path.parent / "twin", old.env)
    shutil.copytree(old.path, twin.path, symlinks=True)
    for repo in (old, twin):
        if repo is old:
            passed(repo.holdfast("migrate", "--yes", "--only", "scripts"))
            assert not (repo.path / ".git/hooks/pre-commit.before-holdfast").exists()
            assert "\nchain=''\n" in repo.read(".git/hooks/pre-commit")
        passed(repo.holdfast("init", "--uninstall", "--yes"))
        assert repo.read(".git/hooks/pre-commit") == HOOK
        assert [path.name for path in (repo.path / ".git/hooks").glob("*holdfast*")] == []


def test_what_only_its_owner_can_change(old: Repo) -> None:
    """Two writers are an error as long as they are there; the rest is a warning."""
    old.write(
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: scripts/sync_plan_status.py\n",
    )
    old.write(".github/workflows/x.yml", "jobs:\n  x:\n    - run: python scripts/finish_pr.py\n")
    old.write("hooks/post-merge", HOOK)
    old.git("add", "-A")
    old.git("commit", "-q", "--no-verify", "-m", "more")
    old.write("scripts/check_claims.py", "print('edited')\n")
    ran = passed(old.holdfast("migrate", "--yes"), 1)
    assert ran.err.count("refused: ") == 2 and ran.err.count("[older-writer]") == 2
    assert "next: remove the hook at line 5 of .pre-commit-config.yaml" in ran.err
    assert "commit or drop them (`git diff -- scripts/check_claims.py`)" in ran.err
    assert "warning: hooks/post-merge:3: the hook hooks/post-merge writes the plan index [older-script]" in ran.err
    assert old.read("scripts/check_claims.py") == "print('edited')\n"
    old.git("checkout", "-q", "--", "scripts/check_claims.py")
    assert "warning: .github/workflows/x.yml:3: line 3 of .github/workflows/x.yml starts what merges" in ran.err
    old.write(".pre-commit-config.yaml", "repos: []\n")
    ran = passed(old.holdfast("migrate", "--yes"))
    assert "scripts/check_claims.py" in ran.err and "older-writer" not in ran.err
    for code in ("older-writer", "older-script"):
        assert code in passed(old.holdfast("explain", code)).out


@pytest.mark.parametrize("overlooked", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_was_told_to_overlook_are_nobodys_to_take(old: Repo, overlooked: str) -> None:
    """git says that nothing differs, and has the edit nowhere: to restore the file would lose it."""
    old.git("update-index", overlooked, "scripts/check_claims.py")
    text = old.read("scripts/check_claims.py") + "SECRET = 1\n"
    old.write("scripts/check_claims.py", text)
    passed(old.holdfast("migrate", "--yes"), 1)
    assert old.read("scripts/check_claims.py") == text


def test_bytes_that_git_would_write_otherwise_are_not_held(old: Repo) -> None:
    """With line endings converted the file comes back with others."""
    old.git("config", "core.autocrlf", "input")
    text = old.read("scripts/check_claims.py").replace("\n", "\r\n")
    old.write("scripts/check_claims.py", text.encode())
    old.git("add", "scripts/check_claims.py")
    passed(old.holdfast("migrate", "--yes", "--only", "scripts"), 1)
    assert (old.path / "scripts/check_claims.py").read_bytes() == text.encode()


@pytest.mark.parametrize(
    "programmed",
    [
        ".RECIPEPREFIX = >\nclaim:\n>python scripts/check_claims.py\n",
        "define run\nclaim:\n\tpython scripts/check_claims.py --inner\nendef\n$(eval $(run))\n",
        "claim:\n\tpython scripts/check_claims.py\n\n-include *.mk\n",
    ],
)
def test_a_makefile_that_makes_rules_as_it_runs_stays(old: Repo, programmed: str) -> None:
    old.write("Makefile", programmed)
    old.git("commit", "-qam", "Programmed")
    ran = old.holdfast("migrate", "--yes", "--only", "index", "--only", "make")
    assert "makes rules as it runs" in ran.err
    assert old.read("Makefile") == programmed and not (old.path / "holdfast.mk").exists()


def test_a_folder_of_hooks_that_git_tracks_is_its_owners(old: Repo) -> None:
    old.write(".githooks/pre-commit", HOOK).chmod(0o755)
    old.git("config", "core.hooksPath", ".githooks")
    old.git("add", "-A")
    old.git("commit", "-q", "--no-verify", "-m", "hooks")
    ran = passed(old.holdfast("migrate", "--yes"), 1)
    assert "next: take line 3 of .githooks/pre-commit out" in ran.err and old.read(".githooks/pre-commit") == HOOK


def test_nothing_of_an_ordinary_repository_is_touched(repo: Repo) -> None:
    repo.write("scripts/check_claims.py", "import insurance\n")
    repo.write("scripts/merge_pr.py", 'run(["gh", "pr", "merge"])\n')
    repo.write("Makefile", "release:\n\ttwine upload\nstatus:\n\techo\n")
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\ntrue\n").chmod(0o755)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "x")
    document = repo.json("migrate", "--dry-run")
    assert [one["name"] for one in document["steps"] if one["lines"]] == ["index", "hooks"]
    assert document["problems"] == []


# make


def test_make_has_the_same_names(old: Repo, echo: dict[str, str]) -> None:
    passed(old.holdfast("migrate", "--yes"))

    def make(*words: str, env: dict[str, str] | None = None) -> str:
        ran = passed(old.run("make", "--no-print-directory", *words, env={**echo, **(env or {})}))
        assert ran.err == "", ran
        return ran.out

    assert make("finish", "BRANCH=plan-1-x", "PR=7") == "<finish>\n<--branch=plan-1-x>\n<--pr=7>\n"
    assert make("finish") == "<finish>\n<--branch=main>\n", "the Makefile's own default counts"
    assert make("worktree-remove", "BRANCH=plan-1-x") == "<worktree>\n<remove>\n<-->\n<plan-1-x>\n"
    assert make("claims") == "<claims>\n" and make("claim", "PLAN=3") == "<start>\n<-->\n<3>\n"
    assert make("holdfast-release", "PLAN=3") == "<unclaim>\n<-->\n<3>\n"
    assert make("-n", "release") == "twine upload dist/*\n", "what means something else stays"
    assert make("test") == "echo tested\ntested\n" and make() == make("test")
    for value in (
        "a b",
        "x; touch pwned",
        "$(shell touch pwned)",
        "`touch pwned`",
        "'\"$$(touch pwned)",
        "-x",
        "$(PR)",
        "a#b",
    ):
        assert make("worktree-remove", f"BRANCH={value}") == f"<worktree>\n<remove>\n<-->\n<{value}>\n"
        assert make("worktree-remove", env={"BRANCH": value}) == f"<worktree>\n<remove>\n<-->\n<{value}>\n"
        assert make("finish", "BRANCH=x", f"TASK={value}").startswith("<finish>")
    assert not (old.path / "pwned").exists()
    text = old.read("Makefile")
    assert "# finish:\n# \t@python3" in text and "# \techo finished\nworktree-remove" not in text


def test_a_makefile_with_edits_stays(old: Repo, echo: dict[str, str]) -> None:
    old.write("Makefile", MAKEFILE + "# mine\n")
    ran = passed(old.holdfast("migrate", "--yes", "--only", "index", "--only", "make"))
    assert old.read("Makefile") == MAKEFILE + "# mine\n" and "add the line `include holdfast.mk` at its end" in ran.err
    old.write("Makefile", MAKEFILE + "include holdfast.mk\n")
    ran = passed(old.run("make", "--no-print-directory", "holdfast-finish", "BRANCH=x", env=echo))
    assert ran.err == "" and ran.out == "<finish>\n<--branch=x>\n", "no name stands twice"


MAKEFILES: dict[str, tuple[str, list[str], list[str]]] = {
    "by hand": ("finish:\n\tscripts/finish_pr.py\n", ["finish"], []),
    "another meaning": ("finish:\n\techo done\n", [], ["finish"]),
    "two targets": ("claim claims:\n\tscripts/check_claims.py\n", [], ["claim", "claims"]),
    "variables": ("finish := 1\nclaims = 2\nworktree ?= 3\nclaim ::= 4\n", [], []),
    "a claims file": ("release:\n\trm .claude/active-work.yaml\n", ["release"], []),
    "git alone": ("worktree:\n\tgit worktree add ../x\n", ["worktree"], []),
    "a recipe of another": ("x:\n\techo finish: y\n", [], ["x"]),
    "prerequisites over lines": ("finish: a \\\n  b\n\tscripts/finish_pr.py\nx:\n", ["finish"], ["x"]),
}


@pytest.mark.parametrize("case", MAKEFILES)
def test_the_rules_of_a_makefile(case: str) -> None:
    text, old, others = MAKEFILES[case]
    gone = makefile.old(text)
    assert [rule.targets[0] for rule in gone] == old and sorted(makefile.taken(text, gone)) == sorted(others)
    after = makefile.handed_over(text, gone, "holdfast.mk")
    assert after.endswith("include holdfast.mk\n") and makefile.old(after) == []
    assert makefile.handed_over(after, [], "holdfast.mk") == after


# A real repository's plans


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real plans is not there")
def test_the_corpus(repo: Repo) -> None:
    """Its plans, its hand-kept index and a claims file: healthy afterwards, untouched but for what was mended, and back."""
    shutil.copytree(CORPUS, repo.path / "docs/plans")
    for path in (repo.path / "docs/plans").iterdir():
        path.chmod(0o644)
    (repo.path / "docs/plans").chmod(0o755)
    old_way(repo)
    shutil.copyfile(CORPUS.parent / "claims/active-work-claims.yaml", repo.path / ".claude/active-work.yaml")
    repo.git("commit", "-q", "--no-verify", "-a", "-m", "claims")
    before = state(repo)
    done = passed(repo.holdfast("migrate", "--yes"), 1)
    mended = {"104_meta_hooks_separation.md", "105_meta_scripts_separation.md", "140_kernel_permission_fixes.md"}
    plans = {path.name: path.read_bytes() for path in (repo.path / "docs/plans").glob("*.md")}
    originals = {path.name: path.read_bytes() for path in CORPUS.glob("*.md")}
    assert {name for name in originals if plans[name] != originals[name]} == mended | {"CLAUDE.md"}
    passed(repo.holdfast("index", "--check"))
    assert "72 problems in plans need a decision" in done.err and done.out.count("[evidence-missing]") == 47
    commit(repo, done)
    passed(repo.holdfast("check", "--rev", "HEAD", "--since", "HEAD~1"))
    assert not repo.git("ls-files", ".claude/active-work.yaml")
    again = passed(repo.holdfast("migrate", "--yes"), 1)
    assert again.err.startswith("nothing to migrate\n") and repo.status() == ""

    repo.git("revert", "--no-edit", "HEAD", env={"GIT_EDITOR": "true"})
    passed(repo.holdfast("init", "--uninstall", "--yes"))
    assert state(repo)[0] == before[0] and state(repo)[2] == before[2]
