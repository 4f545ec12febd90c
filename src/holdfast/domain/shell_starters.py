"""Commands that start others: where what they start stands among their words."""

from __future__ import annotations

from holdfast.domain.value import NamedTuple


class Starter(NamedTuple):
    """A command that starts another: its options that take a value, how many words follow, whether it also sets variables.

    `folder` is the option that names the folder to go to; `more` is true where further arguments come from elsewhere.
    """

    values: frozenset[str] = frozenset()
    skips: int = 0
    sets: bool = False
    folder: tuple[str, ...] = ()
    more: bool = False


def _starter(values: str = "", skips: int = 0, sets: bool = False, folder: str = "", more: bool = False) -> Starter:
    return Starter(frozenset(values.split()), skips, sets, tuple(folder.split()), more)


STARTERS = {
    "sudo": _starter(
        "-u -g -h -p -C -r -t -T -U -R --user --group --host --prompt --role --type --other-user", 0, True, "-D --chdir"
    ),
    "doas": _starter("-u -C"),
    "env": _starter("-u --unset", 0, True, "-C --chdir"),
    "command": _starter(),
    "builtin": _starter(),
    "exec": _starter("-a"),
    "nohup": _starter(),
    "time": _starter("-o -f --output --format"),
    "nice": _starter("-n --adjustment"),
    "ionice": _starter("-c -n -p --class --classdata"),
    "timeout": _starter("-s -k --signal --kill-after", 1),
    "gtimeout": _starter("-s -k --signal --kill-after", 1),
    "setsid": _starter(),
    "stdbuf": _starter("-i -o -e --input --output --error"),
    "chronic": _starter(),
    "caffeinate": _starter("-t -w"),
    "xargs": _starter(
        "-I -n -P -L -s -d -a -E -J -R --replace --max-args --max-procs --max-lines --max-chars --delimiter --arg-file", more=True
    ),
}  # fmt: skip
