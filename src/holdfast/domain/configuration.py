"""The configuration file as people write it: a policy out of it, and what is wrong with each key."""

from __future__ import annotations

from holdfast.domain import forge, status
from holdfast.domain.branch_name import BranchPattern, BranchPatternError
from holdfast.domain.naming import Pattern, PatternError
from holdfast.domain.policy import (
    ANYWHERE,
    FORMAT,
    FROM_MAIN,
    LEVELS,
    MODES,
    PLAN,
    PROFILES,
    AgentPolicy,
    FolderPolicy,
    Policy,
    default,
    folder,
)
from holdfast.domain.problem import ERROR, SEVERITIES, Problem
from holdfast.domain.status import Vocabulary, Words
from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class Wrong(Exception):
    """A configured value that cannot be used; `args` are the message and the remedy."""


def from_mapping(data: Mapping[str, Any], origin: str) -> tuple[Policy, list[Problem]]:
    """The policy that a configuration file's content asks for, and what is wrong with it.

    What is wrong is left at its default, so that one typo does not switch off everything else.
    """
    reader = _Reader(data, origin)
    base = default()
    policy = base._replace(
        origin=origin,
        main_branch=reader.take("main_branch", _text, base.main_branch),
        folders=reader.folders(base.folders),
        mode=reader.take("index.mode", _one_of(MODES), base.mode),
        format=reader.take("index.format", _format, base.format),
        require_tag=reader.take("commit.require_tag", _flag, base.require_tag),
        tags=reader.take("commit.tags", _words, base.tags),
        tag_commits=reader.take("commit.tag_commits", _flag, base.tag_commits),
        allow_on_main=reader.take("commit.allow_on_main", _flag, base.allow_on_main),
        max_plan_size=reader.take("limits.max_plan_size", _size, base.max_plan_size),
        severities=reader.severities(),
        claims=base.claims._replace(
            remote=reader.take("claims.remote", _remote, base.claims.remote),
            branch=reader.take("claims.branch", _branch, base.claims.branch),
            subject=reader.take("claims.subject", _subject, base.claims.subject),
            stale_hours=reader.take("claims.stale_hours", _whole(1, 8_760), base.claims.stale_hours),
            timeout=reader.take("claims.timeout", _whole(1, 3_600), base.claims.timeout),
        ),
        worktree=base.worktree._replace(
            root=reader.take("worktree.root", _root, base.worktree.root),
            setup=reader.take("worktree.setup", _text, base.worktree.setup),
            setup_timeout=reader.take("worktree.setup_timeout", _whole(1, 86_400), base.worktree.setup_timeout),
        ),
        sessions=base.sessions._replace(
            minutes=reader.take("sessions.minutes", _whole(1, 1_440), base.sessions.minutes),
        ),
        trash=base.trash._replace(
            days=reader.take("trash.days", _whole(0, 3_650), base.trash.days),
            megabytes=reader.take("trash.megabytes", _whole(1, 100_000_000), base.trash.megabytes),
        ),
        guard=base.guard._replace(refs=reader.take("guard.refs", _flag, base.guard.refs)),
        finish=base.finish._replace(
            method=reader.take("finish.method", _one_of(forge.METHODS), base.finish.method),
            verify=reader.take("finish.verify", _text, base.finish.verify),
            verify_timeout=reader.take("finish.verify_timeout", _whole(1, 86_400), base.finish.verify_timeout),
            require_complete=reader.take("finish.require_complete", _flag, base.finish.require_complete),
            run_from=reader.take("finish.run_from", _one_of((ANYWHERE, FROM_MAIN)), base.finish.run_from),
            checks=reader.take("finish.checks", _words, base.finish.checks),
            wait_minutes=reader.take("finish.wait_minutes", _whole(1, 1_440), base.finish.wait_minutes),
        ),
        forge=base.forge._replace(
            kind=reader.take("forge.kind", _one_of(forge.KINDS), base.forge.kind),
            url=reader.take("forge.url", _url, base.forge.url),
            repository=reader.take("forge.repository", _repository, base.forge.repository),
            timeout=reader.take("forge.timeout", _whole(1, 600), base.forge.timeout),
        ),
        notify=base.notify._replace(command=reader.take("notify.command", _text, base.notify.command)),
        agents=AgentPolicy(
            *(reader.take(f"agents.{key}", _one_of(LEVELS), level) for key, level in base.agents.levels)
        ),
    )
    reader.leftovers()
    return policy, reader.problems


