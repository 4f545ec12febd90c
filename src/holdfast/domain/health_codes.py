"""What `doctor` finds: what should hold and does not, what happens otherwise, what mends it, and who does that."""

from __future__ import annotations

from holdfast.domain.problem import ERROR, HUMAN, WARNING
from holdfast.domain.rules.catalogue import Rule

_LOCAL = "Run `holdfast doctor --fix`, or `holdfast init --local`."
_FIX = "Run `holdfast doctor --fix`."

_HERE = (
    Rule(
        "health-unseen",
        ERROR,
        "A part of the repository could not be looked at.",
        "What is wrong there is not known.",
        "Do what the message says, then run `holdfast doctor` again.",
        HUMAN,
    ),
    Rule(
        "not-adopted",
        ERROR,
        "This repository has no configuration of Holdfast.",
        "Nothing is computed, validated or refused here.",
        "Run `holdfast init`.",
    ),
    Rule(
        "state-unwritable",
        ERROR,
        "Holdfast may not write where it keeps what must be remembered.",
        "No claim, session, event or removal can be written down: those commands end with exit code 5.",
        'Give the folder back to yourself: `sudo chown -R "$(id -un)" PATH`; in a sandbox, run it outside.',
        HUMAN,
    ),
    Rule(
        "disk-full",
        ERROR,
        "There is hardly any room on the disk of the repository.",
        "git and Holdfast fail in the middle of what they write. Nothing is lost by that, and nothing can be done.",
        "Free some room: `holdfast trash list`, `git gc`.",
        HUMAN,
    ),
    Rule(
        "clock-skew",
        WARNING,
        "Something is dated in the future: this clock, or another one, is wrong.",
        "Claims look fresh or stale that are not. What lies ahead is never believed, so nothing is taken too early.",
        "Set the clock: `timedatectl set-ntp true`; what is dated ahead becomes true by itself.",
        HUMAN,
    ),
    Rule(
        "git-lock-left",
        WARNING,
        "A lock of git has been there for long: a git that was killed left it.",
        "git refuses to change what it locks, also where Holdfast asks for it.",
        "See that no git is at work (`ps aux | grep git`), then remove that one file.",
        HUMAN,
    ),
)

_HOOKS = (
    Rule(
        "hook-missing",
        ERROR,
        "A git hook of Holdfast is not there.",
        "Commits enter unseen: invalid plans, and a plan index that is not what the plans make it.",
        _LOCAL,
    ),
    Rule(
        "hook-old",
        WARNING,
        "A git hook, or its copy, was written by another version of Holdfast, or was edited.",
        "It may do what this version does otherwise.",
        _LOCAL,
    ),
    Rule(
        "worktree-without-hooks",
        ERROR,
        "None of Holdfast's git hooks runs in a worktree: `core.hooksPath` is another folder in each.",
        "Commits enter unseen there: invalid plans, and a plan index that is not what the plans make it.",
        "Run `holdfast init --local` in that worktree, or let `core.hooksPath` be an absolute path.",
    ),
    Rule(
        "hook-not-executable",
        ERROR,
        "A git hook of Holdfast is not executable, so git passes it over.",
        "Commits enter unseen, and git says only a hint.",
        _LOCAL,
    ),
    Rule(
        "hook-foreign",
        ERROR,
        "Another hook stands where Holdfast's was, and does not call it.",
        "Commits enter unseen.",
        "Run `holdfast doctor --fix`: both run, one after the other. A hook manager wrote it? Add the line that it says.",
    ),
    Rule(
        "hook-python-gone",
        ERROR,
        "The Python or the Holdfast that the git hooks start is not there any more.",
        "Changes of plans are refused because nobody can check them; all else passes unseen.",
        _LOCAL,
    ),
    Rule(
        "hook-chain-gone",
        WARNING,
        "The hook that was here before Holdfast, and that ours starts, is not there any more.",
        "What it did is not done.",
        "Put it back, or run `holdfast doctor --fix`: then nothing is called in its place.",
    ),
    Rule(
        "hook-left",
        WARNING,
        "A git hook is there that the configuration does not ask for any more.",
        "git starts it for each ref of a fetch, and it refuses what nobody wants refused.",
        _LOCAL,
    ),
    Rule(
        "hooks-path-changed",
        ERROR,
        "git looks for hooks elsewhere than where Holdfast wrote them: `core.hooksPath` was changed.",
        "None of the checks runs, and nobody sees it.",
        "Take the setting away (`git config --unset core.hooksPath`), or run `holdfast init --local`: then it writes there.",
        HUMAN,
    ),
    Rule(
        "hook-silent",
        ERROR,
        "The git hooks are there, and do not do their work: a commit in a throw-away repository was not treated as it must be.",
        "Nothing is refused, or nothing can be committed.",
        "Run `holdfast init --local --python PATH` with a Python that runs; `git hook run pre-commit` shows what it says.",
    ),
    Rule(
        "merge-driver-gone",
        WARNING,
        "The merge driver of the plan index starts a Python or a Holdfast that is not there any more.",
        "Merges stop in the plan index, as if it were edited by hand.",
        _LOCAL,
    ),
    Rule(
        "agents-unhooked",
        WARNING,
        "A coding agent works here, and does not call Holdfast.",
        "Where it is at work is not known, and nothing warns it of what harms others.",
        "Run `holdfast agents install NAME`, and commit its settings.",
    ),
)

