"""Pages that are played: the console blocks of the documentation, typed line by line into real shells.

A prompt is `$ `, or `ada:notes$ ` where several work: who types, and the name of the folder they stand in (`~` at home).
Each of them has one shell that lives as long as the page, so whoever stands in a worktree really stands there. What the
page shows below a command is held against what the command said. `python tests/pages.py PAGE...` writes the real output
into the pages instead.

A comment above a block says what is not to be seen: `<!-- stage: NAME -->` is the repository in which the page begins
(`STAGES`), `<!-- before: COMMAND -->` what people have typed or edited meanwhile, `<!-- not run: WHY -->` leaves a block out.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from conftest import sealed
from holdfast.adapters import host

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))

_PROMPT = re.compile(r"(?:(?P<who>\w+):(?P<folder>[\w.~-]+))?\$ (?P<command>.*)")
_BLOCK = re.compile(r"((?:^<!-- (?:stage|before|not run): [^\n]* -->\n)*)^```console\n(.*?)^```$", re.M | re.S)
_END = re.compile(r"\x1e(\d+)\x1e(.*)\x1e\n$", re.S)
_HERE = re.compile(rf"(?<=@){re.escape(host.name())}\b|(?<=\bon ){re.escape(host.name())}\b")
_PATIENCE = 60.0

ALIKE = {
    "an object id": (r"\b(?=[a-f]*\d)[0-9a-f]{7,40}\b", "<id>"),
    "a moment": (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?Z?", "<moment>"),
    "a time of day": (r"\b\d\d:\d\d:\d\d\b", "<time>"),
    "how long ago": (r"\bjust now\b|\b\d+ (?:s|seconds?|min|minutes?) ago\b", "<ago>"),
    "how long": (r"\bfor (?:a moment|\d+ (?:s|seconds?|min|minutes?))\b", "for <long>"),
    "a process": (r"\bprocess \d+", "process <pid>"),
    "the width of a column": (r"(?<=\S) {2,}", "  "),
    "the space at the end of a line": (r"[ \t]+$", ""),
}
"""What differs from one run to the next, by name: the pattern, and what stands for it on both sides."""


_ADA = """git config --global user.name Ada && git config --global user.email ada@example.org
git config --global init.defaultBranch main
"""
_PLAN = "# Plan #{}: {}\\n\\n**Status:** {}\\n**Priority:** High\\n{}\\n## Plan\\n\\nStep by step.\\n"

STAGES = {
    "a project": _ADA
    + r"""
git init -q project && cd project
printf 'API=1\n' > .env && printf '.env\n' > .gitignore
git add -A && git commit -qm Begin""",
    "a project with a remote": _ADA
    + """
git init -q --bare server.git && git clone -q server.git project && cd project
echo 1 > app.py && git add -A && git commit -qm Begin && git push -q origin HEAD:main""",
    "an adopted project with a remote": _ADA
    + f"""
git init -q --bare server.git && git clone -q server.git project && cd project && mkdir -p docs/plans
printf '{_PLAN.format(1, "Parser", "Planned", "")}' > docs/plans/01_parser.md
holdfast init --yes && git add -A && git commit -qm Begin && git push -q origin HEAD:main && git fetch -q""",
    "a project with old plans": _ADA
    + f"""
git init -q project && cd project && mkdir -p docs/plans
printf '{_PLAN.format(1, "Parser", "📋 In Progress", "")}' > docs/plans/01_parser.md
printf '{_PLAN.format(2, "Printer", "Done", "**Blocked By:** #1")}' > docs/plans/02_printer.md
printf '# Plans\\n\\nAsk Grace first.\\n\\n| # | Plan | Status |\\n|---|---|---|\\n' > docs/plans/README.md
printf '| 1 | [Parser](01_parser.md) | Planned |\\n| 9 | [Gone](09_gone.md) | Done |\\n' >> docs/plans/README.md
git add -A && git commit -qm Begin""",
    "a project with records": _ADA
    + r"""
git init -q project && cd project && mkdir -p docs/adr
printf '# 1. Use git\n\n**Status:** Accepted\n\nWe use git.\n' > docs/adr/0001-use-git.md
printf '# 2. Use hooks\n\n**Status:** Proposed\n\nSee ADR-0001.\n' > docs/adr/0002-use-hooks.md
git add -A && git commit -qm Begin""",
    "a project that leaves": _ADA
    + f"""
