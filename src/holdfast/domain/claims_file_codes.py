"""What can be wrong with a hand-kept claims file: entries like those of the rule catalogue, which nothing can turn off."""

from __future__ import annotations

from holdfast.domain.problem import ERROR
from holdfast.domain.rules.catalogue import Rule

_STAYS = "What is not understood could be a claim, so nothing was taken out of git."

MIGRATE_RULES: tuple[Rule, ...] = (
    Rule(
        "claims-file-empty",
        ERROR,
        "A claims file holds nothing.",
        "An empty file may be what a failed write left. " + _STAYS,
        "Put back what it held (`git log -p -- PATH`), write `claims: []`, or remove the file.",
    ),
    Rule(
        "claims-file-large",
        ERROR,
        "A claims file is larger than 256 KiB.",
        "No claims file is that large, and reading it would take minutes. " + _STAYS,
        "Remove what is no claim, such as old entries of `completed`.",
    ),
    Rule(
        "claims-file-not-utf8",
        ERROR,
        "A claims file is not valid UTF-8.",
        "Names of branches could be read wrongly. " + _STAYS,
        "Save the file as UTF-8.",
    ),
    Rule(
        "claims-file-conflict",
        ERROR,
        "A claims file holds conflict markers.",
        "Two versions stand in one file, and each may hold claims that the other lacks. " + _STAYS,
        "Resolve the conflict, keep the claims of both sides and remove the markers.",
    ),
    Rule(
        "claims-file-unmerged",
        ERROR,
        "git has not merged a claims file yet.",
        "git's index holds the sides of a conflict: taking them out could not be undone. " + _STAYS,
        "Resolve the conflict and run `git add PATH`.",
    ),
    Rule(
        "claims-file-no-file",
        ERROR,
        "A symlink, a folder, a device or something unreadable stands where a claims file is.",
        "What a symlink leads to need not belong to this repository. " + _STAYS,
        "Put a regular file there, or remove what stands there.",
    ),
    Rule(
        "claims-file-yaml",
        ERROR,
        "A claims file is not valid YAML.",
        "Nothing behind the mistake can be read. " + _STAYS,
        "Correct the line.",
    ),
    Rule(
        "claims-file-shorthand",
        ERROR,
        "A claims file uses an anchor, an alias or a tag.",
        "Aliases can make a small file expand without end, and tags can ask for code to run; neither is followed. "
        + _STAYS,
        "Write the value out.",
    ),
    Rule(
        "claims-file-documents",
        ERROR,
        "A claims file holds several YAML documents.",
        "Nobody can tell which of them counts. " + _STAYS,
        "Keep one document.",
    ),
    Rule(
        "claims-file-shape",
        ERROR,
        "Something else stands where a list or a mapping of claims is expected.",
        "Its claims cannot be told. " + _STAYS,
        "Write it as a list of entries with `cc_id`, `task` and `claimed_at`.",
    ),
    Rule(
        "claims-file-key",
        ERROR,
        "A claims file has a key that is unknown.",
        "What it means for the claim is unknown. " + _STAYS,
        "Remove the key, or correct its spelling.",
    ),
    Rule(
        "claims-file-key-twice",
        ERROR,
        "A key stands twice in one entry of a claims file.",
        "Each reader picks another of the two values. " + _STAYS,
        "Remove the one that is wrong.",
    ),
    Rule(
        "claims-file-field",
        ERROR,
        "An entry of a claims file lacks a field.",
        "Whose work it is, which or since when is unknown. " + _STAYS,
        "Add the field, or remove the entry.",
    ),
    Rule(
        "claims-file-value",
        ERROR,
        "A value in a claims file is of the wrong type.",
        "A guess could name another plan, branch or time. " + _STAYS,
        "Write text in quotes, a plan as a bare number, a time as `2026-01-13T19:30:32Z`.",
    ),
    Rule(
        "claims-file-ignore",
        ERROR,
        "A symlink, a folder or a device stands where `.gitignore` is.",
        "git would not read it, and `git add -A` would bring the claims file back. Nothing was changed.",
        "Put a regular file there.",
    ),
)
"""All of them, in the order in which they are documented."""
