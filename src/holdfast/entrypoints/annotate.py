"""Problems as code hosts show them beside the lines of a request.

GitHub: workflow commands (docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands). GitLab: a code
quality report (docs.gitlab.com/ci/testing/code_quality, "Code Quality report format").
"""

from __future__ import annotations

import os

from holdfast.domain.value import TYPE_CHECKING
from holdfast.entrypoints import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.domain.problem import Problem


def lead(top: str, environment: Mapping[str, str]) -> str:
    """What goes before paths where the repository lies in a folder of the workspace that the host knows; empty mostly."""
    workspace = environment.get("GITHUB_WORKSPACE") or environment.get("CI_PROJECT_DIR") or ""
    if not workspace:
        return ""
    inside = os.path.relpath(os.path.realpath(top), os.path.realpath(workspace))
    return "" if inside == "." or inside.startswith("..") else inside + "/"


def github(problems: Sequence[Problem], before: str = "") -> str:
    """One workflow command for each problem, which shows it on its line of a pull request."""
    return render.lines(_command(one, before) for one in problems)


def gitlab(problems: Sequence[Problem], before: str = "") -> str:
    """A code quality report, as JSON: a problem without a path is not in it, because the format wants one."""
    import hashlib
    import json

    known: dict[str, int] = {}
    report = []
    for one in problems:
        if one.path is None:
            continue
        identity = str(one.identity)
        known[identity] = known.get(identity, 0) + 1
        fingerprint = hashlib.sha256(f"{known[identity]} {identity}".encode("utf-8", "surrogateescape")).hexdigest()
        report.append(
            {
                "description": render.shown(f"{one.message}. {one.remedy}"),
                "check_name": f"holdfast {one.code}",
                "fingerprint": fingerprint,
                "severity": "major" if one.severity == "error" else "minor",
                "location": {"path": render.shown(before + one.path), "lines": {"begin": one.line or 1}},
            }
        )
    return json.dumps(report, indent=2)


def _command(problem: Problem, before: str) -> str:
    fields = [f"title=holdfast {problem.code}"]
    if problem.path is not None:
        fields.append(f"file={_property(before + problem.path)}")
    if problem.line is not None:
        fields.append(f"line={problem.line}")
    if problem.column is not None:
        fields.append(f"col={problem.column}")
    level = "error" if problem.severity == "error" else "warning"
    return f"::{level} {','.join(fields)}::{_data(f'{problem.message}. {problem.remedy}')}"


def _data(text: str) -> str:
    """Text of a workflow command; what is no line break and not printable is spelled out."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return render.shown(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
