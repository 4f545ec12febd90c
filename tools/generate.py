"""Write what is generated from the code, or check that it is up to date: schemas, the page of rules, README output."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from holdfast.domain.codes import ALL
from holdfast.domain.rules.catalogue import CATALOGUE, Rule
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
    files[ROOT / "docs/rules.md"] = rules_page()
    readme = ROOT / "README.md"
    files[readme] = with_demo(readme.read_text("utf-8"))
    return files


def rules_page() -> str:
    """The page of all rules and of what else refuses a command, one anchor a code."""
    lines = [
        "# Rules",
        "",
        "Written from `src/holdfast/domain/codes.py` and what it names by `make generate`; do not edit.",
        "The severity is the default; `[rules]` in `holdfast.toml` changes it to `error`, `warning` or `off`.",
        "`holdfast explain CODE` prints one entry.",
        "",
    ]
    for rule in CATALOGUE:
        lines += described(rule)
    lines += ["# Refusals of commands", "", "What only refuses a command; nothing turns these off.", ""]
    for rule in ALL[len(CATALOGUE) :]:
        lines += described(rule)
    return "\n".join(lines)


def described(rule: Rule) -> list[str]:
    """One entry of the page."""
    lines = [
        f"## {rule.code}",
        "",
        f"**{rule.title}** ({rule.severity})",
        "",
        rule.consequence,
        "",
        f"*Remedy:* {rule.remedy}",
        "",
    ]
    if rule.mend:
        lines += [f"*`holdfast check --mend`* {rule.mend}.", ""]
    return lines


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
