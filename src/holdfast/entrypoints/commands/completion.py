"""What a shell needs to complete the words of Holdfast: commands, flags, plans, claims, branches, codes."""

from __future__ import annotations

from importlib import resources

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import face

if TYPE_CHECKING:
    import argparse

    from holdfast.entrypoints.face import Face

SHELLS = ("bash", "zsh", "fish")
EXAMPLE = """example: holdfast completion bash

a line for the file that your shell reads when it starts:
  bash   ~/.bashrc                   eval "$(holdfast completion bash)"
  zsh    ~/.zshrc, behind compinit   eval "$(holdfast completion zsh)"
  fish   ~/.config/fish/config.fish  holdfast completion fish | source

At each Tab the shell asks Holdfast what can follow, so the line stays right
when Holdfast, its commands or the plans change."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The argument of `completion`."""
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(face_: Face, parsed: argparse.Namespace) -> int:
    """Print the text that the shell is to read."""
    script = (resources.files("holdfast") / "completions" / f"holdfast.{parsed.shell}").read_text("utf-8")
    if face_.json:
        face_.document("completion", {"shell": parsed.shell, "script": script})
    else:
        face_.data(script)
    return face.DONE
