"""Patch equality is that of `git patch-id --verbatim`, reversal that of `git apply -R`, containment that of a merge."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import sealed
from holdfast.adapters import commits
from holdfast.adapters.git import Git
from holdfast.domain.patch import hunks_of, patch_of

Tree = dict[bytes, tuple[str, bytes]]
"""What a commit holds: mode and content by path."""

NAMES = st.sampled_from([b"a.txt", b"b.txt", b'qu"ote', b"new\nline", b"sp ace", b"\xff\xfe", b"dir/c.txt", b"tab\t"])
LINES = st.lists(
    st.sampled_from([b"one", b"two", b" two", b"two\r", b"\ttwo", b"", b"-- x", b"++ y", b"@@ -1 +1 @@", b"diff --git a/x b/x",
                     b"\\ No newline at end of file", b"index 12..34", b"Binary files differ", b"a" * 40]),
    max_size=12,
)  # fmt: skip
TEXTS = st.builds(lambda lines, end: b"\n".join(lines) + (b"\n" if end and lines else b""), LINES, st.booleans())
BINARIES = st.binary(max_size=6).map(lambda some: b"\0" + some)
CONTENTS = st.one_of(TEXTS, TEXTS, TEXTS, BINARIES)
FILES = st.tuples(st.sampled_from(["100644", "100644", "100755"]), CONTENTS)
LINKS = st.tuples(st.just("120000"), st.sampled_from([b"a.txt", b"b.txt"]))
TREES = st.dictionaries(NAMES, st.one_of(FILES, FILES, FILES, LINKS), max_size=3)


class Store:
    """A repository for trees and diffs, without a working tree's detours."""

    def __init__(self, folder: Path) -> None:
        self.env = sealed(folder / "home")
        self.path = folder / "repo"
        self.path.mkdir()
        self.run("init", "-q")
        self.run("config", "core.fsync", "none")
        self.git = Git(str(self.path), self.env)
        self.known: dict[object, str] = {}

    def run(self, *args: str, data: bytes | None = None, ok: bool = True, **env: str) -> bytes:
        done = subprocess.run(["git", *args], cwd=self.path, env={**self.env, **env}, input=data, capture_output=True)
        assert done.returncode == 0 or not ok, (args, done.stderr)
        return done.stdout if done.returncode == 0 else b""

    def commit(self, tree: Tree) -> str:
        key = tuple(sorted(tree.items()))
        if key not in self.known:
            stream = [b"commit refs/heads/x\ncommitter A <a@b> 1 +0000\ndata 0\n"]
            for name, (mode, content) in tree.items():
                quoted = b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
                stream.append(b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), quoted, len(content), content))
            self.run("update-ref", "-d", "refs/heads/x", ok=False)
            self.run("fast-import", "--quiet", "--force", data=b"".join(stream))
            self.known[key] = self.run("rev-parse", "refs/heads/x").decode().strip()
        return self.known[key]

    def diff(self, old: Tree, new: Tree, context: int = 3) -> list[bytes]:
        return commits.diffs(self.git, [(self.commit(new), self.commit(old))], context)[0]

    def patch(self, old: Tree, new: Tree) -> bytes:
        return patch_of(self.diff(old, new))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("patches")
    yield Store(folder)
    shutil.rmtree(folder)


def text(*lines: str, end: str = "\n") -> Tree:
    return {b"a.txt": ("100644", ("\n".join(lines) + end).encode())}


# Tables

