"""What is known of branches against a main branch: remembered by both object ids, asked of git where it is not."""

from __future__ import annotations

from holdfast.adapters.git import decode, encode
from holdfast.domain.claim_commit import Origin
from holdfast.domain.integration import BY_PICKS, WORDS, Facts, Verdict, shape
from holdfast.domain.moment import Moment
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from holdfast.adapters.cache import Cache
    from holdfast.usecases.workspace import Workspace

_KIND = "claims-4"
"""What the names of entries begin with; another number whenever the questions or the lines become others."""
_NEWEST = f"{_KIND}-newest"
_FIELD, _LINE, _PART = "\x1f", "\n", " "
_REMEMBERED = 4

Known = dict[str, tuple[Facts, int]]
"""Facts by tip, with the number of the request that the tip was known to be the head of, or 0."""


def ended(cache: Cache, target: str, shallow: str) -> frozenset[str]:
    """The tips that are known to be merged into `target` by their commits alone: of these nothing else needs to be asked."""
    first = decode(cache.read(_name(target, shallow)) or b"").partition(_LINE)[0]
    return frozenset(first.split(_PART))


def against(
    place: Workspace,
    cache: Cache,
    branches: Sequence[Sequence[str]],
    target: str,
    shallow: str,
    requests: Mapping[str, int],
) -> dict[str, Facts]:
    """What each tip of each branch is against `target`; `shallow` says where the history of this clone is cut off, if it is.

    A deepened shallow clone knows more: its answers have a name of their own. That a tip was the head of a request is not
    forgotten when the remote is not asked again, and what was merged stays so while the main branch goes on.
    """
    name = _name(target, shallow)
    wanted = dict.fromkeys(tip for tips in branches for tip in tips)
    known = _load(cache, name, wanted)
    main, older = ("", {}) if known or not wanted else _older(place, cache, target, wanted)
    numbers = {tip: number for tip, (_, number) in (known or older).items() if number} | dict(requests)
    found = {tip: known[tip][0] for tip in wanted if tip in known and known[tip][1] == numbers.get(tip, 0)}
    if len(found) == len(wanted):
        return found
    from holdfast.usecases import integration  # what asks git: needed where something is not known

    merged = {tip: older[tip][0] for tip in wanted if tip in older and older[tip][0].verdict.merged}
    found |= _surely_still(place, merged, main, target)
    missing = [tips for tips in branches if any(tip not in found for tip in tips)]
    asked = integration.facts(place.git, place.objects, missing, target, bool(shallow), numbers)
    found |= {tip: merged[tip] if tip in merged and not one.verdict.merged else one for tip, one in asked.items()}
    _save(cache, name, {**_load(cache, name), **{tip: (one, numbers.get(tip, 0)) for tip, one in found.items()}})
    names = list(dict.fromkeys((name, *decode(cache.read(_NEWEST) or b"").split())))
    cache.write(_NEWEST, encode(_PART.join(names[:_REMEMBERED])))
    for one in names[_REMEMBERED:]:
        cache.drop(one)
    return found


def origins(place: Workspace, cache: Cache, oids: Iterable[str], kind: str) -> dict[str, Origin]:
    """What claim commits say, by id; commits that say nothing, or that this clone does not have, are left out.

    Remembered is what was asked last for one `kind` of commits.
    """
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    name = f"{_KIND}-{kind}"
    known = _load(cache, name, wanted)
    missing = [oid for oid in wanted if oid not in known]
    if missing:
        from holdfast.adapters import commits

        read = commits.named(place.git, missing).commits()
        for oid, one in read.items():
            facts = Facts(oid, one.at, one.author, 0, Verdict("open"), one.origin, one.at if one.origin else None)
            known[oid] = (facts, 0)
        _save(cache, name, {oid: known[oid] for oid in wanted if oid in known})
    return {oid: origin for oid in wanted if oid in known and (origin := known[oid][0].origin) is not None}


def _name(target: str, shallow: str) -> str:
    return f"{_KIND}-{target}{f'-shallow-{shallow}' if shallow else ''}"


