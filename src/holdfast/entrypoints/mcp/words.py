"""Results of tools in a few words, for clients that show text alone: enough of it to go on with."""

from __future__ import annotations

from holdfast.domain.problem import Problem
from holdfast.domain.tools import LEFT_OUT
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from holdfast.domain.tool_result import Result
    from holdfast.domain.tools import Tool

    Document = Mapping[str, Any]


def of(tool: Tool, result: Result) -> str:
    """The result in words; no control characters but line breaks."""
    document = result.document
    if document["schema"].startswith("holdfast.error/"):
        return render.lines(_error(tool, document))
    return render.lines(_SAYS[tool.document](document)) or "nothing"


def line(text: str) -> str:
    """One line that a command has said, without what could move a cursor; cut where it is long."""
    return render.fitted(render.shown(text), 300)


def _error(tool: Tool, document: Document) -> Iterable[str]:
    if document.get("blockers"):
        yield from _problems(document["blockers"])
    else:
        yield render.error(f"`{tool.name}`", document["message"], document["remedy"])


def _problems(problems: Iterable[Document]) -> Iterable[str]:
    for one in problems:
        yield render.refusal(Problem(**one), "refused" if one["severity"] == "error" else "warning")


def _left_out(document: Document) -> Iterable[str]:
    if document[LEFT_OUT]:
        yield f"... and {document[LEFT_OUT]} more (see `limit`)"


def _plans(document: Document) -> Iterable[str]:
    if not document["plans"]:
        yield "no plan is ready"
    for one in document["plans"]:
        yield render.shown(f"#{one['number']}  {one['priority'] or '-'}  {one['title']}")
    yield from _left_out(document)


def _plan(document: Document) -> Iterable[str]:
    held = f", claimed by {document['claimed_by']}" if document["claimed_by"] else ""
    yield render.shown(f"plan #{document['number']}, {document['status']}{held}: {document['path']}")
    yield ""
    yield from (render.shown(one.expandtabs()) for one in document["text"].split("\n"))


def _start(document: Document) -> Iterable[str]:
    if document["result"] == "claimed":
        shared = "" if document["published"] else " (in this clone alone)"
        yield render.shown(f"plan #{document['plan']} is claimed: branch {document['branch']}{shared}")
        if document["worktree"]:
            yield render.shown(f"work in {document['worktree']}")
    elif document["winner"]:
        yield render.shown(f"{document['result']}: {document['winner']} holds plan #{document['plan']}")
    yield from _problems(document["blockers"])


def _claims(document: Document) -> Iterable[str]:
    if not document["claims"]:
        yield "no claims"
    for one in document["claims"]:
        plan = f"#{one['plan']}" if one["plan"] is not None else "-"
        state = "contested" if one["contested"] else one["state"]
        where = f"  {one['worktree']}" if one["worktree"] else ""
        yield render.shown(f"{plan}  {one['branch']}  {state}  {one['owner'] or '?'}@{one['host'] or '?'}{where}")
    yield from _left_out(document)


def _check(document: Document) -> Iterable[str]:
    found = document["summary"]
    yield f"plans: {found['plans']}, errors: {found['errors']}, warnings: {found['warnings']}"
    for one in document["problems"]:
        yield render.refusal(Problem(**one), one["severity"])
    yield from _left_out(document)


def _finish(document: Document) -> Iterable[str]:
    branch, commit = document["branch"], document["merge_commit"]
    if not document["blockers"]:
        as_ = f" as {commit}" if commit else ""
        what = "would be merged, step by step:" if document["steps"] else f"{document['result']}{as_}"
        yield render.shown(f"{branch}: {what}" if branch else what)
    if document["request"]:
        yield render.shown(f"request: {document['request']['url']}")
    yield from _problems(document["blockers"])
    yield from (render.shown(f"{at}. {step['message']}") for at, step in enumerate(document["steps"], 1))
    for done in document["cleanup"]:
        mark = "" if done["outcome"] == "done" else f"{done['outcome']}: "
        yield render.shown(f"{mark}{done['message']}")


def _status(document: Document) -> Iterable[str]:
    you = document["you"]
    plan = f", plan #{you['plan']}" if you["plan"] is not None else ""
    yield render.shown(f"you: {you['worktree']} on {you['branch'] or 'no branch'}{plan}")
    yield from (render.shown(f"next: {one['command']} ({one['why']})") for one in document["next"])
    for one in document["attention"]:
        yield render.refusal(Problem(**one), one["severity"])
    yield render.shown(
        "ready: " + (", ".join(f"#{one['number']} {one['title']}" for one in document["ready"]) or "nothing")
    )
    yield from (render.shown(f"claim: {one['branch']} ({one['state']})") for one in document["claims"])


def _explain(document: Document) -> Iterable[str]:
    yield render.shown(f"{document['code']}: {document['title']}")
    for name, lead in (
        ("looks", "What it looks like"), ("happened", "What happened"), ("consequence", "What happens otherwise"),
        ("remedy", "What to do"), ("who", "Who"), ("page", "More"),
    ):  # fmt: skip
        if document.get(name):
            yield render.shown(f"{lead}: {document[name]}")
    yield from (render.shown(f"{at}. {step}") for at, step in enumerate(document.get("steps", ()), 1))


_SAYS: Mapping[str, Callable[[Document], Iterable[str]]] = {
    "plan.list": _plans,
    "plan.show": _plan,
    "start": _start,
    "claims": _claims,
    "check": _check,
    "finish": _finish,
    "status": _status,
    "explain": _explain,
}
