"""Every key of the configuration in words: what it takes, and what it means. The reader of the file is `configuration`."""

from __future__ import annotations

from holdfast.domain import forge, status
from holdfast.domain.policy import ANYWHERE, FROM_MAIN, LEVELS, MODES, PROFILES
from holdfast.domain.problem import SEVERITIES
from holdfast.domain.value import NamedTuple


class Key(NamedTuple):
    """One key as it is written in the file, what values it takes, and a sentence on what it does."""

    name: str
    takes: str
    meaning: str


def _one_of(words: tuple[str, ...]) -> str:
    return "one of " + ", ".join(f'"{word}"' for word in words)


_TEXT, _FLAG, _TEXTS = "text", "true or false", "a list of texts"
_SECONDS_A_DAY = "seconds, 1 to 86400"
_APPROVED = "; it runs once you have approved its exact text with `holdfast approve`"

KEYS: tuple[Key, ...] = (
    Key("main_branch", _TEXT, "The branch that work is merged into."),
    Key(
        "index.mode",
        _one_of(MODES),
        "Where the plan index is kept: in each commit, on the main branch alone, or never in git.",
    ),
    Key(
        "index.format",
        "a whole number",
        "The layout of the plan index, pinned so that two versions of Holdfast write the same bytes.",
    ),
    Key("commit.require_tag", _FLAG, "Whether each commit message must name a plan as `[Plan #N]`, or one of `tags`."),
    Key("commit.tags", _TEXTS, "Words that a message may have in square brackets instead of a plan."),
    Key(
        "commit.tag_commits",
        _FLAG,
        "Whether commits on a claim's branch get `[Plan #N]` in front of their message by themselves.",
    ),
    Key("commit.allow_on_main", _FLAG, "Whether one may commit on the main branch itself."),
    Key(
        "limits.max_plan_size",
        "bytes, 1024 to 1073741824",
        "A plan file that is larger is not read; the rule `file-too-large` says so.",
    ),
    Key(
        "rules",
        f"a table from a code to {_one_of(SEVERITIES)}",
        "How much each rule over plans weighs here; what is off is not looked at.",
    ),
    Key(
        "claims.remote",
        "the name of a remote",
        "The remote that claims are shared through; without it, the one that the main branch follows.",
    ),
    Key("claims.branch", "text with {number} and {slug}", "The name of a claim's branch."),
    Key("claims.subject", "text with {number} and {title}", "The first line of a claim commit."),
    Key(
        "claims.stale_hours", "hours, 1 to 8760", "A claim without any activity for so long is stale, and can be taken."
    ),
    Key("claims.timeout", "seconds, 1 to 3600", "A remote that has not answered for so long is taken for unreachable."),
    Key(
        "worktree.root",
        "a folder, from the main worktree or absolute",
        "The folder in which `start` makes worktrees.",
    ),
    Key("worktree.setup", "a command", f"What runs in each new worktree{_APPROVED}."),
    Key("worktree.setup_timeout", _SECONDS_A_DAY, "After so long the set-up is ended."),
    Key(
        "sessions.minutes",
        "minutes, 1 to 1440",
        "A session whose process cannot be looked up holds its worktree for so long after it was last heard of.",
    ),
    Key("trash.days", "days, 0 to 3650", "How long what was removed waits in the trash."),
    Key("trash.megabytes", "a whole number from 1", "When the trash holds more than this, the oldest goes sooner."),
    Key(
        "guard.refs",
        _FLAG,
        "Whether git itself refuses to delete or rename somebody's claim branch and the main branch; run `holdfast init` after.",
    ),
    Key("finish.method", _one_of(forge.METHODS), "How `finish` merges."),
    Key("finish.verify", "a command", f"What must succeed on the merged tree before it is merged{_APPROVED}."),
    Key("finish.verify_timeout", _SECONDS_A_DAY, "After so long the verification has failed."),
    Key("finish.require_complete", _FLAG, "Whether a plan must be Complete when its work is merged."),
    Key(
        "finish.run_from",
        _one_of((ANYWHERE, FROM_MAIN)),
        "Where `finish` may be run; `main` is the main worktree alone.",
    ),
    Key("finish.checks", _TEXTS, "Checks that a request needs beside those that its forge requires."),
    Key("finish.wait_minutes", "minutes, 1 to 1440", "How long `finish --wait` waits for checks."),
    Key("forge.kind", _one_of(forge.KINDS), "The forge that has the requests; `auto` goes by the remote's address."),
    Key(
        "forge.url",
        "an http or https address",
        "The address of the forge's API where it is elsewhere; tokens go there once you have approved it.",
    ),
    Key(
        "forge.repository",
        '"owner/name"',
        "The repository's name on the forge, where the remote's address does not tell.",
    ),
    Key("forge.timeout", "seconds, 1 to 600", "A forge that has not answered for so long is taken for unreachable."),
    Key("notify.command", "a command", f"What runs when a session starts waiting for its user{_APPROVED}."),
    Key("agents.worktree_in_use", _one_of(LEVELS), "An agent is about to remove a worktree that is in use."),
    Key(
        "agents.claim_branch", _one_of(LEVELS), "An agent is about to delete or rename the branch of somebody's claim."
    ),
    Key("agents.delete_tree", _one_of(LEVELS), "An agent is about to delete a worktree or `.git` with `rm -rf`."),
    Key("agents.hooks_path", _one_of(LEVELS), "An agent is about to change `core.hooksPath`."),
    Key("agents.no_verify", _one_of(LEVELS), "An agent is about to commit with `--no-verify`."),
    Key("agents.other_worktree", _one_of(LEVELS), "An agent is about to edit the worktree of another session."),
    Key("agents.main_worktree", _one_of(LEVELS), "An agent is about to edit the main worktree while claims are open."),
)
"""The keys at the top and in tables, in the order in which `holdfast config` shows them."""

