"""The typed configuration: what a repository decided, with a default for every key."""

from __future__ import annotations

from holdfast.domain import status
from holdfast.domain.branch_name import BranchPattern
from holdfast.domain.forge import AUTO, SQUASH
from holdfast.domain.naming import Pattern
from holdfast.domain.status import Vocabulary
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

FILE = "holdfast.toml"
PYPROJECT = "pyproject.toml"
FILES = (FILE, PYPROJECT)
"""Where configuration can stand, in the order in which it is looked for."""

GUIDE = ("CLAUDE.md", "AGENTS.md", "docs/PROCESS.md", "docs/RECOVERY.md")
"""Where the guide stands."""

COMMITTED = "committed"
MAIN = "main"
COMPUTED = "computed"
MODES = (COMMITTED, MAIN, COMPUTED)

OFF, WARN, REFUSE = "off", "warn", "refuse"
ANYWHERE, FROM_MAIN = "anywhere", "main"
"""Where `finish` may be run."""

LEVELS = (REFUSE, WARN, OFF)
"""What can happen when an agent is about to do what harms others' work."""

PLAN = "plan"
RECORD = "record"
TASKS = "tasks"
PROFILES = (PLAN, RECORD, TASKS)

FORMAT = 1
"""The newest layout of the plan index that this version writes."""


class FolderPolicy(NamedTuple):
    """What holds for the plans of one folder; `path` is relative to the top of the repository."""

    path: str
    profile: str
    pattern: Pattern
    index_name: str
    archive: str
    statuses: Vocabulary
    priorities: tuple[str, ...]
    required_fields: tuple[str, ...]
    plan_sections: tuple[str, ...]
    evidence_sections: tuple[str, ...]
    required_lists: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def index_path(self) -> str:
        """The path of the file that holds the plan index."""
        return f"{self.path}/{self.index_name}" if self.path else self.index_name

    @property
    def template_path(self) -> str:
        """The path of the template that makes the whole file generated, if it exists."""
        return self.index_path + ".template"

    def relative(self, path: str) -> str | None:
        """`path` below this folder, or None for a path elsewhere."""
        if not self.path:
            return path
        return path[len(self.path) + 1 :] if path.startswith(self.path + "/") else None

    def number_of(self, path: str) -> int | None:
        """The plan number that a repository path has, or None for a path that is no plan of this folder."""
        name = self.relative(path)
        if name is None or path in (self.index_path, self.template_path):
            return None
        if "/" in name:
            head, _, name = name.rpartition("/")
            if head != self.archive:
                return None
        return self.pattern.number(name)

    def archived(self, path: str) -> bool:
        """True for a plan that rests in the archive folder: it exists, but has no row and no content rules."""
        name = self.relative(path)
        return name is not None and "/" in name


class ClaimPolicy(NamedTuple):
    """How claims are made and judged.

    `remote` is the remote that claims are shared through, None for the one that the main branch follows. `branch` is
    the pattern of a claim's branch, `subject` the first line of its claim commit, with `{number}` and `{title}`.
    `stale_hours` without activity make a claim stale; a remote that has not answered for `timeout` seconds is not there.
    """

    remote: str | None = None
    branch: BranchPattern = BranchPattern()
    subject: str = "Claim plan #{number}: {title}"
    stale_hours: int = 48
    timeout: int = 60


class WorktreePolicy(NamedTuple):
    """Where worktrees of claims are made (from the main worktree), and the command that sets a new one up."""

    root: str = ".worktrees"
    setup: str = ""
    setup_timeout: int = 1800


class SessionPolicy(NamedTuple):
    """A session whose process cannot be looked up holds its worktree for `minutes` after it was last heard of."""

    minutes: int = 30


class TrashPolicy(NamedTuple):
    """How long removed worktrees wait in the trash: so many `days`, and as long as all of them take no more `megabytes`."""

    days: int = 7
    megabytes: int = 20_000


class GuardPolicy(NamedTuple):
    """Whether git itself refuses to delete or rename somebody's claim branch and the main branch (`refs`).

    Off unless it is asked for: git calls the hook for each ref of a fetch.
    """

    refs: bool = False


class FinishPolicy(NamedTuple):
    """How work is merged.

    `verify` is a command that must succeed on the merged tree, within `verify_timeout` seconds; empty for none.
    `require_complete`: a plan must be Complete in the merged tree. `run_from` is `anywhere`, or `main` for the main
    worktree alone. `checks` are checks that a request needs beside those that its forge requires; `--wait` waits for
    `wait_minutes`.
    """

    method: str = SQUASH
    verify: str = ""
    verify_timeout: int = 1800
    require_complete: bool = True
    run_from: str = ANYWHERE
    checks: tuple[str, ...] = ()
    wait_minutes: int = 60


