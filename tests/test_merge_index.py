"""The merge driver against random three-way merges: whatever git merges without conflict, the plan index follows.

Plans are merged file by file as git does it (a rename is followed; both sides in one file go through
`git merge-file`); the file of the plan index is merged by the domain. Where every plan merges without conflict, the
merged file must be the one that the merged plans make.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from holdfast.domain import plan_index
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

PLANS = "docs/plans"
FOLDER = folder()
STATUSES = (
    "📋 Planned",
    "🚧 In Progress (half)",
    "⏸️ Blocked by mail",
    "🔄 review",
    "✅ Complete",
    "Proposed",
    "what | ever",
    "",
)
PRIORITIES = ("Critical", "high", "**Medium**", "Low (later)", "odd | one", "-")
TITLES = ("Plain", "A | pipe", "[link](x) *bold*", "Back\\slash\\", "Zürich – ö", "tick `a|b`", "<b>", "~~gone~~")


class Side(NamedTuple):
    """One version: plans by identity (which survives a rename), as path and text, and the text around the table."""

    plans: dict[str, tuple[str, str]]
    above: str
    below: str

    @property
    def file(self) -> str:
        """The file of the plan index, right for these plans."""
        return f"# Plans\n\n{self.above}\n\n{plan_index.BEGIN}\n{index_of(self.plans.values())}{plan_index.END}\n\n{self.below}\n"


def index_of(plans: Iterable[tuple[str, str]]) -> str:
    """The plan index of (path, text) pairs."""
    rows = []
    for path, content in plans:
        number = FOLDER.number_of(path)
        assert number is not None
        if not FOLDER.archived(path):
            row = plan_index.row(parse(path, number, content.encode(), FOLDER), FOLDER)
            rows.append((number, path.encode(), str(row)))
    return plan_index.text(row for *_, row in sorted(rows))


class Editor:
    """Random plans and random edits, each of which changes one line of a header, a body or a name."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.next = 0

    def base(self) -> Side:
        plans: dict[str, tuple[str, str]] = {}
        for _ in range(self.random.randint(0, 8)):
            self.add(plans, self.random.randint(1, 12))
        return Side(plans, "Above.", "Below.")

    def add(self, plans: dict[str, tuple[str, str]], number: int) -> None:
        self.next += 1
        path = f"{PLANS}/{number:02}_plan_{self.next}.md"
        title, status = self.random.choice(TITLES), self.random.choice(STATUSES)
        # Blank lines between the fields: two sides may then change two fields of one plan without a conflict.
        text = (
            f"# Plan #{number}: {title}\n\n**Status:** {status}\n\nFiller {self.next}.\n\n"
            f"**Priority:** {self.random.choice(PRIORITIES)}\n\nMore {self.next}.\n\n**Blocks:** None\n\n"
            f"## Plan\n\nText {self.next}.\n"
        )
        plans[f"p{self.next}"] = (path, text)

    def edited(self, side: Side) -> Side:
        plans, above, below = dict(side.plans), side.above, side.below
        for _ in range(2):
            kind = self.random.choice(
                (
                    "status",
                    "status",
                    "priority",
                    "title",
                    "blocks",
                    "body",
                    "add",
                    "add",
                    "delete",
                    "rename",
                    "archive",
                    "around",
                )
            )
            if kind == "add":
                self.add(plans, self.random.randint(1, 12))
            elif kind == "around":
                if self.random.random() < 0.5:
                    above = f"Above {self.random.randint(0, 9)}."
                else:
                    below = f"Below {self.random.randint(0, 9)}."
            elif plans:
                self.change(plans, self.random.choice(sorted(plans)), kind)
        return Side(plans, above, below)

    def change(self, plans: dict[str, tuple[str, str]], key: str, kind: str) -> None:
        path, text = plans[key]
        if kind == "delete":
            del plans[key]
        elif kind == "rename":
            number = path.split("/")[-1].split("_")[0]
            plans[key] = (f"{PLANS}/{number}_renamed_{key}_{self.random.randint(0, 3)}.md", text)
        elif kind == "archive":
            plans[key] = (f"{PLANS}/archive/" + path.split("/")[-1], text)
        else:
            plans[key] = (path, self.line(text, kind))

    def line(self, text: str, kind: str) -> str:
        lines = text.split("\n")
        if kind == "title":
            lines[0] = lines[0].split(":")[0] + ": " + self.random.choice(TITLES)
        elif kind == "status":
            lines[2] = "**Status:** " + self.random.choice(STATUSES)
        elif kind == "priority":
            lines[6] = "**Priority:** " + self.random.choice(PRIORITIES)
        elif kind == "blocks":
            lines[10] = "**Blocks:** " + ", ".join(
                f"#{self.random.randint(1, 12)}" for _ in range(self.random.randint(1, 3))
            )
        else:
            lines[-2] = f"Text {self.random.randint(0, 99)}."
        return "\n".join(lines)


