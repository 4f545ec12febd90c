"""What is meant by a name or a request: the repository and its remote, the forge, and the branch on all of them."""

from __future__ import annotations

from holdfast.adapters.refs import HEADS, REMOTES
from holdfast.domain import forge
from holdfast.domain.blockers import blocker
from holdfast.domain.finish import Tip
from holdfast.domain.problem import Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import contact, recover, surroundings, unpublished
from holdfast.usecases.finish import outside, target
from holdfast.usecases.finish.outcome import ALREADY, Finished, Requested, refused
from holdfast.usecases.finish.target import Over, Target

if TYPE_CHECKING:
    from holdfast.domain.finish_request import Outside
    from holdfast.domain.forge import Request
    from holdfast.domain.moment import Moment
    from holdfast.domain.policy import Policy
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.finish.outcome import Options
    from holdfast.usecases.finish.outside import Reach
    from holdfast.usecases.surroundings import Asked, Ground
    from holdfast.usecases.workspace import Workspace


class Grounds(NamedTuple):
    """The repository and its remote at this moment; `base` is the commit of the main branch, None for none."""

    ground: Ground
    there: Contact | None
    base: str | None
    notes: tuple[str, ...] = ()


class Found(NamedTuple):
    """The branch that is meant, or one that is merged and gone; `policy` is that of the main branch.

    `reach` is the forge of the remote, None where there is none, and `outside` what it says of the branch.
    """

    on: Grounds
    policy: Policy
    target: Target | Over
    reach: Reach | None = None
    outside: Outside | None = None


def find(place: Workspace, options: Options, now: Moment, asked: Asked | None = None) -> Found | Finished:
    """What is meant, or how it ends because nothing can be."""
    on = grounds(place, options, asked)
    if on.base is None:
        where = f"{on.ground.remote} has no branch" if on.there is not None else "there is no branch"
        problem = blocker("main-unknown", on.ground.main, f"{where} {on.ground.main}")
        return refused(options.name, [problem])._replace(notes=on.notes)
    policy = policy_of(place, on.base)
    if policy.origin is not None and policy.main_branch != on.ground.main:
        message = f"{on.ground.main} itself says that the main branch is {policy.main_branch}"
        remedy = f"run it in the main worktree, or where `main_branch` is {policy.main_branch}"
        return refused(options.name, [blocker("finish-main", on.ground.main, message, remedy)])._replace(notes=on.notes)
    reach = outside.reach(place, on.ground, policy)
    if isinstance(reach, Problem):
        return refused(options.name, [reach])._replace(notes=on.notes)
    if options.request is not None:
        return _by_number(place, on, policy, reach, options.request, now)
    name = target.meant(place, on.ground, options.name)
    return _named(place, on, policy, reach, name, now, None, options.exact)


def _named(
    place: Workspace,
    on: Grounds,
    policy: Policy,
    reach: Reach | None,
    name: str | Problem,
    now: Moment,
    known: Request | None,
    exact: bool = True,
) -> Found | Finished:
    assert on.base is not None
    one = name if isinstance(name, Problem) else target.find(place, on.ground, on.there, on.base, name, now, exact)
    if isinstance(one, Problem):
        return refused(name if isinstance(name, str) else None, [one])._replace(notes=on.notes)
    if isinstance(one, Over) or (one.held is not None and one.held.ended):
        return Found(on, policy, one, reach)
    if known is not None and known.state == forge.MERGED:  # and the branch has gone on, or nothing here proves it
        told = Requested(known.number, known.url)
        return Finished(
            ALREADY, known.branch, one.tip.plan, known.head, on.base, known.merge_commit, told, notes=on.notes
        )
    said = outside.of(reach, one.tip, on.ground.main, known) if reach is not None else None
    problem = said if isinstance(said, Problem) else None
    if reach is None:
        problem = outside.elsewhere(one.tip, on.there, policy)
    if problem is not None:
        return refused(one.tip.branch, [problem])._replace(plan=one.tip.plan, head=one.tip.head, notes=on.notes)
    return Found(on, policy, one, reach, said if not isinstance(said, Problem) else None)


