"""The status as one screen: lines with a style each, cut to the width and the height of a terminal."""

from __future__ import annotations

import os

from holdfast.domain.claim import STALE
from holdfast.domain.event_words import words
from holdfast.domain.moment import ago, iso
from holdfast.domain.occupancy import FREE, UNKNOWN
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.entrypoints import render
from holdfast.entrypoints.near import Near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.overview import You
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import RemoteView
    from holdfast.usecases.status import Status

_CROWD = 3
PLAIN, HEADING, BAD, CAREFUL, GOOD, FAINT = "", "heading", "bad", "careful", "good", "faint"
_LEAST, _MOST = 2, 8
"""Lines that a section is given before any is given more, and lines that none goes beyond unless all is asked for."""
_WIDE = 100
_NARROW_CELL, _WIDE_CELL = 20, 60
"""Columns of a cell on a narrow and on a wide terminal; what is longer is cut, so that what stands behind it is seen."""


class Line(NamedTuple):
    """One line of the screen and how it looks."""

    text: str
    style: str = PLAIN


class Section(NamedTuple):
    """A heading and its lines, the most important first; `more` is the command that shows all of them.

    What can be said in few words stands beside the heading (`brief`), and has no lines.
    """

    title: str
    lines: tuple[Line, ...]
    more: str = ""
    brief: str = ""


def lines(status: Status, cwd: str, width: int | None, height: int | None) -> list[Line]:
    """The screen; without a height every section shows all that it has."""
    sections = [one for one in _sections(status, cwd, width or _WIDE) if one.lines or one.brief]
    if height is not None:
        sections = sections[: max(height - _AROUND, 0)]
    most = _room(sections, height)
    found = [Line(_first(status))]
    for one in sections:
        found += _of_section(one, most[one.title])
    return [one._replace(text=_fitted(render.shown(one.text), width)) for one in found]


def _of_section(one: Section, most: int) -> list[Line]:
    """The heading with so many lines below it; with none it says how many there are."""
    if not most:
        return [Line(f"{one.title}: {one.brief or _more(one, len(one.lines), '')}", HEADING)]
    found = [Line(one.title, HEADING)] + [line._replace(text=f"  {line.text}") for line in one.lines[:most]]
    left = len(one.lines) - most
    return [*found, Line(_more(one, left, " more"), FAINT)] if left > 0 else found


def _more(one: Section, count: int, word: str) -> str:
    shown = f"{count}{word}" + (f" (`{one.more}`)" if one.more else "")
    return f"  and {shown}" if word else shown


_AROUND = 2
"""Lines beside the sections: the first, and the one that the shell's prompt needs."""


def _room(sections: Sequence[Section], height: int | None) -> dict[str, int]:
    """How many lines each section shows, so that all fit: each in turn a few, the important ones first, then more."""
    if height is None:
        return {one.title: len(one.lines) for one in sections}
    most = {one.title: 0 for one in sections}

    def needed(most: dict[str, int]) -> int:
        return _AROUND + sum(len(_of_section(one, most[one.title])) for one in sections)

    for step in range(_LEAST, _MOST + 1):
        for one in sections:
            grown = most | {one.title: min(step, len(one.lines))}
            if needed(grown) <= height:
                most = grown
    return most


def _first(status: Status) -> str:
    found = [one.severity for one in status.attention]
    counts = [(found.count(word), word) for word in ("error", "warning")]
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
    return f"Holdfast, {iso(status.at)}: {said or 'nothing is wrong at a glance'}"


def _sections(status: Status, cwd: str, width: int) -> list[Section]:
    near = Near(tuple(tree.path for tree, _ in status.worktrees), status.you.worktree, cwd)
    cell = _NARROW_CELL if width < _WIDE else _WIDE_CELL
    return [
        Section("NEEDS ATTENTION", tuple(_problem(one, near) for one in status.attention), "holdfast doctor"),
        Section("YOU", tuple(_you(status.you))),
        Section("NEXT", tuple(_next(status, cell)), "holdfast status --all"),
        Section("UNDER WAY", tuple(_operations(status, near)), "holdfast status --all"),
        Section("READY", tuple(_ready(status, cell)), "holdfast plan list --ready"),
        Section("PLANS", (), "", _plans(status)),
        Section(f"CLAIMS{_seen(status.remote, status.at)}", tuple(_claims(status, near, cell)), "holdfast claims"),
        Section("WORKTREES", tuple(_worktrees(status, near, cell)), "holdfast worktree list"),
        Section("LAST EVENTS", tuple(_events(status, near)), "holdfast log"),
    ]


def _problem(one: Problem, near: Near) -> Line:
    text = f"{one.severity}: {near.text(one.message)} [{one.code}]: {one.remedy}"
    return Line(text, BAD if one.severity == "error" else CAREFUL)


