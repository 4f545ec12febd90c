"""Every exit code of the public contract once: what it means, what was done, what to do."""

from __future__ import annotations

from holdfast.domain.value import NamedTuple


class Exit(NamedTuple):
    """One exit code, as the word that `explain` is asked for."""

    code: str
    title: str
    consequence: str
    remedy: str

    @property
    def anchor(self) -> str:
        """Its place in the recovery page."""
        return f"exit-{self.code}"


EXITS: tuple[Exit, ...] = (
    Exit("0", "done, or nothing to do", "There is no problem of error level.", "Go on."),
    Exit(
        "1",
        "refused, or problems",
        "Nothing was changed.",
        "Do what the `next:` lines say, and run the command again.",
    ),
    Exit("2", "the command line is wrong", "Nothing was done.", "Run the command with `--help`."),
    Exit(
        "3",
        "a bug in Holdfast",
        "A report was written; the message says where.",
        "Send the report; nothing was half done.",
    ),
    Exit("4", "lost a race", "Someone else got it first.", "Try another; it is safe to run the command again."),
    Exit(
        "5",
        "could not reach the remote or write to `.git`",
        "Nothing was changed (no network, a sandbox, a read-only folder).",
        "Run it again where the remote and `.git` can be reached.",
    ),
    Exit(
        "130",
        "interrupted",
        "Nothing is half done that the next run does not finish.",
        "Run the command again.",
    ),
)

BY_CODE = {one.code: one for one in EXITS}
