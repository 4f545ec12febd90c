"""Whether a call that an agent is about to make would harm others' work: what it is told then, with the safe command."""

from __future__ import annotations

import fnmatch
import os

from holdfast.adapters.git import Git, GitError
from holdfast.domain import agent_rules as rules
from holdfast.domain.agent_codes import AGENT_RULES
from holdfast.domain.command_line import commands, of_words
from holdfast.domain.occupancy import FREE, SESSION, is_within
from holdfast.domain.policy import OFF, REFUSE, WARN
from holdfast.domain.problem import ERROR, WARNING, Problem, Unable
from holdfast.domain.shell_words import UNKNOWN, joined
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import claims, surroundings
from holdfast.usecases.worker import SESSION as SESSION_VARIABLE
from holdfast.usecases.worktrees import occupancy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.agent_call import Call
    from holdfast.domain.agent_rules import Deed
    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.occupancy import Occupancy
    from holdfast.domain.snapshot import Worktree
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

_RULES = {rule.code: rule for rule in AGENT_RULES}
_INNER = frozenset(("objects", "refs", "hooks", "worktrees", "holdfast", "logs", "info", "modules", "reftable"))
"""What of git's own folder nothing brings back. The rest is state of a merge or rebase, which git itself says to delete."""


class Verdict(NamedTuple):
    """What an agent is told: `refused` are reasons not to make the call, `warned` others. `main` is true when it edits
    the main worktree, and nothing was refused for that."""

    refused: tuple[Problem, ...] = ()
    warned: tuple[Problem, ...] = ()
    main: bool = False


def judge(place: Workspace, call: Call, now: Moment) -> Verdict:
    """What is to be said of a call, made in the worktree of `place`; nothing where nobody's work is harmed.

    What cannot be told is at most warned of: git's own locks and Holdfast's commands are what counts, this only says it
    earlier. Raises `GitError`, `Unable` or `OSError` where nothing can be looked up.
    """
    guard = _Guard(place, call, now)
    found = [*guard.deeds(), *guard.edits()]
    return Verdict(
        tuple(problem for level, problem in found if level == REFUSE),
        tuple(problem._replace(severity=WARNING) for level, problem in found if level == WARN),
        guard.edits_main and not any(one.code == "agent-main-worktree" and level == REFUSE for level, one in found),
    )


_Found = tuple[str, Problem]


def _problem(code: str, subject: str, message: str, remedy: str = "") -> Problem:
    rule = _RULES[code]
    return Problem(code, ERROR, subject, message, remedy or rule.remedy, rule.who)


