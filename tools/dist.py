"""Build the sdist and, from it, the wheel; twice, to the same bytes; and hold what is in them against git."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_PACKED = (".gitignore",)
"""What git holds and the sdist need not."""


class NotSound(Exception):
    """What was built is not what it should be, or could not be built; the text says why, a line for each reason."""


def main() -> int:
    """Build into `dist/`; 1 where it is not sound."""
    try:
        for path in made(ROOT, ROOT / "dist"):
            print(path.relative_to(ROOT))
    except NotSound as error:
        print(f"refused: `make dist`\n   why:  {error}\n   next: mend that, then run `make dist` again")
        return 1
    return 0


def made(root: Path, into: Path) -> tuple[Path, Path]:
    """The sdist and the wheel of the project at `root`, sound, in the folder `into`; `NotSound` else."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = (built(root, Path(folder, name)) for name in ("first", "second"))
        differ = [one.name for one, other in zip(first, second, strict=True) if one.read_bytes() != other.read_bytes()]
        wrong = [f"{name} was built twice and differs" for name in differ]
        wrong += [*of_sdist(root, first[0]), *of_wheel(root, first[1]), *of_metadata(first)]
        if wrong:
            raise NotSound("\n         ".join(wrong))
        into.mkdir(exist_ok=True)
        for old in (*into.glob("*.whl"), *into.glob("*.tar.gz")):
            old.unlink()
        kept = [into / one.name for one in first]
        for one, where in zip(first, kept, strict=True):
            where.write_bytes(one.read_bytes())
    return kept[0], kept[1]


def built(root: Path, into: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from what is in the sdist alone."""
    date = _git(root, "log", "-1", "--format=%ct").strip()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": date}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(into), str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotSound((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
    return next(into.glob("*.tar.gz")), next(into.glob("*.whl"))


def of_sdist(root: Path, sdist: Path) -> list[str]:
    """Where the sdist is not what git holds."""
    with tarfile.open(sdist) as archive:
        held = {one.name.partition("/")[2] for one in archive if one.isfile()}
    tracked = {name for name in _tracked(root) if name.rpartition("/")[2] not in NOT_PACKED}
    return _differences(sdist, held - {"PKG-INFO", *NOT_PACKED, "bench/.gitignore"}, tracked)


def of_wheel(root: Path, wheel: Path) -> list[str]:
    """Where the wheel is not the package that git holds, with its licence and entry point."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    package = {name for name in names if ".dist-info/" not in name}
    tracked = {name.removeprefix("src/") for name in _tracked(root) if name.startswith("src/")}
    about = {name.partition(".dist-info/")[2] for name in names} - {""}
    wanted = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    lacks = [f"{wheel.name} lacks {name}" for name in sorted(wanted - about)]
    return lacks + _differences(wheel, package, tracked)


def of_metadata(files: tuple[Path, ...]) -> list[str]:
    """What an index would refuse, as twine checks it; and a version that is not the one of the package."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [line for line in done.stdout.splitlines() if line.strip()]


def metadata(wheel: Path) -> email.message.Message:
    """The fields of a wheel (core metadata, PEP 566)."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return email.message_from_string(archive.read(name).decode())


def _differences(file: Path, held: set[str], tracked: set[str]) -> list[str]:
    more = [f"{file.name} holds {name}, which git does not" for name in sorted(held - tracked)]
    return more + [f"{file.name} lacks {name}" for name in sorted(tracked - held)]


def _tracked(root: Path) -> set[str]:
    """What git's index holds, as far as it is in the working tree."""
    names = _git(root, "ls-files", "-z").split("\0")
    return {name for name in names if name and (root / name).is_file()}


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
