"""Command lines as agents write them: every way to quote gives the same words, and nothing takes long."""

from __future__ import annotations

import random
import shlex
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.command_line import Command, commands, of_words
from holdfast.domain.shell_words import UNKNOWN, Word, joined

HERE, HOME = "/repo", "/home/ada"


def words(line: str) -> list[list[str]]:
    return [[word.text for word in one.words] for one in commands(line, HERE, HOME)]


def read(line: str) -> list[str]:
    """The words of a line that is one command."""
    (only,) = words(line)
    return only


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rm -rf a", [["rm", "-rf", "a"]]),
        ("a;b&&c||d|e&f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a |& b", [["a"], ["b"]]),
        ("(a; (b)); { c; }", [["a"], ["b"], ["c"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while ! a; do b; done; until c; do d; done", [["a"], ["b"], ["c"], ["d"]]),
        ("for x in 1 2; do a $x; done", [["a", "1", "2"]]),
        ("for x in 1 2; do a p/$x/q; done", [["a", "p/1/q", "p/2/q"]]),
        ("for x; do a $x; done", [["a", UNKNOWN]]),
        ("for x in *; do a $x; done", [["a", UNKNOWN]]),
        ("for ((i=0; i<3; i++)); do a; done", [["a"]]),
        ("case $x in (a|b) c;; *) d;; esac; e", [["c"], ["d"], ["e"]]),
        ("case x in\n a) b\n ;;\n esac\nc", [["b"], ["c"]]),
        ("$(case x in a) b;; esac) c; d", [["b"], ["d"]]),
        ("f() { a; }; function g { b; }", [["a"], ["b"]]),
        ("a # b; c\nd", [["a"], ["d"]]),
        ("a x#y", [["a", "x#y"]]),
        ("a 'b; c' \"d && e\" f\\;g", [["a", "b; c", "d && e", "f;g"]]),
        ("a \\\n b", [["a", "b"]]),
        ("'a b'\"c d\"e\\ f", [["a bc de f"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("a \"b\\\"c\\\\d\\e\\$f\"", [["a", 'b"c\\d\\e$f']]),
        ("a $'b\\n\\'c\\x41\\101\\u00e9'", [["a", "b\n'cAAé"]]),
        ('a $"b c"', [["a", "b c"]]),
        ("a > b 2>&1 < c &> d >> e 3<> f", [["a"]]),
        ("> b a c", [["a", "c"]]),
        ("a 2", [["a", "2"]]),
        ("a $(b c) d", [["b", "c"], ["a", UNKNOWN, "d"]]),
        ("a `b c` d", [["b", "c"], ["a", UNKNOWN, "d"]]),
        ('a "x$(b "c d")y"', [["b", "c d"], ["a", f"x{UNKNOWN}y"]]),
        ("a `b \\`c\\``", [["c"], ["b", UNKNOWN], ["a", UNKNOWN]]),
        ("a '$(b)' '`c`'", [["a", "$(b)", "`c`"]]),
        ("a <(b) >(c)", [["b"], ["c"], ["a", UNKNOWN, UNKNOWN]]),
        ("a $((1 << 2)) $((2 + (3)))", [["a", UNKNOWN, UNKNOWN]]),
        ("a $((1 + $(b)))", [["b"], ["a", UNKNOWN]]),
        ("a $((b); (c))", [["b"], ["c"], ["a", UNKNOWN]]),
        ("a ${b:-$(c)} ${d}", [["c"], ["a", UNKNOWN, UNKNOWN]]),
        ("((a = 1)) && b", [["b"]]),
        ("[[ a < b && $c =~ (d|e) ]] && f", [["f"]]),
        ("x=1; a $x ${x} $y", [[], ["a", "1", "1", UNKNOWN]]),
        ("x='1 2'; a $x \"$x\"", [[], ["a", "1", "2", "1 2"]]),
        ("export x=1; a $x", [["export", "x=1"], ["a", "1"]]),
        ("x=1; read x; a $x", [[], ["read", "x"], ["a", UNKNOWN]]),
        ("x=$(b); a $x", [["b"], [], ["a", UNKNOWN]]),
        ("x=(1 2); a $x", [[], ["a", UNKNOWN]]),
        ("a $PWD/b $HOME ~ ~/c ~bob", [["a", "/repo/b", HOME, HOME, HOME + "/c", UNKNOWN + "bob"]]),
        ("a {b,c}d {e} {f,{g,h}} {1..3}", [["a", "bd", "cd", "{e}", "f", "g", "h", UNKNOWN]]),
        ("a '{b,c}' x,y", [["a", "{b,c}", "x,y"]]),
        ("cat <<E\nrm a\nE\nb", [["cat"], ["b"]]),
        ("cat <<E; c\nrm $(a)\nE\nb", [["cat"], ["c"], ["a"], ["b"]]),
        ("cat <<'E'\n$(a)\nE\nb", [["cat"], ["b"]]),
        ("cat <<-E\n\ta\n\tE\nb", [["cat"], ["b"]]),
        ("bash <<E\na b\nE\nc", [["a", "b"], ["c"]]),
        ("bash -s <<'E'\na b\nE", [["a", "b"]]),
        ("bash file <<E\na b\nE", []),
        ("sh <<< 'a b'", [["a", "b"]]),
        ("bash -c 'a b; c'", [["a", "b"], ["c"]]),
        ("bash -euo pipefail -c 'a'", [["a"]]),
        ("/bin/bash -lc \"a 'b c'\"", [["a", "b c"]]),
        ("sh -c 'a $1 $@' name b c", [["a", "b", "b", "c"]]),
        ("bash -c \"bash -c 'a \\\"b c\\\"'\"", [["a", "b c"]]),
        ("eval a 'b c'", [["a", "b", "c"]]),
        ("eval \"a 'b c'\"", [["a", "b c"]]),
        ("trap 'a b' EXIT", [["a", "b"]]),
        ("sudo -u me -n a b", [["a", "b"]]),
        ("sudo X=1 a", [["a"]]),
        ("env -i X=1 Y=2 a b", [["a", "b"]]),
        ("env -S 'a b' c", [["a", "b", "c"]]),
        ("env", []),
        ("command a; command -v b; builtin c; exec d", [["a"], ["c"], ["d"]]),
        ("nohup nice -n 5 timeout -k 5 10 setsid a b &", [["a", "b"]]),
        ("time -p a", [["a"]]),
        ("b | xargs -0 -n 1 a -r", [["b"], ["a", "-r", UNKNOWN]]),
        ("su -c 'a b' me", [["a", "b"], []]),
        ("find x -exec a {} \\; -print", [["find", "x", "-exec", "a", "{}", ";", "-print"], ["a", UNKNOWN]]),
        ("$a b", []),
        ("", []),
        ("'", [[""]]),
        ("a 'b", [["a", "b"]]),
        ("a) b", [["a"], ["b"]]),
    ],
)  # fmt: skip
def test_a_line_is_read_as_a_shell_reads_it(line: str, expected: list[list[str]]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("x", "/repo"),
        ("cd a && x", "/repo/a"),
        ("cd a; cd ..; x", "/repo/a/.."),
        ("cd /a/ && x", "/a/"),
        ("cd -- a && x", "/repo/a"),
        ("cd && x", HOME),
        ("cd ~/a && x", HOME + "/a"),
        ("cd $somewhere && x", None),
        ("cd $somewhere; cd /b; x", "/b"),
        ("cd a; cd -; x", "/repo"),
        ("(cd a); x", "/repo"),
        ("(cd a; x)", "/repo/a"),
        ("cd a | y; x", "/repo"),
        ("y | (cd a; x)", "/repo/a"),
        ("cd a & x", "/repo"),
        ("cd a && y & x", "/repo"),
        ("z=$(cd a); x", "/repo"),
        ("bash -c 'cd a; x'", "/repo/a"),
        ("bash -c 'cd a'; x", "/repo"),
        ("eval cd a; x", "/repo/a"),
        ("env -C a x", "/repo/a"),
        ("sudo -D /b x", "/b"),
        ("pushd a; popd; x", "/repo"),
        ("if true; then cd a; x; fi", "/repo/a"),
    ],
)
def test_the_folder_is_followed(line: str, folder: str | None) -> None:
    found = [one for one in commands(line, HERE, HOME) if [word.text for word in one.words] == ["x"]]
    assert [one.folder for one in found] == [folder]


def test_what_is_set_is_told_with_the_command() -> None:
    assert commands("A=1 B='2 3' env C=4 x", HERE)[-1] == Command(
        (Word("x"),), HERE, (("A", "1"), ("B", "2 3"), ("C", "4"))
    )
    assert commands("export A=1", HERE)[0].settings == (("A", "1"),)


def test_a_pattern_is_told_from_its_quoted_letters() -> None:
    (one,) = commands("a * '*' b\\* [c] \"?\"", HERE)
    assert [word.pattern for word in one.words] == [False, True, False, False, True, False]


def test_words_that_were_given_as_words() -> None:
    found = of_words(["bash", "-lc", "rm -rf 'a b'"], HERE)
    assert [[word.text for word in one.words] for one in found] == [["rm", "-rf", "a b"]]


def test_paths_are_joined_only_where_they_are_known() -> None:
    assert joined("/a", "b") == "/a/b"
    assert joined(None, "/b") == "/b"
    assert joined(None, "b") is None
    assert joined("/a", f"b{UNKNOWN}") is None


TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12)
SHELLISH = st.text(st.sampled_from("ab1 \n\t;&|()<>'\"\\$`*?[]{},~#!=-@:/"), max_size=40)


def _single(text: str, _: random.Random) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _double(text: str, _: random.Random) -> str:
    return '"' + "".join("\\" + char if char in '"\\$`' else char for char in text) + '"'


def _backslashes(text: str, _: random.Random) -> str:
    # A backslash before a line break would join two lines.
    return "".join("'\n'" if char == "\n" else "\\" + char for char in text) or "''"


def _ansi(text: str, dice: random.Random) -> str:
    return "$'" + "".join(_escaped(char, dice) for char in text) + "'"


def _escaped(char: str, dice: random.Random) -> str:
    named = {"\n": "\\n", "\t": "\\t", "'": "\\'", "\\": "\\\\"}
    if char in named:
        return named[char]
    return f"\\U{ord(char):08x}" if dice.random() < 0.3 else char


QUOTINGS = (_single, _double, _backslashes, _ansi, lambda text, _: shlex.quote(text))


def quoted(text: str, dice: random.Random) -> str:
    """A word in some of the ways that shells know, piece by piece."""
    if not text:
        return dice.choice(("''", '""', "$''"))
    at, pieces = 0, []
    while at < len(text):
        size = dice.randint(1, len(text) - at)
        pieces.append(dice.choice(QUOTINGS)(text[at : at + size], dice))
        at += size
    return "".join(pieces)


def line_of(words: list[str], dice: random.Random) -> str:
    blanks = (" ", "  ", "\t", " \\\n ")
    return "".join(quoted(word, dice) + dice.choice(blanks) for word in words)


@given(st.lists(TEXT | SHELLISH, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_words_come_back_however_they_are_quoted(given_words: list[str], dice: random.Random) -> None:
    assert read(line_of(["x", *given_words], dice)) == ["x", *given_words]


@given(st.lists(SHELLISH, max_size=4), st.randoms(use_true_random=False))
def test_bash_reads_the_same_words(given_words: list[str], dice: random.Random) -> None:
    """The quoting of these tests is what a real shell takes for it."""
    line = "printf '%s\\0' x " + line_of(given_words, dice)
    out = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout
    assert out.split("\0")[1:-1] == given_words
    assert read(line)[3:] == given_words


@given(st.text(max_size=200) | SHELLISH | st.lists(SHELLISH, max_size=20).map("".join))
def test_nothing_raises(line: str) -> None:
    for one in commands(line, HERE, HOME):
        assert all(isinstance(word.text, str) for word in one.words)


PIECES = st.sampled_from((
    "$(", "`", "((", "$((", "{", "{a,", '"$(', "<<a ", "<<a\n", "a ", "'", "\\", "$'", "case x in ", "eval ", "sudo ",
    "bash -c ", "bash -c '", "x=$x$x;", "for x in a b;do ", "{a,b}", "${", "[[ ", "!(", "find -exec ", "*((", "~", "env -S ",
    "<(", ")", "}", "\n", ";", '"', "xargs ", "a) ", "esac ", "cat <<E\n$(a)\n", "x=(", "$[", "@(", ";;", "export x=", "$x",
))  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=4), st.integers(1, 20_000))
def test_time_grows_with_the_length_only(pieces: list[str], times: int) -> None:
    whole = "".join(pieces)
    line = (whole * times)[:50_000]
    begin = time.process_time()
    commands(line, HERE, HOME)
    assert time.process_time() - begin < 3, (whole, len(line))
