"""What is shipped is what git holds, the same bytes each time, and works where nothing else is installed.

A small part of `make packages`, which installs it on each Python, with lowest and latest dependencies, by uv and by pipx.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conftest import Repo, plan_text, sealed

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import dist  # noqa: E402

NEEDED = (
    "py.typed", "completions/holdfast.bash", "completions/holdfast.zsh", "completions/holdfast.fish",
    "schemas/check.json", "templates/hooks/pre-commit", "templates/agent-hook", "entrypoints/git_hooks.py",
)  # fmt: skip


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """What git holds of this project, as it is in the working tree, in a repository of its own."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone: there is no git that could say what belongs here")
    folder = tmp_path_factory.mktemp("project")
    repo = Repo(folder / "holdfast", sealed(folder / "home"))
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (repo.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, repo.path / name)
    repo.git("init", "-q", "-b", "main")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "Everything")
    return repo


@pytest.fixture(scope="session")
def files(project: Repo) -> tuple[Path, Path]:
    """The sdist and the wheel: `made` refuses what is not sound."""
    return dist.made(project.path, project.path / "dist")


def test_sdist_and_wheel_are_what_git_holds(project: Repo, files: tuple[Path, Path]) -> None:
    sdist, wheel = files
    shutil.unpack_archive(sdist, project.path.parent / "sdist")
    shutil.unpack_archive(wheel, project.path.parent / "wheel", "zip")
    package = project.path.parent / "wheel/holdfast"
    assert all((package / name).is_file() for name in NEEDED)
    assert not list(package.rglob("test*")) and not list(package.rglob("*.pyc"))
    below = project.path.parent / "sdist" / sdist.name.removesuffix(".tar.gz")
    assert (below / "Makefile").is_file() and (below / "tests/conftest.py").is_file()
    fields = dist.metadata(wheel)
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert fields["Summary"] == described["description"]
    extras = set(described["optional-dependencies"])
    assert set(fields.get_all("Provides-Extra")) == extras
    # Git hooks and most of the command line need nothing; each of these is justified in CONTRIBUTING.md.
    wanted = {re.split(r"[<>=; ]", one)[0].casefold() for one in described["dependencies"]}
    assert wanted == {"pyyaml", "psutil"}
    text = (ROOT / "CONTRIBUTING.md").read_text().casefold()
    assert all(f"**{name}**" in text for name in wanted)


def test_what_is_amiss_is_named(project: Repo, files: tuple[Path, Path], tmp_path: Path) -> None:
    sdist, wheel = files
    (project.path / "src/holdfast/stray.py").write_text("")
    project.git("add", "src/holdfast/stray.py")
    try:
        assert dist.of_wheel(project.path, wheel) == [f"{wheel.name} lacks holdfast/stray.py"]
        assert dist.of_sdist(project.path, sdist) == [f"{sdist.name} lacks src/holdfast/stray.py"]
    finally:
        project.git("rm", "-qf", "src/holdfast/stray.py")
    project.git("rm", "-q", "--cached", "src/holdfast/py.typed", "tools/dist.py")
    try:
        assert dist.of_wheel(project.path, wheel) == [f"{wheel.name} holds holdfast/py.typed, which git does not"]
        said = dist.of_sdist(project.path, sdist)
        assert said[-1] == f"{sdist.name} holds tools/dist.py, which git does not" and len(said) == 2
    finally:
        project.git("add", "src/holdfast/py.typed", "tools/dist.py")
    broken = tmp_path / sdist.name
    broken.write_bytes(b"no archive")
    assert dist.of_metadata((broken,))


def test_it_works_where_nothing_else_is_installed(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Without one dependency: adopting, hooks, plans and completions."""
    env = sealed(tmp_path / "home")
    here = Repo(tmp_path, env)
    assert here.run(sys.executable, "-m", "venv", "--without-pip", "clean").code == 0
    python, command = (tmp_path / "clean/bin" / name for name in ("python", "holdfast"))
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    done = here.run(*pip, "install", "-q", "--no-index", "--no-deps", "--no-compile", str(files[1]))
    assert done.code == 0, done
    version = dist.metadata(files[1])["Version"]
    for words in ((str(command), "version"), (str(command), "--version"), (str(python), "-m", "holdfast", "version")):
        assert here.run(*words).out.startswith(f"holdfast {version} (Python "), words
    here.write("work/docs/plans/01_first.md", plan_text(1, "First"))
    work = Repo(tmp_path / "work", env)
    work.git("init", "-q", "-b", "main")
    for words in (("init", "--yes"), ("check",), ("plan", "list"), ("completion", "zsh"), ("schema", "check")):
        ran = work.run(str(command), *words)
        assert ran.code == 0, ran
    assert work.commit("Adopt").code == 0
    work.write("docs/plans/01_first.md", plan_text(1, "First", "✅ Complete"))
    refused = work.commit("Done")
    assert refused.code == 1 and "[evidence-missing]" in refused.err, refused
    assert here.run(*pip, "uninstall", "-q", "-y", "holdfast").code == 0
    assert not list((tmp_path / "clean").rglob("*holdfast*"))


def test_starting_imports_only_what_a_start_needs(adopted: Repo) -> None:
    """Within 10 ms of an empty script (`make bench` measures): no library, and nothing of Python that costs much."""
    ran = adopted.run(sys.executable, "-X", "importtime", "-m", "holdfast", "plan", "list")
    imported = {line.rpartition("|")[2].strip() for line in ran.err.splitlines() if line.startswith("import time:")}
    assert "holdfast.entrypoints.cli" in imported and ran.code == 0
    costly = {
        "yaml",
        "rich",
        "psutil",
        "dataclasses",
        "inspect",
        "asyncio",
        "logging",
        "tempfile",
        "http.client",
    }
    assert not costly & imported


def test_nobody_is_told_to_install_somebody_elses_project() -> None:
    """On the public index the name is another project's; whoever reads it would install that."""
    texts = [*(ROOT / "src").rglob("*"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    told = re.compile(r"\b(?:install|(?<!mcp )add|uvx|pipx run)\s+(?:-\S+\s+)*['\"]?holdfast\b(?!@)")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts
        if path.is_file() and path.suffix != ".pyc"
        for match in told.finditer(path.read_text("utf-8"))
    ]
    assert found == []
