"""CI: the action's own steps on real checkouts of a real remote; GitLab's script; other services by plain commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from claiming import Clone, Team, document, executable, remote_of
from conftest import Ran, Repo, plan_text
from finishing import adopted
from services import ACTION, GITLAB, Runner, pull_request, push

INDEX = "docs/plans/README.md"
MAIN_ALONE = "main_branch = 'main'\n[index]\nmode = 'main'\n"
NEW, BROKEN = "docs/plans/41_new.md", "docs/plans/42_broken.md"


@pytest.fixture
def team(tmp_path: Path, env: dict[str, str]) -> Team:
    """A remote whose main branch has adopted Holdfast with the plan index in each commit."""
    return made(tmp_path, env)


def made(root: Path, env: dict[str, str], config: str = "main_branch = 'main'\n") -> Team:
    team = remote_of(root, env)
    adopted(team.clone("founder"), config)
    return team


def contributed(team: Team, branch: str, files: dict[str, str]) -> str:
    """A contributor without hooks pushes a branch; gives its commit."""
    clone = team.clone(f"contributor-{branch.replace('/', '-')}")
    clone.git("checkout", "-qb", branch)
    for name, text in files.items():
        clone.write(name, text)
    clone.git("add", "-A")
    clone.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", f"Add {', '.join(files)}")
    clone.git("push", "-q", "origin", branch)
    return clone.id_of("HEAD")


def row(team: Team, branch: str, number: int) -> bool:
    """Whether the plan index of a branch, as the remote has it, names a plan."""
    return any(line.startswith(f"| [{number}]") or f"| {number} |" in line or f"#{number}" in line
               for line in team.remote.show(INDEX, f"refs/heads/{branch}").splitlines())  # fmt: skip


def annotations(ran: Ran) -> list[str]:
    return [line for line in ran.out.splitlines() if line.startswith("::")]


def test_a_pull_request_gets_its_problems_beside_their_lines(team: Team, tmp_path: Path) -> None:
    text = plan_text(42, "Broken", "✅ Complete")
    contributed(team, "work", {BROKEN: text})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, _ = runner.act({}, **said)
    assert ran.code == 1, ran
    line = 1 + text.splitlines().index("**Status:** ✅ Complete")
    assert any(
        f"::error title=holdfast evidence-missing,file={BROKEN},line={line}" in one for one in annotations(ran)
    ), ran
    assert any("index-differs" in one and f"file={INDEX}" in one for one in annotations(ran)), ran
    assert "Traceback" not in ran.err


def test_what_was_wrong_before_is_nobody_elses_problem(team: Team, tmp_path: Path) -> None:
    team.on_main({BROKEN: plan_text(42, "Broken", "✅ Complete")})
    contributed(team, "work", {"code.txt": "code\n"})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, _ = runner.act({}, **said)
    assert (ran.code, annotations(ran)) == (0, []), ran


def test_main_going_on_after_the_event_adds_nothing_to_a_request(team: Team, tmp_path: Path) -> None:
    """GitHub makes the merge anew when main moves, and the event still names the older base."""
    contributed(team, "work", {"code.txt": "code\n"})
    older = team.remote.id_of("refs/heads/main")
    team.on_main({BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner, said = pull_request(team, tmp_path / "runner", "work", depth=0)
    event = json.loads(Path(said["GITHUB_EVENT_PATH"]).read_text())
    event["pull_request"]["base"]["sha"] = older
    Path(said["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))
    ran, _ = runner.act({}, **said)
    assert (ran.code, annotations(ran)) == (0, []), ran


def test_fix_commits_the_plan_index_on_the_branch_of_a_request(team: Team, tmp_path: Path) -> None:
    tip = contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert (ran.code, annotations(ran)) == (0, []), ran
    now = team.remote.id_of("refs/heads/work")
    assert outputs == {"fixed": now}
    assert team.remote.git("rev-parse", f"{now}^").strip() == tip
    assert team.remote.git("diff-tree", "-r", "--name-only", f"{tip}", now).split() == [INDEX]
    assert row(team, "work", 41)
    assert "github-actions[bot]" in team.remote.git("log", "-1", "--format=%an %cn", now)
    again, said = pull_request(team, tmp_path / "again", "work")
    ran, outputs = again.act({"fix": "true"}, **said)
    assert (ran.code, outputs, team.remote.id_of("refs/heads/work")) == (0, {"fixed": ""}, now), ran


def test_fix_mends_the_plan_index_alone(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert ran.code == 1
    assert [one.split(",")[0] for one in annotations(ran)] == ["::error title=holdfast evidence-missing"], ran
    assert outputs["fixed"] == team.remote.id_of("refs/heads/work") and row(team, "work", 42)


def test_a_fork_is_told_and_not_red(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {NEW: plan_text(41, "New")})
    tip = team.remote.id_of("refs/heads/work")
    runner, said = pull_request(team, tmp_path / "runner", "work", fork=True)
    ran, _ = runner.act({"fix": "true"}, **said)
    assert ran.code == 0, ran
    assert [one.split("::")[1] for one in annotations(ran)] == ["warning title=holdfast ci-not-ours"]
    assert team.remote.id_of("refs/heads/work") == tip


def test_main_alone_holds_the_plan_index(tmp_path: Path, env: dict[str, str]) -> None:
    """`index.mode = "main"`: a request leaves it alone and is green; the run on main after the merge writes it."""
    team = made(tmp_path, env, MAIN_ALONE)
    before = team.remote.id_of("refs/heads/main")
    tip = contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "request", "work")
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert (ran.code, annotations(ran), outputs) == (0, [], {"fixed": ""}), ran
    assert team.remote.id_of("refs/heads/work") == tip
    team.remote.git("update-ref", "refs/heads/main", team.remote.id_of("refs/pull/7/merge"))  # the merge button
    runner, said = push(team, tmp_path / "red", "main", before)
    ran, _ = runner.act({}, **said)
    assert ran.code == 1 and "index-differs" in ran.out, ran
    runner, said = push(team, tmp_path / "push", "main", before)
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert (ran.code, annotations(ran)) == (0, []), ran
    assert outputs["fixed"] == team.remote.id_of("refs/heads/main") and row(team, "main", 41)


def test_two_runs_at_once_and_a_push_between_lose_nothing(team: Team, tmp_path: Path) -> None:
    """Whoever pushes while the run is at work stays; the plan index is made anew on top of that."""
    contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    other = team.clone("other")
    other.git("checkout", "-q", "work")
    other.write("docs/plans/43_more.md", plan_text(43, "More"))
    other.git("add", "-A")
    other.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "More")
    # The other push arrives after the run has asked the remote, in the moment of its own push.
    flag = tmp_path / "once"
    alone = f"env -i PATH='{os.environ['PATH']}' HOME={tmp_path}"
    hook = f"[ -e {flag} ] || {{ touch {flag}; cd {other.path} && {alone} git push -q origin work; }}\n"
    executable(team.remote.path / "hooks" / "pre-receive", f"#!/bin/sh\n{hook}")
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert ran.code == 0, ran
    assert flag.exists() and outputs["fixed"] == team.remote.id_of("refs/heads/work"), ran
    assert row(team, "work", 41) and row(team, "work", 43)
    assert other.id_of("HEAD") in team.remote.git("rev-list", "refs/heads/work").split()


@pytest.mark.parametrize("request_", [True, False], ids=["request", "push"])
def test_a_protected_branch_declines(team: Team, tmp_path: Path, request_: bool) -> None:
    before = team.remote.id_of("refs/heads/main")
    tip = contributed(team, "work", {NEW: plan_text(41, "New")})
    team.hook("pre-receive", "#!/bin/sh\necho 'GH006: Protected branch update failed' >&2; exit 1\n")
    where = tmp_path / "runner"
    runner, said = pull_request(team, where, "work") if request_ else push(team, where, "work", before)
    ran, _ = runner.act({"fix": "true"}, **said)
    assert ran.code == (0 if request_ else 1), ran
    level = "warning" if request_ else "error"
    assert any(one.startswith(f"::{level} title=holdfast ci-push-declined") for one in annotations(ran)), ran
    assert "GH006" in ran.out and team.remote.id_of("refs/heads/work") == tip


def test_a_new_branch_is_compared_with_the_default_branch(team: Team, tmp_path: Path) -> None:
    team.on_main({BROKEN: plan_text(42, "Broken", "✅ Complete")})
    contributed(team, "work", {"code.txt": "code\n"})
    runner, said = push(team, tmp_path / "runner", "work", "0" * 40)
    ran, _ = runner.act({}, **said)
    assert (ran.code, annotations(ran)) == (0, []), ran


def test_a_forced_push_whose_old_commit_is_gone(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner, said = push(team, tmp_path / "runner", "work", "1" * 40)
    ran, _ = runner.act({}, **said)
    assert ran.code == 1 and "evidence-missing" in ran.out, ran


def test_the_action_is_given_a_commit_to_compare_with(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner, said = pull_request(team, tmp_path / "runner", "work", depth=0)
    head = team.remote.id_of("refs/heads/work")
    assert runner.act({"since": head}, **said)[0].code == 0
    ran, _ = runner.act({"since": "--output=/tmp/x"}, **said)
    assert ran.code == 1 and "git knows no commit" in ran.err, ran


def test_a_repository_below_the_workspace(team: Team, tmp_path: Path) -> None:
    """`actions/checkout` with `path:`; annotations name files from the workspace."""
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    workspace = runner.clone.path
    os.rename(workspace, tmp_path / "aside")
    workspace.mkdir()
    os.rename(tmp_path / "aside", workspace / "inner")
    ran, _ = runner.act({"working-directory": "inner"}, **said)
    assert f"file=inner/{BROKEN}," in ran.out, ran


def test_nothing_of_the_branch_is_imported(team: Team, tmp_path: Path) -> None:
    """A branch that brings modules by the names of Python's own, and of Holdfast, runs none of them in CI."""
    evil = "import os\nopen(os.environ['HOME'] + '/owned', 'w')\n"
    names = ("holdfast/__init__.py", "json.py", "argparse.py", "sitecustomize.py", "usercustomize.py")
    contributed(team, "work", {**dict.fromkeys(names, evil), NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, _ = runner.act({"fix": "true"}, PYTHONPATH=".", **said)
    assert ran.code == 0 and row(team, "work", 41), ran
    assert not Path(runner.home.env["HOME"], "owned").exists()


def test_a_machine_without_a_fitting_python_says_what_to_add(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {"code.txt": "code\n"})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "git"):
        (tools / name).symlink_to(
            next(Path(at, name) for at in os.environ["PATH"].split(":") if Path(at, name).exists())
        )
    script = Path(__file__).parent.parent / "ci" / "run"
    ran = runner.home.run("/bin/sh", str(script), env={"PATH": str(tools), **said}, cwd=runner.clone.path)
    assert ran.code == 2 and "actions/setup-python" in ran.err and ran.err.count("\n") == 3, ran


def test_a_remote_that_is_gone_is_no_verdict(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    os.rename(team.remote.path, tmp_path / "away.git")
    ran, _ = runner.act({"fix": "true"}, **said)
    assert ran.code == 5 and "Traceback" not in ran.err, ran


def gitlab_script(runner: Runner, tmp_path: Path) -> Path:
    """The lines of the template's job as a GitLab runner gives them to a shell, but for the installation."""
    lines = yaml.safe_load(GITLAB.read_text())["holdfast"]["script"]
    assert lines[0].startswith("pip install")
    path = tmp_path / "job.sh"
    holdfast = f'holdfast() {{ "{sys.executable}" -m holdfast "$@"; }}'
    path.write_text("\n".join(("set -eo pipefail", holdfast, *lines[1:])) + "\n")
    return path


def merge_request(team: Team, runner: Runner) -> dict[str, str]:
    base = runner.clone.git("merge-base", "refs/remotes/origin/main", "HEAD").strip()
    return {
        "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "3",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "work",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1", "CI_PROJECT_ID": "1",
        "CI_PROJECT_DIR": str(runner.clone.path), "CI_DEFAULT_BRANCH": "main", "CI_SERVER_HOST": "gitlab.example.org",
    }  # fmt: skip


def test_gitlab_reports_and_mends(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    runner = Runner(team, tmp_path / "runner")
    runner.check_out(team.remote.id_of("refs/heads/work"), "refs/pipelines/1", 0)
    runner.clone.git("fetch", "-q", "origin", "main:refs/remotes/origin/main")
    script = gitlab_script(runner, tmp_path)
    said = merge_request(team, runner)
    ran = runner.home.run("bash", str(script), env={**said, "HOLDFAST_FIX": "true"}, cwd=runner.clone.path)
    assert ran.code == 1, ran
    report = json.loads(runner.clone.read("gl-code-quality-report.json"))
    assert [(one["check_name"], one["location"]["path"]) for one in report] == [("holdfast evidence-missing", BROKEN)]
    assert len({one["fingerprint"] for one in report}) == len(report)
    assert row(team, "work", 42)
    assert "holdfast@gitlab.example.org" in team.remote.git("log", "-1", "--format=%ae", "work")


def test_gitlab_on_main_alone(tmp_path: Path, env: dict[str, str]) -> None:
    """A GitLab runner checks a commit out, never a branch: what is on main is told by its variables."""
    team = made(tmp_path, env, MAIN_ALONE)
    before = team.remote.id_of("refs/heads/main")
    team.on_main({NEW: plan_text(41, "New")})
    runner = Runner(team, tmp_path / "runner")
    runner.check_out(team.remote.id_of("refs/heads/main"), "refs/pipelines/1", 0)
    said = {
        "GITLAB_CI": "true",
        "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_BEFORE_SHA": before,
    }
    ran = runner.home.holdfast("ci", env=said, cwd=runner.clone.path)
    assert ran.code == 1 and "index-differs" in ran.out, ran
    ran = runner.home.holdfast("ci", "--fix", env=said, cwd=runner.clone.path)
    assert ran.code == 0 and row(team, "main", 41), ran


@pytest.mark.parametrize(("schema", "path"), [("github-actions", ACTION), ("gitlab-ci", GITLAB)])
def test_the_services_can_read_these_files(schema: str, path: Path) -> None:
    """Against the services' own published schemas (schemastore.org, as check-jsonschema ships them)."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_report_that_cannot_be_written_stops_before_anything_is_pushed(team: Team, tmp_path: Path) -> None:
    tip = contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    said |= {"GITHUB_ACTIONS": "true"}
    ran = runner.home.holdfast("ci", "--fix", "--report", "no/such/folder.json", env=said, cwd=runner.clone.path)
    assert ran.code == 1 and "cannot be written" in ran.err and len(ran.err.splitlines()) == 3, ran
    assert team.remote.id_of("refs/heads/work") == tip


def test_a_report_is_written_through_no_symlink_of_the_branch(team: Team, tmp_path: Path) -> None:
    """A merge request may bring a link by the name of the report that the template writes."""
    victim = tmp_path / "victim"
    victim.write_text("SECRET")
    clone = team.clone("anywhere")
    (clone.path / "report.json").symlink_to(victim)
    ran = clone.holdfast("ci", "--since", "HEAD", "--report", "report.json")
    assert ran.code == 0 and victim.read_text() == "SECRET", ran
    assert json.loads(clone.read("report.json")) == [] and not (clone.path / "report.json").is_symlink()
    (clone.path / "out").symlink_to(tmp_path)
    ran = clone.holdfast("ci", "--since", "HEAD", "--report", "out/report.json")
    assert ran.code == 1 and "leads out of the repository" in ran.err and not (tmp_path / "report.json").exists(), ran


def test_no_name_is_a_command_of_an_older_kind(team: Team, tmp_path: Path) -> None:
    """GitHub's runner obeys `##[command]` anywhere in a line."""
    odd = "##[stop-commands]token.md"
    config = f"main_branch = 'main'\n[[plans]]\npath = 'docs/plans'\nindex = '{odd}'\n"
    index = team.remote.show(INDEX, "refs/heads/main")
    contributed(team, "work", {"holdfast.toml": config, f"docs/plans/{odd}": index, NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, _ = runner.act({"fix": "true"}, **said)
    assert "put the plan index of" in ran.err and "##[" not in ran.err, ran
    assert all(line.startswith("::") for line in ran.out.splitlines() if "##[" in line), "those are read another way"


def test_a_repository_without_a_commit(tmp_path: Path, env: dict[str, str]) -> None:
    repo = Repo(tmp_path, env)
    repo.git("init", "-q", "-b", "main")
    ran = repo.holdfast("ci")
    assert ran.code == 1 and "there is no commit here yet" in ran.err and "ambiguous" not in ran.err, ran


def test_a_dry_run_changes_nothing(team: Team, tmp_path: Path) -> None:
    tip = contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran = runner.home.holdfast(
        "ci", "--fix", "--dry-run", env={**said, "GITHUB_ACTIONS": "true"}, cwd=runner.clone.path
    )
    assert "--dry-run: the plan index is checked, not mended" in ran.err and "index-differs" in ran.out, ran
    assert team.remote.id_of("refs/heads/work") == tip
    assert runner.clone.git("rev-parse", "--is-shallow-repository").strip() == "true"


def test_a_branch_that_is_gone_by_now(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {NEW: plan_text(41, "New")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    team.remote.git("update-ref", "-d", "refs/heads/work")
    ran, outputs = runner.act({"fix": "true"}, **said)
    assert "work is not on the remote any more" in ran.err and outputs == {"fixed": ""}, ran


def test_any_other_service_by_plain_commands(team: Team, tmp_path: Path) -> None:
    contributed(team, "work", {BROKEN: plan_text(42, "Broken", "✅ Complete")})
    clone = team.clone("anywhere")
    clone.git("checkout", "-q", "work")
    found = document(clone.holdfast("ci", "--since", "origin/main", "--json"))
    assert (found["exit"], found["service"], found["fixed"]) == (1, "", None)
    assert {one["code"] for one in found["problems"]} == {"evidence-missing", "index-differs"}
    ran = clone.holdfast("ci", "--fix", "--since", "origin/main")
    assert ran.code == 1 and "about no branch" in ran.err, ran


@pytest.mark.parametrize("payload", ["", "[]", "null", '{"pull_request": []}', '{"before": 7}', '{"pull_request": {"base": 1}}',
                                     '{"before": "../../x"}', "{" * 100_000])  # fmt: skip
def test_an_event_of_any_shape_stops_nobody(team: Team, tmp_path: Path, payload: str) -> None:
    clone = team.clone("anywhere")
    event = tmp_path / "event.json"
    event.write_text(payload)
    ran = clone.holdfast("ci", env={"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)})
    assert ran.code == 0 and "Traceback" not in ran.err, ran


def test_titles_reach_no_terminal_and_no_command(team: Team, tmp_path: Path) -> None:
    """A workflow command in a title would be the runner's to obey."""
    title = "\x1b[31mRed::error::x\x07%0A::set-output name=x::y"
    contributed(team, "work", {BROKEN: plan_text(42, title, "✅ Complete")})
    runner, said = pull_request(team, tmp_path / "runner", "work")
    ran, _ = runner.act({}, **said)
    assert all(
        line.startswith(("::error title=holdfast ", "::warning title=holdfast ")) for line in ran.out.splitlines()
    )
    assert not any(ord(letter) < 32 for letter in (ran.out + ran.err).replace("\n", ""))


def test_the_founders_clone_is_untouched(team: Team, tmp_path: Path) -> None:
    """`ci` in somebody's own clone changes no branch and no file of it."""
    clone = Clone(tmp_path / "founder", team.env)
    before = (clone.refs("refs/heads/"), clone.status())
    assert Repo.holdfast(clone, "ci", "--since", "HEAD").code == 0
    assert (clone.refs("refs/heads/"), clone.status()) == before
