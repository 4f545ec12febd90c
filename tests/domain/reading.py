"""Short ways to read a plan in tests."""

from __future__ import annotations

from holdfast.domain import policy
from holdfast.domain.plan import Plan
from holdfast.domain.plan_reader import parse
from holdfast.domain.policy import FolderPolicy

FOLDER = policy.folder()


def read(text: str | bytes, folder: FolderPolicy = FOLDER, number: int = 7) -> Plan:
    """The plan that this text is."""
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return parse(f"{folder.path}/{number:02}_x.md", number, content, folder)


def codes(plan: Plan) -> list[str]:
    """What is wrong with the text itself."""
    return [fault.code for fault in plan.faults]
