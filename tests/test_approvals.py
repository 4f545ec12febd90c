"""Commands from the configuration run only after a person approved their exact text; and what new worktrees get copies of."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from claiming import Clone, Team, codes, mode_of
from conftest import Ran
from holdfast.adapters import copies

SHOW = "env | sort | grep ^HOLDFAST_ > set-up.txt; pwd >> set-up.txt"


def _configure(clone: Clone, command: str, more: str = "") -> None:
    """The command, on the remote's main branch and here."""
    clone.write("holdfast.toml", f"[worktree]\nsetup = {json.dumps(command, ensure_ascii=False)}\n{more}")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "Configure")
    clone.git("push", "-q", "origin", "main")


def _typed(clone: Clone, answer: str, *words: str, limit: float = 20) -> Ran:
    """`holdfast WORDS` at a terminal where somebody types an answer; everything that the terminal shows is `out`."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(clone.path)
        os.execve(sys.executable, [sys.executable, "-m", "holdfast", *words], {**clone.env, "TERM": "xterm"})
    shown, end, asked = b"", time.monotonic() + limit, False
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                block = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
            shown += block
            if b"[y/N] " in shown and not asked:
                asked = True
                os.write(terminal, answer.encode())
    finally:
        if time.monotonic() >= end:
            os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
    return Ran(code, shown.decode(errors="replace").replace("\r\n", "\n"), "")


def _set_up(found: dict[str, object] | str) -> dict[str, str]:
    path = Path(found if isinstance(found, str) else str(found["worktree"]))
    *lines, where = (path / "set-up.txt").read_text().splitlines()
    return {**dict(line.split("=", 1) for line in lines), "pwd": where}


def _by_hand(ran: Ran, path: Path) -> str:
    """The line that a refused or failed set-up advises."""
    line = ran.err.splitlines()[-1]
    (found,) = re.findall(r"`(\(cd .*\))`$", line)
    assert found.startswith(
        f"(cd {path} && HOLDFAST_ROOT={path.parent.parent} HOLDFAST_PLAN=1 HOLDFAST_PORT=20010 sh -c "
    )
    return str(found)


# What runs, and what does not


def test_without_a_terminal_it_is_refused_with_the_command_that_approves(ada: Clone) -> None:
    _configure(ada, SHOW)
    ran = ada.start(1)
    path = ada.path / ".worktrees/plan-1-first"
    assert (ran.code, ran.out) == (0, f"{path}\n")
    assert ran.err == (
        "plan #1: branch plan-1-first\n"
        f"warning: `{SHOW}` (worktree.setup) was not run: nobody approved it in this clone\n"
        "   why:  Whoever can change a branch could run anything on this machine. [setup-unapproved]\n"
        f"   next: run `holdfast approve worktree.setup`, then `{_by_hand(ran, path)}`\n"
    )
    assert not (path / "set-up.txt").exists()
    assert ada.run("sh", "-c", _by_hand(ran, path)).code == 0
    by_hand = _set_up(str(path))
    assert ada.holdfast("approve", "worktree.setup", "--dry-run").code == 0
    assert codes(ada.claimed(3)) == ["setup-unapproved"]
    ada.unclaim(3)
    ada.holdfast("approve", "worktree.setup", "--yes")
    theirs = _set_up(ada.claimed(3)["worktree"])
    assert by_hand == theirs | {key: by_hand[key] for key in ("pwd", "HOLDFAST_PLAN", "HOLDFAST_PORT")}


def test_what_was_approved_runs_with_what_it_needs(ada: Clone, bob: Clone) -> None:
    _configure(ada, SHOW)
    assert ada.holdfast("approve", "worktree.setup", "--yes").code == 0
    first, third = ada.claimed(1), ada.claimed(3)
    assert _set_up(first) == {
        "HOLDFAST_ROOT": str(ada.path), "HOLDFAST_PLAN": "1", "HOLDFAST_PORT": "20010", "pwd": first["worktree"],
    }  # fmt: skip
    assert _set_up(third)["HOLDFAST_PORT"] == "20030"
    assert ada.unclaim(1, "--abandon").code == 1, "what the set-up made is not committed"
    bob.git("pull", "-q")
    assert codes(bob.claimed(4)) == ["setup-unapproved"], "what one clone approved, another has not"
    assert bob.holdfast("approve", "worktree.setup", "--yes").code == 0
    bob.git("branch", "-q", "-D", "plan-4-fourth", ok=None)


def test_the_port_is_stable_and_apart(ada: Clone) -> None:
    from holdfast.usecases.worktrees.making import port

    assert [port(plan) for plan in (0, 1, 2, 3999, 4000)] == [20000, 20010, 20020, 59990, 20000]


def test_set_up_reads_nothing_and_writes_to_standard_error(ada: Clone) -> None:
    _configure(ada, 'read -r line; echo out; echo err >&2; echo "[$line]"')
    ada.holdfast("approve", "worktree.setup", "--yes")
    ran = ada.start(1, input="a line\n")
    assert ran.out == f"{ada.path}/.worktrees/plan-1-first\n"
    assert ran.err.splitlines()[:3] == ["out", "err", "[]"]


def test_changed_text_is_not_approved(ada: Clone) -> None:
    _configure(ada, "touch one")
    ada.holdfast("approve", "worktree.setup", "--yes")
    for number, command in ((1, "touch one "), (3, "touch  one"), (4, "touch one; touch two")):
        _configure(ada, command)
        found = ada.claimed(number)
        assert codes(found) == ["setup-unapproved"], command
        assert not (Path(found["worktree"]) / "one").exists()
    ran = ada.holdfast("approve")
    assert ran.out == "worktree.setup  not approved  touch one; touch two\n"


def test_an_approval_holds_for_all_worktrees_and_is_outside_of_the_files(ada: Clone) -> None:
    _configure(ada, SHOW)
    assert "not approved" in ada.holdfast("approve").out
    first = ada.claimed(1)
    ada.at(first["worktree"]).holdfast("approve", "worktree.setup", "--yes")
    assert "worktree.setup  approved  " in ada.holdfast("approve").out
    assert ada.status() == ""
    assert mode_of(ada.path / ".git/holdfast/approvals") == 0o600
    assert _set_up(ada.claimed(3))["HOLDFAST_PLAN"] == "3"


def test_no_file_of_a_branch_is_an_approval(ada: Clone) -> None:
    """Names that look like where approvals are kept, on the branch that is checked out."""
    import hashlib

    line = f"worktree.setup {hashlib.sha256(b'touch pwned').hexdigest()}\n"
    for name in ("holdfast/approvals", ".holdfast/approvals", "approvals", "git/holdfast/approvals"):
        ada.write(name, line)
    _configure(ada, "touch pwned", 'approved = true\n\n[approvals]\n"worktree.setup" = true\n')
    assert set(codes(ada.started(1))) == {"config-unknown-key"}, "nor is one that the configuration names"
    _configure(ada, "touch pwned")
    found = ada.claimed(1)
    assert codes(found) == ["setup-unapproved"]
    assert not (Path(found["worktree"]) / "pwned").exists()


# At a terminal


def test_a_person_is_asked_once(ada: Clone) -> None:
    _configure(ada, SHOW)
    ran = _typed(ada, "y\n", "start", "1")
    assert ran.code == 0, ran
    assert f"worktree.setup is:\n\n    {SHOW}\n\nMay Holdfast run it in this clone? [y/N] " in ran.out
    assert _set_up(str(ada.path / ".worktrees/plan-1-first"))["HOLDFAST_PLAN"] == "1"
    again = _typed(ada, "", "start", "3")
    assert (again.code, "[y/N]" in again.out) == (0, False)
    assert _set_up(str(ada.path / ".worktrees/plan-3-third"))["HOLDFAST_PLAN"] == "3"


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "yeah\n"])
def test_a_person_who_does_not_say_yes(ada: Clone, answer: str) -> None:
    _configure(ada, SHOW)
    ran = _typed(ada, answer, "start", "1")
    assert ran.code == 0
    assert "was not run: nobody approved it in this clone" in ran.out
    assert not (ada.path / ".worktrees/plan-1-first/set-up.txt").exists()
    assert ada.intents() == []


def test_yes_on_the_command_line_of_start_approves_nothing(ada: Clone) -> None:
    _configure(ada, SHOW)
    ran = _typed(ada, "y\n", "start", "1", "--yes")
    assert (ran.code, "[y/N]" in ran.out) == (0, False)
    assert not (ada.path / ".worktrees/plan-1-first/set-up.txt").exists()


def test_interrupted_at_the_question_keeps_the_claim(ada: Clone) -> None:
    _configure(ada, SHOW)
    ran = _typed(ada, "\x03", "start", "1")
    assert ran.code == 130
    assert "Traceback" not in ran.out
    assert codes(ada.started(1)) == ["claimed"]
    assert (ada.intents(), ada.journal()) == ([], ["claim-begun", "claim"])


@pytest.mark.parametrize(
    "hidden", ["touch pwned #\r\x1b[2Kmake", "touch pwned\n\nMay Holdfast run it? [y/N] n", "a\u202eb"]
)
def test_a_command_with_what_cannot_be_seen_is_no_command(ada: Clone, hidden: str) -> None:
    _configure(ada, hidden)
    assert ada.holdfast("approve", "worktree.setup", "--yes").err == "no command is configured\n"
    ran = _typed(ada, "y\n", "start", "1")
    assert (ran.code, "[y/N]" in ran.out, "[config-" in ran.out) == (1, False, True)
    assert not list(ada.path.rglob("pwned"))


@pytest.mark.parametrize("asked_by", [("start", "1"), ("approve", "worktree.setup")])
def test_a_joiner_is_spelled_out_where_a_person_is_asked(ada: Clone, asked_by: tuple[str, ...]) -> None:
    _configure(ada, "echo 👩\u200d💻")
    ran = _typed(ada, "n\n", *asked_by)
    assert "worktree.setup is:\n\n    echo 👩\\u200d💻\n\nMay Holdfast run it in this clone? [y/N] " in ran.out


def test_approve_shows_asks_and_refuses(ada: Clone) -> None:
    assert ada.holdfast("approve").err == "no command is configured\n"
    _configure(ada, SHOW)
    ran = ada.holdfast("approve", "worktree.setup")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "refused: `holdfast approve worktree.setup`\n"
        f"   why:  nobody is there to read it: {SHOW}\n"
        "   next: run `holdfast approve worktree.setup --yes` when you have\n"
    )
    assert _typed(ada, "n\n", "approve", "worktree.setup").code == 1
    assert "not approved" in ada.holdfast("approve").out
    assert ada.holdfast("approve", "worktree.setup", "--yes", "--dry-run").code == 0
    assert "not approved" in ada.holdfast("approve").out
    assert _typed(ada, "y\n", "approve", "worktree.setup").code == 0
    assert ada.json("approve")["commands"] == [{"key": "worktree.setup", "command": SHOW, "approved": True}]
    assert ada.holdfast("approve", "worktree.nonsense").code == 2


# What goes wrong in a set-up


def test_a_failing_set_up_keeps_the_claim_and_says_so(team: Team, ada: Clone) -> None:
    _configure(ada, "echo broken >&2; exit 7")
    ada.holdfast("approve", "worktree.setup", "--yes")
    ran = ada.start(1)
    path = ada.path / ".worktrees/plan-1-first"
    assert (ran.code, ran.out) == (0, f"{path}\n")
    assert ran.err == (
        "broken\nplan #1: branch plan-1-first\n"
        "warning: `echo broken >&2; exit 7` (worktree.setup) ended with 7; the claim and the worktree are there\n"
        "   why:  The claim and the worktree are there; what the command prepares is not. [setup-failed]\n"
        f"   next: mend it, then run it again: `{_by_hand(ran, path)}`\n"
    )
    again = ada.run("sh", "-c", _by_hand(ran, path) + "; echo it left $? and the shell is there")
    assert (again.out, again.err) == ("it left 7 and the shell is there\n", "broken\n")
    assert "refs/heads/plan-1-first" in team.remote.refs()
    assert codes(ada.claimed(3)) == ["setup-failed"]


def test_a_set_up_that_takes_too_long_is_ended_with_its_children(ada: Clone) -> None:
    _configure(ada, "sleep 61 & sleep 62", "setup_timeout = 1\n")
    ada.holdfast("approve", "worktree.setup", "--yes")
    begin = time.monotonic()
    found = ada.claimed(1)
    assert time.monotonic() - begin < 10
    assert codes(found) == ["setup-failed"]
    assert "was ended after 1 s" in found["blockers"][0]["message"]
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [one for one in running if one in (b"sleep\x0061\0", b"sleep\x0062\0")]


def test_a_set_up_that_leaves_something_running_is_not_waited_for(ada: Clone) -> None:
    _configure(ada, "sleep 30 >/dev/null 2>&1 </dev/null & true")
    ada.holdfast("approve", "worktree.setup", "--yes")
    begin = time.monotonic()
    assert codes(ada.claimed(1)) == []
    assert time.monotonic() - begin < 10


def test_a_set_up_that_removes_its_worktree(ada: Clone) -> None:
    _configure(ada, 'rm -rf "$PWD"')
    ada.holdfast("approve", "worktree.setup", "--yes")
    assert ada.start(1).code == 0


# .worktreeinclude


def _included(clone: Clone, patterns: str, ignore: str = "*.env\nlocal/\nbuild/\n") -> Path:
    """Patterns and ignored files in the main worktree; gives the worktree of the claim that is then made."""
    clone.write(".gitignore", ignore)
    clone.git("add", ".gitignore")
    clone.git("commit", "-qm", "Ignore")
    clone.git("push", "-q", "origin", "main")
    clone.write(".worktreeinclude", patterns)
    (clone.path / ".git/info/exclude").open("a").write(".worktreeinclude\n")
    return Path(clone.claimed(1)["worktree"])


def test_ignored_files_that_match_are_copied_with_their_modes(ada: Clone) -> None:
    ada.write("one.env", "secret\n").chmod(0o600)
    ada.write("run.env", "#!/bin/sh\n").chmod(0o755)
    ada.write("local/deep/er/file", "deep\n")
    ada.write("build/out", "not asked for\n")
    ada.write("seen.txt", "not ignored\n")
    old = 1_600_000_000
    os.utime(ada.path / "one.env", (old, old))
    path = _included(ada, "*.env\nlocal/\n*.txt\n# a comment\n\n!seen\n")
    assert (path / "one.env").read_text() == "secret\n"
    assert (mode_of(path / "one.env"), mode_of(path / "run.env")) == (0o600, 0o755)
    assert int((path / "one.env").stat().st_mtime) == old
    assert (path / "local/deep/er/file").read_text() == "deep\n"
    assert not (path / "build").exists()
    assert not (path / "seen.txt").exists(), "git does not ignore it"
    assert ada.at(path).status() == ""


def test_nobody_can_read_a_copy_before_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "from/.env").write_text("secret\n")
    (tmp_path / "from/.env").chmod(0o604)
    seen = []
    monkeypatch.setattr(copies.fcntl, "ioctl", lambda handle, *_: seen.append(os.fstat(handle).st_mode & 0o777))
    assert copies.copy(str(tmp_path / "from"), str(tmp_path / "to"), ".env")
    assert (seen, mode_of(tmp_path / "to/.env")) == ([0o600], 0o604)


def test_how_many_were_copied_is_said(ada: Clone) -> None:
    ada.write("one.env", "1\n")
    ada.write(".gitignore", "*.env\n.worktreeinclude\n")
    ada.write(".worktreeinclude", "*.env\n")
    ada.git("add", ".gitignore")
    ada.git("commit", "-qm", "Ignore")
    assert ada.start(1).err == "copied 1 ignored file (.worktreeinclude)\nplan #1: branch plan-1-first\n"


def test_patterns_that_lead_outside_copy_nothing(ada: Clone, tmp_path: Path) -> None:
    (tmp_path / "outside.env").write_text("outside\n")
    path = _included(ada, f"../outside.env\n{tmp_path}/outside.env\n/../*.env\n../*\n/etc/passwd\n")
    assert sorted(one.name for one in path.iterdir() if one.name not in (".git", "docs")) == [".gitignore", "README.md"]
    assert not (path.parent / "outside.env").exists()


def test_symlinks_are_copied_as_symlinks(ada: Clone, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "big.env").write_text("big\n")
    (ada.path / "link.env").symlink_to(tmp_path / "outside" / "big.env")
    (ada.path / "gone.env").symlink_to("nowhere")
    (ada.path / "build").symlink_to(tmp_path / "outside")
    path = _included(ada, "*.env\nbuild\nbuild/*\n", ignore="*.env\nbuild\n")
    assert (path / "link.env").readlink() == tmp_path / "outside" / "big.env"
    assert str((path / "gone.env").readlink()) == "nowhere"
    assert (path / "build").readlink() == tmp_path / "outside"


def test_nothing_is_written_through_a_symlink_of_the_branch(team: Team, ada: Clone, tmp_path: Path) -> None:
    """The branch has a symlink where the main worktree has an ignored folder: it leads out of the worktree."""
    outside = tmp_path / "outside"
    outside.mkdir()
    work = team.clone("hostile")
    (work.path / "local").symlink_to(outside)
    work.git("add", "-f", "local")
    work.git("commit", "-qm", "A link")
    work.git("push", "-q", "origin", "main")
    ada.write("local/authorized", "planted\n")
    (ada.path / ".git/info/exclude").open("a").write("local/\n.worktreeinclude\n")
    ada.write(".worktreeinclude", "local/\n")
    found = ada.claimed(1)
    assert (Path(found["worktree"]) / "local").is_symlink()
    assert list(outside.iterdir()) == []


def test_what_stands_in_the_way_of_a_copy_stays(team: Team, ada: Clone) -> None:
    """The branch has a file where the main worktree has a folder, and the other way round."""
    team.on_main({"local": "a file\n", "one.env/in": "a folder\n", "two.env": "the branch's\n"})
    ada.write("local/deep", "deep\n")
    ada.write("one.env", "mine\n")
    ada.write("two.env", "mine\n")
    (ada.path / ".git/info/exclude").open("a").write("local/\n*.env\n.worktreeinclude\n")
    ada.write(".worktreeinclude", "local/\n*.env\n")
    path = Path(ada.claimed(1)["worktree"])
    assert (path / "local").read_text() == "a file\n"
    assert (path / "one.env/in").read_text() == "a folder\n"
    assert (path / "two.env").read_text() == "the branch's\n"


def test_odd_names_and_odd_files(ada: Clone) -> None:
    names = [
        "with blank.env",
        'quo"te.env',
        "new\nline.env",
        "täst.env",
        b"odd\xff.env".decode("utf-8", "surrogateescape"),
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(f"{ada.path}/{name}"))).write_text(name.encode("utf-8", "replace").decode())
    os.mkfifo(ada.path / "pipe.env")
    path = _included(ada, "*.env\n")
    copied = {os.fsencode(one.name) for one in path.iterdir() if one.name.endswith(".env")}
    assert copied == {os.fsencode(name) for name in names}


def test_a_file_that_cannot_be_copied_is_named(ada: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything: the copy fails because the name is too long where it shall stand."""
    deep = "d" * 200
    folder = ada.path / "local"
    here = os.open(ada.path, os.O_RDONLY)
    try:
        os.mkdir("local", dir_fd=here)
        at = os.open("local", os.O_RDONLY, dir_fd=here)
        length = len(str(folder))
        while length + 201 < 4060 - 20:
            os.mkdir(deep, dir_fd=at)
            below = os.open(deep, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at, length = below, length + 201
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=at))
        os.close(at)
    finally:
        os.close(here)
    ada.write("one.env", "1\n")
    (ada.path / ".git/info/exclude").open("a").write("local/\n*.env\n.worktreeinclude\n")
    ada.write(".worktreeinclude", "local/\n*.env\n")
    found = ada.claimed(1)
    assert set(codes(found)) <= {"setup-failed"}
    assert (Path(found["worktree"]) / "one.env").exists()
    assert ada.intents() == []


def test_other_worktrees_are_not_copied(ada: Clone) -> None:
    first = _included(ada, "*\n")
    (first / "mine.env").write_text("first\n")
    third = Path(ada.claimed(3)["worktree"])
    assert not (third / ".worktrees").exists()
    assert not (third / "mine.env").exists()


@pytest.mark.parametrize("kind", ["folder", "binary", "dangling"])
def test_an_include_file_that_is_none(ada: Clone, kind: str) -> None:
    target = ada.path / ".worktreeinclude"
    if kind == "folder":
        target.mkdir()
    elif kind == "binary":
        target.write_bytes(bytes(range(256)) * 8)
    else:
        target.symlink_to("nowhere")
    assert re.match("/", ada.claimed(1)["worktree"])
