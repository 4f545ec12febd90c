"""Bad input: each works, or gives three lines and the right exit code; nothing is lost, and never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import holdfast
from conftest import Ran, Repo, bound, plan_text, sealed

README = "docs/plans/README.md"
THIRD = "docs/plans/03_third.md"


def clean(ran: Ran) -> Ran:
    """No output may ever hold a traceback, or call something a bug."""
    for text in (ran.out, ran.err):
        assert "Traceback" not in text and "bug in Holdfast" not in text and "Exception ignored" not in text, ran
    return ran


def refused(ran: Ran, code: int = 1) -> Ran:
    """A refusal: the exit code, and three lines for each blocker, the last with something to do."""
    clean(ran)
    assert ran.code == code, ran
    lines = ran.err.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("refused: ")]
    assert starts, ran
    for at in starts:
        assert lines[at + 1].startswith("   why:  ") and lines[at + 2].startswith("   next: "), ran
        assert len(lines[at + 2]) > len("   next: "), ran
    return ran


def passed(ran: Ran) -> Ran:
    clean(ran)
    assert ran.code == 0, ran
    return ran


def commit(repo: Repo, message: str = "change", *args: str) -> Ran:
    return clean(repo.commit(message, *args))


def right(repo: Repo, rev: str = "HEAD") -> None:
    """The commit holds the plan index of its plans, and nothing is left over."""
    passed(repo.holdfast("index", "--check", "--rev", rev))
    assert repo.status() == ""


def alone(path: Path, repo: Repo, *options: str) -> Repo:
    """Another new repository in the same sealed home."""
    path.mkdir()
    made = Repo(path, repo.env)
    made.git("init", "-q", "-b", "main", *options)
    return made


# Where there is no worktree, or none like others


@pytest.mark.parametrize("command", [("check",), ("plan", "list"), ("index",), ("config",), ("init", "--yes")])
def test_outside_a_repository(tmp_path: Path, command: tuple[str, ...]) -> None:
    place = Repo(tmp_path, sealed(tmp_path / "home"))
    ran = refused(place.holdfast(*command))
    assert "not a git repository" in ran.err and "git init" in ran.err
    assert sorted(os.listdir(tmp_path)) == ["home"]


@pytest.mark.parametrize("command", [("check",), ("plan", "list"), ("index", "--write"), ("init", "--yes")])
def test_in_a_bare_repository(repo: Repo, tmp_path: Path, command: tuple[str, ...]) -> None:
    repo.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    ran = refused(repo.holdfast("-C", str(tmp_path / "bare.git"), *command))
    assert "git worktree add" in ran.err


def test_a_repository_of_somebody_else_is_named_with_gits_own_remedy(adopted: Repo) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for folder, _, _ in os.walk(adopted.path):
        os.chown(folder, 12345, 12345)
    ran = refused(adopted.holdfast("check"))
    assert "dubious ownership" in ran.err and "safe.directory" in ran.err.splitlines()[-1]


def test_before_the_first_commit(repo: Repo) -> None:
    """The first commit is judged against nothing: every problem is new, and the plan index is in it."""
    repo.write("docs/plans/01_first.md", plan_text(1, "First"))
    passed(repo.holdfast("init", "--yes"))
    for command in (
        ("check",),
        ("check", "--staged"),
        ("index",),
        ("plan", "list"),
        ("plan", "show", "1"),
        ("config",),
    ):
        passed(repo.holdfast(*command))
    assert [plan["number"] for plan in repo.json("plan", "list")["plans"]] == [1]
    refused(repo.holdfast("check", "--rev", "HEAD"))
    refused(repo.holdfast("index", "--mend", "HEAD.."))
    repo.write("docs/plans/02_bad.md", plan_text(2, "Bad", "✅ Complete", blocked_by="#77"))
    ran = refused(commit(repo, "all"))
    assert "[evidence-missing]" in ran.err and "[blocker-unknown]" in ran.err
    assert repo.try_git("rev-parse", "HEAD^{commit}").code != 0

    (repo.path / "docs/plans/02_bad.md").unlink()
    assert repo.json("plan", "new", "Second")["number"] == 3  # git's index still has the other
    passed(commit(repo, "[Plan #1] all"))
    right(repo)
    assert "| 3 | [Second](03_second.md)" in repo.show(README)


def test_shallow_clone(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("rm", "-q", "docs/plans/01_first.md")
    adopted.write("docs/plans/02_second.md", plan_text(2, "Second"))
    passed(commit(adopted, "remove the first"))
    adopted.git("clone", "-q", "--depth", "1", f"file://{adopted.path}", str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", adopted.env)
    passed(clone.holdfast("init", "--yes"))
    for command in (("check",), ("check", "--rev", "HEAD"), ("index", "--check")):
        passed(clone.holdfast(*command))
    # What never existed cannot be told from what was cut off: a warning, not an error.
    clone.write(THIRD, plan_text(3, "Third", blocked_by="#1"))
    ran = passed(commit(clone, "[Plan #1] refers to what is cut off"))
    assert "warning: " in ran.err, ran
    right(clone)
    refused(clone.holdfast("check", "--since", "HEAD~5"))


def test_sparse_checkout_without_the_plan_folder(adopted: Repo) -> None:
    adopted.write("src/a.txt", "a\n")
    passed(commit(adopted, "code"))
    adopted.git("sparse-checkout", "set", "src")
    assert not (adopted.path / "docs").exists()
    assert [plan["number"] for plan in adopted.json("plan", "list")["plans"]] == [1, 2]
    assert passed(adopted.holdfast("plan", "show", "1")).out.startswith("# Plan #1: First")
    ran = refused(adopted.holdfast("plan", "set", "1", "--status", "in-progress"))
    assert "sparse" in ran.err
    adopted.write("src/a.txt", "b\n")
    adopted.git("add", "src")
    passed(clean(adopted.try_git("commit", "-q", "-m", "more code")))
    right(adopted)


def test_check_in_a_sparse_checkout_does_not_miss_what_is_left_out(adopted: Repo) -> None:
    adopted.write("src/a.txt", "a\n")
    passed(commit(adopted, "code"))
    adopted.git("sparse-checkout", "set", "src")
    passed(adopted.holdfast("check"))
    passed(adopted.holdfast("index", "--write"))
    assert not (adopted.path / "docs").exists()


def test_unmerged_entries(adopted: Repo) -> None:
    adopted.git("checkout", "-q", "-b", "side")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First on the side"))
    passed(commit(adopted, "side"))
    adopted.git("checkout", "-q", "main")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First on main"))
    passed(commit(adopted, "main"))
    assert adopted.try_git("merge", "side").code != 0
    for command in (("check",), ("check", "--staged"), ("plan", "list"), ("index",), ("plan", "new", "While merging")):
        ran = clean(adopted.holdfast(*command))
        assert ran.code in (0, 1), ran
    assert "[file-conflict]" in adopted.holdfast("check").out
    refused(adopted.holdfast("index", "--mend", "HEAD~1.."))
    adopted.write("docs/plans/01_first.md", plan_text(1, "First of both"))
    adopted.git("add", "-A")
    passed(clean(adopted.try_git("commit", "--no-edit", "-q")))
    right(adopted)
    assert "[First of both]" in adopted.show(README)


def test_a_plan_that_is_only_meant_to_be_added_is_in_no_commit(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third"))
    adopted.git("add", "-N", THIRD)
    adopted.write("README.md", "# Other\n")
    adopted.git("add", "README.md")
    passed(clean(adopted.try_git("commit", "-q", "-m", "other")))
    assert "Third" not in adopted.show(README)
    passed(adopted.holdfast("check", "--staged"))
    assert [plan["number"] for plan in adopted.json("plan", "list")["plans"]] == [1, 2, 3]


@pytest.mark.parametrize("setting", ["true", "input"])
def test_line_endings_that_git_converts(repo: Repo, setting: str) -> None:
    repo.git("config", "core.autocrlf", setting)
    repo.write("docs/plans/01_first.md", plan_text(1, "First").replace("\n", "\r\n"))
    passed(repo.holdfast("init", "--yes"))
    passed(commit(repo, "adopt"))
    for path in ("docs", "holdfast.toml"):
        repo.git("rm", "-r", "-q", "--cached", path)
    shutil.rmtree(repo.path / "docs")
    repo.git("reset", "-q", "--hard")
    assert (b"\r\n" in (repo.path / "docs/plans/01_first.md").read_bytes()) == (setting == "true")
    passed(repo.holdfast("check"))
    passed(repo.holdfast("index", "--check"))
    passed(repo.holdfast("plan", "set", "1", "--status", "in-progress"))
    passed(commit(repo, "start"))
    right(repo)
    assert b"\r" not in repo.show(README).encode() and "🚧 In Progress" in repo.show(README)
    passed(repo.holdfast("check"))


def test_a_repository_with_sha256(repo: Repo, tmp_path: Path) -> None:
    other = alone(tmp_path / "sha256", repo, "--object-format=sha256")
    other.write("docs/plans/01_first.md", plan_text(1, "First"))
    passed(other.holdfast("init", "--yes"))
    passed(commit(other, "adopt"))
    right(other)
    other.git("checkout", "-q", "-b", "plan-1-first")
    other.write("docs/plans/02_second.md", plan_text(2, "Second"))
    passed(commit(other, "add"))
    assert other.git("log", "-1", "--format=%s") == "[Plan #1] add\n"
    other.git("checkout", "-q", "main")
    other.write(THIRD, plan_text(3, "Third"))
    passed(clean(other.try_git("add", "-A")))
    passed(clean(other.try_git("commit", "-q", "-m", "third", "--", THIRD)))
    passed(clean(other.try_git("merge", "-q", "--no-edit", "plan-1-first")))
    right(other)
    other.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "empty")
    passed(other.holdfast("check", "--since", "HEAD~1"))
    passed(other.holdfast("index", "--mend", "HEAD~1.."))
    assert other.json("plan", "new", "Fourth")["number"] == 4


# Names


NAMES = (
    "03_with space.md", "04_it's \"quoted\".md", "05_line\nbreak.md", b"06_latin_\xe9.md", "07_$(touch pwned).md",
    "08_`touch pwned`.md", "09_ünïcode_🚧.md", "10_|pipe](x)[.md", "11_;touch pwned;.md", "12_tab\there.md", "13_\x1b[2J.md",
)  # fmt: skip


def _named(name: str | bytes) -> str:
    return name if isinstance(name, str) else os.fsdecode(name)


def test_plan_files_with_odd_names(adopted: Repo) -> None:
    for number, name in enumerate(NAMES, 3):
        with open(os.path.join(os.fsencode(adopted.path / "docs/plans"), os.fsencode(_named(name))), "w") as file:
            file.write(plan_text(number, f"Title {number}"))
    passed(commit(adopted, "odd names"))
    right(adopted)
    rows = [line for line in adopted.show(README).splitlines() if line.startswith("| ") and "Title" in line]
    assert len(rows) == len(NAMES)
    numbers = list(range(1, len(NAMES) + 3))
    assert [plan["number"] for plan in adopted.json("plan", "list")["plans"]] == numbers
    for number in numbers:
        passed(adopted.holdfast("plan", "show", str(number)))
    for number in (4, 5, 6, 13):
        passed(adopted.holdfast("plan", "set", str(number), "--status", "in-progress"))
    passed(commit(adopted, "started"))
    right(adopted)
    # As findings, in each form, they cannot move the cursor or break a line.
    for number in (5, 6, 13):
        passed(adopted.holdfast("plan", "set", str(number), "--status", "planned"))
        path = next(p for p in os.listdir(adopted.path / "docs/plans") if p.startswith(f"{number:02}_"))
        with open(adopted.path / "docs/plans" / path, "a") as file:
            file.write("\nSee [Plan #999].\n")
    for form in ("text", "github"):
        ran = clean(adopted.holdfast("check", "--format", form))
        assert ran.code == 1 and "\x1b" not in ran.out + ran.err, ran
    assert len([line for line in adopted.holdfast("check", "--format", "github").out.splitlines() if line]) == 3
    assert len(adopted.json("check")["problems"]) == 3
    ran = refused(commit(adopted, "refers to nothing"))
    assert "\x1b" not in ran.err
    assert not list(adopted.path.rglob("pwned"))


ARGUMENTS = (
    "--help",
    "-rf",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "../../etc",
    ".git",
    "%s%n",
    "{0}",
    "\\",
    "a" * 300,
)


def test_titles_are_data(adopted: Repo) -> None:
    for number, title in enumerate(ARGUMENTS, 3):
        before = set((adopted.path / "docs").rglob("*"))
        made = json.loads(passed(adopted.holdfast("plan", "new", "--json", "--priority", "High", "--", title)).out)
        assert made["number"] == number
        assert [str(path) for path in set((adopted.path / "docs").rglob("*")) - before] == [made["path"]]
        assert f"# Plan #{number}: {title}\n" in Path(made["path"]).read_text()
        passed(adopted.try_git("check-ref-format", "--branch", made["branch"]))
    passed(commit(adopted, "new"))
    right(adopted)
    assert [plan["title"] for plan in adopted.json("plan", "list")["plans"][2:]] == list(ARGUMENTS)
    assert not list(adopted.path.rglob("pwned"))


NO_LINES = (
    "",
    "  ",
    "two\nlines",
    "two\rlines",
    "two\u2028lines",
    "two\x85lines",
    "bell\x07",
    "\x1b[2J",
    "\udce9",
)


def test_titles_that_are_no_line_of_text_are_refused(adopted: Repo) -> None:
    for title in NO_LINES:
        refused(adopted.holdfast("plan", "new", title))
    refused(adopted.holdfast("plan", "new", "A title", "--priority", "two\nlines"))
    assert adopted.status() == ""


@pytest.mark.parametrize(
    "name",
    ["plan-1-$(touch${IFS}pwned)", "plan-1-`touch${IFS}pwned`", "plan-1-;true&true|true", "plan-1-ünï", "--help"],
)
def test_branch_names_are_data(adopted: Repo, name: str) -> None:
    adopted.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
    adopted.write("docs/plans/01_first.md", plan_text(1, "First, changed"))
    passed(commit(adopted, "on an odd branch"))
    adopted.write("README.md", "# other\n")
    passed(commit(adopted, "no plan in it"))
    adopted.write(THIRD, plan_text(3, "Third"))
    adopted.git("add", "-A")
    passed(clean(adopted.try_git("commit", "-q", "-m", "by path", "--", THIRD)))
    right(adopted)
    for command in (("check",), ("plan", "list", "--json"), ("config",), ("index", "--check")):
        passed(adopted.holdfast(*command))
    subject = adopted.git("log", "-1", "--format=%s")
    assert subject == ("by path\n" if name == "--help" else "[Plan #1] by path\n")
    assert not list(adopted.path.rglob("pwned"))


REVISIONS = (
    "--help",
    "-rf",
    "$(touch pwned)",
    "--output=pwned",
    "HEAD:docs",
    "",
    "a\nb",
    "..",
    "main..",
    "@{-99}",
    "\udcff",
)


def test_revisions_are_data(adopted: Repo) -> None:
    for rev in REVISIONS:
        for command in (("check", f"--rev={rev}"), ("check", f"--since={rev}"), ("index", f"--mend={rev}")):
            ran = clean(adopted.holdfast(*command))
            assert ran.code in (0, 1), ran
            if rev != "main..":
                refused(ran)
    assert not list(adopted.path.rglob("pwned")) and adopted.status() == ""


# Size


def test_a_plan_of_ten_megabytes(adopted: Repo) -> None:
    adopted.write(
        THIRD, plan_text(3, "Third", body="## Plan\n\n" + "Words of a plan, and more words of a plan.\n" * 240_000)
    )
    started = time.monotonic()
    ran = refused(commit(adopted, "large"))
    assert "[file-too-large]" in ran.err
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + "[limits]\nmax_plan_size = 20000000\n")
    passed(commit(adopted, "large, allowed"))
    assert time.monotonic() - started < 30
    right(adopted)
    assert len(passed(adopted.holdfast("plan", "show", "3")).out) > 10_000_000
    passed(adopted.holdfast("plan", "set", "3", "--status", "in-progress"))


HOSTILE = {
    "one long line": "plan " * 40_000,
    "fields": "".join(f"**A{n}:** x\n" for n in range(12_000)),
    "repeated fields": "**Status:** 📋 Planned\n" * 8_000,
    "brackets": "(" * 100_000 + "[" * 100_000,
    "back quotes": "".join("`" * n + "a" for n in range(600)),
    "emphasis": "*" * 100_000 + "_" * 100_000,
    "blanks": "Plan #1" + " " * 100_000 + "x\n" + "- " * 50_000 + "x",
    "headings": "".join(f"{'#' * (n % 6 + 1)} H{n}\n" for n in range(20_000)),
    "boxes": "## Plan\n" + "- [ ] x\n" * 20_000,
    "numbers": "**Blocked By:** " + ", ".join(f"#{n}" for n in range(5_000)),
    "mentions": "[Plan #1]" * 20_000,
    "garbled": "Ã¢" * 50_000,
    "comments": "<!--" * 40_000,
    "front matter": "---\n" + "".join(f"k{n}: [a, b]\n" for n in range(10_000)),
    "nulls": "\0" * 200_000,
    "returns": "\r" * 200_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_text_of_a_plan_runs_for_ever(what: str) -> None:
    """200 KB of each shape in the header and below it; the budget is wide, the shapes that were wrong took minutes."""
    from holdfast.domain import policy
    from holdfast.domain.plan_reader import parse
    from holdfast.domain.summary import summarize

    text = HOSTILE[what]
    started = time.monotonic()
    for content in (text, f"# Plan #3: X\n{text}\n", plan_text(3, "X", body=f"## Plan\n\n{text}\n")):
        folder = policy.folder()
        summarize(parse("docs/plans/03_x.md", 3, content.encode(), folder), "0", folder, policy.default())
    assert time.monotonic() - started < 6


def test_ten_thousand_plans(repo: Repo) -> None:
    def stream() -> bytes:
        out = [b"commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 1\nx\n"]
        for number in range(1, 10_001):
            text = plan_text(number, f"Plan {number}", blocked_by=f"#{number - 1}" if number > 1 else "None").encode()
            out.append(b"M 644 inline docs/plans/%04d_x.md\ndata %d\n%s\n" % (number, len(text), text))
        return b"".join(out)

    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.path, env=repo.env, input=stream(), check=True)
    repo.git("reset", "-q", "--hard")
    started = time.monotonic()
    passed(repo.holdfast("init", "--yes"))
    passed(commit(repo, "adopt"))
    assert len(repo.json("plan", "list")["plans"]) == 10_000
    repo.write("docs/plans/0007_x.md", plan_text(7, "Changed", blocked_by="#6"))
    passed(commit(repo, "change one"))
    assert "| 7 | [Changed]" in repo.show(README)
    assert repo.json("plan", "new", "The next")["number"] == 10_001
    assert time.monotonic() - started < 40
    assert len(passed(repo.holdfast("plan", "graph")).out.splitlines()) > 10_000


# Configuration


BAD_CONFIGURATION = {
    "a typo": ('main_brnch = "main"\n', "config-unknown-key", "main_branch"),
    "a typo in a table": ("[index]\nmod = 'main'\n", "config-unknown-key", "mode"),
    "a wrong type": ("main_branch = 3\n", "config-value", "main_branch"),
    "a table for text": ("[main_branch]\nx = 1\n", "config-value", "main_branch"),
    "text for a table": ('index = "README.md"\n', "config-value", "index"),
    "text for tables": ('plans = "docs/plans"\n', "config-value", "plans"),
    "an unknown rule": ('[rules]\nevidence-mising = "off"\n', "config-unknown-key", "evidence-missing"),
    "an unknown severity": ('[rules]\nevidence-missing = "of"\n', "config-value", "evidence-missing"),
    "no TOML": ("main_branch = \n", "config-unreadable", "holdfast.toml"),
    "no UTF-8": (b'main_branch = "\xff"\n', "config-unreadable", "holdfast.toml"),
    "conflict markers": ("<<<<<<< ours\n", "config-unreadable", "holdfast.toml"),
    "a NUL": ("\0", "config-unreadable", "holdfast.toml"),
    "a folder above": ('[[plans]]\npath = "../.."\n', "config-value", "../.."),
    "a folder from the root": ('[[plans]]\npath = "/etc"\n', "config-value", "/etc"),
    "git's folder": ('[[plans]]\npath = ".git"\n', "config-value", ".git"),
    "a folder in git's folder": ('[[plans]]\npath = "docs/.git/hooks"\n', "config-value", ".git"),
    "a line break in a path": ('[[plans]]\npath = "docs\\nplans"\n', "config-value", "path"),
    "an index elsewhere": ('[[plans]]\nindex = "../x.md"\n', "config-value", "index"),
    "an archive elsewhere": ('[[plans]]\narchive = "../../x"\n', "config-value", "archive"),
    "a pattern that is an expression": ('[[plans]]\npattern = "(a+)+$"\n', "config-value", "pattern"),
    "a pattern with two numbers": ('[[plans]]\npattern = "{number}{number}.md"\n', "config-value", "pattern"),
    "a status with a control character": ('[[plans]]\n[plans.statuses]\nplanned = ["\\u001b[2J"]\n', "config-value", "statuses"),
    "no status": ('[[plans]]\n[plans.statuses]\nplaned = ["x"]\n', "config-value", "planed"),
    "a newer format": ("[index]\nformat = 99\n", "config-value", "format"),
    "deep lists": ("x = " + "[" * 3_000 + "]" * 3_000 + "\n", "config-unreadable", "holdfast.toml"),
}  # fmt: skip


def test_bad_configuration_is_named_and_refused(adopted: Repo) -> None:
    head = adopted.git("rev-parse", "HEAD")
    for what, (text, code, word) in BAD_CONFIGURATION.items():
        adopted.write("holdfast.toml", text)
        ran = refused(commit(adopted, "configuration"))
        assert f"[{code}]" in ran.err and word in ran.err and "\x1b" not in ran.err, (what, ran)
        ran = refused(adopted.holdfast("config"))
        assert f"[{code}]" in ran.err, (what, ran)
    assert adopted.git("rev-parse", "HEAD") == head
    for command in (("check",), ("plan", "list"), ("index", "--write")):
        assert clean(adopted.holdfast(*command)).code in (0, 1)
    refused(adopted.holdfast("plan", "new", "X"))
    adopted.git("checkout", "-q", "HEAD", "--", "holdfast.toml")
    passed(adopted.holdfast("plan", "new", "X"))
    passed(commit(adopted, "a plan"))
    right(adopted)


@pytest.mark.parametrize(
    "text",
    ["x = " + "9" * 5_000, "x = 0x" + "f" * 5_000, ".".join("a" * 3_000) + " = 1", "index.format = 0x" + "f" * 5_000],
)
def test_configuration_that_python_itself_refuses(adopted: Repo, text: str) -> None:
    adopted.write("holdfast.toml", text + "\n")
    assert adopted.json("check")["problems"]
    refused(commit(adopted, "configuration"))


def test_a_problem_of_the_configuration_that_was_there_blocks_nothing(adopted: Repo) -> None:
    adopted.write("holdfast.toml", 'main_brnch = "main"\n')
    adopted.git("add", "-A")
    adopted.git("commit", "-q", "--no-verify", "-m", "typo")
    adopted.write(THIRD, plan_text(3, "Third"))
    ran = passed(commit(adopted, "a plan"))
    assert "1 older problem" in ran.err
    right(adopted)


@pytest.mark.parametrize("text", ["$(touch pwned) ${HOME} `touch pwned` $ $$ $x", "%s %d %(x)s {0} {title} \\1 \\g<0>"])
def test_templates_and_words_of_a_hostile_branch_are_data(adopted: Repo, text: str) -> None:
    adopted.git("checkout", "-q", "-b", "hostile")
    quoted = text.replace("\\", "\\\\")
    adopted.write(
        "holdfast.toml",
        adopted.read("holdfast.toml")
        + f'[plans.statuses]\nreview = ["Look {quoted} up"]\n[commit]\ntags = ["{quoted}"]\n',
    )
    adopted.write(README + ".template", f"{text}\n\n$plan_index\n{text}\n")
    adopted.write("docs/plans/TEMPLATE.md", f"# Plan #N: {text}\n\n**Status:** x\n\n## Plan\n\n{text}\n")
    adopted.write(THIRD, plan_text(3, text, f"Look {text} up"))
    passed(commit(adopted, "hostile"))
    right(adopted)
    assert adopted.show(README).startswith(text.replace("$$", "$"))
    adopted.json("plan", "new", text)
    assert f"# Plan #4: {text}\n" in next((adopted.path / "docs/plans").glob("04_*")).read_text()
    passed(adopted.holdfast("plan", "set", "1", "--status", f"Look {text} up"))
    passed(commit(adopted, "words"))
    passed(adopted.holdfast("check"))
    adopted.git("checkout", "-q", "main")
    passed(clean(adopted.try_git("merge", "-q", "--no-edit", "hostile")))
    right(adopted)
    assert not list(adopted.path.rglob("pwned"))


# What stands where a file should


def test_a_symlinked_plan_folder_is_neither_read_nor_written_through(adopted: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(adopted.path / "docs/plans", outside)
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    adopted.git("rm", "-rq", "docs/plans")
    (adopted.path / "docs").mkdir(exist_ok=True)
    (adopted.path / "docs/plans").symlink_to(outside)
    passed(commit(adopted, "a symlink"))
    assert adopted.json("plan", "list")["plans"] == []
    refused(adopted.holdfast("plan", "new", "Leaving"))
    for command in (("check",), ("index", "--write"), ("check", "--mend"), ("index",)):
        clean(adopted.holdfast(*command))
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before


def test_a_plan_that_is_a_symlink_a_folder_or_a_submodule(adopted: Repo, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(plan_text(3, "SECRET"))
    (adopted.path / THIRD).symlink_to(secret)
    (adopted.path / "docs/plans/04_folder.md").mkdir()
    adopted.write("docs/plans/04_folder.md/05_inner.md", plan_text(5))
    other = alone(tmp_path / "other", adopted)
    other.git("commit", "-q", "--allow-empty", "-m", "x")
    adopted.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "docs/plans/06_sub.md"
    )
    found = {(problem["plan"], problem["code"]) for problem in adopted.json("check")["problems"]}
    assert {(3, "file-not-regular"), (6, "file-not-regular")} <= found
    ran = refused(commit(adopted, "not regular"))
    assert "a symlink" in ran.err and "a submodule" in ran.err and "SECRET" not in ran.err
    for number in ("3", "6"):
        for command in (("plan", "show", number), ("plan", "set", number, "--status", "complete", "--evidence", "x")):
            ran = refused(adopted.holdfast(*command))
            assert "SECRET" not in ran.out + ran.err
    assert (adopted.path / THIRD).is_symlink() and secret.read_text() == plan_text(3, "SECRET")
    refused(adopted.holdfast("plan", "show", "5"))
    passed(adopted.holdfast("plan", "list"))


def test_a_template_that_is_a_symlink_gives_nothing_away(adopted: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("# Plan #N: SECRET\n\n**Status:** x\n\nSECRET\n")
    (adopted.path / "docs/plans/TEMPLATE.md").symlink_to(tmp_path / "secret")
    made = adopted.json("plan", "new", "Third")
    assert "SECRET" not in Path(made["path"]).read_text()


def test_a_symlinked_template_of_the_plan_index_gives_nothing_away(adopted: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET\n$plan_index\n")
    (adopted.path / (README + ".template")).symlink_to(tmp_path / "secret")
    clean(adopted.holdfast("index", "--write"))
    assert "SECRET" not in adopted.read(README)


def test_a_symlinked_plan_index_is_left_alone(adopted: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    shutil.copy(adopted.path / README, outside)
    before = outside.read_bytes()
    (adopted.path / README).unlink()
    (adopted.path / README).symlink_to(outside)
    adopted.write(THIRD, plan_text(3, "Third"))
    for command in (("index", "--write"), ("check", "--mend"), ("check",), ("index", "--check")):
        clean(adopted.holdfast(*command))
    adopted.git("add", "-A")
    clean(adopted.try_git("commit", "-q", "-m", "a symlink"))
    assert outside.read_bytes() == before and (adopted.path / README).is_symlink()


# The environment


def read_only(path: Path, on: bool = True) -> None:
    for folder, _, names in os.walk(path):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o444 if on else 0o644)
        os.chmod(folder, 0o555 if on else 0o755)


def test_a_git_folder_that_cannot_be_written(adopted: Repo) -> None:
    python = (*bound(), sys.executable)
    adopted.git("config", "gc.auto", "0")
    hooks = {
        name: (adopted.path / ".git/hooks" / name).stat().st_mode for name in os.listdir(adopted.path / ".git/hooks")
    }
    read_only(adopted.path / ".git")
    try:
        for command in (
            ("check",),
            ("check", "--staged"),
            ("check", "--rev", "HEAD"),
            ("plan", "list"),
            ("index", "--check"),
            ("config",),
        ):
            passed(adopted.run(*python, "-m", "holdfast", *command))
        ran = refused(adopted.run(*python, "-m", "holdfast", "plan", "new", "X"), 5)
        assert "permission" in ran.err
        refused(adopted.run(*python, "-m", "holdfast", "init", "--yes", "--python", "/usr/bin/env"), 1)
    finally:
        read_only(adopted.path / ".git", on=False)
        for name, mode in hooks.items():
            (adopted.path / ".git/hooks" / name).chmod(mode)
    # Where only Holdfast's own folder cannot be written, hooks are slower and nothing else.
    read_only(adopted.path / ".git/holdfast")
    try:
        for number in (3, 4):
            adopted.write(f"docs/plans/0{number}_new.md", plan_text(number, f"New {number}"))
            adopted.git("add", "-A")
            passed(clean(adopted.run(*bound(), "git", "commit", "-q", "-m", "new")))
            passed(clean(adopted.run(*bound(), "git", "commit", "-q", "--allow-empty", "-m", "nothing")))
            right(adopted)
    finally:
        read_only(adopted.path / ".git/holdfast", on=False)
    adopted.write("docs/plans/05_new.md", plan_text(5, "New 5"))
    passed(commit(adopted, "writable again"))
    right(adopted)


def test_standing_in_a_folder_that_was_removed(adopted: Repo) -> None:
    for command in ("check", "-C sub check", "version", "init --yes", "schema"):
        script = f'mkdir gone && cd gone && rmdir ../gone && "$0" -m holdfast {command}'
        ran = clean(adopted.run("sh", "-c", script, sys.executable))
        if command not in ("version", "schema"):
            assert "does not exist any more" in refused(ran).err


@pytest.mark.parametrize("folder", ["nowhere", "README.md", "a" * 5_000, "\udcff"])
def test_a_folder_that_is_none(adopted: Repo, folder: str) -> None:
    refused(adopted.holdfast("-C", folder, "check"))


def test_git_variables_in_the_environment_of_a_command(adopted: Repo, tmp_path: Path) -> None:
    other = alone(tmp_path / "other", adopted)
    other.git("commit", "-q", "--allow-empty", "-m", "x")
    for env in (
        {"GIT_DIR": str(other.path / ".git")},
        {"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(other.path)},
        {"GIT_INDEX_FILE": str(other.path / ".git/index")},
        {"GIT_INDEX_FILE": "/nonexistent/index", "GIT_PREFIX": "docs/"},
        {"GIT_OBJECT_DIRECTORY": "/nonexistent", "GIT_NAMESPACE": "x"},
        {"GIT_LITERAL_PATHSPECS": "0", "GIT_ICASE_PATHSPECS": "1"},
    ):
        ran = passed(adopted.holdfast("plan", "list", env=env))
        assert len(ran.out.splitlines()) == 2, (env, ran)
        for what in (("--staged",), ("--rev", "HEAD")):
            ran = passed(adopted.holdfast("check", *what, "--json", env=env))
            assert json.loads(ran.out)["summary"] == {"plans": 2, "errors": 0, "warnings": 0}, (env, ran)
        passed(adopted.holdfast("index", "--check", env=env))


def test_without_git(adopted: Repo, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for command in (("check",), ("plan", "list"), ("init", "--yes"), ("index", "--write"), ("demo",)):
        ran = refused(adopted.holdfast(*command, env={"PATH": str(tmp_path / "bin")}))
        assert "git" in ran.err and "PATH" in ran.err
    assert "git not found" in passed(adopted.holdfast("version", env={"PATH": str(tmp_path / "bin")})).out


def test_without_a_home(adopted: Repo) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "LC_ALL"):
        del adopted.env[name]
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "third"))
    right(adopted)
    passed(adopted.holdfast("init", "--yes"))
    passed(adopted.holdfast("check"))


def test_a_bare_path_as_in_a_graphical_program(adopted: Repo, tmp_path: Path) -> None:
    """A program that was not started from a shell: only git and the basic commands are on PATH, `holdfast` is not."""
    (tmp_path / "bin").mkdir()
    for name in ("git", "sh", "cat", "ps"):
        found = shutil.which(name)
        if found is not None:
            (tmp_path / "bin" / name).symlink_to(found)
    adopted.env["PATH"] = str(tmp_path / "bin")
    del adopted.env["LC_ALL"]
    adopted.write(THIRD, plan_text(3, "Dritter 🚧"))
    passed(commit(adopted, "ünïcode"))
    right(adopted)
    adopted.write(THIRD, plan_text(3, "Third", "Kaputt 🚧"))
    ran = refused(commit(adopted, "unknown"))
    assert "Kaputt 🚧" in ran.err
    assert "Kaputt \\u" not in ran.err


def test_hooks_from_a_subfolder_and_a_linked_worktree(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("worktree", "add", "-q", "-b", "plan-2-second", str(tmp_path / "tree"))
    for place in (adopted, Repo(tmp_path / "tree", adopted.env)):
        number = 3 if place is adopted else 4
        place.write(f"docs/plans/0{number}_new.md", plan_text(number, "New"))
        place.git("add", "-A", cwd=place.path)
        ran = place.run("git", "commit", "-q", "-m", "from below", cwd=place.path / "docs/plans")
        passed(ran)
        right(place)
        place.write("src/deep/er/a.txt", "a\n")
        place.git("add", "-A")
        passed(clean(place.run("git", "commit", "-q", "-m", "no plan", cwd=place.path / "src/deep/er")))
        place.write(f"docs/plans/0{number}_new.md", plan_text(number, "New", "Broken"))
        refused(clean(place.run("git", "commit", "-q", "-a", "-m", "bad", cwd=place.path / "src")))
        place.git("checkout", "-q", "--", ".")
    assert "03_new.md" in adopted.show(README) and "04_new.md" not in adopted.show(README)
    assert "04_new.md" in adopted.show(README, "plan-2-second")
    assert adopted.git("log", "-1", "--format=%s", "plan-2-second") == "[Plan #2] no plan\n"


# What hooks remember


MARKS = ("watch", "gate", "verified", "heal", "known", "numbers.lock", "install.json")
CONTENTS: dict[str, Any] = {
    "empty": b"",
    "garbage": bytes(range(256)) * 20,
    "one long line": b"a" * 100_000,
    "a command": b"$(touch pwned) `touch pwned`; touch pwned\n" * 3,
    "options": b"--output=pwned refs/heads/main\n--output=pwned\n-rf /\n",
    "a format to come": b"99 holdfast.toml - - -\n",
    "words of the shell": b"3 ( - - prefix\n!\n)\n",
    "paths elsewhere": b"3 ../../x - - prefix\n../..\n/etc\n",
}


def test_hostile_marks_change_nothing(adopted: Repo) -> None:
    folder = adopted.path / ".git/holdfast"
    before = set(adopted.path.iterdir())

    def spoil(content: bytes) -> None:
        for name in MARKS:
            (folder / name).write_bytes(content)

    for number, content in enumerate(CONTENTS.values(), 3):
        spoil(content)
        adopted.write(f"docs/plans/{number:02}_new.md", plan_text(number, "New"))
        passed(commit(adopted, f"[Plan #{number}] new"))
        right(adopted)
        spoil(content)
        passed(clean(adopted.try_git("commit", "-q", "--allow-empty", "-m", "nothing")))
        spoil(content)
        adopted.write("docs/plans/01_first.md", plan_text(1, "First", "Broken"))
        refused(commit(adopted, "bad"))
        adopted.git("reset", "-q", "--hard")
    assert set(adopted.path.iterdir()) == before


def test_folders_in_the_place_of_marks(adopted: Repo) -> None:
    folder = adopted.path / ".git/holdfast"
    for name in ("watch", "gate", "verified", "heal", "known"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "[Plan #3] third"))
    right(adopted)
    adopted.write(THIRD, plan_text(3, "Third", "Broken"))
    refused(commit(adopted, "bad"))


def test_a_file_in_the_place_of_holdfasts_folder(adopted: Repo) -> None:
    shutil.rmtree(adopted.path / ".git/holdfast")
    (adopted.path / ".git/holdfast").write_text("not a folder\n")
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(commit(adopted, "third"))
    right(adopted)
    for command in (("check",), ("plan", "list")):
        passed(adopted.holdfast(*command))
    refused(adopted.holdfast("plan", "new", "X"), 5)


def test_a_hook_run_by_hand(adopted: Repo) -> None:
    """What the shell hooks start is no command of its own, but a curious person may type it."""
    for name in (
        "pre-commit",
        "commit-msg",
        "pre-merge-commit",
        "merge-driver",
        "post-commit",
        "post-merge",
        "nonsense",
        "",
    ):
        clean(adopted.holdfast("hook", name))
    clean(adopted.holdfast("hook"))


@pytest.mark.parametrize("size", [16, 17, 512])
def test_a_compiled_module_that_a_full_disk_has_torn(adopted: Repo, tmp_path: Path, size: int) -> None:
    package = tmp_path / "installed" / "holdfast"
    shutil.copytree(Path(holdfast.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    env = {"PYTHONPATH": str(package.parent)}
    passed(adopted.run(sys.executable, "-m", "compileall", "-q", str(package)))
    (torn,) = (package / "usecases" / "__pycache__").glob("plan_list.*.pyc")
    os.truncate(torn, size)
    ran = refused(adopted.holdfast("plan", "list", env=env), 5)
    assert "a compiled module of Holdfast is torn" in ran.err
    passed(adopted.run("sh", "-c", ran.err.split("`")[3], env=env))
    assert "First" in passed(adopted.holdfast("plan", "list", env=env)).out
