"""YAML as a tree of nodes that know their lines: nothing is constructed, and nothing that could expand is followed."""

from __future__ import annotations

from holdfast.domain.markdown import conflict_marker
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

LARGEST = 262_144
"""Bytes: reading as many takes a second (measured), and the largest real claims file had 3,000."""

_DEEPEST = 20
_TAG = "tag:yaml.org,2002:"
_NULL = _TAG + "null"


class Scalar(NamedTuple):
    """One value as it is written; `tag` is what YAML takes it for: str, int, float, bool, null, timestamp or merge."""

    line: int
    tag: str
    text: str


class Sequence(NamedTuple):
    """A list of nodes."""

    line: int
    items: tuple[Node, ...]


class Mapping(NamedTuple):
    """Keys and values in their order; a key may stand more than once."""

    line: int
    pairs: tuple[tuple[Node, Node], ...]


if TYPE_CHECKING:
    Node = Scalar | Sequence | Mapping


class Fault(NamedTuple):
    """Why there is no tree: a code of `claims_file_codes`, the line and one sentence."""

    code: str
    line: int
    message: str


def tree(content: bytes) -> Node | tuple[Fault, ...]:
    """The one document in `content`, or all that can be told about why it cannot be read."""
    if len(content) > LARGEST:
        return (Fault("claims-file-large", 1, f"it holds {len(content):,} bytes, more than {LARGEST:,}"),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return (Fault("claims-file-not-utf8", line, f"byte {error.start + 1} is not UTF-8"),)
    return tuple(_conflicts(text)) or _composed(text)


def _conflicts(text: str) -> Iterator[Fault]:
    """One fault for each conflict, where it begins; for the first end of one where no beginning is left."""
    marked = [(at, line[0]) for at, line in enumerate(text.split("\n"), 1) if conflict_marker(line)]
    begun = [at for at, sign in marked if sign == "<"] or [at for at, _ in marked[:1]]
    for line in begun:
        yield Fault("claims-file-conflict", line, "conflict markers stand in it")


def _composed(text: str) -> Node | tuple[Fault, ...]:
    import yaml  # 20 ms, and no other command has a use for it

    faults = tuple(_events(text))
    if faults:
        return faults
    # The events are known to be harmless: no alias, no tag, and not so deep that the composer runs out of stack.
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None or node.tag == _NULL:
        return (Fault("claims-file-empty", 1, "it holds nothing"),)
    return _node(node)


def _events(text: str) -> Iterator[Fault]:
    """What stands in the text that is not followed, up to the first mistake."""
    import yaml

    line = documents = depth = 0
    try:
        loader = yaml.SafeLoader(text)
        while loader.check_event():
            event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]
            line = _line(event)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            yield from _shorthand(event, line + 1)
            if depth > _DEEPEST:
                yield Fault("claims-file-yaml", line + 1, f"it is nested deeper than {_DEEPEST} levels")
                return
            if documents > 1:
                yield Fault("claims-file-documents", line + 1, "a second document begins")
                return
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark is not None else line
        yield Fault("claims-file-yaml", _inside(line + 1, text), _sentence(error.problem or error.context))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        yield Fault("claims-file-yaml", line, f"the character U+{ord(text[error.position]):04X} is not allowed")
    except (ValueError, OverflowError):  # PyYAML asks `chr` for the character that "\UFFFFFFFF" names
        yield Fault("claims-file-yaml", _inside(loader.line + 1, text), "an escape names no character")


def _line(of: yaml.Event | yaml.Node) -> int:
    return of.start_mark.line if of.start_mark is not None else 0


def _shorthand(event: yaml.Event, line: int) -> Iterator[Fault]:
    """What would make a node mean more than is written there."""
    import yaml

    if isinstance(event, yaml.AliasEvent):
        yield Fault("claims-file-shorthand", line, f"the alias *{event.anchor} stands in it")
    elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        yield Fault("claims-file-shorthand", line, f"the anchor &{event.anchor} stands in it")
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        yield Fault("claims-file-shorthand", line, f"the tag {event.tag} stands in it")


def _inside(line: int, text: str) -> int:
    """A line that there is: a mistake at the very end is behind the last one."""
    return min(line, max(1, len(text.splitlines())))


def _sentence(problem: str | None) -> str:
    return (problem or "it cannot be parsed").partition("\n")[0]


def _node(node: yaml.Node) -> Node:
    """The tree as values; its depth was looked at before."""
    import yaml

    line = _line(node) + 1
    if isinstance(node, yaml.MappingNode):
        return Mapping(line, tuple((_node(key), _node(value)) for key, value in node.value))
    if isinstance(node, yaml.SequenceNode):
        return Sequence(line, tuple(_node(item) for item in node.value))
    return Scalar(line, node.tag.removeprefix(_TAG), node.value)
