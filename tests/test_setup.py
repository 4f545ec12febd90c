"""`init` and `init --uninstall`, with real git in a sealed home."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from holdfast.adapters import files
from holdfast.domain import configuration, plan_index, policy, takeover
from holdfast.usecases import setup
from holdfast.usecases.setup import Options, adoption, detect, hook_files, lasting
from holdfast.usecases.setup import init as setup_init

HOOKS = hook_files.HOOKS
TEXTS = dict.fromkeys(
    HOOKS,
    """#!/bin/sh
# holdfast hook
python=@PYTHON@
entry=@ENTRY@
chain=@CHAIN@
if [ -n "$chain" ] && [ -x "$chain" ]; then exec "$chain" "$@"; fi
exit 0
""",
)
TABLE = """| # | Plan | Status |
|---|------|--------|
| 1 | [Alpha](01_alpha.md) | Planned |
| 2 | [Beta](02_beta.md) | Complete |
"""


class Repo:
    """A repository in a sealed home, and what `init` is called with there."""

    def __init__(self, home: Path, top: Path) -> None:
        self.home = home
        self.top = top
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_EDITOR": "false",
            "LC_ALL": "C.UTF-8",
            **{
                f"GIT_{who}_{what}": value
                for who in ("AUTHOR", "COMMITTER")
                for what, value in (
                    ("NAME", "A"),
                    ("EMAIL", "a@example.org"),
                    ("DATE", "2024-01-02T03:04:05Z"),
                )
            },
        }

    def git(self, *args: str, **more: object) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.top, env=self.env, capture_output=True, text=True, check=True, **more
        )
        return done.stdout

    def write(self, name: str, content: str | bytes, mode: int | None = None) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            path.chmod(mode)
        return path

    def read(self, name: str) -> str:
        return (self.top / name).read_bytes().decode()

    def commit(self, message: str = "work") -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def status(self) -> str:
        return self.git("status", "--porcelain", "--untracked-files=all")

    def propose(self, *args: object, **options: object) -> setup.Proposal:
        return setup.propose(str(self.top), self.env, Options(**options), sys.executable, TEXTS)

    def init(self, **options: object) -> setup.Proposal:
        proposal = self.propose(**options)
        assert proposal.blockers == ()
        setup.apply(proposal)
        return proposal

    def uninstall(self) -> setup.Proposal:
        proposal = setup.propose_uninstall(str(self.top), self.env)
        assert proposal.blockers == ()
        setup.uninstall(proposal)
        return proposal

    def at(self, top: Path) -> Repo:
        other = Repo(self.home, top)
        other.env = self.env
        return other

    def snapshot(self) -> dict[str, object]:
        """Every file and folder with bytes and mode, but for objects, and git's index, which is a cache."""
        seen: dict[str, object] = {}
        for folder, folders, names in os.walk(self.top):
            if folder == str(self.top / ".git"):
                folders[:] = [name for name in folders if name != "objects"]
                names = [name for name in names if name != "index"]
            for name in (*folders, *names):
                path = os.path.join(folder, name)
                found = os.lstat(path)
                if os.path.islink(path):
                    seen[path] = os.readlink(path)
                elif os.path.isdir(path):
                    seen[path] = oct(found.st_mode)
                else:
                    seen[path] = (oct(found.st_mode), Path(path).read_bytes())
        return seen


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    home = tmp_path / "home"
    home.mkdir()
    top = tmp_path / "work"
    top.mkdir()
    made = Repo(home, top)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def planned(repo: Repo) -> Repo:
    """Two plans and a hand-kept table of them in CLAUDE.md."""
    repo.write("docs/plans/01_alpha.md", "# Plan 1: Alpha\n\n**Status:** Planned\n")
    repo.write("docs/plans/02_beta.md", "# Plan 2: Beta\n\n**Status:** Complete\n")
    repo.write(
        "docs/plans/CLAUDE.md",
        f"# Plans\n\nRead me.\n\n{TABLE}\n## After\n\n| A | B |\n|---|---|\n| x | y |\n",
    )
    repo.commit()
    return repo


def whats(proposal: setup.Proposal) -> str:
    return "\n".join(step.what for step in proposal.steps)


# Adopting


def test_init_takes_a_hand_kept_table_over_and_leaves_every_other_byte(planned: Repo) -> None:
    before = planned.read("docs/plans/CLAUDE.md")
    proposal = planned.init()
    assert planned.read("docs/plans/CLAUDE.md") == before.replace(
        TABLE, f"{plan_index.BEGIN}\n{TABLE}{plan_index.END}\n"
    )
    assert "put markers around the table of 2 plans in docs/plans/CLAUDE.md" in whats(proposal)
    assert planned.read(".gitattributes") == "docs/plans/CLAUDE.md merge=holdfast-plan-index\n"
    read, problems = configuration.from_mapping(tomllib.loads(planned.read("holdfast.toml")), "holdfast.toml")
    assert problems == []
    assert (read.mode, read.main_branch) == ("committed", "main")
    assert [(one.path, one.profile, one.index_path) for one in read.folders] == [
        ("docs/plans", "plan", "docs/plans/CLAUDE.md")
    ]
    for name in HOOKS:
        hook = planned.top / ".git/hooks" / name
        assert os.access(hook, os.X_OK)
        assert f"python='{sys.executable}'\n" in hook.read_text()
        assert f"entry='{lasting.package()}/entrypoints/git_hooks.py'\nchain=''\n" in hook.read_text()
        assert (planned.top / ".git/holdfast/hooks" / name).read_bytes() == hook.read_bytes()
    driver = planned.git("config", "merge.holdfast-plan-index.driver").rstrip("\n")
    assert driver == f"'{sys.executable}' -I -S '{lasting.package()}/entrypoints/git_hooks.py' merge-driver %O %A %B %P"
    assert planned.git("check-attr", "merge", "docs/plans/CLAUDE.md").endswith("merge: holdfast-plan-index\n")


