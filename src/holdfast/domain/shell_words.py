"""The words of a shell command line: quotes, expansions and substitutions in; texts, and what nobody can tell, out."""

from __future__ import annotations

import re

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "\0"
"""Stands in a word's text for what nobody can tell before the command runs. No argument of a process can hold it."""

MOST_WORDS = 256
_MOST_BRACES = 32
_DEEPEST = 40
_PLAIN = re.compile(r"[^ \t\n;&|()<>'\"\\$`*?\[\]{},~#]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.)|$)", re.S)
_SIMPLE_ESCAPES = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_PARENTHESES = re.compile(r"[()]")


class Word(NamedTuple):
    """One word of a command. `pattern` is true where `*`, `?` or `[` stand for other names."""

    text: str
    pattern: bool = False

    @property
    def known(self) -> bool:
        """False for a word with a part that nobody can tell before the command runs."""
        return UNKNOWN not in self.text


def joined(folder: str | None, path: str) -> str | None:
    """A path as one that begins at the root; None where that is not known."""
    if UNKNOWN in path:
        return None
    if path.startswith("/"):
        return path
    return None if folder is None else f"{folder.rstrip('/')}/{path}"


class Enough(Exception):
    """The text asks for more work than any line that was meant to be run."""


class Limits:
    """How much work one line may ask for, over all texts that are read for it."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.depth = 0

    def spend(self, steps: int) -> None:
        """Note some work; `Enough` when it was too much."""
        self.steps -= steps
        if self.steps < 0:
            raise Enough

    def enter(self) -> None:
        """Go one level deeper; `Enough` where nobody nests so deep."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Enough

    def leave(self) -> None:
        """Come back from a level."""
        self.depth -= 1


class State:
    """What a shell carries from one command to the next."""

    def __init__(self, folder: str | None, home: str | None) -> None:
        self.folder = folder
        self.home = home
        self.former: str | None = None
        self.variables: dict[str, tuple[str, ...]] = {}

    def copy(self) -> State:
        """The state of a shell that was started from this one."""
        made = State(self.folder, self.home)
        made.former = self.former
        made.variables = dict(self.variables)
        return made

    def value(self, name: str) -> tuple[str, ...]:
        """What a variable may hold; several texts for that of a loop."""
        if name == "PWD":
            return (self.folder or UNKNOWN,)
        if name == "HOME":
            return self.variables.get(name) or (self.home or UNKNOWN,)
        return self.variables.get(name) or (UNKNOWN,)

    def go(self, target: str | None) -> None:
        """Change the folder; None where nobody can tell to which."""
        self.former, self.folder = self.folder, target


_OPEN, _COMMA, _CLOSE = ("{",), (",",), ("}",)
_Piece = str | tuple[str, ...]


