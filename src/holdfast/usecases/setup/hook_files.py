"""The files of git hooks: their text, whose they are, and others' hooks that go on running."""

from __future__ import annotations

import os
import re

from holdfast.adapters import files
from holdfast.adapters.files import ABSENT, State
from holdfast.adapters.git import decode, encode
from holdfast.domain import agents, takeover
from holdfast.domain.codes import BY_CODE
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.setup import lasting, managers
from holdfast.usecases.setup.hook_folder import tracked
from holdfast.usecases.setup.lasting import package
from holdfast.usecases.setup.proposal import COPY, EXCLUDE, HOOK, KEPT, Edit, Proposal, Site, Step
from holdfast.usecases.setup.record import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.usecases.setup.hook_folder import Folder
    from holdfast.usecases.setup.lasting import Runtime
    from holdfast.usecases.setup.record import Record

HOOKS = (
    "pre-commit", "commit-msg", "pre-merge-commit", "post-commit", "post-merge", "post-rewrite",
    "post-applypatch",
)  # fmt: skip
"""The hooks that every adopted repository has."""

GUARD = "reference-transaction"
"""The hook of the guard, for those who asked for it (`guard.refs`): git starts it for each ref of a fetch."""

ALL = (*HOOKS, GUARD)

MARK = b"# holdfast hook"
BEFORE = ".before-holdfast"
"""What the names of hooks end with that ours replaced, and run."""
ASIDE = ".aside"
"""What is added to that name where `migrate` has set the hook aside: ours runs it no more."""
_PLACEHOLDER = re.compile("@([A-Z]+)@")
_INCLUDE = re.compile(r"^#include ([a-z-]+)\n", re.M)
_SPECIAL = re.compile(r"[\\*?\[\]]")
_MODE = 0o755
_KEEPS = (
    "lefthook keeps hooks that its configuration asks for no more, and they do nothing: "
    "`lefthook uninstall && lefthook install` takes them away"
)


def templates() -> dict[str, str]:
    """The text of each hook with its placeholders, from the package; a line `#include PART` stands for that part."""
    folder = os.path.join(package(), "templates")

    def text(kind: str, name: str) -> str:
        return decode(files.read(os.path.join(folder, kind, name)) or b"")

    found = {}
    for name in ALL:
        whole = _INCLUDE.sub(lambda match: text("parts", match[1]), text("hooks", name))
        found[name] = whole.replace("@NAME@", name).replace("@CONSEQUENCE@", BY_CODE["branch-guarded"].consequence)
    return found


def propose(site: Site, where: Folder, runtime: Runtime, record: Record | None, texts: Mapping[str, str]) -> Proposal:
    """The hooks of `texts` to write, each beside a copy in Holdfast's own folder that a tracked hook can call.

    Others of ours that are here are taken away, and what was there before is put back.
    """
    drafts = [_copies(site, runtime, texts)]
    held = tracked(where)
    drafts += [_hook(name, site, where, held, runtime, record, text) for name, text in texts.items()]
    drafts += [_retired(name, site, where, record) for name in ALL if name not in texts]
    new = [one.path for draft in drafts for one in draft.edits if one.kind in (HOOK, KEPT) and one.after.exists]
    drafts.append(_excluded(site, where, new))
    plain = [edit for draft in drafts if not draft.steps for edit in draft.edits]
    drafts.append(Proposal(steps=_plain_step(site, where, plain)))
    return Proposal(
        steps=tuple(step for draft in drafts for step in draft.steps),
        notes=(*_outside(site, where), *(note for draft in drafts for note in draft.notes)),
        edits=tuple(edit for draft in drafts for edit in draft.edits),
    )


def rendered(text: str, runtime: Runtime, chain: str) -> State:
    """A hook's file from its template; each placeholder becomes one quoted word of the shell."""
    words = {"PYTHON": runtime.python, "ENTRY": runtime.entry, "CHAIN": chain, **_of_agents()}
    filled = _PLACEHOLDER.sub(lambda match: quoted(words[match[1]]) if match[1] in words else match[0], text)
    return State(encode(filled), _MODE)


