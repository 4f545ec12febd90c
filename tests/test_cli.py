"""Every command and flag on the real command line: data, exit codes, JSON by its schema, and nothing that is not asked for."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import Ran, Repo, plan_text
from holdfast.domain import configuration_keys
from holdfast.domain.agents import AGENTS
from holdfast.domain.codes import ALL
from holdfast.domain.exit_codes import BY_CODE as EXITS
from holdfast.entrypoints import cli

README = "docs/plans/README.md"
THIRD = "docs/plans/03_third.md"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(ran: Ran) -> Ran:
    assert "Traceback" not in ran.out + ran.err and "bug in Holdfast" not in ran.err, ran
    assert "Exception ignored" not in ran.err, ran
    return ran


def passed(ran: Ran) -> Ran:
    assert clean(ran).code == 0, ran
    return ran


def refused(ran: Ran, code: int = 1) -> Ran:
    """Three lines on standard error, nothing on standard output."""
    assert clean(ran).code == code, ran
    lines = ran.err.splitlines()
    at = next((at for at, line in enumerate(lines) if line.startswith("refused: ")), -1)
    assert at >= 0 and lines[at + 1].startswith("   why:  ") and lines[at + 2].startswith("   next: "), ran
    return ran


def snapshot(repo: Repo) -> dict[str, Any]:
    """Every byte of the repository but the cache, which is only a memory, and file times."""
    found: dict[str, Any] = {}
    for folder, folders, names in os.walk(repo.path):
        folders[:] = [name for name in folders if (folder, name) != (str(repo.path / ".git/holdfast"), "cache")]
        for name in names:
            path = Path(folder, name)
            if name != "index":
                found[str(path)] = path.read_bytes() if path.is_file() else os.readlink(path)
    found["refs"] = repo.git("for-each-ref")
    found["staged"] = repo.git("ls-files", "-s")
    found["status"] = repo.status()
    return found


def mess(repo: Repo) -> None:
    """A working tree with one problem of each level, uncommitted."""
    repo.write(THIRD, plan_text(3, "Third", "✅ Planned"))
    repo.write("docs/plans/04_fourth.md", plan_text(4, "Fourth", "Kaputt", blocked_by="#99"))


# JSON by its schema


PROBLEM = ["code", "severity", "subject", "message", "remedy", "who", "path", "line", "column", "plan"]
"""The fields of a problem, in their order."""


def documents(repo: Repo) -> list[tuple[str, ...]]:
    """Commands whose output covers each schema: empty and full, fine and with problems."""
    return [
        ("version",), ("completion", "bash"), ("config",), ("explain",), ("explain", "evidence-missing"), ("explain", "4"),
        ("check",), ("check", "--staged"), ("check", "--rev", "HEAD"), ("check", "--since", "HEAD"),
        ("check", "--mend", "--dry-run"), ("ci",),
        ("index",), ("index", "--check"), ("index", "--rev", "HEAD"), ("index", "--check", "--rev", "HEAD"),
        ("index", "--write", "--dry-run"), ("index", "--write"), ("index", "--mend", "HEAD~1..", "--dry-run"),
        ("plan", "list"), ("plan", "list", "--ready"), ("plan", "list", "--status", "complete"), ("plan", "show", "1"),
        ("plan", "new", "Another", "--dry-run"),
        ("plan", "new", "Another", "--priority", "High", "--blocked-by", "1,2"),
        ("plan", "set", "1", "--status", "in-progress", "--dry-run"), ("plan", "set", "1", "--status", "complete"),
        ("plan", "graph"), ("init", "--yes"), ("init", "--dry-run"), ("init", "--uninstall", "--dry-run"), ("check",),
        ("log", "-n", "1"), ("log", "-n", "1", "--event", "plan-new"), ("approve",), ("claims", "--all"),
        ("migrate", "--dry-run"),
        ("start", "1", "--no-worktree"), ("start", "1", "--no-worktree"), ("start", "2"), ("claims", "--fetch"),
        ("unclaim", "1"), ("unclaim", "1"),
        ("session", "beat", "--id", "one"), ("session", "start", "--id", "one"), ("session", "wait", "--id", "one"),
        ("session", "end", "--id", "one"),
        ("worktree", "list"), ("worktree", "remove", "2"), ("worktree", "remove", "2"), ("trash", "list"),
        ("worktree", "restore", "2"), ("worktree", "restore", "2"), ("resume", "2"), ("resume", "1"), ("clean",),
        ("status",), ("status", "--all"), ("doctor",), ("doctor", "--fix"), ("doctor", "--no-self-test"),
        ("finish", "2"), ("finish", "2", "--evidence", "seen", "--dry-run"), ("finish", "--resume"),
        ("trash", "empty"),
        ("agents", "install", "claude", "--dry-run"), ("agents", "install", "claude", "codex"), ("agents", "check"),
        ("agents", "install", "--remove", "codex"), ("agents", "check", "codex"),
        ("explain", "case-finish-killed"), ("guide",), ("guide", "--check"), ("guide", "--write", "--dry-run"),
    ]  # fmt: skip


def test_every_document_fits_its_schema(adopted: Repo) -> None:
    schemas = {
        name: json.loads(passed(adopted.holdfast("schema", name)).out)
        for name in adopted.holdfast("schema").out.split()
    }
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    adopted.commit("another", "--allow-empty")
    seen = set()
    for untidy in (False, True):
        if untidy:
            mess(adopted)
            adopted.git("add", "-A")
        for command in documents(adopted):
            ran = clean(adopted.holdfast(*command, "--json"))
            if untidy and "--mend" in command and command[0] == "index":
                refused(ran)  # something is staged: we could not do the job, and an agent is told so in JSON too
                document = json.loads(ran.out)
                jsonschema.Draft202012Validator(schemas["error"]).validate(document)
                seen.add("error")
                continue
            document = json.loads(ran.out)
            name = document["schema"].removeprefix("holdfast.").removesuffix("/1")
            assert next(iter(document)) == "schema"
            assert name == ".".join(command[: 2 if command[0] in ("plan", "worktree", "trash", "agents") else 1])
            jsonschema.Draft202012Validator(schemas[name]).validate(document)
            assert ran.out.count("\n") == 1 and ran.out.endswith("\n"), "one document on one line"
            seen.add(name)
            left = [one for one in document.get("diagnoses", []) if not one["fixed"]]
            problems = [*document.get("problems", []), *document.get("blockers", []), *left]
            errors = [problem for problem in problems if problem["severity"] == "error"]
            assert ran.code == (1 if errors else 0), (command, ran)
            for problem in problems:
                assert list(problem)[: len(PROBLEM)] == PROBLEM
                assert problem["path"] is None or os.path.isabs(problem["path"])
            for plan in document.get("plans", []) if name != "status" else ():  # it counts them
                assert os.path.isfile(plan["path"]) and plan["on"] == "main"
    assert seen == set(schemas), "every schema was used"


def test_no_document_holds_what_a_terminal_takes_for_a_command(adopted: Repo) -> None:
    adopted.git("branch", "plan-2-\x9b31m")
    for command in ("status", "claims"):
        ran = passed(adopted.holdfast(command, "--json"))
        assert "\\u009b31m" in ran.out and "\x9b" not in ran.out
        assert json.loads(ran.out)["claims"][0]["branch"] == "plan-2-\x9b31m"


def test_schemas_refuse_what_does_not_fit(adopted: Repo) -> None:
    """A schema that lets everything pass proves nothing."""
    for command, name in ((("check",), "check"), (("plan", "list"), "plan.list"), (("config",), "config")):
        schema = json.loads(adopted.holdfast("schema", name).out)
        document = adopted.json(*command)
        for field in document:
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({key: value for key, value in document.items() if key != field}, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "schema": "holdfast.other/1"}, schema)


# Where it runs, and how it speaks


def test_from_subfolders_worktrees_and_with_c(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("worktree", "add", "-q", "-b", "plan-1-first", str(tmp_path / "tree"))
    (adopted.path / "src/deep").mkdir(parents=True)
    expected = adopted.holdfast("plan", "list").out
    for folder in (adopted.path / "docs/plans", adopted.path / "src/deep", tmp_path / "tree/docs"):
        assert passed(adopted.holdfast("plan", "list", cwd=folder)).out == expected
        passed(adopted.holdfast("check", cwd=folder))
    assert passed(adopted.holdfast("-C", "src", "-C", "deep", "plan", "list")).out == expected
    assert (
        passed(adopted.holdfast("plan", "list", "-C", str(tmp_path / "tree"), "--json")).out.count(
            '"on": "plan-1-first"'
        )
        == 2
    )
    # Paths are relative to the current folder in text, absolute in JSON.
    mess(adopted)
    for folder, lead in (("src/deep", "../../docs/plans/"), ("docs/plans", ""), (".", "docs/plans/")):
        ran = clean(adopted.holdfast("check", cwd=adopted.path / folder))
        assert f"{lead}04_fourth.md:3:13: error: " in ran.out, ran
        made = clean(adopted.holdfast("plan", "new", "X", "--dry-run", cwd=adopted.path / folder))
        assert made.out == f"{lead}05_x.md\n"


def test_data_and_everything_else_on_their_streams(adopted: Repo) -> None:
    mess(adopted)
    for command, is_data in (
        (("plan", "list"), True), (("plan", "show", "1"), True), (("plan", "graph"), True), (("index",), True),
        (("config",), True),
        (("schema",), True), (("explain",), True), (("version",), True), (("check",), True),
        (("plan", "new", "Y", "--dry-run"), True),
        (("index", "--write"), False), (("plan", "set", "1", "--status", "review"), False),
        (("init", "--dry-run"), False),
        (("index", "--check"), False),
    ):  # fmt: skip
        ran = clean(adopted.holdfast(*command))
        assert bool(ran.out) == is_data, (command, ran)
        quiet = clean(adopted.holdfast("--quiet", *command))
        assert quiet.out == ran.out or command[1:2] == ("set",)
        assert "refused: " in quiet.err or not quiet.err, (command, quiet)
        assert not CONTROL.search(ran.out + ran.err), "no colour where there is no terminal"


def test_refusals_are_said_also_when_quiet(adopted: Repo) -> None:
    for command in (
        ("plan", "show", "99"),
        ("schema", "nonsense"),
        ("explain", "nonsense"),
        ("nonsense",),
        ("check", "--rev", "nonsense"),
    ):
        refused(adopted.holdfast("--quiet", *command), 2 if command[0] in ("schema", "explain", "nonsense") else 1)
    adopted.write("docs/plans/01_first.md", plan_text(1, "First", "✅ Complete"))
    refused(adopted.holdfast("--quiet", "plan", "set", "1", "--status", "nonsense"))
    adopted.git("init", "-q", "other")
    refused(adopted.holdfast("--quiet", "-C", "other", "init"))


def test_dry_run_changes_nothing(adopted: Repo) -> None:
    mess(adopted)
    (adopted.path / "docs/plans/01_first.md").write_bytes(
        b"\xef\xbb\xbf" + (adopted.path / "docs/plans/01_first.md").read_bytes()
    )
    adopted.git("commit", "-q", "--no-verify", "-am", "a byte order mark")
    before = snapshot(adopted)
    for command in (
        ("check", "--mend"), ("index", "--write"), ("index", "--mend", "HEAD~1.."), ("plan", "new", "Another"),
        ("plan", "set", "2", "--status", "in-progress"), ("init", "--yes"), ("init", "--uninstall", "--yes"),
        ("init", "--local"),
        ("plan", "list"), ("check",), ("config",),
    ):  # fmt: skip
        clean(adopted.holdfast("--dry-run", *command))
        assert snapshot(adopted) == before, command
        clean(adopted.holdfast(*command, "--dry-run"))
        assert snapshot(adopted) == before, command
    # And without it each of them does change something.
    for command in (
        ("check", "--mend"),
        ("plan", "set", "2", "--status", "in-progress"),
        ("plan", "new", "X"),
        ("init", "--uninstall", "--yes"),
    ):
        before = snapshot(adopted)
        clean(adopted.holdfast(*command))
        assert snapshot(adopted) != before, command


def test_reading_writes_nothing_but_the_cache(adopted: Repo) -> None:
    mess(adopted)
    before = snapshot(adopted)
    for command in (
        ("check",),
        ("check", "--staged"),
        ("index",),
        ("plan", "list"),
        ("plan", "graph"),
        ("config",),
        ("plan", "show", "3"),
    ):
        clean(adopted.holdfast(*command))
    assert snapshot(adopted) == before


def test_init_without_a_terminal_asks_nobody(repo: Repo) -> None:
    ran = refused(repo.holdfast("init", input="y\n"))
    assert "init --yes" in ran.err and not (repo.path / "holdfast.toml").exists()


def test_a_closed_pipe_is_no_complaint(adopted: Repo) -> None:
    for number in range(3, 400):
        adopted.write(f"docs/plans/{number:03}_x.md", plan_text(number, "A title of some length " * 3))
    python = shlex.quote(sys.executable)
    for command in (
        "plan list",
        "index --stdout",
        "plan list --json",
        "check --json",
        "plan graph",
        "schema check",
        "explain",
        "--help",
    ):
        for reader in ("head -n 1", "true"):
            ran = adopted.run("bash", "-c", f"{python} -m holdfast {command} | {reader}; exit ${{PIPESTATUS[0]}}")
            assert clean(ran).err in ("",) or ran.err.startswith("399 plans"), ran
            assert ran.code in (0, 1)
        ran = adopted.run("bash", "-c", f"{python} -m holdfast {command} 2>&1 | true; exit ${{PIPESTATUS[0]}}")
        assert ran.err == ""


def test_closed_and_full_streams(adopted: Repo) -> None:
    python = shlex.quote(sys.executable)
    for command in ("plan list", "check", "version", "nonsense", "plan show 99", "--help", "check --help"):
        for closed in (">&-", "2>&-", ">&- 2>&-", "<&-"):
            ran = clean(adopted.run("sh", "-c", f"{python} -m holdfast {command} {closed}"))
            assert ran.code in (0, 1, 2), ran
    if os.path.exists("/dev/full"):
        for command in ("plan list", "--help", "check --help", "schema check", "plan list --json"):
            refused(adopted.run("sh", "-c", f"{python} -m holdfast {command} >/dev/full"), 5)
        assert adopted.run("sh", "-c", f"{python} -m holdfast nonsense 2>/dev/full").code == 2


def on_terminal(repo: Repo, *args: str) -> str:
    """What a terminal of 60 columns shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", *args], cwd=repo.path, env={**repo.env, "COLUMNS": "60"}, stdout=follower,
        stderr=follower,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # the other end closed: that is how a terminal ends
    process.wait()
    os.close(leader)
    return shown.decode()


