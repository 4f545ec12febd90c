"""The words and signs of a status: how they are read, which one is meant, and how it is written."""

from __future__ import annotations

from holdfast.domain.memory import remembered
from holdfast.domain.value import NamedTuple

UNKNOWN = "unknown"
NEEDS_PLAN = "needs-plan"
PLANNED = "planned"
IN_PROGRESS = "in-progress"
BLOCKED = "blocked"
REVIEW = "review"
COMPLETE = "complete"
DEFERRED = "deferred"
SUPERSEDED = "superseded"
WONT_DO = "wont-do"
PROPOSED = "proposed"

KEYS = (
    NEEDS_PLAN, PLANNED, IN_PROGRESS, BLOCKED, REVIEW, COMPLETE, DEFERRED, SUPERSEDED, WONT_DO, PROPOSED, UNKNOWN,
)  # fmt: skip

OPEN = frozenset({NEEDS_PLAN, PLANNED, IN_PROGRESS, BLOCKED, REVIEW, PROPOSED})
"""Statuses of work that is still to be done; a blocker with one of them blocks."""

READY = frozenset({NEEDS_PLAN, PLANNED})
"""Statuses from which a plan can be taken up."""

_ASIDES = "([—–:;,.|"
_LINKS = frozenset({"by", "as", "in", "since", "until", "pr", "on", "for"})


class Words(NamedTuple):
    """How the status `key` is written: `words` (the first is the one that Holdfast writes) and its signs."""

    key: str
    words: tuple[str, ...]
    signs: tuple[str, ...]

    @property
    def label(self) -> str:
        """The canonical text, as `✅ Complete`."""
        return f"{self.signs[0]} {self.words[0]}" if self.signs else self.words[0]


Vocabulary = tuple[Words, ...]
"""The statuses that a plan folder knows, in the order in which they are listed."""

PLAN_WORDS: Vocabulary = (
    Words(NEEDS_PLAN, ("Needs Plan", "Planning", "Idea", "Draft", "Needs Design"), ("❌", "📝")),
    Words(PLANNED, ("Planned", "Ready", "To Do", "Todo", "Open", "Backlog", "Not Started", "Pending"), ("📋",)),
    Words(
        IN_PROGRESS,
        ("In Progress", "Active", "Started", "Doing", "WIP", "Partially Complete", "Partial", "Ongoing"),
        ("🚧", "🔨", "🏗"),
    ),
    Words(BLOCKED, ("Blocked", "On Hold", "Paused", "Waiting"), ("⏸️", "🛑", "🚫")),
    Words(REVIEW, ("In Review", "Review", "Awaiting Review", "Needs Review"), ("🔄", "👀")),
    Words(
        COMPLETE, ("Complete", "Completed", "Done", "Implemented", "Finished", "Shipped", "Closed"), ("✅", "✔", "☑")
    ),
    Words(DEFERRED, ("Deferred", "Postponed", "Post-V1", "Later"), ("📋", "⏸", "💤", "⏭")),
    Words(SUPERSEDED, ("Superseded", "Replaced", "Obsolete", "Merged Into"), ("⏩", "♻", "➡")),
    Words(
        WONT_DO,
        ("Won't Do", "Wont Do", "Won't Fix", "Wontfix", "Cancelled", "Canceled", "Abandoned", "Rejected", "Not Doing"),
        ("❌", "🚫", "🗑"),
    ),
    Words(PROPOSED, ("Proposed", "Proposal", "Suggested"), ("🟡", "💡")),
)

RECORD_WORDS: Vocabulary = (
    Words(PROPOSED, ("Proposed", "Draft", "Proposal", "RFC", "Under Discussion"), ()),
    Words(REVIEW, ("In Review", "Review", "Final Comment Period"), ()),
    Words(COMPLETE, ("Accepted", "Approved", "Adopted", "Active", "Implemented", "Final", "Complete"), ()),
    Words(WONT_DO, ("Rejected", "Withdrawn", "Declined", "Abandoned"), ()),
    Words(DEFERRED, ("Deprecated", "Deferred", "Retired"), ()),
    Words(SUPERSEDED, ("Superseded", "Replaced", "Obsolete"), ()),
)

TASK_WORDS: Vocabulary = (
    Words(PLANNED, ("To Do", "Todo", "Open", "Planned", "Backlog", "Ready"), ()),
    Words(IN_PROGRESS, ("In Progress", "Doing", "Started", "Active"), ()),
    Words(BLOCKED, ("Blocked", "On Hold"), ()),
    Words(REVIEW, ("In Review", "Review"), ()),
    Words(COMPLETE, ("Done", "Complete", "Completed", "Closed"), ()),
    Words(DEFERRED, ("Deferred", "Later"), ()),
    Words(WONT_DO, ("Won't Do", "Wont Do", "Cancelled", "Canceled"), ()),
    Words(PROPOSED, ("Draft", "Proposed"), ()),
)