def _of_agents() -> dict[str, str]:
    """What agents call their events and tools, as the hook looks for it: names with a blank on either side."""
    moments = {
        moment.upper(): agents.names(moment) for moment in (agents.START, agents.BEFORE, agents.WAITS, agents.END)
    }
    tools = {kind.upper(): agents.tools(kind) for kind in ("editors", "readers")}
    named = {**moments, **tools, "PATCHES": sorted(agents.PATCHES), "MARKS": agents.marks()}
    return {key: f" {' '.join(names)} " for key, names in named.items()}


def agent_hook(site: Site, runtime: Runtime) -> tuple[str, State, State]:
    """The hook that agents' settings call: where it is, what is there, and what shall be there."""
    folder = package()
    text = decode(files.read(os.path.join(folder, "templates", "agent-hook")) or b"")
    entry = os.path.join(folder, "entrypoints", "agent_hooks.py")
    path = os.path.join(site.own, "agent-hook")
    return path, files.state(path), rendered(text, runtime._replace(entry=entry), "")


def runtime_of(text: str) -> Runtime:
    """What a hook of ours starts, by its own text; empty words where it does not say."""
    return lasting.Runtime(_word(text, "python"), _word(text, "entry"))


def chain_of(text: str) -> str:
    """The hook that a hook of ours starts besides; empty for none."""
    return _word(text, "chain")


def _word(text: str, name: str) -> str:
    line = next((line for line in text.splitlines() if line.startswith(name + "=")), "")
    return line.partition("=")[2].removeprefix("'").removesuffix("'").replace("'\\''", "'")


def copy_path(site: Site, name: str) -> str:
    """Where Holdfast keeps a copy of a hook, for hooks that are tracked by git, or a manager's, to call."""
    return os.path.join(site.own, "hooks", name)


def line_to_add(name: str) -> str:
    """The line by which a hook that is somebody else's calls ours."""
    return f'"$(git rev-parse --git-common-dir)/holdfast/hooks/{name}" "$@" || exit 1'


def is_ours(path: str) -> bool:
    """True for a hook that Holdfast wrote."""
    content = files.read(path) or b""
    return any(line.startswith(MARK) for line in content.splitlines())


def found(path: str, site: Site) -> Entry:
    """What can be told of a hook of ours without a record."""
    kept = chain_of(decode(files.read(path) or b"")) or path + BEFORE
    return Entry(HOOK, site.place(path), ABSENT, None, False, (), site.place(kept))


def places(hook: str) -> tuple[str, ...]:
    """Where a hook of ours can be that was written to the path `hook`: hook managers rename what is there."""
    return (hook, hook + managers.LEGACY, hook + managers.OLD)


def moved(entry: Entry, site: Site, record: Record) -> Entry:
    """The entry of a hook of ours, with the place to which a hook manager has moved it, where one has."""
    path = site.absolute(entry.place)
    if entry.kind != HOOK or is_ours(path):
        return entry
    base = path.removesuffix(managers.LEGACY).removesuffix(managers.OLD)  # it may have been moved back
    there = (site.place(other) for other in places(base) if is_ours(other))
    return next((entry._replace(place=place) for place in there if record.entry(place) is None), entry)


