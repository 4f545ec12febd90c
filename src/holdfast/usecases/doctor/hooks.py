"""The git hooks, the merge driver and the agents' hooks: there, current, executable, chained, and where git looks."""

from __future__ import annotations

import os
import shlex

from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain import health
from holdfast.domain.agents import AGENTS
from holdfast.domain.diagnosis import SETUP, Diagnosis, diagnosis
from holdfast.domain.health import HookSeen
from holdfast.domain.problem import Problem
from holdfast.domain.quoting import quoted
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases.agents import check as agents
from holdfast.usecases.agents import install
from holdfast.usecases.check import DRIVER
from holdfast.usecases.setup import hook_files, hook_folder, idle_hooks, managers, record
from holdfast.usecases.setup.hook_folder import Folder
from holdfast.usecases.setup.lasting import Runtime
from holdfast.usecases.setup.proposal import COPY, HOOK, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from holdfast.usecases.doctor.look import Look

_DRIVER_WORDS = 4


def hooks(look: Look) -> Iterator[Diagnosis]:
    """What is wrong with the git hooks; nothing more is asked where git looks for them elsewhere."""
    where = hook_folder.folder(look.place.git, look.site, look.place.environment)
    if isinstance(where, Problem):
        yield Diagnosis(where)
        return
    if not wanted(look.site):
        return
    if _led_away(look, where):
        message = f"git looks for hooks in {where.path}, and Holdfast wrote them elsewhere"
        yield diagnosis("hooks-path-changed", "core.hooksPath", message)
        return
    yield from _idle(look, where)
    texts, tracked = _wanted(look, where), hook_folder.tracked(where)
    seen = [_seen(where, name, text, tracked) for name, text in texts.items()]
    if all(not one.exists for one in seen):
        yield _none(where)
        return
    yield from health.of_hooks(seen)
    yield from _copies(look, where, texts)
    yield from _left(look, where)


def _idle(look: Look, where: Folder) -> Iterator[Diagnosis]:
    """The worktrees in which none of our hooks runs: of this one only where husky has written none."""
    if "core.hookspath" not in look.ground.settings:
        return
    for one in look.ground.worktrees:
        mine = os.path.realpath(one.path) == os.path.realpath(look.place.top)
        problem = idle_hooks.inside(one.path, look.place.git) if where.husky or not mine else None
        if problem is not None:
            yield Diagnosis(problem)


def wanted(site: Site) -> bool:
    """False where `init --no-hooks` was asked for in this clone: its record knows no hook."""
    written = record.load(site)
    return written is None or not written.entries or any(one.kind in (HOOK, COPY) for one in written.entries)


def merge_driver(look: Look) -> Iterator[Diagnosis]:
    """Whether the merge driver starts what is there; that there is one is a rule of `check`."""
    value = look.place.git.config(DRIVER)
    try:
        words = shlex.split(value or "")
    except ValueError:
        words = [""] * _DRIVER_WORDS
    started = [words[0], words[3]] if len(words) > _DRIVER_WORDS else words[:1]
    gone = [path.replace("%%", "%") for path in started if not os.path.exists(path.replace("%%", "%"))]
    if gone:
        message = f"the merge driver of the plan index starts {gone[0] or 'nothing'}, which is not there"
        yield diagnosis("merge-driver-gone", "merge driver", message, repair=SETUP)


def agent_hooks(look: Look) -> Iterator[Diagnosis]:
    """What is wrong with the agents that are registered here, and which work here without."""
    for one in dict.fromkeys(agents.standing(look.place)):
        yield Diagnosis(one, SETUP if one.code == "agents-hook-missing" else "")
    known = {agent.name for agent in install.registered(look.place)}
    for agent in AGENTS.values():
        sign = install.works_here(look.place, agent)
        if agent.name not in known and sign is not None:
            message = f"{agent.title} works here ({sign}), and does not call Holdfast"
            yield diagnosis("agents-unhooked", agent.name, message, f"holdfast agents install {agent.name}")


