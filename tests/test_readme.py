"""What the README tells people to type works, in its order, in one repository with a remote."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from claiming import Clone
from conftest import Repo, plan_text, sealed

README = Path(__file__).parent.parent / "README.md"

_BETWEEN = {
    "holdfast ci": 'cd "$top" && git fetch -q',
    "cd": 'git push -q origin HEAD:main && cd "$top"',
    "holdfast worktree list": 'cd "$top" && holdfast start 12 >/dev/null',
    "holdfast agents": 'cd "$top"',
    "holdfast finish": (
        'cd "$(holdfast resume 12)" && holdfast plan set 12 --status complete --evidence "212 passed" '
        '&& echo done > done.txt && git add -A && git commit -qm Done && git push -q origin HEAD && cd "$top"'
    ),
}
"""What people have done before they come to a block, by how it begins."""


def blocks() -> list[list[str]]:
    """The commands of each block, without those that install Holdfast or play the demo."""
    text = re.sub(r"<!-- demo:.*?<!-- /demo -->", "", README.read_text(), flags=re.S)
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.S):
        lines = [re.sub(r"\s+#.*", "", line.removeprefix("$ ")) for line in block.splitlines()]
        found.append([line for line in lines if not line.startswith(("make ", "pip ", "cd .."))])
    return [lines for lines in found if lines]


def test_every_command_of_the_readme_works(tmp_path: Path) -> None:
    env = sealed(tmp_path / "home")
    Repo(tmp_path, env).git("init", "-q", "--bare", "-b", "main", "remote.git")
    Repo(tmp_path, env).git("clone", "-q", "remote.git", "project")
    clone = Clone(tmp_path / "project", env)
    clone.git("checkout", "-q", "-b", "main")
    clone.write("docs/plans/12_parser.md", plan_text(12, "Parser"))
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Begin")
    script = ["set -e", f'holdfast() {{ "{sys.executable}" -m holdfast "$@"; }}', "top=$PWD"]
    ran = []
    for lines in blocks():
        before = next((what for how, what in _BETWEEN.items() if lines[0].startswith(how)), "")
        script += [line + " --yes" if line == "holdfast init" else line for line in (before, *lines)]
        ran += [line for line in lines if "holdfast" in line]
    assert len(ran) >= 14, ran
    done = clone.run("sh", "-c", "\n".join(script))
    assert done.code == 0, done
    assert "Traceback" not in done.err
