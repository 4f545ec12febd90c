"""Commands run by the shell: the user's own, after they were approved, and those that agents have for their hooks."""

from __future__ import annotations

import contextlib
import os
import signal

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERDUE = 124


def run(command: str, cwd: str, environment: Mapping[str, str], timeout: int) -> int:
    """Run a command of the user's to its end; what it says goes to standard error.

    Gives its exit code, 124 when it was ended after `timeout` seconds (as timeout(1) has it).
    """
    import subprocess  # only where a command is configured: it takes 4 ms

    process = subprocess.Popen(  # noqa: S603 - a command that its user approved, word for word
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=2,
        start_new_session=True,
    )
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return OVERDUE
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answer(command: str, cwd: str, environment: Mapping[str, str], given: str, timeout: int) -> str:
    """What a command answers on standard output to a text on standard input; nothing where it fails or takes too long."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603 - our own hook, by the line that we wrote into the settings
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(given.encode(), timeout)
    except subprocess.TimeoutExpired:
        return ""
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return out.decode("utf-8", "replace") if process.returncode == 0 else ""
