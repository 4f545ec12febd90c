"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import subprocess


def describe() -> dict[str, str]:
    """System, processor, cores, Python and git, each as text."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count() or "unknown"),
        "python": platform.python_version(),
        "git": (git.split() or ["unknown"])[-1],
    }


BUSY = 0.8
"""The load per core above which differences of a few milliseconds say little; the benchmarks alone make about 0.6."""


def load() -> float:
    """How busy the machine was over the last minute: processes at work per core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown"
