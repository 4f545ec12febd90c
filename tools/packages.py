"""Install what `make dist` built as people do, each time in a clean place, and use it there.

On each supported Python that is here: lowest and latest dependencies, without extras and with all of them, from the wheel
and from the sdist. Then `uv tool install`, `pipx install`, and `uvx` and `pipx run`, from which hooks must not be written.
uv and pipx are installed below `.packages`, which git ignores. On the public index the name holdfast belongs to another
project: the tools get `--no-index` and a folder of ours.
"""

from __future__ import annotations

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dist import ROOT, metadata

TOOLS = ROOT / ".packages"
SUPPORTED = ("3.11", "3.12", "3.13")
PLAN = "# Plan #1: First\n\n**Status:** {}\n**Priority:** Medium\n\n## Plan\n\nDo it.\n"
CLAIMS = "claims:\n  - cc_id: plan-1-first\n    task: First\n    plan: 1\n    claimed_at: 2026-01-01T00:00:00Z\n"


class Failed(Exception):
    """A step of an installation did not do what it should; the text has the command and what it said."""


def main() -> int:
    """1 where an installation fails, or a Python is missing that must be there (`--all-pythons`)."""
    parser = argparse.ArgumentParser(prog="tools/packages.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="only installations with that in their name")
    parser.add_argument("--all-pythons", action="store_true", help="a supported Python that is not here is a failure")
    arguments = parser.parse_args()
    wheel, sdist = (next((ROOT / "dist").glob(pattern)) for pattern in ("*.whl", "*.tar.gz"))
    pythons = {version: found for version in SUPPORTED if (found := python(version))}
    failed = [f"Python {version} is not here" for version in SUPPORTED if version not in pythons]
    for text in failed:
        print(f"missing  {text}", flush=True)
    failed = failed if arguments.all_pythons else []
    tools()
    # Beside this folder and not below /tmp: what is installed there is taken for something that will vanish.
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="home-") as folder:
        place = Place(Path(folder))
        for name, step in steps(place, pythons, wheel, sdist):
            if arguments.only not in name:
                continue
            try:
                step()
            except Failed as error:
                failed.append(name)
                print(f"FAILED   {name}\n{error}", flush=True)
            else:
                print(f"ok       {name}", flush=True)
    return 1 if failed else 0


