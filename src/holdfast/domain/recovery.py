"""The failure modes by what people see: what it looks like, what happened, what to do; and the page of all of it."""

from __future__ import annotations

from holdfast.domain import exit_codes
from holdfast.domain.codes import ALL
from holdfast.domain.rules.catalogue import CATALOGUE, Rule
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.exit_codes import Exit


class Failure(NamedTuple):
    """One way in which work comes to a halt: its anchor in the page, `case-...` as no code is, and the codes that go with it."""

    anchor: str
    title: str
    looks: str
    happened: str
    steps: tuple[str, ...]
    codes: tuple[str, ...] = ()


_MERGES = (
    Failure(
        "case-finish-killed",
        "A finish was killed half-way",
        "`holdfast finish` ended without its last line: Ctrl-C, a crash, a lost connection, the machine went down. "
        "`git status` in the main worktree may show staged changes that nobody made.",
        "What is merged is merged, or it is not: there is one step that cannot be undone, and it is written down before "
        "it is taken. Only what follows it, or came before it, may be missing.",
        (
            "Run `holdfast finish --resume`. It reads what is, completes what was merged, and takes back what was not.",
            "If it cannot reach the remote, run it again when the remote is back; commit nothing in that worktree until "
            "then (the commit gate refuses it).",
            "Run `holdfast finish N` again where it says that nothing was merged.",
            "Was it another command? `holdfast doctor --fix` completes it or takes it back.",
        ),
        (
            "finish-unfinished",
            "finish-unclear",
            "finish-staged",
            "finish-under-way",
            "finish-lost",
            "command-unfinished",
        ),
    ),
    Failure(
        "case-main-behind",
        "The main branch here does not follow",
        "Work is merged, and `git log` of the main branch here does not show it; `finish` said that the main branch was "
        "not brought along.",
        "Files stand in its way where it is checked out, it is checked out twice, a merge or rebase is under way there, or "
        "it has commits of its own. The remote is right; only this clone is behind.",
        (
            "Run `git status` where the main branch is checked out (`git worktree list`).",
            "Commit, move or stash what stands in the way; finish or abort what is under way.",
            "Run `git pull --ff-only` there.",
            "Does git say that it cannot fast-forward? Then commits were made on it here: `git branch mine`, look at them "
            "(`git log origin/main..mine`), and bring them in as work on a plan.",
        ),
        ("main-busy", "main-twice", "main-in-the-way", "commit-on-main"),
    ),
)
_CLAIMS = (
    Failure(
        "case-claim-lost-here",
        "A claim was lost",
        "`holdfast claims` shows your branch as lost, `start` says that the plan went to somebody else, or a command "
        "ended with exit code 4.",
        "Somebody else was first on the remote. This clone claimed while it could not reach the remote, or your claim was "
        "stale and was taken. Your commits are here, untouched.",
        (
            "Run `holdfast claims --fetch`: it names who holds the plan now.",
            "Nothing done yet? `holdfast unclaim BRANCH`, then `holdfast start --next`.",
            "Is there work? Talk to whoever holds the plan; your commits are on your branch.",
            "When it is not needed: `holdfast unclaim BRANCH --abandon` keeps the commits under "
            "`refs/holdfast/abandoned/` and ends it here.",
        ),
        ("claim-overtaken", "claim-lost", "claimed", "claim-contested", "contested", "claim-moved"),
    ),
    Failure(
        "case-claim-stale",
        "An agent died, and its claim stays",
        "`holdfast claims` shows a claim as stale: no commit, no move of its branch and no change of a file for 48 hours.",
        "Whoever worked on it is gone, or waits. Nothing frees a claim that holds work, because nobody can tell whether "
        "it is needed.",
        (
            "Look at what there is: `git log main..BRANCH`, and `holdfast worktree list` for edits that nobody committed.",
            'To go on where it ended: `cd "$(holdfast resume N)"`.',
            "To begin anew, when a person says so: `holdfast start N --steal`. The old commits are kept under "
            "`refs/holdfast/abandoned/`.",
            "Not stale yet, and surely dead? Wait; or a person gives it back in its owner's name: "
            "`holdfast unclaim N --owner NAME`.",
        ),
        ("claim-stale", "claimed", "not-stale", "claim-of-another", "work-unmerged"),
    ),
    Failure(
        "case-remote-away",
        "The remote cannot be reached",
        "`start`, `finish` or `plan new` ends with exit code 5, or says that the remote does not answer.",
        "No network, no right to it (a key, a token), or a sandbox. Nothing was changed: what everybody must agree on "
        "cannot be decided by one clone.",
        (
            "Try `git ls-remote` in the same shell. It says more than anything else.",
            "In a sandbox: run the command outside of it.",
            "To go on without it: `holdfast start N --offline` claims for this clone alone. The next contact publishes it, or "
            "says who was faster.",
            "Was it cut off in the middle? Run the same command again: it finds out what came of it.",
        ),
        ("remote-unclear", "remote-unknown", "remote-declined", "remote-not-atomic", "claim-unpublished"),
    ),
)
_PLANS = (
    Failure(
        "case-index-wrong",
        "The plan index is in conflict, or wrong after a rebase, pick or merge on the host",
        "Conflict markers in the plan index; `holdfast check` says that it differs from its plans; a hook said `wrong:` "
        "after a rebase or a pick.",
        "git runs no commit hook for rebases, picks and `git am`, and hosts merge the table as text. The plans "
        "themselves are what counts; the table is computed from them.",
        (
            "Resolve conflicts in the plans themselves, never in the table.",
            "Run `holdfast index --write`, then `git add` the file; go on with what was under way "
            "(`git rebase --continue`), or commit it.",
            "For commits that nobody else has: `holdfast index --mend main..` makes each of them again with the right table.",
            "For a branch with a request: `holdfast finish N --update-branch`.",
        ),
        ("index-differs", "index-conflict", "index-edited", "index-markers", "index-conflicts"),
    ),
    Failure(
        "case-merge-driver-gone",
        "Branches that each add a plan conflict at every merge",
        "git reports a conflict in the plan index although the plans are different ones; `holdfast check` names the merge "
        "driver.",
        "The driver that merges the table row by row is part of a clone, not of the repository: this clone never ran "
        "`init`, or `.gitattributes` lost its line.",
        (
            "Run `holdfast init` in this clone: it installs only what is local.",
            "Abort the merge (`git merge --abort`) and start it again; or resolve it as [above](#case-index-wrong).",
        ),
        ("merge-driver-missing", "merge-driver-gone", "index-conflict"),
    ),
    Failure(
        "case-commit-unchecked",
        "A commit was made with `--no-verify`",
        "`holdfast check` finds errors that nobody was told of; the next commit or `finish` is refused for them.",
        "The commit gate did not run. What it would have refused is in the history of the branch now.",
        (
            "Run `holdfast check --since main`: it names every problem that this branch adds, with its remedy.",
            "Mend them in a new commit; or `git commit --amend`, which runs the gate, where nobody has the commit yet.",
            "Is it only the plan index? `holdfast index --mend main..`.",
        ),
        ("plans-invalid", "index-differs", "agent-no-verify"),
    ),
    Failure(
        "case-number-twice",
        "Two plans have one number",
        "`holdfast check` says that two plans share a number; `start` refuses to claim it.",
        "Somebody wrote a plan by hand, or in a clone that could not reach the remote, and both were merged.",
        (
            "Find out which of the two is referred to: `git log --grep 'Plan #N'`, and who claims it (`holdfast claims`).",
            "Give the younger one the next free number: `holdfast check` prints the `git mv` that does it.",
            "Put the number right in its title, and in texts that mean it.",
            "From now on: `holdfast plan new TITLE`, which takes a number that no clone can have taken too.",
        ),
        ("number-shared", "number-reused", "number-renamed", "plan-shared-number"),
    ),
    Failure(
        "case-old-script",
        "An old script writes the same files",
        "The plan index changes back and forth; a claims file appears again; `holdfast check` calls the plan index edited.",
        "A hook, a CI job or a make target from before still generates the table, or keeps claims in a file.",
        (
            "Find it: `git log -3 --format='%h %an %s' -- docs/plans/README.md` says who wrote it last; look into "
            "`git config core.hooksPath`, CI and the Makefile.",
            "Take the script out of there. Nothing replaces it: the commit hook computes the table.",
            "`holdfast migrate` takes a hand-kept claims file out of git, and says what becomes of each entry.",
            "`holdfast index --write`, and commit.",
        ),
        ("index-edited", "index-differs", "index-markers"),
    ),
    Failure(
        "case-guide-wrong",
        "The guide is old, edited or broken",
        "A commit is refused, or `holdfast guide --check` fails, for CLAUDE.md, AGENTS.md or a page below `docs/`.",
        "The block between the two `holdfast guide` lines is written by a command. Somebody edited it, a merge mixed two "
        "versions, or a newer Holdfast has a newer text.",
        (
            "Text of your own? Move it above or below the block: only what is between its two lines is Holdfast's.",
            "Run `holdfast guide --write`, and commit.",
            "Is one of the two lines missing, or are there two blocks? Take what is left of it out by hand first.",
        ),
        ("guide-edited", "guide-outdated", "guide-broken", "guide-missing", "guide-file"),
    ),
)
_WORKTREES = (
    Failure(
        "case-worktree-by-hand",
        "A worktree was deleted by hand, or moved",
        "git or Holdfast says that the folder of a worktree is not there; a branch is said to be checked out in a folder "
        "that does not exist; every command of a shell fails with `getcwd`.",
        "The folder was moved or deleted without git. git still keeps what it knows of it, and with it the branch.",
        (
            "Moved? `holdfast doctor --fix` finds it, or run `git worktree repair NEW-PLACE` in the main worktree.",
            "Deleted? Everything that was committed is on its branch: `git log BRANCH`. What was staged may still be found: "
            "`git fsck --lost-found`. What was never added is gone.",
            "To go on with a claimed plan: `holdfast start N`, with the `--owner` of the claim, makes the worktree again; a "
            "refusal names the command for claims without one.",
            "To be done with it: `holdfast worktree remove BRANCH --force` ends what git keeps of it.",
            "A shell that stands in a folder that is gone: `cd` to the main worktree, or start a new one.",
        ),
        (
            "worktree-moved",
            "worktree-gone",
            "worktree-broken",
            "worktree-away",
            "worktree-orphaned",
            "branch-in-worktree",
        ),
    ),
    Failure(
        "case-worktree-needed",
        "A worktree was removed that is still needed",
        "A folder below `.worktrees/` is gone, and `holdfast log` shows its removal.",
        "It was moved to the trash, by a person, `clean` or `finish`. It is whole, with ignored files and what was staged.",
        (
            "`holdfast trash list` shows what waits, and until when.",
            "`holdfast worktree restore BRANCH` brings back folder, branch, git's index and files; "
            '`cd "$(holdfast resume N)"` does it for a plan.',
            "Does something stand in its place? Move that away first.",
            "Not in the trash any more? The commits: `git for-each-ref refs/holdfast/finished refs/holdfast/abandoned`.",
        ),
        ("worktree-removed", "trash-unknown", "restore-occupied", "trash-damaged", "trash-files-gone"),
    ),
    Failure(
        "case-session-dead",
        "A session says that it works, and is dead",
        "`holdfast worktree list` shows a worktree as in use, and nobody is there; a removal is refused for it.",
        "A session holds its worktree while its process lives. Where that cannot be looked up (another host, a "
        "container), it holds for 30 minutes after it was last heard of.",
        (
            "`holdfast worktree list` names what holds it: a process with its number, or a session.",
            "`holdfast doctor --fix` takes away what a session left whose process is surely gone.",
            "A process: look at it (`ps -p PID`). It may be a shell that stands there; `cd` elsewhere, or end it.",
            "A session elsewhere: wait half an hour, or end it: `holdfast session end --id ID`.",
            "Only a person: `holdfast worktree remove BRANCH --force-in-use`. It goes to the trash all the same.",
        ),
        (
            "session-dead",
            "session-lock-left",
            "worktree-in-use",
            "worktree-unknown-use",
            "worktree-locked",
            "session-taken",
            "session-unknown",
        ),
    ),
)
_CLONE = (
    Failure(
        "case-hooks-silent",
        "The hooks are not called",
        "Commits that change plans pass without the plan index being staged; or each commit says that Holdfast is gone from "
        "this machine.",
        "`core.hooksPath` points elsewhere (a tool installed hooks of its own), this clone never ran `init`, or the Python that "
        "the hooks start was removed.",
        (
            "`holdfast doctor` calls the hooks and says what is wrong with them; `holdfast doctor --fix` mends what is safe to "
            "mend.",
            "`git config --show-origin --get-all core.hooksPath` says where git looks for hooks, and who said so.",
            "Take that setting out, or leave it, and run `holdfast init`: it writes hooks where git looks, and chains what is "
            "there.",
            "Is Python gone? Install Holdfast again, as with `pipx install PATH` (a clone of it, or its wheel), then "
            "`holdfast init`.",
            "`holdfast check --since origin/main` says what came in meanwhile.",
        ),
        (
            "hook-silent",
            "hook-missing",
            "worktree-without-hooks",
            "hook-foreign",
            "hook-not-executable",
            "hook-python-gone",
            "hooks-path-changed",
            "init-hooks-path",
        ),
    ),
    Failure(
        "case-disk-full",
        "The trash or the disk is full",
        "Commands end with exit code 5 and `No space left on device`.",
        "Removed worktrees wait in the trash for 7 days, with ignored files and all. A full disk stops everything before "
        "it is half written.",
        (
            "`holdfast trash list` says how big the trash is.",
            "`holdfast trash empty --expired` deletes what has waited long enough; only a person decides about "
            "`holdfast trash empty`: nothing comes back after that.",
            "`holdfast clean` moves merged worktrees to the trash; that alone frees nothing.",
            "Smaller from now on: `trash.days` and `trash.megabytes` in holdfast.toml.",
            "Run the command again that was cut off.",
        ),
        ("disk-full", "trash-expired", "worktree-unmovable"),
    ),
    Failure(
        "case-state-corrupt",
        "The journal or the cache is damaged",
        "`holdfast log` says that lines cannot be read; a list shows what cannot be.",
        "A disk was full, the machine went down, or a tool wrote into `holdfast/` of git's common folder. The cache is only "
        "a memory; nothing rests on the journal but the knowledge of what happened.",
        (
            "`holdfast doctor --fix` sets aside what cannot be read, and says where.",
            'The cache: `rm -r "$(git rev-parse --git-common-dir)/holdfast/cache"`. It is computed again.',
            "The journal: lines that cannot be read are left out and counted; everything else in it holds.",
            "Leave everything else in that folder alone: it says what others are about to do, and what can be restored.",
            "Still wrong? `git fsck`, then `holdfast doctor`.",
        ),
        ("journal-unreadable", "cache-unreadable", "session-unreadable", "trash-unreadable"),
    ),
    Failure(
        "case-no-permission",
        "Something cannot be written",
        "Exit code 5, `Permission denied`, `Read-only file system`; init says that a file cannot be written.",
        "A sandbox keeps `.git` read-only, another user made files there, or the disk is mounted read-only.",
        (
            "In an agent's sandbox: let a person run the command outside of it.",
            'Files of another user: `find "$(git rev-parse --git-common-dir)" ! -user "$(id -un)"` names them.',
            "In a repository that several users share: `git config core.sharedRepository group`, and set the group right.",
            "Run the command again: nothing was half done.",
        ),
        ("state-unwritable", "init-read-only", "init-no-file", "agents-read-only"),
    ),
)

