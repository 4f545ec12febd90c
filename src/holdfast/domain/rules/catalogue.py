"""Every rule once: code, severity, what it means, what happens otherwise, how to mend it, who does."""

from __future__ import annotations

from holdfast.domain.problem import ERROR, HUMAN, WARNING, YOU
from holdfast.domain.value import NamedTuple


class Rule(NamedTuple):
    """One rule of the catalogue; `mend` tells what `check --mend` does about it, or is empty."""

    code: str
    severity: str
    title: str
    consequence: str
    remedy: str
    who: str = YOU
    mend: str = ""


_HEADER = (
    Rule(
        "status-missing",
        ERROR,
        "A plan has no status.",
        "Nobody can tell whether the plan is open, and it is never offered as ready.",
        "Write a line `**Status:** 📋 Planned` below the title, or run `holdfast plan set N --status planned`.",
    ),
    Rule(
        "status-unknown",
        ERROR,
        "A status is not one of the known words.",
        "A generator that guesses shows the plan wrongly; lists and blockers cannot count it.",
        "Use a known word, or add yours to `[plans.statuses]` in holdfast.toml.",
    ),
    Rule(
        "status-sign",
        WARNING,
        "The sign and the word of a status disagree.",
        "People who look at the sign and people who read the word see two different plans; the word counts.",
        "Run `holdfast plan set N --status WORD`: it writes the sign that belongs to the word.",
        mend="writes the sign that belongs to the word",
    ),
    Rule(
        "priority-unknown",
        WARNING,
        "A priority is not one of the known words.",
        "The plan is sorted behind every known priority.",
        "Use a known priority, or add yours to `priorities` in holdfast.toml.",
    ),
    Rule(
        "title-missing",
        WARNING,
        "A plan has no title.",
        "The plan index shows the words of the file name instead.",
        "Write `# Plan #N: What it is about` as the first line.",
    ),
    Rule(
        "title-number",
        ERROR,
        "The number in the title is not the number of the file.",
        "References by number lead to the other plan.",
        "Make the title's number that of the file name.",
    ),
    Rule(
        "field-duplicate",
        WARNING,
        "A header field stands twice with different values.",
        "Only the first counts; whoever edits the second changes nothing.",
        "Remove the line that is wrong.",
    ),
    Rule(
        "field-missing",
        ERROR,
        "A field that this folder requires is missing.",
        "What the field decides is unknown for this plan.",
        "Add the field to the plan's header.",
    ),
)
_FILE = (
    Rule(
        "file-not-utf8",
        ERROR,
        "A plan is not valid UTF-8.",
        "Tools show other characters, and a later save destroys them.",
        "Save the file as UTF-8.",
    ),
    Rule(
        "file-bom",
        WARNING,
        "A plan begins with a byte order mark.",
        "Some tools do not see the first heading.",
        "Save the file as UTF-8 without a byte order mark.",
        mend="removes the mark",
    ),
    Rule(
        "file-garbled",
        WARNING,
        "Text was encoded twice.",
        "Signs show as a few odd letters (`âœ…`), and status signs are not recognised.",
        "Put the character right, or run `holdfast check --mend`.",
        mend="decodes the run once more",
    ),
    Rule(
        "file-conflict",
        ERROR,
        "A plan holds conflict markers.",
        "Two versions stand in one file; every reader picks another one.",
        "Resolve the conflict and remove the markers.",
    ),
    Rule(
        "file-too-large",
        ERROR,
        "A plan is larger than the limit.",
        "It is listed by its file name and not read; reading it would slow every commit.",
        "Move what is no plan into another file, or raise `limits.max_plan_size`.",
    ),
    Rule(
        "file-not-regular",
        ERROR,
        "A symlink or submodule stands in place of a plan.",
        "What it shows depends on the machine, so no plan index can be right about it.",
        "Put a regular file there.",
    ),
)
_NUMBERS = (
    Rule(
        "number-shared",
        ERROR,
        "Two plans have one number.",
        "References, claims and branches of the one are taken for the other's.",
        "Give the younger one the next free number with `git mv`.",
    ),
    Rule(
        "number-renamed",
        ERROR,
        "A rename changed the number of a plan.",
        "Every reference to the old number is now wrong, in texts and in past commits.",
        "Rename it back; give a new number only to one of two plans that share it.",
    ),
    Rule(
        "number-not-canonical",
        WARNING,
        "A number is not written as the others are.",
        "`7` and `007` sort and search as two plans.",
        "Rename the file with the usual number of digits.",
    ),
)
_CONTENT = (
    Rule(
        "plan-section-missing",
        ERROR,
        "A plan that is Planned or further has no section that says how.",
        "Whoever takes it up starts from nothing, or from a guess.",
        "Write a section `## Plan`, or set the status back with `holdfast plan set N --status needs-plan`.",
    ),
    Rule(
        "evidence-missing",
        ERROR,
        "A plan says Complete without evidence.",
        "Nobody can tell done from abandoned.",
        'Add it: `holdfast plan set N --status complete --evidence "what you ran and what it said"`.',
    ),
    Rule(
        "boxes-open",
        ERROR,
        "A plan says Complete while boxes of its required lists are open.",
        "What was agreed as done is not, or nobody looked.",
        "Tick what is done, or move what is not into a plan of its own.",
    ),
    Rule(
        "successor-missing",
        WARNING,
        "A superseded plan does not name its successor.",
        "Whoever finds it does not find what replaced it.",
        "Write `Superseded by Plan #M` as its status.",
    ),
    Rule(
        "blocker-missing",
        WARNING,
        "A blocked plan does not say what blocks it.",
        "Nobody can tell when it is free again.",
        "Name it in `**Blocked By:**`, or in words behind the status.",
    ),
    Rule(
        "section-empty",
        ERROR,
        "A required section is there, but says nothing.",
        "A heading alone passes for content in every list.",
        "Write the section, or remove its heading.",
    ),
    Rule(
        "section-missing",
        ERROR,
        "A section that this folder requires at this status is missing.",
        "What the team agreed to write down is not there.",
        "Write the section.",
    ),
)
_REFERENCES = (
    Rule(
        "reference-unknown",
        ERROR,
        "A text refers to a plan that never existed.",
        "The reader looks for something that is not there, or a number was mistyped.",
        "Correct the number.",
    ),
    Rule(
        "reference-removed",
        WARNING,
        "A text refers to a plan that was removed.",
        "The reader must search the history for it.",
        "Nothing needs to be done; move removed plans to the archive folder to keep them readable.",
    ),
    Rule(
        "blocker-unknown",
        ERROR,
        "Blocked By or Blocks names a plan that never existed.",
        "The plan waits for nothing, or for ever.",
        "Correct the number.",
    ),
    Rule(
        "blocker-prose",
        WARNING,
        "Blocked By or Blocks holds words that name no plan.",
        "What is meant cannot be followed, so it blocks nothing.",
        "Name a plan as `#12`, or write `None`.",
    ),
    Rule(
        "not-reciprocal",
        WARNING,
        "Plan A says it blocks B, and B does not say so (or the other way round).",
        "One of the two headers is out of date.",
        "Add the missing half, or remove the other.",
    ),
    Rule(
        "blocks-itself",
        ERROR,
        "A plan names itself as its blocker.",
        "It can never become ready.",
        "Remove its own number from Blocked By and Blocks.",
    ),
    Rule(
        "blocked-in-circle",
        ERROR,
        "Plans wait for each other in a circle.",
        "None of them can ever become ready.",
        "Remove one link of the circle.",
    ),
    Rule(
        "complete-while-blocked",
        ERROR,
        "A plan says Complete while a plan that blocks it is open.",
        "Either the work is not done, or the blocker is no blocker.",
        "Finish the blocker first, or remove it from Blocked By.",
    ),
    Rule(
        "started-while-blocked",
        WARNING,
        "A plan is In Progress while a plan that blocks it is open.",
        "Work may have to be done twice.",
        "Finish the blocker first, or remove it from Blocked By.",
    ),
)
_TRANSITIONS = (
    Rule(
        "reopened-silently",
        ERROR,
        "A Complete plan went back without a note.",
        "Its evidence still says done; nobody knows what was found wrong.",
        "Say why behind the status: `📋 Planned (reopened: what was found)`.",
    ),
    Rule(
        "number-reused",
        ERROR,
        "A new plan takes a number that another plan had.",
        "References in texts, commits and branches lead to the wrong plan.",
        "Take the next free number: `holdfast plan new TITLE`.",
    ),
)
_INDEX = (
    Rule(
        "index-differs",
        ERROR,
        "The plan index is not the one computed from the plans.",
        "Readers are told something that the plans do not say.",
        "Run `holdfast index --write` and commit the file.",
        mend="writes the computed plan index",
    ),
    Rule(
        "index-conflict",
        ERROR,
        "The plan index holds conflict markers.",
        "It shows two versions, and nothing can be computed between its markers.",
        "Run `holdfast index --write` and commit the file.",
        mend="writes the computed plan index",
    ),
    Rule(
        "index-edited",
        WARNING,
        "The plan index was edited by hand between its markers.",
        "The edit is lost at the next commit.",
        "Edit the plan instead; `holdfast index --write` puts the plan index right.",
        mend="writes the computed plan index",
    ),
    Rule(
        "index-markers",
        ERROR,
        "The file of the plan index has no markers, or not exactly one pair.",
        "There is no place for the plan index.",
        "Put the two marker lines where it belongs: `holdfast index --write` adds them at the end.",
    ),
    Rule(
        "merge-driver-missing",
        WARNING,
        "This clone lacks the merge driver of the plan index.",
        "Branches that each add a plan conflict in the plan index at every merge.",
        "Run `holdfast init` in this clone: it installs only the local parts.",
    ),
)
_COMMITS = (
    Rule(
        "tag-missing",
        ERROR,
        "A commit message names no plan, and this repository requires it.",
        "The history does not tell why the change was made.",
        "Begin the message with `[Plan #N]`, or with one of the allowed words, as `[Trivial]`.",
    ),
    Rule(
        "commit-on-main",
        ERROR,
        "A commit was made directly on the main branch, and this repository does not allow it.",
        "Work that nobody looked at is what everybody builds on.",
        "Commit on a branch: `git switch -c plan-N-what`.",
    ),
    Rule(
        "message-reference",
        ERROR,
        "A commit message refers to a plan that never existed.",
        "The history points to nothing, or to a number that somebody takes later.",
        "Correct the number in the message.",
    ),
)
_GUIDE = (
    Rule(
        "guide-edited",
        ERROR,
        "The guide was edited by hand.",
        "The edit is lost when the guide is written again, and agents follow what nobody keeps right.",
        "Move words of your own out of it, then run `holdfast guide --write`.",
    ),
    Rule(
        "guide-outdated",
        WARNING,
        "The guide is that of an older Holdfast.",
        "Agents are told of commands as they were.",
        "Run `holdfast guide --write`, and commit what it wrote.",
    ),
    Rule(
        "guide-broken",
        ERROR,
        "The guide has not exactly one begin and one end marker.",
        "Nobody can tell what is the guide's and what is yours, so it is not kept up to date.",
        "Take what is left of the guide out of the file, then run `holdfast guide --write`.",
    ),
    Rule(
        "guide-missing",
        WARNING,
        "A part of the guide is not there.",
        "What it would tell people and agents is not told; links to it lead nowhere.",
        "Run `holdfast guide --write`, and commit what it wrote.",
    ),
    Rule(
        "guide-file",
        ERROR,
        "The guide cannot stand in a file: it is no regular file, no UTF-8, or leads out of the repository.",
        "Writing there would destroy something, or change another repository.",
        "Put a regular file of UTF-8 text there, or nothing.",
    ),
)
_CONFIG = (
    Rule(
        "config-unreadable",
        ERROR,
        "The configuration is not valid TOML.",
        "Nothing that it decides holds; the defaults would be used silently.",
        "Correct the line that is named.",
        who=YOU,
    ),
    Rule(
        "config-unknown-key",
        ERROR,
        "The configuration has a key that Holdfast does not know.",
        "What it was meant to decide is not decided.",
        "Correct the key; `holdfast config` lists them all.",
    ),
    Rule(
        "config-value",
        ERROR,
        "A configured value cannot be used.",
        "The default holds instead of what was meant.",
        "Correct the value.",
    ),
    Rule(
        "shallow-history",
        WARNING,
        "This clone is shallow, so that not all plans that ever existed are known.",
        "A reference to a removed plan may look as if the plan never existed; such references are only warnings here.",
        "Run `git fetch --unshallow`.",
        who=HUMAN,
    ),
)

