"""Moments: whole seconds in UTC, whatever a text says and however wrong a clock is."""

from __future__ import annotations

import datetime
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.moment import DAY, HOUR, MINUTE, Moment, ago, iso, parse, span

FIRST, LAST = -62_135_596_800, 253_402_300_799
MOMENTS = st.integers(FIRST, LAST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00", 0),
        ("1970-01-01", 0),
        ("1970-01-01 00:00", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("2026-11-23T05:30:11Z", 1_795_411_811),
        ("2026-11-23T05:30:11.999Z", 1_795_411_811),
        (" 20261123T053011Z\n", 1_795_411_811),
        ("2026-11-23T11:15:11+05:45", 1_795_411_811),
        ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01T00:00:00Z", FIRST),
        ("0001-01-01T00:00:00+14:00", FIRST - 14 * HOUR),
        ("9999-12-31T23:59:59-14:00", LAST + 14 * HOUR),
        ("", None),
        ("now", None),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("1700000000", None),
        ("10000-01-01T00:00:00Z", None),
        ("2026-11-23T05:30:11 UTC", None),
    ],
)
def test_parse(text: str, expected: int | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (1_795_411_811, "2026-11-23T05:30:11Z"),
        (FIRST, "0001-01-01T00:00:00Z"),
        (FIRST - 1, "0001-01-01T00:00:00Z"),
        (LAST, "9999-12-31T23:59:59Z"),
        (LAST + 1, "9999-12-31T23:59:59Z"),
        (10**30, "9999-12-31T23:59:59Z"),
        (-(10**30), "0001-01-01T00:00:00Z"),
    ],
)
def test_iso(moment: int, text: str) -> None:
    assert iso(Moment(moment)) == text


@given(MOMENTS)
def test_what_is_written_is_read(moment: int) -> None:
    text = iso(Moment(moment))
    assert parse(text) == moment and len(text) == 20 and text.endswith("Z")


@given(MOMENTS, MOMENTS)
def test_texts_are_in_the_order_of_their_moments(one: int, two: int) -> None:
    assert (iso(Moment(one)) < iso(Moment(two))) == (one < two)


@given(st.integers(-(10**9), 10**10), st.integers(-24 * 60 + 1, 24 * 60 - 1))
def test_an_offset_names_the_same_moment(moment: int, minutes: int) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    assert parse(datetime.datetime.fromtimestamp(moment, zone).isoformat()) == moment


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "EST5EDT"])
def test_the_zone_of_this_machine_does_not_matter(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert parse("2026-07-01T00:00:00") == parse("2026-07-01T00:00:00Z") == 1_782_864_000
        assert iso(Moment(1_782_864_000)) == "2026-07-01T00:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != zone or zone == os.environ.get("TZ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (HOUR, "1 h"), (47 * HOUR, "47 h"),
        (2 * DAY - 1, "47 h"), (2 * DAY, "2 days"), (900 * DAY, "900 days"),
    ],
)  # fmt: skip
def test_span(seconds: int, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (0, "just now"), (59, "just now"), (MINUTE, "1 min ago"), (3 * HOUR, "3 h ago"), (9 * DAY, "9 days ago"),
        (-1, "just now"), (-9_000 * DAY, "just now"),
    ],
)  # fmt: skip
def test_ago_is_never_ahead(before: int, text: str) -> None:
    assert ago(Moment(1_000_000_000 - before), Moment(1_000_000_000)) == text