class Reader:
    """Reads the words of one text, from `at` on. What is substituted in them is read as commands by whoever it belongs to."""

    def __init__(self, text: str, state: State, limits: Limits) -> None:
        self.text, self.state, self.limits = text, state, limits
        self.at = 0
        self.pattern = False

    def apart(self, closing: str) -> None:
        """Read commands up to `closing`, in a shell of their own."""
        raise NotImplementedError

    def other(self, text: str, state: State) -> None:
        """Read another text of commands, in a state that it may change."""
        raise NotImplementedError

    def substitutions(self, text: str) -> None:
        """Read only what is substituted in a text that is no command."""
        raise NotImplementedError

    def blanks(self) -> None:
        """Go to where the next word begins."""
        while self.at < len(self.text) and (self.text[self.at] in " \t" or self.text.startswith("\\\n", self.at)):
            self.limits.spend(1)
            self.at += 2 if self.text[self.at] == "\\" else 1

    def assigned(self) -> tuple[str, ...]:
        """The value behind `NAME=`."""
        if self.text.startswith("(", self.at):
            self.at += 1
            while self.at < len(self.text) and self.text[self.at] != ")":
                self.limits.spend(1)
                if self.text[self.at] in " \t\r\n;&|(<>":
                    self.at += 1
                else:
                    self.fields()
            self.at += 1
            return (UNKNOWN,)
        pieces = self._pieces()
        return tuple(_products([piece if piece not in (_OPEN, _COMMA, _CLOSE) else piece[0] for piece in pieces]))

    def fields(self) -> list[Word]:
        """The words that one word of the text becomes: one, or several for braces and for the variable of a loop."""
        pieces = self._pieces()
        pattern = self.pattern
        found = [Word(text, pattern) for text in _products(_braces(pieces))]
        self.limits.spend(sum(len(word.text) for word in found))
        return found

    def _pieces(self) -> list[_Piece]:
        self.pattern = False
        pieces: list[_Piece] = []
        begin = self.at
        while self.at < len(self.text):
            self.limits.spend(1)
            char = self.text[self.at]
            plain = _PLAIN.match(self.text, self.at)
            if plain is not None:
                self._take(plain.end(), pieces)
            elif char in "<>" and self.text.startswith("(", self.at + 1):
                self.at += 2
                self.apart(")")
                pieces.append(UNKNOWN)
            elif char == "(" and self.at > begin and self.text[self.at - 1] in "@!+?*" and self.pattern:
                self._extended(pieces)
            elif char in " \t\n;&|()<>":
                break
            elif char == "'":
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                self.limits.spend(end - self.at)
                pieces.append(self.text[self.at + 1 : end])
                self.at = end + 1
            elif char == '"':
                self._double(pieces)
            elif char == "\\":
                if not self.text.startswith("\n", self.at + 1):
                    pieces.append(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif char == "$":
                self._dollar(pieces, quoted=False)
            elif char == "`":
                self._backticks(pieces, quoted=False)
            elif char in "{,}":
                pieces.append({"{": _OPEN, ",": _COMMA, "}": _CLOSE}[char])
                self.at += 1
            elif char == "~" and self.at == begin:
                self._tilde(pieces)
            else:
                self.pattern = self.pattern or char in "*?["
                self._take(self.at + 1, pieces)
        return pieces

    def _take(self, end: int, pieces: list[_Piece]) -> None:
        self.limits.spend(end - self.at)
        pieces.append(self.text[self.at : end])
        self.at = end

    def _extended(self, pieces: list[_Piece]) -> None:
        """`@(a|b)` and its like stand for names that are not looked up."""
        depth = 0
        while self.at < len(self.text):
            self.limits.spend(1)
            depth += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            self.at += 1
            if depth == 0:
                break
        pieces.append(UNKNOWN)

    def _tilde(self, pieces: list[_Piece]) -> None:
        after = self.text[self.at + 1 : self.at + 2]
        if after in ("", "/") or after in " \t\n;&|()<>":
            pieces.append(self.state.value("HOME")[0])
        elif after == "+":
            pieces.append(self.state.folder or UNKNOWN)
            self.at += 1
        else:
            pieces.append(UNKNOWN)
        self.at += 1

    def _double(self, pieces: list[_Piece]) -> None:
        """A text in double quotes."""
        self.at += 1
        pieces.append("")
        while self.at < len(self.text):
            if self.text[self.at] == '"':
                self.at += 1
                return
            self.quoted_piece(pieces, '\\$`"\n')

    def quoted_piece(self, pieces: list[_Piece], escapable: str) -> None:
        """A part of a text in double quotes; a backslash before one of `escapable` gives it alone."""
        self.limits.spend(1)
        plain = _IN_QUOTES.match(self.text, self.at)
        char = self.text[self.at]
        if plain is not None:
            self._take(plain.end(), pieces)
        elif char == "\\":
            after = self.text[self.at + 1 : self.at + 2]
            if after != "\n":
                pieces.append(after if after and after in escapable else "\\" + after)
            self.at += 2
        elif char == "$":
            self._dollar(pieces, quoted=True)
        elif char == "`":
            self._backticks(pieces, quoted=True)
        else:
            self._take(self.at + 1, pieces)

    def _dollar(self, pieces: list[_Piece], quoted: bool) -> None:
        after = self.text[self.at + 1 : self.at + 2]
        name = _NAME.match(self.text, self.at + 1)
        if after == "'" and not quoted:
            self._ansi(pieces)
        elif after == '"' and not quoted:
            self.at += 1
            self._double(pieces)
        elif after == "(":
            self._substitution(pieces)
        elif after == "{":
            self._parameter(pieces, quoted)
        elif name is not None:
            self.at = name.end()
            self._variable(name[0], pieces, quoted)
        else:
            self._take(self.at + 1, pieces)

    def _variable(self, name: str, pieces: list[_Piece], quoted: bool) -> None:
        texts = self.state.value(name)
        if not quoted:
            self.pattern = self.pattern or any(char in text for text in texts for char in "*?[")
            texts = tuple(part for text in texts for part in (text.split() or [""]))
        self.limits.spend(sum(map(len, texts)))
        pieces.append(texts if len(texts) > 1 else texts[0])

    def _ansi(self, pieces: list[_Piece]) -> None:
        """`$'...'`: escapes as in C."""
        end = self.at + 2
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        self.limits.spend(end - self.at)
        raw = self.text[self.at + 2 : end]
        pieces.append(_ESCAPE.sub(_unescaped, raw).partition("\0")[0])
        self.at = end + 1

    def _substitution(self, pieces: list[_Piece]) -> None:
        """`$(...)`, whose commands run now, or `$((...))`."""
        end = self.arithmetic_end(self.at + 2) if self.text.startswith("$((", self.at) else 0
        if end:
            self.substitutions(self.text[self.at + 3 : end - 2])
            self.at = end
        else:
            self.at += 2
            pattern = self.pattern
            self.apart(")")
            self.pattern = pattern
        pieces.append(UNKNOWN)

    def arithmetic_end(self, at: int) -> int:
        """Where the arithmetic ends whose second parenthesis is at `at`; 0 where it is none, but a subshell."""
        depth, last = 0, -1
        for found in _PARENTHESES.finditer(self.text, at):
            self.limits.spend(found.start() - max(last, at) + 1)
            depth += 1 if found[0] == "(" else -1
            last = found.start()
            if depth == 0:
                return last + 2 if self.text.startswith(")", last + 1) else 0
        self.limits.spend(len(self.text) - max(last, at))
        return 0

    def _parameter(self, pieces: list[_Piece], quoted: bool) -> None:
        """`${NAME}`; with anything behind the name it is unknown."""
        end = self.text.find("}", self.at)
        name = self.text[self.at + 2 : end] if end > 0 else ""
        if name and _NAME.fullmatch(name):
            self.at = end + 1
            self._variable(name, pieces, quoted)
            return
        self.at += 2
        inner: list[_Piece] = []
        self.limits.enter()
        while self.at < len(self.text) and self.text[self.at] != "}":
            char = self.text[self.at]
            if char == "'" and not quoted:
                after = self.text.find("'", self.at + 1)
                self.limits.spend((after if after > 0 else len(self.text)) - self.at)
                self.at = len(self.text) if after < 0 else after + 1
            elif char == '"':
                self._double(inner)
            else:
                stop = re.compile(r"[^\"'\\$`}]+").match(self.text, self.at)
                if stop is not None:
                    self._take(stop.end(), inner)
                else:
                    self.quoted_piece(inner, "\\$`\"}'")
        self.limits.leave()
        self.at += 1
        pieces.append(UNKNOWN)

    def _backticks(self, pieces: list[_Piece], quoted: bool) -> None:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        self.limits.spend(end - self.at)
        inner = self.text[self.at + 1 : end]
        escaped = r"\\([\\$`\"])" if quoted else r"\\([\\$`])"
        self.at = end + 1
        self.other(re.sub(escaped, r"\1", inner), self.state.copy())
        pieces.append(UNKNOWN)


def _unescaped(found: re.Match[str]) -> str:
    for at, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if found[at] is not None:
            number = int(found[at], base)
            if at == 4:
                number &= 0xFF
            return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
    if found[5] is not None:
        return chr(ord(found[5].upper()) & 0x1F)
    if found[6] is None:
        return "\\"
    return _SIMPLE_ESCAPES.get(found[6], found[6] if found[6] in "\\'\"?" else "\\" + found[6])


def _braces(pieces: list[_Piece]) -> list[_Piece]:
    """Pieces in which `{a,b}` is one piece of several texts; braces without a comma are themselves."""
    if not 0 < pieces.count(_OPEN) <= _MOST_BRACES:
        return [piece[0] if piece in (_OPEN, _COMMA, _CLOSE) else piece for piece in pieces]
    stack: list[list[list[_Piece]]] = [[[]]]
    for piece in pieces:
        if piece is _OPEN:
            stack.append([[]])
        elif piece is _COMMA and len(stack) > 1:
            stack[-1].append([])
        elif piece is _CLOSE and len(stack) > 1:
            choices = stack.pop()
            stack[-1][-1] += _chosen(choices, closed=True)
        else:
            stack[-1][-1].append(piece[0] if piece is _COMMA or piece is _CLOSE else piece)
    while len(stack) > 1:
        choices = stack.pop()
        stack[-1][-1] += _chosen(choices, closed=False)
    return stack[0][0]


def _chosen(choices: list[list[_Piece]], closed: bool) -> list[_Piece]:
    if closed and len(choices) > 1:
        texts = [text for choice in choices for text in _products(choice)]
        return [tuple(texts[:MOST_WORDS])]
    inner = [piece for at, choice in enumerate(choices) for piece in ([","] if at else []) + choice]
    if closed and len(inner) == 1 and isinstance(inner[0], str) and ".." in inner[0]:
        return [UNKNOWN]  # a row of numbers or letters
    return ["{", *inner, *(["}"] if closed else [])]


def _products(pieces: Iterable[_Piece]) -> list[str]:
    """All texts that the pieces make; pieces of several texts multiply."""
    made: list[list[str]] = [[]]
    for piece in pieces:
        if isinstance(piece, str):
            for one in made:
                one.append(piece)
        elif len(made) * len(piece) <= MOST_WORDS:
            made = [[*one, text] for one in made for text in piece]
        else:
            for one in made:
                one.append(UNKNOWN)
    return ["".join(one) for one in made]