FAILURES: tuple[Failure, ...] = (*_MERGES, *_CLAIMS, *_PLANS, *_WORKTREES, *_CLONE)
"""All failure modes, in the order in which they are documented."""

BY_ANCHOR = {failure.anchor: failure for failure in FAILURES}


def of_code(code: str) -> tuple[Failure, ...]:
    """The failure modes that a code goes with."""
    return tuple(failure for failure in FAILURES if code in failure.codes)


def page(head: str) -> str:
    """The recovery page below `head`: each failure mode, each exit code and each code of a problem, with an anchor of its own."""
    return "\n".join((head.rstrip("\n"), "", *_lines())) + "\n"


def _lines() -> Iterator[str]:
    yield from ("## What do you see?", "")
    for failure in FAILURES:
        yield f"* [{failure.title}](#{failure.anchor})"
    yield from ("* A code in square brackets: `holdfast explain CODE`, or search this page for it", "")
    for failure in FAILURES:
        yield from _failure(failure)
    yield from ("## Exit codes", "")
    for one in exit_codes.EXITS:
        yield from _exit(one)
    severity = "The severity is the default; `[rules]` in `holdfast.toml` changes it to `error`, `warning` or `off`."
    yield from ("## Rules", "", severity, "")
    for rule in CATALOGUE:
        yield from _rule(rule)
    yield from ("## Refusals of commands, and what `doctor` finds", "", "Nothing turns these off.", "")
    for rule in ALL[len(CATALOGUE) :]:
        yield from _rule(rule)


