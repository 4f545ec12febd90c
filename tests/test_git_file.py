"""A file that git writes too is replaced through git's own lock, and a lock that was left is told from one that is held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from holdfast.adapters import files, git_file, merging
from holdfast.adapters.files import NEW, State
from holdfast.adapters.git import Git

BEFORE, AFTER = b"[core]\n", b"[core]\n[merge]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_bytes(BEFORE)
    path.chmod(0o640)
    return path


def replaced(path: Path) -> bool:
    return git_file.replace(str(path), State(BEFORE), AFTER)


def beside(path: Path) -> list[str]:
    return sorted(name for name in os.listdir(path.parent) if name != path.name)


def test_it_is_replaced_with_its_mode_and_nothing_stays(config: Path) -> None:
    assert replaced(config)
    assert (config.read_bytes(), config.stat().st_mode & 0o777, beside(config)) == (AFTER, 0o640, [])


def test_what_has_changed_meanwhile_stays(config: Path) -> None:
    config.write_bytes(b"[mine]\n")
    assert not replaced(config)
    assert (config.read_bytes(), beside(config)) == (b"[mine]\n", [])


def test_a_lock_of_git_is_waited_for(config: Path) -> None:
    lock = Path(f"{config}.lock")
    lock.write_bytes(b"git writes")
    threading.Timer(0.3, lock.unlink).start()
    assert replaced(config) and config.read_bytes() == AFTER


def test_a_lock_that_stays_is_refused_and_is_not_ours_to_take(config: Path) -> None:
    lock = Path(f"{config}.lock")
    lock.write_bytes(b"git writes")
    with pytest.raises(git_file.Locked) as refused:
        replaced(config)
    assert f"rm -- {lock}" in refused.value.remedy
    assert (config.read_bytes(), lock.read_bytes(), beside(config)) == (BEFORE, b"git writes", ["config.lock"])


@pytest.mark.parametrize("linked", ["config.lock", "config", ""])
def test_what_a_killed_one_left_goes(config: Path, linked: str) -> None:
    """Killed behind the link, behind the rename, and before both."""
    left = Path(f"{config}{NEW}")
    left.write_bytes(BEFORE)
    if linked:
        config.with_name(linked).unlink(missing_ok=True)
        os.link(left, config.with_name(linked))
    git_file.clear(str(config))
    assert (config.read_bytes(), beside(config)) == (BEFORE, [])
    left.write_bytes(BEFORE)
    assert replaced(config) and (config.read_bytes(), beside(config)) == (AFTER, [])


def test_an_interruption_right_behind_the_link_leaves_no_lock(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def interrupted(source: str, target: str) -> None:
        real(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replaced(config)
    assert (config.read_bytes(), beside(config)) == (BEFORE, [])


def test_without_links_it_is_copied(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: str, target: str) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refused)
    assert replaced(config) and (config.read_bytes(), beside(config)) == (AFTER, [])
    assert not replaced(config) and (config.read_bytes(), beside(config)) == (AFTER, [])


def test_many_at_once_lose_nothing(config: Path) -> None:
    """Eight processes add a line each, beside git that adds its own; now and then one is killed."""
    config.write_bytes(b"")
    script = (
        "import sys\nfrom holdfast.adapters import files, git_file\n"
        "for at in range(20):\n    while True:\n        now = files.state(sys.argv[1])\n"
        "        line = f'[a \"{sys.argv[2]}-{at}\"]\\n'.encode()\n"
        "        try:\n            if git_file.replace(sys.argv[1], now, now.content + line):\n                break\n"
        "        except git_file.Locked:\n            pass\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(config), str(who)]) for who in range(4)]
    doomed = subprocess.Popen([sys.executable, "-c", script.replace("range(20)", "range(9999)"), str(config), "x"])
    for at in range(10):
        subprocess.run(["git", "config", "--file", str(config), f"git.at{at}", "1"], capture_output=True, check=False)
        time.sleep(0.03)
    os.kill(doomed.pid, signal.SIGKILL)
    doomed.wait()
    assert [one.wait() for one in running] == [0] * 4
    lines = files.read(str(config)) or b""
    assert all(f'[a "{who}-{at}"]\n'.encode() in lines for who in range(4) for at in range(20))
    git_file.clear(str(config))
    assert beside(config) == []


def test_many_at_once_prepare_the_same_merge(tmp_path: Path) -> None:
    """Who finishes in the same moment as others writes the attributes of the main branch, as they do."""
    git = Git(str(tmp_path), dict(os.environ))
    with ThreadPoolExecutor(8) as pool:
        for at in range(40):
            folder = tmp_path / "merging" / str(at)
            list(pool.map(lambda _, to=folder: merging.neutral(git, str(tmp_path), str(to), b"* text\n"), range(8)))
            assert os.listdir(folder) == [".gitattributes"] and (folder / ".gitattributes").read_bytes() == b"* text\n"
