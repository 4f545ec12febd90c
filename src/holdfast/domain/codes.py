"""Every code that a problem can have: rules of plans and what refuses an operation."""

from __future__ import annotations

from holdfast.domain.blockers import BLOCKERS
from holdfast.domain.rules.catalogue import CATALOGUE, Rule

ALL: tuple[Rule, ...] = (*CATALOGUE, *BLOCKERS)
BY_CODE = {rule.code: rule for rule in ALL}
