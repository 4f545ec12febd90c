"""What in a repository does by hand what Holdfast does, found with real git in a sealed home."""

from __future__ import annotations

import os
from pathlib import Path

from conftest import Repo, plan_text
from holdfast.domain.older import CI, CLAIMS, CONFIG, FINISH, HOOK, INDEX, SCRIPT, TARGET
from holdfast.usecases import older, workspace

WRITER = "#!/bin/sh\npython scripts/sync_plan_status.py --sync\ngit add docs/plans/README.md\n"


def found(repo: Repo) -> list[tuple[str, str, str, int | None, bool]]:
    every = older.found(workspace.at(str(repo.path), repo.env))
    return [(one.path, one.kind, one.role, one.line, one.active) for one in every]


def hook(repo: Repo, path: str, text: str, mode: int = 0o755) -> None:
    repo.write(path, text).chmod(mode)


def test_scripts_and_what_starts_them(adopted: Repo) -> None:
    adopted.write("scripts/check_claims.py", 'FILE = ".claude/active-work.yaml"\n')
    adopted.write("scripts/finish_pr.py", "# merge\n")
    adopted.write("scripts/sync_plan_status.py", "# sync\n")
    adopted.write("scripts/lint.py", "# lint\n")
    assert found(adopted) == [], "what git does not track is somebody's own"
    adopted.git("add", "-A")
    adopted.write(
        "Makefile", "# claims\nclaim: x\n\t@python scripts/check_claims.py --claim\n\nlint:\n\tscripts/lint.py\n"
    )
    adopted.write(
        ".pre-commit-config.yaml", "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: scripts/finish_pr.py -x\n"
    )
    adopted.write(".claude/settings.json", '{"hooks": {"Stop": "python scripts/sync_plan_status.py"}}\n')
    adopted.write(
        ".github/workflows/x.yml", "on: push\njobs:\n  x:\n    - run: |\n        python scripts/sync_plan_status.py\n"
    )
    adopted.git("add", ".github")
    assert found(adopted) == [
        ("scripts/check_claims.py", SCRIPT, CLAIMS, None, True),
        ("scripts/finish_pr.py", SCRIPT, FINISH, None, True),
        ("scripts/sync_plan_status.py", SCRIPT, INDEX, None, True),
        ("Makefile", TARGET, CLAIMS, 3, False),
        (".pre-commit-config.yaml", CONFIG, FINISH, 5, True),
        (".github/workflows/x.yml", CI, INDEX, 5, True),
    ]
    every = older.found(workspace.at(str(adopted.path), adopted.env))
    assert every[0].starters == ("Makefile:3",) and every[3].what == "`make claim` keeps claims by hand"


def test_the_hook_behind_ours_and_hooks_that_nobody_runs(repo: Repo) -> None:
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    hook(repo, ".git/hooks/pre-commit", WRITER)
    hook(repo, ".git/hooks/pre-push", WRITER, 0o644)
    hook(repo, ".git/hooks/commit-msg", "#!/bin/sh\nruff check .\n")
    hook(repo, "hooks/post-merge", "#!/bin/sh\ngit add docs/plans/CLAUDE.md .claude/active-work.yaml\n")
    repo.git("add", "-A")
    before = [
        (".git/hooks/pre-commit", HOOK, INDEX, 3, True),
        (".git/hooks/pre-push", HOOK, INDEX, 3, False),
        ("hooks/post-merge", HOOK, INDEX, 2, False),
        ("hooks/post-merge", HOOK, CLAIMS, 2, False),
    ]
    assert found(repo) == before
    assert repo.holdfast("init", "--yes").code == 0
    assert found(repo) == [(".git/hooks/pre-commit.before-holdfast", HOOK, INDEX, 3, True), *before[1:]]


def test_a_folder_of_hooks_that_git_tracks_and_links(repo: Repo, tmp_path: Path) -> None:
    hook(repo, ".githooks/pre-commit", WRITER)
    hook(repo, "hooks/post-merge", WRITER)
    repo.git("add", "-A")
    assert [one[4] for one in found(repo)] == [False, False]
    os.symlink("../../hooks/post-merge", repo.path / ".git/hooks/post-merge")
    assert (".git/hooks/post-merge", HOOK, INDEX, 3, True) in found(repo) and len(found(repo)) == 2
    repo.git("config", "core.hooksPath", ".githooks")
    assert [one[::4] for one in found(repo)] == [(".githooks/pre-commit", True), ("hooks/post-merge", False)]
    outside = tmp_path / "outside"
    outside.write_text(WRITER)
    (repo.path / ".githooks/post-merge").symlink_to(outside)
    assert len(found(repo)) == 2, "where a link leads out of the repository is not looked at"


def test_nothing_is_read_through_a_link_or_a_pipe(repo: Repo, tmp_path: Path) -> None:
    repo.write("scripts/finish_pr.py", "")
    repo.git("add", "-A")
    assert len(found(repo)) == 1
    (repo.path / "scripts").rename(tmp_path / "scripts")
    (repo.path / "scripts").symlink_to(tmp_path / "scripts")
    os.mkfifo(repo.path / "Makefile")
    assert found(repo) == []
