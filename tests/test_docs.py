"""The documentation tells the truth: what it shows is what happens, what it links to is there, what it types is accepted."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import shlex
import shutil
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import build_site
import pages
import reference
from holdfast.domain import configuration, configuration_keys
from holdfast.domain.codes import BY_CODE
from holdfast.domain.configuration import from_mapping
from holdfast.entrypoints import cli
from pages import DOCS, HOW_TO, ROOT, TUTORIAL

ALL = sorted(path for path in DOCS.rglob("*.md") if "plans" not in path.parts)
TOP = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_CODE = re.compile(r"(`+)(.+?)\1", re.S)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# What it shows is what happens.


def test_the_tutorial_shows_what_really_happens(tmp_path: Path) -> None:
    wrong = pages.differences(TUTORIAL, tmp_path, every_word=True)
    assert not wrong, "\n".join(wrong) + "\nwrite what happens: python tests/pages.py docs/tutorial.md"
    blocks = pages.blocks(TUTORIAL.read_text())
    assert not any(block.before for block in blocks), "nothing is typed that the reader does not see"
    assert [block.not_run for block in blocks if block.not_run] == ["installs the program"]
    assert list((tmp_path / "you").iterdir()) == [], "nothing is left at home, as the page says"


@pytest.mark.parametrize("page", HOW_TO, ids=named)
def test_what_a_how_to_page_types_works(page: Path, tmp_path: Path) -> None:
    wrong = pages.differences(page, tmp_path, every_word=False)
    assert not wrong, "\n".join(wrong) + f"\nwrite what happens: python tests/pages.py {named(page)}"


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    lies = {
        "$ echo ab 1\nab 1\n$ echo cd\ncd\n": 0,
        "$ echo ab 1\nab 2\n": 1,  # another output
        "$ true\nab\n": 1,  # output that is not there
        "$ false\n": 1,  # a failure that is not shown
        "$ echo 0a1b2c3 just now\n9f8e7d6 3 s ago\n": 0,  # what differs in each run
        "ada:~$ mkdir -p x && cd x\nada:x$ pwd\n/home/you/x\nbob:~$ cd x\nada:~$ true\n": 1,  # Ada is elsewhere
    }
    for at, (block, wrong) in enumerate(lies.items()):
        page = tmp_path / f"{at}.md"
        page.write_text(f"```console\n{block}```\n")
        assert len(pages.differences(page, tmp_path / f"home-{at}", every_word=False)) == wrong, block


def test_a_page_is_written_as_it_happens(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Say it:\n\n```console\n$ echo 1; echo 2\nthree\n$ cat <<END\n> a\n> END\n```\n\nSaid.\n")
    assert pages.written(page, tmp_path / "home", every_word=True) == (
        "Say it:\n\n```console\n$ echo 1; echo 2\n1\n2\n$ cat <<END\n> a\n> END\na\n```\n\nSaid.\n"
    )


# What it links to is there, on GitHub and on the site.


def slug_on_github(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def slug_on_the_site(heading: str) -> str:
    """The anchor that the site gives a heading (`markdown.extensions.toc.slugify`, which zensical uses)."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@functools.cache
def anchors(text: str) -> set[str]:
    """The anchors of a page that lead to the same place on GitHub and on the site."""
    prose = _FENCE.sub("", text)
    headings = [re.sub(r"[`*]", "", one).strip() for one in re.findall(r"^#+ (.*)$", prose, re.M)]
    both = {slug_on_github(one) for one in headings} & {slug_on_the_site(one) for one in headings}
    return both | set(re.findall(r'<a id="([^"]+)">', prose))


def broken(page: Path) -> Iterator[str]:
    """The links of a page, inside this repository, that lead nowhere."""
    for target in _LINK.findall(_CODE.sub("", _COMMENT.sub("", _FENCE.sub("", page.read_text())))):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists():
            yield f"{named(page)}: {target} is not there"
        elif anchor and anchor not in anchors(to.read_text()):
            yield f"{named(page)}: {target} has no such anchor"