def test_the_help_of_agents_names_each_of_them(adopted: Repo) -> None:
    shown = (
        passed(adopted.holdfast("agents", "--help")).out + passed(adopted.holdfast("agents", "install", "--help")).out
    )
    assert not [one.name for one in AGENTS.values() if one.name not in shown or one.path not in shown]


def test_a_terminal_is_safe_and_a_pipe_is_whole(adopted: Repo) -> None:
    title = "A long title that goes on beyond what sixty columns can show in one line of it"
    adopted.write(THIRD, plan_text(3, title, body="## Plan\n\n\x1b[2J\x1b]0;owned\x07 do\n"))
    assert title in passed(adopted.holdfast("plan", "list")).out
    shown = on_terminal(adopted, "plan", "list")
    assert title not in shown and "…" in shown and max(map(len, shown.splitlines())) <= 60
    assert "\x1b[2J" in passed(adopted.holdfast("plan", "show", "3")).out
    shown = on_terminal(adopted, "plan", "show", "3")
    assert not CONTROL.search(shown.replace("\r\n", "\n")) and "\\u001b[2J" in shown
    assert not CONTROL.search(on_terminal(adopted, "check", "--json").replace("\r\n", "\n"))


def test_a_narrow_terminal_keeps_who_and_how_sure(adopted: Repo) -> None:
    """What is long gives way first: the branch, the title."""
    title = "A long title that goes on beyond what sixty columns can show in one line of it"
    adopted.write("docs/plans/09_a_long_name_that_goes_on_and_on_and_on.md", plan_text(9, title))
    passed(adopted.commit("ninth"))
    passed(adopted.holdfast("start", "9", "--owner", "Zoe", "--no-worktree", env={"HOLDFAST_HOST": "box"}))
    shown = on_terminal(adopted, "claims")
    (line,) = [one for one in shown.splitlines() if one.startswith("#9")]
    assert "…  active  just now  0 commits  Zoe@box" in line and len(line) <= 60
    (line,) = [one for one in on_terminal(adopted, "plan", "list").splitlines() if one.startswith("#9")]
    assert line.endswith("…  (claimed by Zoe)") and len(line) <= 60


