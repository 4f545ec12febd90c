"""What git's hooks and the merge driver start: the standard library only, and nothing that is not needed."""

from __future__ import annotations

import gc
import os
import sys

if __name__ == "__main__":  # started as a file, with -I -S: nothing else tells where the package is
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from holdfast.usecases.after_commit import Report
    from holdfast.usecases.commit_gate import Verdict
    from holdfast.usecases.workspace import Workspace

_GATES = frozenset({"pre-commit", "commit-msg", "pre-merge-commit", "merge-driver", "check", "index"})


def main(arguments: Sequence[str]) -> int:
    """Serve one hook: its name, the process id of git, and the arguments that git gave it.

    Gives git's exit status: 1 refuses. A hook that cannot do its work refuses before a commit, and only says
    so after one.
    """
    name = arguments[0] if arguments else ""
    serve = _HOOKS.get(name)
    if name in _OF_GIT and not "".join(arguments[1:2]).isdigit():  # a hook manager knows no process of git
        arguments = [name, str(os.getppid()), *arguments[1:]]
    if serve is None or len(arguments) <= _NEEDED.get(name, 0):
        why = "only git starts it, with arguments of its own" if serve else "there is no such hook"
        _say(render.error(f"`holdfast hook {name}`", why, "run `git commit`, or `holdfast check --staged`"))
        return 2
    try:
        return serve(arguments[1:], os.environ)
    except Unable as error:
        text = render.error(
            f"Holdfast could not do its part in {name}", str(error), error.remedy or "run `holdfast check`"
        )
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        text = _bug(name, error)
    _say(text)
    return 1 if name in _GATES else 0


def _pre_commit(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment, asks_what_is_staged=True)
    from holdfast.usecases import commit_gate

    return _gate(commit_gate.before_commit(place, arguments[0]))


def _pre_merge_commit(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment, asks_what_is_staged=True)
    from holdfast.usecases import commit_gate

    return _gate(commit_gate.before_merge_commit(place))


def _commit_msg(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment)
    from holdfast.usecases import commit_message

    return _gate(commit_message.check(place, arguments[1]))


def _post_commit(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment)
    from holdfast.usecases import after_commit

    return _report(after_commit.after_commit(place, arguments[0]))


def _post_merge(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment)
    from holdfast.usecases import after_commit

    return _report(after_commit.after_merge(place))


def _post_rewrite(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment)
    from holdfast.usecases import after_commit

    return _report(after_commit.after_rewrite(place, sys.stdin.read().splitlines()))


def _post_applypatch(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    place = _begin(environment)
    from holdfast.usecases import after_commit

    return _report(after_commit.look(place, "HEAD"))


def _check(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """For hook managers: the gate, which stages nothing."""
    place = _begin(environment, asks_what_is_staged=True)
    from holdfast.usecases import commit_gate

    return _gate(commit_gate.judged(place, arguments[0]))


def _index(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """For hook managers: the gate before a commit or a merge commit, among what they do before and after it."""
    place = _begin(environment, asks_what_is_staged=True)
    from holdfast.usecases import managed

    return _gate(managed.gate(place, arguments[0]))


def _after(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """For hook managers: what comes after a commit, a merge or a rebase, whichever it was."""
    place = _begin(environment)
    from holdfast.usecases import managed

    return _report(managed.after(place, arguments[0]))


def _lefthook(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    from holdfast.usecases.setup import lefthook

    sys.stdout.write(lefthook.jobs())
    return 0


def _merge_driver(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    from holdfast.usecases import merge_driver

    base, ours, theirs = arguments[:3]
    return merge_driver.merge(os.getcwd(), environment, base, ours, theirs)


_HOOKS: dict[str, Callable[[Sequence[str], Mapping[str, str]], int]] = {
    "pre-commit": _pre_commit,
    "pre-merge-commit": _pre_merge_commit,
    "commit-msg": _commit_msg,
    "post-commit": _post_commit,
    "post-merge": _post_merge,
    "post-rewrite": _post_rewrite,
    "post-applypatch": _post_applypatch,
    "merge-driver": _merge_driver,
    "check": _check,
    "index": _index,
    "after": _after,
    "lefthook": _lefthook,
}

_NEEDED = {"commit-msg": 2, "merge-driver": 3}
"""How many arguments follow the name of a hook at least."""

_OF_GIT = frozenset({"pre-commit", "commit-msg", "post-commit", "check", "index", "after"})
"""Whose first argument is the process id of git, or of what git has started."""


def _begin(environment: Mapping[str, str], asks_what_is_staged: bool = False) -> Workspace:
    """Set git to work; the hook imports what it needs behind this, meanwhile."""
    from holdfast.usecases import begin

    return begin.in_hook(os.getcwd(), environment, asks_what_is_staged)


def _gate(verdict: Verdict) -> int:
    for problem in verdict.warnings:
        _say(render.warning(problem))
    if verdict.refused:
        _say(render.refusals(verdict.refused, _page()))
        return 1
    if verdict.older:
        _say(render.older(verdict.older))
    return 0


def _report(report: Report) -> int:
    if report.rebuilt:
        _say("holdfast: the plan index of this merge was wrong; the merge commit was made again with the right one")
    for problem in report.problems:
        _say(render.refusal(problem._replace(remedy=f"run `{report.mend}`"), "wrong", _page()))
    return 0


def _page() -> str:
    """The page that explains codes; looked for only where something is said."""
    from holdfast.usecases.guide import link

    return link.page(os.getcwd())


def _bug(name: str, error: Exception) -> str:
    from holdfast.usecases import bug_report

    where = bug_report.write(os.environ, f"hook {name}", error)
    return render.error(
        f"Holdfast failed in {name}: this is a bug in Holdfast",
        f"{type(error).__name__}: {error}",
        f"report it with {where}; to go on without the check: `git commit --no-verify`",
    )


def _say(text: str) -> None:
    sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


if __name__ == "__main__":
    gc.disable()  # a short life over many small values: looking for circles among them takes a fifth of the time
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # what is left is memory: taking it apart plan by plan takes as long as reading it