class _Guard:
    """One call, and what was looked up for it; each thing once, and only when it is asked for."""

    def __init__(self, place: Workspace, call: Call, now: Moment) -> None:
        me = {SESSION_VARIABLE: call.session} if call.session is not None else {}
        self.place = place._replace(environment={**place.environment, **me})
        self.call, self.now = call, now
        self.folder = call.cwd or place.top
        self.at = call.folder or self.folder
        self.common = os.path.realpath(place.repository.common_dir)
        self.edits_main = False
        self._ground: Ground | None = None
        self._claims: tuple[Claim, ...] | None = None
        self._here: dict[str, bool | None] = {}

    @property
    def ground(self) -> Ground:
        if self._ground is None:
            self._ground = surroundings.of(self.place)
        return self._ground

    @property
    def worktrees(self) -> list[Worktree]:
        return [one._replace(path=os.path.realpath(one.path)) for one in self.ground.worktrees if not one.gone]

    @property
    def claims(self) -> tuple[Claim, ...]:
        if self._claims is None:
            listed = claims.listed(self.place, self.now)
            self._ground, self._claims = listed.ground, tuple(one for one in listed.claims if not one.ended)
        return self._claims

    def level(self, key: str) -> str:
        """What is configured for a thing."""
        return str(getattr(self.place.configurations.of_worktree().policy.agents, key))

    # Commands

    def deeds(self) -> Iterator[_Found]:
        home = self.place.environment.get("HOME")
        for line in self.call.lines:
            words = commands(line, self.at, home) if isinstance(line, str) else of_words(line, self.at, home)
            for deed in rules.deeds(words):
                level = self.level(rules.KEY_OF[deed.kind])
                if level != OFF:
                    yield from self._found(deed, level)

    def _found(self, deed: Deed, level: str) -> Iterator[_Found]:
        if deed.kind in (rules.DELETE_TREE, rules.MOVE_TREE):
            problem = self._tree(deed)
        else:
            here = self._is_here(deed.folder)
            if here is False:
                return
            level = level if here else WARN
            problem = _BY_KIND[deed.kind](self, deed)
        if problem is not None:
            yield (WARN if UNKNOWN in deed.target else level), problem

    def _is_here(self, folder: str | None) -> bool | None:
        """True for a folder in this repository; None where that cannot be told."""
        if folder is None or not os.path.isdir(folder):
            return None
        if folder not in self._here:
            try:
                found = Git(folder, self.place.environment).locate().common_dir
                self._here[folder] = os.path.realpath(found) == self.common
            except (GitError, Unable, OSError):
                self._here[folder] = False
        return self._here[folder]

    def _remove_worktree(self, deed: Deed) -> Problem | None:
        verb = "moving" if deed.kind == rules.MOVE_WORKTREE else "removing"
        if UNKNOWN in deed.target:
            message = f"which worktree `{deed.words}` means cannot be told before it runs"
            return _problem("agent-worktree-in-use", deed.words, message)
        tree = self._meant(deed)
        if tree is None or tree.main:
            return None
        found = self._occupancy(tree)
        if found.verdict == FREE:
            return None
        why = "; ".join(found.reasons)
        message = f"{verb} the worktree {tree.path}, which {_who(found)}: {why}"
        return _problem("agent-worktree-in-use", tree.path, message, self._removal(tree))

    def _meant(self, deed: Deed) -> Worktree | None:
        """The worktree that git would take: the one at that path, or the only one whose path ends so."""
        path = deed.path
        there = _resolved(path) if path is not None else None
        named = [one for one in self.worktrees if one.path == there]
        ending = "/" + deed.target.strip("/")
        return next(iter(named or [one for one in self.worktrees if one.path.endswith(ending)]), None)

    def _occupancy(self, tree: Worktree) -> Occupancy:
        policy = self.ground.policy.sessions
        return occupancy.of(self.place, [tree], self.now, policy)[tree.path]

    def _removal(self, tree: Worktree) -> str:
        name = tree.branch or tree.path
        return f"holdfast worktree remove {_quoted(name)}"

    def _tree(self, deed: Deed) -> Problem | None:
        path = deed.path
        if path is None:
            return None
        verb = "moving" if deed.kind == rules.MOVE_TREE else "deleting"
        for tree in sorted(self.worktrees, key=lambda one: (one.main, one.path)):
            if self._takes(deed, path, tree.path):
                what = "the main worktree" if tree.main else f"the worktree {tree.path}"
                remedy = "" if tree.main else self._removal(tree)
                return _problem("agent-delete-tree", tree.path, f"{verb} {what} with `{deed.words}`", remedy)
            if not tree.main and self._takes(deed, path, os.path.join(tree.path, ".git")):
                message = f"{verb} {tree.path}/.git, which makes that folder a worktree"
                return _problem("agent-delete-tree", tree.path, message, self._removal(tree))
        if self._takes(deed, path, self.common):
            return _problem("agent-delete-tree", ".git", f"{verb} git's own folder {self.common}", "leave it as it is")
        inside = [name for name in _INNER if self._takes(deed, path, os.path.join(self.common, name))]
        within = os.path.relpath(_resolved(path), self.common).split("/")[0]
        if inside or (within in _INNER and not deed.pattern):
            name = sorted(inside)[0] if inside else within
            message = f"{verb} what git keeps in {os.path.join(self.common, name)}"
            return _problem("agent-delete-tree", ".git", message, "leave it as it is")
        return None

    def _takes(self, deed: Deed, path: str, protected: str) -> bool:
        """True when a path, or a pattern of paths, is a protected one or lies above it."""
        if not deed.pattern:
            return is_within(protected, _resolved(path))
        pattern = _resolved_pattern(path).split("/")
        parts = protected.split("/")
        return len(pattern) <= len(parts) and all(map(_fits, parts, pattern))

    def _clean(self, deed: Deed) -> Problem | None:
        path = deed.path
        if path is None:
            return None
        there = os.path.realpath(path)
        for tree in self.worktrees:
            if (
                not tree.main
                and tree.path != there
                and is_within(tree.path, there)
                and self._cleaned(deed, there, tree.path)
            ):
                message = (
                    f"deleting the worktree {tree.path} with `{deed.words}`, which is forced to delete repositories too"
                )
                return _problem("agent-delete-tree", tree.path, message, "force `git clean` once only: `git clean -fd`")
        return None

    def _cleaned(self, deed: Deed, folder: str, path: str) -> bool:
        """False for what git ignores in a folder, where it is not told to clean that too."""
        git = Git(folder, self.place.environment)
        return deed.ignored or git.attempt("check-ignore", "--quiet", "--", path)[0] != 0

    def _branch(self, deed: Deed) -> Problem | None:
        if deed.target == "" or (deed.pattern and deed.kind != rules.DELETE_REMOTE_BRANCH):
            return None
        remote = deed.kind == rules.DELETE_REMOTE_BRANCH
        if UNKNOWN in deed.target:
            if not self.claims:
                return None
            message = f"which branches `{deed.words}` takes away cannot be told before it runs, and some are claims"
            return _problem("agent-claim-branch", deed.words, message)
        held = [one for one in self.claims if one.branch == deed.target and (one.remote if remote else one.local)]
        if not held or (deed.kind == rules.RENAME_BRANCH and self._mine(held[0])):
            return None
        one = held[0]
        verb = "renaming" if deed.kind == rules.RENAME_BRANCH else "deleting"
        of = f"plan #{one.plan}" if one.plan is not None else "no plan"
        where = " on the remote" if remote else ""
        message = f"{verb} {one.branch}{where}, the claim of {one.who} on {of}"
        given = str(one.plan) if one.plan is not None else _quoted(one.branch)
        return _problem("agent-claim-branch", one.branch, message, f"holdfast unclaim {given}")

    def _mine(self, one: Claim) -> bool:
        return one.worktree is not None and os.path.realpath(one.worktree) == os.path.realpath(self.place.top)

    def _hooks_path(self, deed: Deed) -> Problem | None:
        return _problem(
            "agent-hooks-path", deed.target, f"changing {deed.target} with `{deed.words or 'its environment'}`"
        )

    def _skip_hooks(self, deed: Deed) -> Problem | None:
        return _problem("agent-no-verify", deed.target, f"`{deed.words}`, which passes the hooks by")

    # Edits

    def edits(self) -> Iterator[_Found]:
        for edited in self.call.edits:
            path = joined(self.folder, edited)
            if path is not None:
                yield from self._edit(os.path.realpath(path))

    def _edit(self, path: str) -> Iterator[_Found]:
        if is_within(path, self.common):
            yield from self._edit_git(path)
            return
        around = [one for one in self.worktrees if is_within(path, one.path)]
        if not around:
            return
        tree = max(around, key=lambda one: len(one.path))
        if tree.main:
            yield from self._edit_main(path)
        elif tree.path != os.path.realpath(self.place.top):
            yield from self._edit_other(path, tree)

    def _edit_git(self, path: str) -> Iterator[_Found]:
        level = self.level(rules.HOOKS_SETTING)
        hooks = any(is_within(path, os.path.join(self.common, name)) for name in ("hooks", "holdfast"))
        configures = os.path.basename(path).startswith("config") and any(
            "hookspath" in t.lower() for t in self.call.texts
        )
        if level != OFF and (hooks or configures):
            yield level, _problem("agent-hooks-path", path, f"editing {path}, which the hooks stand on")

    def _edit_main(self, path: str) -> Iterator[_Found]:
        level = self.level(rules.MAIN_WORKTREE)
        self.edits_main = True
        if level == OFF or not self.claims:
            return
        number = len(self.claims)
        are = "claims are" if number > 1 else "claim is"
        yield (
            level,
            _problem("agent-main-worktree", path, f"editing {path} in the main worktree, while {number} {are} open"),
        )

    def _edit_other(self, path: str, tree: Worktree) -> Iterator[_Found]:
        level = self.level(rules.OTHER_WORKTREE)
        if level == OFF:
            return
        others = [one for one in self._occupancy(tree).sessions if one.kind == SESSION and not one.mine]
        if others:
            who = ", ".join(one.words(self.now) for one in others)
            message = f"editing {path}, in the worktree of another: {who}"
            remedy = f"edit the file in your own worktree, {self.place.top}"
            yield level, _problem("agent-other-worktree", tree.path, message, remedy)


