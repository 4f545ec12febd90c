"""`init` and `init --uninstall`: what adopting a repository writes, where, and the way back."""

from holdfast.usecases.setup.init import Options, apply, propose
from holdfast.usecases.setup.proposal import ChangedError, Proposal, Step
from holdfast.usecases.setup.uninstall import propose_uninstall, uninstall

__all__ = ["ChangedError", "Options", "Proposal", "Step", "apply", "propose", "propose_uninstall", "uninstall"]
