"""Every code that a problem can carry, whoever finds it: what `explain`, the pages and the schemas know."""

from __future__ import annotations

from holdfast.domain.agent_codes import AGENT_RULES
from holdfast.domain.blockers import BLOCKERS
from holdfast.domain.ci_codes import CI_RULES
from holdfast.domain.claims_file_codes import MIGRATE_RULES
from holdfast.domain.finish_codes import FINISH_RULES
from holdfast.domain.health_codes import HEALTH_RULES
from holdfast.domain.migrate_codes import OLDER_RULES
from holdfast.domain.rules.catalogue import CATALOGUE, Rule
from holdfast.domain.worktree_codes import WORKTREE_RULES

ALL: tuple[Rule, ...] = (
    *CATALOGUE, *BLOCKERS, *WORKTREE_RULES, *FINISH_RULES, *AGENT_RULES, *MIGRATE_RULES, *OLDER_RULES,
    *HEALTH_RULES, *CI_RULES,
)  # fmt: skip
"""The rules over plans, which `[rules]` configures, then what only refuses a command, then what only `doctor` finds."""

BY_CODE = {rule.code: rule for rule in ALL}