class Reading(NamedTuple):
    """What a status text means: its key, the key that its sign stands for if another, and what follows the word."""

    key: str
    sign_says: str | None
    note: str


@remembered
def read(text: str, vocabulary: Vocabulary) -> Reading:
    """Understand a status as people write it: sign, word and note in any case and spacing.

    The word counts where sign and word disagree. A word that is not in the vocabulary gives `unknown`.
    """
    sign, words = _split_sign(text)
    key, note = _match(words, vocabulary)
    if key == UNKNOWN and not words:
        return Reading(_key_of_sign(sign, vocabulary) or UNKNOWN, None, "")
    known = words_for(key, vocabulary)
    if not sign or known is None or _base(sign) in _signs(known):
        return Reading(key, None, note)
    return Reading(key, _key_of_sign(sign, vocabulary), note)


def words_for(key: str, vocabulary: Vocabulary) -> Words | None:
    """How the status `key` is written in this vocabulary, or None when it has no such status."""
    return next((entry for entry in vocabulary if entry.key == key), None)


def nearest(text: str, vocabulary: Vocabulary) -> str | None:
    """The known word that is most like `text`, or None when nothing is."""
    import difflib

    words = {_plain(word): entry.words[0] for entry in vocabulary for word in entry.words}
    close = difflib.get_close_matches(_plain(_split_sign(text)[1]), list(words), n=1, cutoff=0.5)
    return words[close[0]] if close else None


def key_of(name: str, vocabulary: Vocabulary) -> str | None:
    """The status that a person names on the command line: a key (`in-progress`) or any known word."""
    plain = _plain(name)
    for entry in vocabulary:
        if plain == entry.key.replace("-", " ") or plain in {_plain(word) for word in entry.words}:
            return entry.key
    found = read(name, vocabulary).key
    return None if found == UNKNOWN else found


def written(text: str, vocabulary: Vocabulary) -> str | None:
    """A status as Holdfast writes it: sign, canonical word, and what the person put behind the word.

    None for a word that is not in the vocabulary.
    """
    words = _split_sign(text)[1].split()
    for end in range(len(words), 0, -1):
        written_head = " ".join(words[:end])
        bare = written_head.rstrip(":,;.—–- ")
        head = _plain(bare)
        for entry in vocabulary:
            if head == entry.key.replace("-", " ") or head in {_plain(word) for word in entry.words}:
                whole = " ".join((entry.label + written_head[len(bare) :], *words[end:]))
                return whole if read(whole, vocabulary).key == entry.key else None
    return None


def _match(words: str, vocabulary: Vocabulary) -> tuple[str, str]:
    """The status whose longest word begins `words`, and the rest after it."""
    plain = _plain(words)
    best, best_key = "", UNKNOWN
    for entry in vocabulary:
        for word in entry.words:
            candidate = _plain(word)
            if len(candidate) > len(best) and _begins(plain, candidate):
                best, best_key = candidate, entry.key
    return best_key, plain[len(best) :].strip(" -—–:;,|")


def _begins(plain: str, candidate: str) -> bool:
    if not plain.startswith(candidate):
        return False
    rest = plain[len(candidate) :]
    if not rest or rest.lstrip()[0] in _ASIDES:
        return True
    word = rest.split(None, 1)[0]
    return rest[0] == " " and (word in _LINKS or not word[0].isalpha())


def _plain(text: str) -> str:
    lowered = text.casefold().replace("_", " ").replace("’", "'").replace("‘", "'")
    lowered = lowered.replace(" - ", " — ").replace(" -- ", " — ")  # a dash between words begins an aside
    head, separator, tail = lowered.partition("(")
    return " ".join((head.replace("-", " ") + separator + tail).split())


def _split_sign(text: str) -> tuple[str, str]:
    """A leading sign (anything that is no letter, digit or bracket) and the words behind it."""
    bare = text.strip().strip("*_`").strip()
    for position, character in enumerate(bare):
        if character.isalnum():
            return bare[:position].strip(" *_`~"), bare[position:].strip(" *_`~")
    return bare, ""


def _key_of_sign(sign: str, vocabulary: Vocabulary) -> str | None:
    return next((entry.key for entry in vocabulary if _base(sign) in _signs(entry)), None)


def _signs(entry: Words) -> set[str]:
    return {_base(sign) for sign in entry.signs}


def _base(sign: str) -> str:
    return sign.replace("\ufe0f", "").replace("\ufe0e", "")
