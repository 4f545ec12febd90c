"""What git may not delete or rename: the main branch, and the branches that are somebody's claim."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from holdfast.domain.claim import Claim

_HEADS = "refs/heads/"
_END = "end"
"""The last line: a verdict without it is torn, and lets everything pass."""


def verdicts(
    claims: Iterable[Claim], main: str, mains: Sequence[str], refs: Mapping[str, str], marked: Container[str]
) -> dict[str, str]:
    """What the hook is told about each branch of this clone that is guarded, by the full name of its ref.

    `main` is the short name of the main branch, `mains` are the refs that it has here and for the remote, `refs` the ids of
    all refs. `marked` are commits that only a claim has (its claim commit, as its fence knows it): a claim that stands on
    one, or has work of its own, is merged as soon as the main branch holds its tip.
    """
    found = {_HEADS + main: _verdict("main", "-", (), f"{main}, the main branch", "")}
    for one in claims:
        if one.local is None or one.ended or one.local == _HEADS + main:
            continue
        beside = one.commit == refs.get(one.local) and (one.own_commits > 0 or one.commit in marked)
        found[one.local] = _verdict("claim", one.commit if beside else "-", mains, _told(one), _way_out(one))
    return found


def _verdict(kind: str, tip: str, mains: Sequence[str], told: str, way_out: str) -> str:
    """Four lines: what it is and how to see that it is merged, its name for people, the command that ends it, the end."""
    return "\n".join((" ".join((kind, tip, *mains)), _plain(told), _plain(way_out), _END, ""))


def _told(one: Claim) -> str:
    plan = f" of plan #{one.plan}" if one.plan is not None else ""
    where = f", at work in {one.worktree}" if one.worktree is not None else ""
    return f"{one.branch}, the claim{plan} by {one.who}{where}"


def _way_out(one: Claim) -> str:
    from shlex import quote  # branches can hold what a shell takes for its own

    return f"holdfast unclaim {quote(one.branch)}"


def _plain(text: str) -> str:
    """One line that is safe on a terminal; bytes that are no UTF-8 stay what they are."""
    return "".join(one if one.isprintable() or "\udc80" <= one <= "\udcff" else " " for one in text)