def test_proposing_changes_nothing(planned: Repo) -> None:
    before = planned.snapshot()
    planned.propose()
    assert planned.snapshot() == before


def test_a_second_init_has_nothing_to_do(planned: Repo) -> None:
    planned.init()
    before = planned.snapshot()
    proposal = planned.propose()
    assert proposal.steps == ()
    assert setup.apply(proposal) == ()
    assert planned.snapshot() == before


def test_an_empty_repository_without_a_commit_gets_a_plan_folder(repo: Repo) -> None:
    repo.git("symbolic-ref", "HEAD", "refs/heads/develop")
    proposal = repo.init()
    assert repo.read("docs/plans/README.md") == f"# Plans\n\n{plan_index.BEGIN}\n{plan_index.END}\n"
    assert 'main_branch = "develop"' in repo.read("holdfast.toml")
    assert any("no plans at the usual places" in note for note in proposal.notes)
    assert repo.propose().steps == ()


def test_the_plan_index_is_computed_after_the_configuration_is_written(planned: Repo) -> None:
    seen = []
    setup.apply(planned.propose(), after=lambda: seen.append(planned.read("holdfast.toml")))
    assert len(seen) == 1
    planned.git("config", "--unset", "merge.holdfast-plan-index.name")
    setup.apply(planned.propose(), after=lambda: seen.append("again"))
    assert len(seen) == 1, "local parts compute no plan index"


def test_an_existing_readme_gets_the_plan_index_at_its_end_with_its_own_line_endings(repo: Repo) -> None:
    repo.write("plans/7-x.md", "# Plan 7: X\n")
    repo.write("plans/README.md", b"# Hello\r\n\r\ntext")
    repo.init()
    begin, end = plan_index.BEGIN, plan_index.END
    assert repo.read("plans/README.md") == f"# Hello\r\n\r\ntext\r\n\r\n## Plans\r\n\r\n{begin}\r\n{end}\r\n"
    assert plan_index.inside(repo.read("plans/README.md")) == ""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("final", [True, False])
def test_markers_enclose_exactly_the_table(ending: str, final: bool) -> None:
    table = TABLE.replace("\n", ending)
    text = f"# T{ending}{ending}" + (table if final else table.removesuffix(ending))
    (found,) = takeover.tables(text, {"01_alpha.md", "02_beta.md"})
    after = takeover.enclosed(text, found)
    assert plan_index.inside(after) == TABLE
    assert takeover.without_markers(after).removesuffix(ending) == text.removesuffix(ending)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (TABLE, [2]),
        (TABLE.replace("| # |", "| No. |"), [2]),
        (TABLE.replace("| # |", "| Thing |"), [2]),
        ("| Area | Plan |\n|--|--|\n| core | [Alpha](01_alpha.md) |\n", []),
        ("| # | Step | Time |\n|--|--|--|\n| 1 | Open it | 5 |\n| 2 | Shut it | 6 |\n", []),
        ("| Plan | Status |\n|--|--|\n| #1 Alpha | Planned |\n", [1]),
        ("| # | Plan |\n|--|--|\n| [2](./archive/02_beta.md) | Beta |\n", [1]),
        ("| # | Plan |\n|--|--|\n| 9 | [Other](09_other.md) |\n", []),
        (f"```\n{TABLE}```\n", []),
        (f"<!--\n{TABLE}-->\n", []),
        ("# | Plan\n--|--\n1 | [Alpha](01_alpha.md)\n", [1]),
    ],
)
def test_which_tables_are_a_plan_index(text: str, rows: list[int]) -> None:
    found = takeover.tables(text, {"01_alpha.md", "02_beta.md"})
    assert [table.rows for table in found] == rows


def test_a_template_and_markers_that_are_there_stay(planned: Repo) -> None:
    planned.write("docs/adr/0001-x.md", "# ADR 1: x\n")
    planned.write("docs/adr/README.md.template", "# ADRs\n\n$plan_index\n")
    planned.write("plans/1_x.md", "# Plan 1: x\n")
    planned.write("plans/INDEX.md", f"a\n{plan_index.BEGIN}\n{plan_index.END}\nb\n")
    proposal = planned.init()
    assert not (planned.top / "docs/adr/README.md").exists()
    assert planned.read("plans/INDEX.md") == f"a\n{plan_index.BEGIN}\n{plan_index.END}\nb\n"
    text = planned.read("holdfast.toml")
    assert '[[plans]]\npath = "plans"\nindex = "INDEX.md"\n' in text
    assert '[[plans]]\npath = "docs/adr"\nprofile = "record"\nindex = "README.md"\n' in text
    assert "plan folder docs/adr (1 plan, profile record)" in whats(proposal)


def test_profiles_are_told_from_names_and_front_matter(repo: Repo) -> None:
    repo.write("backlog/tasks/task-12 - Some title.md", "---\nid: task-12\n---\n")
    repo.write("docs/plans/3_x.md", "---\nid: task-3\n---\n")
    repo.write("doc/adr/0001-record.md", "# 1. Record\n")
    repo.write("tasks/1_x.md", "# Plan 1: x\n")
    repo.write("docs/rfcs/notes.md", "no number\n")
    repo.write(".gitignore", "tasks/2_*\n")
    repo.write("tasks/2_ignored.md", "# Plan 2: x\n")
    found = detect.usual_folders(str(repo.top), detect.tracked_paths(_git(repo)))
    assert {one.path: (one.profile, len(one.plans)) for one in found} == {
        "docs/plans": ("tasks", 1),
        "backlog/tasks": ("tasks", 1),
        "tasks": ("plan", 1),
        "doc/adr": ("record", 1),
    }
    assert 'path = "doc/adr"' not in _settings(repo, plans_only=True)
    assert 'path = "tasks"' not in _settings(repo, records_only=True)
    assert _settings(repo, folders=("./my plans/",)).count("[[plans]]") == 1


