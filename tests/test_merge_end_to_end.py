"""Real `git merge` runs with hooks and merge driver: whatever git merges, the plan index is the one of the merged plans.

The versions come from the editor of test_merge_index.py. Plans there are short and alike, so git takes some for renames
of others; statuses and titles are odd on purpose. Only one thing is asked: what does HEAD hold afterwards?
"""

from __future__ import annotations

import itertools
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from conftest import Ran, Repo, plan_text, sealed
from holdfast.domain import plan_index
from holdfast.domain.rules.catalogue import CODES
from test_merge_index import FOLDER, PLANS, Editor, index_of

if TYPE_CHECKING:
    from test_merge_index import Side

INDEX = f"{PLANS}/README.md"
DRIVER = "merge.holdfast-plan-index"
RUNS = 48
OPTIONS = (
    (),
    (),
    ("--no-ff",),
    ("-Xtheirs",),
    ("-Xours",),
    ("-Xignore-space-change",),
    ("--no-verify",),
    ("--no-commit",),
)
BASES = ("right", "right", "right", "stale", "absent", "empty", "conflicted")
"""What the file of the plan index is in the merge base: bases can come from before Holdfast."""


class Version(NamedTuple):
    """One commit to import: its branch, the branch below it, and every file it holds."""

    branch: str
    parent: str
    files: dict[str, str]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """One repository, adopted, in which all rules only warn: these merges are about the plan index alone."""
    folder = tmp_path_factory.mktemp("merges")
    (folder / "repo").mkdir()
    made = Repo(folder / "repo", sealed(folder / "home"))
    made.git("init", "-q", "-b", "main", "--template=")
    made.git("config", "gc.auto", "0")
    rules = "".join(f'{code} = "warning"\n' for code in sorted(CODES) if code != "index-markers")
    made.write("holdfast.toml", f'[index]\nmode = "committed"\n\n[[plans]]\npath = "{PLANS}"\n\n[rules]\n{rules}')
    made.write(".gitattributes", f"{INDEX} merge=holdfast-plan-index\n")
    made.write(f"{PLANS}/01_first.md", plan_text(1))
    ran = made.holdfast("init", "--yes")
    assert ran.code == 0, ran
    ran = made.commit("adopt")
    assert ran.code == 0, ran
    return made


def files_of(side: Side, index: str | None = None) -> dict[str, str]:
    """The files of a version; `index` is the text of the plan index file, the right one by default."""
    return {**dict(side.plans.values()), INDEX: side.file if index is None else index}


def three(seed: int, base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> list[Version]:
    """A base and two sides, on branches of their own."""
    return [
        Version(f"base{seed}", "main", base),
        Version(f"ours{seed}", f"base{seed}", ours),
        Version(f"theirs{seed}", f"base{seed}", theirs),
    ]


def import_all(repo: Repo, versions: list[Version]) -> None:
    """Make the commits by `git fast-import`, as if on another machine: no hook runs."""
    kept = {name: repo.git("show", f"main:{name}") for name in ("holdfast.toml", ".gitattributes")}
    stream = []
    for version in versions:
        stream.append(f"commit refs/heads/{version.branch}\ncommitter Ada <ada@example.org> 1700000000 +0000\n")
        stream.append(f"data {len(version.branch)}\n{version.branch}\nfrom refs/heads/{version.parent}\ndeleteall\n")
        for path, text in {**kept, **version.files}.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=repo.path, env=repo.env, input="".join(stream).encode(),
        check=True,
    )  # fmt: skip


def base_file(kind: str, base: Side) -> str | None:
    if kind == "stale":  # rows that no plan has, and none of those that plans have
        return plan_index.placed(base.file, plan_index.text(["| 77 | [Gone](77_gone.md) | Low | ✅ Complete | - |"]))
    if kind == "empty":
        return plan_index.placed(base.file, "")
    if kind == "conflicted":
        rows = plan_index.inside(base.file)
        return plan_index.placed(base.file, f"<<<<<<< HEAD\n{rows}=======\n{rows}>>>>>>> other\n")
    return None


def versions(seed: int, base_kind: str) -> list[Version]:
    editor = Editor(1000 + seed)
    base = editor.base()
    files = files_of(base, base_file(base_kind, base))
    if base_kind == "absent":
        del files[INDEX]
    return three(seed, files, files_of(editor.edited(base)), files_of(editor.edited(base)))


# What is right


