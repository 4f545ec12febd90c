"""`init` and `init --uninstall`: what adopting a repository writes, where, and the way back."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from holdfast.usecases.setup.init import Options, apply, propose
    from holdfast.usecases.setup.leaving import propose_uninstall, uninstall
    from holdfast.usecases.setup.proposal import ChangedError, Proposal, Step

__all__ = ["ChangedError", "Options", "Proposal", "Step", "apply", "propose", "propose_uninstall", "uninstall"]

_ROOMS = {
    "Options": "init", "apply": "init", "propose": "init", "ChangedError": "proposal", "Proposal": "proposal",
    "Step": "proposal", "propose_uninstall": "leaving", "uninstall": "leaving",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The name from its room, imported when it is first asked for (PEP 562).

    Whoever only looks at hooks does not wait for what adopts a repository (30 ms).
    """
    if name not in _ROOMS:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
