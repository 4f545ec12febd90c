"""Status texts as people write them, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain import configuration, status

SPELLINGS = [
    # text, key, what its sign says if that is another, note
    ("✅ Complete", "complete", None, ""),
    ("📋 Planned", "planned", None, ""),
    ("🚧 In Progress", "in-progress", None, ""),
    ("Planned", "planned", None, ""),
    ("In Progress", "in-progress", None, ""),
    ("Complete", "complete", None, ""),
    ("❌ Needs Plan", "needs-plan", None, ""),
    ("📋 Deferred", "deferred", None, ""),
    ("⏸️ Blocked", "blocked", None, ""),
    ("⏸ Blocked", "blocked", None, ""),
    ("📋 Planned (Post-V1)", "planned", None, "(post-v1)"),
    ("📋 Post-V1", "deferred", None, ""),
    ("in_progress", "in-progress", None, ""),
    ("in-progress", "in-progress", None, ""),
    ("IN PROGRESS", "in-progress", None, ""),
    ("Done", "complete", None, ""),
    ("done", "complete", None, ""),
    ("Planning", "needs-plan", None, ""),
    ("🟡 Proposed", "proposed", None, ""),
    ("🔄 In Review (PR #496)", "review", None, "(pr #496)"),
    ("⏩ Superseded by Plan #146", "superseded", None, "by plan #146"),
    ("Superseded by ADR-0020", "superseded", None, "by adr 0020"),
    ("❌ Won't Do", "wont-do", None, ""),
    ("❌ Won’t Do", "wont-do", None, ""),
    ("⏸️ Partially Complete (2 of 3)", "in-progress", "blocked", "(2 of 3)"),
    ("✅ Complete — PR #TBD", "complete", None, "pr #tbd"),
    ("📋 In Progress", "in-progress", "planned", ""),
    ("✅ Superseded", "superseded", "complete", ""),
    ("❌ Post-V1", "deferred", "needs-plan", ""),
    ("deferred", "deferred", None, ""),
    ("complete", "complete", None, ""),
    ("📋 Deferred (until problems arise with Plan #137)", "deferred", None, "(until problems arise with plan #137)"),
    ("**Complete**", "complete", None, ""),
    ("`Planned`", "planned", None, ""),
    ("✅Complete", "complete", None, ""),
    ("✅  Complete ", "complete", None, ""),
    ("Complete ✅", "complete", None, "✅"),
    ("✅ Complete (2026-01-16)", "complete", None, "(2026-01-16)"),
    ("✅ Complete: all phases", "complete", None, "all phases"),
    ("✅ Complete.", "complete", None, "."),
    ("🚧 In Progress - phase 2", "in-progress", None, "phase 2"),
    ("🚧 In Progress -- phase 2", "in-progress", None, "phase 2"),
    ("Complete; merged", "complete", None, "merged"),
    ("Blocked by #12", "blocked", None, "by #12"),
    ("❓ OPEN", "planned", None, ""),
    ("✅", "complete", None, ""),
    ("🚧", "in-progress", None, ""),
]

UNKNOWN = [
    "", "   ", "Planed", "Completely wrong", "Plannedish", "❌ Not implemented", "❌ DOES NOT MATCH", "Planned/Blocked",
    "Ready to start", "~~Planned~~ Complete", "ðŸ“‹ Planned", "🦀", "42", "Incomplete", "not complete", "undone",
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "sign_says", "note"), SPELLINGS)
def test_a_status_is_understood(text: str, key: str, sign_says: str | None, note: str) -> None:
    assert status.read(text, status.PLAN_WORDS) == status.Reading(key, sign_says, note)


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_status_is_not_guessed(text: str) -> None:
    assert status.read(text, status.PLAN_WORDS).key == status.UNKNOWN


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Accepted", "complete"), ("accepted (2024-01-02)", "complete"), ("Proposed", "proposed"), ("Draft", "proposed"),
        ("Rejected", "wont-do"), ("Deprecated", "deferred"), ("Superseded by [ADR-0005](0005-x.md)", "superseded"),
        ("✅ Accepted", "complete"), ("Final Comment Period", "review"), ("Planned", "unknown"), ("Needs Plan", "unknown"),
    ],
)  # fmt: skip
def test_records_have_words_of_their_own(text: str, key: str) -> None:
    assert status.read(text, status.RECORD_WORDS).key == key


@pytest.mark.parametrize(
    ("text", "key"),
    [("To Do", "planned"), ("todo", "planned"), ("Backlog", "planned"), ("In Progress", "in-progress"), ("Done", "complete"),
     ("Draft", "proposed"), ("Accepted", "unknown")],
)  # fmt: skip
def test_tasks_have_words_of_their_own(text: str, key: str) -> None:
    assert status.read(text, status.TASK_WORDS).key == key


@pytest.mark.parametrize(
    ("text", "word"),
    [("Planed", "Planned"), ("Complet", "Complete"), ("🚧 In Progres", "In Progress"), ("xyzzy", None)],
)
def test_the_nearest_known_word(text: str, word: str | None) -> None:
    assert status.nearest(text, status.PLAN_WORDS) == word


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("complete", "✅ Complete"), ("in-progress", "🚧 In Progress"), ("planned", "📋 Planned"), ("wip", "🚧 In Progress"),
        ("📋 In Progress", "🚧 In Progress"), ("superseded by plan #7", "⏩ Superseded by plan #7"),
        ("Complete: all phases", "✅ Complete: all phases"), ("In Progress - phase 2", "🚧 In Progress - phase 2"),
        ("blocked (by a vendor)", "⏸️ Blocked (by a vendor)"),
        ("wont-do", "❌ Won't Do"), ("nonsense", None), ("needs-plan planning", None), ("", None),
    ],
)  # fmt: skip
def test_a_status_as_it_is_written(typed: str, written: str | None) -> None:
    assert status.written(typed, status.PLAN_WORDS) == written


@pytest.mark.parametrize("vocabulary", [status.PLAN_WORDS, status.RECORD_WORDS, status.TASK_WORDS])
def test_every_known_word_is_read_as_its_own_status(vocabulary: status.Vocabulary) -> None:
    for entry in vocabulary:
        for word in entry.words:
            for text in (word, word.upper(), word.replace(" ", "_"), f"**{word}**", f"{word} (why)", entry.label):
                assert status.read(text, vocabulary).key == entry.key, text
            assert status.key_of(word, vocabulary) == entry.key
        assert status.read(entry.label, vocabulary) == status.Reading(entry.key, None, "")


WORDS = [word for entry in status.PLAN_WORDS for word in (entry.key, *entry.words)]
SIGNS = ["", *(sign + " " for entry in status.PLAN_WORDS for sign in entry.signs)]


@given(st.sampled_from(SIGNS), st.sampled_from(WORDS), st.text(max_size=20))
def test_what_is_written_is_read_back_as_the_same_status(sign: str, word: str, rest: str) -> None:
    text = sign + word + rest
    written = status.written(text, status.PLAN_WORDS)
    if written is not None:
        again = status.read(written, status.PLAN_WORDS)
        assert again.key == status.key_of(text, status.PLAN_WORDS)
        assert again.sign_says is None


@given(st.text())
def test_reading_never_fails(text: str) -> None:
    assert status.read(text, status.PLAN_WORDS).key in status.KEYS
    status.nearest(text, status.PLAN_WORDS)
    status.written(text, status.PLAN_WORDS)


def test_a_folders_own_words_and_signs_replace_the_known_ones() -> None:
    data = {"plans": [{"statuses": {"planned": ["Soon"]}, "signs": {"planned": "⏳"}}]}
    found, problems = configuration.from_mapping(data, "holdfast.toml")
    words = found.folders[0].statuses
    assert problems == []
    assert [status.read(text, words).key for text in ("Soon", "⏳ Soon", "Planned", "Complete")] == [
        "planned", "planned", "unknown", "complete",
    ]  # fmt: skip
    assert status.written("soon", words) == "⏳ Soon"
