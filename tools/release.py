"""Make a release: everything that speaks against it at once, or the checks, the files in `dist/` and, at last, the tag.

`make release VERSION=x.y.z`. It uploads and pushes nothing: it prints the commands. The tag is the last thing that is made,
so that there is none without the files it stands for. With `--dry-run` nothing is made.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import dist

# The form without pre-releases and builds; semver.org, item 2.
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
NAME = "holdfast"
CARRIERS = {"package.json": "version", ".claude-plugin/plugin.json": "version"}
"""Files that carry the version beside the package, wherever they are in the repository, with the key it has there."""


class Blocker(NamedTuple):
    """What is refused, why, and the exact next command."""

    what: str
    why: str
    next: str

    def __str__(self) -> str:
        return f"refused: {self.what}\n   why:  {self.why}\n   next: {self.next}"


def main() -> int:
    """0 when the tag was made, or could be with `--dry-run`; 1 when it was refused."""
    parser = argparse.ArgumentParser(
        prog="make release", description="Check, build and tag a version; uploads nothing."
    )
    parser.add_argument("version", nargs="?", default="", help="x.y.z")
    parser.add_argument("--dry-run", action="store_true", help="say what speaks against it, make nothing")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    root: Path = arguments.root.resolve()
    refused = blockers(root, arguments.version)
    if refused:
        print("\n\n".join(map(str, refused)))
        return 1
    if arguments.dry_run:
        print(f"nothing speaks against {arguments.version}; next: `make check`, dist/, the tag v{arguments.version}")
        return 0
    return release(root, arguments.version)


def release(root: Path, version: str) -> int:
    """Check, build, look once more, tag; 1 where one of them refuses."""
    what, head = f"release {version}", git(root, "rev-parse", "HEAD")
    if subprocess.run(["make", "check"], cwd=root, check=False).returncode != 0:
        print(Blocker(what, "`make check` fails", "mend what it says, then run `make release` again"))
        return 1
    try:
        files = dist.made(root, root / "dist")
    except dist.NotSound as error:
        print(Blocker(what, str(error), "run `make dist`"))
        return 1
    refused = blockers(root, version)  # the checks took minutes
    if not refused and git(root, "rev-parse", "HEAD") != head:
        refused = [Blocker(what, "HEAD has moved while it was checked", f"run `make release VERSION={version}` again")]
    if refused:
        print("\n\n".join(map(str, refused)))
        return 1
    text = f"Holdfast {version}\n\n{section(root, version)}"
    tag = ["git", "tag", "--annotate", "--cleanup=whitespace", f"v{version}", "--message", text, head]
    tagged = subprocess.run(tag, cwd=root, capture_output=True, text=True, check=False)
    if tagged.returncode != 0:
        why = (tagged.stderr.strip().splitlines() or ["git tag failed"])[-1]
        print(Blocker(what, f"git could not tag it: {why}", "do what git says, then run `make release` again"))
        return 1
    names = " ".join(str(one.relative_to(root)) for one in files)
    print(f"v{version} is tagged in this clone; nothing was pushed or uploaded. Next:")
    print(f"  git push --atomic {remote(root)} main v{version}")
    print(f"  python -m twine upload {names}")
    return 0


def blockers(root: Path, version: str) -> list[Blocker]:
    """Everything that speaks against it, without running a check."""
    what = f"release {version or 'without a version'}"
    looks = (
        _version(root, version),
        _tree(root),
        _branch(root),
        _carriers(root, version),
        _changelog(root, version),
        _name(root),
    )
    return [Blocker(what, why, command) for look in looks for why, command in look]


def _version(root: Path, version: str) -> Iterator[tuple[str, str]]:
    if not VERSION.fullmatch(version):
        yield f"{version!r} is no version x.y.z", "run `make release VERSION=x.y.z`"
        return
    tags = git(root, "tag", "--list", "v*").split()
    if f"v{version}" in tags:
        yield f"the tag v{version} exists", "take the next version: a release is never made anew"
    last = max((number(tag[1:]) for tag in tags if VERSION.fullmatch(tag[1:])), default=None)
    if last is not None and number(version) <= last and f"v{version}" not in tags:
        yield f"{'.'.join(map(str, last))} was released, and {version} is not greater", "take a greater version"


def _tree(root: Path) -> Iterator[tuple[str, str]]:
    changed = git(root, "status", "--porcelain", "--untracked-files=all").splitlines()
    if changed:
        yield (
            f"{len(changed)} files are not committed, as {changed[0][3:]}",
            "run `git status`, then commit or move them",
        )


def _branch(root: Path) -> Iterator[tuple[str, str]]:
    branch = git(root, "symbolic-ref", "--quiet", "--short", "HEAD", ok=False)
    if branch != "main":
        yield f"{branch or 'a detached HEAD'} is checked out, and releases are made from main", "run `git switch main`"
        return
    name = remote(root)
    if not name:
        yield "there is no remote that main follows", "run `git push --set-upstream origin main`"
        return
    there = git(root, "ls-remote", name, "refs/heads/main", ok=False).partition("\t")[0]
    if not there:
        yield f"{name} does not say what its main is", f"run `git ls-remote {name} refs/heads/main`"
    elif there != git(root, "rev-parse", "HEAD"):
        yield f"main is not what {name} has", f"run `git pull --ff-only {name} main`, or `git push {name} main`"


def _carriers(root: Path, version: str) -> Iterator[tuple[str, str]]:
    """The places that carry the version."""
    where = "src/holdfast/__init__.py"
    found = re.search(r'^__version__ = "(.*)"$', (root / where).read_text("utf-8"), re.M)
    if not found or found[1] != version:
        yield (
            f"{where} says {found[1] if found else 'no version'}",
            f"set `__version__` there to {version}, and commit it",
        )
    for name in git(root, "ls-files").splitlines():
        for end, key in CARRIERS.items():
            if name == end or name.endswith("/" + end):
                said = json.loads((root / name).read_text("utf-8")).get(key)
                if said is not None and said != version:
                    yield f"{name} says {said}", f"set its version to {version}, and commit it"


def _changelog(root: Path, version: str) -> Iterator[tuple[str, str]]:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = (root / "CHANGELOG.md").read_text("utf-8")
    heading = re.search(rf"^## {re.escape(version)}\b(.*)$", text, re.M)
    if not heading:
        yield f"CHANGELOG.md has no section {version}", f"name its section `## {version} ({today})`, and commit it"
    elif today not in heading[1]:
        yield (
            f"its section {version} in CHANGELOG.md is not of today",
            f"name it `## {version} ({today})`, and commit it",
        )
    elif not section(root, version):
        yield f"its section {version} in CHANGELOG.md is empty", "write what has changed, and commit it"
    waiting = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if waiting and waiting[1].strip() and heading:
        yield "CHANGELOG.md has changes that are still unreleased", f"move them to {version}, and commit it"


def section(root: Path, version: str) -> str:
    """What CHANGELOG.md says of a version, without its heading."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1].strip() if found else ""