def test_each_link_and_anchor_leads_somewhere() -> None:
    assert [line for page in (*ALL, *TOP) for line in broken(page)] == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = DOCS / "broken.md"
    found = []
    page.write_text(
        "# Here it is\n\n[a](#here-it-is) [b](#there) [c](tutorial.md#1-install) [d](tutorial.md#x) [e](x.md)\n"
    )
    try:
        found = [line.rpartition("broken.md: ")[2].split(" ")[0] for line in broken(page)]
    finally:
        page.unlink()
    assert found == ["#there", "tutorial.md#x", "x.md"]


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    said, code = build_site.built(ROOT, tmp_path / "site")
    assert code == 0, said
    site = tmp_path / "site" / "site"
    html = {path: path.read_text() for path in site.rglob("*.html")}
    assert len(html) > len(ALL)
    for path, text in html.items():
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]* src="([^"]*)"|<link[^>]* href="([^"]*)"', text)
        assert not [one for pair in loaded for one in pair if "//" in one], path
        for one in {one.split("?")[0] for pair in loaded for one in pair if one and "404" not in path.name}:
            assert (path.parent / one).exists(), f"{path.name} loads {one}"
        for link in re.findall(r'<a[^>]* href="([^"#?]+)', text) if "404" not in path.name else ():
            assert "://" in link or link.startswith("mailto:") or (path.parent / link).exists(), f"{path.name}: {link}"
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", style.read_text()), style


def test_the_site_does_not_build_with_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(DOCS, copy / "docs")
    for name in build_site.TOP_PAGES:
        shutil.copyfile(ROOT / name, copy / name)
    links = ("nowhere.md", "tutorial.md#nowhere", "../NOWHERE.md")
    (copy / "docs" / "index.md").write_text("# Holdfast\n\n" + "".join(f"[There]({link})\n" for link in links))
    said, code = build_site.built(copy, tmp_path / "site")
    assert (code, said.count("Warning:")) == (1, len(links)), said


def test_each_page_is_in_the_menu_once() -> None:
    menu = re.findall(r'= "([\w/.-]+\.md)"', (DOCS / "zensical.toml").read_text())
    later = {"benchmarks.md", "reliability.md"}  # written by `make bench` and `make prove`
    top = {f"project/{name}" for name in build_site.TOP_PAGES}
    assert sorted(menu) == sorted({str(page.relative_to(DOCS)) for page in ALL} | later | top | {"plans/README.md"})


def test_each_file_of_this_repository_that_is_named_is_there() -> None:
    text = "".join(page.read_text() for page in ALL)
    named_there = set(re.findall(r"`((?:tests|src|tools)/[\w/.-]+\.\w+)`", text))
    assert len(named_there) > 20
    assert sorted(name for name in named_there if not (ROOT / name).exists()) == []


# What it types is accepted.


def typed(text: str) -> Iterator[tuple[str, bool]]:
    """Every text in which a command may stand: lines of blocks, without shown output, and code in sentences.

    A sentence may name a command without its arguments; what stands in a block is whole (True).
    """
    for language, block in _FENCE.findall(text):
        if language == "console":
            yield from (
                (one.command, True) for block in pages.blocks(f"```console\n{block}```\n") for one in block.typed
            )
        elif language != "text":
            yield from ((line, True) for line in block.splitlines())
    yield from ((" ".join(code.split()), False) for _, code in _CODE.findall(_FENCE.sub("", text)))


def commands(line: str) -> Iterator[list[str]]:
    """The words behind each `holdfast` that a line runs, as far as the command goes."""
    for start in re.finditer(r"(?:^|(?<=[\s(\"'`;|&]))(?<!mcp add )holdfast (?=\S)", line):
        lexer = shlex.shlex(line[start.end() :], posix=True, punctuation_chars="();<>|&`")
        lexer.wordchars += ",:{}=@^%$"
        words: list[str] = []
        with contextlib.suppress(ValueError):  # a quote that was opened before the command
            for word in lexer:
                if set(word) <= set("();<>|&`"):
                    break
                words.append(word)
        yield [{"N": "12", "COMMAND": "check"}.get(word, word) for word in words]


def refusal(words: list[str], whole: bool = True) -> str | None:
    """What the real parser says against a command line, or None; one that is not `whole` may lack arguments."""
    options, rest = cli._common(words)
    if rest[:1] in (["--help"], ["--version"]):
        return None
    if not rest or rest[0] not in cli.COMMANDS:
        return f"there is no command {rest[:1]}"
    parser = reference.parser_of(rest[0])
    cli.add_common(parser)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            parser.parse_args(rest[1:], options)
    except SystemExit as stop:
        lacks = "arguments are required" in said.getvalue() and not whole
        return said.getvalue() if stop.code and not lacks else None
    return None


@pytest.mark.parametrize("page", ALL, ids=named)
def test_each_command_line_is_one_that_holdfast_takes(page: Path) -> None:
    wrong = [
        f"holdfast {' '.join(words)}: {why}"
        for line, whole in typed(page.read_text())
        for words in commands(line)
        if (why := refusal(words, whole))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('cd "$(holdfast start 12)" && ls', [["start", "12"]]),
        ("holdfast check --rev HEAD  # all of it", [["check", "--rev", "HEAD"]]),
        ("run: holdfast index --check && holdfast check; true", [["index", "--check"], ["check"]]),
        ('holdfast finish N --evidence "a (b) #3" | cat', [["finish", "12", "--evidence", "a (b) #3"]]),
        ("pip install holdfast ./holdfast holdfast-mcp", []),
        ("claude mcp add holdfast -- holdfast-mcp", []),
    ],
)  # fmt: skip
def test_command_lines_are_found(line: str, found: list[list[str]]) -> None:
    assert [words for words in commands(line) if words[0] != "./holdfast"] == found


def test_command_lines_that_holdfast_does_not_take_are_found() -> None:
    for line in ("holdfast strat 12", "holdfast start twelve", "holdfast check --revv HEAD", "holdfast plan"):
        assert all(refusal(words) for words in commands(line)), line


@pytest.mark.parametrize("page", [*ALL, ROOT / "README.md"], ids=named)
def test_each_configuration_that_is_shown_can_be_used(page: Path) -> None:
    for language, block in _FENCE.findall(page.read_text()):
        if language == "toml":
            assert from_mapping(tomllib.loads(block), page.name)[1] == [], block
        elif language in ("yaml", "json"):
            assert yaml.safe_load(block), block


# The reference is the code's.


def test_the_reference_has_every_code() -> None:
    page = (ROOT / "docs" / "reference" / "rules.md").read_text()
    assert not [code for code in BY_CODE if f"`{code}`" not in page and f"[{code}]" not in page]


def test_the_reference_is_what_the_code_says() -> None:
    old = [str(path) for path, text in reference.pages().items() if (ROOT / path).read_text() != text]
    assert old == [], "run `make generate`"


def test_each_key_of_the_configuration_has_its_words() -> None:
    assert [key.name for key in configuration_keys.KEYS if "." not in key.name] == ["main_branch", "rules"]
    assert {key.name for key in configuration_keys.KEYS} | {"plans"} == set(configuration._KEYS)
    assert [key.name for key in configuration_keys.FOLDER_KEYS] == list(configuration._FOLDER_KEYS)


@pytest.mark.parametrize("key", configuration_keys.KEYS, ids=lambda key: key.name)
def test_a_key_takes_what_its_words_say(key: configuration_keys.Key) -> None:
    """Each word that is named is taken, each end of a range, and nothing beyond it."""
    table, _, name = key.name.partition(".")

    def problems(value: object) -> int:
        return len(from_mapping({table: {name: value}} if name else {table: value}, "holdfast.toml")[1])

    if key.takes.startswith("one of"):
        assert [problems(word) for word in re.findall(r'"([\w-]+)"', key.takes)].count(0) == key.takes.count('"') // 2
        assert problems("something else")
    elif " to " in key.takes and (span := re.search(r"(\d+) to (\d+)", key.takes)):
        assert [problems(int(span[1]) - 1), problems(int(span[1])), problems(int(span[2]))] == [1, 0, 0]
        assert problems(int(span[2]) + 1)
    elif key.takes == "true or false":
        assert [problems(True), problems("true")] == [0, 1]
    elif key.takes == "a list of texts":
        assert [problems(["a"]), problems("a")] == [0, 1]
    elif key.name != "rules":
        assert problems(["a"])
