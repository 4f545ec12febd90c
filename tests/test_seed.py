"""The promises by name, end to end on the real command line; it grows with each capability."""

from __future__ import annotations

from conftest import Repo, plan_text


def test_generate_index_matches_files(adopted: Repo) -> None:
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", priority="High"))
    assert adopted.commit("Add a third plan").code == 0

    index = adopted.show("docs/plans/README.md")
    assert "| 1 | [First](01_first.md) | Medium | 📋 Planned | - |" in index
    assert "| 3 | [Third](03_third.md) | Medium | 📋 Planned | - |" in index
    assert adopted.holdfast("index", "--check").code == 0
    assert [plan["number"] for plan in adopted.json("index")["plans"]] == [1, 2, 3]

    adopted.git("rm", "-q", "docs/plans/02_second.md")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First, renamed", "🚧 In Progress"))
    assert adopted.commit("Remove one, change one").code == 0
    index = adopted.show("docs/plans/README.md")
    assert "02_second.md" not in index
    assert "| 1 | [First, renamed](01_first.md) | Medium | 🚧 In Progress | - |" in index
    assert adopted.status() == ""


def test_content_validation_blocks_invalid(adopted: Repo) -> None:
    before = adopted.git("rev-parse", "HEAD")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First", "✅ Complete"))
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", "Compleet", blocked_by="#99"))
    ran = adopted.commit("Done")

    assert ran.code == 1
    assert adopted.git("rev-parse", "HEAD") == before
    for code in ("evidence-missing", "status-unknown", "blocker-unknown"):
        assert f"[{code}]" in ran.err, ran
    blockers = [line for line in ran.err.splitlines() if line.startswith("refused: ")]
    assert len(blockers) == 3
    assert "did you mean 'Complete'?" in ran.err
    assert ran.err.count("\n   why:  ") == ran.err.count("\n   next: ") == 3

    ran = adopted.holdfast("plan", "set", "1", "--status", "complete", "--evidence", "make test: 12 passed")
    assert ran.code == 0, ran
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third", blocked_by="#1"))
    assert adopted.commit("Done, with evidence").code == 0


def test_create_a_plan_and_commit_updates_the_index(adopted: Repo) -> None:
    made = adopted.json("plan", "new", "Faster start", "--priority", "High")
    assert made["number"] == 3
    assert made["branch"] == "plan-3-faster-start"
    assert adopted.commit("[Plan #3] Write it down").code == 0
    assert "| 3 | [Faster start](03_faster_start.md) | High | ❌ Needs Plan | - |" in adopted.show(
        "docs/plans/README.md"
    )


def test_change_status_without_content_is_refused(adopted: Repo) -> None:
    adopted.json("plan", "new", "Faster start")
    assert adopted.commit("A plan without a plan").code == 0
    ran = adopted.holdfast("plan", "set", "3", "--status", "planned")
    assert ran.code == 1
    assert "[section-empty]" in ran.err or "[plan-section-missing]" in ran.err

    text = adopted.read("docs/plans/03_faster_start.md").replace("❌ Needs Plan", "📋 Planned").replace("## Plan\n", "")
    adopted.write("docs/plans/03_faster_start.md", text)
    ran = adopted.commit("Planned, says the header")
    assert ran.code == 1
    assert "[plan-section-missing]" in ran.err