def test_computed_leaves_the_working_tree_alone_but_for_the_configuration(planned: Repo) -> None:
    planned.init(mode="computed")
    assert planned.status() == "?? holdfast.toml\n"
    assert "index =" not in planned.read("holdfast.toml")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://github.com/o/r.git", "github.com"),
        ("https://user:secret@git.example.org:8443/o/r", "git.example.org"),
        ("ssh://git@host.example/o/r", "host.example"),
        ("git@gitlab.com:o/r.git", "gitlab.com"),
        ("host:o/r", "host"),
        ("/srv/git/r.git", ""),
        ("../r.git", ""),
        ("file:///srv/r.git", ""),
        ("C:/projects/r", ""),
        ("ext::ssh host r", ""),
        ("./a:b", ""),
    ],
)
def test_the_host_of_a_remote(url: str, host: str) -> None:
    assert detect.host_of(url) == host


def test_a_forge_keeps_the_plan_index_on_the_main_branch(planned: Repo) -> None:
    planned.git("remote", "add", "origin", "git@github.com:o/r.git")
    proposal = planned.init()
    assert 'mode = "main"' in planned.read("holdfast.toml")
    assert 'index mode "main" (origin is at github.com' in whats(proposal)
    assert (planned.top / ".gitattributes").exists()


def test_the_main_branch_is_what_the_remote_says(planned: Repo, tmp_path: Path) -> None:
    planned.git("branch", "release")
    planned.git("clone", "-q", "--bare", str(planned.top), str(tmp_path / "bare"))
    planned.git("--git-dir", str(tmp_path / "bare"), "symbolic-ref", "HEAD", "refs/heads/release")
    planned.git("clone", "-q", str(tmp_path / "bare"), str(tmp_path / "clone"))
    clone = planned.at(tmp_path / "clone")
    assert 'main_branch = "release"' in _settings(clone)
    assert 'mode = "committed"' in _settings(clone)
    assert 'main_branch = "main"' in _settings(planned)


def test_the_main_branch_is_asked_of_the_main_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.git("symbolic-ref", "HEAD", "refs/heads/develop")
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    repo.git("worktree", "add", "-q", "-b", "plan-3-x", str(tmp_path / "three"))
    assert 'main_branch = "develop"' in _settings(repo.at(tmp_path / "three"))


def test_names_with_spaces_and_signs(repo: Repo) -> None:
    folder = 'docs/my [old] "plans" #1'
    repo.write(f"{folder}/01 - a b.md", "# Plan 1: a\n")
    repo.init(folders=(folder,))
    read, problems = configuration.from_mapping(tomllib.loads(repo.read("holdfast.toml")), "holdfast.toml")
    assert (problems, read.folders[0].path) == ([], folder)
    out = repo.git("check-attr", "-z", "merge", f"{folder}/README.md", 'docs/my o "plans" #1/README.md').split("\0")
    assert (out[2], out[5]) == ("holdfast-plan-index", "unspecified")
    assert repo.propose().steps == ()


@pytest.mark.parametrize("path", ["README.md", "#x.md", "!x.md", "a b/R.md", "a\\b/R.md", "ä/R.md", "a*/R.md"])
def test_git_reads_the_attribute_line_as_this_path_alone(repo: Repo, path: str) -> None:
    repo.write(".gitattributes", takeover.attribute_line(path) + "\n")
    out = repo.git("check-attr", "-z", "merge", path, "sub/" + path).split("\0")
    assert (out[2], out[5]) == ("holdfast-plan-index", "unspecified")


def test_attributes_that_are_there_keep_their_bytes(planned: Repo) -> None:
    planned.write(".gitattributes", b"*.png binary\r\n*.md text")
    planned.init()
    assert planned.read(".gitattributes") == (
        "*.png binary\r\n*.md text\r\ndocs/plans/CLAUDE.md merge=holdfast-plan-index\r\n"
    )


def test_a_folder_that_leads_elsewhere_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (repo.top / "link").symlink_to(tmp_path / "outside")
    for path in ("../outside", "link", "/etc", ".git/x", "a\nb"):
        proposal = repo.propose(folders=(path,))
        assert [blocker.code for blocker in proposal.blockers] == ["init-folder"], path
    assert [one.code for one in repo.propose(mode="sometimes").blockers] == ["init-mode"]


def test_a_symlinked_readme_is_left_alone(repo: Repo) -> None:
    repo.write("plans/1_x.md", "# Plan 1: x\n")
    target = repo.write("notes.md", "mine\n")
    (repo.top / "plans/README.md").symlink_to("../notes.md")
    repo.init()
    assert target.read_text() == "mine\n"
    assert 'index = "INDEX.md"' in repo.read("holdfast.toml")


def test_helpers_are_only_noted(planned: Repo) -> None:
    planned.write(".pre-commit-config.yaml", "repos: []\n")
    planned.write("CLAUDE.md", "rules\n")
    notes = planned.propose().notes
    assert any(note.startswith("pre-commit manages hooks here") for note in notes)
    assert any("coding agents work here (CLAUDE.md)" in note for note in notes)


# Clones


def test_a_clone_of_an_adopted_repository_gets_only_the_local_parts(planned: Repo, tmp_path: Path) -> None:
    planned.init()
    planned.commit("adopt")
    planned.git("clone", "-q", str(planned.top), str(tmp_path / "clone"))
    clone = planned.at(tmp_path / "clone")
    before = clone.snapshot()
    proposal = clone.init()
    assert {step.kind for step in proposal.steps} == {"hook", "config"}
    assert clone.status() == ""
    assert clone.propose().steps == ()
    assert (clone.top / ".git/hooks/pre-commit").exists()
    clone.uninstall()
    assert clone.snapshot() == before
    assert clone.status() == ""


