"""Open the request of a branch, or bring it up to date: push, title, link to the plan, evidence; nothing is merged."""

from __future__ import annotations

from holdfast.adapters import merging
from holdfast.domain import finish_message, forge, request_text
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import Step, push_blockers
from holdfast.domain.finish_message import Work
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import journal, plan_files, surroundings
from holdfast.usecases.finish import outside
from holdfast.usecases.finish.found import find, open_target
from holdfast.usecases.finish.outcome import REFUSED, REQUESTED, Finished, Requested, refused
from holdfast.usecases.finish.pushing import push

if TYPE_CHECKING:
    from holdfast.domain.finish import Tip
    from holdfast.domain.moment import Moment
    from holdfast.usecases.finish.found import Found
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.outside import Reach
    from holdfast.usecases.surroundings import Asked
    from holdfast.usecases.workspace import Workspace


def open_or_change(place: Workspace, options: Options, now: Moment, asked: Asked | None = None) -> Finished:
    """Push the branch where the remote lacks commits of it, then open its request or give it its title and text."""
    try:
        found = find(place, options, now, asked)
    except surroundings.Refused as error:
        return refused(options.name, error.problems)
    if isinstance(found, Finished):
        return found
    target = open_target(found)
    if isinstance(target, Finished):
        return target
    tip = target.tip
    said = Finished(REQUESTED, tip.branch, tip.plan, tip.head, found.on.base, notes=found.on.notes)
    problems = _blockers(found, tip)
    if problems or found.reach is None:
        return said._replace(result=REFUSED, blockers=tuple(problems))
    if options.dry_run:
        return said._replace(steps=tuple(_steps(found, tip)))
    there = found.on.there
    problem = push(place, there, tip, tip.head) if there is not None and _ahead(tip) else None
    if problem is not None:
        return said._replace(result=REFUSED, blockers=(problem,))
    made = _written(place, found, found.reach, tip, options.asked.evidence)
    journal.note(
        place,
        "request",
        plan=tip.plan,
        branch=tip.branch,
        head=tip.head,
        number=made.number,
        url=made.url,
    )
    return said._replace(request=Requested(made.number, made.url))


def _blockers(found: Found, tip: Tip) -> list[Problem]:
    if found.reach is None:
        where = found.on.ground.remote or "this repository"
        return [blocker("forge-none", where, f"{where} is no forge that Holdfast knows")]
    problems = push_blockers(tip, found.on.ground.remote)
    if not found.reach.known:
        host = found.reach.address.host
        problems.append(blocker("forge-denied", host, f"no token for {host} is known"))
    request = found.outside.request if found.outside is not None else None
    if request is not None and request.state == forge.CLOSED:
        message = f"request #{request.number} was closed without being merged: {request.url}"
        problems.append(blocker("request-closed", f"request #{request.number}", message, "reopen it on the forge"))
    return problems


def _steps(found: Found, tip: Tip) -> list[Step]:
    request = found.outside.request if found.outside is not None else None
    steps = [Step("push", f"push {tip.branch} to {found.on.ground.remote}")] if _ahead(tip) else []
    what = f"update request #{request.number}" if request is not None else f"open a request for {tip.branch}"
    return [*steps, Step("request", what)]


def _ahead(tip: Tip) -> bool:
    return tip.here is not None and tip.here != tip.there


def _written(place: Workspace, found: Found, reach: Reach, tip: Tip, evidence: str | None) -> forge.Request:
    """The request, opened or changed. One that somebody opened in this very moment is changed."""
    base, main = found.on.base or "", found.on.ground.main
    path, title = _plan(place, tip)
    own = tuple(one for one in merging.of_branch(place.git, base, tip.head) if not one.claim)
    work = Work(tip.branch, tip.head, tip.plan, title, own)
    line = finish_message.subject(work, forge.SQUASH, found.policy.tag_commits)
    link = request_text.page_of(reach.address, tip.branch, path) if path else ""
    ours = request_text.block(tip.plan if path else None, title, link, evidence)
    known = found.outside.request if found.outside is not None else None
    if known is None:
        fresh = outside.request_of(reach, tip.branch, main)
        known = fresh if fresh is not None and not isinstance(fresh, Problem) and fresh.state == forge.OPEN else None
    if known is None:
        return reach.forge.make(tip.branch, main, line, ours)
    return reach.forge.change(known, line, request_text.placed(known.body, ours))


def _plan(place: Workspace, tip: Tip) -> tuple[str, str]:
    """The path and the title of the plan on the branch; empty for none."""
    if tip.plan is None:
        return "", ""
    files = plan_files.find(place, place.configurations.of_tree(tip.head), tip.head, tip.plan)
    summaries = plan_files.summaries(place, place.configurations.of_tree(tip.head), files)
    return (files[0].path, summaries[0].title) if files and summaries else ("", "")
