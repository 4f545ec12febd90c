"""`agents install` and `agents check`: settings files of others are merged into, and the hooks are really called."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from claiming import Clone, document, executable, mode_of
from conftest import Ran, Repo
from holdfast.domain.agent_settings import MARK
from holdfast.domain.agents import AGENTS
from holdfast.usecases.setup import detect

CLAUDE, CODEX = ".claude/settings.json", ".codex/hooks.json"
THEIRS = """{
  "permissions": { "allow": ["Bash(ls:*)"] },
  "hooks": {
    "PreToolUse": [ {"matcher": "Bash", "hooks": [{"type": "command", "command": "./mine.sh"}]} ]
  }
}
"""


def install(repo: Repo, *args: str) -> Ran:
    ran = repo.holdfast("agents", "install", *args)
    assert "Traceback" not in ran.err, ran
    return ran


def snapshot(repo: Repo) -> dict[str, bytes]:
    """Everything that git could see, and Holdfast's own folder but for what every command writes there."""
    files = [path for path in repo.path.rglob("*") if path.is_file() and not path.is_symlink()]
    own = {"journal.jsonl", "journal.lock", "sessions.lock"}
    return {
        str(path.relative_to(repo.path)): path.read_bytes()
        for path in files
        if (".git" not in path.parts or "holdfast" in path.parts) and path.name not in own
    }


def test_new_settings_are_written_and_answer(adopted: Repo) -> None:
    ran = install(adopted, "claude", "codex")
    assert ran.code == 0, ran
    assert "Codex skips new and changed hooks until you review them" in ran.err
    assert adopted.status() == f"?? {CLAUDE}\n?? {CODEX}\n"
    ran = adopted.holdfast("agents", "check")
    assert (ran.code, ran.out) == (0, "claude: registered, and answers\ncodex: registered, and answers\n")


def test_a_second_time_changes_nothing(adopted: Repo) -> None:
    install(adopted, "claude", "codex")
    before = snapshot(adopted)
    ran = install(adopted, "codex", "claude", "claude")
    assert (ran.code, ran.err) == (0, "nothing to do: they call Holdfast already\n")
    assert snapshot(adopted) == before


def test_others_settings_stay_and_come_back_to_the_byte(adopted: Repo) -> None:
    adopted.write(CLAUDE, THEIRS)
    before = snapshot(adopted)
    assert install(adopted, "claude", "codex").code == 0
    merged = json.loads(adopted.read(CLAUDE))
    assert merged["permissions"] == {"allow": ["Bash(ls:*)"]}
    assert merged["hooks"]["PreToolUse"][0]["hooks"][0]["command"] == "./mine.sh"
    assert len(merged["hooks"]["PreToolUse"]) == 2
    assert install(adopted, "--remove", "claude", "codex").code == 0
    after = snapshot(adopted)
    after.pop(".git/holdfast/agents.json")
    assert after == before
    assert not (adopted.path / ".codex").exists()


def test_what_was_changed_since_keeps_the_change(adopted: Repo) -> None:
    adopted.write(CLAUDE, THEIRS)
    install(adopted, "claude")
    adopted.write(CLAUDE, adopted.read(CLAUDE).replace("ls:*", "cat:*"))
    install(adopted, "--remove", "claude")
    assert adopted.read(CLAUDE) == THEIRS.replace("ls:*", "cat:*")