def plans_of(repo: Repo, rev: str) -> list[tuple[str, str]]:
    """Path and text of the plans of a commit."""
    listed = [line for line in repo.git("ls-tree", "-r", "-z", rev, "--", PLANS).split("\0") if line]
    found = [(line.split("\t")[1], line.split()[2]) for line in listed]
    plans = [(path, oid) for path, oid in found if FOLDER.number_of(path) is not None]
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=repo.path, env=repo.env, capture_output=True, check=True,
        input="".join(f"{oid}\n" for _, oid in plans).encode(),
    )  # fmt: skip
    texts, rest = [], done.stdout
    for path, _ in plans:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        texts.append((path, rest[:size].decode()))
        rest = rest[size + 1 :]
    return texts


def is_right(repo: Repo, rev: str = "HEAD") -> bool:
    return plan_index.inside(repo.git("show", f"{rev}:{INDEX}")) == index_of(plans_of(repo, rev))


def assert_right(repo: Repo, said: object) -> None:
    there, right = plan_index.inside(repo.git("show", f"HEAD:{INDEX}")), index_of(plans_of(repo, "HEAD"))
    assert there == right, f"{said}\n{there}\nis not\n{right}"
    assert repo.status() == "", (said, repo.status())
    assert plan_index.inside(repo.read(INDEX)) == right, said


def resolve(repo: Repo, stage: int, index_as_it_is: bool = False) -> None:
    """Take one side of each conflict, or delete what that side does not have."""
    conflicts: dict[str, set[int]] = {}
    for entry in repo.git("ls-files", "-u", "-z").split("\0"):
        if entry:
            conflicts.setdefault(entry.split("\t")[1], set()).add(int(entry.split("\t")[0].split()[-1]))
    for path, stages in conflicts.items():
        if path == INDEX and index_as_it_is:
            repo.git("add", path)
        elif stage in stages or path == INDEX:
            wanted = stage if stage in stages else max(stages)
            repo.write(path, repo.git("show", f":{wanted}:{path}"))
            repo.git("add", path)
        else:
            repo.git("rm", "-q", "-f", "--", path)


def begin(repo: Repo, branch: str) -> str:
    repo.git("reset", "-q", "--hard")
    repo.git("clean", "-q", "-f", "-d")
    repo.git("checkout", "-q", "-B", "work", branch)
    return repo.git("rev-parse", "HEAD").strip()


def merged(repo: Repo, seed: int, *options: str) -> Ran:
    """Merge, and conclude by `git commit` where git stopped; gives what was said."""
    ours = begin(repo, f"ours{seed}")
    ran = repo.try_git("merge", "--no-edit", *options, f"theirs{seed}")
    if ran.code or "--no-commit" in options:
        assert ran.code in (0, 1), (seed, options, ran)
        resolve(repo, 2 + seed % 2)
        ran = repo.try_git("commit", "-q", "--no-edit")
        assert ran.code == 0, (seed, options, ran)
    assert repo.git("rev-parse", "HEAD^1", "HEAD^2").split() == [ours, repo.git("rev-parse", f"theirs{seed}").strip()]
    assert repo.git("log", "-1", "--format=%s", "HEAD").startswith(f"Merge branch 'theirs{seed}'"), ran
    assert "wrong:" not in ran.err, (seed, ran)
    return ran


# Runs


def test_one_number_in_every_combination() -> None:
    """Up to four plans with one number, each there or not in base, ours and theirs: no plan is lost or shown twice."""
    rows = {name: plan_index.Row(7, f"07_{name}.md", name.upper(), "Low", "📋 Planned", "-") for name in "abcd"}
    sets = [set(names) for size in range(5) for names in itertools.combinations("abcd", size)]

    def table(names: set[str]) -> str:
        return plan_index.text(str(rows[name]) for name in sorted(names))

    for base, ours, theirs in itertools.product(sets, repeat=3):
        right = (base & ours & theirs) | (ours - base) | (theirs - base)
        assert plan_index.merge(table(base), table(ours), table(theirs)) == table(right), (base, ours, theirs)


