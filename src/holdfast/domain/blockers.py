"""What refuses an operation on claims, each once: code, what it means, what happens otherwise, the way out, who takes it."""

from __future__ import annotations

from holdfast.domain.ci_codes import CI_RULES
from holdfast.domain.finish_codes import FINISH_RULES
from holdfast.domain.problem import ERROR, HUMAN, WAIT, WARNING, Problem
from holdfast.domain.rules.catalogue import Rule
from holdfast.domain.worktree_codes import WORKTREE_RULES

BLOCKERS: tuple[Rule, ...] = (
    Rule(
        "plan-unknown",
        ERROR,
        "No plan has that number, on the main branch or here.",
        "A claim on nothing would be work that nobody can find.",
        "Run `holdfast plan list`, or `holdfast plan new TITLE`.",
    ),
    Rule(
        "plan-shared-number",
        ERROR,
        "Several plans have that number.",
        "Nobody could tell which of them is claimed.",
        "Give one of them another number, and commit that.",
    ),
    Rule(
        "plan-done",
        ERROR,
        "The plan is finished, or was given up.",
        "Work on it would be done twice, or against a decision.",
        "Take another: `holdfast start --next`. To open it again, set its status on the main branch.",
    ),
    Rule(
        "plan-waits",
        ERROR,
        "The plan is blocked by plans that are still open.",
        "Work on it would build on what is not there yet.",
        "Take another: `holdfast start --next`, or what blocks it.",
        WAIT,
    ),
    Rule(
        "plan-invalid",
        ERROR,
        "The plan itself breaks a rule.",
        "Whoever works on it cannot tell what is to be done, and cannot finish it.",
        "Mend the plan on the main branch: `holdfast check` names every place.",
    ),
    Rule(
        "claimed",
        ERROR,
        "Somebody works on the plan: its branch exists and is not merged.",
        "Two would do the same work, and one of them for nothing.",
        "Take another: `holdfast start --next`.",
        WAIT,
    ),
    Rule(
        "contested",
        ERROR,
        "Several branches claim the plan.",
        "Nobody can tell whose work counts.",
        "Agree on one, and give the others back: `holdfast unclaim BRANCH`.",
        HUMAN,
    ),
    Rule(
        "claim-lost",
        ERROR,
        "Somebody else took the plan first.",
        "Nothing was changed; the plan is in work.",
        "Take another: `holdfast start --next`.",
        WAIT,
    ),
    Rule(
        "not-stale",
        ERROR,
        "The claim is not stale.",
        "A claim that is taken away under somebody's hands is work lost.",
        "Take another, or wait.",
        WAIT,
    ),
    Rule(
        "main-unknown",
        ERROR,
        "There is no main branch to start from.",
        "Nothing tells what the work is based on and where it will be merged.",
        "Set `main_branch` in holdfast.toml, or make the first commit on it (and push it).",
    ),
    Rule(
        "remote-unknown",
        ERROR,
        "The remote that claims are shared through does not exist here, or pushes to several places.",
        "A claim must be in one place that everybody asks.",
        "Name one remote with one push address as `claims.remote` in holdfast.toml.",
    ),
    Rule(
        "remote-declined",
        ERROR,
        "The remote declined the claim.",
        "A claim that others cannot see protects nobody, and one that they still see binds them.",
        "Do what the remote says, or ask who runs it to let branches of claims come and go.",
        HUMAN,
    ),
    Rule(
        "remote-not-atomic",
        ERROR,
        "The remote cannot change two refs at once.",
        "A claim could be made in half; two could win.",
        "Set `receive.advertiseAtomic` to true on the remote; `--offline` claims for this clone alone.",
        HUMAN,
    ),
    Rule(
        "remote-unclear",
        ERROR,
        "The remote stopped answering in the middle.",
        "Whether the claim was made is not known.",
        "Run the same command again: it finds out, and finishes or takes it back.",
    ),
    Rule(
        "worktree-unmade",
        ERROR,
        "git could not make the worktree.",
        "A new claim was taken back; one that stood before stands.",
        "Do what git says, then run it again.",
    ),
    Rule(
        "branch-in-worktree",
        ERROR,
        "The branch of an earlier phase is still checked out in a worktree.",
        "Its files would change under whoever stands there.",
        "Remove that worktree (`holdfast worktree remove PATH`), then run it again.",
    ),
    Rule(
        "branch-in-the-way",
        ERROR,
        "git cannot have the branch of the claim: another branch has a name that begins or ends where this one does.",
        "git keeps branches as files in folders; one name cannot be both.",
        "Rename the other branch, or delete it when nobody needs it.",
    ),
    Rule(
        "here-main",
        ERROR,
        "`--here` is for linked worktrees; this is the main one.",
        "Everybody's checkout would change its branch.",
        "Run it without `--here`: that makes a worktree.",
    ),
    Rule(
        "here-busy",
        ERROR,
        "A merge, rebase or sequence of picks is under way in this worktree.",
        "It would go on, on another branch.",
        "Finish or abort it (`git status` says how), then run it again.",
    ),
    Rule(
        "here-claimed",
        ERROR,
        "This worktree stands on the branch of another claim.",
        "Work on two plans would be mixed.",
        "Run it in another worktree, or without `--here`.",
    ),
    Rule(
        "nothing-ready",
        ERROR,
        "No plan is ready to be taken.",
        "Everything open is claimed, blocked or invalid.",
        "Run `holdfast plan list` to see why, or write a plan: `holdfast plan new TITLE`.",
        WAIT,
    ),
    Rule(
        "not-claimed",
        ERROR,
        "There is no such claim.",
        "Nothing to give back.",
        "Run `holdfast claims` to see all.",
    ),
    Rule(
        "claim-of-another",
        ERROR,
        "The claim is somebody else's, and not stale.",
        "Somebody's work would be open to others while they do it.",
        "Ask whoever works on it; when it is stale, `holdfast start N --steal` takes it.",
        HUMAN,
    ),
    Rule(
        "claim-moved",
        ERROR,
        "The claim has changed on the remote since it was looked at.",
        "Somebody works on it.",
        "Run the same command again: it looks anew.",
    ),
    Rule(
        "work-unmerged",
        ERROR,
        "The claim holds work that is not merged.",
        "It would be lost.",
        "Finish it, or run `holdfast unclaim N --abandon`, which keeps it under refs/holdfast/abandoned/.",
    ),
    Rule(
        "branch-guarded",
        ERROR,
        "git would delete or rename the branch of somebody's claim, or the main branch (`guard.refs`).",
        "A claim lasts as long as its branch, and everything is measured against the main branch.",
        "Give the claim back: `holdfast unclaim BRANCH`; or put `HOLDFAST_ALLOW=1` before the git command, once.",
    ),
    Rule(
        "setup-unapproved",
        WARNING,
        "A command from the configuration was not approved here.",
        "Whoever can change a branch could run anything on this machine.",
        "Read it and approve it: `holdfast approve KEY`.",
    ),
    Rule(
        "setup-failed",
        WARNING,
        "The command that sets up new worktrees failed.",
        "The claim and the worktree are there; what the command prepares is not.",
        "Run it again by hand in the worktree.",
    ),
    Rule(
        "index-put-aside",
        ERROR,
        "A hook manager has put unstaged changes of the plan index file aside, and they do not fit what this commit makes of it.",
        "The manager would stop with an error, and leave those changes out of the working tree.",
        "Run `git stash push -- FILE` and commit again.",
    ),
)
_BY_CODE = {rule.code: rule for rule in (*BLOCKERS, *WORKTREE_RULES, *FINISH_RULES, *CI_RULES)}


def blocker(code: str, subject: str, message: str, remedy: str = "", plan: int | None = None, who: str = "") -> Problem:
    """A problem that refuses an operation; remedy and who come from the catalogue where they are not given."""
    rule = _BY_CODE[code]
    return Problem(code, rule.severity, subject, message, remedy or rule.remedy, who or rule.who, plan=plan)