def test_a_repository_configured_in_pyproject_is_adopted(planned: Repo) -> None:
    planned.write("pyproject.toml", '[project]\nname = "x"\n[tool.holdfast]\nmain_branch = "main"\n')
    planned.commit()
    planned.init()
    assert planned.status() == ""
    assert not (planned.top / "holdfast.toml").exists()


def test_local_and_no_hooks(planned: Repo) -> None:
    planned.init(local=True)
    assert planned.status() == ""
    planned.uninstall()
    proposal = planned.init(hooks=False)
    assert not (planned.top / ".git/hooks/pre-commit").exists()
    assert not (planned.top / ".git/holdfast/hooks").exists()
    assert "hook" not in {step.kind for step in proposal.steps}


# Hooks


def test_a_hook_that_is_there_goes_on_running_with_arguments_input_and_exit_status(planned: Repo) -> None:
    script = '#!/bin/sh\nprintf "%s|" "$0" "$@" >> seen; cat >> seen; exit 7\n'
    old = planned.write(".git/hooks/post-rewrite", script, 0o750)
    proposal = planned.init()
    kept = planned.top / ".git/hooks/post-rewrite.before-holdfast"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (script, 0o750)
    assert "goes on running, as post-rewrite.before-holdfast" in whats(proposal)
    done = subprocess.run([old, "rebase", "a b"], cwd=planned.top, env=planned.env, input=b"from to\n")
    assert done.returncode == 7
    assert planned.read("seen") == f"{kept}|rebase|a b|from to\n"
    assert planned.propose().steps == ()
    canonical = planned.read(".git/holdfast/hooks/post-rewrite")
    assert "chain=''" in canonical


def test_a_failing_hook_still_refuses_the_commit(planned: Repo) -> None:
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n", 0o755)
    planned.init()
    planned.git("add", "-A")
    with pytest.raises(subprocess.CalledProcessError):
        planned.git("commit", "-qm", "x")


def test_a_hook_that_git_never_ran_rests_and_is_not_run(planned: Repo) -> None:
    planned.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n", 0o644)
    before = planned.snapshot()
    proposal = planned.init()
    assert "is not executable, so git never ran it" in whats(proposal)
    assert "chain=''" in planned.read(".git/hooks/commit-msg")
    assert planned.propose().steps == ()
    planned.uninstall()
    assert planned.snapshot() == before


def test_our_own_hook_is_replaced_not_chained(planned: Repo) -> None:
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\n# holdfast hook\nexit 9\n", 0o755)
    planned.init()
    assert not (planned.top / ".git/hooks/pre-commit.before-holdfast").exists()
    assert "exit 9" not in planned.read(".git/hooks/pre-commit")


def test_a_hook_that_was_written_over_ours_is_chained_too(planned: Repo) -> None:
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\necho first\n", 0o755)
    planned.init()
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\necho second\n", 0o755)
    planned.init()
    hooks = planned.top / ".git/hooks"
    assert (hooks / "pre-commit.before-holdfast").read_text() == "#!/bin/sh\necho first\n"
    assert (hooks / "pre-commit.before-holdfast-2").read_text() == "#!/bin/sh\necho second\n"
    assert f"chain='{hooks}/pre-commit.before-holdfast-2'" in planned.read(".git/hooks/pre-commit")
    assert planned.propose().steps == ()
    planned.uninstall()
    assert planned.read(".git/hooks/pre-commit") == "#!/bin/sh\necho second\n"


def test_a_symlinked_hook_stays_a_symlink(planned: Repo) -> None:
    planned.write("scripts/check", "#!/bin/sh\nexit 3\n", 0o755)
    hook = planned.top / ".git/hooks/pre-commit"
    hook.symlink_to("../../scripts/check")
    before = planned.snapshot()
    planned.init()
    assert os.readlink(str(hook) + ".before-holdfast") == "../../scripts/check"
    assert subprocess.run([hook], cwd=planned.top).returncode == 3
    assert planned.read("scripts/check") == "#!/bin/sh\nexit 3\n"
    planned.uninstall()
    assert planned.snapshot() == before


def test_a_local_hooks_path_is_honoured_and_its_new_files_are_kept_out_of_status(planned: Repo) -> None:
    planned.git("config", "core.hooksPath", "my hooks [1]")
    planned.write("my hooks [1]/commit-msg", "#!/bin/sh\necho mine\n", 0o755)
    planned.commit()
    before = planned.snapshot()
    proposal = planned.init()
    assert planned.status() == " M docs/plans/CLAUDE.md\n?? .gitattributes\n?? holdfast.toml\n"
    assert planned.read("my hooks [1]/commit-msg") == "#!/bin/sh\necho mine\n"
    line = '"$(git rev-parse --git-common-dir)/holdfast/hooks/commit-msg" "$@" || exit 1'
    assert any("my hooks [1]/commit-msg is tracked" in note and note.endswith(line) for note in proposal.notes)
    assert os.access(planned.top / "my hooks [1]/pre-commit", os.X_OK)
    assert not (planned.top / ".git/hooks/pre-commit").exists()
    assert planned.propose().steps == ()
    planned.uninstall()
    assert planned.snapshot() == before


def test_the_line_for_a_tracked_hook_works_and_is_not_asked_for_twice(planned: Repo, tmp_path: Path) -> None:
    line = '"$(git rev-parse --git-common-dir)/holdfast/hooks/commit-msg" "$@" || exit 1'
    planned.write(".githooks/commit-msg", f"#!/bin/sh\n{line}\n", 0o755)
    planned.commit()
    planned.git("config", "core.hooksPath", ".githooks")
    assert not any("is tracked" in note for note in planned.init().notes)
    planned.git("add", "-A")
    planned.git("commit", "-qm", "through the hook")
    planned.git("worktree", "add", "-q", str(tmp_path / "two"))
    planned.at(tmp_path / "two").git("commit", "-q", "--allow-empty", "-m", "from a linked worktree")
    planned.write(".git/holdfast/hooks/commit-msg", "#!/bin/sh\nexit 1\n", 0o755)
    with pytest.raises(subprocess.CalledProcessError):
        planned.git("commit", "-q", "--allow-empty", "-m", "refused")


