"""The cache is only a memory: answers with it, without it and with a broken one are the same."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from conftest import Ran, Repo, bound, plan_text

README = "docs/plans/README.md"
ASKED = (
    ("plan", "list", "--json"),
    ("check", "--json"),
    ("check", "--staged", "--json"),
    ("check", "--rev", "HEAD", "--json"),
    ("index", "--stdout"),
    ("config",),
)


def clean(ran: Ran) -> Ran:
    assert "Traceback" not in ran.err and "bug in Holdfast" not in ran.err, ran
    return ran


def answers(repo: Repo, asked: tuple[tuple[str, ...], ...] = ASKED) -> list[tuple[int, str, str]]:
    return [(ran.code, ran.out, ran.err) for ran in (clean(repo.holdfast(*command)) for command in asked)]


def cache_of(repo: Repo) -> Path:
    return repo.path / ".git/holdfast/cache"


def entry(body: bytes, name: str = "x") -> bytes:
    """A whole entry, as the cache writes it under that name."""
    return b"holdfast cache 2\n" + zlib.crc32(body, zlib.crc32(name.encode())).to_bytes(4, "big") + body


def warm(repo: Repo) -> None:
    """Fill the cache with all kinds of entries: configuration, tables, history."""
    repo.write("docs/plans/03_third.md", plan_text(3, "Third", blocked_by="#1", body="## Plan\n\nAs [Plan #9] says.\n"))
    repo.git("add", "-A")
    clean(repo.holdfast("check", "--staged"))
    clean(repo.holdfast("check"))
    assert {name.split("-")[0] for name in os.listdir(cache_of(repo))} >= {"config", "history", "latest"}


BODIES = {
    "empty": b"",
    "garbage": bytes(range(256)) * 8,
    "torn": entry(b"x" * 100)[:60],
    "of another version": entry(b"x").replace(b"cache 2", b"cache 1"),
    "a wrong sum": entry(b"x")[:-1] + b"y",
}
FORGED = {
    "garbage": bytes(range(256)) * 8,
    "a line": b"1\n",
    "tabs": b"\t\t\t\n\t\t\n" * 50,
    "JSON": b'[[1, 2, 3], {"a": []}]',
    "nested": b"(" * 5_000 + b")" * 5_000,
    "code": b"__import__('os').system('touch pwned')",
    "a path": b"../../../../../etc/passwd\0",
}
"""Whole entries with the right sum and name, whose content is none of ours."""


def test_entries_that_are_not_ours_are_ignored(adopted: Repo) -> None:
    warm(adopted)
    right = answers(adopted)
    for what in (*BODIES, *FORGED):
        for name in os.listdir(cache_of(adopted)):
            (cache_of(adopted) / name).write_bytes(entry(FORGED[what], name) if what in FORGED else BODIES[what])
        asked = ASKED[2:4] if what in BODIES else ASKED
        assert answers(adopted, asked) == [right[ASKED.index(one)] for one in asked], what
        assert clean(adopted.commit("refers to nothing")).code == 1, what
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", blocked_by="#1"))
    assert clean(adopted.commit("third")).code == 0
    assert clean(adopted.holdfast("index", "--check", "--rev", "HEAD")).code == 0
    assert not list(adopted.path.rglob("pwned"))


def test_entries_under_each_others_names_are_ignored(adopted: Repo) -> None:
    warm(adopted)
    adopted.holdfast("check", "--rev", "HEAD")
    right = answers(adopted)
    names = sorted(os.listdir(cache_of(adopted)))
    contents = [(cache_of(adopted) / name).read_bytes() for name in names]
    for shift in range(1, len(names)):
        for number, name in enumerate(names):
            (cache_of(adopted) / name).write_bytes(contents[(number + shift) % len(names)])
        assert [(ran.code, ran.out) for ran in [clean(adopted.holdfast(*ASKED[0]))]] == [right[0][:2]]
    assert answers(adopted) == right


def test_entries_that_are_no_files_are_ignored(adopted: Repo, tmp_path: Path) -> None:
    """Folders, pipes that nobody writes into, symlinks, and a file larger than memory should hold."""
    warm(adopted)
    right = answers(adopted)
    (tmp_path / "target").write_bytes(entry(b"x"))
    kinds = ("folder", "pipe", "link", "huge")
    for number, name in enumerate(sorted(os.listdir(cache_of(adopted)))):
        place = cache_of(adopted) / name
        place.unlink()
        kind = kinds[number % len(kinds)]
        if kind == "folder":
            place.mkdir()
        elif kind == "pipe":
            os.mkfifo(place)
        elif kind == "link":
            place.symlink_to(tmp_path / "target")
        else:
            with open(place, "wb") as file:
                file.write(entry(b"")[:17])
                file.truncate(50 * 2**30)
    for command, (code, out, _) in zip(ASKED, right, strict=True):
        done = subprocess.run(  # with a limit: a pipe that is opened to be read waits for ever
            [sys.executable, "-m", "holdfast", *command], cwd=adopted.path, env=adopted.env, timeout=20, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (code, out)
    assert (tmp_path / "target").read_bytes() == entry(b"x")


def test_a_symlinked_cache_folder_is_neither_filled_nor_emptied(adopted: Repo, tmp_path: Path) -> None:
    shutil.rmtree(cache_of(adopted))
    precious = tmp_path / "precious"
    precious.mkdir()
    for number in range(80):
        (precious / f"config-{number:040}").write_text("mine")
    cache_of(adopted).symlink_to(precious)
    warm_answers = answers(adopted)
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert clean(adopted.commit("third")).code == 0
    assert sorted(os.listdir(precious)) == sorted(f"config-{number:040}" for number in range(80))
    assert {path.read_text() for path in precious.iterdir()} == {"mine"}
    assert warm_answers[0][0] == 0


def test_what_is_not_ours_in_the_folder_stays(adopted: Repo) -> None:
    for number in range(80):
        (cache_of(adopted) / f"note {number}.txt").write_text("mine")
    for number in range(60):
        adopted.write("docs/plans/02_second.md", plan_text(2, f"Second {number}"))
        if number % 6 == 0:
            assert clean(adopted.commit("more")).code == 0
    names = os.listdir(cache_of(adopted))
    assert sum(name.startswith("note ") for name in names) == 80


def test_an_entry_is_read_whole_under_its_own_name_or_not_at_all(tmp_path: Path) -> None:
    from holdfast.adapters.cache import Cache

    cache = Cache(str(tmp_path))
    cache.write("one", b"some words")
    raw = (tmp_path / "one").read_bytes()
    (tmp_path / "other").write_bytes(raw)
    assert cache.read("one") == b"some words" and cache.read("other") is None
    for at in range(len(raw)):
        (tmp_path / "one").write_bytes(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
        assert cache.read("one") is None
        (tmp_path / "one").write_bytes(raw[:at])
        assert cache.read("one") is None
    for name in ("absent", "a\0b", "../one", "x" * 5_000, ""):
        assert cache.read(name) is None


def test_the_folder_does_not_grow_without_end(adopted: Repo) -> None:
    from holdfast.adapters.cache import Cache

    cache = Cache(str(cache_of(adopted)))
    for number in range(120):
        cache.write(f"{number:040x}-0.1-0-0", b"x" * number)
    names = os.listdir(cache_of(adopted))
    assert len(names) <= 48
    assert cache.read(f"{119:040x}-0.1-0-0") == b"x" * 119
    assert cache.read(f"{0:040x}-0.1-0-0") is None
    assert not [name for name in names if name.startswith(".new-")]


@pytest.mark.parametrize("how", ["a file", "unwritable", "unreadable"])
def test_a_folder_that_cannot_be_used_is_harmless(adopted: Repo, how: str) -> None:
    right = answers(adopted)
    folder = cache_of(adopted)
    lead: tuple[str, ...] = ()
    if how == "a file":
        shutil.rmtree(folder)
        folder.write_text("not a folder")
    else:
        lead = bound()
        folder.chmod(0o555 if how == "unwritable" else 0)
    try:
        found = [clean(adopted.run(*lead, sys.executable, "-m", "holdfast", *command)) for command in ASKED]
        assert [(ran.code, ran.out, ran.err) for ran in found] == right
        adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
        adopted.git("add", "-A")
        assert clean(adopted.run(*lead, "git", "commit", "-q", "-m", "third")).code == 0
    finally:
        folder.chmod(0o755)
    assert clean(adopted.holdfast("index", "--check", "--rev", "HEAD")).code == 0


def test_it_can_be_deleted_while_others_check_and_commit(adopted: Repo) -> None:
    """Eight processes ask at once, commits run, and somebody deletes the cache all the time: every answer is right."""
    expected = answers(adopted)[0]
    stop = adopted.path / "stop"
    deleter = subprocess.Popen(
        ["sh", "-c", "while [ ! -e stop ]; do rm -rf .git/holdfast/cache; sleep 0.02; done"], cwd=adopted.path
    )
    try:
        for round_ in range(3):
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", "holdfast", *ASKED[0]], cwd=adopted.path, env=adopted.env, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )
                for _ in range(8)
            ]  # fmt: skip
            adopted.write("src/a.txt", f"{round_}\n")
            adopted.git("add", "src")
            assert clean(adopted.try_git("commit", "-q", "-m", "code")).code == 0
            for process in running:
                out, err = process.communicate(timeout=60)
                assert (process.returncode, out, err) == expected
    finally:
        stop.touch()
        deleter.wait()
        stop.unlink()
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    assert clean(adopted.commit("third")).code == 0
    assert clean(adopted.holdfast("index", "--check", "--rev", "HEAD")).code == 0


def test_writers_at_once_while_plans_change(adopted: Repo) -> None:
    """Eight processes look at staged and committed plans while commits change them: no error, and each commit is right."""
    commands = (("check", "--rev", "HEAD", "--json"), ("index", "--rev", "HEAD", "--json"), ("plan", "list", "--json"))
    for number in range(3, 7):
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "holdfast", *commands[at % 3]], cwd=adopted.path, env=adopted.env, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for at in range(8)
        ]  # fmt: skip
        adopted.write(f"docs/plans/0{number}_new.md", plan_text(number, "New"))
        assert clean(adopted.commit("new")).code == 0
        for process in running:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0 and "Traceback" not in err, (out, err)
    commits = adopted.git("rev-list", "HEAD").split()
    for commit in commits:
        assert clean(adopted.holdfast("index", "--check", "--rev", commit)).code == 0
    names = os.listdir(cache_of(adopted))
    assert not [name for name in names if name.startswith(".new-")], "left over from a writer"


def test_the_answer_is_that_of_the_tree_not_of_the_cache(adopted: Repo) -> None:
    """Property: over random histories each question has one answer: warm, cold, and in a cache moved from elsewhere."""
    chance = random.Random(20260102)
    texts = ("Planned", "📋 Planned", "✅ Complete", "🚧 In Progress", "Kaputt", "")
    for step in range(5):
        for _ in range(chance.randint(1, 4)):
            number = chance.randint(1, 6)
            name = f"docs/plans/{number:02}_{chance.choice(('a', 'b'))}.md"
            action = chance.random()
            if action < 0.2 and (adopted.path / name).exists():
                (adopted.path / name).unlink()
            else:
                blocked = f"#{chance.randint(1, 9)}"
                adopted.write(name, plan_text(number, f"T{step}", chance.choice(texts), blocked_by=blocked))
        if chance.random() < 0.3:
            setting = chance.choice(("off", "warning", "error"))
            rules = "".join(f'{code} = "{setting}"\n' for code in ("evidence-missing", "blocker-unknown"))
            text = adopted.read("holdfast.toml").split("[rules]")[0]
            adopted.write("holdfast.toml", f"{text}[rules]\n{rules}")
        if chance.random() < 0.5:
            adopted.git("add", "-A")
        if chance.random() < 0.4:
            clean(adopted.commit("step", *chance.choice(((), ("--no-verify",)))))
        hot = answers(adopted)
        assert answers(adopted) == hot
        shutil.move(cache_of(adopted), adopted.path / ".git/old-cache")
        cold = answers(adopted)
        assert cold == hot, f"step {step}"
        shutil.rmtree(cache_of(adopted))
        shutil.move(adopted.path / ".git/old-cache", cache_of(adopted))