class ForgePolicy(NamedTuple):
    """Where requests are: by the remote's address (`auto`), nowhere (`none`), or on a forge of that kind.

    `url` is the address of its API and `repository` the name there, each empty for what the remote's address tells; a
    forge that has not answered for `timeout` seconds is not there.
    """

    kind: str = AUTO
    url: str = ""
    repository: str = ""
    timeout: int = 30


class NotifyPolicy(NamedTuple):
    """The command that runs when a session starts waiting for its user; empty for none."""

    command: str = ""


class AgentPolicy(NamedTuple):
    """What happens when an agent is about to do what harms others' work: `refuse`, `warn` or `off`, for each such thing."""

    worktree_in_use: str = "refuse"
    claim_branch: str = "refuse"
    delete_tree: str = "refuse"
    hooks_path: str = "refuse"
    no_verify: str = "refuse"
    other_worktree: str = "refuse"
    main_worktree: str = "warn"

    @property
    def levels(self) -> tuple[tuple[str, str], ...]:
        """Each thing with what happens then."""
        return tuple(self._asdict().items())


class Policy(NamedTuple):
    """Everything that a repository configured, with where it came from (`origin`, None for nothing)."""

    folders: tuple[FolderPolicy, ...]
    mode: str
    format: int
    main_branch: str
    severities: tuple[tuple[str, str], ...]
    require_tag: bool
    tags: tuple[str, ...]
    tag_commits: bool
    allow_on_main: bool
    max_plan_size: int
    origin: str | None
    claims: ClaimPolicy = ClaimPolicy()
    worktree: WorktreePolicy = WorktreePolicy()
    sessions: SessionPolicy = SessionPolicy()
    trash: TrashPolicy = TrashPolicy()
    guard: GuardPolicy = GuardPolicy()
    agents: AgentPolicy = AgentPolicy()
    finish: FinishPolicy = FinishPolicy()
    forge: ForgePolicy = ForgePolicy()
    notify: NotifyPolicy = NotifyPolicy()

    def severity(self, code: str, default: str) -> str:
        """The severity of a rule here: what is configured, else `default`."""
        return dict(self.severities).get(code, default)

    def folder_of(self, path: str) -> FolderPolicy | None:
        """The plan folder in which a repository path lies; the deepest one wins."""
        inside = [folder for folder in self.folders if folder.relative(path) is not None]
        return max(inside, key=lambda folder: len(folder.path), default=None)

    @property
    def watched(self) -> tuple[str, ...]:
        """The paths whose change concerns Holdfast: plan folders, plan indexes and configuration."""
        return (*FILES, *(folder.path or "." for folder in self.folders))


_PLAN_SECTIONS = (
    "Plan", "Solution", "Solutions", "Proposed Solution", "Proposed Solutions", "Implementation", "Design", "Proposed Design",
    "Approach", "Proposed Approach", "Phases", "Phase", "Steps", "Changes", "Proposed Changes", "Proposal", "Tasks",
    "Strategy", "Migration", "Fix", "Fixes", "Proposed Fix", "Proposed Fixes", "How",
)  # fmt: skip
# "Evidence" alone is mostly evidence of the problem.
_EVIDENCE = (
    "Verification Evidence", "Completion Evidence", "Evidence of Completion", "Verification Results", "CI Evidence",
    "Test Evidence",
)  # fmt: skip
_LISTS = ("Acceptance Criteria", "Success Criteria", "Done When", "Definition of Done")

_BY_PROFILE: dict[str, dict[str, Any]] = {
    PLAN: {
        "statuses": status.PLAN_WORDS,
        "priorities": ("Critical", "High", "Medium", "Low"),
        "plan_sections": _PLAN_SECTIONS,
        "evidence_sections": _EVIDENCE,
        "required_lists": _LISTS,
    },
    RECORD: {
        "statuses": status.RECORD_WORDS,
        "priorities": (),
        "plan_sections": (),
        "evidence_sections": (),
        "required_lists": (),
    },
    TASKS: {
        "statuses": status.TASK_WORDS,
        "priorities": ("Critical", "High", "Medium", "Low"),
        "plan_sections": (),
        "evidence_sections": (),
        "required_lists": _LISTS,
    },
}


def folder(path: str = "docs/plans", profile: str = PLAN, **changes: Any) -> FolderPolicy:
    """A plan folder with the defaults of its profile and the `changes` named."""
    return FolderPolicy(
        path=path, profile=profile, pattern=Pattern(""), index_name="README.md", archive="archive", required_fields=(),
        sections=(), **_BY_PROFILE[profile],
    )._replace(**changes)  # fmt: skip


def default() -> Policy:
    """What holds where nothing is configured: one folder of plans, the plan index in each commit."""
    return Policy(
        folders=(folder(),), mode=COMMITTED, format=FORMAT, main_branch="main", severities=(), require_tag=False,
        tags=("Trivial",), tag_commits=True, allow_on_main=True, max_plan_size=1_048_576, origin=None,
    )  # fmt: skip