def _failure(failure: Failure) -> Iterator[str]:
    yield from (f'<a id="{failure.anchor}"></a>', f"### {failure.title}", "")
    yield from (f"**What it looks like.** {failure.looks}", "", f"**What happened.** {failure.happened}", "")
    yield from ("**What to do.**", "", *(f"{at}. {step}" for at, step in enumerate(failure.steps, 1)), "")
    if failure.codes:
        yield from ("Codes: " + ", ".join(f"[{code}](#{code})" for code in failure.codes), "")


def _exit(one: Exit) -> Iterator[str]:
    yield from (f'<a id="{one.anchor}"></a>', f"### exit {one.code}: {one.title}", "")
    yield from (f"**What happened.** {one.consequence}", "", f"**What to do.** {one.remedy}", "")


def _rule(rule: Rule) -> Iterator[str]:
    yield from (f'<a id="{rule.code}"></a>', f"### {rule.code}", "")
    yield from (f"**What it looks like.** {rule.title} ({rule.severity})", "")
    yield from (
        f"**What happens otherwise.** {rule.consequence}",
        "",
        f"**What to do.** {rule.remedy}{_WHO[rule.who]}",
        "",
    )
    if rule.mend:
        yield from (f"`holdfast check --mend` {rule.mend}.", "")
    seen = of_code(rule.code)
    if seen:
        yield from ("Step by step: " + ", ".join(f"[{one.title}](#{one.anchor})" for one in seen), "")


_WHO = {
    "you": "",
    "wait": " (wait: do other work meanwhile)",
    "human": " (human: stop, and ask a person)",
}
