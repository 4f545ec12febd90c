"""What the rules find of the guide in the files of a tree."""

from __future__ import annotations

import pytest

from holdfast.domain import guide, policy
from holdfast.domain.guide import AGENTS, CLAUDE, PROCESS, RECOVERY
from holdfast.domain.rules.guide import check

OURS = guide.Texts(guide.block("Block.\n"), guide.page("# Process\n"), guide.page("# Recovery\n"))
BLOCK = OURS.block
OLD, NEWER = (guide.block("Else.\n").replace("guide 1", f"guide {version}", 1) for version in (0, 7))
ALL = {CLAUDE: f"@AGENTS.md\n{BLOCK}\n", AGENTS: f"# Mine\n\n{BLOCK}\n", PROCESS: OURS.process, RECOVERY: OURS.recovery}
NONE = dict.fromkeys(ALL)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (ALL, []),
        (NONE, []),
        ({**NONE, CLAUDE: "# Mine\n", PROCESS: "# Ours\n"}, []),  # nobody asked for the guide
        ({**NONE, PROCESS: OURS.process}, []),
        ({**ALL, CLAUDE: None}, []),
        ({**ALL, PROCESS: "# Ours\n"}, []),
        ({**ALL, AGENTS: NEWER, RECOVERY: OURS.recovery.replace("guide 1", "guide 2", 1)}, []),
        ({**ALL, AGENTS: f"a\n\n{BLOCK.replace('Block', 'Mine')}"}, [("guide-edited", AGENTS, 3)]),
        ({**ALL, RECOVERY: OURS.recovery + "Mine.\n"}, [("guide-edited", RECOVERY, 1)]),
        ({**ALL, CLAUDE: OLD}, [("guide-outdated", CLAUDE, 1)]),
        ({**ALL, CLAUDE: f"{BLOCK}\n{BLOCK}"}, [("guide-broken", CLAUDE, 1)]),
        ({**NONE, AGENTS: BLOCK}, [("guide-missing", PROCESS, None), ("guide-missing", RECOVERY, None)]),
        (
            {**ALL, AGENTS: BLOCK.split("\n")[0], PROCESS: None},
            [("guide-broken", AGENTS, 1), ("guide-missing", PROCESS, None)],
        ),
    ],
)
def test_the_guide_in_the_files_of_a_tree(
    files: dict[str, str | None], found: list[tuple[str, str, int | None]]
) -> None:
    problems = check(files, OURS, policy.default())
    assert [(one.code, one.subject, one.line) for one in problems] == found
    codes = tuple((code, "off") for code in ("guide-edited", "guide-outdated", "guide-broken", "guide-missing"))
    assert check(files, OURS, policy.default()._replace(severities=codes)) == []
