"""What a commit, git's index or the working tree holds: configuration and plans, read once each."""

from __future__ import annotations

import os
import stat

from holdfast import __version__
from holdfast.adapters.cache import Cache, code_stamp
from holdfast.adapters.git import REGULAR, Asked, Change, Entry, Git, Objects, Repository, decode, encode
from holdfast.domain import configuration, plain_data, plan_table
from holdfast.domain import policy as policies
from holdfast.domain.plan import absent, parse
from holdfast.domain.plan_set import FolderState, PlanSet
from holdfast.domain.plan_table import Table
from holdfast.domain.plans import Plans
from holdfast.domain.problem import ERROR, Problem
from holdfast.domain.summary import summarize
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.summary import Summary

_SYMLINK, _SUBMODULE = "120000", "160000"
_FEW = 64
"""So many plans that differ from a remembered table are read one by one; more, and a new table is written."""
_STATES = 4
"""Of so many states, beside the newest, the number of problems is remembered."""
_UNREADABLE = "\0"
"""The key, impossible in TOML, under which a file that cannot be parsed says why."""
_NOT_REGULAR = {_SYMLINK: "a symlink", _SUBMODULE: "a submodule"}


class Configured(NamedTuple):
    """The policy of one tree, what is wrong with its configuration, and a word that stands for both."""

    policy: Policy
    problems: tuple[Problem, ...]
    digest: str


