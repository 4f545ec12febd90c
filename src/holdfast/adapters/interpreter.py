"""Which Python a path is: asked by running it."""

from __future__ import annotations

import subprocess

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT = 30


def version(python: str, environment: Mapping[str, str]) -> tuple[int, int] | None:
    """Major and minor version of the Python at the absolute path `python`, or None when it does not run."""
    question = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        done = subprocess.run(  # noqa: S603 - run as the hooks run it: no user site, no site packages
            [python, "-I", "-S", "-c", question],
            cwd="/",
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 2 or not all(word.isdigit() for word in words):
        return None
    return int(words[0]), int(words[1])