_KEYS = (
    "main_branch", "plans", "index.mode", "index.format", "commit.require_tag", "commit.tags", "commit.tag_commits",
    "commit.allow_on_main", "limits.max_plan_size", "rules", "claims.remote", "claims.branch", "claims.subject",
    "claims.stale_hours", "claims.timeout", "worktree.root", "worktree.setup", "worktree.setup_timeout",
    "sessions.minutes", "trash.days", "trash.megabytes", "guard.refs", "finish.method", "finish.verify",
    "finish.verify_timeout", "finish.require_complete", "finish.run_from", "finish.checks", "finish.wait_minutes",
    "forge.kind", "forge.url", "forge.repository", "forge.timeout", "notify.command",
    *(f"agents.{key}" for key in AgentPolicy._fields),
)  # fmt: skip
_FOLDER_KEYS = (
    "path", "profile", "pattern", "index", "archive", "statuses", "signs", "priorities", "required_fields",
    "plan_sections", "evidence_sections", "required_lists", "sections",
)  # fmt: skip


class _Reader:
    """Takes known keys out of a parsed file and notes what is wrong or left over."""

    def __init__(self, data: Mapping[str, Any], origin: str) -> None:
        self.data = data
        self.origin = origin
        self.problems: list[Problem] = []

    def take(self, key: str, convert: Callable[[Any], Any], default: Any) -> Any:
        value: Any = self.data
        for part in key.split("."):
            if not isinstance(value, dict):
                return default
            if part not in value:
                return default
            value = value[part]
        return self.convert(key, value, convert, default)

    def convert(self, key: str, value: Any, convert: Callable[[Any], Any], default: Any) -> Any:
        try:
            return convert(value)
        except Wrong as wrong:
            self.note("config-value", key, *wrong.args)
            return default

    def note(self, code: str, subject: str, message: str, remedy: str) -> None:
        self.problems.append(
            Problem(code, ERROR, subject, f"{self.origin}: {subject}: {message}", remedy, path=self.origin)
        )

    def folders(self, default: tuple[FolderPolicy, ...]) -> tuple[FolderPolicy, ...]:
        if "plans" not in self.data:
            return default
        tables = self.data["plans"]
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            self.note(
                "config-value", "plans", "expected one or more [[plans]] tables", "write [[plans]] above `path = ...`"
            )
            return default
        read = tuple(self.folder(f"plans[{at}]", table) for at, table in enumerate(tables))
        paths = [one.path for one in read]
        for path in sorted({path for path in paths if paths.count(path) > 1}):
            self.note(
                "config-value", "plans", f"the folder {path!r} is configured twice", "keep one [[plans]] table for it"
            )
        return tuple({one.path: one for one in read}.values())

    def folder(self, name: str, table: Mapping[str, Any]) -> FolderPolicy:
        for key in table:
            if key not in _FOLDER_KEYS:
                self.unknown(f"{name}.{key}", key, _FOLDER_KEYS)

        def take(key: str, convert: Callable[[Any], Any], fallback: Any) -> Any:
            return self.convert(f"{name}.{key}", table[key], convert, fallback) if key in table else fallback

        base = folder(profile=take("profile", _one_of(PROFILES), PLAN))
        words = take("statuses", _written_words, {})
        signs = take("signs", _status_words, {})
        return base._replace(
            path=take("path", _folder_path, base.path),
            pattern=take("pattern", _pattern, base.pattern),
            index_name=take("index", _file_name, base.index_name),
            archive=take("archive", _file_name, base.archive),
            statuses=_vocabulary(base.statuses, words, signs),
            priorities=take("priorities", _words, base.priorities),
            required_fields=take("required_fields", _words, base.required_fields),
            plan_sections=take("plan_sections", _words, base.plan_sections),
            evidence_sections=take("evidence_sections", _words, base.evidence_sections),
            required_lists=take("required_lists", _words, base.required_lists),
            sections=tuple(sorted(take("sections", _status_words, {}).items())),
        )

    def severities(self) -> tuple[tuple[str, str], ...]:
        table = self.data.get("rules", {})
        if table == {}:
            return ()
        if not isinstance(table, dict):
            self.note("config-value", "rules", "expected a table", 'write [rules] and below it CODE = "warning"')
            return ()
        from holdfast.domain.rules.catalogue import CODES

        chosen = {}
        for code, value in table.items():
            if code not in CODES:
                self.unknown(f"rules.{code}", code, tuple(sorted(CODES)))
                continue
            severity = self.convert(f"rules.{code}", value, _one_of(SEVERITIES), None)
            if severity is not None:
                chosen[code] = severity
        return tuple(sorted(chosen.items()))

    def leftovers(self) -> None:
        tables = {key.split(".")[0] for key in _KEYS if "." in key}
        for key, value in self.data.items():
            if key in tables:
                if not isinstance(value, dict):
                    self.note("config-value", key, "expected a table", f"write [{key}] and its keys below")
                    continue
                known = tuple(name.split(".", 1)[1] for name in _KEYS if name.startswith(key + "."))
                for inner in value:
                    if inner not in known:
                        self.unknown(f"{key}.{inner}", inner, known)
            elif key not in _KEYS or "." in key:  # `"index.mode" = ...` in quotes is another key than index.mode
                self.unknown(key, key, (*(name for name in _KEYS if "." not in name), *sorted(tables)))

    def unknown(self, subject: str, name: str, known: tuple[str, ...]) -> None:
        import difflib

        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        remedy = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        self.note("config-unknown-key", subject, "no such key", remedy)


