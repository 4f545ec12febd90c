"""Events as lines of the journal, and back: whatever a name holds, a line is one line of ASCII."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.event import Event, from_line, to_line, torn
from holdfast.domain.moment import Moment

EVENT = Event(Moment(1_795_411_811), "plan-new", "Ada", "box", 7, 3, "plan-3-x", "/src/x", {"title": "X"})
LINE = (
    '{"at":"2026-11-23T05:30:11Z","event":"plan-new","actor":"Ada","host":"box","pid":7,"plan":3,'
    '"branch":"plan-3-x","worktree":"/src/x","data":{"title":"X"}}\n'
)

# What git and the file system give: any text, and single bytes that are no UTF-8 as surrogates.
ODD = st.sampled_from("\n\r\t\0\x1b\x7f\x85\u2028\u202e\\\"'\udc80\udcff\U0001f6a7")
TEXT = st.text(st.one_of(st.characters(), ODD), max_size=20)
NUMBER = st.integers(0, 2**63)
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
EVENTS = st.builds(
    Event,
    st.integers(-62_135_596_800, 253_402_300_799).map(Moment),
    TEXT, TEXT, TEXT, NUMBER, st.none() | NUMBER, st.none() | TEXT, st.none() | TEXT,
    st.dictionaries(TEXT, VALUE, max_size=4),
)  # fmt: skip


def test_a_line_and_its_event() -> None:
    assert to_line(EVENT) == LINE
    assert from_line(LINE) == EVENT
    assert EVENT.fields == json.loads(LINE)


@given(EVENTS)
def test_every_event_is_one_line_of_ascii_and_comes_back(event: Event) -> None:
    line = to_line(event)
    assert line.isascii() and line.endswith("\n")
    assert len(line.splitlines()) == 1 and line[:-1].isprintable()
    assert from_line(line) == event
    assert list(json.loads(line)) == [
        "at", "event", "actor", "host", "pid", "plan", "branch", "worktree", "data",
    ]  # fmt: skip


@given(EVENTS, st.data())
def test_no_part_of_a_line_is_an_event(event: Event, data: st.DataObject) -> None:
    """What a killed writer leaves is told from a whole line; only its line break may be missing."""
    line = to_line(event)
    cut = data.draw(st.integers(0, len(line) - 2))
    assert from_line(line[:cut]) is None
    assert from_line(line[cut + 1 :]) is None
    assert from_line(line[:-1]) == event


@given(st.one_of(TEXT, VALUE.map(json.dumps), st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))))
def test_any_text_is_an_event_or_none(text: str) -> None:
    found = from_line(text)
    assert found is None or from_line(to_line(found)) == found


def changed(**fields: object) -> str:
    return json.dumps({**json.loads(LINE), **fields})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(LINE).items() if key != name})


@pytest.mark.parametrize(
    "line",
    [
        "", "\n", "null", "7", '"at"', "[]", "{}", LINE + LINE, LINE[:-2], "\0" * 20, "[" * 100_000, '{"a":' * 100_000,
        *(without(name) for name in ("at", "event", "actor", "host", "pid", "data")),
        changed(at="yesterday"), changed(at=7), changed(at=None), changed(event=None), changed(actor=["Ada"]),
        changed(host=7), changed(pid="7"), changed(pid=True), changed(pid=-1), changed(pid=7.5), changed(plan="3"),
        changed(plan=-3), changed(plan=True), changed(branch=3), changed(worktree=[]), changed(data=[]),
        changed(data=None), changed(data={"x": float("nan")}), changed(data={"x": float("inf")}),
        changed(pid=0).replace("0", "9" * 5_000), LINE.replace("Ada", "A\nda"), LINE.replace("Ada", "A\x1bda"),
    ],
)  # fmt: skip
def test_what_is_no_event(line: str) -> None:
    assert from_line(line) is None


@pytest.mark.parametrize(
    "line", [changed(more="from a version to come"), "  " + LINE, LINE.replace("\n", "\r\n"), LINE.replace(":", " : ")]
)
def test_what_is_an_event_all_the_same(line: str) -> None:
    if " : " not in line:
        assert from_line(line) == EVENT
    else:
        assert from_line(line.replace("T05 : 30 : 11", "T05:30:11")) == EVENT


def test_what_may_be_missing() -> None:
    bare = EVENT._replace(plan=None, branch=None, worktree=None)
    line = json.dumps({key: value for key, value in bare.fields.items() if value is not None})
    assert from_line(line) == bare


def test_what_is_no_json_value_is_not_written() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        to_line(EVENT._replace(data={"x": float("nan")}))
    with pytest.raises(TypeError):
        to_line(EVENT._replace(data={"x": object()}))


def test_a_torn_line_is_told_by_who_found_it() -> None:
    found = torn(EVENT, 12)
    assert (found.event, found.data) == ("journal-torn", {"bytes": 12})
    assert (found.at, found.actor, found.host, found.pid) == (EVENT.at, "Ada", "box", 7)
    assert (found.plan, found.branch, found.worktree) == (None, None, None)