FOLDER_KEYS: tuple[Key, ...] = (
    Key("path", "a folder, from the top of the repository", "Where the plans are."),
    Key(
        "profile",
        _one_of(PROFILES),
        "What kind of plans: `plan` has all rules, `record` (ADRs, RFCs) no claims, `tasks` YAML front matter.",
    ),
    Key(
        "pattern",
        "text with {number} and {slug}",
        "How plan files are named, `{number:04}` with four digits; without it every usual form is read, and new ones follow it.",
    ),
    Key("index", "a file name", "The file in that folder which holds the plan index."),
    Key("archive", "a folder name", "Plans in this folder below it exist, but have no row and no content rules."),
    Key(
        "statuses",
        f"a table from {', '.join(status.KEYS[:-1])} to words",
        "The words that a status may be written with; the first is the one that Holdfast writes.",
    ),
    Key(
        "signs",
        "a table from a status to signs",
        "The signs in front of a status; the first is the one that is written.",
    ),
    Key("priorities", _TEXTS, "The words for priorities, the most urgent first."),
    Key("required_fields", _TEXTS, "Header fields that each plan must have."),
    Key("plan_sections", _TEXTS, "Headings under which a plan can say how it is done; one of them must be filled."),
    Key("evidence_sections", _TEXTS, "Headings under which a Complete plan can have its evidence."),
    Key("required_lists", _TEXTS, "Headings whose check boxes must all be ticked in a Complete plan."),
    Key("sections", "a table from a status to headings", "Further headings that plans of a status must have."),
)
"""The keys of one `[[plans]]` table."""

BY_NAME = {**{key.name: key for key in KEYS}, **{f"plans.{key.name}": key for key in FOLDER_KEYS}}
"""Each key by its full name, without the number of a `[[plans]]` table."""


def plain(shown: str) -> str:
    """The name in `BY_NAME` of a line that `holdfast config` shows, as `plans[0].path` or `rules.not-reciprocal`."""
    table, _, rest = shown.partition(".")
    if table == "rules":
        return table
    return f"plans.{rest}" if table.startswith("plans[") else shown
