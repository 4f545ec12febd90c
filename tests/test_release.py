"""A release is refused for everything that speaks against it at once, and a tag stands for files that are there."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Ran, Repo, sealed

TOOLS = Path(__file__).parent.parent / "tools"
TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()
PROJECT = """\
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "holdfast"
dynamic = ["version"]
description = "{}"
requires-python = ">=3.11"
license = "MIT"
license-files = ["LICENSE"]
readme = "README.md"

[project.scripts]
holdfast = "holdfast:main"

[tool.hatch.version]
path = "src/holdfast/__init__.py"

[tool.hatch.build.targets.wheel]
packages = ["src/holdfast"]
"""
FILES = {
    "pyproject.toml": PROJECT.format("Ours"),
    "README.md": "# Ours\n",
    "LICENSE": "MIT\n",
    ".gitignore": "/dist/\n/slow\n",
    "Makefile": "check:\n\t@test ! -e broken\n\t@test ! -e slow || sleep 30\n\t@echo checked\n",
    "src/holdfast/__init__.py": '"""Ours."""\n\n__version__ = "0.2.0"\n',
    "CHANGELOG.md": f"# Changelog\n\n## Unreleased\n\n## 0.2.0 ({TODAY})\n\n- Something new.\n\n## 0.1.0 (2026-01-01)\n\n- It.\n",
}


class Project(Repo):
    """A project that can be released, on main, as its remote has it; pip asks a folder in place of an index."""

    def release(self, version: str = "0.2.0", *flags: str) -> Ran:
        return self.run(sys.executable, str(TOOLS / "release.py"), version, *flags)

    def reasons(self, version: str = "0.2.0") -> list[str]:
        """Why it is refused, each in three lines; nothing was made."""
        ran = self.release(version)
        assert ran.code == 1 and "Traceback" not in ran.err, ran
        found = re.findall(r"^refused: release .*\n   why:  (.*)\n   next: .+$", ran.out, re.M)
        assert len(found) == ran.out.count("refused: ") > 0, ran
        return found

    @property
    def tags(self) -> list[str]:
        return self.git("tag", "--list").split()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    index = tmp_path / "index"
    index.mkdir()
    env = {**sealed(tmp_path / "home"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    made = Project(tmp_path / "project", env)
    made.path.mkdir()
    Repo(tmp_path, env).git("init", "-q", "--bare", "-b", "main", "remote.git")
    made.git("init", "-q", "-b", "main")
    for name, text in FILES.items():
        made.write(name, text)
    made.commit("Begin")
    made.git("tag", "v0.1.0")
    made.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    made.git("push", "-q", "-u", "origin", "main")
    return made


def wheel(project: Project, summary: str, version: str) -> None:
    """A real wheel of that name in the folder that pip asks."""
    for name, text in {**FILES, "pyproject.toml": PROJECT.format(summary)}.items():
        project.write(f"../other/{name}", text.replace('"0.2.0"', f'"{version}"'))
    index, other = project.path.parent / "index", project.path.parent / "other"
    command = (sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(index), str(other))
    assert project.run(*command).code == 0


def test_a_release_is_checked_built_and_tagged(project: Project) -> None:
    wheel(project, "Ours", "0.1.0")
    dry = project.release("0.2.0", "--dry-run")
    assert dry.code == 0 and project.tags == ["v0.1.0"] and not (project.path / "dist").exists(), dry
    ran = project.release()
    assert ran.code == 0 and "checked" in ran.out, ran
    assert sorted(one.name for one in (project.path / "dist").iterdir()) == [
        "holdfast-0.2.0-py3-none-any.whl", "holdfast-0.2.0.tar.gz",
    ]  # fmt: skip
    assert project.tags == ["v0.1.0", "v0.2.0"]
    assert "- Something new." in project.git("for-each-ref", "--format=%(objecttype) %(contents)", "refs/tags/v0.2.0")
    assert project.git("rev-parse", "v0.2.0^{commit}") == project.git("rev-parse", "main")
    assert "git push --atomic origin main v0.2.0" in ran.out and "twine upload dist/holdfast-0.2.0.tar.gz" in ran.out
    assert "v0.2.0" not in project.git("ls-remote", "origin"), "nothing was pushed"


def test_everything_that_speaks_against_it_at_once(project: Project) -> None:
    project.write("src/holdfast/__init__.py", '__version__ = "0.2.1"\n')
    project.write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- More.\n")
    project.write("editor/package.json", '{"version": "0.0.9"}')
    project.git("add", "-A")
    project.git("commit", "-qm", "not pushed")
    project.write("stray.txt", "x")
    wheel(project, "Theirs: a thing", "9.0")
    assert project.reasons("0.1.0") == [
        "the tag v0.1.0 exists",
        "1 files are not committed, as stray.txt",
        "main is not what origin has",
        "src/holdfast/__init__.py says 0.2.1",
        "editor/package.json says 0.0.9",
        "CHANGELOG.md has no section 0.1.0",
        "on the index holdfast is another project (9.0: Theirs: a thing)",
    ]
    assert project.tags == ["v0.1.0"] and not (project.path / "dist").exists()


def test_each_refusal(project: Project) -> None:
    assert project.reasons("0.0.9")[0] == "0.1.0 was released, and 0.0.9 is not greater"
    for version in ("", "1.0", "1.0.0rc1", "v1.0.0", "01.0.0"):
        assert project.reasons(version)[0] == f"{version!r} is no version x.y.z"
    project.write("README.md", "# Changed\n")
    assert project.reasons() == ["1 files are not committed, as README.md"]
    project.git("checkout", "-q", ".")
    project.git("checkout", "-q", "-b", "work")
    assert project.reasons() == ["work is checked out, and releases are made from main"]
    project.git("checkout", "-q", "main")
    project.git("remote", "set-url", "origin", "../nowhere.git")
    assert project.reasons() == ["origin does not say what its main is"]
    project.git("branch", "--unset-upstream")
    assert project.reasons() == ["there is no remote that main follows"]


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        (FILES["CHANGELOG.md"].replace(TODAY, "2026-01-02"), "its section 0.2.0 in CHANGELOG.md is not of today"),
        (FILES["CHANGELOG.md"].replace("- Something new.", ""), "its section 0.2.0 in CHANGELOG.md is empty"),
        (
            FILES["CHANGELOG.md"].replace("Unreleased\n", "Unreleased\n\n- More.\n"),
            "CHANGELOG.md has changes that are still unreleased",
        ),
        ("# Changelog\n\n## Unreleased\n", "CHANGELOG.md has no section 0.2.0"),
    ],
)
def test_what_the_changelog_must_say(project: Project, changelog: str, why: str) -> None:
    project.write("CHANGELOG.md", changelog)
    project.commit("changelog")
    project.git("push", "-q")
    assert project.reasons() == [why]


def test_a_failing_check_or_build_makes_no_tag(project: Project) -> None:
    project.write("broken", "")
    project.commit("broken")
    project.git("push", "-q")
    assert project.reasons() == ["`make check` fails"]
    project.git("rm", "-q", "broken", "LICENSE")
    project.commit("no licence")
    project.git("push", "-q")
    assert "LICENSE" in project.reasons()[0]
    assert project.tags == ["v0.1.0"] and not (project.path / "dist").exists()


def test_an_index_that_does_not_answer_is_no_yes(project: Project) -> None:
    project.env = {key: value for key, value in project.env.items() if key != "PIP_NO_INDEX"}
    project.env |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_TIMEOUT": "2"}
    assert "the index does not say whose holdfast is" in project.reasons()[0]


def test_a_release_that_is_killed_leaves_no_tag_without_its_files(project: Project) -> None:
    def killed(seconds: float) -> None:
        process = subprocess.Popen(
            [sys.executable, str(TOOLS / "release.py"), "0.2.0"], cwd=project.path, env=project.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(seconds)
        os.killpg(process.pid, 9)
        process.wait(timeout=20)

    project.write("slow", "")
    killed(2)
    assert project.tags == ["v0.1.0"]
    (project.path / "slow").unlink()
    for seconds in (0.8, 1.6, 2.4):
        killed(seconds)
        built = list((project.path / "dist").glob("*")) if (project.path / "dist").exists() else []
        assert "v0.2.0" not in project.tags or len(built) == 2
    if "v0.2.0" not in project.tags:
        assert project.release().code == 0, "what was killed can be done again"
