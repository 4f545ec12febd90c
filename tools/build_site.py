"""Build the documentation site from docs/ into site/; any link or anchor that leads nowhere fails it.

zensical (from PyPI) makes the pages. It knows one folder, so what the site shows is gathered in `.site/` first: docs/, and
the texts at the top of the repository that pages link to. `../ARCHITECTURE.md` leads to the file where GitHub shows the
page, and to the site's own page where the site does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOP_PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Texts at the top of the repository which the site shows as `project/NAME`."""
WORKER = "https://unpkg.com/iframe-worker/shim"
"""What zensical's offline search would load from elsewhere; docs/assets/worker-from-file.js does the same."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)


def main() -> int:
    """Build the site, into `site/` or the folder that is named; gives 1 when anything is wrong with it."""
    target = Path(sys.argv[1] if sys.argv[1:] else ROOT / "site").resolve()
    scratch = target.parent / f".{target.name}"
    said, code = built(ROOT, scratch)
    if code == 0:
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch / "site", target)
        print(f"built: {target}/index.html")
    else:
        print(said, file=sys.stderr)
    shutil.rmtree(scratch, ignore_errors=True)
    return 1 if code else 0


def built(root: Path, scratch: Path) -> tuple[str, int]:
    """Build the site of a repository in a scratch folder, as its `site`: what zensical said, and 0 if nothing is wrong."""
    shutil.rmtree(scratch, ignore_errors=True)
    gather(root, scratch)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=scratch, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = _COLOUR.sub("", done.stdout + done.stderr).split("Traceback")[0]
    if done.returncode:
        return said, 1
    for page in (scratch / "site").rglob("*.html"):
        to_top = "../" * (len(page.relative_to(scratch / "site").parts) - 1)
        text = page.read_text("utf-8")
        page.write_text(text.replace(WORKER, f"{to_top}assets/worker-from-file.js"), "utf-8")
    return said, 0


def gather(root: Path, scratch: Path) -> None:
    """What the site is made of, in one folder: the pages, with links that lead there, and the settings."""
    docs = scratch / "docs"
    shutil.copytree(root / "docs", docs, ignore=shutil.ignore_patterns("zensical.toml"))
    for name in TOP_PAGES:
        (docs / "project").mkdir(exist_ok=True)
        shutil.copyfile(root / name, docs / "project" / name)
    for page in docs.rglob("*.md"):
        at = page.relative_to(docs)
        page.write_text(_relinked(page.read_text("utf-8"), at), "utf-8")
    settings = (root / "docs" / "zensical.toml").read_text("utf-8")
    (scratch / "zensical.toml").write_text(_without_missing(settings, docs), "utf-8")


def _relinked(text: str, at: Path) -> str:
    """A page's text with links to the texts at the top turned to where the site has them; code stays as it is."""
    stood = Path("docs") / at if at.parts[0] != "project" else Path(at.name)

    def turned(match: re.Match[str]) -> str:
        if "://" in match[2]:
            return match[0]
        meant = os.path.normpath(stood.parent / match[2])
        there = f"project/{meant}" if meant in TOP_PAGES else os.path.relpath(meant, "docs")
        return f"{match[1]}{os.path.relpath(there, at.parent)}{match[3]}"

    parts, last = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(turned, text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join(parts) + _LINK.sub(turned, text[last:])


def _without_missing(settings: str, docs: Path) -> str:
    """The settings without the entries of pages that nobody has written yet."""
    named = re.compile(r'^ *\{ ".*" = "(.*\.md)" \},\n', re.M)
    return named.sub(lambda entry: entry[0] if (docs / entry[1]).exists() else "", settings)


if __name__ == "__main__":
    sys.exit(main())