_PLANS = (
    Rule(
        "plans-invalid",
        WARNING,
        "Plans break rules; they did so before, or are being worked on.",
        "No commit is blocked by it: only what a commit adds is refused. A plan with an error cannot be started or finished.",
        "Run `holdfast check`: it names every place; `holdfast check --mend` mends what can be mended.",
    ),
)

_CLAIMS = (
    Rule(
        "claim-contested",
        ERROR,
        "Several branches claim one plan.",
        "Nobody can tell whose work counts, and neither can be finished.",
        "Agree on one, and give the others back: `holdfast unclaim BRANCH`.",
        HUMAN,
    ),
    Rule(
        "claim-overtaken",
        ERROR,
        "A claim of this clone is lost: somebody else holds the plan on the remote.",
        "Work on it is done twice.",
        "Keep its commits and end it here: `holdfast unclaim BRANCH --abandon`; or agree with whoever holds it.",
        HUMAN,
    ),
    Rule(
        "claim-stale",
        WARNING,
        "Nothing has happened to a claim for long.",
        "The plan waits, and nobody else takes it.",
        "Ask whoever holds it; `holdfast start N --steal` takes it, `holdfast unclaim N` gives it back.",
        HUMAN,
    ),
    Rule(
        "claim-unpublished",
        WARNING,
        "A claim is in this clone alone.",
        "Nobody else sees it: somebody can take the same plan.",
        "Run `holdfast claims --fetch`: it publishes the claim, or says who was faster.",
    ),
    Rule(
        "claim-mark-left",
        WARNING,
        "A plan is marked as taken, and no branch claims it.",
        "Nobody is blocked by it: the next claim replaces the mark.",
        _FIX,
    ),
    Rule(
        "number-left",
        WARNING,
        "A plan number is reserved that its plan has, or that nobody used for a week.",
        "Nobody is blocked by it: the next `plan new` removes it.",
        _FIX,
    ),
)