def put_back(entry: Entry, site: Site, path: str, now: State) -> Proposal:
    """Take our hook away and put the one that was here before in its place."""
    kept = resting_at(site.absolute(entry.kept)) if entry.kept is not None else ""
    resting = files.state(kept) if kept else ABSENT
    untouched = now.exists and now.digest == entry.after
    behind = path.endswith((managers.LEGACY, managers.OLD))
    if managers.wrote(resting.content) and (behind or managers.wrote(now.content)):  # it has written its hook anew
        leftover = Edit(KEPT, kept, resting, ABSENT)
        resting = ABSENT
    else:
        leftover = None
    if now.exists and not untouched and not is_ours(path):
        if leftover is not None:
            step = Step(
                "hook", kept, f"remove {site.shown(kept)}: {managers.wrote(now.content)} has written its hook anew"
            )
            return Proposal(steps=(step,), edits=(leftover,))
        if managers.wrote(now.content) and not resting.exists:
            keeps = managers.wrote(now.content) == managers.LEFTHOOK and not entry.before.exists
            return Proposal(notes=(_KEEPS,) if keeps else ())
        rest = f"; the hook that was here before init rests as {site.shown(kept)}" if resting.exists else ""
        return Proposal(notes=(f"the hook {site.shown(path)} is another's now and stays{rest}",))
    before = ABSENT if behind and managers.wrote(entry.before.content) else entry.before
    former = resting if resting.exists else (before if untouched and entry.exact else ABSENT)
    if not former.exists and not now.exists:
        return Proposal()
    edits = [Edit(HOOK, path, now, former, ours=True)]
    edits += [leftover] if leftover is not None else []
    if resting.exists:
        edits.append(Edit(KEPT, kept, resting, ABSENT))
        copy = files.state(kept + ASIDE)  # left where a run was killed that set it aside
        edits += [Edit(KEPT, kept + ASIDE, copy, ABSENT)] if copy.same(resting) else []
    what = (
        f"put back the hook {site.shown(path)} that was here before"
        if former.exists
        else f"remove the hook {site.shown(path)}"
    )
    return Proposal(steps=(Step("hook", path, what),), edits=tuple(edits))


def resting_at(kept: str) -> str:
    """Where the hook rests that ours replaced: at `kept`, or where `migrate` has set it aside."""
    aside = kept + ASIDE
    return aside if os.path.lexists(aside) and not os.path.lexists(kept) else kept


def calls_us(path: str) -> bool:
    """True for a hook that Holdfast wrote, or that calls it and hears what it answers: by a line, or as managers do."""
    if is_ours(path):
        return True
    behind = managers.place_of(path)
    if behind != path:
        return is_ours(behind) and files.executable(behind)
    lines = (line.strip() for line in (files.read_regular(path) or b"").splitlines())
    return any(
        b"holdfast/hooks/" in line and not line.startswith(b"#") and b"|| true" not in line and b"|| :" not in line
        for line in lines
    )


def _copies(site: Site, runtime: Runtime, texts: Mapping[str, str]) -> Proposal:
    edits = []
    for name, text in texts.items():
        path = copy_path(site, name)
        edit = Edit(COPY, path, files.state(path), rendered(text, runtime, ""), ours=True)
        if not edit.before.same(edit.after):
            edits.append(edit)
    agents = Edit(COPY, *agent_hook(site, runtime), ours=True)
    edits += [] if agents.before.same(agents.after) else [agents]
    at = os.path.join(site.own, "hooks")
    what = f"keep a copy of the hooks in {site.shown(at)}, for hooks that are tracked by git to call"
    return Proposal(steps=(Step("hook", at, what),) if edits else (), edits=tuple(edits))


def _hook(
    name: str,
    site: Site,
    where: Folder,
    tracked: frozenset[str],
    runtime: Runtime,
    record: Record | None,
    text: str,
) -> Proposal:
    path = os.path.join(where.path, name)
    now = files.state(path)
    ours = is_ours(path)
    if where.husky and name == GUARD:
        return Proposal(notes=(f"husky runs no hook {name}: `guard.refs` does nothing here",))
    if path in tracked or (where.husky and now.exists and not ours):
        return Proposal(notes=_line_to_add(name, path, site, path in tracked))
    if managers.place_of(path) != path:
        return _behind(name, path, site, runtime, record, text)
    if now.exists and not ours:
        chained = _chained(name, path, now, site, runtime, text)
        return chained._replace(edits=(*chained.edits, *_replaced(path)))
    kept = _kept_before(path, site, record)
    if kept and files.executable(kept) and managers.starts_legacy(files.read_regular(kept)):
        return _turned_round(name, path, now, kept, site, runtime, text)
    after = rendered(text, runtime, kept if kept and files.executable(kept) else "")
    return Proposal() if now.same(after) else Proposal(edits=(Edit(HOOK, path, now, after, ours=ours, kept=kept),))