# Help, and names that are none


_WANTS = {
    "--here", "--steal", "unclaim", "approve", "beat", "wait", "end", "remove", "restore", "resume", "finish",
}  # fmt: skip
"""Words of examples for which a claim, a session or a removed worktree must be there."""


def test_help_of_each_command_shows_examples_that_work(adopted: Repo, tmp_path: Path) -> None:
    assert "usage: holdfast" in passed(adopted.holdfast("--help")).out
    for number in range(3, 13):
        adopted.write(f"docs/plans/{number:02}_more.md", plan_text(number, "More"))
    passed(adopted.commit("more"))
    adopted.git("checkout", "-q", "-b", "work")
    passed(adopted.commit("work", "--allow-empty"))
    helps = [(name,) for name in cli.COMMANDS]
    helps += [("plan", verb) for verb in ("new", "list", "show", "set", "graph")]
    helps += [("session", verb) for verb in ("start", "beat", "wait", "end")]
    helps += [("worktree", verb) for verb in ("list", "remove", "restore")]
    helps += [("trash", verb) for verb in ("list", "empty")]
    helps += [("agents", verb) for verb in ("install", "check")]
    ran_examples = set()
    for command in helps:
        text = passed(adopted.holdfast(*command, "--help")).out
        examples = [
            re.split(r"\s{2,}", line.strip().removeprefix("example: "))[0]
            for line in text.splitlines()
            if re.match(r"\s*(?:example: |  )holdfast " + command[0], line)
        ]
        assert examples, (command, text)
        assert f"usage: holdfast {' '.join(command)}" in text and "-C DIR" in text and "--json" in text
        for example in examples:
            if example in ("holdfast init", "holdfast init --uninstall", "holdfast demo") or example in ran_examples:
                continue  # asks; is tested elsewhere; takes seconds
            if {"--follow", "--watch"} & set(example.split()) or _WANTS & set(shlex.split(example)):
                continue  # never ends; wants a claim or a command that is not here, and is tested where there is one
            ran_examples.add(example)
            words = shlex.split(example.partition(" > ")[0])[1:]
            ran = clean(adopted.holdfast(*words))
            assert ran.code == 0 or ("--check" in words and ran.code == 1), (example, ran)
            adopted.git("checkout", "-q", "--", ".")
    assert len(ran_examples) > 15


