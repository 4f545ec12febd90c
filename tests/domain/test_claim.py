"""Claims out of a snapshot: state, owner, last activity, contested, merged; tables of values, no git."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain import claim, claim_commit, integration
from holdfast.domain.claim import Claim
from holdfast.domain.claim_commit import Origin, origin_of
from holdfast.domain.integration import Facts, Verdict
from holdfast.domain.moment import DAY, HOUR, MINUTE, Moment
from holdfast.domain.policy import ClaimPolicy
from holdfast.domain.snapshot import Branch, RemoteView, Snapshot, Trace, Worktree

NOW = Moment(1_795_411_811)
POLICY = ClaimPolicy()
ME = "plan-5-parser"
MINE = Origin("c1", "Bob", "laptop", 5, ME)


def ago(seconds: int) -> Moment:
    return Moment(NOW - seconds)


AN_HOUR_AGO = ago(HOUR)


def facts(
    tip: str = "t",
    how: str = integration.OPEN,
    own: int = 1,
    at: Moment = AN_HOUR_AGO,
    origin: Origin | None = None,
    **more: Any,
) -> Facts:
    return Facts(tip, at, "Ada", own, Verdict(how, "m"), origin, **more)


def branch(name: str = ME, **more: Any) -> Branch:
    known: dict[str, Any] = {"plan": 5, "local": "t", "remote": None, "remote_ref": None}
    return Branch(name, **{**known, **more})


def derive(
    *branches: Branch,
    known: dict[str, tuple[Facts, ...]] | None = None,
    phases: tuple[str, ...] = (),
    now: Moment = NOW,
) -> list[Claim]:
    snapshot = Snapshot("main", branches, (), known or {}, None, {5: phases} if phases else {})
    return list(claim.derive(snapshot, now, POLICY))


def one(found: Facts | None, now: Moment = NOW, **more: Any) -> Claim:
    return derive(branch(**more), known={"t": (found,)} if found is not None else {}, now=now)[0]


# State


@pytest.mark.parametrize(
    ("found", "trace", "state"),
    [
        # open
        (facts(), None, "active"),
        (facts(at=ago(48 * HOUR)), None, "active"),
        (facts(at=ago(48 * HOUR + 1)), None, "stale"),
        (facts(at=ago(49 * HOUR)), Trace(ago(HOUR), True), "active"),
        # fresh and claimed
        (facts(how=integration.NOTHING_OWN, own=0), None, "fresh"),
        (facts(how=integration.NOTHING_OWN, own=0, at=ago(90 * DAY)), Trace(ago(HOUR), False), "fresh"),
        (facts(how=integration.NOTHING_OWN, own=0, at=ago(90 * DAY)), None, "stale"),
        (facts(how=integration.NOTHING_OWN, own=0, origin=MINE, claimed_at=ago(HOUR)), None, "active"),
        (facts(how=integration.NOTHING_OWN, own=0, origin=MINE, claimed_at=ago(3 * DAY), at=ago(3 * DAY)), None, "stale"),
        # merged, whatever the age
        (facts(how=integration.BY_SQUASH, at=ago(90 * DAY)), None, "integrated"),
        (facts(how=integration.BY_MERGE, own=0), None, "integrated"),
        (facts(how=integration.BY_MERGE, own=0), Trace(ago(HOUR), None), "integrated"),
        (facts(how=integration.BY_MERGE, own=0), Trace(ago(HOUR), True), "integrated"),
        (facts(how=integration.BY_MERGE, own=0), Trace(ago(HOUR), False), "fresh"),
        # on the main line
        (facts(how=integration.BY_FAST_FORWARD, own=0), Trace(ago(HOUR), True), "integrated"),
        (facts(how=integration.BY_FAST_FORWARD, own=0), Trace(ago(HOUR), None), "fresh"),
        (facts(how=integration.BY_FAST_FORWARD, own=0), Trace(ago(HOUR), False), "fresh"),
        (facts(how=integration.BY_FAST_FORWARD, own=0), None, "fresh"),
        (facts(how=integration.BY_FAST_FORWARD, own=0, origin=MINE, claimed_at=ago(HOUR)), None, "integrated"),
        (facts(how=integration.BY_FAST_FORWARD, own=0, origin=MINE), Trace(ago(HOUR), False), "fresh"),
        (facts(how=integration.BY_FAST_FORWARD, own=0, origin=Origin("c", branch="plan-5-other", plan=5)), None, "fresh"),
        (facts(how=integration.BY_FAST_FORWARD, own=0, origin=Origin("c", plan=5)), None, "integrated"),
        (facts(how=integration.BY_FAST_FORWARD, own=0, origin=Origin("c", plan=6)), None, "fresh"),
        # unknown is not merged
        (None, None, "fresh"),
        *((facts(how=how), None, "active") for how in integration.WORDS if not Verdict(how).merged),
    ],
)  # fmt: skip
def test_state(found: Facts | None, trace: Trace | None, state: str) -> None:
    assert one(found, trace=trace).state == state


def test_either_main_branch_counts() -> None:
    both = (facts(how=integration.OPEN, own=3), facts(how=integration.BY_SQUASH, own=2))
    for known in (both, both[::-1]):
        found = derive(branch(), known={"t": known})[0]
        assert (found.state, found.own_commits) == ("integrated", 2)
    found = derive(branch(), known={"t": (facts(own=3), facts(own=2))})[0]
    assert (found.state, found.own_commits) == ("active", 2)


SQUASH, OPEN, BARE = integration.BY_SQUASH, integration.OPEN, integration.NOTHING_OWN


@pytest.mark.parametrize(
    ("here", "there", "state"),
    [
        (facts("t", SQUASH), facts("r", SQUASH), "integrated"),
        (facts("t", SQUASH), facts("r", OPEN), "active"),
        (facts("t", OPEN), facts("r", SQUASH), "active"),
        (facts("t", SQUASH, holds=("r",)), facts("r", OPEN), "integrated"),
        (facts("t", OPEN), facts("r", SQUASH, holds=("t",)), "integrated"),
        (facts("t", SQUASH), facts("r", OPEN, holds=("t",)), "active"),
        (facts("t", OPEN, holds=("r",)), facts("r", SQUASH), "active"),
        (facts("t", SQUASH, holds=("r",)), facts("r", BARE, 0, origin=MINE), "integrated"),
        (facts("t", SQUASH), facts("r", BARE, 0, origin=MINE, claimed_at=ago(0)), "active"),
        (facts("t", SQUASH, holds=("other",)), facts("r", OPEN), "active"),
    ],
)
def test_here_and_on_the_remote(here: Facts, there: Facts, state: str) -> None:
    remote = "refs/remotes/origin/plan-5-parser"
    known = {"t": (here,), "r": (there,)}
    found = derive(branch(remote="r", remote_ref=remote), known=known)[0]
    assert (found.state, found.published, found.remote) == (state, True, remote)


def test_the_newer_tip_speaks_for_the_branch() -> None:
    known = {"t": (facts("t", own=2, at=ago(HOUR)),), "r": (facts("r", own=1, at=ago(DAY)),)}
    assert derive(branch(remote="r", remote_ref="x"), known=known)[0].own_commits == 2
    known["r"] = (facts("r", own=3, at=ago(DAY), holds=("t",)),)  # its clock is behind, and it has more
    assert derive(branch(remote="r", remote_ref="x"), known=known)[0].own_commits == 3


# Last activity


OLD = ago(10 * DAY)


@pytest.mark.parametrize(
    ("found", "more", "at", "source"),
    [
        (facts(at=ago(5)), {}, ago(5), "commit"),
        (facts(at=OLD, origin=MINE, claimed_at=ago(5)), {}, ago(5), "claim"),
        (facts(at=ago(5), origin=MINE, claimed_at=OLD), {}, ago(5), "commit"),
        (facts(at=OLD), {"trace": Trace(ago(5), True)}, ago(5), "reflog"),
        (facts(at=OLD), {"touched": ago(5)}, ago(5), "file"),
        (facts(at=OLD), {"local": None, "remote": "t", "remote_ref": "x", "fetched": ago(5)}, ago(5), "remote"),
        (facts(at=OLD), {"fetched": ago(5)}, OLD, "commit"),  # a local branch has evidence of its own
        (facts(at=OLD, own=0, how=BARE), {"fetched": ago(5)}, ago(5), "remote"),
        # the commit that a bare branch stands on is not its own
        (facts(at=ago(5), own=0, how=BARE), {"trace": Trace(OLD, False)}, OLD, "reflog"),
        (facts(at=OLD, own=0, how=BARE), {}, OLD, "commit"),
        # the claim of another branch is not its own
        (facts(at=ago(5), own=0, origin=Origin("c", plan=6), claimed_at=ago(5)), {"trace": Trace(OLD, False)}, OLD, "reflog"),
        # clocks
        (facts(at=ago(-4 * MINUTE)), {}, NOW, "commit"),
        (facts(at=ago(-6 * MINUTE)), {}, NOW, "commit"),
        (facts(at=ago(-900 * DAY)), {"trace": Trace(ago(5), True)}, ago(5), "reflog"),
        (facts(at=Moment(0)), {}, Moment(0), "commit"),
        (facts(at=Moment(-5)), {"touched": ago(-DAY)}, Moment(-5), "commit"),
        (None, {}, NOW, "commit"),
        (None, {"trace": Trace(OLD, None)}, OLD, "reflog"),
    ],
)  # fmt: skip
def test_last_activity(found: Facts | None, more: dict[str, Any], at: Moment, source: str) -> None:
    told = one(found, **more)
    assert (told.last_activity, told.activity_source) == (at, source)


def test_dates_ahead_are_doubted_and_count_as_active() -> None:
    told = one(facts(at=ago(-900 * DAY)))
    assert told.state == "active" and any("a clock is wrong" in reason for reason in claim.reasons(told, NOW, POLICY))
    assert not any("a clock is wrong" in reason for reason in claim.reasons(one(facts(at=ago(-MINUTE))), NOW, POLICY))


MOMENTS = st.one_of(st.none(), st.integers(-(10**10), 10**11).map(Moment))
ANY_FACTS = st.one_of(
    st.none(),
    st.builds(
        facts, st.just("t"), st.sampled_from([*integration.WORDS]), st.integers(0, 3), st.integers(-(10**10), 10**11),
        st.sampled_from([None, MINE, Origin("c", plan=6)]), claimed_at=MOMENTS,
    ),
)  # fmt: skip
TRACES = st.one_of(
    st.none(), st.builds(Trace, st.integers(0, 10**11).map(Moment), st.sampled_from([True, False, None]))
)


@given(ANY_FACTS, TRACES, MOMENTS, MOMENTS, st.booleans())
def test_nothing_lies_in_the_future_and_only_proof_merges(
    found: Facts | None, trace: Trace | None, touched: Moment | None, fetched: Moment | None, local: bool
) -> None:
    where: dict[str, Any] = {} if local else {"local": None, "remote": "t", "remote_ref": "x"}
    told = one(found, trace=trace, touched=touched, fetched=fetched, **where)
    assert told.last_activity <= NOW and told.state in claim.STATES and told.activity_source in claim.SOURCES
    assert told.state != "integrated" or (found is not None and found.verdict.merged)
    assert told.ended == (told.state == "integrated") and told.grounds


# Owner


@pytest.mark.parametrize(
    ("found", "fence", "owner", "claim_id"),
    [
        (facts(origin=MINE), None, "Bob", "c1"),
        (facts(), None, "Ada", None),
        (facts(own=0, how=BARE), None, None, None),
        (facts(own=0, how=BARE), MINE, "Bob", "c1"),
        (facts(own=0, how=BARE), MINE._replace(branch="plan-5-other"), None, None),
        (facts(origin=MINE._replace(owner=None)), None, "Ada", "c1"),
        (facts(origin=Origin("c2", "Eve", plan=6, branch="plan-6-x")), MINE, "Bob", "c1"),
        (facts(origin=Origin("c2", "Eve", plan=6, branch="plan-6-x")), None, "Ada", None),
        (facts(origin=Origin("c2", "Eve", plan=5, branch="plan-5-old")), None, "Eve", "c2"),
        (None, None, None, None),
    ],
)
def test_owner(found: Facts | None, fence: Origin | None, owner: str | None, claim_id: str | None) -> None:
    told = one(found, fence=fence)
    assert (told.owner, told.claim_id) == (owner, claim_id)


def test_a_claim_that_names_another_plan_is_doubted() -> None:
    told = one(facts(origin=MINE._replace(plan=7)))
    assert told.plan == 5 and any(
        "names plan #7; the branch name counts" in reason for reason in claim.reasons(told, NOW, POLICY)
    )


# Contested


def contested(*names: str, phases: tuple[str, ...] = (), merged: str = "") -> set[str]:
    branches = [branch(name, local=name) for name in names]
    known = {name: (facts(name, SQUASH if name == merged else OPEN),) for name in names}
    return {told.branch for told in derive(*branches, known=known, phases=phases) if told.contested}


@pytest.mark.parametrize(
    ("names", "phases", "merged", "expected"),
    [
        (["plan-5-a"], (), "", 0),
        (["plan-5-a", "plan-5-b"], (), "", 2),
        (["plan-5-a", "plan-5-b", "plan-5-c"], (), "", 3),
        (["plan-5-a", "plan-5-b"], (), "plan-5-b", 0),
        (["plan-5-parser", "plan-5-docs"], ("parser", "docs"), "", 0),
        (["plan-5-parser-one", "plan-5-docs-two"], ("parser", "docs"), "", 0),
        (["plan-5-parser", "plan-5-parser-two"], ("parser", "docs"), "", 2),
        (["plan-5-parser", "plan-5-other"], ("parser", "docs"), "", 2),
        (["plan-5-parser", "plan-5-parsers"], ("parser", "docs"), "", 2),
        (["plan-5-parser", "plan-5-parser-tests"], ("parser", "parser-tests"), "", 0),
        (["plan-5-other"], ("parser",), "", 0),
    ],
)
def test_contested(names: list[str], phases: tuple[str, ...], merged: str, expected: int) -> None:
    assert len(contested(*names, phases=phases, merged=merged)) == expected


def test_features_are_never_contested() -> None:
    found = derive(branch("feature-a", plan=None, local="a"), branch("feature-b", plan=None, local="b"))
    assert not any(told.contested for told in found)


def test_order_and_words() -> None:
    names = [("feature-a", None), ("plan-10-x", 10), ("plan-5-b", 5), ("plan-5-a", 5)]
    found = derive(*(branch(name, plan=plan, local=name) for name, plan in names))
    assert [told.branch for told in found] == ["plan-5-a", "plan-5-b", "plan-10-x", "feature-a"]
    place = Worktree("/w", ME, "t", False, locked="")
    snapshot = Snapshot("trunk", (branch(worktree=place),), (place,), {"t": (facts(),)}, RemoteView("up", None), {})
    reasons = claim.reasons(claim.derive(snapshot, NOW, POLICY)[0], NOW, POLICY)
    assert reasons == (
        "trunk lacks some of its work", "last activity 1 h ago: a commit", "its worktree is locked: no reason given",
        "not on up: never published, or deleted there",
    )  # fmt: skip


# The claim commit


@given(
    st.builds(
        Origin, st.text(min_size=1), st.none() | st.text(), st.none() | st.text(), st.none() | st.integers(0, 10**9 - 1),
        st.none() | st.text(), st.none() | st.text(), st.booleans(),
    ),
    st.text(),
)  # fmt: skip
def test_a_claim_commit_says_what_was_put_in(origin: Origin, subject: str) -> None:
    message = claim_commit.message(subject, origin)
    head, _, trailers = message.partition("\n\n")
    assert "\n" not in head and "\n\n" not in trailers
    found = origin_of(trailers)

    def plain(text: str | None) -> str | None:
        return (
            "".join(one if one.isprintable() else " " for one in text).strip()[:200].strip() or None if text else None
        )

    if plain(origin.claim_id) is None:
        assert found is None
        return
    assert found is not None
    for field in ("claim_id", "owner", "host", "branch", "worker"):
        assert plain(getattr(found, field)) == plain(getattr(origin, field)), field
    assert (found.plan, found.offline) == (origin.plan, origin.offline)


@pytest.mark.parametrize(
    ("trailers", "expected"),
    [
        ("", None),
        ("Claimed-By: Bob", None),
        ("Claim-Id:", None),
        ("Claim-Id:   ", None),
        ("claim-id: x", None),
        ("Claim-Id: x", Origin("x")),
        ("Claim-Id: x\nClaim-Id: y", Origin("x")),
        ("Claim-Id: x\nClaim-Plan: #5", Origin("x", plan=5)),
        ("Claim-Id: x\nClaim-Plan: -5", Origin("x")),
        ("Claim-Id: x\nClaim-Plan: ٥", Origin("x")),
        ("Claim-Id: x\nClaim-Plan: 1234567890", Origin("x")),
        ("Claim-Id: x\nClaim-Offline: no", Origin("x")),
        ("Claim-Id: x\nClaim-Offline: yes", Origin("x", offline=True)),
        ("Claim-Id: x\nClaimed-By: a: b", Origin("x", "a: b")),
        ("Claim-Id: x\nClaimed-By: \x1b]0;evil\x07", Origin("x", "]0;evil")),
    ],
)
def test_origin_of(trailers: str, expected: Origin | None) -> None:
    assert origin_of(trailers) == expected
