"""The message of a commit: tagged with the plan that its branch claims, refused when it refers to nothing."""

from __future__ import annotations

from holdfast.adapters import files
from holdfast.adapters.git import decode, encode
from holdfast.domain import message as messages
from holdfast.domain.problem import Problem, errors
from holdfast.domain.rules.finding import finding
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import history
from holdfast.usecases.commit_gate import Verdict
from holdfast.usecases.workspace import branch

if TYPE_CHECKING:
    from holdfast.domain.plan_set import History
    from holdfast.usecases.configured import Configured
    from holdfast.usecases.workspace import Workspace


def check(place: Workspace, path: str) -> Verdict:
    """The commit-msg hook: judge the message in the file `path`, and put the plan's tag before its subject."""
    configured = place.configurations.of_tree("")
    policy = configured.policy
    raw = files.read(path) or b""
    text = decode(raw)
    comment = _comment_character(place, text)
    numbers = _Numbers(place, configured)
    claimed = messages.claimed_plan(branch(place) or "")
    if claimed is not None and policy.tag_commits and numbers.exists(claimed):
        text = messages.tagged(text, claimed, policy.tags, comment)
    found: list[Problem] = []
    for reference in messages.references(text, comment):
        if not numbers.exists(reference.number):
            found += finding(
                policy, "message-reference", f"#{reference.number}",
                f"the message refers to plan #{reference.number}, which never existed",
                line=reference.line, column=reference.column,
            )  # fmt: skip
    if policy.require_tag and messages.needs_tag(text, policy.tags, comment):
        words = ", ".join(f"`[{tag}]`" for tag in policy.tags)
        found += finding(
            policy,
            "tag-missing",
            "tag",
            "the message names no plan",
            f"begin it with `[Plan #N]`{' or ' + words if words else ''}",
        )
    refused = tuple(errors(found))
    if not refused and encode(text) != raw:
        files.put(path, files.State(encode(text), files.state(path).mode))
    return Verdict(refused, tuple(one for one in found if one not in refused), 0)


def _comment_character(place: Workspace, text: str) -> str:
    """What begins a comment line; empty when no editor was opened, and then a line of `#` is text (git sets `:`)."""
    if place.environment.get("GIT_EDITOR") == ":":
        return ""
    chosen = place.git.config("core.commentChar") or "#"
    if chosen != "auto":
        return chosen
    # git took a character that no line began with; its own hints, which end the file, begin with it.
    lines = text.rstrip().splitlines()
    return lines[-1][0] if lines and lines[-1][0] in _CANDIDATES else "#"


_CANDIDATES = "#;@!$%^&|:"
"""Comment characters that git chooses from (builtin/commit.c, adjust_comment_line_char)."""


class _Numbers:
    """The plan numbers that are here or ever were, each source asked only when it is needed."""

    def __init__(self, place: Workspace, configured: Configured) -> None:
        self.place = place
        self.configured = configured
        self.here: set[int] | None = None
        self.ever: History | None = None

    def exists(self, number: int) -> bool:
        if self.here is None:
            self.here = self._in_index()
        if number in self.here:
            return True
        if self.ever is None:
            self.ever = history.read(self.place.observer, self.configured)
        ever = self.ever
        return not ever.complete or any(ever.slugs(folder.path, number) for folder in self.configured.policy.folders)

    def _in_index(self) -> set[int]:
        found = set()
        for folder in self.configured.policy.folders:
            for entry in self.place.git.staged([folder.path or "."]):
                number = folder.number_of(entry.path)
                if number is not None:
                    found.add(number)
        return found
