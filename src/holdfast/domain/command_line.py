"""A shell command line as text -> the simple commands in it, as words; what nobody can tell before it runs stays unknown.

It reads what coding agents write: quotes of every kind, lists, pipelines, subshells, substitutions, here-documents, loops
over known words, and commands that start others (`bash -c`, `eval`, `sudo`, `xargs` and their like). It is no shell: a
variable that was not set in the same line is unknown, and so is what a command would print. Its time grows with the length
of the text and not faster: what is nested deeper than people nest, or repeats itself endlessly, ends the reading.
"""

from __future__ import annotations

import contextlib
import re

from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN = "\0"
"""Stands in a word's text for what nobody can tell before the command runs. No argument of a process can hold it."""

_DEEPEST = 40
_MOST_WORDS = 256
_MOST_BRACES = 32
_PLAIN = re.compile(r"[^ \t\n;&|()<>'\"\\$`*?\[\]{},~#]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\s]*\])?\+?=")
_DESCRIPTOR = re.compile(r"[0-9]+(?=[<>])")
_REDIRECTION = re.compile(r"&>>?|<<<|<<-?|<>|>>|>\||[<>]&|[<>]")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.)|$)", re.S)
_SIMPLE_ESCAPES = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_PARENTHESES = re.compile(r"[()]")

_RESERVED = frozenset(
    ("if", "then", "elif", "else", "while", "until", "do", "!", "{", "fi", "done", "}", "esac", "coproc")
)
_LOOPS = frozenset(("for", "select"))
_DECLARATIONS = frozenset(("export", "declare", "typeset", "local", "readonly"))
_FORGETTING = frozenset(("read", "unset", "mapfile", "readarray", "getopts", "printf"))
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "fish", "busybox"))
_SHELL_VALUES = frozenset(("--rcfile", "--init-file"))


class Word(NamedTuple):
    """One word of a command. `pattern` is true where `*`, `?` or `[` stand for other names."""

    text: str
    pattern: bool = False

    @property
    def known(self) -> bool:
        """False for a word with a part that nobody can tell before the command runs."""
        return UNKNOWN not in self.text


class Command(NamedTuple):
    """A simple command, the folder that it runs in (None where nobody can tell), and what is set in its environment.

    A line that only sets something is a command without words.
    """

    words: tuple[Word, ...]
    folder: str | None
    settings: tuple[tuple[str, str], ...] = ()


class _Starter(NamedTuple):
    """A command that starts another: its options that take a value, how many words follow, whether it also sets variables.

    `folder` is the option that names the folder to go to; `more` is true where further arguments come from elsewhere.
    """

    values: frozenset[str] = frozenset()
    skips: int = 0
    sets: bool = False
    folder: tuple[str, ...] = ()
    more: bool = False


def _starter(values: str = "", skips: int = 0, sets: bool = False, folder: str = "", more: bool = False) -> _Starter:
    return _Starter(frozenset(values.split()), skips, sets, tuple(folder.split()), more)


_STARTERS = {
    "sudo": _starter(
        "-u -g -h -p -C -r -t -T -U -R --user --group --host --prompt --role --type --other-user", 0, True, "-D --chdir"
    ),
    "doas": _starter("-u -C"),
    "env": _starter("-u --unset", 0, True, "-C --chdir"),
    "command": _starter(),
    "builtin": _starter(),
    "exec": _starter("-a"),
    "nohup": _starter(),
    "time": _starter("-o -f --output --format"),
    "nice": _starter("-n --adjustment"),
    "ionice": _starter("-c -n -p --class --classdata"),
    "timeout": _starter("-s -k --signal --kill-after", 1),
    "gtimeout": _starter("-s -k --signal --kill-after", 1),
    "setsid": _starter(),
    "stdbuf": _starter("-i -o -e --input --output --error"),
    "chronic": _starter(),
    "caffeinate": _starter("-t -w"),
    "xargs": _starter(
        "-I -n -P -L -s -d -a -E -J -R --replace --max-args --max-procs --max-lines --max-chars --delimiter --arg-file", more=True
    ),
}  # fmt: skip


