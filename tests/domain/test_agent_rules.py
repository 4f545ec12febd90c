"""What commands would do: found in every wrapping and quoting, and in nothing that is harmless."""

from __future__ import annotations

import random
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.test_command_line import SHELLISH, line_of
from holdfast.domain import agent_rules as rules
from holdfast.domain.agent_rules import KEY_OF, deeds
from holdfast.domain.command_line import commands
from holdfast.domain.shell_words import UNKNOWN

HERE, HOME = "/repo", "/home/ada"
CLAIM = "plan-4-fourth"


def found(line: str) -> list[tuple[str, str | None, str]]:
    return [(one.kind, one.folder, one.target) for one in deeds(commands(line, HERE, HOME))]


DANGEROUS = [
    ("git worktree remove .worktrees/a", rules.REMOVE_WORKTREE, ".worktrees/a"),
    ("git worktree remove --force a", rules.REMOVE_WORKTREE, "a"),
    ("git worktree remove -f -f a", rules.REMOVE_WORKTREE, "a"),
    ("git -c a.b=c worktree remove a", rules.REMOVE_WORKTREE, "a"),
    ("git --no-pager worktree move a b", rules.MOVE_WORKTREE, "a"),
    ("rm -rf a", rules.DELETE_TREE, "a"),
    ("rm -fr a", rules.DELETE_TREE, "a"),
    ("rm a -R", rules.DELETE_TREE, "a"),
    ("rm --recursive a", rules.DELETE_TREE, "a"),
    ("rm --recur -- a", rules.DELETE_TREE, "a"),
    ("rm .git", rules.DELETE_TREE, ".git"),
    ("unlink a/.git", rules.DELETE_TREE, "a/.git"),
    ("trash a", rules.DELETE_TREE, "a"),
    ("npx rimraf a", rules.DELETE_TREE, "a"),
    ("find a -delete", rules.DELETE_TREE, "a"),
    ("find a -mindepth 1 -type d -exec rm -rf {} +", rules.DELETE_TREE, "a"),
    ("mv a b", rules.MOVE_TREE, "a"),
    ("mv -t b a", rules.MOVE_TREE, "a"),
    ("git clean -ffdx", rules.CLEAN_NESTED, "."),
    ("git clean -f -fd a", rules.CLEAN_NESTED, "a"),
    (f"git branch -d {CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git branch -D {CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git branch --delete --force {CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git branch --del {CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git branch -qD {CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git branch -m {CLAIM} other", rules.RENAME_BRANCH, CLAIM),
    (f"git branch -M {CLAIM} other", rules.RENAME_BRANCH, CLAIM),
    ("git branch --move other", rules.RENAME_BRANCH, ""),
    (f"git update-ref -d refs/heads/{CLAIM}", rules.DELETE_BRANCH, CLAIM),
    (f"git update-ref -m x -d refs/heads/{CLAIM} 123", rules.DELETE_BRANCH, CLAIM),
    (f"git update-ref refs/heads/{CLAIM} {'0' * 40}", rules.DELETE_BRANCH, CLAIM),
    (f"git push origin --delete {CLAIM}", rules.DELETE_REMOTE_BRANCH, CLAIM),
    (f"git push -d origin {CLAIM}", rules.DELETE_REMOTE_BRANCH, CLAIM),
    (f"git push origin :{CLAIM}", rules.DELETE_REMOTE_BRANCH, CLAIM),
    (f"git push origin +:refs/heads/{CLAIM}", rules.DELETE_REMOTE_BRANCH, CLAIM),
    ("git push --mirror origin", rules.DELETE_REMOTE_BRANCH, UNKNOWN),
    ("git push --prune origin refs/heads/*", rules.DELETE_REMOTE_BRANCH, UNKNOWN),
    ("git config core.hooksPath /dev/null", rules.HOOKS_PATH, "core.hooksPath"),
    ("git config --global CORE.HOOKSPATH x", rules.HOOKS_PATH, "core.hooksPath"),
    ("git config --unset core.hooksPath", rules.HOOKS_PATH, "core.hooksPath"),
    ("git config set core.hooksPath x", rules.HOOKS_PATH, "core.hooksPath"),
    ("git config --remove-section core", rules.HOOKS_PATH, "core"),
    ("git -c core.hooksPath=/dev/null commit", rules.HOOKS_PATH, "core.hooksPath"),
    ("git -c Core.HooksPath= commit", rules.HOOKS_PATH, "core.hooksPath"),
    ("git --config-env=core.hooksPath=X commit", rules.HOOKS_PATH, "core.hooksPath"),
    ("git --config-env core.hooksPath=X commit", rules.HOOKS_PATH, "core.hooksPath"),
    (
        "env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=x git commit",
        rules.HOOKS_PATH,
        "core.hooksPath",
    ),
    ("git commit --no-verify -m x", rules.SKIP_HOOKS, "commit"),
    ("git commit --no-veri -m x", rules.SKIP_HOOKS, "commit"),
    ("git commit -n -m x", rules.SKIP_HOOKS, "commit"),
    ("git commit -nm x", rules.SKIP_HOOKS, "commit"),
    ("git commit -anm x", rules.SKIP_HOOKS, "commit"),
    ("git commit -m x -n", rules.SKIP_HOOKS, "commit"),
    ("git merge --no-verify a", rules.SKIP_HOOKS, "merge"),
    ("git push --no-verify", rules.SKIP_HOOKS, "push"),
    ("git am --no-verify a", rules.SKIP_HOOKS, "am"),
]  # fmt: skip

