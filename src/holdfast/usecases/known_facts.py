"""What is known of branches against a main branch: remembered by both object ids, asked of git where it is not."""

from __future__ import annotations

from holdfast.adapters import commits
from holdfast.adapters.git import decode, encode
from holdfast.domain.claim_commit import Origin
from holdfast.domain.integration import Facts, Verdict
from holdfast.domain.moment import Moment
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import integration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.adapters.cache import Cache
    from holdfast.usecases.workspace import Workspace

_NEWEST = "claims-newest"
_FIELD, _LINE = "\x1f", "\n"

Known = dict[str, tuple[Facts, int]]
"""Facts by tip, with the number of the request that the tip was known to be the head of, or 0."""


def against(
    place: Workspace, cache: Cache, tips: Iterable[str], target: str, shallow: bool, requests: Mapping[str, int]
) -> dict[str, Facts]:
    """What each tip is against `target`. A deepened shallow clone knows more: its answers have a name of their own."""
    name = f"claims-{target}{'-shallow' if shallow else ''}"
    wanted = list(dict.fromkeys(tips))
    known = _load(cache, name)
    found = {tip: known[tip][0] for tip in wanted if tip in known and known[tip][1] == requests.get(tip, 0)}
    missing = [tip for tip in wanted if tip not in found]
    if not missing:
        return found
    if not known:
        found |= _carried(place, cache, missing, target)
        missing = [tip for tip in missing if tip not in found]
    found |= integration.facts(place.git, place.objects, missing, target, shallow, requests)
    _save(cache, name, {**known, **{tip: (facts, requests.get(tip, 0)) for tip, facts in found.items()}})
    cache.write(_NEWEST, encode(name))
    return found


def origins(place: Workspace, cache: Cache, oids: Iterable[str]) -> dict[str, Origin]:
    """What claim commits say, by id; commits that say nothing, or that this clone does not have, are left out."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    name = "claims-fences"
    known = _load(cache, name)
    missing = [oid for oid in wanted if oid not in known]
    if missing:
        read = commits.named(place.git, missing).commits()
        for oid, one in read.items():
            facts = Facts(oid, one.at, one.author, 0, Verdict("open"), one.origin, one.at if one.origin else None)
            known[oid] = (facts, 0)
        _save(cache, name, {oid: known[oid] for oid in wanted if oid in known})
    return {oid: origin for oid in wanted if oid in known and (origin := known[oid][0].origin) is not None}


def _carried(place: Workspace, cache: Cache, tips: list[str], target: str) -> dict[str, Facts]:
    """Tips that were merged already when the main branch was further back: they stay so, but may be reverted since."""
    older = decode(cache.read(_NEWEST) or b"").removeprefix("claims-")
    known = _load(cache, f"claims-{older}") if older else {}
    merged = {tip: known[tip][0] for tip in tips if tip in known and known[tip][0].verdict.merged}
    if not merged or "-" in older or place.git.attempt("merge-base", "--is-ancestor", older, target)[0] != 0:
        return {}
    since = commits.landed(place.git, target, older).landed()
    reverting = {oid for one in since for oid in one.reverts}
    return {tip: one for tip, one in merged.items() if not {tip, one.verdict.by} & reverting}


def _load(cache: Cache, name: str) -> Known:
    raw = cache.read(name)
    if raw is None:
        return {}
    try:
        return {line[: line.index(_FIELD)]: _read(line.split(_FIELD)) for line in decode(raw).split(_LINE) if line}
    except (ValueError, IndexError):
        return {}


def _save(cache: Cache, name: str, known: Known) -> None:
    cache.write(name, encode(_LINE.join(_FIELD.join(_written(*one)) for one in known.values())))


def _written(facts: Facts, request: int) -> list[str]:
    verdict, origin = facts.verdict, facts.origin
    words = [
        facts.tip, str(facts.at), _plain(facts.author), str(facts.own), verdict.how, verdict.by,
        "1" if verdict.reverted else "", str(request),
    ]  # fmt: skip
    if origin is None:
        return words
    return [
        *words, str(facts.claimed_at or 0), origin.claim_id, origin.owner or "", origin.host or "",
        "" if origin.plan is None else str(origin.plan), origin.branch or "", origin.worker or "", "1" if origin.offline else "",
    ]  # fmt: skip


def _read(words: list[str]) -> tuple[Facts, int]:
    tip, at, author, own, how, by, reverted, request = words[:8]
    facts = Facts(tip, Moment(int(at)), author, int(own), Verdict(how, by, bool(reverted)), None)
    if len(words) > 8:
        claimed, claim_id, owner, host, plan, branch, worker, offline = words[8:]
        origin = Origin(
            claim_id,
            owner or None,
            host or None,
            int(plan) if plan else None,
            branch or None,
            worker or None,
            bool(offline),
        )
        facts = facts._replace(origin=origin, claimed_at=Moment(int(claimed)))
    return facts, int(request)


def _plain(text: str) -> str:
    """A name as it fits into a line; those of claim commits do already."""
    return "".join(one if one.isprintable() or "\udc80" <= one <= "\udcff" else " " for one in text)
