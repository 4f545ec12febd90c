"""The plugin for Claude Code: hooks, a skill and two commands, all computed; and the marketplace file that names it.

How a plugin is laid out: code.claude.com/docs/en/plugins-reference; a marketplace: code.claude.com/docs/en/plugin-marketplaces.
`make agents-real` has Claude Code itself validate both.
"""

from __future__ import annotations

import json

from holdfast import __version__
from holdfast.domain.agent_settings import registered
from holdfast.domain.agents import CLAUDE
from holdfast.usecases.guide import texts

_WHAT = "Plans, claims and worktrees that cannot drift, while several people and agents work in one repository"
_AUTHOR = {"name": "The Holdfast maintainers"}

_SKILL = """---
name: holdfast
description: >-
  How to take, do and finish a plan where Holdfast keeps plans, claims and worktrees. Use it in a repository with a
  holdfast.toml: before work on a plan begins, when a holdfast command or one of its hooks refuses something, and before a
  worktree or a branch is removed.
---

"""

_START = """---
description: Take a plan and work on it in its own worktree
argument-hint: "[N]"
allowed-tools: Bash(holdfast start:*), Bash(holdfast plan:*), Bash(holdfast status:*), Bash(holdfast claims:*)
---

Take a plan with Holdfast and do it. The plan that is asked for (nothing: the most urgent one): $ARGUMENTS

1. `holdfast start N` takes the plan N, `holdfast start --next` the most urgent one that is ready. It prints the path of the
   plan's worktree: work there and nowhere else.
2. Exit code 4: somebody was faster. Take another one with `holdfast start --next`. Any other refusal says what to do after
   `next:`; where `who` is `human` in `holdfast start N --json`, stop and ask.
3. `holdfast plan show N` prints the plan. Read it whole, say in two sentences what you will do, and begin.
4. Commit often, each time with the plan's number: `git commit -m "[Plan #N] What it does"`.
"""

_FINISH = """---
description: Validate a plan's work, merge it once and clean up
argument-hint: "[N]"
allowed-tools: Bash(holdfast finish:*), Bash(holdfast plan:*), Bash(holdfast check:*), Bash(holdfast status:*)
---

Finish a plan with Holdfast. The plan (nothing: the one of this worktree): $ARGUMENTS

1. Commit what belongs to it; `git status` shows nothing else.
2. `holdfast finish N --dry-run` says everything that still speaks against the merge. Mend each point as its `next:` says;
   where `who` is `human` in `holdfast finish N --dry-run --json`, stop and ask.
3. Run the project's tests. Then `holdfast plan set N --status complete --evidence "what you ran, what it said"`, commit
   that, and `git push` where there is a remote.
4. `holdfast finish N` merges once and cleans up. Where requests are reviewed, `holdfast finish N --request` opens one, and
   nothing is merged. Was it cut off: `holdfast finish --resume`.
5. Say what was merged, and where you stand now: `holdfast status`.
"""


def files() -> dict[str, str]:
    """Each file of the plugin and of the marketplace by its path from the top of the repository."""
    manifest = {
        "name": "holdfast",
        "version": __version__,
        "description": _WHAT,
        "author": _AUTHOR,
        "license": "MIT",
        "keywords": ["git", "worktree", "plans", "hooks"],
    }
    market = {
        "name": "holdfast",
        "owner": _AUTHOR,
        "metadata": {"description": _WHAT, "version": __version__},
        "plugins": [{"name": "holdfast", "source": "./plugin", "description": _WHAT, "version": __version__}],
    }
    hooks = {"description": "Holdfast hears of each session, and refuses what would harm others' work"}
    return {
        ".claude-plugin/marketplace.json": _json(market),
        "plugin/.claude-plugin/plugin.json": _json(manifest),
        "plugin/hooks/hooks.json": _json({**hooks, **json.loads(registered("", CLAUDE))}),
        "plugin/skills/holdfast/SKILL.md": _SKILL + _guide() + "\n",
        "plugin/commands/start.md": _START,
        "plugin/commands/finish.md": _FINISH,
    }


def _guide() -> str:
    """What agents have to know, as it stands in CLAUDE.md, without the marks around it."""
    lines = texts.ours().block.strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith("<!--")).strip()


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