def test_husky_runs_our_hooks_from_its_folder(planned: Repo) -> None:
    planned.write(".husky/_/.gitignore", "*\n")
    planned.write(".husky/_/pre-commit", "stub\n", 0o755)
    planned.write(".husky/pre-commit", "npm test\n")
    planned.commit()
    planned.git("config", "core.hooksPath", ".husky/_")
    before = planned.snapshot()
    proposal = planned.init()
    assert planned.read(".husky/_/pre-commit") == "stub\n"
    assert planned.read(".husky/pre-commit") == "npm test\n"
    assert (planned.top / ".husky/commit-msg").exists()
    assert ".husky" not in planned.status()
    assert any(".husky/pre-commit is tracked by git" in note for note in proposal.notes)
    planned.uninstall()
    assert planned.snapshot() == before


def test_a_global_hooks_path_is_refused_with_the_command_that_helps(planned: Repo) -> None:
    planned.git("config", "--global", "core.hooksPath", "/somewhere")
    before = planned.snapshot()
    (blocker,) = planned.propose().blockers
    assert blocker.code == "init-hooks-path"
    assert "the global setting core.hooksPath = /somewhere" in blocker.message
    with pytest.raises(ValueError):
        setup.apply(planned.propose())
    assert planned.snapshot() == before
    subprocess.run(blocker.remedy, shell=True, cwd=planned.top, env=planned.env, check=True)
    planned.init()
    assert (planned.top / ".git/hooks/pre-commit").exists()


def test_a_hooks_path_that_is_no_folder_is_refused(planned: Repo) -> None:
    planned.git("config", "core.hooksPath", "/dev/null")
    assert [one.code for one in planned.propose().blockers] == ["init-hooks-path"]
    planned.git("config", "core.hooksPath", "")
    assert [one.code for one in planned.propose().blockers] == ["init-hooks-path"]


def test_a_hooks_path_for_one_worktree(planned: Repo, tmp_path: Path) -> None:
    planned.git("worktree", "add", "-q", str(tmp_path / "two"))
    planned.git("config", "extensions.worktreeConfig", "true")
    two = planned.at(tmp_path / "two")
    two.git("config", "--worktree", "core.hooksPath", str(tmp_path / "hooks of two"))
    proposal = two.init(local=True)
    assert (tmp_path / "hooks of two/pre-commit").exists()
    assert any("lies outside this repository" in note for note in proposal.notes)
    assert not (planned.top / ".git/hooks/pre-commit").exists()
    two.uninstall()
    assert not (tmp_path / "hooks of two").exists()


def test_paths_with_quotes_and_percent_signs_reach_the_shell_whole(tmp_path: Path) -> None:
    top = tmp_path / 'it\'s 100%O "here" $HOME'
    top.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    repo = Repo(home, top)
    repo.git("init", "-q", "-b", "main")
    python = top / "py'thon %A"
    python.symlink_to(sys.executable)
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\necho ran >> ran\n", 0o755)
    repo.init(python=str(python))
    hook = repo.read(".git/hooks/pre-commit")
    done = subprocess.run(
        ["sh", "-c", hook.replace("exec ", "echo ") + 'echo "$python"'], capture_output=True, text=True
    )
    assert done.stdout.startswith(f"{top}/.git/hooks/pre-commit.before-holdfast")
    driver = repo.git("config", "merge.holdfast-plan-index.driver").rstrip("\n").split(" -I -S ")[0]
    assert driver.replace("%%", "%") == "'" + str(python).replace("'", "'\\''") + "'"
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    assert repo.read("ran") == "ran\n"


def test_git_starts_the_merge_driver_from_a_path_with_percent_signs(planned: Repo) -> None:
    python = planned.home / "it's %A 100%"
    python.write_text(
        f"""#!/bin/sh
if [ "$4" = merge-driver ]; then printf '%s|' "$@" > "{planned.home}/called"; exit 0; fi
exec '{sys.executable}' "$@"
"""
    )
    python.chmod(0o755)
    planned.init(python=str(python))
    planned.commit()
    planned.git("checkout", "-qb", "side")
    for branch in ("side", "main"):
        planned.git("checkout", "-q", branch)
        planned.write("docs/plans/CLAUDE.md", f"{branch}\n")
        planned.commit()
    planned.git("merge", "-q", "--no-edit", "side")
    words = (planned.home / "called").read_text().split("|")
    assert words[:4] == ["-I", "-S", f"{lasting.package()}/entrypoints/git_hooks.py", "merge-driver"]
    assert words[7:] == ["docs/plans/CLAUDE.md", ""]


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    top = tmp_path / "a\nb"
    top.mkdir()
    repo = Repo(tmp_path, top)
    repo.git("init", "-q", "-b", "main")
    assert "init-unsafe-path" in {one.code for one in repo.propose().blockers}


def test_an_untracked_hook_in_the_worktree_is_chained_and_out_of_status(planned: Repo) -> None:
    planned.git("config", "core.hooksPath", ".githooks")
    planned.write(".githooks/commit-msg", "#!/bin/sh\nexit 4\n", 0o755)
    shutil.rmtree(planned.top / ".git/info")
    before = planned.snapshot()
    proposal = planned.init()
    assert ".githooks" not in planned.status()
    assert subprocess.run([planned.top / ".githooks/commit-msg"], cwd=planned.top).returncode == 4
    assert any(note.startswith("each worktree has its own .githooks") for note in proposal.notes)
    assert planned.propose().steps == ()
    planned.uninstall()
    assert planned.snapshot() == before