def commands(line: str, folder: str | None, home: str | None = None) -> tuple[Command, ...]:
    """The simple commands that a shell would run for `line`, in their order, those of substitutions before their own.

    `folder` is the absolute path of the folder that the shell begins in, `home` that of its user; paths in words stay as
    they are written. Whatever the text is, this ends, and soon.
    """
    found: list[Command] = []
    state = _State(folder, home)
    limits = _Limits(16 * len(line) + 20_000)
    with contextlib.suppress(_Enough, RecursionError):  # nobody means that to be understood: what was found counts
        _Script(line.replace(UNKNOWN, ""), state, found, limits).run("")
    return tuple(found)


def of_words(words: Sequence[str], folder: str | None, home: str | None = None) -> tuple[Command, ...]:
    """The same for a command that is given as words, without a shell: what these words would start."""
    found: list[Command] = []
    script = _Script("", _State(folder, home), found, _Limits(16 * sum(map(len, words)) + 20_000))
    with contextlib.suppress(_Enough, RecursionError):
        script.execute([Word(word.replace(UNKNOWN, "")) for word in words], ())
    return tuple(found)


def joined(folder: str | None, path: str) -> str | None:
    """A path as one that begins at the root; None where that is not known."""
    if UNKNOWN in path:
        return None
    if path.startswith("/"):
        return path
    return None if folder is None else f"{folder.rstrip('/')}/{path}"


class _Enough(Exception):
    """The text asks for more work than any line that was meant to be run."""


class _Limits:
    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.depth = 0

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise _Enough

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Enough

    def leave(self) -> None:
        self.depth -= 1


class _State:
    """What a shell carries from one command to the next."""

    def __init__(self, folder: str | None, home: str | None) -> None:
        self.folder = folder
        self.home = home
        self.former: str | None = None
        self.variables: dict[str, tuple[str, ...]] = {}

    def copy(self) -> _State:
        made = _State(self.folder, self.home)
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
        self.former, self.folder = self.folder, target


class _Here:
    """A here-document whose text is still to come; `script` is the state of the shell that will run it, if one does."""

    def __init__(self, end: str, tabs: bool, quoted: bool) -> None:
        self.end, self.tabs, self.quoted = end, tabs, quoted
        self.script: _State | None = None