def _behind(name: str, hook: str, site: Site, runtime: Runtime, record: Record | None, text: str) -> Proposal:
    """Ours beside the hook of a manager that starts NAME.legacy: there, with whatever rested there before."""
    path = managers.place_of(hook)
    now, ours = files.state(path), is_ours(path)
    manager = managers.wrote(files.read_regular(hook))
    how = f"{manager}, whose hook stands there, starts it before its own"
    step = Step("hook", path, f"install the hook {name} as {site.shown(path)}: {how}")
    if now.exists and not ours and not managers.wrote(now.content):
        chained = _chained(name, path, now, site, runtime, text)
        return chained._replace(steps=(step, *chained.steps))
    # What ours started before the manager moved it goes on running; the manager's own hook is back in its place.
    before = chain_of(decode(now.content or b"")) if ours else ""
    kept = next((one for one in (before, _kept_before(path, site, record)) if one and files.executable(one)), "")
    over = [one for one in dict.fromkeys((kept, hook + BEFORE)) if one and managers.wrote(files.read_regular(one))]
    kept = "" if kept in over else kept
    after = rendered(text, runtime, kept)
    edits = () if now.same(after) else (Edit(HOOK, path, now, after, ours=ours, kept=kept),)
    gone = tuple(Edit(KEPT, one, files.state(one), ABSENT) for one in over)
    said = (step,) if edits and not ours else ()
    if gone and not said:
        said = (Step("hook", gone[0].path, f"remove {site.shown(gone[0].path)}: {manager} has written its hook anew"),)
    return Proposal(steps=said, edits=(*edits, *gone))


def _turned_round(name: str, path: str, now: State, kept: str, site: Site, runtime: Runtime, text: str) -> Proposal:
    """Ours stands before a manager's hook that would start it once more, were it renamed: the two change places."""
    behind = path + managers.LEGACY
    there = files.state(behind)
    theirs = files.state(kept)
    manager = managers.wrote(theirs.content)
    step = Step("hook", path, f"put the hook {name} of {manager} back, which starts ours as {site.shown(behind)}")
    first: tuple[Edit, ...] = ()
    resting = chain = ""
    if there.exists and not is_ours(behind):
        resting = _free_name(behind, there)
        first = (Edit(KEPT, resting, files.state(resting), there),)
        chain = resting if files.executable(behind) else ""
    return Proposal(
        steps=(step,),
        edits=(
            *first,
            Edit(HOOK, behind, there, rendered(text, runtime, chain), ours=is_ours(behind), kept=resting),
            Edit(KEPT, path, now, theirs, ours=True),  # from here on it is theirs: uninstalling leaves it
            Edit(KEPT, kept, theirs, ABSENT),
        ),
    )


def _replaced(path: str) -> tuple[Edit, ...]:
    """Ours as lefthook has renamed it: in the way when it is to rename once more, and started by nobody."""
    old = path + managers.OLD
    return (Edit(KEPT, old, files.state(old), ABSENT),) if is_ours(old) else ()


def _chained(name: str, path: str, now: State, site: Site, runtime: Runtime, text: str) -> Proposal:
    """The hook that is here rests under another name; ours starts it, unless git would not have."""
    kept = _free_name(path, now)
    runs = files.executable(path)
    there = files.state(kept)
    keeping = () if there.same(now) else (Edit(KEPT, kept, there, now),)
    hook = Edit(HOOK, path, now, rendered(text, runtime, kept if runs else ""), kept=kept)
    how = f"the hook that is there goes on running, as {os.path.basename(kept)}"
    idle = f"the file that is there is not executable, so git never ran it: it rests as {os.path.basename(kept)}"
    step = Step("hook", path, f"install the hook {name} as {site.shown(path)}; {how if runs else idle}")
    return Proposal(steps=(step,), notes=_reads_own_name(name, site, path, now), edits=(*keeping, hook))


def _plain_step(site: Site, where: Folder, edits: list[Edit]) -> tuple[Step, ...]:
    if not edits:
        return ()
    names = ", ".join(os.path.basename(edit.path) for edit in edits)
    word = "write anew" if all(edit.ours for edit in edits) else "install"
    return (
        Step(
            "hook",
            where.path,
            f"{word} the hook{'s' if len(edits) > 1 else ''} {names} in {site.shown(where.path)}",
        ),
    )