_WORKTREES = (
    Rule(
        "worktree-moved",
        ERROR,
        "A worktree's folder was moved, and git looks for it where it was.",
        "git takes it for deleted, and forgets what is staged in it with the next `git worktree prune`.",
        "Run `holdfast doctor --fix`, or `git worktree repair PATH`.",
    ),
    Rule(
        "worktree-theirs",
        ERROR,
        "A worktree that is listed here belongs to another repository, of which this one is a copy.",
        "Commands for it would reach into somebody else's work.",
        "Remove its folder below `.git/worktrees` here, and nothing else: `git worktree list` names it.",
        HUMAN,
    ),
    Rule(
        "worktree-merged",
        WARNING,
        "A worktree is free and clean, and its work is merged.",
        "It takes room, and looks like work under way.",
        "Run `holdfast clean`: what it removes can be restored.",
    ),
    Rule(
        "worktree-orphaned",
        WARNING,
        "A folder looks like a worktree, and git knows nothing of it.",
        "git in it fails; what is in it is in no branch.",
        "Save what is needed out of it, then remove the folder.",
        HUMAN,
    ),
    Rule(
        "session-waiting",
        WARNING,
        "A session waits for its user.",
        "It does nothing until somebody answers.",
        "Look into its window, and answer it.",
        HUMAN,
    ),
    Rule(
        "session-dead",
        WARNING,
        "A session is over and its marker is still there: its process is gone, or it was not heard of for long.",
        "Its worktree stays locked until somebody looks.",
        _FIX,
    ),
    Rule(
        "session-lock-left",
        WARNING,
        "A worktree is locked for a session, and there is none.",
        "git refuses to remove it.",
        _FIX,
    ),
)

_LEFT = (
    Rule(
        "repair-failed",
        ERROR,
        "A repair of `doctor --fix` could not be made.",
        "What it would mend is left as it was.",
        "Do what the message says, then run `holdfast doctor --fix` again.",
    ),
    Rule(
        "init-unfinished",
        ERROR,
        "An `init` was cut off.",
        "Some of its parts are there and some are not.",
        "Run `holdfast doctor --fix`, or `holdfast init`: it completes what was begun.",
    ),
    Rule(
        "command-unfinished",
        ERROR,
        "A command that takes, gives back, removes or restores was cut off.",
        "What it had begun is neither whole nor undone. The next such command clears it.",
        "Run `holdfast doctor --fix`; where the remote must be asked, where it can be reached.",
    ),
    Rule(
        "finish-unfinished",
        ERROR,
        "A `finish` was cut off.",
        "Whether its work is merged is not known before somebody looks; what comes after the merge is not done.",
        "Run `holdfast finish --resume`: it tells which, and completes or undoes the rest.",
    ),
    Rule(
        "removal-put-off",
        WARNING,
        "A merged worktree waits to be removed until whoever asked for that has left it.",
        "Nothing: it goes with the next `holdfast` command elsewhere.",
        "Leave the worktree, then run `holdfast doctor --fix`.",
    ),
    Rule(
        "trash-expired",
        WARNING,
        "What is in the trash has waited long enough, or is too much together.",
        "It takes room.",
        "Run `holdfast doctor --fix`, or `holdfast trash empty --expired`.",
    ),
    Rule(
        "trash-files-gone",
        WARNING,
        "The files of a removed worktree are not in the trash any more.",
        "It cannot be restored; its commits are kept.",
        "Run `holdfast trash empty` when nothing of it is needed.",
        HUMAN,
    ),
    Rule(
        "trash-unreadable",
        WARNING,
        "The record of a removed worktree cannot be read.",
        "It is not listed, and cannot be restored by a command. Its files and its commits are still there.",
        "Run `holdfast doctor --fix`: the record is set aside, and the message says where the files are.",
    ),
    Rule(
        "session-unreadable",
        WARNING,
        "The marker of a session cannot be read.",
        "That session holds no worktree, and is not seen.",
        "Run `holdfast doctor --fix`: the marker is set aside; the session writes a new one when it is heard of.",
    ),
    Rule(
        "journal-unreadable",
        WARNING,
        "The journal holds lines that are no events.",
        "What they told is not shown. Everything else is.",
        "Run `holdfast doctor --fix`: they are set aside in `journal.torn.jsonl`, none is lost.",
    ),
    Rule(
        "cache-unreadable",
        WARNING,
        "Something that was remembered cannot be read.",
        "Nothing: it is computed again.",
        _FIX,
    ),
)

HEALTH_RULES: tuple[Rule, ...] = (*_HERE, *_HOOKS, *_PLANS, *_CLAIMS, *_WORKTREES, *_LEFT)