_BY_KIND = {
    rules.REMOVE_WORKTREE: _Guard._remove_worktree,
    rules.MOVE_WORKTREE: _Guard._remove_worktree,
    rules.CLEAN_NESTED: _Guard._clean,
    rules.DELETE_BRANCH: _Guard._branch,
    rules.RENAME_BRANCH: _Guard._branch,
    rules.DELETE_REMOTE_BRANCH: _Guard._branch,
    rules.HOOKS_PATH: _Guard._hooks_path,
    rules.SKIP_HOOKS: _Guard._skip_hooks,
}


def _who(found: Occupancy) -> str:
    return "is in use" if found.occupants else "may be in use"


def _resolved(path: str) -> str:
    """A path with its folders resolved, but not itself: to delete a symlink deletes nothing behind it."""
    folder, name = os.path.split(path.rstrip("/") or "/")
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(folder), name)


def _resolved_pattern(path: str) -> str:
    """A pattern, the folders before its first sign resolved."""
    parts = path.rstrip("/").split("/")
    first = next(at for at, part in enumerate([*parts, "*"]) if any(sign in part for sign in "*?["))
    lead = os.path.realpath("/".join(parts[:first]) or "/").rstrip("/")
    return "/".join([lead, *(part for part in parts[first:] if part not in ("", "."))])


def _fits(name: str, pattern: str) -> bool:
    """True for a name that a shell puts in the place of a pattern: one that begins with a dot needs one there."""
    hidden = name.startswith(".") and not pattern.startswith(".")
    return not hidden and fnmatch.fnmatchcase(name, pattern)


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
