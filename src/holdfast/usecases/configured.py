"""The configuration of a commit, of git's index or of the working tree."""

from __future__ import annotations

import os

from holdfast import __version__
from holdfast.adapters import files
from holdfast.adapters.cache import Cache, code_stamp
from holdfast.adapters.git import decode, encode
from holdfast.adapters.objects import blob_id
from holdfast.domain import configuration, plain_data
from holdfast.domain import policy as policies
from holdfast.domain.problem import ERROR, Problem
from holdfast.domain.value import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from holdfast.adapters.objects import Objects
    from holdfast.domain.policy import Policy

_UNREADABLE = "\0"
"""The key, impossible in TOML, under which a file that cannot be parsed says why."""


class Configured(NamedTuple):
    """The policy of one tree, what is wrong with its configuration, and a word that stands for both."""

    policy: Policy
    problems: tuple[Problem, ...]
    digest: str

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What makes the configuration another one than its author meant: nothing is changed on that ground."""
        return tuple(one for one in self.problems if one.severity == ERROR)


class Configurations:
    """Reads the configuration of one repository; a parsed file is remembered by blob id."""

    def __init__(self, top: str, objects: Objects, cache: Cache) -> None:
        self._top = top
        self._objects = objects
        self._cache = cache
        self._stamp = f"{__version__}-{code_stamp()}"

    def of_tree(self, treeish: str) -> Configured:
        """The configuration of a commit or tree; of git's index for the empty text."""
        for origin in policies.FILES:
            oid = self._objects.id_of(f"{treeish}:{origin}")
            if oid is None:
                continue
            data = self._remembered_config(oid)
            if data is None:
                raw = self._objects.content(oid) or b""
                if origin == policies.PYPROJECT and b"tool.holdfast" not in raw:
                    continue
                data = self._parsed(raw, oid)
            if origin == policies.FILE or _tool_table(data) or _UNREADABLE in data:
                return self._configured(data, origin, oid)
        return self._configured({}, None, "none")

    def of_worktree(self) -> Configured:
        """The configuration of the working tree."""
        data, origin, oid = self._here()
        return self._configured(data, origin, oid)

    def written(self) -> dict[str, Any]:
        """What the working tree's configuration file says, as it is; empty when there is none that can be read."""
        data, origin, _ = self._here()
        return _tool_table(data) if origin == policies.PYPROJECT else data

    def _here(self) -> tuple[dict[str, Any], str | None, str]:
        for origin in policies.FILES:
            raw = files.read_regular(os.path.join(self._top, origin))
            if raw is None or (origin == policies.PYPROJECT and b"tool.holdfast" not in raw):
                continue
            oid = blob_id(raw)
            data = self._remembered_config(oid) or self._parsed(raw, oid)
            return data, origin, oid
        return {}, None, "none"

    def _configured(self, data: dict[str, Any], origin: str | None, oid: str) -> Configured:
        digest = f"{self._stamp}-{oid[:16]}"
        if origin is None:
            return Configured(policies.default(), (), digest)
        wrong = data.get(_UNREADABLE)
        if isinstance(wrong, str):
            message = f"{origin} is not valid TOML: {wrong}"
            problem = Problem("config-unreadable", ERROR, origin, message, f"correct {origin}", path=origin)
            return Configured(policies.default()._replace(origin=origin), (problem,), digest)
        policy, problems = configuration.from_mapping(
            _tool_table(data) if origin == policies.PYPROJECT else data, origin
        )
        return Configured(policy, tuple(problems), digest)

    def _parsed(self, raw: bytes, oid: str) -> dict[str, Any]:
        """A configuration file as a mapping, remembered by blob id; what is no TOML gives one entry that says so."""
        import tomllib

        try:
            data = tomllib.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:  # bad TOML, bad UTF-8, a number of 5,000 digits
            data = {_UNREADABLE: str(error)}
        try:
            self._cache.write(f"config-{oid}", encode(plain_data.dump(data)))
        except (TypeError, ValueError, RecursionError):
            return data  # a date or a fraction: no key of ours, so it is a problem each time
        return data

    def _remembered_config(self, oid: str) -> dict[str, Any] | None:
        """A mapping that was parsed before, so that a hook need not import a parser of TOML (6 ms)."""
        raw = self._cache.read(f"config-{oid}")
        if raw is None:
            return None
        try:
            data = plain_data.load(decode(raw))
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None


def _tool_table(data: Mapping[str, Any]) -> dict[str, Any]:
    """The table `[tool.holdfast]` of a pyproject.toml."""
    tool = data.get("tool", {})
    found = tool.get("holdfast", {}) if isinstance(tool, dict) else {}
    return found if isinstance(found, dict) else {}
