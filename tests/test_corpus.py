"""A real repository's plans: what is found in them, against counts made without this code, and commits on top of them."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conftest import CORPUS, Ran, Repo, sealed
from holdfast.domain import plan_index, status

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real plans is not there"),
]
FOLDER = "docs/plans"
INDEX = f"{FOLDER}/CLAUDE.md"
STATUS = re.compile(r"^\*\*Status:\*\*\s*(.*?)\s*$", re.M)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The plan files by name."""
    return {path.name: path.read_text() for path in sorted(CORPUS.glob("[0-9]*.md"))}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """The plans in a repository of their own, adopted by `holdfast init`; not to be changed."""
    home = tmp_path_factory.mktemp("corpus")
    repo = Repo(home / "repo", sealed(home / "home"))
    shutil.copytree(CORPUS, repo.path / FOLDER)
    for path in (repo.path / FOLDER).iterdir():
        path.chmod(0o644)
    (repo.path / FOLDER).chmod(0o755)
    repo.git("init", "-q", "-b", "main")
    assert repo.commit("Plans as they were").code == 0
    ran = repo.holdfast("init", "--yes")
    assert ran.code == 0, ran
    ran = repo.commit("Adopt Holdfast")
    assert ran.code == 0, ran
    return repo


@pytest.fixture
def repo(original: Repo, tmp_path: Path) -> Repo:
    """A copy of the adopted repository that a test may change."""
    shutil.copytree(original.path, tmp_path / "repo", symlinks=True)
    return Repo(tmp_path / "repo", original.env)


