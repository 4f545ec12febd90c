"""Guarantees 1 and 2 under random work: every way to commit, in two worktrees, beside a twin without hooks.

The twin gets the same edits and the same git commands, but has no hooks, no merge driver, and nothing between the
markers of its plan index. So git itself says what each command has to do: exit status, HEAD, git's index, working tree
and status must be equal in both repositories, but for the text between the markers. That text must be the one of
exactly HEAD's plans, which a few lines here compute without the domain.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from conftest import Ran, Repo, sealed
from holdfast.domain.rules.catalogue import CODES

INDEX = "docs/plans/README.md"
PLANS = "docs/plans"
PLACES = ("main", "side")
ERRORS = ("status-unknown", "file-conflict")
"""The rules that may refuse here; all others only warn, so that random edits pass."""

STATUSES = ("📋 Planned", "🚧 In Progress", "🚧 In Progress (half)", "⏸️ Blocked", "🔄 In Review", "✅ Complete")
PRIORITIES = ("Critical", "High", "Medium", "Low")
TITLES = (
    "Plain",
    "A | pipe",
    "[link] *bold* text",
    "Back\\slash",
    "Zürich – ö",
    "tick `a` tock",
    "<b> text",
    "~~gone~~ text",
    "under_line",
)
BLOCKS = ("None", "#1", "#2", "#1, #3", "#2, #3")

README = """# Plans

Above 0.

Why plans are kept.
How they are kept.
Who keeps them.
What they hold.

Above 1.

Words that stay.
More of them.
And more.
Enough.

<!-- holdfast:plan-index begin: computed from the plan files, do not edit -->
<!-- holdfast:plan-index end -->

Words below.
More of them.
And more.
Enough.

Below 0.

What else there is.
Where to look.
Whom to ask.
Until when.