class _Simple:
    """A simple command while it is read."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.settings: list[tuple[str, tuple[str, ...]]] = []
        self.heres: list[_Here] = []
        self.strings: list[str] = []


_OPEN, _COMMA, _CLOSE = ("{",), (",",), ("}",)
_Piece = str | tuple[str, ...]


class _Script:
    """Reads one text of commands; substitutions in it are read by the same one, other texts by another."""

    def __init__(self, text: str, state: _State, found: list[Command], limits: _Limits) -> None:
        self.text, self.state, self.found, self.limits = text, state, found, limits
        self.at = 0
        self.pending: list[_Here] = []
        self.pattern = False

    # Lists of commands

    def run(self, closing: str) -> None:
        """Read commands up to the closing parenthesis, or to the end of the text."""
        self.limits.enter()
        simple, piped = _Simple(), False
        begin = first = self.state.folder  # of the list, and of the pipeline
        while self.at < len(self.text):
            char = self.text[self.at]
            self.limits.spend(1)
            if char in " \t\r" or self.text.startswith("\\\n", self.at):
                self.at += 2 if char == "\\" else 1
            elif char == "#":
                self._comment()
            elif char in ";&|\n" and not self.text.startswith("&>", self.at):
                operator = self._operator()
                self._finish(simple)
                simple = _Simple()
                pipes = operator in ("|", "|&")
                if pipes or piped:
                    self.state.folder = first  # what ran in a shell of its own went nowhere
                if operator == "&":
                    self.state.folder = begin
                piped, first = pipes, self.state.folder
                begin = begin if pipes or operator in ("&&", "||") else self.state.folder
                if operator == "\n":
                    self._here_documents()
                elif operator in (";;", ";&", ";;&"):
                    self._case_patterns()
            elif char == ")":
                self.at += 1
                if closing:
                    break
                self._finish(simple)
                simple = _Simple()
            elif char == "(":
                simple = self._parenthesis(simple)
            elif char in "<>&":
                if self.text[self.at + 1 : self.at + 2] == "(" and char != "&":
                    self._word_into(simple)
                else:
                    self._redirection(simple)
            else:
                self._word_into(simple)
        self._finish(simple)
        if self.at >= len(self.text):
            self._here_documents()
        self.limits.leave()

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _operator(self) -> str:
        for operator in (";;&", ";;", ";&", "&&", "||", "|&"):
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        self.at += 1
        return self.text[self.at - 1]

    def _parenthesis(self, simple: _Simple) -> _Simple:
        """A subshell, the parentheses of a function's name, or arithmetic."""
        if simple.words and re.compile(r"\(\s*\)").match(self.text, self.at):
            self.at = self.text.index(")", self.at) + 1
            return _Simple()
        end = self._arithmetic_end(self.at + 1) if self.text.startswith("((", self.at) else 0
        if end:
            self._substitutions(self.text[self.at + 2 : end - 2])
            self.at = end
            return _Simple()
        self._finish(simple)
        self.at += 1
        self._apart(")")
        return _Simple()

    def _apart(self, closing: str) -> None:
        """Commands in a shell of their own."""
        outside, self.state = self.state, self.state.copy()
        self.run(closing)
        self.state = outside

    def _case_patterns(self) -> None:
        """The patterns of a `case` up to their parenthesis; nothing but the end of the case follows the last ones."""
        while self.at < len(self.text):
            self.limits.spend(1)
            char = self.text[self.at]
            if char in " \t\r\n|(":
                self.at += 1
            elif char == "#":
                self._comment()
            elif char == ")":
                self.at += 1
                return
            elif char in ";&<>":
                return
            else:
                begin = self.at
                self._fields()
                if self.text[begin : self.at] == "esac":
                    return

    def _redirection(self, simple: _Simple) -> None:
        found = _REDIRECTION.match(self.text, self.at)
        if found is None:  # a lone `&` never comes here
            self.at += 1
            return
        self.at = found.end()
        self._blanks()
        if self.at < len(self.text) and self.text[self.at] in "\n;&|()<>":
            return
        begin = self.at
        fields = self._fields()
        raw = self.text[begin : self.at]
        if found[0] in ("<<", "<<-"):
            quoted = any(char in raw for char in "'\"\\")
            end = re.sub(r"\$?['\"]|\\", "", raw) if quoted else raw
            here = _Here(end, found[0] == "<<-", quoted)
            simple.heres.append(here)
            self.pending.append(here)
        elif found[0] == "<<<":
            simple.strings += [word.text for word in fields]

    def _here_documents(self) -> None:
        pending, self.pending = self.pending, []
        for here in pending:
            body = self._body(here)
            if here.script is not None:
                self._other(body, here.script)
            elif not here.quoted:
                self._substitutions(body)

    def _body(self, here: _Here) -> str:
        lines = []
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line, self.at = self.text[self.at : end], end + 1
            self.limits.spend(len(line) + 1)
            if (line.lstrip("\t") if here.tabs else line) == here.end:
                break
            lines.append(line)
        return "\n".join(lines)

    def _other(self, text: str, state: _State) -> None:
        """Read another text of commands, in a state that it may change."""
        self.limits.enter()
        self.limits.spend(len(text))
        _Script(text, state, self.found, self.limits).run("")
        self.limits.leave()

    def _substitutions(self, text: str) -> None:
        """Only what is substituted in a text that is no command."""
        if "$" in text or "`" in text:
            self.limits.enter()
            other = _Script(text, self.state.copy(), self.found, self.limits)
            while other.at < len(text):
                other._quoted_piece([], '"')
            self.limits.leave()

    # Words

    def _blanks(self) -> None:
        while self.at < len(self.text) and (self.text[self.at] in " \t" or self.text.startswith("\\\n", self.at)):
            self.limits.spend(1)
            self.at += 2 if self.text[self.at] == "\\" else 1

    def _word_into(self, simple: _Simple) -> None:
        descriptor = _DESCRIPTOR.match(self.text, self.at)
        if descriptor is not None:
            self.at = descriptor.end()
            return
        assigned = _ASSIGNMENT.match(self.text, self.at) if not simple.words else None
        if assigned is not None:
            self.at = assigned.end()
            simple.settings.append((assigned[1], self._assigned()))
            return
        fields = self._fields()
        if not simple.words and fields[0].text in _RESERVED:
            return
        simple.words += fields
        if len(simple.words) == 3 and simple.words[0].text == "case" and fields[0].text == "in":
            self._case_patterns()
            simple.words.clear()
        elif len(simple.words) == 1 and fields[0].text == "[[":
            self._condition()
            simple.words.clear()
        elif fields[0].text == "{" and simple.words[0].text == "function":
            simple.words.clear()

    def _condition(self) -> None:
        """`[[ ... ]]`: nothing in it is run but what is substituted."""
        while self.at < len(self.text):
            self.limits.spend(1)
            if self.text[self.at] in " \t\r\n;&|()<>":
                self.at += 1
            else:
                begin = self.at
                self._fields()
                if self.text[begin : self.at] == "]]":
                    return

    def _assigned(self) -> tuple[str, ...]:
        """The value behind `NAME=`."""
        if self.text.startswith("(", self.at):
            self.at += 1
            while self.at < len(self.text) and self.text[self.at] != ")":
                self.limits.spend(1)
                if self.text[self.at] in " \t\r\n;&|(<>":
                    self.at += 1
                else:
                    self._fields()
            self.at += 1
            return (UNKNOWN,)
        pieces = self._pieces()
        return tuple(_products([piece if piece not in (_OPEN, _COMMA, _CLOSE) else piece[0] for piece in pieces]))

    def _fields(self) -> list[Word]:
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
                self._apart(")")
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
            self._quoted_piece(pieces, '\\$`"\n')

    def _quoted_piece(self, pieces: list[_Piece], escapable: str) -> None:
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
        end = self._arithmetic_end(self.at + 2) if self.text.startswith("$((", self.at) else 0
        if end:
            self._substitutions(self.text[self.at + 3 : end - 2])
            self.at = end
        else:
            self.at += 2
            pattern = self.pattern
            self._apart(")")
            self.pattern = pattern
        pieces.append(UNKNOWN)

    def _arithmetic_end(self, at: int) -> int:
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
                    self._quoted_piece(inner, "\\$`\"}'")
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
        self._other(re.sub(escaped, r"\1", inner), self.state.copy())
        pieces.append(UNKNOWN)

    # What the words do

    def _finish(self, simple: _Simple) -> None:
        """A simple command is complete."""
        words = simple.words
        settings = tuple((name, texts[0]) for name, texts in simple.settings)
        if not words:
            self.state.variables.update(simple.settings)
            if settings:
                self.found.append(Command((), self.state.folder, settings))
        elif words[0].text in _LOOPS:
            names = words[1].text if len(words) > 1 else ""
            given = tuple(word.text for word in words[3:]) if any(word.pattern for word in words[3:]) is False else ()
            self.state.variables[names] = given[:_MOST_WORDS] or (UNKNOWN,)
        elif words[0].text != "function":
            self.execute(words, settings, simple)

    def execute(self, words: list[Word], settings: tuple[tuple[str, str], ...], simple: _Simple | None = None) -> None:
        """Note a command, or what it starts."""
        self.limits.spend(len(words))
        head = words[0].text
        name = head.rpartition("/")[2]
        texts = [word.text for word in words[1:]]
        if name in ("cd", "chdir", "pushd"):
            self._go(texts)
        elif name == "popd":
            self.state.go(self.state.former)
        elif name in _DECLARATIONS:
            self._declare(words, settings)
        elif name == "eval":
            self._other(" ".join(texts), self.state)
        elif name == "trap" and texts:
            self._other(texts[1] if texts[0] == "--" and len(texts) > 1 else texts[0], self.state.copy())
        elif name in _SHELLS and not (name == "busybox" and texts[:1] and texts[0] not in _SHELLS):
            self._shell(words, settings, simple)
        elif name == "su":
            self._su(words, settings)
        elif name == "busybox":
            self.execute(words[1:], settings, simple)
        elif name in _STARTERS:
            self._start(name, words, settings, simple)
        else:
            if name in _FORGETTING:
                for text in texts:
                    self.state.variables.pop(text, None)
            if UNKNOWN not in head:
                self.found.append(Command(tuple(words), self.state.folder, settings))
            if name == "find":
                self._find(words, settings)

    def _go(self, texts: list[str]) -> None:
        while texts and texts[0] in ("-P", "-L", "-e", "--", "-n"):
            texts = texts[1:]
        if not texts:
            self.state.go(self.state.home)
        elif texts[0] == "-":
            self.state.go(self.state.former)
        else:
            self.state.go(joined(self.state.folder, texts[0]))

    def _declare(self, words: list[Word], settings: tuple[tuple[str, str], ...]) -> None:
        given = [word.text.partition("=")[::2] for word in words[1:] if "=" in word.text]
        self.state.variables.update({name: (value,) for name, value in given})
        self.found.append(Command(tuple(words), self.state.folder, (*settings, *given)))

    def _shell(self, words: list[Word], settings: tuple[tuple[str, str], ...], simple: _Simple | None) -> None:
        """`sh -c TEXT NAME ARGUMENT ...`, or a shell that reads its commands from a here-document."""
        rest = words[1:]
        if words[0].text.endswith("busybox"):
            rest = rest[1:]
        text, from_input = False, True
        while rest and rest[0].text[:1] in ("-", "+") and len(rest[0].text) > 1:
            option = rest.pop(0).text
            if option == "--":
                break
            text = text or (option[0] == "-" and option[1] != "-" and "c" in option) or option == "--command"
            if rest and (option in _SHELL_VALUES or (option[1] != "-" and option[-1] in "oO")):
                rest.pop(0)
        state = self.state.copy()
        state.variables.update({name: (value,) for name, value in settings})
        if settings:
            self.found.append(Command((), self.state.folder, settings))
        if text and rest:
            given = [word.text for word in rest[1:]]
            state.variables.update({str(at): (one,) for at, one in enumerate(given)})
            state.variables.update({name: tuple(given[1:]) or ("",) for name in ("@", "*")})
            self._other(rest[0].text, state)
            from_input = False
        elif rest:
            from_input = rest[0].text == "-"
        if from_input and simple is not None:
            for here in simple.heres:
                here.script = state
            for string in simple.strings:
                self._other(string, state)

    def _su(self, words: list[Word], settings: tuple[tuple[str, str], ...]) -> None:
        for at, word in enumerate(words[:-1]):
            if word.text in ("-c", "--command"):
                self._other(words[at + 1].text, self.state.copy())
        self.found.append(Command((), self.state.folder, settings))

    def _start(
        self, name: str, words: list[Word], settings: tuple[tuple[str, str], ...], simple: _Simple | None
    ) -> None:
        """A command that starts another: what it starts, where and with what set."""
        how, rest, folder = _STARTERS[name], list(words[1:]), self.state.folder
        while rest and rest[0].text.startswith("-") and len(rest[0].text) > 1:
            option, equals, value = rest.pop(0).text.partition("=")
            if option == "--":
                break
            if name == "command" and option in ("-v", "-V"):
                return
            if name == "env" and option in ("-S", "--split-string", "-vS") and (equals or rest):
                split = value if equals else rest.pop(0).text
                inner = _Script(split, self.state, [], self.limits)
                simple_words: list[Word] = []
                while inner.at < len(split):
                    inner._blanks()
                    begin = inner.at
                    simple_words += inner._fields()
                    inner.at += inner.at == begin
                rest = simple_words + rest
                continue
            if option in how.folder and (equals or rest):
                folder = joined(folder, value if equals else rest.pop(0).text)
            elif option[:2] in how.folder and not option.startswith("--"):
                folder = joined(folder, option[2:])
            elif option in how.values and not equals and rest:
                rest.pop(0)
        if name == "env" and rest and rest[0].text == "-":
            rest.pop(0)
        del rest[: how.skips]
        given = list(settings)
        while how.sets and rest and _ASSIGNMENT.match(rest[0].text):
            variable, _, value = rest.pop(0).text.partition("=")
            given.append((variable, value))
        if how.more:
            rest = [*rest, Word(UNKNOWN)] if rest else []
        former, self.state.folder = self.state.folder, folder
        if rest:
            self.execute(rest, tuple(given), simple)
        elif given:
            self.found.append(Command((), folder, tuple(given)))
        self.state.folder = former

    def _find(self, words: list[Word], settings: tuple[tuple[str, str], ...]) -> None:
        """What `find` starts for each file that it finds."""
        at = 0
        while at < len(words):
            if words[at].text in ("-exec", "-execdir", "-ok", "-okdir"):
                ends = [end for end in range(at + 1, len(words)) if words[end].text in (";", "+")]
                end = ends[0] if ends else len(words)
                inner = [Word(word.text.replace("{}", UNKNOWN), word.pattern) for word in words[at + 1 : end]]
                self.limits.spend(len(words))
                if inner:
                    self.execute(inner, settings)
                at = end
            at += 1


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
        return [tuple(texts[:_MOST_WORDS])]
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
        elif len(made) * len(piece) <= _MOST_WORDS:
            made = [[*one, text] for one in made for text in piece]
        else:
            for one in made:
                one.append(UNKNOWN)
    return ["".join(one) for one in made]