def test_a_command_line_that_is_wrong_names_the_nearest(adopted: Repo) -> None:
    before = snapshot(adopted)
    for command, near in (
        (("chek",), "holdfast check"), (("plans",), "holdfast plan"), (("xyzzy",), "--help"),
        (("--jsn", "check"), "--json"),
        (("check", "--stagd"), "--staged"), (("check", "--sinc", "main"), "--since"),
        (("check", "--format", "jsn"), "json"),
        (("check", "--format", "xml"), "--help"), (("check", "words"), "--help"), (("check", "--rev"), "--help"),
        (("check", "--staged", "--rev", "HEAD"), "--help"), (("plan",), "--help"), (("plan", "lst"), "list"),
        (("plan", "list", "--redy"), "--ready"), (("plan", "show", "x"), "--help"), (("plan", "show"), "--help"),
        (("-C",), "-C DIR"),
        (("plan", "new"), "--help"), (("plan", "new", "a", "--blocked-by", "x"), "--help"),
        (("plan", "set", "1"), "--help"),
        (("index", "--wirte"), "--write"), (("init", "--mode", "comitted"), "committed"),
        (("explain", "evidence-mising"), "evidence-missing"),
        (("explain", "xyzzy"), "holdfast explain"), (("schema", "chek"), "holdfast schema check"),
        (("schema", "plan"), "holdfast schema"),
        (("version", "now"), "--help"), (("check", "--json=3"), "--help"),
        (("index", "--write", "--rev", "HEAD"), "--help"), (("index", "--mend", "HEAD..", "--rev", "HEAD"), "--help"),
    ):  # fmt: skip
        ran = refused(adopted.holdfast(*command), 2)
        assert near in ran.err.splitlines()[-1], (command, ran)
        assert ran.out == "" and len(ran.err.splitlines()) == 3, (command, ran)
    ran = clean(adopted.holdfast())
    assert ran.code == 2 and ran.out == "" and "usage: holdfast" in ran.err
    assert snapshot(adopted) == before


