"""Print requirements of pyproject.toml, one a line, for a pip that knows no groups: those of the groups named, else `dev`."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
print("\n".join(line for group in sys.argv[1:] or ["dev"] for line in project["dependency-groups"][group]))