_INIT = (
    Rule(
        "init-no-repository",
        ERROR,
        "There is no git repository here.",
        "Holdfast lives in one.",
        "Run `git init && holdfast init`.",
    ),
    Rule(
        "init-no-worktree",
        ERROR,
        "This is a bare repository, or a place outside a working tree.",
        "Plans and the plan index are files of a working tree.",
        "cd into a worktree of the repository.",
    ),
    Rule(
        "init-git-version",
        ERROR,
        "git is older than 2.38.",
        "The merge of the plan index and reading objects need newer commands.",
        "Install a newer git.",
    ),
    Rule(
        "init-unsafe-path",
        ERROR,
        "A path that hooks would name holds a line break or a control character.",
        "A hook could run something else than what it names.",
        "Rename the folder.",
    ),
    Rule(
        "init-hooks-path",
        ERROR,
        "core.hooksPath points where Holdfast must not, or cannot, write hooks.",
        "Hooks there would serve all repositories at once, or none.",
        "Give this repository a hooks folder of its own: `git config --local core.hooksPath FOLDER`.",
    ),
    Rule(
        "init-will-vanish",
        ERROR,
        "The Python that hooks would start will vanish.",
        "Every commit that changes a plan would then be refused.",
        "Install Holdfast to stay, as `uv tool install PATH` or `pipx install PATH` (a clone of it, or its wheel), and run "
        "`holdfast init` with it.",
    ),
    Rule(
        "init-python",
        ERROR,
        "The Python named for the hooks cannot run Holdfast.",
        "Hooks would fail at every commit.",
        "Name a Python 3.11 or later: `holdfast init --python PATH`.",
    ),
    Rule(
        "init-read-only",
        ERROR,
        "A file that init must write cannot be written.",
        "Nothing was changed.",
        "Run `holdfast init` where it can be written, as outside a sandbox.",
    ),
    Rule(
        "init-no-file",
        ERROR,
        "A folder or device stands where init must write a file.",
        "Nothing was changed.",
        "Move it away.",
    ),
    Rule(
        "init-folder",
        ERROR,
        "A plan folder that was named cannot be used.",
        "Nothing was changed.",
        "Name a folder inside the repository: `holdfast init --folder docs/plans`.",
    ),
    Rule(
        "init-mode",
        ERROR,
        "There is no such mode of the plan index.",
        "Nothing was changed.",
        "Use `committed`, `main` or `computed`.",
    ),
    Rule(
        "init-settings", ERROR, "The configuration that is there cannot be read.", "Nothing was changed.", "Correct it."
    ),
    Rule(
        "init-attributes",
        ERROR,
        "`.gitattributes` gives the file of the plan index another merge driver already.",
        "Which of the two git would use depends on their order.",
        "Remove the other line.",
    ),
    Rule(
        "init-other-worktree",
        ERROR,
        "init wrote its files in another worktree than this.",
        "Uninstalling here would forget them there.",
        "Run `holdfast init --uninstall` in that worktree.",
    ),
)

CATALOGUE: tuple[Rule, ...] = (
    *_HEADER, *_FILE, *_NUMBERS, *_CONTENT, *_REFERENCES, *_TRANSITIONS, *_INDEX, *_COMMITS, *_GUIDE, *_CONFIG, *_INIT,
)  # fmt: skip
"""All rules, in the order in which they are documented."""

BY_CODE = {rule.code: rule for rule in CATALOGUE}
CODES = frozenset(BY_CODE)
