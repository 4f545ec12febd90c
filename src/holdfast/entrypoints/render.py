"""Problems as text: three lines each, for people; without anything that a hook would have to wait for."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from holdfast.domain.problem import Problem


def refusal(problem: Problem, word: str = "refused", page: str = "") -> str:
    """Three lines: what is refused, why (with its code and place), the exact next command.

    `page` is the path of the recovery page that explains the code; empty where there is none.
    """
    place = f"{shown(problem.place)}: " if problem.place else ""
    wait = {"wait": " (do other work meanwhile)", "human": " (ask a person)"}.get(problem.who, "")
    code = f"{problem.code}: {shown(page)}#{problem.code}" if page else problem.code
    return (
        f"{word}: {shown(problem.message)}\n"
        f"   why:  {place}{_consequence(problem)} [{code}]\n"
        f"   next: {shown(problem.remedy)}{wait}"
    )


def refusals(problems: Sequence[Problem], page: str = "") -> str:
    """All blockers at once, each with its three lines."""
    return "\n".join(refusal(problem, page=page) for problem in problems)


def warning(problem: Problem) -> str:
    """One line for what does not refuse."""
    place = f"{shown(problem.place)}: " if problem.place else ""
    return f"warning: {place}{shown(problem.message)} [{problem.code}]"


def older(count: int) -> str:
    """The one line about problems that were there before."""
    if count == 1:
        return "holdfast: 1 older problem stays as it was (see `holdfast check`)"
    return f"holdfast: {count} older problems stay as they were (see `holdfast check`)"


def error(what: str, why: str, next_command: str) -> str:
    """The three lines of an error that is no finding."""
    return f"refused: {shown(what)}\n   why:  {shown(why)}\n   next: {shown(next_command)}"


def shown(text: str) -> str:
    """Text that is safe on a terminal: control characters (they could move the cursor) and odd bytes are spelled out."""
    if text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def fitted(line: str, width: int | None) -> str:
    """A line cut to that many columns; whole where there is no edge."""
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def lines(texts: Iterable[str]) -> str:
    """Texts one below the other."""
    return "\n".join(texts)


def _spelled(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{ord(character):04x}")


def _consequence(problem: Problem) -> str:
    from holdfast.domain.codes import BY_CODE

    rule = BY_CODE.get(problem.code)
    return rule.consequence if rule is not None else problem.code
