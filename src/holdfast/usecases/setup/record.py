"""The record of what `init` changed, byte for byte, so that uninstalling can put it back."""

from __future__ import annotations

import base64
import binascii
import json
import os

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import takeover
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases.setup.proposal import INDEX, Edit, Place, Site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

NAME = "install.json"
_SCHEMA = "holdfast.install/1"


class Entry(NamedTuple):
    """One file: what it held before, the digest of what init left there, and what is ours in it.

    `exact` is false when the owner changed the file between two runs: then only our parts are removed.
    `lines` and `kept` are as in `Edit`. `outside` is the digest of a plan index file without its plan index.
    """

    kind: str
    place: Place
    before: State
    after: str | None
    exact: bool = True
    lines: tuple[str, ...] = ()
    kept: Place | None = None
    outside: str | None = None


class Record(NamedTuple):
    """Everything that `init` did in one repository; `complete` is false while it is at work or was killed."""

    complete: bool = True
    worktree: str = ""
    entries: tuple[Entry, ...] = ()
    folders: tuple[Place, ...] = ()

    def entry(self, place: Place) -> Entry | None:
        """The entry of that place, or None."""
        return next((entry for entry in self.entries if entry.place == place), None)


def load(site: Site) -> Record | None:
    """The record of this repository, or None where there is none that can be read."""
    content = files.read(_path(site))
    if content is None:
        return None
    try:
        data = json.loads(content)
        if data["schema"] != _SCHEMA:
            return None
        return Record(
            bool(data["complete"]),
            data["worktree"],
            tuple(_entry(item) for item in data["entries"]),
            tuple(Place(*item) for item in data["folders"]),
        )
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def save(site: Site, record: Record) -> None:
    """Write the record, readable by its owner only: git's configuration in it may hold a password."""
    data = {
        "schema": _SCHEMA,
        "complete": record.complete,
        "worktree": record.worktree,
        "entries": [_data(entry) for entry in record.entries],
        "folders": [list(place) for place in record.folders],
    }
    content = (json.dumps(data, indent=1) + "\n").encode()
    files.put(_path(site), State(content, 0o600), durable=True)


def forget(site: Site) -> None:
    """Remove the record."""
    files.put(_path(site), files.ABSENT)


def with_edits(record: Record, site: Site, edits: Iterable[Edit], folders: Iterable[str]) -> Record:
    """The record, not complete, that also covers `edits` and the `folders` they will make.

    The first run's bytes stay the ones to go back to, unless the owner has changed the file since: what has
    nothing of ours in it any more is a new beginning, what has both can only be undone part by part.
    """
    entries = {entry.place: entry for entry in record.entries}
    for edit in edits:
        place = site.place(edit.path)
        old = entries.get(place)
        before, exact = edit.before, not edit.ours
        if old is not None and _as_left(edit, old, record.complete):
            before, exact = old.before, old.exact
        kept = site.place(edit.kept) if edit.kept else (old.kept if old is not None and edit.ours else None)
        lines = tuple(dict.fromkeys((*(old.lines if old is not None else ()), *edit.lines)))
        outside = _outside(edit.after) if edit.kind == INDEX else None
        entries[place] = Entry(edit.kind, place, before, edit.after.digest, exact, lines, kept, outside)
    made = dict.fromkeys((*record.folders, *(site.place(folder) for folder in folders)))
    return Record(False, record.worktree or site.top, tuple(entries.values()), tuple(made))


def untouched(record: Record, site: Site) -> frozenset[Place]:
    """The places that hold exactly what the record says that init left there."""
    held = set()
    for entry in record.entries:
        try:
            if files.state(site.absolute(entry.place)).digest == entry.after:
                held.add(entry.place)
        except OSError:
            continue
    return frozenset(held)


def completed(record: Record, site: Site, clean: frozenset[Place]) -> Record:
    """The record once all is done: what was `clean` before the plan index was computed is init's own work."""
    entries = []
    for entry in record.entries:
        now = files.state(site.absolute(entry.place)).digest if entry.place in clean else entry.after
        entries.append(entry._replace(after=now))
    return record._replace(complete=True, entries=tuple(entries))


def _as_left(edit: Edit, old: Entry, complete: bool) -> bool:
    """True when nobody but us has changed the file since the record was written.

    A run that was killed may have computed the plan index and not come to write that down.
    """
    if edit.before.digest in (old.after, old.before.digest):
        return True
    return not complete and old.outside is not None and old.outside == _outside(edit.before)


def _outside(state: State) -> str | None:
    """The digest of a plan index file with nothing between its markers."""
    if state.content is None:
        return None
    return State(encode(takeover.hollow(decode(state.content)))).digest


def _path(site: Site) -> str:
    return os.path.join(site.own, NAME)


def _data(entry: Entry) -> dict[str, Any]:
    before = entry.before
    return {
        "kind": entry.kind,
        "place": list(entry.place),
        "before": base64.b64encode(before.content).decode() if before.content is not None else None,
        "mode": before.mode,
        "link": before.link,
        "after": entry.after,
        "exact": entry.exact,
        "lines": list(entry.lines),
        "kept": list(entry.kept) if entry.kept is not None else None,
        "outside": entry.outside,
    }


def _entry(data: dict[str, Any]) -> Entry:
    content = base64.b64decode(data["before"], validate=True) if data["before"] is not None else None
    return Entry(
        data["kind"],
        Place(*data["place"]),
        State(content, data["mode"], data["link"]),
        data["after"],
        data["exact"],
        tuple(data["lines"]),
        Place(*data["kept"]) if data["kept"] is not None else None,
        data["outside"],
    )
