"""Who works on what, and how sure that is: computed from branches, worktrees and the last view of the remote."""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face, render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from typing import Any

    from holdfast.domain.claim import Claim
    from holdfast.domain.moment import Moment
    from holdfast.domain.occupancy import Occupant
    from holdfast.domain.policy import ClaimPolicy
    from holdfast.domain.problem import Problem
    from holdfast.domain.snapshot import RemoteView
    from holdfast.entrypoints.face import Face
    from holdfast.usecases.claims import Listed

EXAMPLE = """examples:
  holdfast claims
  holdfast claims --fetch        ask the remote first
  holdfast claims --stale        only those that --steal may take
  holdfast claims --all          merged branches too"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `claims`."""
    parser.add_argument("--all", action="store_true", help="merged branches too")
    parser.add_argument("--stale", action="store_true", help="only stale claims")
    parser.add_argument("--fetch", action="store_true", help="renew the view of the remote first")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """List the claims."""
    from holdfast.usecases import surroundings

    asked = surroundings.ask(face_.cwd, face_.environment) if not parsed.fetch else None
    place = face_.workspace()
    from holdfast.usecases import claims, clock  # while git is at work

    now = clock.now()
    if parsed.fetch:
        from holdfast.usecases import claims_fetch

        try:
            found = claims_fetch.observe(place, now, face_.dry_run).listed(parsed.all)
        except surroundings.Refused as refused:
            if face_.json:
                _refused(face_, refused.problems, place.top)
            return face_.refuse(refused.problems)
    else:
        found = claims.listed(place, now, parsed.all, asked)
    lost = _lost(found)
    if parsed.stale:
        found = found._replace(claims=[one for one in found.claims if one.state == "stale"])
    for problem in found.ground.configured.errors:
        face_.say(render.refusal(problem, "warning"))
    if face_.json:
        rows = [fields(one, now, found.ground.policy.claims) for one in found.claims]
        told = {"published": list(found.published), "lost": list(lost)}
        face_.document("claims", {"claims": rows, "remote": view_fields(found.remote), **told})
        return face.DONE
    face_.data(render.lines(_table(face_, found.claims, now)))
    for branch in found.published:
        face_.say(render.shown(f"{branch} was claimed offline and is published now"))
    for branch, words in found.waits:
        face_.say(render.shown(f"{branch} is in this clone alone, and was not published: {words}"))
    for line in lost.values():
        face_.say(render.shown(line))
    face_.say(_view(found, now))
    return face.DONE


def _refused(face_: Face, problems: Sequence[Problem], top: str) -> None:
    """A refusal of what has no place for one in its own document."""
    first = problems[0]
    blockers = [face.problem_fields(one, top) for one in problems]
    told = {"message": first.message, "remedy": first.remedy, "exit": face.REFUSED, "blockers": blockers}
    face_.document("error", told)


def fields(one: Claim, now: Moment, policy: ClaimPolicy) -> dict[str, Any]:
    """A claim as JSON."""
    from holdfast.domain.claim import reasons
    from holdfast.domain.moment import iso

    return {
        "plan": one.plan,
        "branch": one.branch,
        "local": one.local,
        "remote": one.remote,
        "owner": one.owner,
        "host": one.host,
        "claim_id": one.claim_id,
        "state": one.state,
        "activity": one.activity,
        "contested": one.contested,
        "published": one.published,
        "last_activity": iso(one.last_activity),
        "activity_source": one.activity_source,
        "worktree": one.worktree,
        "occupants": [occupant_fields(who) for who in one.occupants],
        "commit": one.commit,
        "own_commits": one.own_commits,
        "reasons": list(reasons(one, now, policy)),
    }


def occupant_fields(who: Occupant) -> dict[str, Any]:
    """Who is inside a worktree, as JSON."""
    from holdfast.domain.moment import iso

    since = iso(who.since) if who.since is not None else None
    return {"kind": who.kind, "pid": who.pid, "command": who.command, "session": who.session, "since": since}


def view_fields(remote: RemoteView | None) -> dict[str, Any] | None:
    """The view of the remote as JSON."""
    from holdfast.domain.moment import iso

    if remote is None:
        return None
    return {"name": remote.name, "fetched_at": iso(remote.fetched_at) if remote.fetched_at is not None else None}


def _table(face_: Face, shown: Sequence[Claim], now: Moment) -> Iterable[str]:
    from holdfast.domain.moment import ago

    rows = [
        (
            f"#{one.plan}" if one.plan is not None else "-",
            one.branch,
            "lost" if one.lost else "contested" if one.contested else one.state,
            ago(one.last_activity, now),
            f"{one.own_commits} commit{'' if one.own_commits == 1 else 's'}",
            (one.owner or "?") + (f"@{one.host}" if one.host else ""),
            os.path.relpath(one.worktree, face_.cwd) if one.worktree is not None else "-",
        )
        for one in shown
    ]
    yield from face_.columns(rows, yields=1)


def _lost(found: Listed) -> dict[str, str]:
    """What is said of each branch here whose plan somebody else holds on the remote."""
    lost = [one for one in found.claims if one.lost]
    if not lost and not found.lost:
        return {}
    from holdfast.domain import unclaim

    where = found.remote.name if found.remote is not None else "the remote"
    told = {
        branch: f"{branch} is lost: somebody was faster on {where}; run `holdfast claims --fetch`"
        for branch in found.lost
    }
    for one in lost:
        told[one.branch] = (
            f"{one.branch} here is {one.grounds[-1]}; `{unclaim.command(one)}` keeps its commits and ends it"
        )
    return told


def _view(found: Listed, now: Moment) -> str:
    from holdfast.domain.moment import ago

    remote, shown = found.remote, len(found.claims)
    text = f"{shown} claim{'' if shown == 1 else 's'}"
    if remote is None:
        return f"{text}; there is no remote"
    if remote.fetched_at is None:
        return f"{text}; {remote.name} was never fetched (`holdfast claims --fetch` asks it)"
    return f"{text}; {remote.name} as of {ago(remote.fetched_at, now)} (`holdfast claims --fetch` asks it now)"