def test_explain_knows_every_code_and_exit(adopted: Repo) -> None:
    listed = passed(adopted.holdfast("explain")).out.splitlines()
    assert [line.split()[0] for line in listed] == [rule.code for rule in ALL]
    assert {entry["code"] for entry in adopted.json("explain")["codes"]} == {rule.code for rule in ALL}
    for code in (*(rule.code for rule in ALL[::6]), *EXITS):
        text = passed(adopted.holdfast("explain", code)).out
        assert code in text
    for rule in ALL:
        assert all((rule.title, rule.consequence, rule.remedy, rule.who in ("you", "wait", "human"))), rule
    assert set(EXITS) == {"0", "1", "2", "3", "4", "5", "130"}
    source = "".join(path.read_text() for path in Path(cli.__file__).parent.parent.rglob("*.py"))
    used = set(re.findall(r'(?:Problem\(|finding\(\s*policy,|refuse\(|Fault\()\s*"([a-z]+-[a-z-]+)"', source))
    assert len(used) > 10 and used <= {rule.code for rule in ALL}


def test_version_and_demo(adopted: Repo) -> None:
    assert passed(adopted.holdfast("version")).out == passed(adopted.holdfast("--version")).out
    assert re.fullmatch(r"holdfast \d\S* \(Python 3\.\d+\.\d+, git \d+\.\d+\S*\)\n", adopted.holdfast("version").out)
    before = snapshot(adopted)
    ran = passed(adopted.holdfast("demo"))
    assert "The end." in ran.out and "!!" not in ran.out
    assert snapshot(adopted) == before


# plan


def test_new_numbers_are_free_in_branches_remotes_worktrees_and_history(adopted: Repo, tmp_path: Path) -> None:
    def new(**more: Any) -> int:
        return int(
            json.loads(passed(adopted.holdfast("plan", "new", "X", "--dry-run", "--json", **more)).out)["number"]
        )

    def add(repo: Repo, number: int) -> None:
        repo.write(f"docs/plans/{number:02}_x.md", plan_text(number, "X"))
        passed(repo.commit(f"add {number}"))

    assert new() == 3
    add(adopted, 3)
    adopted.git("rm", "-q", "docs/plans/03_x.md")
    passed(adopted.commit("remove it"))
    assert new() == 4, "a removed plan keeps its number"
    adopted.git("checkout", "-q", "-b", "side")
    add(adopted, 5)
    adopted.git("checkout", "-q", "main")
    assert new() == 6, "of another branch"
    clone = Repo(tmp_path / "clone", adopted.env)
    adopted.git("clone", "-q", str(adopted.path), str(clone.path))
    passed(clone.holdfast("init", "--yes"))
    clone.git("checkout", "-q", "-b", "theirs")
    add(clone, 8)
    adopted.git("fetch", "-q", str(clone.path), "theirs:refs/remotes/clone/theirs")
    assert new() == 9, "of a remote-tracking branch"
    adopted.git("worktree", "add", "-q", "-b", "tree", str(tmp_path / "tree"))
    (tmp_path / "tree/docs/plans/11_uncommitted.md").write_text(plan_text(11))
    assert new() == 12, "not committed, in another worktree"
    assert new(cwd=tmp_path / "tree") == 12
    adopted.write("docs/plans/archive/14_old.md", plan_text(14))
    assert new() == 15, "in the archive folder"
    adopted.write("docs/plans/16_staged.md", plan_text(16))
    adopted.git("add", "docs/plans/16_staged.md")
    (adopted.path / "docs/plans/16_staged.md").unlink()
    assert new() == 17, "only staged"
    adopted.git("update-ref", "refs/tags/kept", adopted.git("rev-parse", "side").strip())
    adopted.git("tag", "-a", "-m", "of a file", "blob", adopted.git("rev-parse", "HEAD:README.md").strip())
    adopted.git("tag", "-a", "-m", "of a folder", "tree", adopted.git("rev-parse", "HEAD:docs").strip())
    adopted.git("notes", "add", "-m", "a note")
    adopted.git("branch", "-q", "-D", "side")
    assert new() == 17
    for number in (18, 19):
        adopted.write(f"docs/plans/{number}_x.md", plan_text(number, "X"))
    adopted.git("stash", "-q", "-u")
    assert new() == 20, "in a stash"


def test_two_new_plans_at_once_get_two_numbers(adopted: Repo, tmp_path: Path) -> None:
    adopted.git("worktree", "add", "-q", "-b", "tree", str(tmp_path / "tree"))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "holdfast", "plan", "new", f"Plan of {at}", "--json"], env=adopted.env,
            stdout=subprocess.PIPE,
            cwd=adopted.path if at % 2 else tmp_path / "tree", text=True,
        )
        for at in range(8)
    ]  # fmt: skip
    numbers = [json.loads(process.communicate(timeout=60)[0])["number"] for process in running]
    assert sorted(numbers) == list(range(3, 11))


