"""The verdicts of the guard: what the hook `reference-transaction` refuses, written down wherever claims are observed.

One small file for each guarded branch, under the name of its ref: the hook asks the file system, and reads nothing for
branches that are not guarded.
"""

from __future__ import annotations

import os

from holdfast.adapters import files, locks
from holdfast.adapters.files import State
from holdfast.adapters.git import encode
from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import guard
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.domain.claim import Claim
    from holdfast.usecases.surroundings import Ground
    from holdfast.usecases.workspace import Workspace

_LIST = "all"
"""All verdicts in one file, written last: while it says what is to be said, nobody looks at the others."""


def refresh(place: Workspace, ground: Ground, claims: Iterable[Claim]) -> None:
    """Let the hook know which branches are guarded now; nothing happens where the guard is off or nothing has changed.

    What cannot be written is left: the guard lets pass what it does not know.
    """
    if not ground.policy.guard.refs:
        return
    names = (HEADS + ground.main, f"{REMOTES}{ground.remote}/{ground.main}")
    mains = [name for name in names if name in ground.refs]
    marked = frozenset(surroundings.fences(ground.refs).values())
    verdicts = guard.verdicts(claims, ground.main, mains, ground.refs, marked)
    folder = at(place.repository.common_dir)
    everything = encode("".join(f"{ref}\n{text}" for ref, text in verdicts.items()))
    if files.read_regular(os.path.join(folder, _LIST)) == everything:
        return
    try:
        with locks.held(os.path.join(folder, "lock")):
            _write(folder, {os.path.join(folder, ref): encode(text) for ref, text in verdicts.items()})
            files.put(os.path.join(folder, _LIST), State(everything))
    except OSError:
        return


def at(common_dir: str) -> str:
    """The folder of the verdicts, for a common git folder."""
    return os.path.join(common_dir, "holdfast", "guard")


def forget(common_dir: str) -> None:
    """Drop all verdicts."""
    files.remove_tree(at(common_dir))


def _write(folder: str, wanted: Mapping[str, bytes]) -> None:
    """Make the folder hold these files; those that are not wanted go first, one may be where a folder must be."""
    for above, folders, names in os.walk(os.path.join(folder, "refs"), topdown=False):
        for name in names:
            path = os.path.join(above, name)
            if path not in wanted:
                files.put(path, files.ABSENT)
        for name in folders:
            files.remove_if_empty(os.path.join(above, name))
    for path, content in wanted.items():
        if files.read_regular(path) != content:
            files.put(path, State(content))
