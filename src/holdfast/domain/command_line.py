"""A shell command line as text -> the simple commands in it, as words; what nobody can tell before it runs stays unknown.

It reads what coding agents write: quotes of every kind, lists, pipelines, subshells, substitutions, here-documents, loops
over known words, and commands that start others (`bash -c`, `eval`, `sudo`, `xargs` and their like). It is no shell: a
variable that was not set in the same line is unknown, and so is what a command would print. Its time grows with the length
of the text and not faster: what is nested deeper than people nest, or repeats itself endlessly, ends the reading.
"""

from __future__ import annotations

import contextlib
import re

from holdfast.domain.shell_starters import STARTERS
from holdfast.domain.shell_words import MOST_WORDS, UNKNOWN, Enough, Limits, Reader, State, Word, joined
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]\s]*\])?\+?=")
_DESCRIPTOR = re.compile(r"[0-9]+(?=[<>])")
_REDIRECTION = re.compile(r"&>>?|<<<|<<-?|<>|>>|>\||[<>]&|[<>]")
_RESERVED = frozenset(
    ("if", "then", "elif", "else", "while", "until", "do", "!", "{", "fi", "done", "}", "esac", "coproc")
)
_LOOPS = frozenset(("for", "select"))
_DECLARATIONS = frozenset(("export", "declare", "typeset", "local", "readonly"))
_FORGETTING = frozenset(("read", "unset", "mapfile", "readarray", "getopts", "printf"))
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash", "mksh", "fish", "busybox"))
_SHELL_VALUES = frozenset(("--rcfile", "--init-file"))


class Command(NamedTuple):
    """A simple command, the folder that it runs in (None where nobody can tell), and what is set in its environment.

    A line that only sets something is a command without words.
    """

    words: tuple[Word, ...]
    folder: str | None
    settings: tuple[tuple[str, str], ...] = ()


def commands(line: str, folder: str | None, home: str | None = None) -> tuple[Command, ...]:
    """The simple commands that a shell would run for `line`, in their order, those of substitutions before their own.

    `folder` is the absolute path of the folder that the shell begins in, `home` that of its user; paths in words stay as
    they are written. Whatever the text is, this ends, and soon.
    """
    found: list[Command] = []
    state = State(folder, home)
    limits = Limits(16 * len(line) + 20_000)
    with contextlib.suppress(Enough, RecursionError):  # nobody means that to be understood: what was found counts
        _Script(line.replace(UNKNOWN, ""), state, found, limits).run("")
    return tuple(found)


def of_words(words: Sequence[str], folder: str | None, home: str | None = None) -> tuple[Command, ...]:
    """The same for a command that is given as words, without a shell: what these words would start."""
    found: list[Command] = []
    script = _Script("", State(folder, home), found, Limits(16 * sum(map(len, words)) + 20_000))
    with contextlib.suppress(Enough, RecursionError):
        script.execute([Word(word.replace(UNKNOWN, "")) for word in words], ())
    return tuple(found)


class _Here:
    """A here-document whose text is still to come; `script` is the state of the shell that will run it, if one does."""

    def __init__(self, end: str, tabs: bool, quoted: bool) -> None:
        self.end, self.tabs, self.quoted = end, tabs, quoted
        self.script: State | None = None


class _Simple:
    """A simple command while it is read."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.settings: list[tuple[str, tuple[str, ...]]] = []
        self.heres: list[_Here] = []
        self.strings: list[str] = []


class _Script(Reader):
    """Reads one text of commands; substitutions in it are read by the same one, other texts by another."""

    def __init__(self, text: str, state: State, found: list[Command], limits: Limits) -> None:
        super().__init__(text, state, limits)
        self.found = found
        self.pending: list[_Here] = []

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
        end = self.arithmetic_end(self.at + 1) if self.text.startswith("((", self.at) else 0
        if end:
            self.substitutions(self.text[self.at + 2 : end - 2])
            self.at = end
            return _Simple()
        self._finish(simple)
        self.at += 1
        self.apart(")")
        return _Simple()

    def apart(self, closing: str) -> None:
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
                self.fields()
                if self.text[begin : self.at] == "esac":
                    return

    def _redirection(self, simple: _Simple) -> None:
        found = _REDIRECTION.match(self.text, self.at)
        if found is None:  # a lone `&` never comes here
            self.at += 1
            return
        self.at = found.end()
        self.blanks()
        if self.at < len(self.text) and self.text[self.at] in "\n;&|()<>":
            return
        begin = self.at
        fields = self.fields()
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
                self.other(body, here.script)
            elif not here.quoted:
                self.substitutions(body)

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

    def other(self, text: str, state: State) -> None:
        """Read another text of commands, in a state that it may change."""
        self.limits.enter()
        self.limits.spend(len(text))
        _Script(text, state, self.found, self.limits).run("")
        self.limits.leave()

    def substitutions(self, text: str) -> None:
        """Only what is substituted in a text that is no command."""
        if "$" in text or "`" in text:
            self.limits.enter()
            other = _Script(text, self.state.copy(), self.found, self.limits)
            while other.at < len(text):
                other.quoted_piece([], '"')
            self.limits.leave()

    def _word_into(self, simple: _Simple) -> None:
        descriptor = _DESCRIPTOR.match(self.text, self.at)
        if descriptor is not None:
            self.at = descriptor.end()
            return
        assigned = _ASSIGNMENT.match(self.text, self.at) if not simple.words else None
        if assigned is not None:
            self.at = assigned.end()
            simple.settings.append((assigned[1], self.assigned()))
            return
        fields = self.fields()
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
                self.fields()
                if self.text[begin : self.at] == "]]":
                    return

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
            self.state.variables[names] = given[:MOST_WORDS] or (UNKNOWN,)
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
            self.other(" ".join(texts), self.state)
        elif name == "trap" and texts:
            self.other(texts[1] if texts[0] == "--" and len(texts) > 1 else texts[0], self.state.copy())
        elif name in _SHELLS and not (name == "busybox" and texts[:1] and texts[0] not in _SHELLS):
            self._shell(words, settings, simple)
        elif name == "su":
            self._su(words, settings)
        elif name == "busybox":
            self.execute(words[1:], settings, simple)
        elif name in STARTERS:
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
            self.other(rest[0].text, state)
            from_input = False
        elif rest:
            from_input = rest[0].text == "-"
        if from_input and simple is not None:
            for here in simple.heres:
                here.script = state
            for string in simple.strings:
                self.other(string, state)

    def _su(self, words: list[Word], settings: tuple[tuple[str, str], ...]) -> None:
        for at, word in enumerate(words[:-1]):
            if word.text in ("-c", "--command"):
                self.other(words[at + 1].text, self.state.copy())
        self.found.append(Command((), self.state.folder, settings))

    def _start(
        self, name: str, words: list[Word], settings: tuple[tuple[str, str], ...], simple: _Simple | None
    ) -> None:
        """A command that starts another: what it starts, where and with what set."""
        how, rest, folder = STARTERS[name], list(words[1:]), self.state.folder
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
                    inner.blanks()
                    begin = inner.at
                    simple_words += inner.fields()
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
