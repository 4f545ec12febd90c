"""What a merge writes down before it does anything: from it the next command tells what is, and goes on."""

from __future__ import annotations

from holdfast.adapters import intents
from holdfast.adapters.intents import Intent
from holdfast.adapters.objects import blob_id
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.usecases import journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from holdfast.adapters.intents import Left
    from holdfast.usecases.workspace import Workspace

FOLDER = "finishing"


class Record(NamedTuple):
    """A merge that was begun: all that its end needs, as it was when it was decided.

    `head` is the validated commit of the branch and `there` what the remote had of it, `base` the validated main branch,
    `merge` the commit that it shall become (empty where a forge makes it), `request` its number there. `fences` are the
    values that the claim's fence may have. `keep` where the worktree stays, `fork` where the branch is in another
    repository, `update` where the branch itself (as `main`, too) gets the main branch. `staged` is the worktree whose files
    were moved ahead of `staged_branch`, from `staged_from` to `staged_to`; `verify` a worktree of our own. `merged` is the
    commit of the main branch once it is merged.
    """

    branch: str
    plan: int | None
    main: str
    remote: str
    head: str
    there: str
    base: str
    merge: str = ""
    request: str = ""
    fences: tuple[str, ...] = ()
    keep: bool = False
    fork: bool = False
    update: bool = False
    actor: str = ""
    staged: str = ""
    staged_branch: str = ""
    staged_from: str = ""
    staged_to: str = ""
    verify: str = ""
    merged: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The same as texts."""
        return {
            key: " ".join(value) if isinstance(value, tuple) else "yes" if value is True else str(value or "")
            for key, value in self._asdict().items()
        }


def read(fields: Mapping[str, str]) -> Record | None:
    """What was written down; None for what was cut off before it was whole: then nothing had been done."""
    if "whole" not in fields or not fields.get("branch") or not _sound(fields):
        return None
    plan = fields.get("plan", "")
    texts = {
        key: fields.get(key, "") for key in Record._fields if key not in ("plan", "fences", "keep", "fork", "update")
    }
    return Record(
        plan=int(plan) if plan.isdecimal() else None,
        fences=tuple(fields.get("fences", "").split()),
        keep=bool(fields.get("keep")),
        fork=bool(fields.get("fork")),
        update=bool(fields.get("update")),
        **texts,
    )


def _sound(fields: Mapping[str, str]) -> bool:
    """False for what cannot have been written here."""
    ids = (fields.get(key, "") for key in ("head", "there", "base", "merge", "merged", "staged_from", "staged_to"))
    request = fields.get("request", "")
    return all(not one.strip("0123456789abcdef") for one in ids) and (not request or request.isdecimal())


def begin(place: Workspace, one: Record) -> Intent:
    """Write it down, in the journal, too; `FileExistsError` where somebody is merging the same branch."""
    intent = Intent(place.state(FOLDER), _name(one.branch))
    intent.note(**one.fields, whole="yes")
    journal.note(
        place, "finish-begun", plan=one.plan, branch=one.branch, durable=True, actor=one.actor, head=one.head,
        base=one.base, main=one.main,
    )  # fmt: skip
    return intent


def running(place: Workspace, branch: str) -> str:
    """Who is merging a branch at this moment, in words; empty for nobody."""
    return next((f"{who} in this repository" for other, who in all_running(place) if other == branch), "")


def all_running(place: Workspace) -> list[tuple[str, str]]:
    """The branches that are being merged at this moment, and by whom."""
    found = intents.under_way(place.state(FOLDER))
    return [(one["branch"], f"by {one.get('actor') or 'somebody'}") for one in found if "branch" in one]


def left(place: Workspace) -> AbstractContextManager[list[Left]]:
    """The merges whose processes are gone, each locked for the length of the block."""
    return intents.left(place.state(FOLDER))


def _name(branch: str) -> str:
    return blob_id(branch.encode("utf-8", "surrogateescape"))