def _vocabulary(
    base: Vocabulary, words: Mapping[str, tuple[str, ...]], signs: Mapping[str, tuple[str, ...]]
) -> Vocabulary:
    """The base vocabulary with the statuses named in `words` and `signs` replaced or added."""
    known = {entry.key: entry for entry in base}
    for key in (*words, *signs):
        entry = known.get(key, Words(key, (key.replace("-", " ").title(),), ()))
        known[key] = Words(key, words.get(key, entry.words), signs.get(key, entry.signs))
    return tuple(known.values())


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"expected text, found {_kind(value)}", 'write it in quotes, as "main"')
    if not value.replace("\u200d", "").isprintable():  # the joiner in signs such as 👩‍💻
        raise Wrong(
            "holds a control character or another that cannot be seen",
            "write it on one line, in letters that can be seen",
        )
    return value


def _url(value: Any) -> str:
    text = _text(value).rstrip("/")
    scheme, colon, rest = text.partition("://")
    if scheme not in ("https", "http") or not colon or not rest or any(one in rest for one in "@?#\\ "):
        raise Wrong(f"{value!r} is no address of a forge's API", 'write it as "https://git.example.org/api/v1"')
    return text


def _repository(value: Any) -> str:
    text = _text(value).strip("/")
    parts = text.split("/")
    if len(parts) < 2 or any(not part or part in (".", "..") or set(part) & set("?#%\\ ") for part in parts):
        raise Wrong(f"{value!r} is no repository on a forge", 'write it as "owner/name"')
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, found {_kind(value)}", "write true or false without quotes")
    return value


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1_024 <= value <= 1_073_741_824:
        raise Wrong("expected a number of bytes from 1024 to 1073741824", "write a whole number without quotes")
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(
                f"expected a whole number from {least} to {most}, found {_shown(value)}", "write it without quotes"
            )
        return value

    return convert