class Observer:
    """Reads plans of one repository; whole folders are remembered by tree id, plans by blob id."""

    def __init__(self, git: Git, repository: Repository, objects: Objects, staged: Asked | None = None) -> None:
        self.staged = staged
        self.git = git
        self.repository = repository
        self.objects = objects
        self.cache = Cache(os.path.join(repository.common_dir, "holdfast", "cache"))
        self._blobs: dict[str, bytes | None] = {}
        self._tables: dict[str, Table] = {}
        self._trees: dict[str, Plans] = {}
        self._stamp = f"{__version__}-{code_stamp()}"

    # Configuration

    def configured_in(self, treeish: str) -> Configured:
        """The configuration of a commit or tree; of git's index for the empty text."""
        for origin in policies.FILES:
            oid = self.objects.id_of(f"{treeish}:{origin}")
            if oid is None:
                continue
            data = self._remembered_config(oid)
            if data is None:
                raw = self.objects.content(oid) or b""
                if origin == policies.PYPROJECT and b"tool.holdfast" not in raw:
                    continue
                data = self._parsed(raw, oid)
            if origin == policies.FILE or _tool_table(data) or _UNREADABLE in data:
                return self._configured(data, origin, oid)
        return self._configured({}, None, "none")

    def configured_here(self) -> Configured:
        """The configuration of the working tree."""
        data, origin, oid = self._here()
        return self._configured(data, origin, oid)

    def written_here(self) -> dict[str, Any]:
        """What the working tree's configuration file says, as it is; empty when there is none that can be read."""
        data, origin, _ = self._here()
        return _tool_table(data) if origin == policies.PYPROJECT else data

    def _here(self) -> tuple[dict[str, Any], str | None, str]:
        for origin in policies.FILES:
            raw = _read_file(os.path.join(self.repository.top or "", origin))
            if raw is None or (origin == policies.PYPROJECT and b"tool.holdfast" not in raw):
                continue
            oid = _blob_id(raw)
            data = self._remembered_config(oid) or self._parsed(raw, oid)
            return data, origin, oid
        return {}, None, "none"

    def _configured(self, data: dict[str, Any], origin: str | None, oid: str) -> Configured:
        digest = f"{self._stamp}-{oid[:16]}"
        if origin is None:
            return Configured(policies.default(), (), digest)
        wrong = data.get(_UNREADABLE)
        if isinstance(wrong, str):
            message = f"{origin} is not valid TOML: {wrong}"
            problem = Problem("config-unreadable", ERROR, origin, message, f"correct {origin}", path=origin)
            return Configured(policies.default()._replace(origin=origin), (problem,), digest)
        policy, problems = configuration.from_mapping(
            _tool_table(data) if origin == policies.PYPROJECT else data, origin
        )
        return Configured(policy, tuple(problems), digest)

    def _parsed(self, raw: bytes, oid: str) -> dict[str, Any]:
        """A configuration file as a mapping, remembered by blob id; what is no TOML gives one entry that says so."""
        import tomllib

        try:
            data = tomllib.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:  # bad TOML, bad UTF-8, a number of 5,000 digits
            data = {_UNREADABLE: str(error)}
        try:
            self.cache.write(f"config-{oid}", encode(plain_data.dump(data)))
        except (TypeError, ValueError, RecursionError):
            return data  # a date or a fraction: no key of ours, so it is a problem each time
        return data

    def _remembered_config(self, oid: str) -> dict[str, Any] | None:
        """A mapping that was parsed before, so that a hook need not import a parser of TOML (6 ms)."""
        raw = self.cache.read(f"config-{oid}")
        if raw is None:
            return None
        try:
            data = plain_data.load(decode(raw))
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None

    # Plans

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
            known = self._pool(folder, configured)
            fresh = [self._from_file(top, path, folder, configured, known) for path in changed]
            found = [one for one in fresh if one is not None]
            if len(found) > 20:
                self._remember(f"worktree-{self._key(folder, configured)}", Plans(found))
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
        return _read_file(place)

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
        oid = self._tree_id(treeish, folder)
        if oid is None:
            return Plans()
        name = self._name(oid, folder, configured)
        if name not in self._trees:
            self._trees[name] = self._plans_of_tree(treeish, oid, name, folder, configured)
        return self._trees[name]

    def _plans_of_tree(self, treeish: str, oid: str, name: str, folder: FolderPolicy, configured: Configured) -> Plans:
        found = self._changed_since_latest(oid, folder, configured)
        if found is not None:
            return found
        known = self._table(name)
        if known is None:
            entries = self.git.tree(treeish, [folder.path] if folder.path else [])
            read = Plans(self._read(entries, folder, configured, self._pool(folder, configured)))
            known = self._remember(name, read)
            if known is None:
                return read
            self.cache.write(f"latest-{self._key(folder, configured)}", name.encode())
        return Plans(table=known)

    def _changed_since_latest(self, oid: str, folder: FolderPolicy, configured: Configured) -> Plans | None:
        """The plans of the tree `oid` as the newest table and the few files that differ from its tree.

        None where there is no table, or where so much differs that a new one is due. A commit changes a plan or two:
        writing 10,000 plans down again each time would take longer than everything else.
        """
        latest = self.cache.read(f"latest-{self._key(folder, configured)}")
        if latest is None:
            return None
        tree = decode(latest).partition("-")[0]
        if tree.strip("0123456789abcdef"):
            return None  # no id, so not ours
        asked = self.git.tree_changes(tree, oid) if tree != oid else None
        base = self._table(decode(latest))
        changes = asked.changes() if asked is not None else []
        if base is None or changes is None or len(changes) > _FEW:
            return None
        lead = f"{folder.path}/" if folder.path else ""
        whole = [change._replace(path=lead + change.path) for change in changes]
        return self._with_changes(Plans(table=base), whole, folder, configured)

    def _with_changes(self, base: Plans, changes: list[Change], folder: FolderPolicy, configured: Configured) -> Plans:
        """The plans of a state and what another has changed in it."""
        if not changes:
            return base
        entries = [Entry(one.new_mode, one.new_oid, one.path) for one in changes if one.status != "D"]
        fresh = self._read(entries, folder, configured, self._recent(folder, configured))
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
        if 0 < len(fresh) <= _FEW:
            self._remember_recent(fresh, folder, configured)
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
        content = _read_file(place) if mode == REGULAR[0] else None
        oid = _blob_id(content) if content is not None else ""
        return known.get((path, "w" + oid)) or _summary(
            Entry(mode, "w" + oid, path), number, content, folder, configured.policy
        )

    # Memory

    def _tree_id(self, treeish: str, folder: FolderPolicy) -> str | None:
        return self.objects.id_of(f"{treeish}:{folder.path}")

    def _name(self, oid: str, folder: FolderPolicy, configured: Configured) -> str:
        return f"{oid}-{self._key(folder, configured)}"

    def _key(self, folder: FolderPolicy, configured: Configured) -> str:
        return f"{configured.digest}-{configured.policy.folders.index(folder)}"

    def _table(self, name: str) -> Table | None:
        if name not in self._tables:
            raw = self.cache.read(name)
            if raw is None:
                return None
            try:
                self._tables[name] = Table(name, raw)
            except (ValueError, TypeError, IndexError):
                return None
        return self._tables[name]

    def _pool(self, folder: FolderPolicy, configured: Configured) -> dict[tuple[str, str], Summary]:
        """Plans read before, by path and blob: from the newest table of this folder and of its working tree."""
        latest = self.cache.read(f"latest-{self._key(folder, configured)}")
        names = [decode(latest)] if latest else []
        found: dict[tuple[str, str], Summary] = {}
        for name in (*names, f"worktree-{self._key(folder, configured)}"):
            found |= self._by_blob(name)
        return found

    def _recent(self, folder: FolderPolicy, configured: Configured) -> dict[tuple[str, str], Summary]:
        """The plans that were read last, by path and blob."""
        return self._by_blob(f"recent-{self._key(folder, configured)}")

    def _by_blob(self, name: str) -> dict[tuple[str, str], Summary]:
        table = self._table(name)
        return {(one.path, one.oid): one for one in Plans(table=table)} if table is not None else {}

    def _remember_recent(self, fresh: list[Summary], folder: FolderPolicy, configured: Configured) -> None:
        known = {**self._recent(folder, configured), **{(one.path, one.oid): one for one in fresh}}
        kept = Plans(known.values() if len(known) <= 2 * _FEW else fresh)
        self._remember(f"recent-{self._key(folder, configured)}", kept)

    def _remember(self, name: str, plans: Plans) -> Table | None:
        """Keep a table of plans; None for plans that cannot be kept."""
        raw = plan_table.dump(list(plans))
        if raw is None:
            return None
        self._tables[name] = Table(name, raw)
        self.cache.write(name, raw)
        return self._tables[name]

    def standing(self, plans: PlanSet, configured: Configured, count: Callable[[PlanSet], int]) -> int:
        """How many problems a state has, remembered for the states of the last commits, else by `count`."""
        known = self._standings(configured).get(plans.identity or "")
        return int(known) if known is not None and known.isdecimal() else count(plans)

    def remember_standing(self, plans: PlanSet, configured: Configured, problems: int) -> None:
        """Remember how many problems a state has, which is the parent of the next commit."""
        identity = plans.identity
        known = self._standings(configured)
        if identity is None or known.get(identity) == str(problems):
            return
        kept = [*list(known.items())[-_STATES:], (identity, str(problems))]
        self.cache.write(f"standing-{configured.digest}", encode("\0".join(word for pair in kept for word in pair)))

    def _standings(self, configured: Configured) -> dict[str, str]:
        words = decode(self.cache.read(f"standing-{configured.digest}") or b"").split("\0")
        return dict(zip(words[::2], words[1::2], strict=False))

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


def _blob_id(content: bytes) -> str:
    """The id that git gives these bytes (in a SHA-1 repository): a name for the content."""
    import hashlib

    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _tool_table(data: Mapping[str, Any]) -> dict[str, Any]:
    """The table `[tool.holdfast]` of a pyproject.toml."""
    tool = data.get("tool", {})
    found = tool.get("holdfast", {}) if isinstance(tool, dict) else {}
    return found if isinstance(found, dict) else {}


def _read_file(path: str) -> bytes | None:
    """The bytes of a regular file: a symlink could lead out of the repository, a pipe would wait for ever."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