def _older(place: Workspace, cache: Cache, target: str, wanted: Collection[str]) -> tuple[str, Known]:
    """What was known when the main branch was further back: that commit, the newest one that `target` has, and the facts."""
    for name in decode(cache.read(_NEWEST) or b"").split(_PART):
        main = name.removeprefix(f"{_KIND}-")
        known = _load(cache, name, wanted) if main.isalnum() else {}
        if known and place.git.attempt("merge-base", "--is-ancestor", main, target)[0] == 0:
            return main, known
    return "", {}


def _surely_still(place: Workspace, merged: dict[str, Facts], main: str, target: str) -> dict[str, Facts]:
    """Tips that were merged already, and of which nothing that came since can have been taken back."""
    if not merged:
        return {}
    from holdfast.adapters import commits

    since = commits.landed(place.git, target, main).landed()
    reverting = dict.fromkeys(oid for one in since for oid in one.reverts)
    if reverting:  # who reverts a revert brings back what that took
        earlier = {one.commit.oid: one.reverts for one in commits.telling(place.git, main).landed()}
        for oid in (ahead := list(reverting)):  # grows while it is walked
            ahead += (back for back in earlier.get(oid, ()) if back not in reverting)
            reverting |= dict.fromkeys(earlier.get(oid, ()))
    shapes = {shape(one.commit.changes) for one in since if one.commit.changes}

    def sure(one: Facts) -> bool:
        named = {one.tip, one.verdict.by} & reverting.keys() or (reverting and one.verdict.how == BY_PICKS)
        return not one.verdict.reverted and not named and not shapes.intersection(one.shapes)

    return {tip: one for tip, one in merged.items() if sure(one)}


def _load(cache: Cache, name: str, wanted: Collection[str] | None = None) -> Known:
    """What an entry says of some tips, or of all; nothing where it cannot be read."""
    lines = decode(cache.read(name) or b"").split(_LINE)[1:]
    try:
        asked = (line for line in lines if wanted is None or line.partition(_FIELD)[0] in wanted)
        return {facts.tip: (facts, request) for facts, request in (_read(line.split(_FIELD)) for line in asked)}
    except (ValueError, IndexError):
        return {}


def _save(cache: Cache, name: str, known: Known) -> None:
    proven = _PART.join(tip for tip, (facts, _) in known.items() if facts.proven)
    cache.write(name, encode(_LINE.join((proven, *(_FIELD.join(_written(*one)) for one in known.values())))))


def _written(facts: Facts, request: int) -> list[str]:
    verdict, origin = facts.verdict, facts.origin
    words = [
        facts.tip, str(facts.at), _plain(facts.author), str(facts.own), verdict.how, verdict.by,
        "1" if verdict.reverted else "", str(request), _PART.join(facts.holds), _PART.join(facts.shapes),
    ]  # fmt: skip
    if origin is None:
        return words
    return [
        *words, str(facts.claimed_at or 0), origin.claim_id, origin.owner or "", origin.host or "",
        "" if origin.plan is None else str(origin.plan), origin.branch or "", origin.worker or "", "1" if origin.offline else "",
    ]  # fmt: skip


def _read(words: list[str]) -> tuple[Facts, int]:
    tip, at, author, own, how, by, reverted, request, holds, shapes = words[:10]
    if how not in WORDS:
        raise ValueError(how)
    origin, claimed_at = None, None
    if len(words) > 10:
        claimed, claim_id, owner, host, plan, branch, worker, offline = words[10:]
        claimed_at = Moment(int(claimed))
        origin = Origin(
            claim_id, owner or None, host or None, int(plan) if plan else None, branch or None, worker or None, bool(offline)
        )  # fmt: skip
    verdict = Verdict(how, by, bool(reverted))
    facts = Facts(
        tip, Moment(int(at)), author, int(own), verdict, origin, claimed_at, tuple(holds.split()), tuple(shapes.split())
    )  # fmt: skip
    return facts, int(request)


def _plain(text: str) -> str:
    """A name as it fits into a line; those of claim commits do already."""
    return "".join(one if one.isprintable() or "\udc80" <= one <= "\udcff" else " " for one in text)