def test_merges_of_random_versions(at: Repo) -> None:
    kinds = {seed: BASES[seed % len(BASES)] for seed in range(RUNS)}
    import_all(at, [version for seed, kind in kinds.items() for version in versions(seed, kind)])
    again = 0
    for seed, kind in kinds.items():
        options = OPTIONS[(seed // len(BASES) + seed) % len(OPTIONS)]
        ran = merged(at, seed, *options)
        assert_right(at, (seed, kind, options, ran))
        again += "made again" in ran.err
    assert again > 2, "too few merges needed a second look to say anything"


def test_without_the_driver_the_conflict_is_visible_and_a_commit_ends_it(at: Repo) -> None:
    """A clone where nobody ran `init` has hooks from elsewhere, or a tool that merges by itself."""
    driver = at.git("config", f"{DRIVER}.driver").strip()
    at.git("config", "--remove-section", DRIVER)  # a section without a command would stop git altogether
    stopped = 0
    try:
        for seed in range(200, 210):
            editor = Editor(seed)
            base = editor.base()
            sides = []
            for _ in range(2):
                plans = dict(base.plans)
                for kind in ("status", "priority"):
                    if plans:
                        editor.change(plans, editor.random.choice(sorted(plans)), kind)
                editor.add(plans, editor.random.randint(1, 12))
                sides.append(base._replace(plans=plans))
            import_all(at, three(seed, *map(files_of, (base, *sides))))
            begin(at, f"ours{seed}")
            ran = at.try_git("merge", "--no-edit", f"theirs{seed}")
            if ran.code:
                stopped += f"CONFLICT (content): Merge conflict in {INDEX}" in ran.out
                resolve(at, 2, index_as_it_is=True)
                ran = at.try_git("commit", "-q", "--no-edit")
                assert ran.code == 0, (seed, ran)
            assert_right(at, (seed, ran))
    finally:
        at.git("config", f"{DRIVER}.driver", driver)
    assert stopped > 5, stopped


def test_a_plan_with_one_number_on_each_side(at: Repo) -> None:
    seed = 300
    base = Editor(seed).base()
    sides = []
    for side in range(2):
        editor = Editor(seed + 1 + side)
        editor.next = 100 * (side + 1)
        plans = dict(base.plans)
        for number in (50, 51, 52):
            editor.add(plans, number)
        sides.append(base._replace(plans=plans))
    import_all(at, three(seed, *map(files_of, (base, *sides))))
    ran = merged(at, seed)
    assert_right(at, ran)
    assert at.show(INDEX).count("\n| 5") >= 6
    assert "made again" not in ran.err, "the merge driver alone gets this right"


def test_octopus(at: Repo) -> None:
    """git's octopus strategy knows no merge drivers: it merges rows as text, or stops without a commit."""
    done = 0
    for seed in range(400, 412):
        editor = Editor(seed)
        plans: dict[str, tuple[str, str]] = {}
        for number in range(1, 13):
            editor.add(plans, number)
        base = editor.base()._replace(plans=plans)
        made = [Version(f"base{seed}", "main", files_of(base, base_file(BASES[seed % 4], base)))]
        for side, name in enumerate(("ours", "theirs", "others")):
            changed = dict(plans)
            # Rows that are far from each other, and those that are not.
            key = sorted(plans, key=lambda one: plans[one][0])[side * (5 if seed % 3 else 1)]
            editor.change(changed, key, ("status", "title", "archive")[seed % 3])
            made.append(Version(f"{name}{seed}", f"base{seed}", files_of(base._replace(plans=changed))))
        import_all(at, made)
        ours = begin(at, f"ours{seed}")
        ran = at.try_git("merge", "--no-edit", f"theirs{seed}", f"others{seed}")
        if ran.code:
            assert at.git("rev-parse", "HEAD").strip() == ours, (seed, ran)
            continue
        done += 1
        assert_right(at, (seed, ran))
        assert len(at.git("rev-parse", "HEAD^@").split()) == 3
    assert done > 2, done


def test_without_the_hook_after_merges_some_are_wrong(at: Repo) -> None:
    """The oracle itself is tried: what makes these merges right is the hook, and its absence is seen."""
    hook = at.path / ".git" / "hooks" / "post-merge"
    text = hook.read_bytes()
    hook.unlink()
    wrong = 0
    seeds = range(500, 521)
    import_all(at, [version for seed in seeds for version in versions(seed, BASES[seed % len(BASES)])])
    try:
        for seed in seeds:
            begin(at, f"ours{seed}")
            if at.try_git("merge", "-q", "--no-edit", "-Xtheirs", f"theirs{seed}").code == 0:
                wrong += not is_right(at)
    finally:
        hook.write_bytes(text)
        hook.chmod(0o755)
        at.git("reset", "-q", "--hard")
    assert wrong, "no merge needed the hook"
