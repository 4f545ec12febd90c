"""Run the tests with the real agents: install them from npm below `.agents/`, then `tests/test_agents_real.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".agents"
PACKAGES = (
    "@anthropic-ai/claude-code@2.1.197", "@google/gemini-cli@0.61.0", "@github/copilot@1.0.102", "opencode-ai@1.18.33",
    "@openai/codex@0.169.0",
)  # fmt: skip
"""The versions that the records in `domain/agents.py` were written from: about 1 GB."""


def main() -> int:
    """Install what is missing, and give the exit code of the tests."""
    wanted = "\n".join(PACKAGES)
    stamp = FOLDER / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        FOLDER.mkdir(exist_ok=True)
        words = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
        subprocess.run(words, check=True)
        stamp.write_text(wanted)
    tests = [sys.executable, "-m", "pytest", "-n1", "-m", "agents_real", "tests/test_agents_real.py", *sys.argv[1:]]
    return subprocess.run(tests, cwd=ROOT, env={**os.environ, "HOLDFAST_AGENTS": str(FOLDER)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