def _led_away(look: Look, where: Folder) -> bool:
    """True where hooks were written into another folder, and those of this one do not call ours."""
    written = record.load(look.site)
    if written is None or hook_files.calls_us(os.path.join(where.path, hook_files.HOOKS[0])):
        return False
    folders = {os.path.dirname(look.site.absolute(one.place)) for one in written.entries if one.kind == HOOK}
    return bool(folders) and where.path not in folders


def _wanted(look: Look, where: Folder) -> dict[str, str]:
    """The hooks that shall be there, with their texts."""
    guarded = look.ground.policy.guard.refs and not where.husky
    names = hook_files.ALL if guarded else hook_files.HOOKS
    texts = hook_files.templates()
    return {name: texts[name] for name in names}


def _seen(where: Folder, name: str, text: str, tracked: frozenset[str]) -> HookSeen:
    path = os.path.join(where.path, name)
    others = where.husky or path in tracked
    by_hand = f"add this line to {path}: {hook_files.line_to_add(name)}" if others else ""
    if managers.place_of(path) != path and hook_files.is_ours(managers.place_of(path)):
        path = managers.place_of(path)  # a hook manager starts it from there
    if os.path.isdir(path):
        return HookSeen(name, path, exists=True, by_hand=f"mv {quoted(path)} {quoted(path + '.old')}")
    content = files.read(path)
    if content is None:
        return HookSeen(name, path, exists=False, by_hand=by_hand)
    ours = hook_files.is_ours(path)
    runs = files.executable(path) or where.husky  # which starts its hooks with sh
    seen = HookSeen(name, path, True, ours, hook_files.calls_us(path), runs, by_hand=by_hand)
    return _of_ours(seen, decode(content), text) if ours else seen


def _of_ours(seen: HookSeen, now: str, text: str) -> HookSeen:
    """A hook of ours with what its own text tells."""
    runtime, chain = hook_files.runtime_of(now), hook_files.chain_of(now)
    idle = os.path.lexists(chain) and not files.executable(chain)
    written = decode(hook_files.rendered(text, runtime, chain).content or b"")
    return seen._replace(
        starts=_starts(runtime),
        current=written == now,
        chain=chain if chain and not files.executable(chain) else "",
        by_hand=f"chmod +x {quoted(chain)}" if chain and idle else "",
    )


def _starts(runtime: Runtime) -> bool:
    return files.executable(runtime.python) and os.path.isfile(runtime.entry)


def _none(where: Folder) -> Diagnosis:
    message = f"this clone has none of Holdfast's git hooks: {where.path}"
    return diagnosis("hook-missing", "hooks", message, "holdfast init --local", SETUP)


def _copies(look: Look, where: Folder, texts: Mapping[str, str]) -> Iterator[Diagnosis]:
    """The copies that hooks of others call; where all hooks are ours nobody does, and `init` renews them all the same."""
    for name, text in texts.items():
        path = hook_files.copy_path(look.site, name)
        content = decode(files.read(path) or b"")
        runtime = hook_files.runtime_of(content)
        if content != decode(hook_files.rendered(text, runtime, "").content or b"") or not files.executable(path):
            yield diagnosis(
                "hook-old", path, f"{path}, the copy of a hook, is not what this version writes", repair=SETUP
            )
        elif not _starts(runtime) and not hook_files.is_ours(os.path.join(where.path, name)):
            message = f"{path} starts a Python or a Holdfast that is not there any more"
            yield diagnosis("hook-python-gone", path, message, repair=SETUP)


def _left(look: Look, where: Folder) -> Iterator[Diagnosis]:
    path = os.path.join(where.path, hook_files.GUARD)
    if not look.ground.policy.guard.refs and not look.ground.configured.errors and hook_files.is_ours(path):
        yield diagnosis("hook-left", path, f"{path} is there, and `guard.refs` is off", repair=SETUP)
