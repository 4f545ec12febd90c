"""The machine and the account that this process runs on."""

from __future__ import annotations

import os


def name() -> str:
    """The name of this machine, as `socket.gethostname` gives it without its import."""
    return os.uname().nodename


def user() -> str:
    """The login name of the account that this process runs as, or its number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs under a bare number
        return str(os.getuid())