def test_new_takes_priority_blockers_and_folder(adopted: Repo) -> None:
    passed(adopted.holdfast("plan", "new", "Third", "--priority", "High", "--blocked-by", "1, #2"))
    text = adopted.read(THIRD)
    assert "**Priority:** High\n" in text and "**Blocked By:** #1, #2\n" in text
    refused(adopted.holdfast("plan", "new", "Fourth", "--blocked-by", "77"))
    refused(adopted.holdfast("plan", "new", "Fourth", "--folder", "docs/nowhere"))
    passed(adopted.holdfast("plan", "new", "Fourth", "--folder", "docs/plans/"))
    assert sorted(path.name for path in (adopted.path / "docs/plans").glob("0*")) == [
        "01_first.md", "02_second.md", "03_third.md", "04_fourth.md",
    ]  # fmt: skip


ODD = (
    b"# Plan #1: First\r\n\r\n**Status:** \xf0\x9f\x93\x8b Planned  \r\n**Priority:** Medium\r\n\r\n## Plan\r\n\r\nDo it.\r\n\r\n"
    b"No newline at end",
    b"---\nid: 1\nstatus: planned\ntitle: 'x'\n---\n\n# Plan\n\n## Plan\n\nDo it.\n",
    b"\xef\xbb\xbf# Plan #1: First\n\n- **Status**: Planned\n\n## Plan\n\nDo it.\n\x0c\n",
    b"# Plan #1: First\n**Status:** Planned (since \xe2\x80\x9cMay\xe2\x80\x9d)\n**Status:** Planned\n\n## Plan\n\n"
    b"Status: Planned\n**Status:** Planned\n",
)  # fmt: skip


def common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("number", range(len(ODD)))
def test_set_changes_only_the_bytes_of_the_status(adopted: Repo, number: int) -> None:
    path = adopted.write("docs/plans/01_first.md", ODD[number])
    path.chmod(0o640)
    passed(adopted.holdfast("plan", "set", "1", "--status", "in-progress"))
    now, old = path.read_bytes(), ODD[number]
    start = common(now, old)
    end = common(now[start:][::-1], old[start:][::-1])
    assert "🚧 In Progress".encode() in now
    assert len(old) - start - end <= len("📋 Planned (since “May”)".encode()), "one stretch, no longer than the value"
    assert now.count(b"\n") == old.count(b"\n")
    assert path.stat().st_mode & 0o777 == 0o640
    again = passed(adopted.holdfast("plan", "set", "1", "--status", "🚧 in progress"))
    assert path.read_bytes() == now and again.out == ""


def test_a_refused_set_leaves_the_file(adopted: Repo) -> None:
    before = snapshot(adopted)
    for status in ("complete", "Compleet", ""):
        ran = refused(adopted.holdfast("plan", "set", "1", "--status", status))
        assert snapshot(adopted) == before, ran
    document = json.loads(clean(adopted.holdfast("plan", "set", "1", "--status", "complete", "--json")).out)
    assert [blocker["code"] for blocker in document["blockers"]] == ["evidence-missing"]
    assert snapshot(adopted) == before
    passed(adopted.holdfast("plan", "set", "1", "--status", "complete", "--evidence", "make test:\n12 passed"))
    assert adopted.read("docs/plans/01_first.md").endswith("## Verification Evidence\n\nmake test:\n12 passed\n")


