"""Write what is generated from the code, or check that it is up to date: schemas, guide, reference, plugin, README output."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import plugin
import reference
from holdfast.usecases.guide.texts import pages
from schemas import schemas

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write the files; with `--check` change nothing, and give 1 when one is out of date."""
    check = "--check" in sys.argv[1:]
    stale = []
    for path, text in generated().items():
        there = path.read_text("utf-8") if path.exists() else ""
        if there == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"{'out of date' if check else 'wrote'}: {name}")
    if check and stale:
        print("run `make generate` and commit the files")
    return 1 if check and stale else 0


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    files = {
        ROOT / "src/holdfast/schemas" / f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }
    for more in (pages(), reference.pages(), plugin.files()):
        files.update({ROOT / path: text for path, text in more.items()})
    readme = ROOT / "README.md"
    files[readme] = with_demo(readme.read_text("utf-8"))
    return files


def with_demo(readme: str) -> str:
    """The README with the output of the demo between its markers."""
    from holdfast.entrypoints import render
    from holdfast.usecases import demo

    shapes = {"scene": "\n# {}", "command": "{}", "output": "{}", "surprise": "!! {}"}
    played = "\n".join(shapes[line.kind].format(render.shown(line.text)) for line in demo.play(os.environ)).strip()
    block = f"<!-- demo: written by `make generate` -->\n```console\n{played}\n```\n<!-- /demo -->"
    return re.sub(r"<!-- demo:.*?<!-- /demo -->", lambda _: block, readme, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
