"""Hand-kept claims files: each entry with its line, and everything in them that is not understood."""

from __future__ import annotations

from holdfast.domain import moment, yaml_nodes
from holdfast.domain.problem import ERROR, Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple
from holdfast.domain.yaml_nodes import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from holdfast.domain.moment import Moment
    from holdfast.domain.yaml_nodes import Node

WORK, CLAIM = "active-work", "claim"
PATHS = {".claude/active-work.yaml": WORK, ".claim.yaml": CLAIM}
"""Where claims files stand below the top of a worktree, and of which kind they are."""

CLAIMS, COMPLETED, MERGING, REVIEW = "claims", "completed", "merging", "awaiting_review"
SECTIONS = (CLAIM, CLAIMS, COMPLETED, MERGING, REVIEW)
"""Where an entry can stand: `claim` is the one entry of `.claim.yaml`, the others are the lists of the other file."""

_LONGEST_NUMBER = 9


class Entry(NamedTuple):
    """One entry: `name` is its `cc_id` or `branch`, mostly that of a branch; `at` is None where it has no time."""

    line: int
    section: str
    name: str
    plan: int | None
    task: str
    at: Moment | None


class Reading(NamedTuple):
    """The entries that were understood, and a problem of error level for everything that was not."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


class _Shape(NamedTuple):
    """The fields of one section: those with its name, its task and its time, and which must and which may be there."""

    name: str
    task: str
    at: str
    required: tuple[str, ...]
    optional: tuple[str, ...]


_ABOUT = ("plan", "session_id", "feature", "files", "worktree_path")
_CLAIM = _Shape("cc_id", "task", "claimed_at", ("cc_id", "task", "claimed_at"), _ABOUT)
_SHAPES = {
    CLAIM: _CLAIM,
    CLAIMS: _CLAIM,
    COMPLETED: _Shape("cc_id", "task", "completed_at", ("cc_id", "task", "completed_at"), (*_ABOUT, "commit")),
    MERGING: _Shape("cc_id", "task", "locked_at", ("cc_id",), (*_ABOUT, "task", "locked_at", "pr", "branch")),
    REVIEW: _Shape("branch", "title", "created", ("pr", "branch", "title", "author", "created"), ()),
}

_TEXT, _NUMBER, _EITHER, _TEXTS, _TIME = "text", "number", "number or text", "list of texts", "time"
_KINDS = {"plan": _NUMBER, "pr": _EITHER, "files": _TEXTS, **{shape.at: _TIME for shape in _SHAPES.values()}}
"""What each field holds; text where nothing else is said."""

_EXAMPLES = {
    _TEXT: "in quotes",
    _NUMBER: "as a bare number, as 23",
    _EITHER: "as a number",
    _TEXTS: "as a list of texts",
    _TIME: "as '2026-01-13T19:30:32Z'",
}


def read(content: bytes, kind: str, path: str) -> Reading:
    """The entries of a claims file of that kind; `path` is what its problems name."""
    reader = _Reader(path)
    found = yaml_nodes.tree(content)
    if isinstance(found, (Mapping, Sequence, Scalar)):
        reader.document(found, kind)
    else:
        for fault in found:
            reader.refuse(fault.code, fault.line, "document", f"{path} cannot be read: {fault.message}")
    return Reading(tuple(reader.entries), tuple(reader.problems))


def refuse(code: str, path: str, line: int, subject: str, message: str, remedy: str = "") -> Problem:
    """A problem of a claims file, with what to do: to correct that line, unless `remedy` says something else."""
    remedy = remedy or f"correct line {line} of {path}, then run `holdfast migrate`"
    return Problem(code, ERROR, subject, message, remedy, path=path, line=line)


class _Reader:
    """Collects entries and problems of one file."""

    __slots__ = ("entries", "path", "problems")

    def __init__(self, path: str) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []

    def refuse(self, code: str, line: int, subject: str, message: str, remedy: str = "") -> None:
        self.problems.append(refuse(code, self.path, line, subject, message, remedy))

    def document(self, root: Node, kind: str) -> None:
        """All entries of the whole file."""
        if kind == CLAIM:
            self._entry(root, CLAIM)
            return
        for section, value in self._fields(root, "the file", (CLAIMS, COMPLETED, MERGING, REVIEW)).items():
            for item in self._items(section, value):
                self._entry(item, section)

    def _items(self, section: str, value: Node) -> tuple[Node, ...]:
        """The entries of a section. Who merges is also written as one entry, without a list."""
        if isinstance(value, Sequence):
            return value.items
        if section == MERGING and isinstance(value, Mapping):
            return (value,)
        if not _is_null(value):
            self.refuse("claims-file-shape", value.line, section, f"`{section}` is no list of entries")
        return ()

    def _entry(self, node: Node, section: str) -> None:
        """Read one entry; it counts only when nothing in it was refused."""
        shape = _SHAPES[section]
        before = len(self.problems)
        fields = self._fields(node, f"an entry of `{section}`", (*shape.required, *shape.optional))
        present = {key: value for key, value in fields.items() if not _is_null(value)}
        for key in shape.required:
            if key not in present and isinstance(node, Mapping):
                self.refuse(
                    "claims-file-field", node.line, f"{section} {key}", f"an entry of `{section}` has no `{key}`"
                )
        for key, value in present.items():
            self._judge(section, key, value)
        if len(self.problems) == before:
            self.entries.append(_made(node.line, section, shape, present))

    def _fields(self, node: Node, what: str, known: tuple[str, ...]) -> dict[str, Node]:
        """The known fields of a mapping, each once."""
        found: dict[str, Node] = {}
        if not isinstance(node, Mapping):
            self.refuse("claims-file-shape", node.line, what, f"{what} is no mapping of keys to values")
            return found
        for key, value in node.pairs:
            name = key.text if isinstance(key, Scalar) else "a list or mapping"
            if name not in known:
                remedy = (
                    f"take line {key.line} out of {self.path}, or name one of: {', '.join(known)}; "
                    "then run `holdfast migrate`"
                )
                message = f"{what} has the unknown key `{name}`"
                self.refuse("claims-file-key", key.line, f"{what} {name}", message, remedy)
            elif name in found:
                self.refuse("claims-file-key-twice", key.line, f"{what} {name}", f"{what} has the key `{name}` twice")
            else:
                found[name] = value
        return found

    def _judge(self, section: str, key: str, value: Node) -> None:
        kind = _KINDS.get(key, _TEXT)
        if not _fits(value, kind):
            message = f"`{key}` in an entry of `{section}` is no {kind}: write it {_EXAMPLES[kind]}"
            self.refuse("claims-file-value", value.line, f"{section} {key}", message)
        elif key == _SHAPES[section].name and not _text(value).strip():
            self.refuse(
                "claims-file-value", value.line, f"{section} {key}", f"`{key}` in an entry of `{section}` is empty"
            )


def _made(line: int, section: str, shape: _Shape, fields: dict[str, Node]) -> Entry:
    plan = fields.get("plan")
    at = fields.get(shape.at)
    return Entry(
        line,
        section,
        _text(fields.get("branch", fields[shape.name])),
        int(_text(plan)) if plan is not None else None,
        _text(fields[shape.task]) if shape.task in fields else "",
        moment.parse(_text(at)) if at is not None else None,
    )


def _fits(value: Node, kind: str) -> bool:
    if kind == _TEXTS:
        return isinstance(value, Sequence) and all(_fits(item, _TEXT) for item in value.items)
    if not isinstance(value, Scalar):
        return False
    if kind == _TIME:
        return value.tag in ("str", "timestamp") and moment.parse(value.text) is not None
    if kind == _TEXT:
        return value.tag == "str"
    return _is_number(value) or (kind == _EITHER and value.tag == "str")


def _is_number(value: Scalar) -> bool:
    """True for plain decimal digits: YAML 1.1 takes 010 for 8, and 1_0 and 0:10 for 10."""
    digits = value.text
    plain = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
    return value.tag == "int" and plain and (digits[0] != "0" or digits == "0")


def _is_null(value: Node) -> bool:
    return isinstance(value, Scalar) and value.tag == "null"


def _text(value: Node) -> str:
    return value.text if isinstance(value, Scalar) else ""
