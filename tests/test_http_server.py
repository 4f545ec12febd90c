"""The races' git server over HTTP: what real git does through it, and how it misbehaves when a test wants that."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from conftest import Ran, Repo
from http_server import serve

PUSH = "/remote.git/git-receive-pack"


@pytest.fixture
def remote(repo: Repo, tmp_path: Path) -> Path:
    """A bare repository that knows the one commit of `repo`; gives the folder in which it lies."""
    root = tmp_path / "served"
    root.mkdir()
    repo.write("README.md", "# A project\n")
    repo.commit("Begin")
    repo.git("clone", "-q", "--bare", ".", str(root / "remote.git"))
    return root


def push(repo: Repo, url: str, *options: str, env: dict[str, str] | None = None) -> Ran:
    """Push one more commit as branch `next`."""
    repo.write("more.txt", str(time.monotonic_ns()))
    repo.commit("More")
    return repo.try_git(*options, "push", "-q", f"{url}/remote.git", "HEAD:refs/heads/next", env=env)


def landed(repo: Repo, remote: Path) -> bool:
    seen = repo.git("ls-remote", str(remote / "remote.git"), "refs/heads/next")
    return seen.startswith(repo.git("rev-parse", "HEAD").strip())


def test_clone_push_and_fetch(repo: Repo, remote: Path, tmp_path: Path) -> None:
    with serve(remote) as url:
        assert push(repo, url).code == 0
        repo.git("clone", "-q", f"{url}/remote.git", str(tmp_path / "clone"))
        assert push(repo, url).code == 0
        repo.git("-C", str(tmp_path / "clone"), "fetch", "-q")
        there = repo.git("-C", str(tmp_path / "clone"), "rev-parse", "origin/next")
    assert there == repo.git("rev-parse", "HEAD") and landed(repo, remote)


def test_atomic_push_leases_what_it_saw(repo: Repo, remote: Path) -> None:
    with serve(remote) as url:
        assert push(repo, url).code == 0
        repo.git("commit", "-q", "--allow-empty", "-m", "Another")
        target, absent = f"{url}/remote.git", "--force-with-lease=refs/heads/next:"
        ran = repo.try_git("push", "--atomic", absent, target, "HEAD:refs/heads/next", "HEAD:refs/heads/other")
        assert ran.code == 1 and "stale info" in ran.err, ran
        assert "other" not in repo.git("ls-remote", target)


def test_a_body_in_chunks_and_a_compressed_one(repo: Repo, remote: Path, tmp_path: Path) -> None:
    repo.write("large.bin", os.urandom(300_000))
    for at in range(200):
        repo.git("update-ref", f"refs/tags/a-rather-long-name-of-a-tag-{at}", "HEAD")
    with serve(remote) as url:
        # More than http.postBuffer goes in chunks; a fetch that names many refs is compressed.
        assert push(repo, url, "-c", "http.postBuffer=1000").code == 0
        repo.git("push", "-q", "--tags", f"{url}/remote.git")
        repo.git("clone", "-q", "-c", "protocol.version=0", f"{url}/remote.git", str(tmp_path / "clone"))
    assert landed(repo, remote)
    assert (tmp_path / "clone/.git").is_dir() and "tag-199" in repo.git("-C", str(tmp_path / "clone"), "tag")


def test_a_compressed_body_by_hand(repo: Repo, remote: Path) -> None:
    import gzip

    head = repo.git("rev-parse", "HEAD").strip()
    wants = f"0032want {head}\n00000009done\n".encode()
    kind = "application/x-git-upload-pack-request"
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    with serve(remote) as url:
        asked = Request(f"{url}/remote.git/git-upload-pack", gzip.compress(wants), headers)
        with urlopen(asked, timeout=20) as answer:
            assert b"PACK" in answer.read()


def test_user_and_password(repo: Repo, remote: Path) -> None:
    with serve(remote, user="ada", password="secret") as url:
        assert push(repo, url).code == 128
        assert push(repo, url.replace("//", "//ada:wrong@")).code == 128
        assert not landed(repo, remote)
        assert push(repo, url.replace("//", "//ada:secret@")).code == 0
    assert landed(repo, remote)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_refused_with_a_status(repo: Repo, remote: Path, status: int) -> None:
    asked: list[str] = []

    def refuse(method: str, path: str) -> int | None:
        asked.append(f"{method} {path}")
        return status if path == PUSH else None

    with serve(remote, refuse=refuse) as url:
        ran = push(repo, url)
    assert ran.code != 0 and not landed(repo, remote)
    assert asked[-1] == f"POST {PUSH}" and len(asked) == 2


def test_stalled_for_ever_ends_with_the_server(repo: Repo, remote: Path) -> None:
    arrived, ran = threading.Event(), list[Ran]()

    def stall(method: str, path: str) -> float:
        arrived.set()
        return 600

    with serve(remote, stall=stall) as url:
        pushing = threading.Thread(target=lambda: ran.append(push(repo, url)))
        pushing.start()
        assert arrived.wait(20)
        pushing.join(0.2)
        assert pushing.is_alive()
    pushing.join(20)
    assert ran[0].code != 0 and not landed(repo, remote)


@pytest.mark.parametrize(("lost", "expected"), [(lambda path: path == PUSH, True), (lambda path: True, False)])
def test_an_answer_that_is_lost(repo: Repo, remote: Path, lost: Callable[[str], bool], expected: bool) -> None:
    """The worst case of a push: it landed, and its sender hears nothing."""
    with serve(remote, lose=lambda method, path: lost(path)) as url:
        assert push(repo, url).code != 0
    assert landed(repo, remote) is expected


def test_what_is_not_there(repo: Repo, remote: Path) -> None:
    with serve(remote) as url:
        assert repo.try_git("ls-remote", f"{url}/other.git").code == 128
