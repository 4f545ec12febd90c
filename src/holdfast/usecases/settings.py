"""The effective configuration, key by key, and the versions of what Holdfast stands on."""

from __future__ import annotations

import json

from holdfast.adapters.git import Git, scrubbed
from holdfast.domain.problem import Unable
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from holdfast.domain.policy import FolderPolicy
    from holdfast.domain.problem import Problem
    from holdfast.usecases.workspace import Workspace


class Value(NamedTuple):
    """One key: its effective value and the file it comes from, or `default`."""

    key: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """The value as TOML and JSON both write it."""
        return json.dumps(self.value, ensure_ascii=False)


def effective(place: Workspace) -> tuple[list[Value], tuple[Problem, ...]]:
    """Every key with its value and origin in the working tree, and what is wrong with the configuration."""
    configured = place.configurations.of_worktree()
    policy = configured.policy
    written = place.configurations.written()
    values = [
        _value(key, value, written, policy.origin)
        for key, value in (
            ("main_branch", policy.main_branch),
            ("index.mode", policy.mode),
            ("index.format", policy.format),
            ("commit.require_tag", policy.require_tag),
            ("commit.tags", list(policy.tags)),
            ("commit.tag_commits", policy.tag_commits),
            ("commit.allow_on_main", policy.allow_on_main),
            ("limits.max_plan_size", policy.max_plan_size),
            ("claims.remote", policy.claims.remote),
            ("claims.branch", policy.claims.branch.text),
            ("claims.subject", policy.claims.subject),
            ("claims.stale_hours", policy.claims.stale_hours),
            ("claims.timeout", policy.claims.timeout),
            ("worktree.root", policy.worktree.root),
            ("worktree.setup", policy.worktree.setup),
            ("worktree.setup_timeout", policy.worktree.setup_timeout),
            ("sessions.minutes", policy.sessions.minutes),
            ("trash.days", policy.trash.days),
            ("trash.megabytes", policy.trash.megabytes),
            ("guard.refs", policy.guard.refs),
            *((f"finish.{key}", value) for key, value in policy.finish._asdict().items()),
            *((f"forge.{key}", value) for key, value in policy.forge._asdict().items()),
            ("notify.command", policy.notify.command),
            *((f"agents.{key}", level) for key, level in policy.agents.levels),
        )
    ]
    values += [Value(f"rules.{code}", severity, policy.origin or "default") for code, severity in policy.severities]
    tables = written.get("plans", [])
    for at, folder in enumerate(policy.folders):
        table = tables[at] if isinstance(tables, list) and at < len(tables) and isinstance(tables[at], dict) else {}
        values += _folder(at, folder, table, policy.origin)
    return values, configured.problems


def git_version(cwd: str, environment: Mapping[str, str]) -> str | None:
    """The version of git on PATH as `2.39.5`, or None."""
    try:
        return Git(cwd, scrubbed(environment)).text("version").removeprefix("git version ").split(" ")[0]
    except Unable:
        return None


def _value(key: str, value: Any, written: Mapping[str, Any], origin: str | None) -> Value:
    found: Any = written
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return Value(key, value, origin if found is not None and origin else "default")


def _folder(at: int, folder: FolderPolicy, table: Mapping[str, Any], origin: str | None) -> list[Value]:
    values: dict[str, Any] = {
        "path": folder.path,
        "profile": folder.profile,
        "pattern": folder.pattern.text,
        "index": folder.index_name,
        "archive": folder.archive,
        "statuses": {entry.key: list(entry.words) for entry in folder.statuses},
        "signs": {entry.key: list(entry.signs) for entry in folder.statuses if entry.signs},
        "priorities": list(folder.priorities),
        "required_fields": list(folder.required_fields),
        "plan_sections": list(folder.plan_sections),
        "evidence_sections": list(folder.evidence_sections),
        "required_lists": list(folder.required_lists),
        "sections": {key: list(names) for key, names in folder.sections},
    }
    return [
        Value(f"plans[{at}].{key}", value, origin if key in table and origin else "default")
        for key, value in values.items()
    ]
