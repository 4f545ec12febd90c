"""The one irreversible step where a forge makes it: asked once, and read back before anything is said."""

from __future__ import annotations

from holdfast.adapters import clock, merging
from holdfast.adapters.refs import HEADS
from holdfast.domain import finish_message, forge
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import contact, surroundings
from holdfast.usecases.finish import making
from holdfast.usecases.finish.merge import DECLINED, MOVED, QUEUED, UNCLEAR, WON, Merged

if TYPE_CHECKING:
    from holdfast.adapters.intents import Intent
    from holdfast.domain.forge import Answer, Request
    from holdfast.usecases.contact import Contact
    from holdfast.usecases.finish.outside import Reach
    from holdfast.usecases.finish.record import Record
    from holdfast.usecases.finish.scene import Scene
    from holdfast.usecases.workspace import Workspace

_PAUSES = (0.2, 0.5, 1.0)
"""Seconds between readings of a request that is not merged after all."""
_LONGEST = 300
"""Characters of a forge's words that are told."""
_UNTIL_SEEN = (0.1, 0.3, 1.0, 3.0)


def merge(place: Workspace, scene: Scene, reach: Reach, one: Record, intent: Intent) -> Merged:
    """Merge a request at exactly the validated commit; its branch is not deleted along with it."""
    outside = scene.seen.outside
    assert outside is not None and outside.request is not None
    request = outside.request
    work, method = making.work(scene), scene.policy.finish.method
    title = finish_message.subject(work, method, scene.policy.tag_commits, request.number)
    answer = reach.forge.merge(request, method, title, finish_message.body(work, method))
    try:
        after = _read_back(reach, request.number, answer)
    except Unable as error:
        return Merged(UNCLEAR, f"{_said(answer)}, and then: {error}")
    if after is not None and after.state == forge.MERGED:
        try:
            return landed(place, one, after, intent)
        except Unable as error:
            return Merged(UNCLEAR, f"request #{request.number} is merged, and then: {error}")
    return _not_merged(answer, after)


def landed(place: Workspace, one: Record, request: Request, intent: Intent) -> Merged:
    """A request that is merged: the commit that brought it, and the remote as it is now."""
    there = _with_main(place, one, request.merge_commit)
    tip = there.heads().get(one.main)
    commit = request.merge_commit or tip or ""
    intent.note(merged=commit)
    return Merged(WON, "", there, commit)


def _with_main(place: Workspace, one: Record, commit: str | None) -> Contact:
    """The remote, when its main branch shows the merge: hosts take a moment."""
    ground = surroundings.of(place)
    there = contact.ask(contact.remote_for(place, ground, one.remote))
    for pause in (*_UNTIL_SEEN, None):
        there, _ = contact.bring(place, there, lambda name: name == one.main, surroundings.refs_now(place))
        tip = there.id_of(HEADS + one.main)
        shown = tip is not None and (tip != one.base if commit is None else merging.holds(place.git, tip, commit))
        if shown or pause is None:
            return there
        clock.pause(pause)
        there = contact.ask(there.remote)
    return there


def _read_back(reach: Reach, number: int, answer: Answer) -> Request | None:
    """The request as it is now: what the answer says is never believed."""
    expected = answer.meaning in (forge.DONE, forge.UNCLEAR)
    found = reach.forge.by_number(number)
    for pause in _PAUSES if expected else ():
        if found is None or found.state == forge.MERGED or found.queued:
            break
        clock.pause(pause)
        found = reach.forge.by_number(number)
    return found


def _not_merged(answer: Answer, after: Request | None) -> Merged:
    if after is not None and after.queued:
        return Merged(QUEUED, _said(answer))
    if answer.meaning == forge.UNCLEAR:  # it may be carried out yet
        return Merged(UNCLEAR, f"{_said(answer)}; the request is still {after.state if after is not None else 'there'}")
    if answer.meaning in (forge.BASE_MOVED, forge.HEAD_MOVED, forge.NOT_YET):
        return Merged(MOVED, _said(answer))
    if answer.meaning == forge.QUEUED:
        return Merged(DECLINED, f"{_said(answer)}; the request is in no queue")
    state = after.state if after is not None else "gone"
    return Merged(DECLINED, f"{_said(answer)}; the request is {state} and not merged")


def _said(answer: Answer) -> str:
    words = " ".join(answer.words.split())
    return (words if len(words) <= _LONGEST else words[:_LONGEST] + "…") or "it gave no reason"
