"""What a request says of its plan: a title, and a block of ours in its text; every other line is its author's."""

from __future__ import annotations

from holdfast.domain.forge import GITEA, GITHUB, GITLAB
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.domain.forge import Address

BEGIN, END = "<!-- holdfast:request begin -->", "<!-- holdfast:request end -->"
_API = {GITHUB: "/api/v3", GITLAB: "/api/v4", GITEA: "/api/v1"}
_FILE = {GITHUB: "blob", GITLAB: "-/blob", GITEA: "src/branch"}


def block(plan: int | None, title: str, link: str, evidence: str | None) -> str:
    """The block of ours: the plan with a link to it, and the evidence; empty where there is nothing to say."""
    lines = [f"Plan: [#{plan} {_bare(title)}]({link})"] if plan is not None else []
    if evidence:
        lines += ["", "## Evidence", "", evidence.strip()] if lines else ["## Evidence", "", evidence.strip()]
    safe = "\n".join(lines).replace("<!--", "&lt;!--")
    return f"{BEGIN}\n{safe}\n{END}" if lines else ""


def placed(text: str, ours: str) -> str:
    """The text of a request with our block put where it is, else at the end; without one where `ours` is empty."""
    text = text.replace("\r\n", "\n")
    start = text.find(BEGIN)
    end = text.find(END, start)
    if 0 <= start < end:
        return text[:start] + ours + text[end + len(END) :]
    return f"{text.rstrip()}\n\n{ours}".strip() if ours else text


def page_of(address: Address, branch: str, path: str) -> str:
    """The page on which a forge shows a file of a branch."""
    from urllib.parse import quote

    web = address.api.removesuffix(_API[address.kind])
    web = web.replace("https://api.", "https://", 1)
    return f"{web}/{address.repository}/{_FILE[address.kind]}/{quote(branch)}/{quote(path)}"


def _bare(title: str) -> str:
    """A title inside the brackets of a link."""
    return title.replace("[", "(").replace("]", ")")
