"""Hold today's JSON Schemas against the frozen ones: within a version a document only gains optional fields.

Whoever reads `holdfast.<name>/1` goes on reading it: no field goes, gets another name or may be absent where it could not,
no value that was allowed is one no more. Anything else is a new version, `holdfast.<name>/2`. The frozen schemas are in
tests/contracts.json; `python tools/kept.py --freeze` adds what is new, and nothing else. Until the first release
`--freeze --anew` writes all of them again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import schemas

ROOT = Path(__file__).parent.parent
FROZEN = ROOT / "tests/contracts.json"
Schema = dict[str, Any]


def main() -> int:
    """Say what is broken, and give 1; with `--freeze` write the schemas that keep what was promised."""
    frozen = {} if "--anew" in sys.argv[1:] else json.loads(FROZEN.read_text("utf-8"))
    if not frozen and subprocess.run(["git", "tag", "--list", "v*"], cwd=ROOT, capture_output=True, check=True).stdout:
        print("refused: `--anew`\n   why:  a version was released, and people rely on it\n   next: make a new version")
        return 1
    today = schemas()
    broken = [text for name, old in frozen.items() for text in lost(old, today.get(name), name)]
    print("\n".join(broken) if broken else "every promise is kept")
    if not broken and "--freeze" in sys.argv[1:]:
        lines = [f"{json.dumps(name)}: {json.dumps(today[name])}" for name in sorted(today)]
        FROZEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 1 if broken else 0


def lost(old: Schema, new: Schema | None, where: str) -> Iterator[str]:
    """What was promised at `where` and is no more, a line for each."""
    if new is None:
        yield f"{where}: is gone"
    elif "anyOf" in old:
        for at, part in enumerate(old["anyOf"]):
            yield from lost(part, new, f"{where}|{at}" if len(old["anyOf"]) > 1 else where)
    elif "anyOf" in new:
        found = [list(lost(old, part, where)) for part in new["anyOf"]]
        yield from () if [] in found else min(found, key=len)
    else:
        yield from _lost_here(old, new, where)


def _lost_here(old: Schema, new: Schema, where: str) -> Iterator[str]:
    for key in ("$id", "const", "type", "pattern"):
        if key in new and new[key] != old.get(key):
            yield f"{where}: its {key} was {old.get(key)!r} and is {new[key]!r}"
    if "enum" in new and not _values(old) <= _values(new):
        yield f"{where}: {sorted(map(str, _values(old) - _values(new))) or 'any value'} was allowed and is not"
    if new.get("minimum", 0) > old.get("minimum", 0):
        yield f"{where}: the minimum was {old.get('minimum')} and is {new['minimum']}"
    for name in sorted({*old.get("required", ())} ^ {*new.get("required", ())}):
        yield f"{where}.{name}: {'may be absent now' if name in old.get('required', ()) else 'is new, and so must be optional'}"
    for name, field in old.get("properties", {}).items():
        yield from lost(field, new.get("properties", {}).get(name), f"{where}.{name}")
    if "items" in old:
        yield from lost(old["items"], new.get("items", {}), f"{where}[]")


def _values(schema: Schema) -> set[Any]:
    """The values that a schema names; one that no schema names where it names none."""
    return set(schema["enum"]) if "enum" in schema else {schema["const"]} if "const" in schema else {"any value"}


if __name__ == "__main__":
    sys.exit(main())