def test_the_packaged_hooks_take_every_value_and_are_shell(planned: Repo) -> None:
    texts = hook_files.templates()
    assert set(texts) == set(hook_files.ALL)
    proposal = setup.propose(str(planned.top), planned.env, Options(), sys.executable)
    setup.apply(proposal)
    for name in HOOKS:
        hook = planned.top / ".git/hooks" / name
        assert hook_files.is_ours(str(hook))
        assert not {"@PYTHON@", "@ENTRY@", "@CHAIN@"} & set(hook.read_text().replace("=", " ").split())
        assert f"python='{sys.executable}'" in hook.read_text()
        subprocess.run(["sh", "-n", hook], check=True)
    assert setup.propose(str(planned.top), planned.env, Options(), sys.executable).steps == ()


def test_a_template_is_filled_in_once() -> None:
    runtime = lasting.Runtime("/a/@CHAIN@", "/b/@ENTRY@")
    state = hook_files.rendered("@PYTHON@ @ENTRY@ @CHAIN@", runtime, "it's")
    assert state == files.State(b"'/a/@CHAIN@' '/b/@ENTRY@' 'it'\\''s'", 0o755)


# The interpreter, and other reasons to refuse


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/home/u/.cache/uv/archive-v0/abc/bin/python", "in the cache of uv"),
        ("/data/uv/environments-v2/abc/bin/python", "in the cache of uv"),
        ("/caches/mine/builds/python", "in the cache of uv"),
        ("/home/u/.local/pipx/.cache/abc/bin/python", "in the cache of pipx"),
        ("/home/u/.cache/pipx/abc/bin/python", "in the cache of pipx"),
        ("/opt/pipx/.cache/x/bin/python", "in the cache of pipx"),
        ("/tmp/x/bin/python", "in a temporary folder"),
        ("/scratch/x/bin/python", "in a temporary folder"),
        ("/var/folders/ab/T/x/python", "in a temporary folder"),
        ("/home/u/.local/share/uv/tools/holdfast/bin/python", ""),
        ("/home/u/.local/share/uv/python/cpython-3.12/bin/python3", ""),
        ("/home/u/.local/pipx/venvs/holdfast/bin/python", ""),
        ("/tmpfiles/bin/python", ""),
        ("/usr/bin/python3", ""),
    ],
)
def test_which_interpreters_vanish(path: str, reason: str) -> None:
    environment = {
        "HOME": "/home/u",
        "UV_CACHE_DIR": "/caches/mine",
        "PIPX_HOME": "/opt/pipx",
        "TMPDIR": "/scratch",
    }
    said = lasting.vanishes(path, "/home/u/work", environment)
    assert said.startswith(reason) if reason else said == ""


def test_a_temporary_interpreter_serves_a_temporary_repository() -> None:
    assert lasting.vanishes("/tmp/venv/bin/python", "/tmp/work", {"HOME": "/home/u"}) == ""
    assert lasting.vanishes("/tmp/home/.cache/uv/x/python", "/tmp/work", {"HOME": "/tmp/home"}) != ""


def test_an_interpreter_that_will_vanish_is_refused_with_the_way_to_install(planned: Repo) -> None:
    python = planned.home / ".cache/uv/archive-v0/x/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (blocker,) = planned.propose(python=str(python)).blockers
    assert (blocker.code, "uv tool install PATH" in blocker.remedy) == ("init-will-vanish", True)


def test_an_interpreter_must_run_and_be_new_enough(planned: Repo) -> None:
    old = planned.write("../old", "#!/bin/sh\necho 3 8\n", 0o755)
    mute = planned.write("../mute", "#!/bin/sh\nexit 0\n", 0o755)
    for path, said in (
        (old, "is Python 3.8"),
        (mute, "does not run"),
        ("/nowhere/python", "no program at"),
        ("nosuch", "no program"),
    ):
        (blocker,) = planned.propose(python=str(path)).blockers
        assert said in blocker.message
    with_path = planned.propose(python=os.path.basename(sys.executable))
    assert with_path.blockers == ()


def test_a_virtual_environments_python_is_not_resolved(planned: Repo, tmp_path: Path) -> None:
    link = tmp_path / "venv/bin/python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    planned.init(python=str(link))
    assert f"python='{link}'\n" in planned.read(".git/hooks/pre-commit")


def test_no_repository_a_bare_one_and_an_old_git_are_refused(repo: Repo, tmp_path: Path) -> None:
    (blocker,) = repo.at(repo.home).propose().blockers
    assert (blocker.code, blocker.remedy) == ("init-no-repository", "run `git init && holdfast init`")
    repo.git("init", "-q", "--bare", str(tmp_path / "bare"))
    for place in (tmp_path / "bare", repo.top / ".git"):
        (blocker,) = repo.at(place).propose().blockers
        assert blocker.code == "init-no-worktree"
    fake = repo.home / "bin/git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.37.9\n")
    fake.chmod(0o755)
    repo.env["PATH"] = f"{fake.parent}:{repo.env['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", repo.env["PATH"])
        (blocker,) = repo.propose().blockers
    assert blocker.code == "init-git-version"