git init -q project && cd project && mkdir -p docs/plans
printf '# Plans\\n\\n| # | Plan |\\n|---|---|\\n| 1 | [Parser](01_parser.md) |\\n' > docs/plans/README.md
printf '{_PLAN.format(1, "Parser", "Planned", "")}' > docs/plans/01_parser.md
printf '#!/bin/sh\\nexit 0\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit
git add -A && git commit -qm Begin
holdfast init --yes && git add -A && git commit -qm Adopt""",
}
"""The repositories in which how-to pages begin, as their reader has one: what is typed at home."""


class Typed(NamedTuple):
    """One command of a page: who types it and where, and what the page shows below it."""

    who: str
    folder: str
    command: str
    shown: str


class Block(NamedTuple):
    """One console block: the line it begins at, what is typed before it unseen, why it is not run, and its commands."""

    line: int
    before: tuple[str, ...]
    not_run: str
    typed: tuple[Typed, ...]


def blocks(text: str) -> list[Block]:
    """The console blocks of a page, in order."""
    found = []
    for match in _BLOCK.finditer(text):
        notes = re.findall(r"<!-- (stage|before|not run): (.*?) -->", match[1])
        before = tuple(STAGES[what] if kind == "stage" else what for kind, what in notes if kind != "not run")
        why = next((what for kind, what in notes if kind == "not run"), "")
        found.append(Block(text[: match.start()].count("\n") + 1, before, why, tuple(_typed(match[2]))))
    return found


def _typed(block: str) -> list[Typed]:
    """The commands of a block with what is shown below each; `> ` goes on with a command."""
    found: list[Typed] = []
    for line in block.splitlines():
        begins = _PROMPT.fullmatch(line)
        if begins:
            found.append(Typed(begins["who"] or "", begins["folder"] or "", begins["command"], ""))
        elif found and line.startswith("> ") and not found[-1].shown:
            found[-1] = found[-1]._replace(command=found[-1].command + "\n" + line[2:])
        elif found:
            found[-1] = found[-1]._replace(shown=found[-1].shown + line + "\n")
        else:
            raise ValueError(f"a console block begins with a prompt, not with {line!r}")
    return found


class Shell:
    """A shell that lives on between commands, as that of somebody at a terminal."""

    def __init__(self, home: Path, env: dict[str, str]) -> None:
        self.home = home
        self.process = subprocess.Popen(
            ["sh"], cwd=home, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.folder = str(home)

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of a command and all that it said, in the order in which it said it."""
        assert self.process.stdin is not None
        script = f'{{ {command}\n}} </dev/null\nprintf \'\\036%s\\036%s\\036\\n\' "$?" "$PWD"\n'
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        said = self._until_end(command)
        code, self.folder = (match := _END.search(said))[1], match[2]  # type: ignore[index]
        return int(code), _END.sub("", said)

    def _until_end(self, command: str) -> str:
        assert self.process.stdout is not None
        said, until = b"", time.monotonic() + _PATIENCE
        while not said.endswith(b"\x1e\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, until - time.monotonic()))
            part = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not part:
                raise AssertionError(f"no end of `{command}` after: {said.decode()}")
            said += part
        return said.decode()

    def close(self) -> None:
        """End the shell."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Stage:
    """A sealed home with real git, and the shells of those who work there."""

    def __init__(self, top: Path) -> None:
        self.home = Path(os.path.realpath(top)) / "you"
        own = {key: value for key, value in sealed(self.home).items() if not key.startswith(("GIT_AUTHOR", "GIT_COMM"))}
        self.env = {**own, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.shells: dict[str, Shell] = {}

    def shell(self, who: str) -> Shell:
        """The shell of a worker, who begins at home."""
        if who not in self.shells:
            self.shells[who] = Shell(self.home, self.env)
        return self.shells[who]

    def said(self, typed: Typed) -> tuple[int, str]:
        """What a command really says, with this machine's home and name as those of the page's."""
        code, said = self.shell(typed.who).run(typed.command)
        said = _HERE.sub("laptop", said.replace(str(self.home), "/home/you"))
        return code, said if not said or said.endswith("\n") else said + "\n"

    def stands(self, typed: Typed) -> str:
        """The name of the folder in which whoever types a command stands."""
        folder = self.shell(typed.who).folder
        return "~" if folder == str(self.home) else os.path.basename(folder)

    def close(self) -> None:
        """End the shells."""
        for shell in self.shells.values():
            shell.close()


def alike(text: str) -> str:
    """A text without what differs from one run to the next."""
    for pattern, instead in ALIKE.values():
        text = re.sub(pattern, instead, text, flags=re.M)
    return text


def differences(page: Path, top: Path, every_word: bool) -> list[str]:
    """Play a page; where it does not say what really happens. Without `every_word` a command may show nothing."""
    stage, wrong = Stage(top), []
    try:
        for block in blocks(page.read_text("utf-8")):
            _prepare(stage, block)
            for typed in block.typed if not block.not_run else ():
                where = f"{page.name}:{block.line}: `{typed.command}`"
                if typed.folder and typed.folder != stage.stands(typed):
                    wrong.append(f"{where} is typed in {stage.stands(typed)}, not in {typed.folder}")
                code, said = stage.said(typed)
                if not typed.shown and not every_word:
                    if code:
                        wrong.append(f"{where} ended with {code}:\n{said}")
                elif alike(said) != alike(typed.shown):
                    wrong.append(f"{where}: the page shows\n{typed.shown}\nreally it is\n{said}")
    finally:
        stage.close()
    return wrong


def _prepare(stage: Stage, block: Block) -> None:
    """What people have done before they come to a block; it must succeed."""
    who = block.typed[0].who
    for command in block.before:
        code, said = stage.shell(who).run(command)
        assert code == 0, f"before line {block.line}: {command}\n{said}"


def written(page: Path, top: Path, every_word: bool) -> str:
    """The page with what really happens below each command, where it shows something else."""
    stage = Stage(top)

    def played(match: re.Match[str]) -> str:
        block = blocks(match[0])[0]
        _prepare(stage, block)
        if block.not_run:
            return match[0]
        lines = [_again(stage, typed, every_word) for typed in block.typed]
        return f"{match[1]}```console\n{''.join(lines)}```"

    try:
        return _BLOCK.sub(played, page.read_text("utf-8"))
    finally:
        stage.close()


def _again(stage: Stage, typed: Typed, every_word: bool) -> str:
    prompt = f"{typed.who}:{stage.stands(typed)}$ " if typed.who else "$ "
    code, said = stage.said(typed)
    if code:
        print(f"{typed.command!r} ended with {code}", file=sys.stderr)
    keep = alike(said) == alike(typed.shown) or not (typed.shown or every_word)
    return prompt + typed.command.replace("\n", "\n> ") + "\n" + (typed.shown if keep else said)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            Path(name).write_text(written(Path(name), Path(scratch), Path(name).resolve() == TUTORIAL), "utf-8")