Below 1.
"""


class Edit(NamedTuple):
    """One change of the working tree: what is changed, on which file (any number), to what (any number), staged or not."""

    kind: str
    which: int
    value: int
    staged: bool


KINDS = (
    "status", "status", "status", "priority", "title", "blocks", "body", "add", "add", "add twice", "delete", "rename",
    "archive", "other", "readme", "readme",
)  # fmt: skip
NUMBERS = st.integers(0, 40)
EDIT = st.builds(Edit, st.sampled_from(KINDS), NUMBERS, NUMBERS, st.booleans())
EDITS = st.lists(EDIT, min_size=1, max_size=3)
SOME_EDITS = st.lists(EDIT, max_size=3)
PLACE = st.sampled_from(PLACES)
MODES = st.sampled_from(
    (
        "plain", "plain", "-a", "-a", "-p", "path", "path", "path", "-o", "-o", "-i", "amend", "amend -a", "amend path",
        "empty", "unseen", "unseen -a", "unseen path", "unseen amend",
    )
)  # fmt: skip
COMMITS = st.lists(st.tuples(PLACE, EDITS, MODES, NUMBERS), min_size=1, max_size=3)
CHOICES = st.lists(NUMBERS, min_size=4, max_size=4)
MERGES = st.sampled_from(((), (), ("--no-ff",), ("-Xtheirs",), ("-Xtheirs",), ("--no-verify",)))
ENDINGS = st.sampled_from(("commit", "commit -a", "continue", "abort"))
CARRIES = st.sampled_from(("pick", "several", "several", "revert", "rebase", "rebase", "am"))
ASIDES = st.sampled_from(("edit", "stage", "stage", "unstage", "stage all", "hard", "soft", "stash", "pack", "detach"))


# What is right, without the domain


def plan_text(number: int, title: str, uid: int) -> str:
    """A plan in which two sides can change two fields without a conflict, and that git takes for no other plan."""
    words = "\n".join(f"Step {uid}.{line}: " + f"word{uid}x{line} " * 6 for line in range(8))
    return (
        f"# Plan #{number}: {title}\n\n**Status:** 📋 Planned\n\nFiller {uid}.\n\n**Priority:** Medium\n\n"
        f"More {uid}.\n\n**Blocks:** None\n\n## Plan\n\n{words}\n\nText 0.\n"
    )


def table(plans: dict[str, bytes]) -> str:
    """The plan index of plan files, path to content, by hand."""
    rows = []
    for path, content in plans.items():
        name = path.removeprefix(PLANS + "/")
        if not re.fullmatch(r"\d+_[^/]*\.md", name):
            continue
        text = content.decode()
        field = dict(re.findall(r"^\*\*(\w+):\*\* (.*)$", text, re.M))
        title = re.sub(r"([\\`*_\[\]<|~])", r"\\\1", text.split("\n", 1)[0].split(": ", 1)[1])
        status = field["Status"].split(" (")[0]
        blocks = field["Blocks"].replace("None", "-")
        number = int(name.split("_")[0])
        rows.append((number, name, f"| {number} | [{title}]({name}) | {field['Priority']} | {status} | {blocks} |\n"))
    head = "| # | Plan | Priority | Status | Blocks |\n|---|------|----------|--------|--------|\n"
    return head + "".join(row for *_, row in sorted(rows))


_MARKERS = re.compile(rb"<{7,} [^\n]*\n(.*?)={7,}\n(.*?)>{7,} [^\n]*\n", re.S)
_BLOCK = re.compile(rb"(<!-- holdfast:plan-index begin[^\n]*\n)(.*?)(<!-- holdfast:plan-index end)", re.S)


def outside(content: bytes | None) -> bytes | None:
    """The file of the plan index with nothing between its markers."""
    return content if content is None else _BLOCK.sub(rb"\1\3", content)


def inside(content: bytes) -> str:
    """What stands between the markers."""
    found = _BLOCK.search(content)
    assert found, content.decode()
    return found[2].decode()


class Seen(NamedTuple):
    """What git shows in one worktree, the file of the plan index apart (`readme`: in HEAD, in git's index, on disk)."""

    tree: dict[str, str]
    index: list[str]
    status: str
    files: dict[str, bytes]
    readme: tuple[bytes | None, bytes | None, bytes | None]


class Side:
    """One repository with its two worktrees."""

    _contents: ClassVar[dict[str, bytes]] = {}
    """Blobs by id: the same in every repository."""

    def __init__(self, repo: Repo, linked: Path) -> None:
        self.main = repo
        self.linked = Repo(linked, repo.env)
        repo.git("worktree", "add", "-q", str(linked), "side")

    def at(self, place: str) -> Repo:
        return self.main if place == "main" else self.linked

    def see(self, place: str) -> Seen:
        repo = self.at(place)
        tree = self.tree(repo, "HEAD")
        entries = [one for one in repo.git("ls-files", "-s", "-z").split("\0") if one]
        staged = {entry.split("\t")[1]: entry.split()[1] for entry in entries if entry.split("\t")[0].endswith(" 0")}
        files = {
            str(path.relative_to(repo.path)): path.read_bytes()
            for folder in (repo.path, repo.path / PLANS, repo.path / PLANS / "archive")
            if folder.is_dir()
            for path in folder.iterdir()
            if path.is_file() and path.name != ".git"
        }
        oids = tree.get(INDEX), staged.get(INDEX)
        content = self.blobs(repo, [oid for oid in oids if oid])
        readme = (*(content[oid] if oid else None for oid in oids), files.pop(INDEX, None))
        tree.pop(INDEX, None)
        return Seen(
            tree,
            [entry for entry in entries if entry.split("\t")[1] != INDEX or not entry.split("\t")[0].endswith(" 0")],
            repo.git("status", "--porcelain=v1", "-z", "--untracked-files=all"),
            files,
            readme,
        )

    def tree(self, repo: Repo, rev: str) -> dict[str, str]:
        listed = repo.git("ls-tree", "-r", "-z", "--full-tree", rev).split("\0")
        return {line.split("\t")[1]: line.split()[2] for line in listed if line}

    def blobs(self, repo: Repo, oids: list[str]) -> dict[str, bytes]:
        missing = [oid for oid in dict.fromkeys(oids) if oid not in self._contents]
        if missing:
            done = subprocess.run(
                ["git", "cat-file", "--batch"], cwd=repo.path, env=repo.env, input="\n".join(missing).encode() + b"\n",
                capture_output=True, check=True,
            )  # fmt: skip
            rest = done.stdout
            for oid in missing:
                head, _, rest = rest.partition(b"\n")
                size = int(head.split()[2])
                self._contents[oid], rest = rest[:size], rest[size + 1 :]
        return {oid: self._contents[oid] for oid in oids}

    def right(self, repo: Repo, rev: str) -> bool:
        """Is the plan index of this commit the one that its plans make?"""
        tree = self.tree(repo, rev)
        plans = {path: oid for path, oid in tree.items() if path.startswith(PLANS + "/") and path != INDEX}
        content = self.blobs(repo, [*plans.values(), tree[INDEX]])
        return inside(content[tree[INDEX]]) == table({path: content[oid] for path, oid in plans.items()})


# The machine


class CommitMachine(RuleBasedStateMachine):
    """Edits, and every way in which git makes a commit of them."""

    def __init__(self, seeds: tuple[Repo, Repo], folder: Path) -> None:
        super().__init__()
        self.folder = folder
        sides = []
        for name, seed in zip(("ours", "twin"), seeds, strict=True):
            shutil.copytree(seed.path, folder / name / "repo", symlinks=True)
            sides.append(Side(Repo(folder / name / "repo", seed.env), folder / name / "side"))
        self.ours, self.twin = sides
        self.last = 3
        self.known = set(self.ours.main.git("rev-list", "--all").split())
        self.said = ""
        for place in PLACES:
            self.check(place)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # Doing the same on both sides

    def both(self, place: str, *command: str, **more: object) -> tuple[Ran, Ran]:
        """Run one git command in both repositories: Holdfast's answer, then the twin's."""
        ours = self.ours.at(place).run("git", *command, **more)  # type: ignore[arg-type]
        twin = self.twin.at(place).run("git", *command, **more)  # type: ignore[arg-type]
        self.said = f"git {' '.join(command)} in {place}\nours: {ours}\ntwin: {twin}"
        assert "Traceback" not in ours.err and "bug in Holdfast" not in ours.err, self.said
        if ours.code == twin.code == -signal.SIGABRT:  # git 2.39 fails assertions about renames, and leaves its lock
            for side in (self.ours, self.twin):
                Path(side.at(place).git("rev-parse", "--absolute-git-dir").strip(), "index.lock").unlink(
                    missing_ok=True
                )
        return ours, twin

    def same(self, place: str, *command: str, **more: object) -> Ran:
        """The same, with the same exit status; gives Holdfast's answer."""
        ours, twin = self.both(place, *command, **more)
        assert ours.code == twin.code, self.said
        return ours

    def next(self) -> int:
        self.last += 1
        return self.last

    def plans(self, place: str) -> list[str]:
        top = self.twin.at(place).path
        return sorted(str(path.relative_to(top)) for path in (top / PLANS).glob("*_*.md"))

    def changed(self, place: str) -> list[str]:
        """Paths that differ from HEAD in the twin, staged or not, tracked ones first."""
        out = self.twin.at(place).git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
        entries = [entry for entry in out.split("\0") if entry]
        return [entry[3:] for entry in sorted(entries, key=lambda entry: entry.startswith("??"))]

    def depth(self, place: str, start: str = "base") -> int:
        return int(self.twin.at(place).git("rev-list", "--count", "--first-parent", f"{start}..HEAD"))

    # Edits

    def edit(self, place: str, edits: list[Edit]) -> None:
        for one in edits:
            touched = self._edit(place, one)
            if one.staged and touched:
                for path in touched:
                    self.both(place, "add", "-A", "--", path)

    def _edit(self, place: str, one: Edit) -> list[str]:
        if one.kind == "other":
            return self._write(place, ("other.txt", "more.txt")[one.which % 2], f"other {one.value}\n")
        if one.kind == "readme":
            return self._around(place, ("Above 0", "Above 1", "Below 0", "Below 1")[one.which % 4], one.value)
        if one.kind in ("add", "add twice"):
            # One number on both branches, now and then: another path, so that git merges the files.
            number = self.next() if one.kind == "add" else 90 + one.value % 2
            uid = self.next()
            title = TITLES[one.value % len(TITLES)]
            return self._write(place, f"{PLANS}/{number:02}_plan_{uid}.md", plan_text(number, title, uid))
        plans = self.plans(place)
        if not plans:
            return []
        path = plans[one.which % len(plans)]
        if one.kind == "delete":
            return self._move(place, path, None)
        name = path.rpartition("/")[2]
        if one.kind == "archive":
            return self._move(place, path, f"{PLANS}/archive/{name}")
        if one.kind == "rename":
            return self._move(place, path, f"{PLANS}/{name.split('_')[0]}_renamed_{self.next()}.md")
        text = (self.twin.at(place).path / path).read_text()
        if one.kind == "body":
            changed = re.sub(r"Text .*\.\n", f"Text {one.value}.\n", text)
        elif one.kind == "title":
            changed = re.sub(r"^(# Plan #\d+): .*", lambda found: f"{found[1]}: {TITLES[one.value % 9]}", text)
        else:
            label, words = {
                "status": ("Status", STATUSES), "priority": ("Priority", PRIORITIES), "blocks": ("Blocks", BLOCKS),
            }[one.kind]  # fmt: skip
            changed = re.sub(rf"\*\*{label}:\*\* .*", f"**{label}:** {words[one.value % len(words)]}", text)
        return self._write(place, path, changed)

    def _write(self, place: str, path: str, text: str) -> list[str]:
        for side in (self.ours, self.twin):
            side.at(place).write(path, text)
        return [path]

    def _move(self, place: str, path: str, to: str | None) -> list[str]:
        for side in (self.ours, self.twin):
            top = side.at(place).path
            if to is None:
                (top / path).unlink()
            else:
                (top / to).parent.mkdir(exist_ok=True)
                (top / path).rename(top / to)
        return [path] if to is None else [path, to]

    def _around(self, place: str, label: str, value: int) -> list[str]:
        for side in (self.ours, self.twin):
            target = side.at(place).path / INDEX
            target.write_text(re.sub(rf"(?m)^{label}.*$", f"{label}, {value}.", target.read_text()))
        return [INDEX]

    # What must hold

    def check(self, place: str) -> None:
        """Both repositories show the same, and the plan index is the one of HEAD's plans."""
        ours, twin = self.ours.see(place), self.twin.see(place)
        assert ours.tree == twin.tree, self.said
        assert ours.index == twin.index, self.said
        assert ours.status == twin.status, f"{self.said}\n{ours.status!r} is not {twin.status!r}"
        assert ours.files == twin.files, self.said
        assert [outside(one) for one in ours.readme] == list(twin.readme), self.said
        head, staged, disk = ours.readme
        right = self._right(place)
        assert head is not None and inside(head) == right, f"{self.said}\n{inside(head or b'')}\nis not\n{right}"
        # What the user changed around the plan index is his; between the markers nothing but HEAD's rows may stand.
        for one in (staged, disk):
            assert one is None or inside(one) == right, f"{self.said}\n{inside(one)}\nis not\n{right}"
        other = PLACES[PLACES.index(place) - 1]
        status = [side.at(other).status() for side in (self.ours, self.twin)]
        assert status[0] == status[1], f"{self.said}\nin {other}: {status}"
        new = [one for one in self.ours.main.git("rev-list", "HEAD", "side").split() if one not in self.known]
        for commit in new:
            assert self.ours.right(self.ours.main, commit), f"{self.said}\n{commit} is wrong"
        self.known.update(new)

    def _right(self, place: str) -> str:
        repo = self.ours.at(place)
        tree = self.ours.tree(repo, "HEAD")
        plans = {path: oid for path, oid in tree.items() if path.startswith(PLANS + "/") and path != INDEX}
        content = self.ours.blobs(repo, list(plans.values()))
        return table({path: content[oid] for path, oid in plans.items()})

    def right_or_mended(self, place: str, said: str) -> None:
        """Right, or reported at once with a command that mends it; that command is run."""
        commands = re.findall(r"next: run `holdfast (index --mend \S+?)`", said)
        repo = self.ours.at(place)
        if not commands:
            assert "wrong:" not in said, self.said
            return
        assert "[index-" in said, self.said
        if repo.try_git("diff-index", "--cached", "--quiet", "HEAD", "--").code:
            # The command refuses while something is staged, and says so.
            ran = repo.holdfast(*commands[0].split())
            assert ran.code and "staged" in ran.err, ran
            self.same(place, "reset", "-q")
        for command in commands:
            ran = repo.holdfast(*command.split())
            assert ran.code == 0, (command, ran, self.said)

    # Rules

    @rule(commits=COMMITS)
    def commits(self, commits: list[tuple[str, list[Edit], str, int]]) -> None:
        for place, edits, how, which in commits:
            self.edit(place, edits)
            if how.startswith("unseen"):
                self._commit_unseen(place, how.partition(" ")[2] or "plain", which)
            else:
                self._commit(place, how, which)
            self.check(place)

    def _commit_unseen(self, place: str, how: str, which: int) -> None:
        """A commit with --no-verify: right when it touched no plan, else reported and mended."""
        ran = self._commit(place, how, which, "--no-verify")
        if ran is not None:
            if ran.code == 0 and not self.ours.right(self.ours.at(place), "HEAD"):
                assert "wrong:" in ran.err, self.said
            self.right_or_mended(place, ran.err)

    def _commit(self, place: str, how: str, which: int, *options: str) -> Ran | None:
        kind, _, rest = how.partition(" ")
        message = ("-m", f"change {self.next()}")
        if kind == "amend":
            if not self.depth(place):
                return None
            kind, message = rest or "plain", ("--amend", "--no-edit")
        changed = self.changed(place)
        paths = [PLANS, INDEX, *changed, *changed, *changed]
        path = paths[which % len(paths)]
        words = {
            "plain": (), "-a": ("-a",), "-p": ("-p",), "path": ("--", path), "-o": ("-o", path), "-i": ("-i", path),
            "empty": ("--allow-empty",),
        }[kind]  # fmt: skip
        before = self.ours.at(place).git("rev-parse", "HEAD")
        command = ("commit", *message, *options, *words)
        ran, twin = self.both(place, *command, input="".join("yn"[which >> at & 1] + "\n" for at in range(12)))
        if (
            ran.code == 0
            and twin.code == 1
            and re.search("would make\nit empty|nothing to commit|No changes", twin.out)
        ):
            # git looks before the gate whether a commit is empty, and then rows still differ: ours is made, and empty.
            trees = self.ours.at(place).git("rev-parse", "HEAD^{tree}", "HEAD^^{tree}").split()
            assert trees[0] == trees[1], self.said
            twin = self.twin.at(place).try_git("commit", "--allow-empty", *command[1:])
        assert ran.code == twin.code, self.said
        if ran.code:
            assert self.ours.at(place).git("rev-parse", "HEAD") == before, self.said
        if not options:
            assert "wrong:" not in ran.err and "refused:" not in ran.err, self.said
        return ran

    @rule(place=PLACE, which=NUMBERS, how=st.sampled_from(("plain", "-a", "path", "amend", "-o")), edits=SOME_EDITS)
    def an_added_error_refuses(self, place: str, which: int, how: str, edits: list[Edit]) -> None:
        self.edit(place, edits)
        plans = [path for path in self.plans(place) if path not in self.changed(place)]
        if not plans:
            return
        repo = self.ours.at(place)
        path = plans[which % len(plans)]
        git_dir = Path(repo.git("rev-parse", "--absolute-git-dir").strip())
        text, kept, times = repo.read(path), (git_dir / "index").read_bytes(), (git_dir / "index").stat()
        repo.write(path, re.sub(r"\*\*Status:\*\* .*", "**Status:** Nonsense", text))
        if how in ("plain", "amend"):
            repo.git("add", path)
        words = {"path": ("--", path), "-o": ("-o", path), "-a": ("-a",), "amend": ("--amend",), "plain": ()}[how]
        before = (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), self.ours.see(place))
        ran = repo.try_git("commit", "-m", "refused", *words)
        self.said = f"git commit {words} in {place}: {ran}"
        assert ran.code == 1 and "status-unknown" in ran.err, self.said
        assert (repo.git("rev-parse", "HEAD"), repo.git("ls-files", "-s"), self.ours.see(place)) == before, self.said
        repo.write(path, text)
        (git_dir / "index").write_bytes(kept)
        # Its time too: by that git knows which files may have changed within the second in which it was written.
        os.utime(git_dir / "index", ns=(times.st_atime_ns, times.st_mtime_ns))
        self.check(place)

    @rule(place=PLACE, how=ASIDES, which=NUMBERS, edits=EDITS)
    def goes_about(self, place: str, how: str, which: int, edits: list[Edit]) -> None:
        """What no commit comes of, and what moves branches."""
        self.edit(place, edits)
        changed = self.changed(place)
        if how == "unstage":
            self.same(place, "reset", "-q")
        elif how == "stage all":
            self.same(place, "add", "-A")
        elif how == "stage" and changed:
            self.same(place, "add", "-A", "--", changed[which % len(changed)])
        elif how == "pack":
            self.same(place, "pack-refs", "--all")
        elif how == "stash":
            if self.same(place, "stash", "-q").code == 0 and self.ours.main.git("stash", "list"):
                self.same(place, "stash", "pop", "-q")
        elif how == "detach":
            self.same(place, "checkout", "-q", "--detach")
            self._commit(place, "-a", 0)
            self.same(place, "checkout", "-q", "-B", place)
        elif how in ("hard", "soft") and self.depth(place) and INDEX not in changed:
            self.same(place, "reset", "-q", f"--{how}", "HEAD~1")
            if how == "soft":
                self._commit(place, "plain", 0)
        self.check(place)

    @rule(
        place=PLACE, mine=EDITS, others=EDITS, unstaged=SOME_EDITS, options=MERGES, choices=CHOICES, ending=ENDINGS
    )  # fmt: skip
    def merges(
        self, place: str, mine: list[Edit], others: list[Edit], unstaged: list[Edit], options: tuple[str, ...],
        choices: list[int], ending: str,
    ) -> None:  # fmt: skip
        other = PLACES[PLACES.index(place) - 1]
        self.edit(other, others)
        self._save(other)
        self.edit(place, mine)
        self._save(place)
        self.edit(place, [one for one in unstaged if one.kind != "readme"])
        ours, twin = self.both(place, "merge", "--no-edit", *options, other)
        if "-Xtheirs" in options and ours.code == 1:
            # git tells no merge driver about -Xtheirs: where the text around the plan index conflicts, it stops.
            self._resolve_readme_as_twin(place)
            if twin.code == 0:
                ours = self.ours.at(place).try_git("commit", "-q", "--no-edit")
        assert ours.code == twin.code, self.said
        if ours.code == 0:
            assert "wrong:" not in ours.err, self.said
        elif self._unfinished(place, "MERGE_HEAD"):
            self._conclude(place, choices, ending)
        self.check(place)

    def _save(self, place: str) -> None:
        """Commit what is there, so that merges, picks and rebases start."""
        if self.changed(place):
            self.same(place, "add", "-A")
            self.same(place, "commit", "-q", "-m", f"change {self.next()}")
            self.check(place)

    def _resolve_readme_as_twin(self, place: str) -> None:
        ours, twin = (side.at(place) for side in (self.ours, self.twin))
        if ours.git("ls-files", "-u", "--", INDEX) and not twin.git("ls-files", "-u", "--", INDEX):
            ours.write(INDEX, (twin.path / INDEX).read_bytes())
            ours.git("add", INDEX)

    def _unfinished(self, place: str, name: str) -> bool:
        there = [
            (Path(side.at(place).git("rev-parse", "--absolute-git-dir").strip()) / name).exists()
            for side in (self.ours, self.twin)
        ]
        assert there[0] == there[1], self.said
        return there[0]

    def _conclude(self, place: str, choices: list[int], ending: str) -> None:
        if ending == "abort":
            assert self.same(place, "merge", "--abort").code == 0, self.said
            return
        self._resolve(place, choices)
        command = {
            "commit": ("commit", "--no-edit"),
            "commit -a": ("commit", "-a", "--no-edit"),
            "continue": ("merge", "--continue"),
        }[ending]
        ran = self.same(place, *command, env={"GIT_EDITOR": "true"})
        assert ran.code == 0 and "wrong:" not in ran.err, self.said

    def _resolve(self, place: str, choices: list[int]) -> None:
        """Take ours, theirs or a deletion for each conflict; the same in both repositories."""
        stages: list[dict[str, dict[int, str]]] = []
        for side in (self.ours, self.twin):
            found: dict[str, dict[int, str]] = {}
            for entry in side.at(place).git("ls-files", "-u", "-z").split("\0"):
                if entry:
                    words, path = entry.split("\t")
                    found.setdefault(path, {})[int(words[-1])] = words.split()[1]
            stages.append(found)
        assert {path: sorted(one) for path, one in stages[0].items()} == {
            path: sorted(one) for path, one in stages[1].items()
        }, self.said
        for at, path in enumerate(sorted(stages[0])):
            choice = choices[at % len(choices)]
            for side, found in zip((self.ours, self.twin), stages, strict=True):
                repo = side.at(place)
                versions = [found[path][stage] for stage in (2, 3) if stage in found[path]]
                if not versions or (len(versions) == 1 and choice % 2 and path != INDEX):
                    (repo.path / path).unlink(missing_ok=True)
                    repo.git("rm", "-q", "--cached", "--", path)
                    continue
                oid = versions[choice % len(versions)]
                content = side.blobs(repo, [oid])[oid]
                # After two renames git keeps a merge with conflict markers, longer ones, for each side.
                content = _MARKERS.sub(rb"\2" if choice % 3 else rb"\1", content)
                if path != INDEX:  # a text of its own, so that no pick becomes empty
                    content = re.sub(rb"Text .*\.\n", b"Text resolved %d.\n" % self.last, content)
                repo.write(path, content)
                repo.git("add", "--", path)
        self.next()

    @rule(place=PLACE, what=CARRIES, back=st.integers(0, 3), mine=SOME_EDITS, others=EDITS, choices=CHOICES)
    def carries(
        self, place: str, what: str, back: int, mine: list[Edit], others: list[Edit], choices: list[int]
    ) -> None:
        """Commits made again elsewhere, where git runs no gate."""
        other = PLACES[PLACES.index(place) - 1]
        self.edit(other, others)
        self._save(other)
        self.edit(place, mine)
        self._save(place)
        repo, branch = self.twin.at(place), place if what == "revert" else other
        count = self.depth(branch)
        if what == "rebase":
            # Patches carry rows, so git would know fewer of ours again; without that it does the same in both.
            self._sequence(place, ("rebase", "--reapply-cherry-picks", other), choices)
        elif count:
            commit = f"{branch}~{back % count}"
            span = f"{commit}^..{branch if what == 'several' else commit}"
            if repo.git("rev-list", "--merges", span) or self._nothing_in(place, span):
                return
            if what == "am":
                self._am(place, commit)
            elif what == "revert":
                self._sequence(place, ("revert", "--no-edit", commit), choices)
            else:
                self._sequence(place, ("cherry-pick", f"{commit}^..{branch}" if what == "several" else commit), choices)

    def _nothing_in(self, place: str, span: str) -> bool:
        """True where a commit of ours changes nothing (see `_continue`): git stops at it, and the twin has rows there."""
        repo = self.ours.at(place)
        pairs = [line.split() for line in repo.git("log", "--format=%T %P", span).splitlines()]
        return any(repo.git("rev-parse", f"{parent}^{{tree}}").strip() == tree for tree, parent in pairs)

    def _of_one_number(self, said: str) -> bool:
        """True where rows of several plans of one number are said to be wrong.

        Of those, rows that are renamed, archived and edited at once cannot be told apart by a merge that sees rows alone.
        """
        trees = [self.twin.tree(self.twin.main, place) for place in PLACES]
        held = [[Path(path).name for path in tree if path.startswith(PLANS + "/")] for tree in trees]
        wrong = [f"{int(number):02}_" for number in re.findall(r"\(#(\d+)", said)]
        return any(sum(name.startswith(lead) for name in names) > 1 for names in held for lead in wrong)

    def _sequence(self, place: str, command: tuple[str, ...], choices: list[int]) -> None:
        """A pick, revert or rebase to its end; right without a word where nothing conflicts."""
        name = command[0]
        ran = self.same(place, *command, env={"GIT_EDITOR": "true"})
        said, clean = ran.err, ran.code == 0
        for _ in range(8):
            if ran.code == 0 or choices[0] % 5 == 0 or name == "revert":
                break
            if self.ours.at(place).git("ls-files", "-u"):
                self._resolve(place, choices)
                ran = self._continue(place, name)
            else:
                ran = self.same(place, name, "--skip")
            said += ran.err
        if ran.code:
            assert self.same(place, name, "--abort").code in (0, 128), self.said
            said = ""
        if clean and not self._of_one_number(said):
            assert "wrong:" not in said, self.said
        self.right_or_mended(place, said)
        self.check(place)

    def _continue(self, place: str, name: str) -> Ran:
        ours, twin = self.both(place, name, "--continue", env={"GIT_EDITOR": "true"})
        if ours.code == 128 and "once more" in ours.err:
            # git read its index before the gate put the plan index right; Holdfast says what to do.
            again = self.ours.at(place).run("git", name, "--continue", env={"GIT_EDITOR": "true"})
            ours = Ran(again.code, ours.out + again.out, ours.err + again.err)
            self.said += f"\nagain: {again}"
        elif ours.code == 128 and "this was the last one" in ours.err:
            ours = Ran(0, ours.out, ours.err)
        if "is now empty" in twin.out + twin.err and "is now empty" not in ours.out + ours.err:
            # The rows of the plan index differed when git looked whether anything is left, and not after the gate:
            # ours is a commit without changes, which git makes of nothing only when it is told to.
            repo = self.twin.at(place)
            twin = repo.run("git", "commit", "-q", "--allow-empty", "--no-edit")
            if self._sequencing(place):
                twin = repo.run("git", name, "--continue", env={"GIT_EDITOR": "true"})
            self.said += f"\ntwin again: {twin}"
        assert ours.code == twin.code, self.said
        return ours

    def _sequencing(self, place: str) -> bool:
        git_dir = self.twin.at(place).git("rev-parse", "--absolute-git-dir").strip()
        return (Path(git_dir) / "sequencer").exists()

    def _am(self, place: str, commit: str) -> None:
        twin = self.twin.at(place)
        rans, before = [], twin.git("rev-parse", "HEAD").strip()
        for side in (self.ours, self.twin):
            repo = side.at(place)
            patch = repo.git("format-patch", "--stdout", "--binary", "-1", commit)
            rans.append(repo.try_git("am", "-q", input=patch))
            if rans[-1].code:
                repo.git("am", "--abort")
        ours, theirs = rans
        self.said = f"am {commit} in {place}\nours: {ours}\ntwin: {theirs}"
        if ours.code and not theirs.code:  # patches carry rows, with the rows around them
            twin.git("reset", "-q", "--hard", before)
        else:
            assert ours.code == theirs.code, self.said
            self.right_or_mended(place, ours.err)
        self.check(place)


