"""The JSON Schemas of what commands print with `--json`, built from the codes and the glossary."""

from __future__ import annotations

from typing import Any

from holdfast.domain.agents import AGENTS
from holdfast.domain.ci import GITHUB, GITLAB
from holdfast.domain.claim import SOURCES, STATES
from holdfast.domain.claims_file import PATHS, SECTIONS
from holdfast.domain.codes import ALL
from holdfast.domain.occupancy import PROCESS, SESSION, VERDICTS
from holdfast.domain.problem import ERROR, HUMAN, WAIT, WARNING, YOU
from holdfast.domain.removal import OUTCOMES
from holdfast.domain.session import ACTIVITIES
from holdfast.domain.status import KEYS
from holdfast.entrypoints.commands.completion import SHELLS
from holdfast.usecases.migration.fates import BRANCH, MERGED, NONE
from holdfast.usecases.migration.steps import ROOMS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
MOMENT: Schema = {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$", "description": "UTC"}
PATH: Schema = {"type": "string", "pattern": "^/", "description": "an absolute path"}


def maybe(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of it."""
    return {"type": "array", "items": schema}


def fields(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


PROBLEM = fields(
    {
        "code": {"enum": [rule.code for rule in ALL]},
        "severity": {"enum": [ERROR, WARNING]},
        "subject": TEXT,
        "message": TEXT,
        "remedy": TEXT,
        "who": {"enum": [YOU, WAIT, HUMAN]},
        "path": maybe(PATH),
        "line": maybe({"type": "integer", "minimum": 1}),
        "column": maybe({"type": "integer", "minimum": 1}),
        "plan": maybe(NUMBER),
    }
)
PLAN_FIELDS: Schema = {
    "number": NUMBER,
    "title": TEXT,
    "path": PATH,
    "folder": TEXT,
    "status": {"enum": list(KEYS)},
    "status_text": TEXT,
    "priority": maybe(TEXT),
    "blocked_by": many(NUMBER),
    "blocks": many(NUMBER),
    "ready": {"type": "boolean"},
    "claimed_by": maybe(TEXT),
    "on": maybe(TEXT),
}
PLAN = fields(PLAN_FIELDS)
OCCUPANT = fields(
    {
        "kind": {"enum": [PROCESS, SESSION]},
        "pid": maybe(NUMBER),
        "command": TEXT,
        "session": maybe(TEXT),
        "since": maybe(MOMENT),
    }
)
CHECKED: Schema = {
    "problems": many(PROBLEM),
    "summary": fields({"plans": NUMBER, "errors": NUMBER, "warnings": NUMBER}),
}
VIEW = maybe(fields({"name": TEXT, "fetched_at": maybe(MOMENT)}))
SESSION_FIELDS = fields(
    {
        "id": TEXT,
        "agent": TEXT,
        "pid": maybe(NUMBER),
        "host": TEXT,
        "worktree": PATH,
        "activity": {"enum": list(ACTIVITIES)},
        "began": MOMENT,
    }
)
WORKTREE = fields(
    {
        "path": PATH,
        "branch": maybe(TEXT),
        "main": {"type": "boolean"},
        "occupancy": {"enum": list(VERDICTS)},
        "occupants": many(OCCUPANT),
        "dirty": NUMBER,
        "untracked": NUMBER,
        "ignored": NUMBER,
        "operation": maybe(TEXT),
        "locked": maybe(TEXT),
        "reasons": many(TEXT),
    }
)
REMOVAL: Schema = {
    "result": {"enum": ["removed", "refused"]},
    "branch": maybe(TEXT),
    "branch_outcome": {"enum": [*OUTCOMES, None]},
    "path": maybe(PATH),
    "trash": maybe(TEXT),
    "restore_until": maybe(MOMENT),
    "notes": many(TEXT),
    "blockers": many(PROBLEM),
}
WAITING = fields(
    {
        "id": TEXT,
        "branch": maybe(TEXT),
        "path": PATH,
        "commit": maybe(TEXT),
        "branch_outcome": {"enum": [*OUTCOMES, None]},
        "removed_at": MOMENT,
        "removed_by": TEXT,
        "restore_until": MOMENT,
        "size": NUMBER,
        "folder": maybe(PATH),
    }
)
CLAIM = fields(
    {
        "plan": maybe(NUMBER),
        "branch": TEXT,
        "local": maybe(TEXT),
        "remote": maybe(TEXT),
        "owner": maybe(TEXT),
        "host": maybe(TEXT),
        "claim_id": maybe(TEXT),
        "state": {"enum": list(STATES)},
        "activity": {"enum": [*ACTIVITIES, None]},
        "contested": {"type": "boolean"},
        "published": {"type": "boolean"},
        "last_activity": MOMENT,
        "activity_source": {"enum": list(SOURCES)},
        "worktree": maybe(PATH),
        "occupants": many(OCCUPANT),
        "commit": TEXT,
        "own_commits": NUMBER,
        "reasons": many(TEXT),
    }
)
ENTRY = fields(
    {
        "line": {"type": "integer", "minimum": 1},
        "section": {"enum": list(SECTIONS)},
        "branch": maybe(TEXT),
        "plan": maybe(NUMBER),
        "task": TEXT,
        "at": maybe(TEXT),
        "becomes": {"enum": [BRANCH, MERGED, NONE]},
        "command": maybe(TEXT),
    }
)
RULE: Schema = {
    "code": TEXT, "severity": {"enum": [ERROR, WARNING]}, "title": TEXT, "consequence": TEXT, "remedy": TEXT, "who": TEXT,
    "mend": TEXT,
}  # fmt: skip

FAILURE: Schema = {
    "code": TEXT, "title": TEXT, "looks": TEXT, "happened": TEXT, "steps": many(TEXT), "codes": many(TEXT),
}  # fmt: skip


def _finish() -> Schema:
    """What `finish` says; `--resume` gives the same for each merge that it went on with."""
    results = [
        "merged", "already-merged", "refused", "requested", "updated", "queued", "lost", "unknown", "undone", "nothing",
    ]  # fmt: skip
    one = {
        "result": {"enum": results},
        "branch": maybe(TEXT),
        "plan": maybe(NUMBER),
        "head": maybe(TEXT),
        "base": maybe(TEXT),
        "merge_commit": maybe(TEXT),
        "request": maybe(fields({"number": NUMBER, "url": TEXT})),
        "blockers": many(PROBLEM),
        "cleanup": many(fields({"step": TEXT, "outcome": {"enum": ["done", "kept", "failed"]}, "message": TEXT})),
        "steps": many(fields({"step": TEXT, "message": TEXT})),
    }
    return fields({**one, "dry_run": {"type": "boolean"}}, optional={"resumed": many(fields(one))})


def schemas() -> dict[str, Schema]:
    """Every schema by the word between `holdfast.` and `/` of the documents that it describes."""
    found = {**_of_plans(), **_of_claims(), **_of_worktrees(), **_of_the_repository(), **_of_how_it_is()}
    return {name: _document(name, schema) for name, schema in found.items()}


def _of_plans() -> dict[str, Schema]:
    """What commands say about plans, their rules and their index."""
    return {
        "check": fields(CHECKED),
        "ci": fields(
            {
                "service": {"enum": ["", GITHUB, GITLAB]},
                "since": maybe(TEXT),
                "fixed": maybe(fields({"branch": TEXT, "commit": maybe(TEXT), "paths": many(TEXT)})),
                **CHECKED,
            }
        ),
        "explain": {
            "anyOf": [
                fields({"codes": many(fields(RULE))}),
                fields({"code": TEXT, "title": TEXT, "consequence": TEXT, "remedy": TEXT, "page": maybe(TEXT)}, RULE),
                fields({**FAILURE, "page": maybe(TEXT)}),
            ]
        },
        "index": {
            "anyOf": [
                fields({"plans": many(PLAN)}, {"problems": many(PROBLEM), "written": many(TEXT)}),
                fields({"mended": fields({"commits": NUMBER, "rewritten": NUMBER, "head": TEXT})}),
            ]
        },
        "plan.new": fields({"number": NUMBER, "path": PATH, "branch": TEXT}),
        "plan.list": fields({"plans": many(PLAN)}),
        "plan.show": fields({**PLAN_FIELDS, "text": TEXT}),
        "plan.set": fields({"path": PATH, "before": TEXT, "after": TEXT, "blockers": many(PROBLEM)}),
        "plan.graph": fields({"mermaid": TEXT}),
    }


def _of_how_it_is() -> dict[str, Schema]:
    """What commands say about how everything is."""
    more = {"consequence": TEXT, "fixable": {"type": "boolean"}, "fixed": {"type": "boolean"}}
    return {
        "doctor": fields(
            {
                "diagnoses": many(fields({**PROBLEM["properties"], **more})),
                "healthy": {"type": "boolean"},
                "failures": many(PROBLEM),
            }
        ),
        "status": _status(),
    }


def _status() -> Schema:
    """What `status` says: everything in short."""
    return fields(
        {
            "at": MOMENT,
            "you": fields(
                {
                    "worktree": PATH,
                    "main": {"type": "boolean"},
                    "branch": maybe(TEXT),
                    "plan": maybe(NUMBER),
                    "dirty": NUMBER,
                    "ahead": NUMBER,
                    "behind": NUMBER,
                    "pushed": maybe({"type": "boolean"}),
                    "session": maybe(TEXT),
                    "operation": maybe(TEXT),
                }
            ),
            "next": many(fields({"command": TEXT, "why": TEXT})),
            "attention": many(PROBLEM),
            "ready": many(fields({"number": NUMBER, "title": TEXT, "priority": maybe(TEXT)})),
            "claims": many(
                fields(
                    {
                        **{key: CLAIM["properties"][key] for key in ("plan", "branch")},
                        "mine": {"type": "boolean"},
                        **{
                            key: CLAIM["properties"][key]
                            for key in (
                                "state",
                                "contested",
                                "published",
                                "activity",
                                "owner",
                                "host",
                                "last_activity",
                                "worktree",
                            )
                        },
                    }
                )
            ),
            "plans": fields({"total": NUMBER, "by_status": {"type": "object", "additionalProperties": NUMBER}}),
            "operations": many(fields({"what": TEXT, "worktree": maybe(PATH), "branch": maybe(TEXT)})),
            "remote": VIEW,
            "truncated": {"type": "boolean"},
        }
    )


def _of_claims() -> dict[str, Schema]:
    """What commands say about claims."""
    return {
        "start": fields(
            {
                "result": {"enum": ["claimed", "refused", "lost"]},
                "plan": maybe(NUMBER),
                "branch": maybe(TEXT),
                "worktree": maybe(PATH),
                "commit": maybe(TEXT),
                "base": maybe(TEXT),
                "published": {"type": "boolean"},
                "owner": maybe(TEXT),
                "claim_id": maybe(TEXT),
                "blockers": many(PROBLEM),
                "winner": maybe(TEXT),
            }
        ),
        "claims": fields(
            {
                "claims": many(CLAIM),
                "remote": VIEW,
                "published": many(TEXT),
                "lost": many(TEXT),
            }
        ),
        "unclaim": fields(
            {
                "result": {"enum": ["released", "refused"]},
                "plan": maybe(NUMBER),
                "branch": TEXT,
                "kept": maybe(TEXT),
                "blockers": many(PROBLEM),
            }
        ),
        "finish": _finish(),
        "approve": fields({"commands": many(fields({"key": TEXT, "command": TEXT, "approved": {"type": "boolean"}}))}),
        "migrate": fields(
            {
                "files": many(
                    fields(
                        {
                            "path": PATH,
                            "kind": {"enum": list(PATHS.values())},
                            "tracked": {"type": "boolean"},
                            "entries": many(ENTRY),
                        }
                    )
                ),
                "steps": many(
                    fields(
                        {
                            "name": {"enum": list(ROOMS)},
                            "title": TEXT,
                            "state": {"enum": ["proposed", "done", "skipped", "nothing", "waits"]},
                            "lines": many(fields({"kind": TEXT, "what": TEXT})),
                            "notes": many(TEXT),
                            "undo": many(TEXT),
                            "problems": many(PROBLEM),
                        }
                    )
                ),
                "problems": many(PROBLEM),
                "commit": maybe(TEXT),
                "done": {"type": "boolean"},
            }
        ),
    }


def _of_worktrees() -> dict[str, Schema]:
    """What commands say about worktrees, the trash and sessions."""
    return {
        "worktree.list": fields({"worktrees": many(WORKTREE)}),
        "worktree.remove": fields(REMOVAL),
        "worktree.restore": fields(
            {
                "result": {"enum": ["restored", "refused"]},
                "branch": maybe(TEXT),
                "path": maybe(PATH),
                "notes": many(TEXT),
                "blockers": many(PROBLEM),
            }
        ),
        "clean": fields(
            {"removals": many(fields(REMOVAL)), "kept": many(fields({"path": PATH, "reasons": many(TEXT)}))}
        ),
        "trash.list": fields({"waiting": many(WAITING), "size": NUMBER}),
        "trash.empty": fields(
            {"deleted": many(TEXT), "kept": many(fields({"id": TEXT, "reason": TEXT})), "freed": NUMBER}
        ),
        "resume": fields(
            {
                "result": {"enum": ["found", "restored", "refused"]},
                "plan": NUMBER,
                "branch": maybe(TEXT),
                "worktree": maybe(PATH),
                "command": maybe(TEXT),
                "notes": many(TEXT),
                "blockers": many(PROBLEM),
            }
        ),
        "session": fields(
            {
                "result": {"enum": ["started", "heard", "ended", "refused"]},
                "session": maybe(SESSION_FIELDS),
                "blockers": many(PROBLEM),
            }
        ),
    }


def _of_the_repository() -> dict[str, Schema]:
    """What commands say about a repository as a whole, and about Holdfast itself."""
    return {
        "config": fields(
            {
                "values": many(fields({"key": TEXT, "value": {}, "origin": TEXT, "takes": TEXT, "meaning": TEXT})),
                "problems": many(PROBLEM),
            }
        ),
        "init": fields(
            {
                "steps": many(fields({"kind": TEXT, "path": TEXT, "what": TEXT})),
                "done": {"type": "boolean"},
                "blockers": many(PROBLEM),
                "notes": many(TEXT),
            }
        ),
        **_of_agents(),
        "guide": {
            "anyOf": [
                fields({"version": NUMBER, "block": TEXT}),
                fields({"problems": many(PROBLEM), "notes": many(TEXT)}),
                fields(
                    {
                        "steps": many(fields({"kind": {"enum": ["create", "edit"]}, "path": PATH, "what": TEXT})),
                        "done": {"type": "boolean"},
                        "blockers": many(PROBLEM),
                        "notes": many(TEXT),
                    }
                ),
            ]
        },
        "log": fields(
            {
                "at": TEXT,
                "event": TEXT,
                "actor": TEXT,
                "host": TEXT,
                "pid": NUMBER,
                "plan": maybe(NUMBER),
                "branch": maybe(TEXT),
                "worktree": maybe(TEXT),
                "data": {"type": "object"},
            }
        ),
        "error": fields({"message": TEXT, "remedy": TEXT, "exit": NUMBER}, {"blockers": many(PROBLEM)}),
        "completion": fields({"shell": {"enum": list(SHELLS)}, "script": TEXT}),
        "version": fields({"holdfast": TEXT, "python": TEXT, "git": maybe(TEXT)}),
    }


def _of_agents() -> dict[str, Schema]:
    """What commands say about the hooks of coding agents."""
    return {
        "agents.install": fields(
            {
                "steps": many(fields({"kind": TEXT, "path": PATH, "what": TEXT})),
                "done": {"type": "boolean"},
                # What is wrong with the Python of a hook carries the codes of `init`.
                "blockers": many({**PROBLEM, "properties": {**PROBLEM["properties"], "code": TEXT}}),
                "notes": many(TEXT),
            }
        ),
        "agents.check": fields(
            {
                "agents": many(
                    fields(
                        {
                            "name": {"enum": list(AGENTS)},
                            "settings": TEXT,
                            "events": many(TEXT),
                            "answers": {"type": "boolean"},
                            "problems": many(PROBLEM),
                        }
                    )
                ),
                "problems": many(PROBLEM),
            }
        ),
    }


def _document(name: str, schema: Schema) -> Schema:
    """The schema of a whole document: its fields behind `schema`, which names command and version."""
    parts = schema.get("anyOf", [schema])
    for part in parts:
        part["properties"] = {"schema": {"const": f"holdfast.{name}/1"}, **part["properties"]}
        part["required"] = ["schema", *part["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:holdfast:{name}/1",
        "title": f"holdfast {name.replace('.', ' ')}",
        **schema,
    }