HARMLESS = [
    "ls -la", "rm a", "rm -f a b", "rm --force a", "echo rm -rf a", "echo 'git worktree remove a'",
    "grep -rn 'rm -rf' .",
    "git status", "git worktree list", "git worktree add a", "git worktree prune", "git worktree lock a",
    "git branch", "git branch a",
    "git branch -a", "git branch --list 'plan-*'", "git branch -vv", "git branch -c a b",
    "git branch -dr origin/a", "git branch -u a b",
    "git push", "git push -n origin main", "git push origin main", "git push origin a:b",
    "git push -u origin HEAD:refs/heads/a",
    "git push --force-with-lease origin a", "git push -o delete origin a", "git commit -m x", "git commit -am 'x -n'",
    "git commit -m --no-verify", "git commit -mn", "git commit -m -n", "git commit -F -n",
    "git commit --amend --no-edit",
    "git commit --message --no-verify", "git commit --no-verbose -m x", "git commit -uno -m x", "git commit -m x -- -n",
    "git config core.hooksPath", "git config --get core.hooksPath", "git config get core.hooksPath", "git config -l",
    "git config user.name core.hooksPath", "git -c user.name=core.hooksPath commit",
    "git log --grep=--no-verify", "git merge -n a",
    "git pull -n", "git rebase -n main", "git clean -fd", "git clean -nffd", "git stash",
    "git update-ref refs/heads/a HEAD",
    "git update-ref -d refs/tags/a", "find . -name '*.pyc' -delete", "find . -type f -delete", "find a -print",
    "mvn test", "npm run rm", "sudo ls", "git rm -r a", "git mv a b", "export CORE=core.hooksPath",
    "git checkout -n -- a",
    "git commit -m \"$(cat <<'EOF'\nExplain rm -rf x && git push --no-verify\nEOF\n)\"",
    "git notes remove a", "git remote remove a",
    "[[ $x = --no-verify ]]", "cat <<EOF\ngit commit -n\nEOF", "# git commit -n", "true", "",
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "target"), DANGEROUS)
def test_what_a_command_would_do(line: str, kind: str, target: str) -> None:
    assert (kind, HERE, target) in found(line)
    assert kind in KEY_OF


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_commands(line: str) -> None:
    assert found(line) == []


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("cd a && git worktree remove b", "/repo/a"),
        ("git -C a -C b worktree remove b", "/repo/a/b"),
        ("git -C /a worktree remove b", "/a"),
        ("git -C $a worktree remove b", None),
        ("git --git-dir=/a/.git config core.hooksPath b", "/a/.git"),
        ("git --git-dir /a/.git config core.hooksPath b", "/a/.git"),
    ],
)
def test_where_git_acts(line: str, folder: str | None) -> None:
    assert [one[1] for one in found(line)] == [folder]


def test_what_nobody_can_tell_is_not_guessed() -> None:
    assert found('rm -rf "$x/y"') == [(rules.DELETE_TREE, HERE, UNKNOWN + "/y")]
    assert found("git branch -D @{-1}") == [(rules.DELETE_BRANCH, HERE, UNKNOWN)]
    assert deeds(commands('rm -rf "$x/y"', HERE))[0].path is None
    assert deeds(commands("rm -rf a/*", HERE))[0].pattern