def adopted(at: Path, hooks: bool) -> Repo:
    """A repository with three plans on two branches; with Holdfast, or as its twin."""
    (at / "repo").mkdir(parents=True)
    made = Repo(at / "repo", sealed(at / "home"))
    made.git("init", "-q", "-b", "main", "--template=")
    made.git("config", "gc.auto", "0")
    for number in (1, 2, 3):
        made.write(f"{PLANS}/0{number}_plan.md", plan_text(number, f"Plan {number}", number))
    made.write("other.txt", "other\n")
    made.write("more.txt", "more\n")
    made.write(".gitattributes", f"{INDEX} merge=holdfast-plan-index\n")
    made.write(INDEX, README)
    rules = "".join(f'{code} = "warning"\n' for code in sorted(CODES) if code not in ERRORS)
    made.write("holdfast.toml", f'[index]\nmode = "committed"\n\n[[plans]]\npath = "{PLANS}"\n\n[rules]\n{rules}')
    if hooks:
        ran = made.holdfast("init", "--yes")
        assert ran.code == 0, ran
    ran = made.commit("adopt")
    assert ran.code == 0, ran
    made.git("tag", "base")
    made.git("branch", "side")
    return made


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repo, Repo]:
    at = tmp_path_factory.mktemp("machine")
    ours, twin = adopted(at / "ours", hooks=True), adopted(at / "twin", hooks=False)
    trees = [one.git("ls-tree", "-r", "HEAD").splitlines() for one in (ours, twin)]
    differ = [line for line in trees[0] if line not in trees[1]]
    assert [line.split("\t")[1] for line in differ] == [INDEX], trees
    return ours, twin