SAME = {
    "line numbers": (
        text(*"abcdefghij"),
        text(*"abcdXefghij"),
        text("new", *"abcdefghij"),
        text("new", *"abcdXefghij"),
    ),
    "what is far away": (
        text(*"abcdefghij"),
        text(*"abcdefghijX"),
        text("new", *"abcdefghij"),
        text("new", *"abcdefghijX"),
    ),
}
OTHER = {
    "another line": (text(*"abc"), text(*"abX"), text(*"abc"), text(*"abY")),
    "white space": (text(*"abc"), text("a", "b", "X"), text(*"abc"), text("a", "b", " X")),
    "trailing white space": (text(*"abc"), text("a", "b", "X"), text(*"abc"), text("a", "b", "X ")),
    "line ends": (text(*"abc"), text("a", "b", "X"), text(*"abc"), text("a", "b", "X\r")),
    "an empty line": (text(*"abc"), text(*"abX"), text(*"abc"), text("a", "b", "", "X")),
    "the end of the last line": (text(*"abc"), text(*"abX"), text(*"abc"), text(*"abX", end="")),
    "context": (text(*"abc"), text(*"abX"), text(*"aBc"), text(*"aBX")),
    "another file": (text(*"abc"), text(*"abX"), {b"b.txt": ("100644", b"a\nb\nc\n")}, {b"b.txt": ("100644", b"a\nb\nX\n")}),
    "the mode of a new file": ({}, text("a"), {}, {b"a.txt": ("100755", b"a\n")}),
    "the mode": (text("a"), text("b"), text("a"), {b"a.txt": ("100755", b"b\n")}),
    "a binary file": ({}, {b"a": ("100644", b"\0one")}, {}, {b"a": ("100644", b"\0two")}),
    "from where a binary file comes": (
        {b"a": ("100644", b"\0one")}, {b"a": ("100644", b"\0x")}, {b"a": ("100644", b"\0two")}, {b"a": ("100644", b"\0x")},
    ),
    "an empty new file": ({}, {b"a.txt": ("100644", b"")}, {}, {b"b.txt": ("100644", b"")}),
    "a link": ({}, {b"a": ("120000", b"b")}, {}, {b"a": ("100644", b"b")}),
    "a new file and a changed one": ({}, text("a"), text(), text("a")),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_equal(store: Store, name: str) -> None:
    old, new, other_old, other_new = SAME[name]
    assert store.patch(old, new) == store.patch(other_old, other_new)


@pytest.mark.parametrize("name", OTHER)
def test_different(store: Store, name: str) -> None:
    old, new, other_old, other_new = OTHER[name]
    assert store.patch(old, new) != store.patch(other_old, other_new)


# Against git


def patch_id(store: Store, old: Tree, new: Tree) -> bytes:
    diff = store.run("diff-tree", "-p", "--full-index", "--no-renames", store.commit(old), store.commit(new))
    return store.run("patch-id", "--verbatim", data=diff).split(b" ")[0]


@st.composite
def changed(draw: st.DrawFn, tree: Tree) -> Tree:
    """A tree that is mostly the same as another."""
    found = dict(tree)
    for name in list(found):
        what = draw(st.sampled_from(["keep", "keep", "edit", "edit", "mode", "delete", "move", "new"]))
        mode, content = found[name]
        if what == "edit" and mode != "120000" and not content.startswith(b"\0"):
            lines = content.split(b"\n")
            at = draw(st.integers(0, len(lines)))
            lines[at : at + draw(st.integers(0, 2))] = draw(LINES)[:2]
            found[name] = mode, b"\n".join(lines)
        elif what == "mode" and mode != "120000":
            found[name] = ("100755" if mode == "100644" else "100644"), content
        elif what == "delete":
            del found[name]
        elif what == "move":
            del found[name]
            found.setdefault(draw(NAMES), (mode, content))
        elif what == "new":
            found[name] = draw(FILES)
    return found


PAIRS = TREES.flatmap(lambda tree: st.tuples(st.just(tree), changed(tree)))


def plain(diff: list[bytes]) -> bool:
    """True where `git patch-id` of git 2.39 looks at everything: not at binary files, changed modes and odd names."""
    return not any(line.startswith((b"Binary ", b"old mode", b'diff --git "', b"GIT binary")) for line in diff)


@given(data=st.data())
def test_equal_is_what_patch_id_calls_equal(store: Store, data: st.DataObject) -> None:
    """Two changes of the same lines in files that differ elsewhere, or of almost the same lines."""
    old, new = data.draw(PAIRS)
    ahead = data.draw(st.booleans())
    extra = (b"first\n" * 9) if ahead else b""

    def shifted(tree: Tree) -> Tree:
        shiftable = set(old) & set(new)
        return {
            name: (
                mode,
                extra + content if name in shiftable and mode != "120000" and content[:1] != b"\0" else content,
            )
            for name, (mode, content) in tree.items()
        }

    other_old, other_new = shifted(old), shifted(data.draw(st.one_of(st.just(new), changed(new))))
    one, two = store.diff(old, new), store.diff(other_old, other_new)
    if plain(one) and plain(two) and one and two:
        equal = patch_id(store, old, new) == patch_id(store, other_old, other_new)
        assert (patch_of(one) == patch_of(two)) == equal, (one, two)


@given(pair=PAIRS)
def test_the_reverse_is_what_apply_makes_of_it(store: Store, pair: tuple[Tree, Tree]) -> None:
    """`git apply -R` of the change gives the old tree, and the change to that is the one asked for as the reverse."""
    old, new = pair
    if old == new:
        return
    diff = store.run(
        "diff-tree", "-p", "--binary", "--full-index", "--no-renames", store.commit(old), store.commit(new)
    )
    index = {"GIT_INDEX_FILE": str(store.path / ".git" / "x-index")}
    store.run("read-tree", store.commit(new), **index)
    store.run("apply", "-R", "--cached", "--whitespace=nowarn", "-", data=diff, **index)
    tree = store.run("write-tree", **index).decode().strip()
    assert tree == store.run("rev-parse", store.commit(old) + "^{tree}").decode().strip()
    back = commits.diffs(store.git, [(store.commit(old), store.commit(new))])[0]
    assert patch_of(back) == store.patch(new, old) != store.patch(old, new)


@given(pair=PAIRS, other=PAIRS)
def test_equal_texts_apply_alike(store: Store, pair: tuple[Tree, Tree], other: tuple[Tree, Tree]) -> None:
    """Whatever the trees are: what has the same word is, whole, the same change; from the same tree to the same tree."""
    old, new = pair
    _, third = other
    if new != third:
        assert store.patch(old, new) != store.patch(old, third)


# Hunks


@given(data=st.data())
def test_contained_hunks_are_what_a_merge_adds_nothing_for(store: Store, data: st.DataObject) -> None:
    """Where all hunks of one side are among those of the other, merging the first into the second changes nothing."""
    base, mine = data.draw(PAIRS)
    theirs = data.draw(changed(mine)) if data.draw(st.booleans()) else data.draw(changed(base))
    if not hunks_of(store.diff(base, mine, 0)) <= hunks_of(store.diff(base, theirs, 0)):
        return
    trees = [store.run("rev-parse", store.commit(tree) + "^{tree}").decode().strip() for tree in (base, theirs, mine)]
    root = store.run("commit-tree", trees[0], "-m", "base").decode().strip()
    sides = [store.run("commit-tree", tree, "-p", root, "-m", "side").decode().strip() for tree in trees[1:]]
    merged = store.run("-c", "merge.renames=false", "merge-tree", "--write-tree", *sides, ok=False).decode()
    assert merged.strip() in (trees[1], ""), (
        "a merge would bring more"
    )  # it says none where lines side by side conflict


HUNKS: dict[str, tuple[Tree, Tree, Tree, bool]] = {
    "nothing": (text(*"abc"), text(*"abc"), text(*"abc"), True),
    "the same": (text(*"abc"), text(*"aXc"), text(*"aXc"), True),
    "among others": (text(*"abcdefghi"), text(*"aXcdefghi"), text(*"aXcdefgYi"), True),
    "not there": (text(*"abc"), text(*"aXc"), text(*"abY"), False),
    "another line": (text(*"abc"), text(*"aXc"), text(*"aYc"), False),
    "white space": (text(*"abc"), text(*"aXc"), text("a", " X", "c"), False),
    "somewhere else": (text(*"abcabc"), text(*"aXbcabc"), text(*"abcaXbc"), False),
    "half": (text(*"abcdefghi"), text(*"aXcdefgYi"), text(*"aXcdefghi"), False),
    "a new file": ({}, text(*"abc"), text(*"abc"), True),
    "another new file": ({}, text(*"abc"), text(*"abd"), False),
    "a binary file": ({}, {b"a": ("100644", b"\0one")}, {b"a": ("100644", b"\0one")}, True),
    "another binary file": ({}, {b"a": ("100644", b"\0one")}, {b"a": ("100644", b"\0two")}, False),
    "a changed binary file": (
        {b"a": ("100644", b"\0zero")}, {b"a": ("100644", b"\0one")}, {b"a": ("100644", b"\0two")}, False,
    ),
    "a mode": (text("a"), {b"a.txt": ("100755", b"a\n")}, {b"a.txt": ("100755", b"b\n")}, True),
    "no mode": (text("a"), {b"a.txt": ("100755", b"a\n")}, {b"a.txt": ("100644", b"b\n")}, False),
    "a deleted file": (text("a"), {}, {}, True),
    "no deleted file": (text("a"), {}, text("b"), False),
    "a deleted empty file": ({b"a": ("100644", b"")}, {}, {b"a": ("100644", b"x\n")}, False),
    "the end of the last line": (text("a"), text("b"), text("b", end=""), False),
}  # fmt: skip


@pytest.mark.parametrize("name", HUNKS)
def test_hunks(store: Store, name: str) -> None:
    base, mine, theirs, contained = HUNKS[name]
    assert (hunks_of(store.diff(base, mine, 0)) <= hunks_of(store.diff(base, theirs, 0))) == contained


def test_many_diffs_are_each_what_they_are_alone(store: Store) -> None:
    trees: list[Tree] = [{}, text("a"), text("a", end=""), text("a" * 40), {b"a": ("100644", b"\0x")}, text("")]
    pairs = [(store.commit(new), store.commit(old)) for old in trees for new in trees]
    together = commits.diffs(store.git, pairs)
    assert together == [commits.diffs(store.git, [pair])[0] for pair in pairs]


def test_configuration_changes_no_diff(store: Store) -> None:
    old, new = text(*"abcdefgh"), text(*"abXdefgh")
    right = store.diff(old, new)
    for key, value in (
        ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("diff.suppressBlankEmpty", "true"), ("diff.context", "0"),
        ("diff.algorithm", "patience"), ("diff.renames", "copies"), ("diff.external", "/bin/true"), ("color.ui", "always"),
        ("core.quotePath", "false"), ("diff.relative", "true"), ("diff.interHunkContext", "9"), ("diff.wsErrorHighlight", "all"),
    ):  # fmt: skip
        store.run("config", key, value)
        assert store.diff(old, new) == right, key
        store.run("config", "--unset", key)
