"""The tree that a merge would make, in memory: the plan index by row and field, the plan completed, the rules run on it."""

from __future__ import annotations

from holdfast.adapters import merging
from holdfast.adapters.git import decode, encode
from holdfast.domain import plan_index, status
from holdfast.domain.finish import Tree
from holdfast.domain.plan_set import PlanSet
from holdfast.domain.policy import COMMITTED
from holdfast.domain.problem import Unable, errors
from holdfast.domain.rules import index
from holdfast.domain.takeover import DRIVER
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import index_file, judge, plan_commit
from holdfast.usecases.plan_edit import with_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.git import Git
    from holdfast.domain.finish_message import Authored
    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.problem import Problem
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.observe import Observer
    from holdfast.usecases.workspace import Workspace

_OURS, _AS_TEXT = "true", "git merge-file -q %A %O %B"
"""What stands in for the merge driver: nothing, as the plan index is merged here; or a host's way, which knows no drivers."""


class Made(NamedTuple):
    """A merged tree by its id, empty where it conflicts; what a decision needs to know of it; and its plan's title.

    `picks` are the commits of a rebased branch, each with the tree that it makes.
    """

    id: str
    tree: Tree
    title: str = ""
    picks: tuple[tuple[Authored, str], ...] = ()


def merge(place: Workspace, base: str, head: str, plan: int | None, evidence: str | None) -> Made:
    """The merge of `head` into the main branch at `base`, as it is made here: the plan index never conflicts."""
    return Merger(place, base).of(head, plan, evidence)


def merge_by_host(place: Workspace, base: str, head: str, plan: int | None) -> Made:
    """The same as a host makes it: everything is text to it."""
    plain = merging.neutral(place.git, place.repository.common_dir, place.state("merging/plain"), None)
    found = merging.merged(plain, base, head, DRIVER, _AS_TEXT)
    if found.conflicts:
        indexes = {one.index_path for one in place.configurations.of_tree(base).policy.folders}
        return Made("", Tree(found.conflicts, set(found.conflicts) <= indexes))
    configured = place.configurations.of_tree(found.tree)
    observer = place.observer
    plans = observer.of_tree(found.tree, configured)
    problems = _added(observer, base, plans, configured)
    if configured.policy.mode == COMMITTED:
        remedy = "run it with `--update-branch`: it merges the main branch into it row by row"
        problems += [one._replace(remedy=remedy) for one in errors(index.check(plans))]
    one = _plan(plans, plan)
    return Made(found.tree, _seen(place, base, found.tree, problems, one), one.title if one is not None else "")


def rebase(
    place: Workspace, base: str, head: str, commits: Sequence[Authored], plan: int | None, evidence: str | None
) -> Made:
    """The commits of a branch one after the other on the main branch; those that made the claim or change nothing go.

    The last one completes the plan. A branch with merges is not taken apart.
    """
    own = [one for one in commits if not one.claim]
    whole = merge(place, base, head, plan, evidence)
    if not whole.id or not own or any(len(one.parents) != 1 for one in own):
        return whole
    merger, onto, picks = Merger(place, base), base, []
    tree = merging.tree_of(place.git, base)
    for one in own:
        found = merging.picked(merger.git, onto, one, DRIVER, _OURS)
        last = one is own[-1]
        made = merger.completed(found, one.oid, plan if last else None, evidence if last else None)
        if not made.id:
            return Made("", made.tree)
        if made.id != tree:
            picks.append((one, made.id))
            onto, tree = merging.stand_in(place.git, made.id, (onto,)), made.id
    return whole._replace(id=tree, picks=tuple(picks))


def into_branch(place: Workspace, head: str, main: str) -> Made:
    """The main branch merged into a branch at `head`: its own plan index stays as it is where the main branch alone has one."""
    found = merging.merged(_neutral(place, main), head, main, DRIVER, _OURS)
    return Merger(place, head, on_main=False).completed(found, main, None, None)