def python(version: str) -> str | None:
    """A Python of that version that runs: on PATH, or among those of pyenv, whose shims may be there and not run."""
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    candidates = [shutil.which(f"python{version}"), *sorted(glob.glob(f"{root}/versions/{version}.*/bin/python"))]
    question = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for one in filter(None, candidates):
        done = subprocess.run([one, "-c", question], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return one
    return None


def tools() -> None:
    """uv and pipx, installed once."""
    if not (TOOLS / "bin/uv").exists() or not (TOOLS / "bin/pipx").exists():
        run([sys.executable, "-m", "venv", TOOLS], ROOT, dict(os.environ))
        run([TOOLS / "bin/python", "-m", "pip", "install", "--quiet", "uv", "pipx"], ROOT, dict(os.environ))


def run(command: Sequence[object], cwd: Path, env: dict[str, str], ok: int = 0) -> str:
    """What a command says; `Failed` unless it ends with `ok`."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600
    )
    said = done.stdout + done.stderr
    if done.returncode != ok:
        raise Failed(f"         `{' '.join(words)}` ended with {done.returncode}:\n{said[-2000:]}")
    return said


class Place:
    """A home of its own, below which everything is installed."""

    def __init__(self, home: Path) -> None:
        self.home, self.count = home, 0
        mine = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in mine and not key.startswith(("GIT_", "HOLDFAST_"))
        }
        self.env = {
            **kept, "HOME": str(home), "PATH": f"{home}/.local/bin:{TOOLS}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "NO_COLOR": "1",
        }  # fmt: skip
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "PIPX_HOME", "UV_CACHE_DIR", "UV_TOOL_DIR"):
            self.env.pop(name, None)

    def run(self, *command: object, cwd: Path | None = None, ok: int = 0, **more: str) -> str:
        return run(command, cwd or self.home, {**self.env, **more}, ok)

    def repository(self) -> Path:
        """A repository with one plan."""
        self.count += 1
        path = self.home / f"repository-{self.count}"
        (path / "docs/plans").mkdir(parents=True)
        (path / "docs/plans/01_first.md").write_text(PLAN.format("Planned"))
        self.run("git", "init", "-q", "-b", "main", path)
        return path

    def wheelhouse(self, python: str, wheel: Path) -> Path:
        """A folder with our wheel and those that it needs on that Python, all extras too."""
        folder = self.home / "wheels"
        extras = ",".join(metadata(wheel).get_all("Provides-Extra") or [])
        self.run(
            python, "-m", "pip", "download", "-q", "-d", folder, f"{wheel}[{extras}]", "pip"
        )  # which pipx asks for
        return folder


def steps(place: Place, pythons: dict[str, str], wheel: Path, sdist: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every installation by its name, with what carries it out."""
    extras = ",".join(metadata(wheel).get_all("Provides-Extra") or [])
    for version, one in pythons.items():
        for how in ("lowest-direct", "highest"):
            for with_extras in ("", extras):
                name = f"Python {version}, {how}, {with_extras or 'no extras'}, wheel"
                yield name, lambda p=one, h=how, e=with_extras: environment(place, p, wheel, h, e)
        yield f"Python {version}, highest, sdist", lambda p=one: environment(place, p, sdist, "highest", "")
        yield f"Python {version}, pip", lambda p=one: by_pip(place, p, wheel)
    for version, one in list(pythons.items())[-1:]:
        yield f"Python {version}, uv tool install", lambda p=one: by_uv(place, p, wheel)
        yield f"Python {version}, pipx install", lambda p=one: by_pipx(place, p, wheel)


def environment(place: Place, python: str, file: Path, how: str, extras: str) -> None:
    """A clean environment that uv made and filled: used, and left as it was."""
    folder = place.home / "environment"
    place.run("uv", "venv", "-q", "--clear", "--python", python, "--no-managed-python", folder)
    wanted = f"holdfast[{extras}] @ {file.as_uri()}" if extras else f"holdfast @ {file.as_uri()}"
    more = {"VIRTUAL_ENV": str(folder)}
    place.run("uv", "pip", "install", "-q", "--resolution", how, wanted, **more)
    used(place, folder / "bin", folder / "bin/python")
    place.run("uv", "pip", "uninstall", "-q", "holdfast", **more)
    gone(folder)


def by_pip(place: Place, python: str, wheel: Path) -> None:
    """The same with what each Python brings along."""
    folder = place.home / "environment"
    shutil.rmtree(folder, ignore_errors=True)
    place.run(python, "-m", "venv", folder)
    place.run(folder / "bin/pip", "install", "-q", wheel)
    used(place, folder / "bin", folder / "bin/python")
    place.run(folder / "bin/pip", "uninstall", "-q", "-y", "holdfast")
    gone(folder)


def by_uv(place: Place, python: str, wheel: Path) -> None:
    """`uv tool install holdfast`, and `uvx`, which hooks must not rest on."""
    index = ("--no-index", "--find-links", place.wheelhouse(python, wheel), "--python", python, "--no-managed-python")
    vanishes(place, "uvx", *index, "holdfast")  # first: once it is installed, uvx takes that
    place.run("uv", "tool", "install", "-q", *index, "holdfast")
    lasts(place, place.home / ".local/share/uv/tools/holdfast/bin/python")
    place.run("uv", "tool", "uninstall", "-q", "holdfast")


def by_pipx(place: Place, python: str, wheel: Path) -> None:
    """`pipx install holdfast`, and `pipx run`."""
    pip = f"--no-index --find-links {place.wheelhouse(python, wheel)}"
    vanishes(place, "pipx", "run", "--backend", "pip", "--python", python, "--pip-args", pip, "holdfast")
    place.run("pipx", "install", "--backend", "pip", "--python", python, "--pip-args", pip, "holdfast")
    venvs = place.run("pipx", "environment", "--value", "PIPX_LOCAL_VENVS").strip()
    lasts(place, Path(venvs) / "holdfast/bin/python")
    place.run("pipx", "uninstall", "holdfast")


def lasts(place: Place, python: Path) -> None:
    """The command on PATH adopts a repository, and its hooks start the Python of the tool's own environment."""
    path = used(place, place.home / ".local/bin", None)
    hook = (path / ".git/hooks/pre-commit").read_text()
    if str(python) not in hook:
        raise Failed(f"         the hook does not start {python}:\n{hook}")


def vanishes(place: Place, *runner: object) -> None:
    """What a runner brings for one run works, and writes no hooks."""
    path = place.repository()
    place.run(*runner, "version", cwd=path)
    said = place.run(*runner, "init", "--yes", cwd=path, ok=1)
    if "will vanish" not in said or "uv tool install" not in said or (path / "holdfast.toml").exists():
        raise Failed(f"         hooks of a Python that vanishes were not refused:\n{said}")


def used(place: Place, programs: Path, python: Path | None) -> Path:
    """The commands answer; a repository adopts Holdfast, and its hooks let pass and refuse; gives that repository."""
    command = programs / "holdfast"
    version = metadata(next((ROOT / "dist").glob("*.whl")))["Version"]
    spoken = [place.run(command, "version"), place.run(command, "--version")]
    spoken += [place.run(python, "-m", "holdfast", "version")] if python else []
    if any(f"holdfast {version} " not in one for one in spoken):
        raise Failed(f"         this is not holdfast {version}: {spoken}")
    path = place.repository()
    place.run(command, "init", "--yes", cwd=path)
    place.run("git", "add", "-A", cwd=path)
    place.run("git", "commit", "-qm", "Adopt", cwd=path)
    place.run(command, "check", cwd=path)
    (path / "docs/plans/01_first.md").write_text(PLAN.format("Complete"))
    if "evidence-missing" not in place.run("git", "commit", "-qam", "Done", cwd=path, ok=1):
        raise Failed("         the hook does not refuse a plan that is complete without evidence")
    place.run("git", "checkout", "-q", ".", cwd=path)
    (path / ".claude").mkdir()
    (path / ".claude/active-work.yaml").write_text(CLAIMS)
    if "plan-1-first" not in place.run(command, "migrate", "--dry-run", "--json", cwd=path):  # which reads YAML
        raise Failed("         the claims file was not read")
    place.run(command, "status", cwd=path, FORCE_COLOR="1")  # by rich, where it is here
    for shell in ("bash", "zsh", "fish"):
        place.run(command, "completion", shell)
    place.run(command, "schema", "check")
    return path


def gone(folder: Path) -> None:
    """Nothing of Holdfast is left in an environment."""
    left = [str(one) for one in folder.rglob("*holdfast*")]
    if left:
        raise Failed(f"         left behind: {left}")


if __name__ == "__main__":
    sys.exit(main())