def test_list_filters_and_order(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third", "🚧 In Progress"))
    adopted.write("docs/plans/04_fourth.md", plan_text(4, "Fourth").replace("Medium", "Critical"))
    assert [plan["number"] for plan in adopted.json("plan", "list", "--ready")["plans"]] == [4, 1]
    assert [plan["number"] for plan in adopted.json("plan", "list", "--status", "In Progress")["plans"]] == [3]
    assert [
        plan["number"] for plan in adopted.json("plan", "list", "--status", "planned", "--status", "active")["plans"]
    ] == [1, 2, 3, 4]
    refused(adopted.holdfast("plan", "list", "--status", "nonsense"))
    shown = adopted.json("plan", "show", "#2")
    assert (
        shown["blocked_by"] == [1] and not shown["ready"] and shown["text"] == adopted.read("docs/plans/02_second.md")
    )


# check and index


def github(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands, read as GitHub's runner reads them (actions/runner, ActionCommand.cs)."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(error|warning) ([^:]*)::(.*)", line)
        assert match is not None, line
        fields = dict(part.split("=", 1) for part in match[2].split(","))
        for escape, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            fields = {key: value.replace(escape, character) for key, value in fields.items()}
        found.append((match[1], fields, match[3]))
    return found


def test_annotations_survive_odd_names_and_texts(adopted: Repo) -> None:
    names = ("03_a,b:c%0A.md", "04_line\nbreak.md", "05_::error::x.md", "06_100%.md")
    for number, name in enumerate(names, 3):
        adopted.write(f"docs/plans/{name}", plan_text(number, "T", "Half: 50%, or::more%0A"))
    ran = clean(adopted.holdfast("check", "--format", "github"))
    assert ran.code == 1
    found = github(ran.out)
    assert [fields["file"] for _, fields, _ in found] == [f"docs/plans/{name}" for name in names]
    assert {fields["title"] for _, fields, _ in found} == {"holdfast status-unknown"}
    assert {(fields["line"], fields["col"]) for _, fields, _ in found} == {("3", "13")}
    assert all("50%25, or::more%250A" in text for _, _, text in found)
    (adopted.path / "docs/plans" / names[1]).unlink()
    warned = plan_text(3, "T").replace("Medium", "Urgent")
    adopted.write(f"docs/plans/{names[0]}", warned)
    assert {level for level, _, _ in github(adopted.holdfast("check", "--format", "github").out)} == {
        "error",
        "warning",
    }


def test_formats_tell_the_same(adopted: Repo) -> None:
    mess(adopted)
    document = adopted.json("check")
    assert json.loads(adopted.holdfast("check", "--format", "json").out) == document
    codes = [problem["code"] for problem in document["problems"]]
    text = adopted.holdfast("check").out
    assert [re.search(r"\[([a-z-]+)\]$", line)[1] for line in text.splitlines() if not line.startswith(" ")] == codes  # type: ignore[index]
    assert [
        fields["title"].split()[1] for _, fields, _ in github(adopted.holdfast("check", "--format", "github").out)
    ] == codes
    assert document["summary"] == {
        "plans": 4,
        "errors": codes.count("status-unknown") + codes.count("blocker-unknown"),
        "warnings": 1,
    }


def test_since_is_a_ratchet(adopted: Repo, tmp_path: Path) -> None:
    """Old mess never fails a branch, new mess always does, whatever main did meanwhile."""

    def since(repo: Repo, rev: str) -> list[tuple[str, int | None]]:
        document = json.loads(clean(repo.holdfast("check", "--rev", "HEAD", "--since", rev, "--json")).out)
        return [(problem["code"], problem["plan"]) for problem in document["problems"]]

    adopted.write(THIRD, plan_text(3, "Third", "Kaputt"))
    adopted.git("add", "-A")
    adopted.git("commit", "-q", "--no-verify", "-m", "old mess")
    adopted.git("checkout", "-q", "-b", "work")
    adopted.write("src/a.txt", "a\n")
    passed(adopted.commit("code"))
    assert since(adopted, "main") == []
    adopted.write("docs/plans/04_fourth.md", plan_text(4, "Fourth", "✅ Complete"))
    adopted.write(THIRD, plan_text(3, "Third", "Kaputt", body="## Plan\n\nMoved down.\n"))
    adopted.git("add", "-A")
    adopted.git("commit", "-q", "--no-verify", "-m", "new mess")
    assert since(adopted, "main") == [("evidence-missing", 4)]
    adopted.git("checkout", "-q", "main")
    adopted.write(THIRD, plan_text(3, "Third"))
    passed(adopted.commit("main mends the old mess"))
    adopted.git("checkout", "-q", "work")
    assert since(adopted, "main") == [("evidence-missing", 4)], "judged from the merge base"
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + "[comit]\nrequire_tag = true\n")
    adopted.git("add", "-A")
    adopted.git("commit", "-q", "--no-verify", "-m", "a typo in the configuration")
    assert ("config-unknown-key", None) in since(adopted, "main"), "also a problem of the configuration itself"
    assert ("config-unknown-key", None) not in since(adopted, "HEAD")
    for depth in (4, 50):
        clone = Repo(tmp_path / f"clone{depth}", adopted.env)
        adopted.git(
            "clone",
            "-q",
            "--no-single-branch",
            "--depth",
            str(depth),
            "-b",
            "work",
            f"file://{adopted.path}",
            str(clone.path),
        )
        assert since(clone, "origin/main") == since(adopted, "main"), "in a shallow clone with enough history"


def test_staged_and_rev_look_at_what_they_say(adopted: Repo) -> None:
    adopted.write(THIRD, plan_text(3, "Third", "Kaputt"))
    assert passed(adopted.holdfast("check", "--staged")) and passed(adopted.holdfast("check", "--rev", "HEAD"))
    assert clean(adopted.holdfast("check")).code == 1
    adopted.git("add", "-A")
    (adopted.path / THIRD).unlink()
    assert clean(adopted.holdfast("check", "--staged")).code == 1
    passed(adopted.holdfast("check", "--rev", "HEAD"))
    passed(adopted.holdfast("check"))


def test_mend_does_what_needs_no_decision(adopted: Repo) -> None:
    raw = plan_text(3, "Third – ok", "✅ In Progress").encode().replace("–".encode(), "â€“".encode())
    path = adopted.write(THIRD, b"\xef\xbb\xbf" + raw)
    adopted.write(README, adopted.read(README).replace("📋 Planned", "Lies"))
    ran = passed(adopted.holdfast("check", "--mend"))
    assert ran.err.count("mended: ") == 4, ran
    assert path.read_text() == plan_text(3, "Third – ok", "🚧 In Progress")
    assert "Lies" not in adopted.read(README)
    assert passed(adopted.holdfast("check", "--mend")).err == "3 plans: nothing wrong\n"


def test_index_shows_checks_writes_and_mends(adopted: Repo) -> None:
    shown = passed(adopted.holdfast("index")).out
    assert (
        shown
        == passed(adopted.holdfast("index", "--stdout")).out
        == passed(adopted.holdfast("index", "--rev", "HEAD")).out
    )
    assert shown in adopted.read(README)
    adopted.write(README, adopted.read(README).replace("| 2 |", "| 7 |"))
    refused(adopted.holdfast("index", "--check"))
    passed(adopted.holdfast("index", "--check", "--rev", "HEAD"))
    passed(adopted.holdfast("index", "--write"))
    passed(adopted.holdfast("index", "--check"))
    assert adopted.status() == ""
    base = adopted.git("rev-parse", "HEAD").strip()
    for number in (3, 4):
        adopted.write(f"docs/plans/0{number}_x.md", plan_text(number, "X"))
        adopted.git("add", "-A")
        adopted.git("commit", "-q", "--no-verify", "-m", f"{number}")
    for rev in ("HEAD", "HEAD~1"):
        refused(adopted.holdfast("index", "--check", "--rev", rev))
    adopted.git("update-ref", "refs/remotes/origin/main", "HEAD")
    refused(adopted.holdfast("index", "--mend", f"{base}.."))
    adopted.git("update-ref", "-d", "refs/remotes/origin/main")
    adopted.write("README.md", "# Edited meanwhile\n")
    passed(adopted.holdfast("index", "--mend", f"{base}.."))
    for rev in ("HEAD", "HEAD~1"):
        passed(adopted.holdfast("index", "--check", "--rev", rev))
    assert adopted.git("log", "--format=%s", f"{base}..") == "4\n3\n" and adopted.status() == " M README.md\n"


def test_eight_writers_of_the_plan_index_at_once(adopted: Repo) -> None:
    for number in range(3, 9):
        adopted.write(f"docs/plans/0{number}_x.md", plan_text(number, "X"))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "holdfast", "index", "--write"],
            cwd=adopted.path,
            env=adopted.env,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in running:
        err = process.communicate(timeout=60)[1]
        assert process.returncode == 0 and "bug" not in err, err
    passed(adopted.holdfast("index", "--check"))
    assert sorted(path.name for path in (adopted.path / "docs/plans").iterdir() if path.name.startswith(".")) == []


