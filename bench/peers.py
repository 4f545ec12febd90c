"""The tools that stand beside Holdfast, installed below bench/.peers and nowhere else."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".peers")
_PYTHON = os.path.join(_FOLDER, "python")
_NPM = os.path.join(_FOLDER, "npm")
_PATIENCE = 300

_PYTHON_TOOLS = {"prek": ("prek",), "pre-commit": ("pre-commit",), "cw": ("claude-worktree", "click")}
"""The command of each tool in Python and what is installed for it: claude-worktree imports click and does not say so."""

NO_OP_CONFIGURATION = b"""\
repos:
  - repo: local
    hooks:
      - id: nothing
        name: nothing
        entry: "true"
        language: system
        always_run: true
        pass_filenames: false
"""
"""A configuration for prek and pre-commit with one hook that does nothing."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The command of each peer, None where it could not be installed, and what is missing."""

    prek: str | None
    pre_commit: str | None
    backlog: str | None
    backlog_program: str | None
    worktree: str | None
    versions: dict[str, str]
    missing: tuple[str, ...]


def install() -> Peers:
    """Install what is not there yet; what cannot be installed is reported and left out."""
    missing: list[str] = []
    _install_python_tools(missing)
    _install_backlog(missing)
    prek = _present(os.path.join(_PYTHON, "bin", "prek"))
    pre_commit = _present(os.path.join(_PYTHON, "bin", "pre-commit"))
    backlog = _present(os.path.join(_NPM, "node_modules", ".bin", "backlog"))
    worktree = _present(os.path.join(_PYTHON, "bin", "cw"))
    commands = {"prek": prek, "pre-commit": pre_commit, "Backlog.md": backlog, "claude-worktree": worktree}
    missing += [f"{name} is not available" for name, command in commands.items() if command is None]
    versions = {name: _version(command) for name, command in commands.items() if command is not None}
    return Peers(prek, pre_commit, backlog, _backlog_program(), worktree, versions, tuple(missing))


def _install_python_tools(missing: list[str]) -> None:
    wanted = [name for name in _PYTHON_TOOLS if not os.path.exists(os.path.join(_PYTHON, "bin", name))]
    python = os.path.join(_PYTHON, "bin", "python")
    if wanted and not os.path.exists(python):
        _attempt([sys.executable, "-m", "venv", _PYTHON], missing)
    for name in wanted:
        packages = _PYTHON_TOOLS[name]
        _attempt([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], missing)


def _install_backlog(missing: list[str]) -> None:
    if os.path.exists(os.path.join(_NPM, "node_modules", ".bin", "backlog")):
        return
    npm = shutil.which("npm")
    if npm is None:
        missing.append("npm was not found")
        return
    _attempt([npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", _NPM, "backlog.md"], missing)


def _attempt(command: Sequence[str], missing: list[str]) -> None:
    what = f"`{os.path.basename(command[0])} {' '.join(command[1:3])} ... {command[-1].rpartition('/')[2]}`"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        missing.append(f"{what} failed: {type(error).__name__}")
        return
    if done.returncode != 0:
        missing.append(f"{what} ended with {done.returncode}")


def _backlog_program() -> str | None:
    """The compiled program that the `backlog` command starts."""
    found = glob.glob(os.path.join(_NPM, "node_modules", "backlog.md-*", "backlog"))
    return found[0] if len(found) == 1 else None


def _present(path: str) -> str | None:
    return path if os.access(path, os.X_OK) else None


def _version(command: str) -> str:
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.split() or ["unknown"])[-1]