WRAPPERS = (
    lambda line: f"true; {line}",
    lambda line: f"true && {line} | cat",
    lambda line: f"( {line} )",
    lambda line: f"{{ {line}; }}",
    lambda line: f"if {line}; then true; fi",
    lambda line: f"for x in 1 2; do {line}; done",
    lambda line: f"case x in x) {line} ;; esac",
    lambda line: f"echo $( {line} )",
    lambda line: f'echo "a $( {line} ) b"',
    lambda line: "echo `" + line.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$") + "`",
    lambda line: f"bash -c {shlex.quote(line)}",
    lambda line: f"/bin/sh -ec {shlex.quote(line)} name",
    lambda line: f"eval {shlex.quote(line)}",
    lambda line: f"trap {shlex.quote(line)} EXIT",
    lambda line: f"bash <<'END-OF-IT'\n{line}\nEND-OF-IT",
    lambda line: f"bash <<< {shlex.quote(line)}",
    lambda line: f"f() {{ {line}; }}; f",
    lambda line: f"sudo -n -u me sh -c {shlex.quote(line)}",
    lambda line: f"ls 2>/dev/null # done\n{line} >/dev/null 2>&1 &",
    lambda line: f"cat <(\n{line}\n)",
    lambda line: f"timeout 5 nohup nice -n 5 env A=1 bash -c {shlex.quote(line)}",
    lambda line: f"xargs -n 1 bash -c {shlex.quote(line)} < list",
    lambda line: f"x=$( {line} )",
    lambda line: f"[[ -n $( {line} ) ]]",
    lambda line: f"cat <<END-OF-IT\n$( {line} )\nEND-OF-IT",
)
PREFIXES = (
    "sudo", "sudo -u me", "env A=1", "env -i A=1 B=2", "command", "exec", "nohup", "time", "time -p",
    "nice -n 5", "timeout 10",
    "setsid", "builtin", "A=1 B='2 3'", "! ", "stdbuf -oL", "timeout -k 5 10", "exec -a x", "2>/dev/null",
)  # fmt: skip


@given(
    st.sampled_from(DANGEROUS),
    st.lists(st.sampled_from(PREFIXES), max_size=3),
    st.lists(st.sampled_from(WRAPPERS), max_size=4),
    st.randoms(use_true_random=False),
)
def test_a_dangerous_command_is_found_in_every_wrapping(case, prefixes, wrappers, dice) -> None:  # type: ignore[no-untyped-def]
    line, kind, target = case
    line = " ".join([*sorted(prefixes, key="! ".__ne__), line_of(shlex.split(line), dice)])
    if any(one.startswith("A=1 B") for one in prefixes):  # what is set stands before the command itself
        line = line.replace("A=1 B='2 3'", "env A=1 B='2 3'")
    for wrap in wrappers:
        line = wrap(line)
    assert (kind, target) in [(one[0], one[2]) for one in found(line)], line


@given(st.lists(st.sampled_from(HARMLESS), max_size=3), st.lists(st.sampled_from(WRAPPERS), max_size=3))
def test_a_harmless_command_is_never_called_dangerous(lines: list[str], wrappers: list) -> None:  # type: ignore[type-arg]
    line = "\n".join(lines)
    for wrap in wrappers:
        line = wrap(line + "\n:")
    assert found(line) == []


@given(st.lists(SHELLISH, max_size=4), st.randoms(use_true_random=False))
def test_arguments_of_harmless_programs_are_data(words: list[str], dice: random.Random) -> None:
    assert found(line_of(["echo", "rm", "-rf", *words, "--no-verify"], dice)) == []
    assert found(line_of(["git", "commit", "-m", " ".join(words), "-m", "--no-verify"], dice)) == []


def test_every_spelling_that_git_takes_for_no_verify_is_known(tmp_path: Path) -> None:
    """git itself says which abbreviations skip its hooks; none of them is missed."""
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c"]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, env=env)
    hook = tmp_path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    spellings = ["--no-verify"[:size] for size in range(3, 12)] + [
        "-n",
        "-nq",
        "-qn",
        "-anq",
        "-q",
        "--verify",
        "--no-verbose",
    ]
    for spelling in spellings:
        words = ["commit", "--allow-empty", "-m", "x", spelling]
        done = subprocess.run([*git, *words], cwd=tmp_path, env=env, capture_output=True, check=False)
        if done.returncode == 0:
            assert found(shlex.join(["git", *words])) == [(rules.SKIP_HOOKS, HERE, "commit")], spelling