def test_a_folder_that_cannot_be_written_is_refused_before_anything_changes(
    planned: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = planned.snapshot()
    monkeypatch.setattr(files, "writable_above", lambda path: "/.git/hooks" not in path)
    (blocker,) = planned.propose().blockers
    assert (blocker.code, blocker.subject) == ("init-read-only", str(planned.top / ".git/hooks"))
    assert planned.snapshot() == before


@pytest.mark.parametrize("name", [".gitattributes", "holdfast.toml", ".git/hooks/pre-commit"])
def test_a_folder_in_the_place_of_a_file_is_refused(planned: Repo, name: str) -> None:
    (planned.top / name).mkdir()
    assert [one.code for one in planned.propose().blockers] == ["init-no-file"]


def test_symlinked_attributes_are_refused_with_the_command_that_helps(planned: Repo) -> None:
    planned.write("shared", "*.png binary\n")
    (planned.top / ".gitattributes").symlink_to("shared")
    (blocker,) = planned.propose().blockers
    subprocess.run(blocker.remedy, shell=True, cwd=planned.top, check=True)
    planned.init()
    assert planned.read("shared") == "*.png binary\n"


def test_init_works_from_a_subfolder(planned: Repo) -> None:
    planned.at(planned.top / "docs/plans").init()
    assert (planned.top / "holdfast.toml").exists()


# Uninstalling


def _everything(repo: Repo) -> None:
    repo.write(".gitattributes", b"*.png binary\r\n*.md text")
    repo.write("docs/adr/0001-x.md", "# ADR 1\n")
    repo.write("docs/adr/README.md", b"# Records\r\n\r\nof ours", 0o600)
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n", 0o700)
    repo.write(".git/hooks/post-merge", "not run", 0o644)
    repo.git("config", "user.name", "Somebody")
    with open(repo.top / ".git/config", "ab") as file:
        file.write(b"; the end, without a line break\n[alias]\n\tco = checkout")


def test_uninstalling_leaves_every_byte_as_it_was(planned: Repo) -> None:
    _everything(planned)
    before = planned.snapshot()
    proposal = planned.propose()
    readme = planned.top / "docs/plans/CLAUDE.md"
    setup.apply(proposal, after=lambda: readme.write_text(plan_index.placed(readme.read_text(), "| computed |\n")))
    assert "| computed |" in readme.read_text()
    assert planned.snapshot() != before
    planned.uninstall()
    assert planned.snapshot() == before
    assert setup.propose_uninstall(str(planned.top), planned.env).steps == ()


def test_uninstalling_an_empty_repository(repo: Repo) -> None:
    shutil.rmtree(repo.top / ".git/hooks")
    shutil.rmtree(repo.top / ".git/info")
    before = repo.snapshot()
    repo.init()
    repo.uninstall()
    assert repo.snapshot() == before


def test_running_init_twice_keeps_the_first_bytes(planned: Repo) -> None:
    _everything(planned)
    before = planned.snapshot()
    planned.init()
    other = planned.home / "python"
    other.symlink_to(sys.executable)
    proposal = planned.init(python=str(other))
    assert proposal.steps != ()
    planned.uninstall()
    assert planned.snapshot() == before


def test_uninstalling_after_edits_takes_out_only_our_parts(planned: Repo) -> None:
    _everything(planned)
    planned.init()
    for name in ("docs/plans/CLAUDE.md", "docs/adr/README.md", ".gitattributes", "holdfast.toml"):
        planned.write(name, planned.read(name) + "# mine\n")
    planned.git("config", "user.email", "new@example.org")
    planned.write(".git/hooks/pre-commit.before-holdfast", "#!/bin/sh\necho edited\n", 0o755)
    planned.write(".git/hooks/commit-msg", "#!/bin/sh\necho other\n", 0o755)
    proposal = planned.uninstall()
    assert planned.read("docs/plans/CLAUDE.md").count("holdfast") == 0
    assert TABLE in planned.read("docs/plans/CLAUDE.md")
    assert planned.read("docs/adr/README.md") == "# Records\r\n\r\nof ours\r\n\r\n## Records\r\n\r\n# mine\n"
    assert planned.read(".gitattributes") == "*.png binary\r\n*.md text\r\n# mine\n"
    assert planned.read("holdfast.toml").endswith("# mine\n")
    assert any("holdfast.toml was changed since init and stays" in note for note in proposal.notes)
    assert any("the hook .git/hooks/commit-msg is another's now and stays" in note for note in proposal.notes)
    assert planned.read(".git/hooks/pre-commit") == "#!/bin/sh\necho edited\n"
    assert planned.read(".git/hooks/commit-msg") == "#!/bin/sh\necho other\n"
    config = planned.read(".git/config")
    assert "holdfast" not in config and "new@example.org" in config and "co = checkout" in config
    assert not (planned.top / ".git/holdfast").exists()
    assert not list((planned.top / ".git/hooks").glob("*holdfast*"))


def test_a_file_that_the_owner_changed_between_two_runs_keeps_the_change(planned: Repo) -> None:
    planned.write(".gitattributes", "*.png binary\n")
    planned.init()
    (planned.top / "holdfast.toml").unlink()
    planned.write(".gitattributes", planned.read(".gitattributes") + "*.jpg binary\n")
    planned.write("docs/adr/0001-x.md", "# ADR 1\n")
    planned.init()
    assert planned.read(".gitattributes").count("merge=") == 2
    planned.uninstall()
    assert planned.read(".gitattributes") == "*.png binary\n*.jpg binary\n"


def test_uninstalling_without_a_record_removes_hooks_and_configuration(planned: Repo) -> None:
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n", 0o755)
    planned.init()
    (planned.top / ".git/holdfast/install.json").write_text("{broken")
    proposal = planned.uninstall()
    assert any("no record" in note for note in proposal.notes)
    assert planned.read(".git/hooks/pre-commit") == "#!/bin/sh\nexit 0\n"
    assert not (planned.top / ".git/hooks/commit-msg").exists()
    assert "holdfast" not in planned.read(".git/config")


def test_a_linked_worktree_holds_the_files_and_the_common_folder_the_rest(planned: Repo, tmp_path: Path) -> None:
    planned.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "two words"))
    two = planned.at(tmp_path / "two words")
    before = planned.snapshot(), two.snapshot()
    two.init()
    assert (two.top / "holdfast.toml").exists()
    assert not (planned.top / "holdfast.toml").exists()
    assert (planned.top / ".git/hooks/pre-commit").exists()
    assert two.propose().steps == ()
    (blocker,) = setup.propose_uninstall(str(planned.top), planned.env).blockers
    assert blocker.code == "init-other-worktree"
    two.uninstall()
    assert (planned.snapshot(), two.snapshot()) == before


