"""What an agent is told when its call would harm others' work, and what `agents install` and `agents check` find."""

from __future__ import annotations

from holdfast.domain.problem import ERROR, HUMAN, WAIT, WARNING
from holdfast.domain.rules.catalogue import Rule

AGENT_RULES: tuple[Rule, ...] = (
    Rule(
        "agent-worktree-in-use",
        ERROR,
        "An agent would remove or move a worktree in which somebody is, or may be.",
        "Whoever is inside would lose the ground under their feet, and what is not committed.",
        "Run `holdfast worktree remove BRANCH`: it says who is inside, and what it removes can be restored.",
        WAIT,
    ),
    Rule(
        "agent-claim-branch",
        ERROR,
        "An agent would delete or rename the branch of a claim.",
        "The claim would be gone, and with it the only name of its commits.",
        "Give the claim back: `holdfast unclaim N`.",
    ),
    Rule(
        "agent-delete-tree",
        ERROR,
        "An agent would delete or move the folder of a worktree, or of git itself.",
        "Nothing of it could be restored: not what is uncommitted, not what git ignores.",
        "Run `holdfast worktree remove BRANCH`: what it removes can be restored.",
    ),
    Rule(
        "agent-hooks-path",
        ERROR,
        "An agent would change where git looks for hooks.",
        "Every check of this repository would be gone at once, and nobody would see it.",
        "Run it without that setting; `holdfast check --staged` shows what the hooks would say.",
        HUMAN,
    ),
    Rule(
        "agent-no-verify",
        ERROR,
        "An agent would commit, merge or push past the hooks.",
        "What the hooks refuse would reach others.",
        "Run it without that flag; `holdfast check --staged` shows what is to be mended.",
    ),
    Rule(
        "agent-other-worktree",
        ERROR,
        "An agent would edit a file in a worktree in which another session works.",
        "Two would change the same files, and one of them would lose.",
        "Edit the file in your own worktree.",
    ),
    Rule(
        "agent-main-worktree",
        WARNING,
        "An agent edits the main worktree while claims are open.",
        "The edit belongs to no claim, and stands in everybody's way.",
        'Work on a claim, in its own worktree: `cd "$(holdfast start --next)"`.',
    ),
    Rule(
        "agents-settings",
        ERROR,
        "An agent's settings file is not what the agent itself would read.",
        "To write into it would break it, or what its owner meant.",
        "Mend the file, then run it again.",
    ),
    Rule(
        "agents-read-only",
        ERROR,
        "An agent's settings or Holdfast's own folder cannot be written.",
        "Half of it would be there.",
        "Run it from a shell that may write there.",
        HUMAN,
    ),
    Rule(
        "agents-not-registered",
        ERROR,
        "An agent does not call Holdfast, or not for everything that it should.",
        "Nobody sees that it is at work, and nothing keeps it from harming others' work.",
        "Run `holdfast agents install NAME`.",
    ),
    Rule(
        "agents-hook-missing",
        ERROR,
        "The file that agents' hooks run is missing in this clone, or is another version's.",
        "Agents call nothing, and nobody sees it.",
        "Run `holdfast init --local`, or `holdfast agents install NAME`.",
    ),
    Rule(
        "agents-no-answer",
        ERROR,
        "The hook of an agent was called as the agent calls it, and did not do its work.",
        "Nobody sees that the agent is at work, or nothing keeps it from harming others' work.",
        "Run `holdfast agents install NAME`, then `holdfast agents check`.",
    ),
)