def _excluded(site: Site, where: Folder, new: list[str]) -> Proposal:
    """Lines of info/exclude for hook files that would show up as untracked."""
    if not where.worktree or not new:
        return Proposal()
    lines = []
    for path in new:
        name = os.path.relpath(path, where.worktree)
        if where.git.attempt("check-ignore", "--quiet", "--no-index", "--", name)[0] != 0:
            lines.append("/" + _SPECIAL.sub(lambda match: "\\" + match[0], name))
    path = os.path.realpath(os.path.join(site.common, "info", "exclude"))
    now = files.state(path)
    text = decode(now.content or b"")
    after = takeover.with_lines(text, lines)
    if after == text:
        return Proposal()
    step = Step(
        "edit",
        path,
        f"keep the new files in {site.shown(where.path)} out of `git status`, in {site.shown(path)}",
    )
    return Proposal(
        steps=(step,), edits=(Edit(EXCLUDE, path, now, State(encode(after), now.mode), lines=tuple(lines)),)
    )


def _retired(name: str, site: Site, where: Folder, record: Record | None) -> Proposal:
    """Take away a hook that is wanted no more, and its copy, unless a hook that is not ours still calls that."""
    path, copy = os.path.join(where.path, name), files.state(copy_path(site, name))
    if _calls_copy(name, path):
        return Proposal(
            notes=(f"{site.shown(path)} still calls {site.shown(copy_path(site, name))}: take that line out",)
        )
    entry = record.entry(site.place(path)) if record is not None else None
    hook = put_back(entry or found(path, site), site, path, files.state(path)) if is_ours(path) else Proposal()
    copies = (Edit(COPY, copy_path(site, name), copy, ABSENT, ours=True),) if copy.exists else ()
    steps = hook.steps
    if copies and not steps:
        steps = (Step("hook", copy_path(site, name), f"remove {site.shown(copy_path(site, name))}"),)
    return hook._replace(steps=steps, edits=(*hook.edits, *copies))


def _calls_copy(name: str, path: str) -> bool:
    return f"holdfast/hooks/{name}".encode() in (files.read(path) or b"")


def _line_to_add(name: str, path: str, site: Site, tracked: bool) -> tuple[str, ...]:
    if _calls_copy(name, path):
        return ()
    line = line_to_add(name)
    why = "is tracked by git" if tracked else "is husky's to run"
    return (f"{site.shown(path)} {why} and stays as it is; add this line to it: {line}",)


def _reads_own_name(name: str, site: Site, path: str, now: State) -> tuple[str, ...]:
    """Some hook managers tell by their own file name which hook they are."""
    text = now.content or b""
    if (b"basename" in text and b"$0" in text) or b"File.basename($" in text:
        return (
            f"the hook {site.shown(path)} seems to read its own name, and gets another one: check that it "
            f"still does the work of {name}",
        )
    return ()


def _outside(site: Site, where: Folder) -> tuple[str, ...]:
    if where.relative:
        name = os.path.relpath(where.path, where.worktree)
        return (f"each worktree has its own {name}: run `holdfast init --local` in every other one too",)
    inside = [site.common, site.top, *([where.worktree] if where.worktree else [])]
    if any(where.path.startswith(folder + "/") for folder in inside):
        return ()
    return (
        f"{where.path}, where core.hooksPath points, lies outside this repository: others that use it run "
        "these hooks too",
    )


def _kept_before(path: str, site: Site, record: Record | None) -> str:
    """Where the hook rests that ours replaced, or empty."""
    entry = record.entry(site.place(path)) if record is not None else None
    known = [site.absolute(entry.kept)] if entry is not None and entry.kept is not None else []
    return next((kept for kept in (*known, path + BEFORE) if os.path.lexists(kept)), "")


def _free_name(path: str, now: State) -> str:
    """A name for the hook that is here; never one that holds another hook."""
    for number in range(1, 100):
        kept = path + BEFORE + ("" if number == 1 else f"-{number}")
        there = files.state(kept)
        anew = managers.wrote(there.content) != "" and managers.wrote(there.content) == managers.wrote(now.content)
        if not there.exists or there.same(now) or anew:
            return kept
    raise FileExistsError(path + BEFORE)