class Merger:
    """Makes merged trees on one commit, which is that of the main branch unless it is said otherwise."""

    def __init__(self, place: Workspace, base: str, on_main: bool = True) -> None:
        self.place = place
        self.base = base
        self.on_main = on_main
        self.git = _neutral(place, base)
        self.observer = place.observer  # one for all: what it has read it need not read again

    def of(self, head: str, plan: int | None, evidence: str | None) -> Made:
        """The tree of `head` merged into the base, with the plan completed by the `evidence`, if there is any."""
        found = merging.merged(self.git, self.base, head, DRIVER, _OURS)
        return self.completed(found, head, plan, evidence)

    def completed(self, found: merging.MergedTree, head: str, plan: int | None, evidence: str | None) -> Made:
        """A tree that git made of the base and `head`, put right: plan indexes, then the plan, then its row."""
        if not found.tree:
            return Made("", Tree(found.conflicts))
        place = self.place
        configured = place.configurations.of_tree(found.tree)
        merged, texts = self._indexes(found, head, configured)
        if merged.conflicts:
            return Made("", Tree(merged.conflicts))
        plans = _with_files(self.observer.of_tree(found.tree, configured), texts)
        one = _plan(plans, plan)
        files = dict(texts)
        if evidence is not None and one is not None:
            content = _evidenced(place, found.tree, plans, one, evidence)
            files[one.path] = content
            folder = _folder(plans, one)
            plans = plan_commit.with_plan(plans, folder, configured, one.path, content)
            one = plan_commit.added_to(plans, one.path)
        if self.on_main or plans.policy.mode == COMMITTED:
            files |= {due.state.folder.index_path: due.expected for due in _due(plans)}
        tree = plan_commit.tree(place, found.tree, files) if files else found.tree
        problems = _added(self.observer, self.base, plans, configured)
        return Made(tree, _seen(place, self.base, tree, problems, one), one.title if one is not None else "")

    def _indexes(
        self, found: merging.MergedTree, head: str, configured: Configured
    ) -> tuple[merging.MergedTree, dict[str, bytes]]:
        """Plan indexes that both sides changed, merged by row and field, and what conflicts all the same."""
        texts: dict[str, bytes] = {}
        clean: list[str] = []
        paths = [one.index_path for one in configured.policy.folders]
        ids = {(tip, path): self.place.objects.id_of(f"{tip}:{path}") for tip in (self.base, head) for path in paths}
        both = [path for path in paths if ids[self.base, path] != ids[head, path]]
        common = merging.base_of(self.place.git, self.base, head) if both else None
        for path in both:
            old = self.place.objects.id_of(f"{common}:{path}") if common is not None else None
            if old in (ids[self.base, path], ids[head, path]) and path not in found.conflicts:
                continue  # one side alone changed it
            sides = (old, ids[self.base, path], ids[head, path])
            content = [decode(self.place.objects.content(oid) or b"") if oid is not None else "" for oid in sides]
            text, sure = plan_index.merge_file(content[0], content[1], content[2], self._as_text)
            if sure:
                texts[path] = encode(text)
                clean.append(path)
        rest = tuple(path for path in found.conflicts if path not in clean)
        return found._replace(conflicts=rest), texts

    def _as_text(self, base: str, ours: str, theirs: str) -> tuple[str, bool]:
        return self.place.git.merge_texts(encode(base), encode(ours), encode(theirs))


def _neutral(place: Workspace, base: str) -> Git:
    """git that merges by the attributes of the main branch, wherever this is run."""
    oid = place.objects.id_of(f"{base}:.gitattributes")
    attributes = place.objects.content(oid) if oid is not None else None
    folder = place.state(f"merging/{oid or 'plain'}")
    return merging.neutral(place.git, place.repository.common_dir, folder, attributes)


def _with_files(plans: PlanSet, texts: dict[str, bytes]) -> PlanSet:
    """The plans, with other bytes in the files of plan indexes."""
    if not texts:
        return plans
    states = (
        one._replace(index_file=texts.get(one.folder.index_path, one.index_file)) for one in plans.folders
    )  # fmt: skip
    return PlanSet(plans.policy, tuple(states))


def _due(plans: PlanSet) -> list[index_file.Due]:
    """The plan indexes that are to be written: on the main branch a repository that has any holds them."""
    return index_file.wrong(plans) if plans.policy.origin is not None or _holds_any(plans) else []


def _holds_any(plans: PlanSet) -> bool:
    return any(b"holdfast:plan-index" in (state.index_file or b"") for state in plans.folders)


def _plan(plans: PlanSet, number: int | None) -> Summary | None:
    found = plans.find(number) if number is not None else []
    return found[0] if found else None


def _folder(plans: PlanSet, one: Summary) -> FolderPolicy:
    folder = plans.policy.folder_of(one.path)
    assert folder is not None
    return folder


def _evidenced(place: Workspace, tree: str, plans: PlanSet, one: Summary, evidence: str) -> bytes:
    folder = _folder(plans, one)
    written = status.written(status.COMPLETE, folder.statuses)
    if written is None:
        raise Unable(f"{one.path}: no word for complete is configured")
    content = place.objects.content(f"{tree}:{one.path}") or b""
    return with_status(one.path, one.number, content, folder, written, evidence)


def _added(observer: Observer, base: str, plans: PlanSet, configured: Configured) -> list[Problem]:
    """What the merge adds to the main branch that breaks a rule: old mess there blocks nobody."""
    before = observer.of_tree(base, configured)
    old = observer.configurations.of_tree(base).problems if configured.problems else ()
    return errors(judge.change(plans, [before], observer, configured, [old]).added)


def _seen(place: Workspace, base: str, tree: str, problems: list[Problem], one: Summary | None) -> Tree:
    return Tree(
        problems=tuple(problems),
        status=one.status if one is not None else None,
        status_text=one.status_text if one is not None else "",
        changed=tree != place.objects.id_of(f"{base}^{{tree}}"),
    )