def test_a_worktree_of_a_bare_repository(planned: Repo, tmp_path: Path) -> None:
    planned.git("clone", "-q", "--bare", str(planned.top), str(tmp_path / "bare"))
    planned.git("--git-dir", str(tmp_path / "bare"), "worktree", "add", "-q", "-b", "side", str(tmp_path / "one"))
    one = planned.at(tmp_path / "one")
    before = one.snapshot(), planned.at(tmp_path / "bare").snapshot()
    one.init()
    assert (tmp_path / "bare/hooks/pre-commit").exists()
    one.uninstall()
    after = one.snapshot(), planned.at(tmp_path / "bare").snapshot()
    assert [after[0], _without_objects(after[1])] == [before[0], _without_objects(before[1])]


def test_a_repository_that_moved_is_set_up_anew_and_can_be_undone(planned: Repo, tmp_path: Path) -> None:
    planned.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n", 0o755)
    before = {path.removeprefix(str(planned.top)): what for path, what in planned.snapshot().items()}
    planned.init()
    moved = planned.at(tmp_path / "elsewhere")
    planned.top.rename(moved.top)
    moved.init()
    assert f"chain='{moved.top}/.git/hooks/pre-commit.before-holdfast'" in moved.read(".git/hooks/pre-commit")
    moved.uninstall()
    assert {path.removeprefix(str(moved.top)): what for path, what in moved.snapshot().items()} == before


# Interruptions


def test_an_error_on_the_way_puts_everything_back(planned: Repo) -> None:
    _everything(planned)
    before = planned.snapshot()

    def fail() -> None:
        planned.write("docs/plans/CLAUDE.md", "half computed")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        setup.apply(planned.propose(), after=fail)
    assert planned.snapshot() == before


def test_the_git_folder_is_written_first_and_the_configuration_last(
    planned: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = files.put
    monkeypatch.setattr(files, "put", lambda path, *rest, **more: (written.append(path), real(path, *rest, **more)))
    setup.apply(planned.propose())
    top = str(planned.top)
    inside = [path for path in written if not path.startswith(f"{top}/.git/holdfast/")]
    assert inside[-1] == f"{top}/holdfast.toml"
    assert inside[:-3] == [f"{top}/.git/hooks/{name}" for name in HOOKS]


def test_a_file_that_changed_since_the_proposal_stops_it(planned: Repo) -> None:
    proposal = planned.propose()
    planned.write("docs/plans/CLAUDE.md", "edited meanwhile\n")
    before = planned.snapshot()
    with pytest.raises(setup.ChangedError):
        setup.apply(proposal)
    assert planned.snapshot() == before


class Killed(BaseException):
    """Stands for the end of the process: nothing may run after it."""


@pytest.mark.parametrize("at", range(40))
def test_init_killed_at_any_write_is_completed_by_the_next_and_can_be_undone(
    planned: Repo, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    _everything(planned)
    before = planned.snapshot()
    real, calls = files.put, []

    def put(path: str, wanted: files.State, durable: bool = False) -> None:
        if len(calls) == at:
            raise Killed
        calls.append(path)
        real(path, wanted, durable)

    rendered = []

    def after() -> None:
        path = planned.top / "docs/plans/CLAUDE.md"
        path.write_text(plan_index.placed(path.read_text(), "| computed |\n"))
        rendered.append(True)

    with monkeypatch.context() as patch:
        patch.setattr(files, "put", put)
        patch.setattr(setup_init, "_undo", lambda *_: None)
        try:
            setup.apply(planned.propose(), after)
            survived = True
        except Killed:
            survived = False
    if not survived:
        proposal = planned.propose()
        assert proposal.blockers == ()
        setup.apply(proposal, after)
    assert rendered
    assert planned.propose().steps == ()
    assert "| computed |" in planned.read("docs/plans/CLAUDE.md")
    planned.uninstall()
    assert planned.snapshot() == before


@pytest.mark.parametrize("at", range(0, 14))
def test_uninstall_killed_at_any_write_is_completed_by_the_next(
    planned: Repo, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    _everything(planned)
    before = planned.snapshot()
    planned.init()
    real, calls = files.put, []

    def put(path: str, wanted: files.State, durable: bool = False) -> None:
        if len(calls) == at:
            raise Killed
        calls.append(path)
        real(path, wanted, durable)

    with monkeypatch.context() as patch:
        patch.setattr(files, "put", put)
        with contextlib.suppress(Killed):
            setup.uninstall(setup.propose_uninstall(str(planned.top), planned.env))
    planned.uninstall()
    assert planned.snapshot() == before


def _without_objects(snapshot: dict[str, object]) -> dict[str, object]:
    return {path: what for path, what in snapshot.items() if "/objects" not in path and not path.endswith("/index")}


def _git(repo: Repo):
    from holdfast.adapters.git import Git

    return Git(str(repo.top), repo.env)


def _settings(repo: Repo, **options: object) -> str:
    (edit,) = [edit for edit in repo.propose(**options).edits if edit.kind == "settings"]
    return edit.after.content.decode()


def test_the_configuration_reads_back_for_every_mode() -> None:
    index_file = detect.IndexFile("CLAUDE.md", detect.LEAVE)
    folders = [detect.Folder('a "b"\\c', profile, (), index_file) for profile in policy.PROFILES[:1]]
    for mode in policy.MODES:
        text = adoption.settings_text(folders, mode, 'ma"in')
        read, problems = configuration.from_mapping(tomllib.loads(text), "holdfast.toml")
        assert (problems, read.mode, read.main_branch, read.folders[0].path) == (
            [],
            mode,
            'ma"in',
            'a "b"\\c',
        )