def _name(root: Path) -> Iterator[tuple[str, str]]:
    """Whether the name on the index that pip asks is ours: our users would be given somebody else's project.

    The newest release there is fetched and its summary compared with ours: whoever holds a name writes what stands there.
    Where the index does not answer, or has what is built only when it is installed, that is no yes.
    """
    said, theirs = _newest()
    if theirs is None:
        # Without an answer pip says the same as of a name that nobody has; only what it fetched tells them apart.
        unfetched = [
            shown(line) for line in said.splitlines() if "Could not fetch URL" in line and ": 404 " not in line
        ]
        if unfetched or "from versions: none" not in said or "Ignored the following" in said or "Available" in said:
            last = (unfetched or said.strip().splitlines() or ["nothing"])[-1].strip()
            yield f"the index does not say whose {NAME} is ({last})", f"run `pip download --no-deps {NAME}`"
    elif theirs["Summary"] != _summary(root):
        version, about = (shown(str(theirs[key])) for key in ("Version", "Summary"))
        yield (
            f"on the index {NAME} is another project ({version}: {about})",
            "take a name that is free or ours, in pyproject.toml and tools/release.py; ask the founders",
        )


def _newest() -> tuple[str, Message | None]:
    """What pip says, and the fields of the newest wheel of that name; nothing of it is run or installed."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        any_python = ["--only-binary", ":all:", "--python-version", "3.99"]  # theirs may not be for this one
        said = _said([*pip, "download", "-vv", "--no-deps", "--dest", folder, *any_python, NAME])
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is not None:
            return said, dist.metadata(wheel)
    return said + _said([*pip, "index", "versions", NAME]), None


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _summary(root: Path) -> str:
    described: str = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["description"]
    return described


def shown(text: str) -> str:
    """Text of a stranger that is safe on a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def number(version: str) -> tuple[int, ...]:
    """A version as something that can be compared."""
    return tuple(map(int, version.split(".")))


def remote(root: Path) -> str:
    """The remote that main follows; empty where there is none."""
    return git(root, "config", "branch.main.remote", ok=False)


def git(root: Path, *arguments: str, ok: bool = True) -> str:
    """What git says; with `ok` it must succeed, else that is empty."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=ok)
    return done.stdout.strip("\n") if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