def _you(you: You) -> list[Line]:
    where = "the main worktree" if you.main else f"the worktree {os.path.basename(you.worktree)}"
    facts = [f"in {where}", f"on {you.branch}" if you.branch else "on no branch"]
    if you.plan is not None:
        facts.append(f"plan #{you.plan}{f': {you.title}' if you.title else ''} ({you.status or 'no file'})")
    work = [f"{_count(you.changed, 'file')} not committed" if you.changed else "all committed"]
    work += [
        f"{_count(count, 'commit')} {word}" for count, word in ((you.ahead, "ahead"), (you.behind, "behind")) if count
    ]
    work += ["pushed" if you.pushed else "not pushed"] if you.pushed is not None else []
    work += [f"{you.operation} is under way"] if you.operation else []
    work += [f"session {you.session}"] if you.session else []
    return [Line(", ".join(facts)), Line(", ".join(work), CAREFUL if you.operation else PLAIN)]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _next(status: Status, cell: int) -> list[Line]:
    """Commands are to be typed: they are never cut, and what says why stands where it can."""
    width = min(max((len(one.command) for one in status.next), default=0), 2 * cell)
    return [Line(f"{one.command.ljust(width)}  {one.why}") for one in status.next]


def _operations(status: Status, near: Near) -> list[Line]:
    found = []
    for one in status.operations:
        where = f" in {near.place(one.worktree)}" if one.worktree is not None else ""
        about = f" {'of' if one.worktree is None else 'on'} {one.branch}" if one.branch is not None else ""
        found.append(Line(f"{one.what}{about}{where}", CAREFUL))
    return found


def _ready(status: Status, cell: int) -> list[Line]:
    return _columns([(f"#{one.number}", one.priority or "-", one.title) for one in status.ready], cell)


def _plans(status: Status) -> str:
    total = sum(status.plans.values())
    counts = ", ".join(f"{count} {name}" for name, count in sorted(status.plans.items(), key=lambda pair: -pair[1]))
    return f"{total} ({counts})" if total else ""


def _claims(status: Status, near: Near, cell: int) -> list[Line]:
    rows = [
        (
            f"#{one.plan}" if one.plan is not None else "-",
            f"{one.branch}{' (yours)' if one.branch in status.mine else ''}",
            _state(one, status.remote is not None),
            ago(one.last_activity, status.at),
            (one.owner or "?") + (f"@{one.host}" if one.host else ""),
            near.place(one.worktree) if one.worktree is not None else "",
        )
        for one in status.claims
    ]
    styles = [
        BAD
        if one.lost or one.contested
        else FAINT
        if one.state == STALE
        else GOOD
        if one.branch in status.mine
        else PLAIN
        for one in status.claims
    ]
    return [one._replace(style=style) for one, style in zip(_columns(rows, cell), styles, strict=True)]


def _seen(remote: RemoteView | None, now: Moment) -> str:
    """How new what is told of the remote is."""
    if remote is None:
        return ""
    return (
        f", {remote.name} as of {ago(remote.fetched_at, now)}"
        if remote.fetched_at is not None
        else f", {remote.name} never fetched"
    )


def _state(one: Claim, shared: bool) -> str:
    word = "lost" if one.lost else "contested" if one.contested else one.state
    word += ", not published" if not one.published and shared else ""
    return f"{word}, {one.activity}" if one.activity is not None else word


def _worktrees(status: Status, near: Near, cell: int) -> list[Line]:
    rows, styles = [], []
    for tree, found in status.worktrees:
        verdict = "gone" if tree.gone else found.verdict
        name = tree.branch or (tree.head or "")[:9]
        rows.append((near.place(tree.path), name, verdict, _reasons(found.reasons)))
        styles.append(CAREFUL if tree.gone or found.verdict == UNKNOWN else FAINT if found.verdict == FREE else PLAIN)
    return [one._replace(style=style) for one, style in zip(_columns(rows, cell), styles, strict=True)]


def _reasons(reasons: tuple[str, ...]) -> str:
    """Who is inside, in words; of a crowd the first ones."""
    more = f"; and {len(reasons) - _CROWD} more" if len(reasons) > _CROWD else ""
    return "; ".join(reasons[:_CROWD]) + more


def _events(status: Status, near: Near) -> list[Line]:
    return [
        Line(f"{ago(one.at, status.at)}: {one.actor} {near.text(words(one) or one.event)}", FAINT)
        for one in reversed(status.events)
    ]


def _columns(rows: Sequence[tuple[str, ...]], most: int) -> list[Line]:
    """Rows as lines with aligned columns, none wider than `most`; the last column is as long as it is."""
    if not rows:
        return []
    short = [tuple(_fitted(cell, most) for cell in row[:-1]) for row in rows]
    widths = [max(map(_wide, column)) for column in zip(*short, strict=True)]
    return [
        Line("  ".join([*map(_padded, cells, widths), row[-1]]).rstrip())
        for cells, row in zip(short, rows, strict=True)
    ]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _wide(cell))


def _fitted(text: str, width: int | None) -> str:
    """A text cut to so many columns of a terminal, where a sign of East Asia or a picture takes two (UAX #11)."""
    if width is None or _wide(text) <= width:
        return text
    if text.isascii():
        return render.fitted(text, width)
    kept = text[: width - 1]
    while _wide(kept) > width - 1:
        kept = kept[:-1]
    return kept + "…"


def _wide(text: str) -> int:
    """The columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