def _remote(value: Any) -> str:
    text = _text(value)
    if text.startswith("-") or any(character.isspace() or character in ":?*[\\^~" for character in text):
        raise Wrong(f"{value!r} is no name of a remote", 'write a name that `git remote` shows, as "origin"')
    return text


def _branch(value: Any) -> BranchPattern:
    try:
        return BranchPattern.parse(_text(value))
    except BranchPatternError as error:
        raise Wrong(str(error), 'write it as "plan-{number}-{slug}"') from error


def _subject(value: Any) -> str:
    text = _text(value)
    if "{" in text.replace("{number}", "").replace("{title}", ""):
        raise Wrong(f"{value!r} has another field than {{number}} and {{title}}", 'write it as "Claim plan #{number}"')
    return text


def _root(value: Any) -> str:
    text = _text(value).rstrip("/")
    if not text or text in (".", "..") or text.split("/")[0] == ".git":
        raise Wrong(f"{value!r} is no folder for worktrees", 'write it from the main worktree, as ".worktrees"')
    return text


def _format(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= FORMAT:
        raise Wrong(
            f"this version of Holdfast writes formats 1 to {FORMAT}, not {_shown(value)}",
            "install a newer Holdfast, or pin a format that the whole team can write",
        )
    return value


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(f"expected a list of texts, found {_kind(value)}", 'write it as ["One", "Two"]')
    return tuple(_text(item) for item in value)


def _status_words(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise Wrong(f"expected a table, found {_kind(value)}", 'write it as { planned = ["Planned"] }')
    read: dict[str, tuple[str, ...]] = {}
    for key, item in value.items():
        if key not in status.KEYS or key == status.UNKNOWN:
            raise Wrong(f"{key!r} is no status", f"the statuses are {', '.join(status.KEYS[:-1])}")
        words = (_text(item),) if isinstance(item, str) else _words(item)
        if not words:
            raise Wrong(f"{key!r} has no words", "name at least one")
        read[key] = words
    return read


def _written_words(value: Any) -> dict[str, tuple[str, ...]]:
    """Status words as people write them behind a sign: a word that began with one would never be found again."""
    read = _status_words(value)
    for words in read.values():
        for word in words:
            if not word[0].isalnum() or word[-1] in "*_`~":
                raise Wrong(
                    f"{word!r} begins with a sign or ends in markup", "write the word alone, and its sign in `signs`"
                )
    return read


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if value not in allowed or not isinstance(value, str):
            raise Wrong(f"expected one of {', '.join(allowed)}, found {_shown(value)}", f'write it as "{allowed[0]}"')
        return value

    return convert


def _folder_path(value: Any) -> str:
    text = _text(value).strip().strip("/")
    text = "" if text == "." else text.removeprefix("./")
    if value.startswith("/") or any(part in ("", ".", "..", ".git") for part in text.split("/") if text):
        raise Wrong(f"{value!r} is no folder inside the repository", 'write it from the top, as "docs/plans"')
    return text


def _file_name(value: Any) -> str:
    text = _text(value)
    if "/" in text or text in (".", "..", ".git"):
        raise Wrong(f"{value!r} is no name inside the folder", 'write a name without folders, as "README.md"')
    return text


def _pattern(value: Any) -> Pattern:
    try:
        return Pattern.parse(_text(value))
    except PatternError as error:
        raise Wrong(str(error), 'write it as "{number}_{slug}.md" or "{number:04}-{slug}.md"') from error


def _shown(value: Any) -> str:
    """A wrong value in a message, cut short; a number of 5,000 digits has no text (sys.set_int_max_str_digits)."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return _kind(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)
