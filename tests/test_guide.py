"""`holdfast guide` in repositories: written, checked, held by the commit gate; and the errors that link to its page."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import terminal
from conftest import Ran, Repo, bound, plan_text
from holdfast.domain import guide
from holdfast.domain.codes import ALL
from holdfast.domain.exit_codes import EXITS
from holdfast.domain.recovery import FAILURES
from holdfast.usecases import workspace
from holdfast.usecases.guide import texts, write

OURS = texts.ours()
BLOCK = OURS.block
PROCESS, RECOVERY = "docs/PROCESS.md", "docs/RECOVERY.md"
IN_PAGE = "docs/RECOVERY.md#"
OLD = guide.block("What was said before.").replace("guide 1 ", "guide 0 ", 1)
NEWER = guide.block("What will be said.").replace("guide 1 ", "guide 7 ", 1)
EDITED = BLOCK.replace("Never:", "Always:")


def passed(ran: Ran) -> Ran:
    assert ran.code == 0 and "Traceback" not in ran.err and "refused: " not in ran.err, ran
    return ran


def refused(ran: Ran, *codes: str) -> Ran:
    """Refused for exactly these reasons, each in three lines."""
    assert ran.code == 1 and "Traceback" not in ran.err, ran
    lines = ran.err.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("refused: ")]
    found = []
    for at in starts:
        assert lines[at + 1].startswith("   why:  ") and lines[at + 2].startswith("   next: "), ran
        found.append(lines[at + 1].rpartition("[")[2].rstrip("]").partition(":")[0])
    assert found == list(codes), ran
    return ran


def written(repo: Repo) -> list[list[str]]:
    """The files that each `guide --write` changed, as the journal has them."""
    events = [json.loads(line) for line in repo.holdfast("log", "-n", "0", "--json").out.splitlines()]
    return [one["data"]["paths"] for one in events if one["event"] == "guide"]


def test_the_guide_comes_into_a_repository_and_is_held_up_to_date(adopted: Repo) -> None:
    ran = adopted.holdfast("guide", "--check")
    refused(ran, *["guide-missing"] * 4)
    passed(adopted.holdfast("check"))  # whoever does not want it is not asked again

    ran = passed(adopted.holdfast("guide", "--write"))
    assert ran.out == "" and ran.err == (
        "  create  write CLAUDE.md, which takes in AGENTS.md\n"
        "  create  write AGENTS.md\n"
        "  create  write docs/PROCESS.md\n"
        "  create  write docs/RECOVERY.md\n"
        "commit these files, so that every clone and worktree has them\n"
    )
    assert adopted.read("CLAUDE.md") == "@AGENTS.md\n"
    assert adopted.read("AGENTS.md") == BLOCK + "\n"
    assert adopted.read(PROCESS) == OURS.process and adopted.read(RECOVERY) == OURS.recovery
    for flag in ("--write", "--check"):
        assert passed(adopted.holdfast("guide", flag)).err == "the guide is as this version of Holdfast writes it\n"
    assert written(adopted) == [["CLAUDE.md", "AGENTS.md", PROCESS, RECOVERY]], "one line, and none for nothing"
    passed(adopted.commit("Write the guide"))
    passed(adopted.holdfast("check", "--rev", "HEAD"))

    # An edit of the block is refused, words beside it are not.
    adopted.write("AGENTS.md", f"# Mine\n\n{EDITED}\n")
    refused(adopted.commit("Edit it"), "guide-edited")
    refused(adopted.holdfast("guide", "--check"), "guide-edited")
    assert "AGENTS.md:3:1: error: the guide in AGENTS.md was edited by hand [guide-edited]" in (
        adopted.holdfast("check").out
    )
    assert adopted.holdfast("check", "--staged").code == 1
    ran = passed(adopted.holdfast("guide", "--write"))
    assert ran.err.startswith("  edit    write the guide in AGENTS.md again: it was edited by hand\n")
    assert adopted.read("AGENTS.md") == f"# Mine\n\n{BLOCK}\n"
    passed(adopted.commit("Words of our own"))

    # So are an edit of a page, and a page that goes; an old text is a warning only.
    adopted.write(PROCESS, OURS.process + "Mine.\n")
    refused(adopted.commit("Edit the page"), "guide-edited")
    adopted.git("checkout", "-q", "HEAD", PROCESS)
    adopted.git("rm", "-q", RECOVERY)
    adopted.write("AGENTS.md", OLD)
    ran = passed(adopted.commit("An older Holdfast writes it"))
    assert ran.err == (
        "warning: AGENTS.md:1:1: the guide in AGENTS.md is not what this version of Holdfast writes [guide-outdated]\n"
        "warning: the guide names docs/RECOVERY.md, which is not there [guide-missing]\n"
    )
    refused(adopted.holdfast("guide", "--check"), "guide-outdated", "guide-missing")
    passed(adopted.holdfast("check"))
    passed(adopted.holdfast("guide", "--write"))
    assert adopted.read("AGENTS.md") == BLOCK and len(written(adopted)) == 3
    passed(adopted.commit("Bring it up to date"))
    passed(adopted.holdfast("guide", "--check"))


@pytest.mark.parametrize(
    ("claude", "agents", "then_claude", "then_agents"),
    [
        (None, None, "@AGENTS.md\n", f"{BLOCK}\n"),
        ("# Mine\r\n", None, "# Mine\r\n\r\n" + BLOCK.replace("\n", "\r\n") + "\r\n", f"{BLOCK}\n"),
        ("# Mine\n@AGENTS.md", "# Ours", "# Mine\n@AGENTS.md", f"# Ours\n\n{BLOCK}"),
        ("@AGENTS.md\n", None, "@AGENTS.md\n", f"{BLOCK}\n"),
        (None, "# Ours\n", "@AGENTS.md\n", f"# Ours\n\n{BLOCK}\n"),
        ("\ufeff# Mine\n", "", f"\ufeff# Mine\n\n{BLOCK}\n", f"{BLOCK}\n"),
        (f"a\n{OLD}\nb", f"{EDITED}\nc", f"a\n{BLOCK}\nb", f"{BLOCK}\nc"),
        (f"@AGENTS.md\n{OLD}\n", f"{BLOCK}\n", f"@AGENTS.md\n{BLOCK}\n", f"{BLOCK}\n"),
        (NEWER, f"{OLD}\n", NEWER, f"{BLOCK}\n"),
    ],
)
def test_what_stands_in_claude_md_and_agents_md_stays(
    repo: Repo, claude: str | None, agents: str | None, then_claude: str, then_agents: str
) -> None:
    for name, text in (("CLAUDE.md", claude), ("AGENTS.md", agents)):
        if text is not None:
            repo.write(name, text)
            (repo.path / name).chmod(0o640)
    passed(repo.holdfast("guide", "--write"))
    assert (repo.path / "CLAUDE.md").read_bytes() == then_claude.encode()
    assert (repo.path / "AGENTS.md").read_bytes() == then_agents.encode()
    assert claude is None or (repo.path / "CLAUDE.md").stat().st_mode & 0o777 == 0o640
    passed(repo.holdfast("guide", "--check"))


@pytest.mark.parametrize(("link", "file"), [("CLAUDE.md", "AGENTS.md"), ("AGENTS.md", "CLAUDE.md")])
def test_one_file_under_two_names_is_written_once(repo: Repo, link: str, file: str) -> None:
    (repo.path / link).symlink_to(file)
    passed(repo.holdfast("guide", "--write"))
    assert repo.read(file) == f"{BLOCK}\n" and os.readlink(repo.path / link) == file
    assert written(repo) == [["AGENTS.md", PROCESS, RECOVERY]]
    passed(repo.holdfast("guide", "--check"))
    (repo.path / PROCESS).rename(repo.path / "docs/other.md")
    (repo.path / PROCESS).symlink_to("other.md")
    repo.git("add", "-A")
    passed(repo.holdfast("check", "--staged"))
    assert "guide" not in passed(repo.holdfast("check")).out, "what a symlink leads to is there"


def test_what_cannot_hold_the_guide_is_refused_at_once_and_nothing_is_changed(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("# Another repository's\n")
    (repo.path / "CLAUDE.md").symlink_to(outside)
    repo.write("AGENTS.md", b"# M\xfcll\n")
    (repo.path / PROCESS).mkdir(parents=True)
    (repo.path / RECOVERY).symlink_to("RECOVERY.md")
    ran = refused(repo.holdfast("guide", "--write"), *["guide-file"] * 4)
    assert f"refused: CLAUDE.md leads out of the repository, to {outside}\n" in ran.err
    assert "refused: AGENTS.md is not valid UTF-8\n" in ran.err
    assert "refused: docs/PROCESS.md is no regular file\n" in ran.err
    assert "refused: docs/RECOVERY.md is a symlink that leads nowhere\n" in ran.err
    refused(repo.holdfast("guide", "--check"), *["guide-file"] * 4)

    (repo.path / "CLAUDE.md").unlink()
    (repo.path / "CLAUDE.md").symlink_to(".git/config")
    repo.write("AGENTS.md", f"{BLOCK}\n{BLOCK}\n")
    (repo.path / PROCESS).rmdir()
    (repo.path / RECOVERY).unlink()
    ran = refused(repo.holdfast("guide", "--write"), "guide-file", "guide-broken")
    assert "refused: the guide in AGENTS.md has 2 begin and 2 end markers\n" in ran.err
    assert outside.read_text() == "# Another repository's\n"
    assert not (repo.path / PROCESS).exists() and written(repo) == []

    (repo.path / "docs").rmdir()
    (repo.path / "docs").write_text("not a folder\n")
    ran = refused(repo.holdfast("guide", "--write"), *["guide-file"] * 3, "guide-broken")
    assert "refused: docs is no folder, so docs/PROCESS.md cannot be there\n" in ran.err
    assert {one["code"] for one in repo.json("guide", "--write")["blockers"]} == {"guide-file", "guide-broken"}


def test_pages_of_somebody_elses_stay(repo: Repo) -> None:
    repo.write(PROCESS, "# How we work\n")
    ran = passed(repo.holdfast("guide", "--write"))
    assert "  note    docs/PROCESS.md is your own, and stays" in ran.err
    assert repo.read(PROCESS) == "# How we work\n"
    ran = passed(repo.holdfast("guide", "--check"))
    assert "docs/PROCESS.md is your own, and stays" in ran.err
    repo.git("add", "-A")
    passed(repo.holdfast("check", "--staged"))


def test_what_cannot_be_written_in_whole_is_taken_back(repo: Repo) -> None:
    repo.write("CLAUDE.md", "# Mine\n")
    docs = repo.path / "docs"
    docs.mkdir()
    docs.chmod(0o555)
    ran = repo.run(*bound(), sys.executable, "-m", "holdfast", "guide", "--write")
    assert ran.code == 5 and ran.err.startswith("refused: ") and "Traceback" not in ran.err, ran
    assert repo.status() == "?? CLAUDE.md\n" and repo.read("CLAUDE.md") == "# Mine\n"

    docs.rmdir()
    place = workspace.at(str(repo.path), repo.env)
    proposal = write.propose(place)
    repo.write("CLAUDE.md", "# Mine, and more\n")
    with pytest.raises(write.ChangedError):
        write.apply(proposal)
    assert repo.status() == "?? CLAUDE.md\n" and repo.read("CLAUDE.md") == "# Mine, and more\n"


def test_a_dry_run_says_what_would_be_done_and_does_nothing(adopted: Repo) -> None:
    ran = passed(adopted.holdfast("guide", "--write", "--dry-run"))
    assert ran.err.count("  create  ") == 4 and "commit these files" not in ran.err
    document = adopted.json("guide", "--write", "--dry-run")
    assert [step["path"] for step in document["steps"]] == [str(adopted.path / path) for path in guide.GUIDE]
    assert document["done"] is False and adopted.status() == "" and written(adopted) == []
    assert adopted.json("guide", "--write")["done"] is True
    assert adopted.json("guide", "--check") == {"schema": "holdfast.guide/1", "problems": [], "notes": []}


# The commit gate


def test_old_mess_blocks_nothing_and_a_merge_brings_what_others_have(adopted: Repo) -> None:
    passed(adopted.holdfast("guide", "--write"))
    passed(adopted.commit("Write the guide"))
    adopted.git("checkout", "-q", "-b", "other")
    adopted.write("AGENTS.md", f"{EDITED}\n")
    adopted.git("commit", "-q", "--no-verify", "-a", "-m", "Edit it past the gate")
    adopted.write("AGENTS.md", f"# Mine\n\n{EDITED}\n")
    passed(adopted.commit("Words of our own"))
    passed(adopted.commit("[Plan #1] Something else", "--allow-empty"))
    adopted.git("checkout", "-q", "main")
    adopted.write("code.py", "x = 1\n")
    passed(adopted.commit("[Plan #1] Code"))
    passed(adopted.try_git("merge", "-q", "--no-edit", "other"))
    assert adopted.holdfast("check", "--rev", "HEAD").code == 1
    passed(adopted.holdfast("check", "--rev", "HEAD", "--since", "HEAD"))
    ran = adopted.holdfast("check", "--rev", "other", "--since", "HEAD~1")
    assert ran.code == 1 and "[guide-edited]" in ran.out, "a branch is told what it adds"


def test_a_merge_that_makes_two_blocks_of_one_is_refused(adopted: Repo) -> None:
    lines = "".join(f"{number}\n" for number in range(20))
    adopted.write("AGENTS.md", lines)
    passed(adopted.commit("Words of our own"))
    for branch, text in (("top", f"{BLOCK}\n{lines}"), ("end", f"{lines}{BLOCK}\n")):
        adopted.git("checkout", "-q", "-b", branch, "main")
        adopted.write("AGENTS.md", text)
        passed(adopted.commit(f"The guide at the {branch}"))
    refused(adopted.try_git("merge", "-q", "--no-edit", "top"), "guide-broken")


_GATE = """
import os, sys
from holdfast.usecases import begin
place = begin.in_hook(os.getcwd(), os.environ, asks_what_is_staged=True)
from holdfast.usecases import commit_gate
verdict = commit_gate.before_commit(place, "0")
print([one.code for one in verdict.refused], "holdfast.usecases.guide.check" in sys.modules)
"""


def test_the_gate_reads_the_guide_only_where_some_of_it_is_staged(adopted: Repo) -> None:
    def gate() -> str:
        return adopted.run(sys.executable, "-c", _GATE).out

    passed(adopted.holdfast("guide", "--write"))
    passed(adopted.commit("Write the guide"))
    adopted.write("AGENTS.md", f"{EDITED}\n")
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    adopted.git("add", "docs/plans")
    assert gate() == "[] False\n"
    adopted.git("add", "AGENTS.md")
    assert gate() == "['guide-edited'] True\n"


def test_without_holdfast_a_change_of_the_guide_is_nobodys_concern(adopted: Repo) -> None:
    passed(adopted.holdfast("guide", "--write"))
    passed(adopted.commit("Write the guide"))
    hook = adopted.path / ".git/hooks/pre-commit"
    lines = ["python=/gone" if line.startswith("python=") else line for line in hook.read_text().splitlines()]
    hook.write_text("\n".join(lines) + "\n")
    folder = adopted.path.parent / "bin"
    folder.mkdir()
    for name in ("git", "sh", "cat"):
        (folder / name).symlink_to(str(shutil.which(name)))
    adopted.env["PATH"] = str(folder)
    adopted.write("AGENTS.md", f"{EDITED}\n")
    assert "gone from this machine" in passed(adopted.commit("Edit it")).err
    adopted.write("docs/plans/03_third.md", plan_text(3, "Third"))
    ran = adopted.commit("A plan")
    assert ran.code == 1 and "gone from this machine" in ran.err


# Errors lead to the page


def test_a_refusal_links_to_the_page_where_the_repository_has_it(adopted: Repo) -> None:
    def refusals() -> list[str]:
        """The code in the why-line of a command, of a command in a subfolder, and of a hook."""
        below = adopted.path / "docs" / "plans"
        adopted.write("docs/plans/01_first.md", plan_text(1, "First", "✅ Complete"))
        ran = [adopted.holdfast("start", "99"), adopted.holdfast("start", "99", cwd=below), adopted.commit("Done")]
        adopted.git("reset", "-q", "--hard")
        return [next(line for line in one.err.splitlines() if "   why:" in line).rpartition("[")[2] for one in ran]

    plain = ["plan-unknown]", "plan-unknown]", "evidence-missing]"]
    assert refusals() == plain
    adopted.write(RECOVERY, "# Our own page\n")
    passed(adopted.commit("A page of our own"))
    assert refusals() == plain
    assert "More: " not in adopted.holdfast("explain", "plan-unknown").out
    adopted.git("rm", "-q", RECOVERY)
    passed(adopted.holdfast("guide", "--write"))
    passed(adopted.commit("Write the guide"))
    assert refusals() == [
        f"plan-unknown: {IN_PAGE}plan-unknown]",
        "plan-unknown: ../RECOVERY.md#plan-unknown]",
        f"evidence-missing: {IN_PAGE}evidence-missing]",
    ]
    assert adopted.holdfast("explain", "4").out.endswith(f"\n\nMore: {IN_PAGE}exit-4\n")
    assert adopted.json("explain", "case-finish-killed")["page"] == str(adopted.path / RECOVERY) + "#case-finish-killed"


def test_explain_answers_for_every_code_exit_code_and_failure_mode(
    adopted: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    from argparse import Namespace

    from holdfast.entrypoints.commands import explain
    from holdfast.entrypoints.face import Face

    passed(adopted.holdfast("guide", "--write"))
    page = adopted.read(RECOVERY)
    anchors = {rule.code: rule.code for rule in ALL} | {one.code: one.anchor for one in EXITS}
    for code, anchor in {**anchors, **{one.anchor: one.anchor for one in FAILURES}}.items():
        assert explain.run(Face(str(adopted.path), adopted.env), Namespace(code=code)) == 0
        assert capsys.readouterr().out.endswith(f"\n\nMore: {IN_PAGE}{anchor}\n"), code
        assert page.count(f'<a id="{anchor}"></a>\n') == 1, code


# What it looks like


def on_terminal(repo: Repo, columns: int, env: dict[str, str], *args: str) -> tuple[int, str]:
    """Exit code and what a terminal of so many columns shows."""
    ran = terminal.on(repo, *args, size=(columns, 40), **env)
    return ran.code, ran.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"NO_COLOR": "", "FORCE_COLOR": "1", "TERM": "xterm-256color"}])
def test_the_whole_output_at_each_width_with_and_without_colour(repo: Repo, columns: int, env: dict[str, str]) -> None:
    # The block is the text of a file: whole, and without colour, at any width.
    assert on_terminal(repo, columns, env, "guide") == (0, BLOCK + "\n")
    assert passed(repo.holdfast("guide", env=env)).out == BLOCK + "\n"
    assert on_terminal(repo, columns, env, "guide", "--write") == (
        0,
        "  create  write CLAUDE.md, which takes in AGENTS.md\n"
        "  create  write AGENTS.md\n"
        "  create  write docs/PROCESS.md\n"
        "  create  write docs/RECOVERY.md\n"
        "commit these files, so that every clone and worktree has them\n",
    )
    repo.write("AGENTS.md", f"{EDITED}\n")
    assert on_terminal(repo, columns, env, "guide", "--check") == (
        1,
        "refused: the guide in AGENTS.md was edited by hand\n"
        "   why:  AGENTS.md: The edit is lost when the guide is written again, and agents follow what nobody keeps right. "
        "[guide-edited: docs/RECOVERY.md#guide-edited]\n"
        "   next: Move words of your own out of it, then run `holdfast guide --write`.\n",
    )
    assert on_terminal(repo, columns, env, "guide", "--write", "--check")[0] == 2


def test_the_block_is_printed_also_where_there_is_no_repository(repo: Repo, tmp_path: Path) -> None:
    assert passed(repo.holdfast("guide", cwd=tmp_path)).out == BLOCK + "\n"
    ran = repo.holdfast("guide", "--write", cwd=tmp_path)
    assert ran.code == 1 and ran.err.startswith("refused: "), ran
