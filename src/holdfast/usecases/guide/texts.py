"""What the guide says: the texts of the package, and the recovery page that is made from the catalogue."""

from __future__ import annotations

import os

import holdfast
from holdfast.adapters import files
from holdfast.adapters.git import decode
from holdfast.domain import guide, recovery
from holdfast.domain.guide import Texts


def ours() -> Texts:
    """The block and the pages as this version of Holdfast writes them."""
    return Texts(
        guide.block(_template("block.md")),
        guide.page(_template("process.md")),
        guide.page(recovery.page(_template("recovery.md"))),
    )


def pages() -> dict[str, str]:
    """The pages by their paths in a repository."""
    texts = ours()
    return {path: texts.of(path) for path in guide.PAGES}


def _template(name: str) -> str:
    package = os.path.dirname(os.path.abspath(holdfast.__file__))
    return decode(files.read(os.path.join(package, "templates", "guide", name)) or b"")
