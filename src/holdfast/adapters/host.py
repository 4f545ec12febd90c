"""The machine and the account that this process runs on."""

from __future__ import annotations

import os

from holdfast.domain.session import Machine


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


def machine(called: str = "") -> Machine:
    """Where process numbers of this system mean something; `called` is the host's name where another is wanted."""
    return Machine(called or name(), _line("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid"))


def _line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(100).strip()
    except OSError:
        return _booted()


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _booted() -> str:
    """When this system started, where nothing else tells one boot from another (no Linux)."""
    try:
        import psutil

        return str(int(psutil.boot_time()))
    except Exception:  # it is not there, or cannot read this system
        return ""
