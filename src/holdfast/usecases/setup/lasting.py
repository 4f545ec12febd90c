"""Whether the Python and the Holdfast that hooks will start stay where they are."""

from __future__ import annotations

import os
import tempfile

import holdfast
from holdfast.adapters import files, interpreter
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.setup.proposal import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.problem import Problem

OLDEST = (3, 11)

_INSTALL = (
    "`uv tool install PATH` or `pipx install PATH`, where PATH is a clone of Holdfast or its wheel (or install it in a "
    "virtual environment that stays), then `holdfast init`"
)
_UV_PARTS = ("archive-v0", "environments-v2")


class Runtime(NamedTuple):
    """What hooks start: the interpreter, and the file of Holdfast that it runs; absolute paths."""

    python: str
    entry: str


def runtime(python: str, environment: Mapping[str, str]) -> Runtime:
    """The interpreter `python` (a path, or a name on PATH) and this Holdfast's entry for git hooks.

    The interpreter's path is not resolved: a virtual environment's `python` is a symlink, and what stands
    behind it knows nothing of the environment.
    """
    if python and "/" not in python:
        import shutil

        python = shutil.which(python, path=environment.get("PATH")) or python
    return Runtime(os.path.abspath(python) if python else "", os.path.join(package(), "entrypoints", "git_hooks.py"))


def package() -> str:
    """The folder of this Holdfast's package."""
    return os.path.dirname(os.path.abspath(holdfast.__file__))


def blockers(chosen: Runtime, repository: str, environment: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a runtime for the repository at `repository`: it will vanish, or does not run."""
    found = []
    for what, path in (("the Python", chosen.python), ("the Holdfast", chosen.entry)):
        reason = vanishes(path, repository, environment)
        if reason:
            found.append(
                refuse(
                    "init-will-vanish",
                    what,
                    f"refused to write hooks that start {what} at {path}: it lies {reason}, so it will "
                    "vanish and every check with it",
                    _INSTALL,
                )
            )
    return found or _unusable(chosen.python, environment)


def vanishes(path: str, repository: str, environment: Mapping[str, str]) -> str:
    """Why `path` will not stay, as words that follow "it lies"; empty when it will.

    In a temporary folder it stays as long as a `repository` that lies in a temporary folder too.
    """
    forms = {path, os.path.realpath(path)}
    for form in forms:
        parts = form.split("/")
        if "uv" in parts and any(part in parts for part in _UV_PARTS):
            return "in the cache of uv, as `uvx` and `uv run` use it"
        for name, folder in _caches(environment):
            if _inside(form, folder):
                return f"in the cache of {name}"
    temporary = _temporary(environment)
    if any(_inside(form, folder) for form in forms for folder in temporary):
        here = {repository, os.path.realpath(repository)}
        if not any(_inside(form, folder) for form in here for folder in temporary):
            return "in a temporary folder"
    return ""


def _unusable(python: str, environment: Mapping[str, str]) -> list[Problem]:
    if not python or not files.executable(python):
        reason = f"there is no program at {python}" if python else "this Python does not know its own path"
    else:
        version = interpreter.version(python, environment)
        if version is None:
            reason = f"{python} does not run as a Python"
        elif version < OLDEST:
            reason = f"{python} is Python {version[0]}.{version[1]}"
        else:
            return []
    wanted = ".".join(map(str, OLDEST))
    message = f"refused to write hooks: {reason}, and they need Python {wanted} or later"
    return [refuse("init-python", "the Python", message, "holdfast init --python /path/to/python3")]


def _caches(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    home = environment.get("HOME") or os.path.expanduser("~")
    cache = environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    pipx = environment.get("PIPX_HOME")
    named = [
        ("uv", environment.get("UV_CACHE_DIR", "")),
        ("uv", os.path.join(cache, "uv")),
        ("uv", os.path.join(home, ".cache/uv")),
        ("uv", os.path.join(home, "Library/Caches/uv")),
        ("pipx", os.path.join(pipx, ".cache") if pipx else ""),
        ("pipx", os.path.join(cache, "pipx")),
        ("pipx", os.path.join(home, ".cache/pipx")),
        ("pipx", os.path.join(home, ".local/pipx/.cache")),
        ("pipx", os.path.join(home, ".local/share/pipx/.cache")),
        ("pipx", os.path.join(home, "Library/Caches/pipx")),
        ("pipx", os.path.join(home, "Library/Application Support/pipx/.cache")),
    ]
    return [(name, folder) for name, folder in named if folder]


def _temporary(environment: Mapping[str, str]) -> list[str]:
    named = [
        environment.get("TMPDIR", ""),
        tempfile.gettempdir(),
        "/tmp",  # noqa: S108 - looked at, not written to
        "/var/tmp",  # noqa: S108
        "/private/tmp",
        "/var/folders",
    ]
    return [folder for folder in named if folder and os.path.realpath(folder) != "/"]


def _inside(path: str, folder: str) -> bool:
    """Compare components: `/tmp` does not hold `/tmpfiles`; symlinks of the folder count both ways."""
    return any(path.startswith(form.rstrip("/") + "/") for form in (folder, os.path.realpath(folder)))
