"""All plans of a tree at one instant, with the file of the plan index and what they have been before."""

from __future__ import annotations

from holdfast.domain import plan_index
from holdfast.domain.naming import slug_of
from holdfast.domain.policy import COMPUTED, RECORD
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.domain.plans import Plans
    from holdfast.domain.policy import FolderPolicy, Policy
    from holdfast.domain.summary import Summary


class FolderState(NamedTuple):
    """One plan folder in a tree: its plans by number and path, its plan index file and template as bytes."""

    folder: FolderPolicy
    summaries: Plans
    index_file: bytes | None = None
    template: bytes | None = None

    @property
    def computed(self) -> str:
        """The plan index that these plans make."""
        return plan_index.text(self.summaries.rows())

    def unused(self, history: History) -> int:
        """The number after the highest that a plan of this folder has or ever had: it and all above are free."""
        return max({one.number for one in self.summaries} | history.numbers(self.folder.path), default=0) + 1

    def renumber(self, path: str, number: int) -> str:
        """The command that gives a plan of this folder another number."""
        from shlex import quote  # only where a number is wrong

        folder, slash, name = path.rpartition("/")
        new = self.folder.pattern.name(number, slug_of(name), (name,))
        return f"git mv {quote(path)} {quote(folder + slash + new)}"


class PlanSet(NamedTuple):
    """Everything that rules look at: the policy of a tree and the folders that it configures."""

    policy: Policy
    folders: tuple[FolderState, ...]

    @property
    def summaries(self) -> list[Summary]:
        """The plans of all folders."""
        return [one for state in self.folders for one in state.summaries]

    @property
    def identity(self) -> str | None:
        """A word that only the same plans have; None where some did not come out of a remembered table."""
        words = [state.summaries.identity for state in self.folders]
        return "\n\n".join(word for word in words if word is not None) if None not in words else None

    def find(self, number: int) -> list[Summary]:
        """The plans with that number, those of plan folders before records."""
        ordered = sorted(self.folders, key=lambda state: state.folder.profile == RECORD)
        return [one for state in ordered for one in state.summaries.numbered(number)]


class History(NamedTuple):
    """Which plan numbers ever existed in which folder, with the slugs they had; not `complete` in a shallow clone."""

    by_folder: Mapping[str, Mapping[int, frozenset[str]]]
    complete: bool = True

    def slugs(self, folder: str, number: int) -> frozenset[str]:
        """The slugs of all plans that ever had this number in the folder."""
        return self.by_folder.get(folder, {}).get(number, frozenset())

    def numbers(self, folder: str) -> set[int]:
        """All numbers that plans of the folder ever had."""
        return set(self.by_folder.get(folder, {}))


NO_HISTORY = History({})
"""For states that refer to nothing that is not there: then the history is not asked."""


def place_of_index(state: FolderState) -> None:
    """`plan_index.NoPlace` when the file of the plan index has no single place for it."""
    if state.template is None and state.index_file is not None:
        plan_index.find(_text(state.index_file))


def expected_file(state: FolderState, policy: Policy) -> bytes | None:
    """The bytes that the file of the plan index should have, or None where git holds no plan index.

    `plan_index.NoPlace` when the file has no single place for it.
    """
    if policy.mode == COMPUTED:
        return None
    if state.template is not None:
        whole = plan_index.from_template(_text(state.template), state.computed)
    elif state.index_file is None:
        whole = plan_index.appended("# Plans\n", state.computed)
    else:
        whole = plan_index.placed(_text(state.index_file), state.computed)
    return whole.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
