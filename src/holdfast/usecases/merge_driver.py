"""The merge driver of the plan index: git gives three files, the second becomes the merge."""

from __future__ import annotations

import os

from holdfast.adapters import files
from holdfast.adapters.git import Git, decode, encode
from holdfast.domain import plan_index
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def merge(cwd: str, environment: Mapping[str, str], base: str, ours: str, theirs: str) -> int:
    """Merge the files at the three paths into `ours`; 0 when clean, 1 when text around the plan index conflicts.

    The plan index itself never conflicts (see `domain.plan_index.merge`): where fields conflict, the plan files do.
    """
    git = Git(cwd, environment)
    base, ours, theirs = (os.path.join(cwd, path) for path in (base, ours, theirs))
    texts = [decode(files.read(path) or b"") for path in (base, ours, theirs)]

    def merge_text(base: str, ours: str, theirs: str) -> tuple[str, bool]:
        return git.merge_texts(encode(base), encode(ours), encode(theirs))

    merged, clean = plan_index.merge_file(texts[0], texts[1], texts[2], merge_text)
    files.put(ours, files.State(encode(merged), files.state(ours).mode))
    return 0 if clean else 1
