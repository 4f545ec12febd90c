"""What counts as an older script or hook, and what only looks like one."""

from __future__ import annotations

import pytest

from holdfast.domain import older
from holdfast.domain.older import CLAIMS, COMPLETE, FINISH, INDEX, PYTHON, REMOVE, SHELL

CLAIM_FILE = 'FILE = ".claude/active-work.yaml"\n'
WRITES_INDEX = 'INDEX = root / "docs" / "plans" / "CLAUDE.md"\nINDEX.write_text(table)\n'

SCRIPTS: dict[str, tuple[str, str]] = {
    "scripts/check_claims.py": (CLAIM_FILE, CLAIMS),
    "scripts/meta/check_claims.py": (CLAIM_FILE, CLAIMS),
    "tools/claim.sh": ("echo x >> .claude/active-work.yaml\n", CLAIMS),
    "scripts/create_worktree.sh": ("cat > .claim.yaml\n", CLAIMS),
    "scripts/release-claim": ("#!/bin/sh\nrm .claim.yaml\n", CLAIMS),
    "scripts/sync_plan_status.py": ("", INDEX),
    "meta-process/scripts/sync_plan_status.py": ("", INDEX),
    "bin/update-plan-index": ('#!/bin/sh\nls docs/plans > "docs/plans/README.md"\n', INDEX),
    "scripts/generate_plan_index.py": (WRITES_INDEX, INDEX),
    "scripts/complete_plan.py": ('p = "docs/plans"\nfile.write_text("**Status:** Complete")\n', COMPLETE),
    "scripts/finish_pr.py": ("", FINISH),
    "scripts/merge_pr.py": ('run(["gh", "pr", "merge", n])\nrelease_the_claim = "claim"\n', FINISH),
    "scripts/safe_worktree_remove.py": ("", REMOVE),
    ".claude/hooks/cleanup_worktrees.sh": ('git worktree remove "$1"\n', REMOVE),
    "scripts/cleanup_orphaned_worktrees.py": ('run(["git", "worktree", "remove", path])\n', REMOVE),
}

ORDINARY: dict[str, str] = {
    "src/claims/check_claims.py": CLAIM_FILE,
    "scripts/check_claims.py": 'for claim in insurance.open_claims():\n    print(claim, "branch 12")\n',
    "scripts/claims.py": "import jwt\nclaims = jwt.decode(token)\n",
    "scripts/update_claims.sh": "psql -c 'update claims set x = 1'\n",
    "tests/scripts/sync_plan_status.py": "",
    "scripts/test_finish_pr.py": 'run(["gh", "pr", "merge"])\nclaim = plan = 1\n',
    "scripts/sync_plan.py": 'stripe.Plan.create(name="Basic")\n',
    "scripts/update_index.py": 'open("search.idx", "w").write(index)\n',
    "scripts/update_index.sh": "pip wheel . > plans.txt\n",
    "scripts/merge_pr.py": 'run(["gh", "pr", "merge", number])\n',
    "scripts/complete_work.py": 'print("Complete")\n',
    "scripts/cleanup_worktrees.sh": "git worktree list\n",
    "scripts/finish_pr.js": "",
    "scripts/finish_pr.md": "",
    "node_modules/scripts/finish_pr.py": "",
    "docs/plans/12_finish_pr.md": "",
    "finish_pr.py": "",
    "scripts/check_plan_tests.py": WRITES_INDEX,
}


def found(path: str, text: str, keeps_claims: bool = False) -> str | None:
    role = older.candidate(path)
    return role if role is not None and older.does(path, role, text, keeps_claims) else None


@pytest.mark.parametrize("path", SCRIPTS)
def test_an_older_script(path: str) -> None:
    text, role = SCRIPTS[path]
    assert found(path, text) == role
    shim = f"#!/bin/sh\n{older.SHIM}it was something else\n"
    assert found(path, shim + text) is None, "what points to Holdfast is not older"


@pytest.mark.parametrize("path", ORDINARY)
def test_an_ordinary_file(path: str) -> None:
    assert found(path, ORDINARY[path]) is None


