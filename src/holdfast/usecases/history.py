"""Which plans ever existed: read from all of git's history once, and then only from what is new."""

from __future__ import annotations

import os

from holdfast.adapters.git import GitError, decode
from holdfast.domain.naming import slug_of
from holdfast.domain.plan_set import History
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.policy import Policy
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.observe import Observer

Slugs = dict[tuple[str, int], set[str]]
"""Slugs by folder and number."""


def read(observer: Observer, configured: Configured) -> History:
    """The numbers and slugs of all plans in any commit that a ref or HEAD reaches."""
    policy = configured.policy
    name = f"history-{configured.digest}"
    tips = _tips(observer)
    seen, slugs = _remembered(observer, name)
    if tips != seen:
        try:
            _learn(observer, policy, tips, seen, slugs)
        except GitError:
            # A remembered tip is gone (a pruned branch): read everything again.
            slugs.clear()
            _learn(observer, policy, tips, set(), slugs)
        _remember(observer, name, tips, slugs)
    shallow = os.path.exists(os.path.join(observer.repository.common_dir, "shallow"))
    by_folder: dict[str, dict[int, frozenset[str]]] = {}
    for (folder, number), found in slugs.items():
        by_folder.setdefault(folder, {})[number] = frozenset(found)
    return History(by_folder, complete=not shallow)


def _tips(observer: Observer) -> set[str]:
    lines = observer.git.text("for-each-ref", "--format=%(objecttype) %(objectname)").splitlines()
    refs = [line.split(" ")[1] for line in lines if line.startswith(("commit ", "tag "))]
    head = observer.objects.id_of("HEAD^{commit}")
    return {*refs, *([head] if head else [])}


def _learn(observer: Observer, policy: Policy, tips: set[str], seen: set[str], slugs: Slugs) -> None:
    if not tips:
        return
    paths = [folder.path or "." for folder in policy.folders]
    revisions = "".join(f"{tip}\n" for tip in sorted(tips)) + "".join(f"^{tip}\n" for tip in sorted(seen))
    out = observer.git.run(
        # Full history: git otherwise leaves out a side that a merge took nothing from. Combined: what only a merge added.
        "--literal-pathspecs", "log", "--stdin", "--full-history", "--diff-merges=combined", "--no-show-signature",
        "--format=", "--name-only", "--diff-filter=A", "--no-renames", "-z", "--", *paths, data=revisions.encode(),
    )  # fmt: skip
    for path in decode(out).split("\0"):
        folder = policy.folder_of(path.lstrip("\n"))
        number = folder.number_of(path.lstrip("\n")) if folder is not None else None
        if folder is not None and number is not None:
            slugs.setdefault((folder.path, number), set()).add(slug_of(path))


def _remembered(observer: Observer, name: str) -> tuple[set[str], Slugs]:
    raw = observer.cache.read(name)
    if raw is None:
        return set(), {}
    try:
        tips, _, rows = decode(raw).partition("\n")
        parts = [row.split("\t") for row in rows.split("\n") if row]
        return set(tips.split()), {(folder, int(number)): set(slugs) for folder, number, *slugs in parts}
    except ValueError:
        return set(), {}


def _remember(observer: Observer, name: str, tips: set[str], slugs: Slugs) -> None:
    rows = "\n".join(
        "\t".join((folder, str(number), *sorted(found))) for (folder, number), found in sorted(slugs.items())
    )
    observer.cache.write(name, (" ".join(sorted(tips)) + "\n" + rows).encode("utf-8", "surrogateescape"))