def test_every_way_to_commit_beside_a_twin_without_hooks(
    seeds: tuple[Repo, Repo], tmp_path_factory: pytest.TempPathFactory
) -> None:
    proving = settings.default is not None and settings.default.max_examples > 100
    run_state_machine_as_test(
        lambda: CommitMachine(seeds, tmp_path_factory.mktemp("run")),
        settings=settings(max_examples=120 if proving else 8, stateful_step_count=25 if proving else 12),
    )


@pytest.mark.parametrize("gone", ["", "pre-commit", "post-commit", "post-merge", "the driver"])
def test_the_machine_sees_what_is_gone(
    gone: str, seeds: tuple[Repo, Repo], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The oracle itself is tried: one fixed walk passes, and fails as soon as one hook or the merge driver is missing."""
    machine = CommitMachine(seeds, tmp_path_factory.mktemp("broken"))
    repo = machine.ours.main
    if gone == "the driver":
        repo.git("config", "--remove-section", "merge.holdfast-plan-index")
    elif gone:
        (repo.path / ".git" / "hooks" / gone).unlink()

    def walk() -> None:
        one = Edit("add", 0, 0, True)
        machine.commits([("main", [Edit("status", 0, 1, True)], "-o", 3), ("main", [one], "plain", 0)])
        machine.commits([("side", [Edit("priority", 1, 0, False)], "-a", 0)])
        machine.merges(
            "main", [Edit("status", 0, 5, True)], [Edit("status", 0, 4, True)], [], ("-Xtheirs",), [0], "commit"
        )
        machine.merges("side", [one], [one], [], (), [0], "commit")

    if gone:
        with pytest.raises(AssertionError):
            walk()
    else:
        walk()
    machine.teardown()