def test_a_script_of_claims_where_claims_files_are() -> None:
    assert found("scripts/check_claims.py", "print(1)\n", keeps_claims=True) == CLAIMS
    assert found("scripts/claims.py", "print(1)\n", keeps_claims=True) is None


INDEXES = ("docs/plans/README.md", "docs/plans/CLAUDE.md")

WRITING: dict[str, int] = {
    "#!/bin/sh\npython scripts/x.py\ngit add docs/plans/CLAUDE.md\n": 3,
    "git add ./docs/plans/README.md other\n": 1,
    "cd x && git -C . add -- docs/plans/README.md || exit 1\n": 1,
    'INDEX=docs/plans/CLAUDE.md\nif [ -f "$INDEX" ]; then\n  git add "$INDEX"\nfi\n': 1,
    'TOP=$(git rev-parse --show-toplevel)\ngit add "$TOP/docs/plans/CLAUDE.md"\n': 2,
    "# the plan index\nmake_table > docs/plans/README.md\n": 2,
    'F=docs/plans/README.md\nmake_table >> "$F"\n': 2,
    "make_table | tee docs/plans/README.md >/dev/null\n": 1,
    "sed -i 's/a/b/' docs/plans/README.md\n": 1,
    "mv \"$new\" docs/plans/README.md\n": 1,
    '#!/usr/bin/env python3\nrun(["git", "add", "docs/plans/CLAUDE.md"])\n': 2,
    '#!/usr/bin/env python3\nPath("docs/plans/CLAUDE.md").write_text(table)\n': 2,
    '#!/usr/bin/python3\nwith open("docs/plans/CLAUDE.md", "w") as file:\n': 2,
}  # fmt: skip

READING = (
    "#!/bin/sh\nruff check .\n",
    "# git add docs/plans/README.md\n",
    "grep -q TODO docs/plans/README.md && exit 1\n",
    'echo "now run: git add docs/plans/README.md"\n',
    "cat <<END\ngit add docs/plans/README.md\nEND\n",
    "git add README.md docs/README.md docs/plans/README.md.bak other/docs/plans/README.md\n",
    "git diff docs/plans/README.md > /tmp/x\n",
    "cp docs/plans/README.md backup/\n",
    "table > site/docs/plans/README.md\n",
    'echo "a > docs/plans/README.md"\n',
    '#!/usr/bin/env python3\ntext = open("docs/plans/README.md").read()\n',
    "#!/bin/sh\n'unclosed git add docs/plans/README.md\n",
    "\x00\xff(((((" * 50,
    "",
)


@pytest.mark.parametrize("text", WRITING)
def test_a_hook_that_writes_the_plan_index(text: str) -> None:
    assert older.writing(".git/hooks/pre-commit", text, INDEXES) == WRITING[text]


@pytest.mark.parametrize("text", READING)
def test_a_hook_that_does_not(text: str) -> None:
    assert older.writing(".git/hooks/pre-commit", text, INDEXES) is None


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("x.py", "", PYTHON), ("x.sh", "", SHELL), ("x", "#!/usr/bin/env python3.12\n", PYTHON), ("x", "", None),
        ("x", "#!/bin/bash -e\n", SHELL), ("x.py", "#!/usr/bin/env node\n", None), ("x.sh", "#!/usr/bin/env bash\n", SHELL),
    ],
)  # fmt: skip
def test_the_language_of_a_script(path: str, text: str, language: str | None) -> None:
    assert older.language(path, text) == language


def test_what_starts_a_script() -> None:
    path = "tools/scripts/check_claims.py"
    for line in (
        "python scripts/check_claims.py --list",
        '"$ROOT/tools/scripts/check_claims.py"',
        "\t@scripts/check_claims.py",
    ):
        assert older.starting("#!/bin/sh\n" + line, path) == 2, line
    for line in (
        "# scripts/check_claims.py",
        "scripts/check_claims.pyc",
        "x/test_check_claims.py",
        "other/check_claims.py",
    ):
        assert older.starting(line, path) is None, line
