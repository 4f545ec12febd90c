"""The plan index and the plans, as `check` sees them in the working tree."""

from __future__ import annotations

from holdfast.domain import health
from holdfast.domain.diagnosis import INDEX, SETUP
from holdfast.domain.value import TYPE_CHECKING
from holdfast.usecases import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.domain.diagnosis import Diagnosis
    from holdfast.usecases.doctor.look import Look

_REPAIRS = dict.fromkeys(("index-differs", "index-conflict", "index-edited", "index-markers"), INDEX)


def plans(look: Look) -> Iterator[Diagnosis]:
    """What the rules find in the working tree."""
    found = [one for one in check.worktree(look.place).problems if not one.code.startswith("config-")]
    repairs = dict(_REPAIRS)
    if not look.place.git.config(check.DRIVER):
        repairs["merge-driver-missing"] = SETUP
    return health.of_findings(found, repairs)
