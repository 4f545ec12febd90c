"""The plans of a commit, of git's index or of the working tree."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.cache import Cache
from holdfast.adapters.git import REGULAR, Asked, Change, Entry, Git, Repository, decode
from holdfast.adapters.objects import Objects, blob_id
from holdfast.domain.plan import absent
from holdfast.domain.plan_reader import parse
from holdfast.domain.plan_set import FolderState, PlanSet
from holdfast.domain.plans import Plans
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.configured import Configurations
from holdfast.usecases.remembered import FEW, Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.summary import Summary
    from holdfast.usecases.configured import Configured

_SYMLINK, _SUBMODULE = "120000", "160000"
_NOT_REGULAR = {_SYMLINK: "a symlink", _SUBMODULE: "a submodule"}


class Observer:
    """Reads plans of one repository; whole folders are remembered by tree id, plans by blob id."""

    def __init__(self, git: Git, repository: Repository, objects: Objects, staged: Asked | None = None) -> None:
        self.staged = staged
        self.git = git
        self.repository = repository
        self.objects = objects
        self.cache = Cache(os.path.join(repository.common_dir, "holdfast", "cache"))
        self._blobs: dict[str, bytes | None] = {}
        self._trees: dict[str, Plans] = {}
        self.configurations = Configurations(repository.top or "", objects, self.cache)
        self.remembered = Remembered(self.cache)

    def ask_ahead(self, configured: Configured, treeishes: Iterable[str]) -> None:
        """Ask for all that the plans of some trees (of git's index for the empty text) need, in one go."""
        folders = configured.policy.folders
        files = [path for one in folders for path in (one.index_path, one.template_path)]
        names = [f"{tree}:{path}" for tree in treeishes for path in files]
        # Of git's index only files have ids.
        names += [f"{tree}:{one.path}" for tree in treeishes if tree for one in folders]
        self.objects.ask_ahead(names)

    def of_tree(self, treeish: str, configured: Configured) -> PlanSet:
        """The plans of a commit or tree, under the given configuration."""
        return self._plan_set(configured, lambda folder: self._tree_plans(treeish, folder, configured), treeish)

    def of_index(self, head: str | None, configured: Configured) -> PlanSet:
        """The plans of git's index; `head` is the commit it is based on, None before the first."""

        def plans(folder: FolderPolicy) -> Plans:
            base = self._tree_plans(head, folder, configured) if head is not None else Plans()
            return self._with_changes(base, self._staged_below(folder.path, head), folder, configured)

        return self._plan_set(configured, plans, "")

    def of_worktree(self, configured: Configured) -> PlanSet:
        """The plans of the working tree: tracked and untracked files, without what git ignores."""
        top = self.repository.top or ""

        def plans(folder: FolderPolicy) -> Plans:
            head = self.objects.id_of("HEAD^{commit}")
            base = self._tree_plans("HEAD", folder, configured) if head else Plans()
            changed = self._changed_files(folder)
            if not changed:
                return base
            known = self.remembered.pool(self._key(folder, configured))
            fresh = [self._from_file(top, path, folder, configured, known) for path in changed]
            found = [one for one in fresh if one is not None]
            if len(found) > 20:
                self.remembered.keep_worktree(self._key(folder, configured), Plans(found))
            return base.changed(_numbered(changed, folder), found)

        states = tuple(
            FolderState(
                folder,
                plans(folder),
                self._file_here(folder.index_path),
                self._file_here(folder.template_path),
            )
            for folder in configured.policy.folders
        )
        return PlanSet(configured.policy, states)

    def summaries(self, entries: Iterable[Entry], folder: FolderPolicy, configured: Configured) -> list[Summary]:
        """The plans in some entries of any tree, each with its whole path."""
        return self._read(entries, folder, configured, self.remembered.pool(self._key(folder, configured)))

    def of_branches(self, entries: Sequence[Entry], folder: FolderPolicy, configured: Configured) -> list[Summary]:
        """The plans in entries of many branches; what is read is remembered for the next time that they are asked for."""
        key = self._key(folder, configured)
        known = self.remembered.of_branches(key)
        found = self._read(entries, folder, configured, known)
        if any((one.path, one.oid) not in known for one in found):
            self.remembered.keep_of_branches(key, found)
        return found

    def stages(self, paths: Sequence[str], head: str | None) -> bool:
        """True where git's index changes one of some files, against the commit `head` or nothing at all."""
        ahead = self.staged.changes() if head is not None and self.staged is not None else None
        if ahead is None:
            ahead = self.git.staged_changes(head or self.git.empty_tree(), paths)
        return any(one.path in paths for one in ahead)

    def _staged_below(self, folder: str, head: str | None) -> list[Change]:
        """What git's index changes below a folder, against the commit `head` or nothing at all."""
        if head is not None and self.staged is not None:
            ahead = self.staged.changes()
            if ahead is not None:
                return [one for one in ahead if not folder or one.path.startswith(folder + "/") or one.path == folder]
        return self.git.staged_changes(head or self.git.empty_tree(), [folder or "."])

    def _file_here(self, path: str) -> bytes | None:
        """A file of the working tree; of git's index where a sparse checkout leaves it out."""
        place = os.path.join(self.repository.top or "", path)
        if not os.path.lexists(place) and self.git.left_out(path):
            return self._blob(f":{path}")
        return files.read_regular(place)

    def _plan_set(self, configured: Configured, plans: Callable[[FolderPolicy], Plans], treeish: str) -> PlanSet:
        states = tuple(
            FolderState(
                folder,
                plans(folder),
                self._blob(f"{treeish}:{folder.index_path}"),
                self._blob(f"{treeish}:{folder.template_path}"),
            )
            for folder in configured.policy.folders
        )
        return PlanSet(configured.policy, states)

    def _tree_plans(self, treeish: str, folder: FolderPolicy, configured: Configured) -> Plans:
        oid = self.objects.id_of(f"{treeish}:{folder.path}")
        if oid is None:
            return Plans()
        name = f"{oid}-{self._key(folder, configured)}"
        if name not in self._trees:
            self._trees[name] = self._plans_of_tree(treeish, oid, name, folder, configured)
        return self._trees[name]

    def _plans_of_tree(self, treeish: str, oid: str, name: str, folder: FolderPolicy, configured: Configured) -> Plans:
        found = self._changed_since_latest(oid, folder, configured)
        if found is not None:
            return found
        known = self.remembered.table(name)
        if known is None:
            key = self._key(folder, configured)
            entries = self.git.tree(treeish, [folder.path] if folder.path else [])
            read = Plans(self._read(entries, folder, configured, self.remembered.pool(key)))
            known = self.remembered.keep_tree(key, name, read)
            if known is None:
                return read
        return Plans(table=known)

    def _changed_since_latest(self, oid: str, folder: FolderPolicy, configured: Configured) -> Plans | None:
        """The plans of the tree `oid` as the newest table and the few files that differ from its tree.

        None where there is no table, or where so much differs that a new one is due. A commit changes a plan or two:
        writing 10,000 plans down again each time would take longer than everything else.
        """
        latest = self.remembered.latest(self._key(folder, configured))
        if latest is None:
            return None
        tree = latest.partition("-")[0]
        if tree.strip("0123456789abcdef"):
            return None  # no id, so not ours
        asked = self.git.tree_changes(tree, oid) if tree != oid else None
        base = self.remembered.table(latest)
        changes = asked.changes() if asked is not None else []
        if base is None or changes is None or len(changes) > FEW:
            return None
        lead = f"{folder.path}/" if folder.path else ""
        whole = [change._replace(path=lead + change.path) for change in changes]
        return self._with_changes(Plans(table=base), whole, folder, configured)

    def _with_changes(self, base: Plans, changes: list[Change], folder: FolderPolicy, configured: Configured) -> Plans:
        """The plans of a state and what another has changed in it."""
        if not changes:
            return base
        entries = [Entry(one.new_mode, one.new_oid, one.path) for one in changes if one.status != "D"]
        fresh = self._read(entries, folder, configured, self.remembered.recent(self._key(folder, configured)))
        return base.changed(_numbered((one.path for one in changes), folder), fresh)

    def _read(
        self,
        entries: Iterable[Entry],
        folder: FolderPolicy,
        configured: Configured,
        known: Mapping[tuple[str, str], Summary],
    ) -> list[Summary]:
        """Summaries of the plans among `entries`; those in `known` (by path and blob) are not read again."""
        plans = [(entry, number) for entry in entries if (number := folder.number_of(entry.path)) is not None]
        missing = [
            entry.oid for entry, _ in plans if entry.mode in REGULAR and (entry.path, _identity(entry)) not in known
        ]
        blobs = self.objects.contents(missing)
        found, fresh = [], []
        for entry, number in plans:
            one = known.get((entry.path, _identity(entry)))
            if one is None:
                one = _summary(entry, number, blobs.get(entry.oid), folder, configured.policy)
                fresh.append(one)
            found.append(one)
        if 0 < len(fresh) <= FEW:
            self.remembered.keep_recent(self._key(folder, configured), fresh)
        return found

    def _changed_files(self, folder: FolderPolicy) -> set[str]:
        """Paths below the folder where the working tree is not as HEAD has it."""
        out = self.git.run(
            "--literal-pathspecs", "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--",
            folder.path or ".",
        )  # fmt: skip
        return {record[3:] for record in decode(out).split("\0")[:-1]}

    def _from_file(
        self,
        top: str,
        path: str,
        folder: FolderPolicy,
        configured: Configured,
        known: Mapping[tuple[str, str], Summary],
    ) -> Summary | None:
        number = folder.number_of(path)
        place = os.path.join(top, path)
        if number is None or not os.path.lexists(place):
            return None
        mode = _SYMLINK if os.path.islink(place) else _SUBMODULE if os.path.isdir(place) else REGULAR[0]
        content = files.read_regular(place) if mode == REGULAR[0] else None
        oid = blob_id(content) if content is not None else ""
        return known.get((path, "w" + oid)) or _summary(
            Entry(mode, "w" + oid, path), number, content, folder, configured.policy
        )

    def _key(self, folder: FolderPolicy, configured: Configured) -> str:
        return f"{configured.digest}-{configured.policy.folders.index(folder)}"

    def _blob(self, name: str) -> bytes | None:
        oid = self.objects.id_of(name)
        if oid is not None and oid not in self._blobs:
            self._blobs[oid] = self.objects.content(oid)
        return self._blobs[oid] if oid is not None else None


def _numbered(paths: Iterable[str], folder: FolderPolicy) -> list[tuple[str, int]]:
    """Those of the paths that plans have, each with its number."""
    return [(path, number) for path in paths if (number := folder.number_of(path)) is not None]


def _summary(entry: Entry, number: int, content: bytes | None, folder: FolderPolicy, policy: Policy) -> Summary:
    if entry.mode in _NOT_REGULAR:
        plan = absent(entry.path, number, "file-not-regular", _NOT_REGULAR[entry.mode])
    elif content is None:
        plan = absent(entry.path, number, "file-not-regular", "nothing that can be read")
    elif len(content) > policy.max_plan_size:
        plan = absent(
            entry.path, number, "file-too-large", f"{len(content)} bytes, the limit is {policy.max_plan_size}"
        )
    else:
        plan = parse(entry.path, number, content, folder)
    return summarize(plan, _identity(entry), folder, policy)


def _identity(entry: Entry) -> str:
    """What tells one content of a path from another: the blob's id, and what stands there if that is no file."""
    return entry.oid if entry.mode in REGULAR else f"{entry.mode}:{entry.oid}"