class MergeFile:
    """`git merge-file`, asked only where both sides changed a text."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.asked = 0

    def __call__(self, base: str, ours: str, theirs: str) -> tuple[str, bool]:
        self.asked += 1
        names = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            names.append(f"{self.folder}/{name}")
            Path(names[-1]).write_bytes(text.encode())
        done = subprocess.run(["git", "merge-file", "-p", "-q", *names], capture_output=True, check=False)
        assert 0 <= done.returncode < 128, done
        return done.stdout.decode(), done.returncode == 0

    def quick(self, base: str, ours: str, theirs: str) -> tuple[str, bool]:
        """The same, without a process where a side is as the base is."""
        if ours == theirs or theirs == base:
            return ours, True
        return (theirs, True) if ours == base else self(base, ours, theirs)


def merged_plans(base: Side, ours: Side, theirs: Side, merge_text: MergeFile) -> dict[str, tuple[str, str]] | None:
    """The plans as git merges them, or None where one conflicts."""
    found: dict[str, tuple[str, str]] = {}
    for key in dict.fromkeys((*ours.plans, *theirs.plans)):
        old, mine, other = (side.plans.get(key) for side in (base, ours, theirs))
        if old is None:
            found[key] = mine or other or ("", "")
        elif mine is None or other is None:
            if (mine or other) != old:
                return None  # deleted here, changed there
        else:
            if mine[0] != other[0] and old[0] not in (mine[0], other[0]):
                return None  # renamed twice
            text, clean = merge_text.quick(old[1], mine[1], other[1])
            if not clean:
                return None
            found[key] = (other[0] if mine[0] == old[0] else mine[0], text)
    paths = [path for path, _ in found.values()]
    return found if len(paths) == len(set(paths)) else None


def test_a_thousand_random_merges() -> None:
    merge_text = MergeFile()
    clean = conflicts = 0
    wrong: list[int] = []
    for seed in range(1000):
        editor = Editor(seed)
        base = editor.base()
        ours, theirs = editor.edited(base), editor.edited(base)
        plans = merged_plans(base, ours, theirs, merge_text)
        merged, whole = plan_index.merge_file(base.file, ours.file, theirs.file, merge_text.quick)
        if plans is None:
            conflicts += 1
            continue
        clean += 1
        if plan_index.inside(merged) != index_of(plans.values()):
            wrong.append(seed)
            continue
        around, apart = merge_text.quick(_around(base), _around(ours), _around(theirs))
        assert whole == apart, f"seed {seed}"
        if apart:
            assert merged == plan_index.placed(around, index_of(plans.values())), f"seed {seed}"
    assert not wrong, f"{len(wrong)} of {clean} merges are wrong, as with the seeds {wrong[:10]}"
    assert clean > 700 and conflicts > 20 and merge_text.asked > 100, (clean, conflicts, merge_text.asked)
    shutil.rmtree(merge_text.folder)


def _around(side: Side) -> str:
    return plan_index.placed(side.file, "")