def _by_number(
    place: Workspace, on: Grounds, policy: Policy, reach: Reach | None, number: int, now: Moment
) -> Found | Finished:
    """The branch of a request, which may be one of a fork."""
    subject = f"request #{number}"
    request = reach.forge.by_number(number) if reach is not None else None
    if reach is None or request is None:
        where = "the remote is no forge that Holdfast knows" if reach is None else f"there is no {subject}"
        return refused(None, [blocker("request-unknown", subject, where)])._replace(notes=on.notes)
    if request.state == forge.MERGED:
        plan = policy.claims.branch.number(request.branch)
        said = Requested(number, request.url)
        if request.fork is None and f"{HEADS}{request.branch}" in on.ground.refs:
            return _named(place, on, policy, reach, request.branch, now, request)  # what is left of it is cleaned up
        return Finished(
            ALREADY, request.branch, plan, request.head, on.base, request.merge_commit, said, notes=on.notes
        )
    if request.fork is None:
        on = _with(place, on, request.branch)
        return _named(place, on, policy, reach, request.branch, now, request)
    if on.there is None or not outside.bring_head(on.there, request):
        message = f"the remote does not show the commits of {subject}, which comes from {request.fork or 'nowhere'}"
        return refused(request.branch, [blocker("request-fork", subject, message)])._replace(notes=on.notes)
    plan = policy.claims.branch.number(request.branch)
    one = Target(None, Tip(request.branch, plan, None, None, True, other=request.head), ())
    said_of = outside.of(reach, one.tip, on.ground.main, request)
    if isinstance(said_of, Problem):
        return refused(request.branch, [said_of])._replace(notes=on.notes)
    return Found(on, policy, one, reach, said_of)


def open_target(found: Found) -> Target | Finished:
    """The branch that is meant, or that its work is merged already."""
    one = found.target
    if isinstance(one, Over):
        return Finished(ALREADY, one.branch, one.plan, base=found.on.base, merge_commit=one.merge_commit)
    if one.held is not None and one.held.ended:
        return Finished(ALREADY, one.tip.branch, one.tip.plan, one.tip.head, found.on.base, notes=found.on.notes)
    return one


def _with(place: Workspace, on: Grounds, branch: str) -> Grounds:
    """The same with a branch brought here."""
    assert on.there is not None
    there, brought = contact.bring_meant(place, on.there, branch, on.ground, exact=True)
    return on._replace(there=there, ground=surroundings.of(place)) if brought else on


def grounds(place: Workspace, options: Options, asked: Asked | None = None) -> Grounds:
    """The repository and the remote, with all that may be meant brought here.

    `Unreachable` where the remote does not answer, `surroundings.Refused` where the configuration is broken.
    """
    ground = surroundings.of(place, asked)
    surroundings.check(ground.configured)
    if ground.remote is None:
        if not options.dry_run and recover.unfinished(place, None):
            ground = surroundings.of(place)
        return Grounds(ground, None, ground.refs.get(HEADS + ground.main))
    there = contact.ask(contact.remote_for(place, ground, ground.remote))
    notes: tuple[str, ...] = ()
    changed = False
    if not options.dry_run:
        changed = recover.unfinished(place, there)
        told = unpublished.publish(place, there)
        changed, notes = changed or told != unpublished.Told(), told.lines
    if changed:
        there = contact.ask(there.remote)
    name = target.meant(place, ground, options.name)
    wanted = name if isinstance(name, str) else ground.main
    there, brought = contact.bring_meant(place, there, wanted, ground, options.exact)
    if brought or changed or _fetched(ground, there):
        ground = surroundings.of(place)
    return Grounds(ground, there, there.heads().get(ground.main), notes)


def _fetched(ground: Ground, there: Contact) -> bool:
    """True where what is known of the remote here is not what it has."""
    return ground.refs.get(f"{REMOTES}{ground.remote}/{ground.main}") != there.heads().get(ground.main)


def policy_of(place: Workspace, base: str) -> Policy:
    """What the main branch decided, whatever a branch says; `surroundings.Refused` where that cannot be read as it was meant."""
    decided = place.configurations.of_tree(base)
    surroundings.check(decided)
    return decided.policy