def test_another_clone_takes_it_out_without_a_record(adopted: Repo) -> None:
    adopted.write(CLAUDE, THEIRS)
    install(adopted, "claude", "codex")
    (adopted.path / ".git/holdfast/agents.json").unlink()
    install(adopted, "--remove", "claude", "codex")
    assert adopted.read(CLAUDE) == THEIRS
    assert not (adopted.path / CODEX).exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("// settings\n{}", "it is no JSON"),
        ('{"hooks": {"Stop": {}},}', "it is no JSON"),
        ('{"hooks": {"Stop": {}}}', "its `hooks.Stop` is no list"),
        ("[]", "it holds no object"),
        ("\udcff", "it is no UTF-8"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(adopted: Repo, text: str, why: str) -> None:
    adopted.write(CLAUDE, text.encode("utf-8", "surrogateescape"))
    before = snapshot(adopted)
    for args in (("claude", "codex"), ("--remove", "claude")):
        ran = install(adopted, *args)
        assert ran.code == 1
        assert why in ran.err
        assert f"next: mend {CLAUDE}, then run it again" in ran.err
        assert len(ran.err.splitlines()) == 3
        assert snapshot(adopted) == before


def test_a_folder_in_the_place_of_settings_is_refused(adopted: Repo) -> None:
    (adopted.path / CLAUDE).mkdir(parents=True)
    ran = install(adopted, "claude")
    assert (ran.code, "it is no file" in ran.err) == (1, True)


def test_dry_run_and_json(adopted: Repo) -> None:
    before = snapshot(adopted)
    ran = install(adopted, "claude", "--dry-run", "--json")
    found = document(ran)
    assert (found["exit"], found["done"]) == (0, False)
    assert [step["path"] for step in found["steps"]] == [str(adopted.path / CLAUDE)]
    assert snapshot(adopted) == before
    assert document(install(adopted, "claude", "codex", "--json"))["done"] is True
    checked = document(adopted.holdfast("agents", "check", "--json"))
    assert [(one["name"], one["answers"], one["problems"]) for one in checked["agents"]] == [
        ("claude", True, []), ("codex", True, [])
    ]  # fmt: skip


def test_unknown_agents_are_told_what_to_do(adopted: Repo) -> None:
    ran = install(adopted, "cluade")
    assert ran.code == 2
    assert "holdfast session start" in ran.err
    assert "claude" in ran.err.splitlines()[-1]


def test_no_path_of_this_machine_is_committed(adopted: Repo) -> None:
    install(adopted, "claude", "codex")
    for name in (CLAUDE, CODEX):
        text = adopted.read(name)
        assert str(adopted.path) not in text
        assert "python" not in text
        assert "/home" not in text


@pytest.mark.parametrize("name", [agent.name for agent in AGENTS.values()])
@pytest.mark.parametrize("part", ["file", "folder"])
def test_settings_that_lead_out_of_the_repository_are_refused(adopted: Repo, name: str, part: str) -> None:
    """A branch may bring a link to somebody's own settings, for every repository."""
    path = adopted.path / AGENTS[name].path
    outside = adopted.path.parent / "outside"
    outside.mkdir()
    (outside / path.name).write_text("{}")
    link, target = (path, outside / path.name) if part == "file" else (path.parent, outside)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    ran = adopted.holdfast("agents", "install", name, "--yes")
    assert ran.code == 1 and "leads out of the repository" in ran.err and "Traceback" not in ran.err, ran
    assert (outside / path.name).read_text() == "{}" and len(list(outside.iterdir())) == 1


def test_a_symlink_to_settings_stays_one(adopted: Repo) -> None:
    real = adopted.write("elsewhere/settings.json", THEIRS)
    (adopted.path / ".claude").mkdir()
    (adopted.path / CLAUDE).symlink_to(real)
    install(adopted, "claude")
    assert (adopted.path / CLAUDE).is_symlink()
    assert MARK in real.read_text()
    install(adopted, "--remove", "claude")
    assert real.read_text() == THEIRS


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_before_anything_is_changed(adopted: Repo) -> None:
    (adopted.path / ".codex").mkdir(mode=0o555)
    before = snapshot(adopted)
    ran = install(adopted, "claude", "codex")
    assert ran.code == 5
    assert snapshot(adopted) == before


def test_the_mode_of_settings_stays(adopted: Repo) -> None:
    adopted.write(CLAUDE, THEIRS).chmod(0o600)
    install(adopted, "claude")
    assert mode_of(adopted.path / CLAUDE) == 0o600


def test_without_init_the_hook_comes_and_goes_too(repo: Repo) -> None:
    repo.write("README.md", "x\n")
    repo.commit("Begin")
    assert install(repo, "codex").code == 0
    assert repo.holdfast("agents", "check").code == 0
    assert install(repo, "--remove", "codex").code == 0
    assert not (repo.path / ".git" / MARK).exists()
    assert repo.status() == ""


def test_uninstalling_takes_the_hook_and_says_how_to_take_out_the_rest(adopted: Repo) -> None:
    install(adopted, "claude")
    adopted.commit("Agents")
    ran = adopted.holdfast("init", "--uninstall", "--yes")
    assert ran.code == 0, ran
    assert "holdfast agents install --remove claude" in ran.err
    assert not (adopted.path / ".git" / "holdfast").exists()
    assert MARK in adopted.read(CLAUDE)
    ran = install(adopted, "--remove", "claude")
    assert ran.code == 0, ran
    assert not (adopted.path / CLAUDE).exists()


def test_a_clone_gets_the_hook_with_the_local_parts(adopted: Repo, tmp_path: Path) -> None:
    install(adopted, "claude")
    adopted.commit("Agents")
    clone = Clone(tmp_path / "clone", adopted.env)
    adopted.git("clone", "-q", str(adopted.path), str(clone.path))
    ran = clone.holdfast("agents", "check")
    assert ran.code == 1
    assert "agents-hook-missing" in ran.err
    assert "holdfast init --local" in ran.err
    assert clone.holdfast("init", "--local", "--yes").code == 0
    assert clone.holdfast("agents", "check").code == 0
    assert clone.status() == ""


def test_every_agent_is_registered_and_answers(adopted: Repo) -> None:
    adopted.holdfast("claims")
    before = snapshot(adopted)
    assert install(adopted, *AGENTS).code == 0
    assert adopted.status() == "".join(f"?? {path}\n" for path in sorted(agent.path for agent in AGENTS.values()))
    ran = adopted.holdfast("agents", "check")
    assert (ran.code, ran.out) == (0, "".join(f"{name}: registered, and answers\n" for name in AGENTS)), ran
    again = snapshot(adopted)
    assert install(adopted, *AGENTS).err == "nothing to do: they call Holdfast already\n"
    assert snapshot(adopted) == again
    assert install(adopted, "--remove", *AGENTS).code == 0
    after = snapshot(adopted)
    after.pop(".git/holdfast/agents.json")
    assert {path: text for path, text in after.items() if path in before or "/cache/" not in path} == before
    assert not [agent for agent in AGENTS.values() if (adopted.path / agent.path.split("/")[0]).exists()]


SIGNS = {
    "gemini": ".gemini/x", "cursor": ".cursor/rules/x", "copilot": ".github/hooks/mine.json", "opencode": "opencode.json",
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNS)
def test_an_agent_that_works_here_is_seen_by_doctor(adopted: Repo, name: str) -> None:
    adopted.write(SIGNS[name], "{}")
    found = {one["subject"]: one for one in adopted.json("doctor")["diagnoses"] if one["code"] == "agents-unhooked"}
    assert found[name]["remedy"] == f"holdfast agents install {name}"
    assert install(adopted, name).code == 0
    assert not [one for one in adopted.json("doctor")["diagnoses"] if one["code"].startswith("agents-")]
    said = adopted.holdfast("init", "--uninstall", "--yes")
    assert f"holdfast agents install --remove {name}" in said.err


@pytest.mark.parametrize("sign", [*SIGNS.values(), "GEMINI.md", ".github/copilot-instructions.md"])
def test_init_says_that_agents_work_here(repo: Repo, sign: str) -> None:
    repo.write(sign, "{}")
    note = next(one for one in detect.helpers(str(repo.path)) if "coding agents work here" in one)
    assert "holdfast agents install" in note


RESUME = {
    "claude": "claude --resume abc-1", "codex": "codex resume abc-1", "gemini": "gemini --resume abc-1",
    "cursor": "cursor-agent --resume abc-1", "copilot": "copilot --resume=abc-1", "opencode": "opencode --session abc-1",
}  # fmt: skip


@pytest.mark.parametrize("name", AGENTS)
def test_each_agent_has_its_own_way_to_go_on(alone: Clone, name: str) -> None:
    """From `--help` of the programs in npm; Cursor: cursor.com/docs/cli/reference/parameters."""
    assert alone.holdfast("init", "--yes").code == 0
    alone.claimed(4)
    at = next((alone.path / ".worktrees").iterdir())
    for verb in (("start", "--agent", name), ("end",)):
        assert alone.holdfast("session", *verb, "--id", "abc-1", cwd=at).code == 0
    assert document(alone.holdfast("resume", "4", "--json"))["command"] == RESUME[name]


OTHERS = {
    "gemini": '{\n  "model": {"name": "x"}, "hooks": {"BeforeTool": [{"hooks": [{"type": "command", "command": "m"}]}]}\n}\n',
    "cursor": '{\n  "version": 1,\n  "hooks": {"stop": [{"command": "./mine.sh"}]}\n}\n',
    "copilot": '{ "version": 1, "hooks": { "agentStop": [ {"type": "command", "bash": "./mine.sh"} ] } }\n',
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_others_wrote_beside_it_comes_back_without_a_record(adopted: Repo, name: str) -> None:
    path = AGENTS[name].path
    adopted.write(path, OTHERS[name])
    install(adopted, name)
    assert MARK in adopted.read(path)
    (adopted.path / ".git/holdfast/agents.json").unlink()
    install(adopted, "--remove", name)
    assert adopted.read(path) == OTHERS[name]


def test_a_plugin_of_somebody_else_stays(adopted: Repo) -> None:
    adopted.write(AGENTS["opencode"].path, "export const Mine = async () => ({})\n")
    ran = install(adopted, "opencode")
    assert ran.code == 1
    assert "it is a file of somebody else" in ran.err
    assert adopted.read(AGENTS["opencode"].path) == "export const Mine = async () => ({})\n"


@pytest.mark.parametrize("name", [name for name in AGENTS if name != "claude"])
def test_check_calls_each_event_in_the_agents_own_words(adopted: Repo, name: str) -> None:
    """Where the hook no longer knows one kind of events, `agents check` names those of this agent."""
    install(adopted, name)
    hook = adopted.path / ".git" / MARK
    agent = AGENTS[name]
    for word, moment in (("before", "before"), ("waits", "waits")):
        text = hook.read_text()
        line = next(one for one in text.splitlines() if one.startswith("starts="))
        own = " ".join(event.name for event in agent.at(moment))
        spoiled = line
        for event in agent.at(moment):
            spoiled = spoiled.replace(f" {event.name} ", " ")
        assert spoiled != line, (word, own)
        hook.write_text(text.replace(line, spoiled))
        found = document(adopted.holdfast("agents", "check", name, "--json"))
        messages = " ".join(one["message"] for one in found["agents"][0]["problems"])
        assert found["agents"][0]["answers"] is False
        assert all(f"its hook for {event.name} " in messages for event in agent.at(moment)), (word, messages)
        hook.write_text(text)


BREAKS = {
    "not registered at all": (lambda at: (at / CLAUDE).unlink(), "agents-not-registered"),
    "one event is missing": (lambda at: _edit(at / CLAUDE, '"Stop"', '"Stopp"'), "agents-not-registered"),
    "settings are no JSON": (lambda at: (at / CLAUDE).write_text("{,}"), "agents-settings"),
    "the hook is gone": (lambda at: (at / ".git" / MARK).unlink(), "agents-hook-missing"),
    "its Python is gone": (lambda at: _edit(at / ".git" / MARK, "python='", "python='/gone"), "agents-hook-missing"),
    "its entry is gone": (lambda at: _edit(at / ".git" / MARK, "entry='", "entry='/gone"), "agents-hook-missing"),
    "it answers nothing": (lambda at: (at / ".git" / MARK).write_text("python=/bin/sh\nentry=/\n"), "agents-no-answer"),
    "it does not parse": (lambda at: _edit(at / ".git" / MARK, "top=$d", "if ((("), "agents-no-answer"),
    "it hears no tools": (lambda at: _edit(at / ".git" / MARK, "ask=new", "exit 0"), "agents-no-answer"),
    "it refuses nothing": (lambda at: _edit(at / ".git" / MARK, "whole = 1", "whole = 0"), "agents-no-answer"),
    "beats go nowhere": (lambda at: _edit(at / ".git" / MARK, '1<>"$beat"', '1<>"/dev/null"'), "agents-no-answer"),
}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(("spoil", "code"), BREAKS.values(), ids=list(BREAKS))
def test_each_missing_part_is_found(adopted: Repo, spoil, code: str) -> None:  # type: ignore[no-untyped-def]
    install(adopted, "claude")
    if spoil is BREAKS["it hears no tools"][0]:
        (adopted.path / ".git" / MARK).write_text("exit 0\npython='/bin/sh'\nentry='/bin/sh'\n")
    else:
        spoil(adopted.path)
    found = document(adopted.holdfast("agents", "check", "claude", "--json"))
    assert found["exit"] == 1
    assert code in [one["code"] for one in found["agents"][0]["problems"]]
    assert found["agents"][0]["answers"] is False
    assert not list((adopted.path / ".git" / "holdfast" / "sessions").glob("holdfast-check-*"))


def test_check_says_so_where_no_agent_is_registered(adopted: Repo) -> None:
    ran = adopted.holdfast("agents", "check")
    assert ran.code == 1
    assert "holdfast agents install claude codex gemini cursor copilot opencode" in ran.err


def test_levels_are_configured_one_by_one(adopted: Repo) -> None:
    adopted.write(
        "holdfast.toml", adopted.read("holdfast.toml") + '\n[agents]\nno_verify = "off"\nhooks_path = "warn"\n'
    )
    values = {one["key"]: one["value"] for one in adopted.json("config")["values"]}
    assert values["agents.no_verify"] == "off"
    assert values["agents.main_worktree"] == "warn"
    install(adopted, "claude")
    assert adopted.holdfast("agents", "check").code == 0
    adopted.write("holdfast.toml", adopted.read("holdfast.toml").replace('"warn"', '"never"'))
    assert (
        "config-value" in adopted.holdfast("config").err + adopted.holdfast("check").out + adopted.holdfast("check").err
    )


def test_the_hook_needs_nothing_but_awk(adopted: Repo, tmp_path: Path) -> None:
    """With no program on PATH at all the agent goes on, unheard."""
    install(adopted, "claude")
    text = json.loads(adopted.read(CLAUDE))["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    empty = tmp_path / "empty"
    empty.mkdir()
    payload = json.dumps(
        {"session_id": "s1", "cwd": str(adopted.path), "tool_name": "Bash", "tool_input": {"command": "rm -rf .git"}}
    )
    ran = adopted.run(shutil.which("sh") or "/bin/sh", "-c", text, input=payload, env={"PATH": str(empty)})
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    executable(empty / "awk", '#!/bin/sh\nexec /usr/bin/awk "$@"\n')
    ran = adopted.run("/bin/sh", "-c", text, input=payload, env={"PATH": f"{empty}:{os.environ['PATH']}"})
    assert '"deny"' in ran.out


def test_agents_are_those_of_the_documents() -> None:
    assert list(AGENTS) == ["claude", "codex", "gemini", "cursor", "copilot", "opencode"]
