"""Configuration: what is read, what is wrong with it, and that nothing wrong passes silently."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain import configuration, policy

FULL: dict[str, Any] = {
    "main_branch": "trunk",
    "index": {"mode": "main", "format": 1},
    "commit": {"require_tag": True, "tags": ["Chore"], "tag_commits": False, "allow_on_main": False},
    "limits": {"max_plan_size": 2048},
    "rules": {"evidence-missing": "warning", "boxes-open": "off"},
    "plans": [
        {
            "path": "work/plans", "profile": "plan", "pattern": "{number:02}_{slug}.md", "index": "INDEX.md", "archive": "old",
            "statuses": {"planned": ["Soon", "Later"]}, "signs": {"planned": "⏳"}, "priorities": ["A", "B"],
            "required_fields": ["Owner"], "plan_sections": ["How"], "evidence_sections": ["Proof"], "required_lists": ["Done"],
            "sections": {"planned": ["Risks"]},
        },
        {"path": ".", "profile": "record"},
    ],
}  # fmt: skip


def read(data: dict[str, Any]) -> tuple[policy.Policy, list[str]]:
    found, problems = configuration.from_mapping(data, "holdfast.toml")
    assert all(problem.path == "holdfast.toml" and problem.severity == "error" for problem in problems)
    return found, [f"{problem.code} {problem.subject}: {problem.remedy}" for problem in problems]


def test_every_key_is_read() -> None:
    found, problems = read(FULL)
    assert problems == []
    first, second = found.folders
    assert (found.main_branch, found.mode, found.format, found.max_plan_size) == ("trunk", "main", 1, 2048)
    assert (found.require_tag, found.tags, found.tag_commits, found.allow_on_main) == (True, ("Chore",), False, False)
    assert found.severity("boxes-open", "error") == "off" and found.severity("status-missing", "error") == "error"
    assert (first.path, first.index_path, first.archive) == ("work/plans", "work/plans/INDEX.md", "old")
    assert (first.priorities, first.required_fields, first.required_lists) == (("A", "B"), ("Owner",), ("Done",))
    assert (first.plan_sections, first.evidence_sections) == (("How",), ("Proof",))
    assert first.sections == (("planned", ("Risks",)),)
    assert (second.path, second.profile, second.index_path) == ("", "record", "README.md")
    assert found.folder_of("work/plans/1.md") == first and found.folder_of("other/1.md") == second


def test_nothing_configured_is_the_default() -> None:
    found, problems = read({})
    assert problems == []
    assert found._replace(origin=None) == policy.default()
    assert read({"plans": [{"path": "docs/plans"}]})[0].folders == policy.default().folders


@pytest.mark.parametrize("key", [key for key in FULL if key not in ("plans", "rules")])
def test_every_key_but_one_is_the_default_without_it(key: str) -> None:
    found, problems = read({name: value for name, value in FULL.items() if name != key})
    assert problems == []
    field = {"index": "mode", "commit": "require_tag", "limits": "max_plan_size"}.get(key, key)
    assert getattr(found, field) == getattr(policy.default(), field)


WRONG = [
    # configuration, code, subject, a word of the remedy
    ({"main_brnch": "x"}, "config-unknown-key", "main_brnch", "`main_branch`"),
    ({"indx": {}}, "config-unknown-key", "indx", "`index`"),
    ({"zzz": 1}, "config-unknown-key", "zzz", "known here: "),
    ({"index": {"mod": "main"}}, "config-unknown-key", "index.mod", "`mode`"),
    ({"commit": {"requiretag": True}}, "config-unknown-key", "commit.requiretag", "`require_tag`"),
    ({"limits": {"max-plan-size": 4096}}, "config-unknown-key", "limits.max-plan-size", "`max_plan_size`"),
    ({"plans": [{"pth": "x"}]}, "config-unknown-key", "plans[0].pth", "`path`"),
    ({"rules": {"evidence-mising": "off"}}, "config-unknown-key", "rules.evidence-mising", "`evidence-missing`"),
    ({"main_branch": 3}, "config-value", "main_branch", "in quotes"),
    ({"main_branch": ""}, "config-value", "main_branch", "in quotes"),
    ({"main_branch": "a\nb"}, "config-value", "main_branch", "on one line"),
    ({"index": "main"}, "config-value", "index", "[index]"),
    ({"index": {"mode": "commited"}}, "config-value", "index.mode", '"committed"'),
    ({"index": {"mode": ["main"]}}, "config-value", "index.mode", '"committed"'),
    ({"index": {"format": 2}}, "config-value", "index.format", "newer Holdfast"),
    ({"index": {"format": True}}, "config-value", "index.format", "newer Holdfast"),
    ({"commit": {"require_tag": "yes"}}, "config-value", "commit.require_tag", "without quotes"),
    ({"commit": {"require_tag": 1}}, "config-value", "commit.require_tag", "without quotes"),
    ({"commit": {"tags": "Chore"}}, "config-value", "commit.tags", '["One", "Two"]'),
    ({"commit": {"tags": [3]}}, "config-value", "commit.tags", "in quotes"),
    ({"limits": {"max_plan_size": 3}}, "config-value", "limits.max_plan_size", "whole number"),
    ({"limits": {"max_plan_size": 4096.0}}, "config-value", "limits.max_plan_size", "whole number"),
    ({"limits": {"max_plan_size": True}}, "config-value", "limits.max_plan_size", "whole number"),
    ({"rules": ["evidence-missing"]}, "config-value", "rules", "[rules]"),
    ({"rules": {"evidence-missing": "warn"}}, "config-value", "rules.evidence-missing", '"error"'),
    ({"rules": {"evidence-missing": False}}, "config-value", "rules.evidence-missing", '"error"'),
    ({"plans": {"path": "x"}}, "config-value", "plans", "[[plans]]"),
    ({"plans": []}, "config-value", "plans", "[[plans]]"),
    ({"plans": ["x"]}, "config-value", "plans", "[[plans]]"),
    ({"plans": [{"path": "a"}, {"path": "./a/"}]}, "config-value", "plans", "keep one"),
    ({"plans": [{"path": "/etc"}]}, "config-value", "plans[0].path", "docs/plans"),
    ({"plans": [{"path": "../x"}]}, "config-value", "plans[0].path", "docs/plans"),
    ({"plans": [{"path": "a/../b"}]}, "config-value", "plans[0].path", "docs/plans"),
    ({"plans": [{"path": ".git/x"}]}, "config-value", "plans[0].path", "docs/plans"),
    ({"plans": [{"path": "a//b"}]}, "config-value", "plans[0].path", "docs/plans"),
    ({"plans": [{"profile": "plans"}]}, "config-value", "plans[0].profile", '"plan"'),
    ({"plans": [{"pattern": "{slug}.md"}]}, "config-value", "plans[0].pattern", "{number}"),
    ({"plans": [{"index": "a/README.md"}]}, "config-value", "plans[0].index", "without folders"),
    ({"plans": [{"archive": ".."}]}, "config-value", "plans[0].archive", "without folders"),
    ({"plans": [{"statuses": ["Soon"]}]}, "config-value", "plans[0].statuses", "planned"),
    ({"plans": [{"statuses": {"plannd": ["Soon"]}}]}, "config-value", "plans[0].statuses", "planned"),
    ({"plans": [{"statuses": {"planned": []}}]}, "config-value", "plans[0].statuses", "at least one"),
    ({"plans": [{"statuses": {"planned": [3]}}]}, "config-value", "plans[0].statuses", "in quotes"),
    ({"plans": [{"sections": {"planned": 3}}]}, "config-value", "plans[0].sections", '["One", "Two"]'),
    ({"plans": [{"priorities": "High"}]}, "config-value", "plans[0].priorities", '["One", "Two"]'),
]  # fmt: skip


@pytest.mark.parametrize(("data", "code", "subject", "remedy"), WRONG)
def test_what_is_wrong_is_said_and_left_at_its_default(
    data: dict[str, Any], code: str, subject: str, remedy: str
) -> None:
    found, problems = read(data)
    assert len(problems) == 1 and problems[0].startswith(f"{code} {subject}: ") and remedy in problems[0]
    assert found.mode == "committed" and found.folders and found.max_plan_size == 1_048_576


def test_one_mistake_does_not_switch_off_the_rest() -> None:
    found, problems = read({**FULL, "main_branch": 3, "typo": 1})
    assert len(problems) == 2
    assert (found.main_branch, found.mode, found.folders[0].path) == ("main", "main", "work/plans")


SCALARS = st.one_of(
    st.text(max_size=10), st.integers(), st.floats(), st.booleans(), st.just(datetime.datetime(2026, 1, 2)),
    st.just(datetime.date(2026, 1, 2)), st.just(datetime.time(3, 4)), st.sampled_from(["main", "docs", "planned", "off",
    "{number}.md"]),
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(
        [
            *configuration._KEYS,
            *configuration._FOLDER_KEYS,
            "index",
            "commit",
            "limits",
            "mode",
            "format",
            "tags",
            "planned",
            "evidence-missing",
        ]
    ),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_configuration_gives_a_policy_and_the_rest_as_problems(data: dict[str, Any]) -> None:
    found, problems = read(data)
    for folder in found.folders:
        assert isinstance(folder.index_path, str) and isinstance(folder.statuses, tuple)
        assert folder.number_of(f"{folder.path}/07_x.md" if folder.path else "07_x.md") in (7, None)
        assert folder.pattern.width is None or 0 <= folder.pattern.width <= 9
    assert found.watched
    known = {one.partition(".")[0] for one in configuration._KEYS} | {"limits", "rules", "plans"}
    for key in data:
        assert key in known or any(problem.startswith(f"config-unknown-key {key}: ") for problem in problems)


@given(VALUES)
def test_a_value_of_the_wrong_type_is_never_taken_silently(value: Any) -> None:
    for keys in (
        ("main_branch",),
        ("index", "mode"),
        ("index", "format"),
        ("commit", "require_tag"),
        ("commit", "tags"),
        ("limits",),
    ):
        data: Any = value
        for key in reversed(keys):
            data = {key: data}
        found, problems = read(data)
        assert problems or found._replace(origin=None) == policy.default() or not isinstance(value, dict)
        default = policy.default()
        if found._replace(origin=None) == default and not problems:
            assert value in ({}, [], "main", "committed", 1, False) or value == list(default.tags)