def test_config_says_where_each_value_comes_from(adopted: Repo) -> None:
    adopted.write(
        "holdfast.toml",
        adopted.read("holdfast.toml") + "[commit]\nrequire_tag = true\n[rules]\ntitle-missing = 'off'\n",
    )
    values = {row["key"]: (row["value"], row["origin"]) for row in adopted.json("config")["values"]}
    assert values["commit.require_tag"] == (True, "holdfast.toml")
    assert values["commit.allow_on_main"] == (True, "default")
    assert values["rules.title-missing"] == ("off", "holdfast.toml")
    assert values["plans[0].path"] == ("docs/plans", "holdfast.toml")
    assert values["plans[0].archive"] == ("archive", "default")
    text = passed(adopted.holdfast("config")).out
    assert re.search(r"^commit\.require_tag +(.*)= true  # holdfast\.toml$", text, re.M)


def test_config_says_what_one_key_means(adopted: Repo) -> None:
    ran = passed(adopted.holdfast("config", "finish.method"))
    assert ran.out == (
        'finish.method = "squash"  # default\n\nHow `finish` merges.\n\nTakes one of "squash", "merge", "rebase".\n'
    )
    (row,) = adopted.json("config", "trash.days")["values"]
    assert (row["value"], row["takes"]) == (7, "days, 0 to 3650") and "trash" in row["meaning"]
    assert passed(adopted.holdfast("config", "plans.path")).out.startswith(
        'plans[0].path = "docs/plans"  # holdfast.toml\n'
    )
    assert passed(adopted.holdfast("config", "rules")).out.startswith("rules = {}  # default\n")
    adopted.write("holdfast.toml", adopted.read("holdfast.toml") + "[rules]\ntitle-missing = 'off'\n")
    assert passed(adopted.holdfast("config", "rules")).out.startswith('rules.title-missing = "off"  # holdfast.toml\n')
    assert "run `holdfast config finish.method`" in refused(adopted.holdfast("config", "finish.metod"), 2).err


def test_config_shows_each_key_that_can_be_set(adopted: Repo) -> None:
    shown = {re.sub(r"\[\d+\]", "", row["key"]) for row in adopted.json("config")["values"]}
    assert shown == set(configuration_keys.BY_NAME) - {"rules"}


def test_check_says_when_no_attribute_names_the_merge_driver(adopted: Repo) -> None:
    assert adopted.json("check")["problems"] == []
    line = adopted.read(".gitattributes")
    adopted.write(".gitattributes", "*.png binary\n")
    (problem,) = adopted.json("check")["problems"]
    assert (problem["code"], problem["severity"]) == ("merge-driver-missing", "warning")
    assert problem["remedy"] == f"add this line to .gitattributes: {line.strip()}"
    adopted.write(".gitattributes", f"*.png binary\n{line}")
    assert adopted.json("check")["problems"] == []