@pytest.fixture(scope="module")
def problems(original: Repo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = original.json("check")["problems"]
    return found


def named(problems: list[dict[str, Any]], code: str) -> list[str]:
    """The file names of all findings of a rule."""
    return sorted(Path(problem["path"]).name for problem in problems if problem["code"] == code)


def test_the_corpus_is_the_one_that_was_counted(texts: dict[str, str]) -> None:
    assert len(texts) == 179


def test_every_status_is_understood(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    assert named(problems, "status-unknown") == named(problems, "status-missing") == []
    assert named(problems, "status-sign") == [
        "104_meta_hooks_separation.md", "105_meta_scripts_separation.md", "140_kernel_permission_fixes.md",
    ]  # fmt: skip
    assert [STATUS.search(texts[name])[1] for name in named(problems, "status-sign")] == [  # type: ignore[index]
        "✅ Superseded", "✅ Superseded", "📋 In Progress",
    ]  # fmt: skip


def test_six_numbers_have_two_files(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    numbers = Counter(int(name.split("_")[0]) for name in texts)
    twice = sorted(number for number, count in numbers.items() if count > 1)
    assert twice == [121, 140, 144, 145, 180, 186]
    assert sorted(problem["plan"] for problem in problems if problem["code"] == "number-shared") == twice


def test_every_plan_says_how(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    planned = [name for name, text in texts.items() if "lanned" in STATUS.search(text)[1]]  # type: ignore[index]
    without = [name for name in planned if not re.search(r"^## Plan\s*$", texts[name], re.M)]
    # Nine have no `## Plan`, and all nine say it under another heading ("Solution", "Implementation", "Proposed
    # Split" with "Implementation Notes"). Two plans that are Complete say it as "Solutions Implemented" (57) and
    # "Proposed Fixes" (121).
    assert len(without) == 9
    assert named(problems, "plan-section-missing") == named(problems, "section-empty") == []


def test_complete_without_evidence(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    complete = [name for name, text in texts.items() if "complete" in STATUS.search(text)[1].casefold()]  # type: ignore[index]
    naive = {name for name in complete if "Verification Evidence" not in texts[name]}
    found = set(named(problems, "evidence-missing"))
    assert (len(naive), len(found)) == (55, 47)
    # Evidence under another heading: "Completion Evidence", or bold "CI Evidence" in the section "Verification".
    other_heading = {
        "123_safe_expression_evaluator.md", "124_config_doc_sync.md", "131_edit_artifact_action.md", "22_coordination.md",
        "94_pr_handoff_protocol.md",
    }  # fmt: skip
    bold_label = {
        "70_agent_workflow_phase1.md", "71_ownership_check.md", "72_plan_number_enforcement.md", "73_output_messaging_fix.md",
    }  # fmt: skip
    # Speaks of evidence ("CI Verification Evidence Check") and has none.
    only_words = {"41_enforcement_gaps.md"}
    assert naive - found == other_heading | bold_label
    assert found - naive == only_words
    # Two have a section "Evidence": of the problem, not of the work.
    assert {"140_actions_module.md", "163_checkpoint_completeness.md"} <= found


def test_one_reference_leads_to_a_plan_that_never_existed(
    problems: list[dict[str, Any]], texts: dict[str, str]
) -> None:
    unknown = [problem for problem in problems if problem["code"] == "reference-unknown"]
    assert [(problem["plan"], problem["subject"], problem["line"]) for problem in unknown] == [
        (90, "#132", 7),
        (90, "#132", 11),
    ]
    lines = texts["90_cognitive_schema_configurability.md"].splitlines()
    assert all("Plan #132" in lines[problem["line"] - 1] for problem in unknown)
    assert not any(name.startswith("132_") for name in texts)


def test_open_boxes_of_complete_plans_are_there(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    found = [problem for problem in problems if problem["code"] == "boxes-open"]
    assert len(found) == 17
    for problem in found:
        text = texts[Path(problem["path"]).name]
        assert text.splitlines()[problem["line"] - 1].startswith("- [ ] ")
        assert "complete" in STATUS.search(text)[1].casefold()  # type: ignore[index]


def test_blockers_in_words_name_no_plan(problems: list[dict[str, Any]], texts: dict[str, str]) -> None:
    found = [problem for problem in problems if problem["code"] == "blocker-prose"]
    assert len(found) == 48
    for problem in found:
        line = texts[Path(problem["path"]).name].splitlines()[problem["line"] - 1]
        assert re.match(r"\*\*Block(s|ed By):\*\* ", line) and "#" not in line


def test_nothing_else_is_found(problems: list[dict[str, Any]]) -> None:
    counts = Counter(problem["code"] for problem in problems)
    assert counts == {
        "evidence-missing": 47, "blocker-prose": 48, "boxes-open": 17, "number-shared": 6, "status-sign": 3,
        "reference-unknown": 2, "not-reciprocal": 1,
    }  # fmt: skip


def test_every_finding_says_where(problems: list[dict[str, Any]], original: Repo) -> None:
    for problem in problems:
        assert problem["remedy"] and problem["message"] and problem["plan"]
        if problem["code"] != "number-shared":
            lines = Path(problem["path"]).read_text().splitlines()
            assert 1 <= problem["line"] <= len(lines)


def test_the_plan_index_kept_by_hand_had_drifted(texts: dict[str, str]) -> None:
    rows = plan_index.rows_of((CORPUS / "CLAUDE.md").read_text())
    assert len(rows) == 174
    there = {row.path: row for row in rows}
    assert len(texts.keys() - there.keys()) == 8
    # Row 4 has no link, so it is no row of a file.
    assert sorted(row.number for row in rows if row.path and row.path not in texts) == [77, 78]
    said = {name: STATUS.search(texts[name])[1] for name in there if name in texts}  # type: ignore[index]
    wrong = {
        there[name].number
        for name, text in said.items()
        if status.read(text, status.PLAN_WORDS).key != status.read(there[name].status, status.PLAN_WORDS).key
    }
    assert wrong == {8, 13, 48, 84, 90, 104, 105, 118, 138, 140, 144, 155, 162}
    # An independent count has ten: it passes over the two rows whose status is a bare question mark (144, 155),
    # and takes "Post-V1" in the row of 13 for the "Planned (Post-V1)" of its plan.
    assert len(wrong - {144, 155, 13}) == 10


def test_init_keeps_every_line_around_the_table(original: Repo) -> None:
    before = (CORPUS / "CLAUDE.md").read_text()
    after = original.show(INDEX)
    index = plan_index.inside(after)
    head, tail = after.split(plan_index.BEGIN)[0], after.split(plan_index.END)[1]
    assert before.startswith(head) and before.endswith(tail)
    assert len(plan_index.rows_of(index)) == 179
    assert original.status() == ""


# Commits on top of it


def computed(repo: Repo) -> str:
    """The plan index that the plans make."""
    ran = repo.holdfast("index", "--stdout", "--rev", "HEAD")
    assert ran.code == 0, ran
    return ran.out


def holds(repo: Repo, ran: Ran) -> str:
    """HEAD's plan index, after a commit that must have worked and left nothing behind."""
    assert ran.code == 0, ran
    assert repo.status() == ""
    inside = plan_index.inside(repo.show(INDEX))
    assert repo.holdfast("check", "--rev", "HEAD", "--since", "HEAD~1").code == 0
    assert plan_index.inside(repo.read(INDEX)) == inside
    assert computed(repo).strip() == inside.strip()
    return inside


def edit(repo: Repo, name: str, old: str, new: str) -> str:
    path = f"{FOLDER}/{name}"
    text = repo.read(path)
    assert text.count(old) >= 1
    repo.write(path, text.replace(old, new, 1))
    return path


def test_a_plain_commit_computes_the_plan_index(repo: Repo) -> None:
    repo.git("add", edit(repo, "118_computed_plan_status.md", "📋 Deferred", "🚧 In Progress"))
    assert "| 118 |" in holds(repo, repo.try_git("commit", "-q", "-m", "Take up 118"))
    assert "118_computed_plan_status.md) | Low | 🚧 In Progress |" in repo.show(INDEX)


def test_commit_all_computes_the_plan_index(repo: Repo) -> None:
    edit(repo, "118_computed_plan_status.md", "📋 Deferred", "🚧 In Progress")
    assert "118_computed_plan_status.md) | Low | 🚧 In Progress |" in holds(
        repo, repo.try_git("commit", "-q", "-a", "-m", "Take up 118")
    )


def test_commit_of_a_path_computes_the_plan_index(repo: Repo) -> None:
    path = edit(repo, "118_computed_plan_status.md", "📋 Deferred", "🚧 In Progress")
    inside = holds(repo, repo.try_git("commit", "-q", "-m", "Take up 118", "--", path))
    assert "118_computed_plan_status.md) | Low | 🚧 In Progress |" in inside


def test_amend_computes_the_plan_index(repo: Repo) -> None:
    repo.git("add", edit(repo, "118_computed_plan_status.md", "📋 Deferred", "🚧 In Progress"))
    holds(repo, repo.try_git("commit", "-q", "-m", "Take up 118"))
    edit(repo, "118_computed_plan_status.md", "🚧 In Progress", "📋 Deferred")
    repo.git("add", edit(repo, "166_resource_rights_model.md", "## Problem", "A note.\n\n## Problem"))
    repo.git("add", f"{FOLDER}/118_computed_plan_status.md")
    inside = holds(repo, repo.try_git("commit", "-q", "--amend", "-m", "Leave 118"))
    assert "118_computed_plan_status.md) | Low | 📋 Deferred |" in inside


def test_a_new_and_a_removed_plan_have_and_lose_their_rows(repo: Repo) -> None:
    made = repo.holdfast("plan", "new", "A plan after all others")
    assert made.code == 0, made
    inside = holds(repo, repo.commit("A new plan"))
    assert "| 189 | [A plan after all others](189_a_plan_after_all_others.md) |" in inside
    repo.git("rm", "-q", f"{FOLDER}/189_a_plan_after_all_others.md")
    assert "| 189 |" not in holds(repo, repo.try_git("commit", "-q", "-m", "Remove it"))


def test_old_mess_does_not_block_and_new_mess_does(repo: Repo) -> None:
    repo.write(f"{FOLDER}/41_enforcement_gaps.md", repo.read(f"{FOLDER}/41_enforcement_gaps.md") + "\nOne more word.\n")
    ran = repo.commit("Touch a plan that lacks evidence")
    assert ran.code == 0, ran
    edit(repo, "118_computed_plan_status.md", "📋 Deferred", "✅ Complete")
    ran = repo.commit("Complete without evidence")
    assert ran.code != 0 and "evidence" in ran.err and "118" in ran.err
    assert repo.git("log", "-1", "--format=%s") == "Touch a plan that lacks evidence\n"
