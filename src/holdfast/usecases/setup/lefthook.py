"""lefthook: its configuration calls our hooks too, because it puts aside what stands where it writes its own.

`lefthook install`, and so each `npm install` of it, renames our hooks to NAME.old and never starts them. A file of jobs that
lefthook's own configuration extends (https://lefthook.dev/configuration/extends/) calls the copies of our hooks then; a job
does nothing where ours stands in its place, or where Holdfast is not set up.
"""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.files import State
from holdfast.adapters.git import decode, encode
from holdfast.domain import takeover
from holdfast.domain.yaml_nodes import Mapping, Scalar, tree
from holdfast.usecases.setup.hook_files import HOOKS
from holdfast.usecases.setup.proposal import LINES, Edit, Proposal, Site, Step

JOBS = "lefthook-holdfast.yml"
"""The file of our jobs, at the top of the worktree, for the team to commit."""
LINE = f"extends: [{JOBS}]"
"""The line of lefthook's configuration that brings them in."""

NAMES = tuple(
    lead + ending
    for lead in ("lefthook", ".lefthook", ".config/lefthook")
    for ending in (".yml", ".yaml", ".json", ".jsonc", ".toml")
)
"""The files, from the top of a worktree, that configure lefthook (https://lefthook.dev/configuration/)."""
_PLAIN = (".yml", ".yaml")
_HEAD = """\
# Holdfast's hooks, where lefthook has put its own in their place (see `holdfast init`). To take them out: delete this file,
# and the line `extends` that names it. Where Holdfast is not set up they do nothing.
"""
_JOB = """\
{name}:
  jobs:
    - name: holdfast
{stdin}      run: |
        hook=$(git rev-parse --git-path hooks/{name})
        copy=$(git rev-parse --git-common-dir)/holdfast/hooks/{name}
        grep -qs "^# holdfast hook" "$hook" || [ ! -x "$copy" ] || "$copy"{arguments}
"""
_ARGUMENTS = {"commit-msg": ' "{1}"', "post-merge": " {1}", "post-rewrite": " {1}"}


def configuration(top: str) -> str:
    """The file that configures lefthook here, from the top; empty for none."""
    return next((name for name in NAMES if os.path.isfile(os.path.join(top, name))), "")


def jobs() -> str:
    """The text of our jobs."""
    each = (
        _JOB.format(
            name=name, arguments=_ARGUMENTS.get(name, ""), stdin="      use_stdin: true\n" * name.endswith("rewrite")
        )
        for name in HOOKS
    )
    return _HEAD + "".join(each)


def calls_us(top: str) -> bool:
    """True where lefthook's configuration names our jobs, and they are there."""
    text = decode(files.read(os.path.join(top, configuration(top) or JOBS)) or b"")
    there = os.path.isfile(os.path.join(top, JOBS))
    return there and any(JOBS in line and not line.lstrip().startswith("#") for line in text.splitlines())


def notes(top: str, adopts: bool) -> list[str]:
    """What to do about lefthook where its configuration does not call us and `init` does not see to it, as `adopts` tells."""
    name = configuration(top)
    if adopts or not name or calls_us(top):
        return []
    return [
        f"lefthook manages hooks here: they go on running. After each `lefthook install`: `holdfast init --local`, or once: "
        f"`holdfast hook lefthook > {JOBS}`, and `{LINE}` in {name}"
    ]


def propose(site: Site) -> Proposal:
    """Our jobs, and the line that brings them in: added where that leaves everything else as it is, else said."""
    name = configuration(site.top)
    if not name or calls_us(site.top):
        return Proposal()
    path, config = os.path.join(site.top, JOBS), os.path.join(site.top, name)
    there, now = files.state(path), files.state(config)
    after = State(encode(jobs()))
    create = Step("create", path, f"write {JOBS}: jobs by which lefthook calls our hooks once it has written its own")
    steps = [] if there.same(after) else [create]
    edits = [] if there.same(after) else [Edit(LINES, path, there, after)]
    longer = extended(now.content) if name.endswith(_PLAIN) else None
    if longer is None:
        note = (
            f"add {JOBS} to `extends` in {name}: until then, run `holdfast init --local` after each `lefthook install`"
        )
        return Proposal(tuple(steps), notes=(note,), edits=tuple(edits))
    step = Step("edit", config, f"add the line `{LINE}` to {name}")
    edit = Edit(LINES, config, now, State(longer, now.mode), lines=(LINE,))
    return Proposal((*steps, step), edits=(*edits, edit))


def extended(content: bytes | None) -> bytes | None:
    """lefthook's configuration in YAML with our line at its end; None where that could mean anything else than one key more."""
    if content is None:
        return None
    before = tree(content)
    if not isinstance(before, Mapping) or any(
        isinstance(key, Scalar) and key.text == "extends" for key, _ in before.pairs
    ):
        return None
    longer = encode(takeover.with_lines(decode(content), [LINE]))
    after = tree(longer)
    if not isinstance(after, Mapping) or after.pairs[:-1] != before.pairs or len(after.pairs) != len(before.pairs) + 1:
        return None
    key = after.pairs[-1][0]
    return longer if isinstance(key, Scalar) and key.text == "extends" else None
