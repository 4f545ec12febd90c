"""Forges for tests: the HTTP APIs of GitHub, GitLab and Gitea over a real bare repository, and every way they misbehave.

    with Fake(GITHUB, bare) as forge:          # or the fixture `forge_of`
        opened = forge.request("plan-1-x", "main", title="Add it")
        forge.report("plan-1-x", "tests", "success")
        forge.faults.append(("PUT", "/merge", cut_after()))
        ...                                    # forge.url, forge.repository, forge.token

Heads and bases are read from the repository at each call, so a push moves a request; a merge is made with git, in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest

GITHUB, GITLAB, GITEA = "github", "gitlab", "gitea"
PREFIX = {GITHUB: "/api/v3", GITLAB: "/api/v4", GITEA: "/api/v1"}
WHEN = "2026-01-02T03:04:05Z"


class Fault(NamedTuple):
    """One misbehaviour: what happens, and whether the call is carried out all the same."""

    name: str
    value: Any = None
    done: bool = False
    more: dict[str, str] = {}  # noqa: RUF012 - never changed


def status(code: int, message: str = "it failed", headers: dict[str, str] | None = None) -> Fault:
    """That status, and nothing is done."""
    return Fault("status", (code, {"message": message}), more=headers or {})


def answer(document: Any, code: int = 200) -> Fault:
    """Any JSON, and nothing is done."""
    return Fault("status", (code, document))


def raw(body: bytes, code: int = 200) -> Fault:
    """Any bytes as the body, and nothing is done."""
    return Fault("raw", (code, body))


def html(code: int = 200) -> Fault:
    """A web page instead of JSON."""
    return raw(b"<!DOCTYPE html>\n<html><body>Log in, please</body></html>", code)


def empty(code: int = 200) -> Fault:
    """No body at all, and nothing is done."""
    return raw(b"", code)


def cut_before() -> Fault:
    """The connection is closed before anything was done."""
    return Fault("cut")


def cut_after() -> Fault:
    """It is done, then the connection is closed without an answer."""
    return Fault("cut", done=True)


def cut_within() -> Fault:
    """It is done, and half of the answer comes."""
    return Fault("half", done=True)


def slow(seconds: float) -> Fault:
    """It is done after a while."""
    return Fault("slow", seconds, done=True)


def drip(seconds: float) -> Fault:
    """It is done, and the answer comes byte by byte, so many seconds apart."""
    return Fault("drip", seconds, done=True)


def merged_but(code: int, message: str = "it failed") -> Fault:
    """It is done, and answered as if it had failed."""
    return Fault("but", (code, {"message": message}), done=True)


def not_merged_but_200() -> Fault:
    """Answered as if it had been done, and it was not."""
    return Fault("lie")


def redirect(to: str, code: int = 302) -> Fault:
    """Somewhere else; nothing is done."""
    return Fault("status", (code, {"message": "Moved"}), more={"Location": to})


def rate_limited(after: int | None = None, reset: int | None = None, code: int = 403) -> Fault:
    """No more calls: until so many seconds have passed, or until that second since 1970."""
    told = {"Retry-After": str(after)} if after is not None else {"X-RateLimit-Remaining": "0"}
    if reset is not None:
        told["X-RateLimit-Reset"] = str(reset)
    return status(code, "API rate limit exceeded", told)


class Call(NamedTuple):
    """One call that a forge got; `path` without the API's own prefix."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int = 0
    answer: Any = None


@dataclass
class Opened:
    """A request on a fake forge."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    head: str
    began: str
    fork: str | None = None
    state: str = "open"
    merge_commit: str | None = None
    auto_merge: bool = False
    queued: bool = False
    may_push: bool = True


class No(Exception):
    """What is asked is refused: status and message."""


@dataclass
class Fake:
    """One forge with one repository. Everything that is set here can be changed at any time.

    `checks` has what reported, by commit and name (`report` fills it for a branch's head), `always` what reports on each
    commit. `required` names the checks that its bases need, `approvals` how many reviews; `reviews` are (user, word), by
    number, a word being `approved`, `changes` or `comment`. `rights` is `write`, `read` or `none`; a `token` is asked for.
    `queue`: merges go through a queue. `delete_branch`: the host deletes a branch that was merged. `rulesets`: rules are
    told by rulesets as well (GitHub), `admin`: the token may see all of classic protection (GitHub).
    `page` is the most that one page of a list has. `tls` are the paths of a certificate and its key.
    """

    kind: str
    repo: Path | str
    repository: str = "ada/project"
    token: str | None = "forge-token-0123456789abcdef"
    rights: str = "write"
    requests: dict[int, Opened] = field(default_factory=dict)
    checks: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    always: dict[str, str] = field(default_factory=dict)
    statuses: bool = False
    required: list[str] = field(default_factory=list)
    reviews: defaultdict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    approvals: int = 0
    protected: bool = False
    strict: bool = False
    linear: bool = False
    signatures: bool = False
    queue: bool = False
    discussions: bool = False
    methods: tuple[str, ...] = ("squash", "merge", "rebase")
    gitlab_method: str = "merge"
    delete_branch: bool = False
    rulesets: bool = True
    admin: bool = False
    archived: bool = False
    mergeable_null: int = 0
    page: int = 100
    tls: tuple[str, str] | None = None
    faults: list[tuple[str, str, Fault]] = field(default_factory=list)
    gone_from: tuple[int, bool] | None = None
    """From that call on (counted by `log`) every connection is cut; the first one of them is carried out if that is set."""
    log: list[Call] = field(default_factory=list)
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)
    """What git said of commits, which never changes."""

    def __enter__(self) -> Fake:
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._ended = self._server.ended
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        """The address of the server, without a path."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The address of the API, for `forge.url`."""
        return self.origin + PREFIX[self.kind]

    @property
    def toml(self) -> str:
        """The lines of holdfast.toml that name this forge."""
        return f'[forge]\nkind = "{self.kind}"\nurl = "{self.url}"\nrepository = "{self.repository}"\n'

    # What a test does

    def request(
        self, branch: str, base: str = "main", title: str = "A request", body: str = "", draft: bool = False,
        fork: str | None = None, head: str | None = None,
    ) -> Opened:  # fmt: skip
        """Open a request as somebody else would; one of a fork has the head that is given, or its branch's."""
        with self._lock:
            found = head or self.tip(branch)
            assert found, f"no branch {branch}"
            number = len(self.requests) + 1
            began = self.tip(base) or ""
            self.requests[number] = Opened(number, branch, base, title, body, draft, found, began, fork)
            return self.requests[number]

    def report(self, branch: str, name: str, word: str) -> None:
        """A check says `success`, `failure` or `pending` of the commit that a branch has now."""
        tip = self.tip(branch)
        assert tip, f"no branch {branch}"
        self.checks[tip][name] = word

    def calls(self, method: str, pattern: str = "") -> list[Call]:
        """Those of that method whose path has the pattern."""
        return [call for call in self.log if call.method == method and re.search(pattern, call.path)]

    @property
    def merges(self) -> list[Call]:
        """The merge calls, carried out or not."""
        return [call for call in self.log if call.path.endswith("/merge") and call.method in ("PUT", "POST")]

    # The repository

    def git(self, *args: str, cwd: str | None = None, data: str | None = None) -> tuple[int, str]:
        env = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
            "GIT_AUTHOR_NAME": "Forge", "GIT_AUTHOR_EMAIL": "forge@example.org", "GIT_COMMITTER_NAME": "Forge",
            "GIT_COMMITTER_EMAIL": "forge@example.org",
        }  # fmt: skip
        ran = subprocess.run(
            ["git", "-C", cwd or str(self.repo), *args],
            env=env,
            capture_output=True,
            text=True,
            input=data,
            check=False,
        )
        return ran.returncode, ran.stdout.strip()

    def tip(self, branch: str) -> str | None:
        """The commit of a branch, None for none; read from the file of its ref, as it is asked for at each call."""
        ref = f"refs/heads/{branch}"
        with contextlib.suppress(OSError):
            return (Path(self.repo) / ref).read_text().strip()
        with contextlib.suppress(OSError):
            for line in (Path(self.repo) / "packed-refs").read_text(errors="surrogateescape").split("\n"):
                if line[41:] == ref or line[65:] == ref:
                    return line.partition(" ")[0]
        return None

    def reaches(self, base: str, commit: str) -> bool:
        """Whether a commit has another one in its history."""
        key = ("reaches", base, commit)
        if key not in self._known:
            self._known[key] = self.git("merge-base", "--is-ancestor", commit, base)[0] == 0
        return bool(self._known[key])

    def tree(self, request: Opened) -> str | None:
        """The tree of the merge, None for conflicts."""
        key = ("tree", self.tip(request.base) or "", request.head)
        if key not in self._known:
            code, out = self.git("merge-tree", "--write-tree", *key[1:])
            self._known[key] = out.split("\n")[0] if code == 0 else None
        return self._known[key]

    # What the host does by itself

    def settle(self) -> None:
        """Requests follow their branches: a push moves them, or has merged them; a deleted branch closes them."""
        for one in self.requests.values():
            if one.state != "open":
                continue
            head, base = self.tip(one.branch) if one.fork is None else one.head, self.tip(one.base)
            if head is None or base is None:
                one.state = "closed"
                continue
            one.head = head
            if self.reaches(base, head) and not self.reaches(one.began, head):
                one.state, one.merge_commit = "merged", head

    def status_of(self, commit: str) -> dict[str, str]:
        """What reported on a commit."""
        return {**self.always, **self.checks[commit]}

    def why_not(self, request: Opened) -> str:
        """What stands in the way of a merge beside conflicts; empty for nothing."""
        found = self.status_of(request.head)
        for name in self.required:
            if not any(_fits(one, name) and word == "success" for one, word in found.items()):
                return f'Required status check "{name}" is expected.'
        words = dict(self.reviews[request.number])
        if self.approvals > sum(word == "approved" for word in words.values()):
            return f"At least {self.approvals} approving review is required by reviewers with write access."
        if "changes" in words.values() and (self.approvals or self.kind == GITLAB):
            return "Changes were requested"
        return "All comments must be resolved" if self.discussions else ""

    def carry_out(self, request: Opened, method: str, message: str, second: str = "") -> str:
        """Merge with git: the new commit of the base."""
        base = self.tip(request.base) or ""
        tree = self.tree(request)
        if tree is None:
            raise No(405, "Merge conflicts")
        if method == "ff":
            made = request.head
        elif method == "rebase":
            made = self._rebased(base, request.head)
        else:
            parents = ["-p", base] + (["-p", request.head] if method == "merge" else [])
            made = self.git("commit-tree", tree, *parents, data=message)[1]
        if second:  # GitLab puts a merge commit on what it squashed
            made = self.git("commit-tree", tree, "-p", base, "-p", made, data=second)[1]
        if self.git("update-ref", f"refs/heads/{request.base}", made, base)[0] != 0:
            raise No(405, "Base branch was modified. Review and try the merge again.")
        request.state, request.merge_commit = "merged", made
        if self.delete_branch and request.fork is None:
            self.git("update-ref", "-d", f"refs/heads/{request.branch}")
        return made

    def _rebased(self, base: str, head: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "replay")
            self.git("worktree", "add", "-q", "--detach", place, base)
            code, _ = self.git("cherry-pick", "--keep-redundant-commits", f"{base}..{head}", cwd=place)
            made = self.git("rev-parse", "HEAD", cwd=place)[1]
            self.git("worktree", "remove", "--force", place)
        if code != 0:
            raise No(405, "This branch can't be rebased")
        return made

    # Calls

    def serve(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> _Reply:
        """What the forge answers, after it has done what was asked."""
        with self._lock:
            try:
                self._admit(method, path, headers)
                self.settle()
                return _SPEAKS[self.kind](self).serve(method, path, query, body)
            except No as no:
                return _Reply(no.args[0], {"message": no.args[1]})

    def _admit(self, method: str, path: str, headers: dict[str, str]) -> None:
        given = headers.get("authorization", "").partition(" ")[2] or headers.get("private-token")
        if self.token is not None and given != self.token:
            raise No(401, f"Bad credentials {given}" if given else "Requires authentication")
        if self.rights == "none":
            raise No(404, "Not Found")
        if self.rights == "read" and method != "GET" and "graphql" not in path:
            raise No(401 if self.kind == GITLAB else 403, "Resource not accessible by this token")

    def paged(self, path: str, query: dict[str, str], found: list[Any], key: str = "", **more: Any) -> _Reply:
        """One page of a list, with the link to the next."""
        size = min(self.page, int(query.get("limit" if self.kind == GITEA else "per_page", "30")))
        number = int(query.get("page", "1"))
        part = found[(number - 1) * size : number * size]
        links = {}
        if number * size < len(found):
            # As behind a proxy: the host in it is not the one that was asked.
            target = f"http://inner.example.org{path}?{urlencode({**query, 'page': number + 1})}"
            links = {"Link": f'<{target}>; rel="next", <{target}>; rel="last"'}
        return _Reply(200, {"total_count": len(found), key: part, **more} if key else part, links)

    def by(self, number: str) -> Opened:
        found = self.requests.get(int(number))
        if found is None:
            raise No(404, "Not Found")
        return found


class _Reply(NamedTuple):
    status: int
    document: Any
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


class _GitHub:
    """The part of GitHub's REST API that a fake speaks."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def serve(self, method: str, path: str, query: dict[str, str], body: Any) -> _Reply:
        fake, at = self.fake, f"/repos/{self.fake.repository}"
        if path == "/graphql":
            return self._graphql(body)
        if not path.startswith(at):
            raise No(404, "Not Found")
        rest = path[len(at) :]
        if rest == "":
            return _Reply(200, self._repository())
        if rest == "/pulls" and method == "GET":
            return fake.paged(path, query, self._list(query))
        if rest == "/pulls":
            return self._make(body)
        if found := re.fullmatch(r"/pulls/(\d+)", rest):
            return self._change(fake.by(found[1]), body) if method == "PATCH" else self._one(fake.by(found[1]))
        if found := re.fullmatch(r"/pulls/(\d+)/merge", rest):
            return self._merge(fake.by(found[1]), body)
        if found := re.fullmatch(r"/pulls/(\d+)/reviews", rest):
            return fake.paged(path, query, self._reviews(int(found[1])))
        if found := re.fullmatch(r"/branches/(.+?)(/protection)?", rest):
            return self._protection() if found[2] else self._branch(found[1])
        if re.fullmatch(r"/rules/branches/.+", rest):
            if not fake.rulesets:
                raise No(404, "Not Found")
            return fake.paged(path, query, self._rules())
        if found := re.fullmatch(r"/commits/(\w+)/check-runs", rest):
            runs = [] if fake.statuses else [self._run(found[1], *pair) for pair in fake.status_of(found[1]).items()]
            return fake.paged(path, query, runs, "check_runs")
        if found := re.fullmatch(r"/commits/(\w+)/status", rest):
            told = list(fake.status_of(found[1]).items()) if fake.statuses else []
            return fake.paged(
                path, query, [self._status(*pair) for pair in told], "statuses", **self._sum(found[1], told)
            )
        raise No(404, "Not Found")

    def _repository(self) -> dict[str, Any]:
        fake = self.fake
        owner, name = fake.repository.split("/")
        write = fake.rights == "write"
        return {
            "id": 7, "name": name, "full_name": fake.repository, "owner": _user(owner), "private": False, "fork": False,
            "archived": fake.archived, "default_branch": "main", "html_url": f"{fake.origin}/{fake.repository}",
            "allow_squash_merge": "squash" in fake.methods, "allow_merge_commit": "merge" in fake.methods,
            "allow_rebase_merge": "rebase" in fake.methods, "delete_branch_on_merge": fake.delete_branch,
            "permissions": {"admin": False, "push": write, "pull": True},
        }  # fmt: skip

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        fake = self.fake
        owner = fake.repository.split("/")[0]
        found = sorted(fake.requests.values(), key=lambda one: -one.number)
        wanted = query.get("state", "open")
        if wanted != "all":
            found = [one for one in found if (one.state == "open") == (wanted == "open")]
        if "head" in query:
            found = [one for one in found if f"{(one.fork or owner).split('/')[0]}:{one.branch}" == query["head"]]
        if "base" in query:
            found = [one for one in found if one.base == query["base"]]
        return [self._brief(one) for one in found]

    def _brief(self, one: Opened) -> dict[str, Any]:
        fake = self.fake
        owner = fake.repository.split("/")[0]
        head_owner = (one.fork or fake.repository).split("/")[0]
        merged = one.state == "merged"
        there = None if one.fork == "" else {"id": 8, "full_name": one.fork or fake.repository, "name": "project"}
        return {
            "id": 1000 + one.number, "node_id": f"PR_{one.number}", "number": one.number,
            "html_url": f"{fake.origin}/{fake.repository}/pull/{one.number}",
            "url": f"{fake.url}/repos/{fake.repository}/pulls/{one.number}",
            "state": "open" if one.state == "open" else "closed", "title": one.title, "body": one.body or None,
            "draft": one.draft, "locked": False, "user": _user("ada"), "created_at": WHEN, "updated_at": WHEN,
            "closed_at": None if one.state == "open" else WHEN, "merged_at": WHEN if merged else None,
            # Before a merge it is the commit of a merge on trial.
            "merge_commit_sha": one.merge_commit or "0" * 40,
            "head": {"label": f"{head_owner}:{one.branch}", "ref": one.branch, "sha": one.head, "repo": there,
                     "user": _user(head_owner)},
            "base": {"label": f"{owner}:{one.base}", "ref": one.base, "sha": fake.tip(one.base) or "0" * 40,
                     "repo": {"id": 7, "full_name": fake.repository, "name": "project"}, "user": _user(owner)},
            "auto_merge": {"enabled_by": _user("ada"), "merge_method": "squash", "commit_title": one.title,
                           "commit_message": ""} if one.auto_merge else None,
            "author_association": "OWNER",
        }  # fmt: skip

    def _one(self, one: Opened) -> _Reply:
        return _Reply(200, self._whole(one))

    def _whole(self, one: Opened) -> dict[str, Any]:
        fake = self.fake
        known = fake.mergeable_null <= 0
        fake.mergeable_null = max(0, fake.mergeable_null - 1)
        able = fake.tree(one) is not None if known and one.state == "open" else None
        return {
            **self._brief(one), "merged": one.state == "merged", "mergeable": able,
            "mergeable_state": self._state(one, able), "maintainer_can_modify": one.may_push,
            "merged_by": _user("ada") if one.state == "merged" else None,
            "comments": 0, "review_comments": 0, "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1,
        }  # fmt: skip

    def _state(self, one: Opened, able: bool | None) -> str:
        fake = self.fake
        if able is None or one.state != "open":
            return "unknown"
        if not able:
            return "dirty"
        if one.draft:
            return "draft"
        if fake.strict and not fake.reaches(one.head, fake.tip(one.base) or ""):
            return "behind"
        return "blocked" if fake.why_not(one) or fake.signatures else "clean"

    def _make(self, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if fake.tip(body["head"]) is None or fake.tip(body["base"]) is None:
            raise No(422, "Validation Failed")
        if any(
            (one.branch, one.base, one.state) == (body["head"], body["base"], "open") for one in fake.requests.values()
        ):
            raise No(422, f"A pull request already exists for ada:{body['head']}.")
        return _Reply(201, self._whole(fake.request(body["head"], body["base"], body["title"], body.get("body", ""))))

    def _change(self, one: Opened, body: dict[str, Any]) -> _Reply:
        one.title, one.body = body.get("title", one.title), body.get("body", one.body)
        return _Reply(200, self._whole(one))

    def _merge(self, one: Opened, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if body.get("sha", one.head) != one.head:
            raise No(409, "Head branch was modified. Review and try the merge again.")
        method = body.get("merge_method", "merge")
        if one.state != "open" or one.draft or method not in fake.methods:
            raise No(405, "Pull Request is not mergeable")
        if fake.linear and method == "merge":
            raise No(405, "This branch must not contain merge commits.")
        if why := fake.why_not(one):
            raise No(405, why)
        if fake.queue:
            raise No(405, "Repository rule violations found\n\nChanges must be made through the merge queue")
        if fake.tree(one) is None:
            raise No(405, "Pull Request is not mergeable")
        message = f"{body.get('commit_title', one.title)}\n\n{body.get('commit_message', '')}".strip() + "\n"
        return self.merged(fake.carry_out(one, method, message))

    def merged(self, commit: str) -> _Reply:
        return _Reply(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})

    def _reviews(self, number: int) -> list[dict[str, Any]]:
        words = {
            "approved": "APPROVED",
            "changes": "CHANGES_REQUESTED",
            "comment": "COMMENTED",
            "dismissed": "DISMISSED",
        }
        return [
            {
                "id": at, "user": _user(user.removeprefix("stranger:")), "body": "", "state": words[word],
                "html_url": f"{self.fake.origin}/r/{at}", "submitted_at": WHEN, "commit_id": "0" * 40,
                "author_association": "NONE" if user.startswith("stranger:") else "COLLABORATOR",
            }
            for at, (user, word) in enumerate(self.fake.reviews[number], 1)
        ]  # fmt: skip

    def _branch(self, name: str) -> _Reply:
        fake = self.fake
        tip = fake.tip(name)
        if tip is None:
            raise No(404, "Branch not found")
        classic = self._classic() if fake.protected else []
        checks = [{"context": one, "app_id": None} for one in classic]
        return _Reply(
            200,
            {
                "name": name, "commit": {"sha": tip, "url": f"{fake.url}/c/{tip}"}, "protected": fake.protected,
                "protection": {
                    "enabled": fake.protected,
                    "required_status_checks": {
                        "enforcement_level": "non_admins" if classic else "off", "contexts": classic, "checks": checks,
                    },
                },
                "protection_url": f"{fake.url}/repos/{fake.repository}/branches/{name}/protection",
            },
        )  # fmt: skip

    def _classic(self) -> list[str]:
        """The required checks that are told by classic protection: all where there are no rulesets."""
        return [] if self.fake.rulesets else self.fake.required

    def _protection(self) -> _Reply:
        fake = self.fake
        if not fake.admin or not fake.protected:
            raise No(404, "Not Found")
        at, checks = f"{fake.url}/x", [{"context": one, "app_id": None} for one in self._classic()]
        on = {name: {"enabled": here} for name, here in (
            ("required_linear_history", fake.linear), ("required_conversation_resolution", fake.discussions),
            ("lock_branch", False),
        )}  # fmt: skip
        told: dict[str, Any] = {"url": at, **on, "required_signatures": {"url": at, "enabled": fake.signatures}}
        if checks:
            told["required_status_checks"] = {
                "url": at, "strict": fake.strict, "contexts": self._classic(), "contexts_url": at, "checks": checks,
            }  # fmt: skip
        if fake.approvals:
            told["required_pull_request_reviews"] = {
                "url": at, "dismiss_stale_reviews": False, "require_code_owner_reviews": False,
                "required_approving_review_count": fake.approvals,
            }  # fmt: skip
        return _Reply(200, told)

    def _rules(self) -> list[dict[str, Any]]:
        fake = self.fake
        source = {"ruleset_source_type": "Repository", "ruleset_source": fake.repository, "ruleset_id": 42}
        found: list[dict[str, Any]] = [{"type": "deletion", **source}]
        if fake.required:
            needed = [{"context": name} for name in fake.required]
            told = {"required_status_checks": needed, "strict_required_status_checks_policy": fake.strict}
            found.append({"type": "required_status_checks", "parameters": told, **source})
        if fake.approvals or fake.discussions:
            told = {
                "required_approving_review_count": fake.approvals, "dismiss_stale_reviews_on_push": False,
                "require_code_owner_review": False, "require_last_push_approval": False,
                "required_review_thread_resolution": fake.discussions,
            }  # fmt: skip
            found.append({"type": "pull_request", "parameters": told, **source})
        for kind, here in (("required_linear_history", fake.linear), ("required_signatures", fake.signatures)):
            found += [{"type": kind, **source}] if here else []
        if fake.queue:
            told = {
                "check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
                "max_entries_to_merge": 5, "merge_method": "SQUASH", "min_entries_to_merge": 1,
                "min_entries_to_merge_wait_minutes": 5,
            }  # fmt: skip
            found.append({"type": "merge_queue", "parameters": told, **source})
        return found

    def _run(self, commit: str, name: str, word: str) -> dict[str, Any]:
        done = word != "pending"
        return {
            "id": 1, "name": name, "head_sha": commit, "status": "completed" if done else "in_progress",
            "conclusion": word if done else None, "html_url": f"{self.fake.origin}/runs/{name}",
            "details_url": f"{self.fake.origin}/runs/{name}", "started_at": WHEN, "completed_at": WHEN if done else None,
            "app": {"id": 15368, "slug": "actions", "name": "Actions"},
        }  # fmt: skip

    def _status(self, name: str, word: str) -> dict[str, Any]:
        return {"context": name, "state": word, "target_url": None, "description": "", "created_at": WHEN, "id": 5}

    def _sum(self, commit: str, told: list[tuple[str, str]]) -> dict[str, Any]:
        words = {word for _, word in told}
        whole = "failure" if words & {"failure", "error"} else "success" if words == {"success"} else "pending"
        return {"state": whole, "sha": commit}

    def _graphql(self, body: dict[str, Any]) -> _Reply:
        if "enqueuePullRequest" in body["query"]:
            return self._enqueue(body["variables"])
        one = self.fake.by(str(body["variables"]["number"]))
        entry = {"state": "QUEUED"} if one.queued else None
        return _Reply(200, {"data": {"repository": {"pullRequest": {"mergeQueueEntry": entry}}}})

    def _enqueue(self, given: dict[str, Any]) -> _Reply:
        one = next(one for one in self.fake.requests.values() if self._one(one).document["node_id"] == given["id"])
        why = "Head branch was modified" if given["head"] != one.head else self.fake.why_not(one)
        if why:
            return _Reply(200, {"data": {"enqueuePullRequest": None}, "errors": [{"message": why}]})
        one.queued = True
        return _Reply(200, {"data": {"enqueuePullRequest": {"mergeQueueEntry": {"state": "QUEUED"}}}})


class _GitLab:
    """The part of GitLab's API that a fake speaks."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def serve(self, method: str, path: str, query: dict[str, str], body: Any) -> _Reply:
        fake, at = self.fake, f"/projects/{self.fake.repository}"
        if path == "/projects/99":
            return _Reply(200, {"id": 99, "path_with_namespace": "eve/project"})
        if not path.startswith(at):
            raise No(404, "404 Project Not Found")
        rest = path[len(at) :]
        if rest == "":
            return _Reply(200, self._project())
        if rest == "/merge_requests" and method == "GET":
            return fake.paged(path, query, self._list(query))
        if rest == "/merge_requests":
            return self._make(body)
        if found := re.fullmatch(r"/merge_requests/(\d+)", rest):
            return self._change(fake.by(found[1]), body) if method == "PUT" else self._one(fake.by(found[1]))
        if found := re.fullmatch(r"/merge_requests/(\d+)/merge", rest):
            return self._merge(fake.by(found[1]), body)
        if found := re.fullmatch(r"/merge_requests/(\d+)/approvals", rest):
            words = dict(fake.reviews[int(found[1])]).values()
            left = max(0, fake.approvals - sum(word == "approved" for word in words))
            return _Reply(200, {"approved": left == 0, "approvals_required": fake.approvals, "approvals_left": left})
        if found := re.fullmatch(r"/merge_requests/(\d+)/reviewers", rest):
            return fake.paged(path, query, self._reviewers(int(found[1])))
        if found := re.fullmatch(r"/merge_trains/merge_requests/(\d+)", rest):
            if not fake.by(found[1]).queued:
                raise No(404, "404 Not found")
            return _Reply(200, {"id": 1, "status": "fresh"})
        if found := re.fullmatch(r"/repository/commits/(\w+)/statuses", rest):
            return fake.paged(path, query, self._statuses(found[1]))
        raise No(404, "404 Not Found")

    def _project(self) -> dict[str, Any]:
        fake = self.fake
        option = {(True, True): "default_off", (True, False): "always"}.get(
            ("squash" in fake.methods, "merge" in fake.methods or "rebase" in fake.methods), "never"
        )
        return {
            "id": 7, "path_with_namespace": fake.repository, "merge_method": fake.gitlab_method, "squash_option": option,
            "only_allow_merge_if_pipeline_succeeds": "pipeline" in fake.required, "allow_merge_on_skipped_pipeline": None,
            "only_allow_merge_if_all_discussions_are_resolved": True, "merge_trains_enabled": fake.queue,
            "archived": fake.archived, "remove_source_branch_after_merge": fake.delete_branch,
        }  # fmt: skip

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        wanted = {"opened": "open"}.get(query.get("state", "all"), query.get("state", "all"))
        found = sorted(self.fake.requests.values(), key=lambda one: -one.number)
        found = [one for one in found if wanted in ("all", one.state)]
        for key, name in (("source_branch", "branch"), ("target_branch", "base")):
            found = [one for one in found if key not in query or getattr(one, name) == query[key]]
        return [self._brief(one) for one in found]

    def _brief(self, one: Opened) -> dict[str, Any]:
        fake = self.fake
        merged = one.state == "merged"
        source = None if one.fork == "" else 99 if one.fork else 7
        return {
            "id": 1000 + one.number, "iid": one.number, "title": one.title, "description": one.body, "sha": one.head,
            "state": "opened" if one.state == "open" else one.state, "draft": one.draft, "work_in_progress": one.draft,
            "web_url": f"{fake.origin}/{fake.repository}/-/merge_requests/{one.number}", "source_branch": one.branch,
            "target_branch": one.base, "source_project_id": source, "target_project_id": 7,
            "merge_commit_sha": one.merge_commit if merged and one.merge_commit != one.head else None,
            "squash_commit_sha": None, "merge_when_pipeline_succeeds": one.auto_merge,
            "blocking_discussions_resolved": not fake.discussions, "allow_collaboration": one.may_push,
            "has_conflicts": False, "merge_status": "unchecked", "detailed_merge_status": "unchecked",
        }  # fmt: skip

    def _one(self, one: Opened) -> _Reply:
        return _Reply(200, self._whole(one))

    def _whole(self, one: Opened) -> dict[str, Any]:
        fake = self.fake
        known = fake.mergeable_null <= 0
        fake.mergeable_null = max(0, fake.mergeable_null - 1)
        pipeline = self._pipeline(one.head)
        conflicts = one.state == "open" and known and fake.tree(one) is None
        return {
            **self._brief(one), "has_conflicts": conflicts, "user": {"can_merge": fake.rights == "write"},
            "detailed_merge_status": self._detailed(one, conflicts) if known else "checking",
            "head_pipeline": {"id": 3, "sha": one.head, "ref": one.branch, "status": pipeline,
                              "web_url": f"{fake.origin}/pipelines/3"} if pipeline else None,
        }  # fmt: skip

    def _pipeline(self, commit: str) -> str | None:
        words = set(self.fake.status_of(commit).values())
        if not words:
            return None
        return "failed" if "failure" in words else "running" if "pending" in words else "success"

    def _detailed(self, one: Opened, conflicts: bool) -> str:
        fake = self.fake
        if one.state != "open":
            return "not_open"
        if conflicts:
            return "conflict"
        if one.draft:
            return "draft_status"
        if fake.gitlab_method != "merge" and not fake.reaches(one.head, fake.tip(one.base) or ""):
            return "need_rebase"
        words = dict(fake.reviews[one.number]).values()
        if fake.approvals > sum(word == "approved" for word in words):
            return "not_approved"
        if "changes" in words:
            return "requested_changes"
        if fake.discussions:
            return "discussions_not_resolved"
        return "ci_must_pass" if "pipeline" in fake.required and self._pipeline(one.head) != "success" else "mergeable"

    def _make(self, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if fake.tip(body["source_branch"]) is None:
            raise No(400, "source_branch does not exist")
        same = (body["source_branch"], body["target_branch"], "open")
        if any((one.branch, one.base, one.state) == same for one in fake.requests.values()):
            raise No(409, f"Another open merge request already exists for this source branch: {body['source_branch']}")
        made = fake.request(body["source_branch"], body["target_branch"], body["title"], body.get("description", ""))
        return _Reply(201, self._whole(made))

    def _change(self, one: Opened, body: dict[str, Any]) -> _Reply:
        one.title, one.body = body.get("title", one.title), body.get("description", one.body)
        return _Reply(200, self._whole(one))

    def _merge(self, one: Opened, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if body.get("sha", one.head) != one.head:
            raise No(409, "SHA does not match HEAD of source branch: " + one.head)
        conflicts = fake.tree(one) is None if one.state == "open" else False
        if conflicts:
            raise No(406, "Branch cannot be merged")
        if self._detailed(one, conflicts) != "mergeable":
            raise No(405, "405 Method Not Allowed")
        if fake.queue:
            raise No(405, "405 Method Not Allowed")
        squash, way = body.get("squash", False), fake.gitlab_method
        if squash and "squash" not in fake.methods:
            raise No(405, "405 Method Not Allowed")
        squashed = body.get("squash_commit_message", one.title) + "\n"
        merged = body.get("merge_commit_message", f"Merge branch '{one.branch}' into '{one.base}'") + "\n"
        if way == "ff":
            fake.carry_out(one, "squash" if squash else "ff", squashed)
        elif squash:
            fake.carry_out(one, "squash", squashed, merged)
        else:
            fake.carry_out(one, "merge", merged)
        return self.merged(one)

    def merged(self, one: Opened) -> _Reply:
        return _Reply(200, self._whole(one))

    def _reviewers(self, number: int) -> list[dict[str, Any]]:
        words = {"approved": "approved", "changes": "requested_changes", "comment": "reviewed"}
        last = dict(self.fake.reviews[number])
        return [{"user": {"id": 1, "username": user}, "state": words[word]} for user, word in last.items()]

    def _statuses(self, commit: str) -> list[dict[str, Any]]:
        words = {"success": "success", "failure": "failed", "pending": "running"}
        return [
            {"id": 1, "sha": commit, "name": name, "status": words[word], "allow_failure": False,
             "target_url": f"{self.fake.origin}/jobs/{name}"}
            for name, word in self.fake.status_of(commit).items()
        ]  # fmt: skip


class _Gitea:
    """The part of the API of Gitea and Forgejo that a fake speaks."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def serve(self, method: str, path: str, query: dict[str, str], body: Any) -> _Reply:
        fake, at = self.fake, f"/repos/{self.fake.repository}"
        if not path.startswith(at):
            raise No(404, "The target couldn't be found.")
        rest = path[len(at) :]
        if rest == "":
            return _Reply(200, self._repository())
        if rest == "/pulls" and method == "GET":
            return fake.paged(path, query, self._list(query))
        if rest == "/pulls":
            return self._make(body)
        if found := re.fullmatch(r"/pulls/(\d+)", rest):
            return self._change(fake.by(found[1]), body) if method == "PATCH" else self._one(fake.by(found[1]))
        if found := re.fullmatch(r"/pulls/(\d+)/merge", rest):
            return self._merge(fake.by(found[1]), body)
        if found := re.fullmatch(r"/pulls/(\d+)/reviews", rest):
            return fake.paged(path, query, self._reviews(int(found[1])))
        if found := re.fullmatch(r"/branches/(.+)", rest):
            return self._branch(found[1])
        if found := re.fullmatch(r"/commits/(\w+)/status", rest):
            told = [
                {"context": name, "status": word, "target_url": f"{fake.origin}/jobs/{name}"}
                for name, word in fake.status_of(found[1]).items()
            ]
            return fake.paged(path, query, told, "statuses", state="pending", sha=found[1])
        raise No(404, "The target couldn't be found.")

    def _repository(self) -> dict[str, Any]:
        fake = self.fake
        return {
            "id": 7, "full_name": fake.repository, "archived": fake.archived, "allow_rebase": "rebase" in fake.methods,
            "allow_squash_merge": "squash" in fake.methods, "allow_merge_commits": "merge" in fake.methods,
            "permissions": {"admin": False, "push": fake.rights == "write", "pull": True},
        }  # fmt: skip

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        wanted = query.get("state", "open")
        found = sorted(self.fake.requests.values(), key=lambda one: -one.number)
        return [self._whole(one) for one in found if wanted == "all" or (one.state == "open") == (wanted == "open")]

    def _one(self, one: Opened) -> _Reply:
        return _Reply(200, self._whole(one, ask=True))

    def _whole(self, one: Opened, ask: bool = False) -> dict[str, Any]:
        fake = self.fake
        known = fake.mergeable_null <= 0
        if ask:
            fake.mergeable_null = max(0, fake.mergeable_null - 1)
        merged = one.state == "merged"
        gone = one.fork is None and fake.tip(one.branch) is None
        there = None if one.fork == "" else {"id": 8, "full_name": one.fork or fake.repository}
        able = known and one.state == "open" and not one.draft and fake.tree(one) is not None
        owner = f"{one.fork.split('/')[0]}:" if one.fork else ""
        return {
            "id": 1000 + one.number, "number": one.number, "html_url": f"{fake.origin}/{fake.repository}/pulls/{one.number}",
            "title": one.title, "body": one.body, "state": "open" if one.state == "open" else "closed", "draft": one.draft,
            "merged": merged, "mergeable": able, "merge_commit_sha": one.merge_commit if merged else None,
            "allow_maintainer_edit": one.may_push,
            "head": {"label": owner + one.branch, "ref": f"refs/pull/{one.number}/head" if gone else one.branch,
                     "sha": one.head, "repo": there},
            "base": {"label": one.base, "ref": one.base, "sha": fake.tip(one.base) or "",
                     "repo": {"id": 7, "full_name": fake.repository}},
        }  # fmt: skip

    def _make(self, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if fake.tip(body["head"]) is None:
            raise No(404, "The target couldn't be found.")
        if any(
            (one.branch, one.base, one.state) == (body["head"], body["base"], "open") for one in fake.requests.values()
        ):
            raise No(409, "pull request already exists for these targets")
        return _Reply(201, self._whole(fake.request(body["head"], body["base"], body["title"], body.get("body", ""))))

    def _change(self, one: Opened, body: dict[str, Any]) -> _Reply:
        one.title, one.body = body.get("title", one.title), body.get("body", one.body)
        return _Reply(201, self._whole(one))

    def _merge(self, one: Opened, body: dict[str, Any]) -> _Reply:
        fake = self.fake
        if one.state == "merged":
            raise No(405, "")
        if one.state != "open":
            raise No(404, "The target couldn't be found.")
        if one.draft:
            raise No(405, "Work in progress PRs cannot be merged")
        if fake.mergeable_null > 0 or fake.tree(one) is None:
            raise No(405, "Please try again later")
        if why := fake.why_not(one):
            raise No(405, why)
        if body["Do"] not in fake.methods:
            raise No(405, f"{body['Do']} is not allowed an allowed merge style for this repository")
        if body.get("head_commit_id", one.head) != one.head:
            raise No(409, "head out of date")
        message = f"{body.get('MergeTitleField') or one.title}\n\n{body.get('MergeMessageField', '')}".strip() + "\n"
        fake.carry_out(one, body["Do"], message)
        if body.get("delete_branch_after_merge"):
            fake.git("update-ref", "-d", f"refs/heads/{one.branch}")
        return _Reply(200, None)

    def _reviews(self, number: int) -> list[dict[str, Any]]:
        words = {"approved": "APPROVED", "changes": "REQUEST_CHANGES", "comment": "COMMENT", "dismissed": "APPROVED",
                 "stale": "APPROVED"}  # fmt: skip
        return [
            {"id": at, "user": {"login": user.removeprefix("stranger:")}, "state": words[word],
             "official": not user.startswith("stranger:"), "stale": word == "stale", "dismissed": word == "dismissed"}
            for at, (user, word) in enumerate(self.fake.reviews[number], 1)
        ]  # fmt: skip

    def _branch(self, name: str) -> _Reply:
        fake = self.fake
        tip = fake.tip(name)
        if tip is None:
            raise No(404, "The target couldn't be found.")
        return _Reply(
            200,
            {
                "name": name, "commit": {"id": tip}, "protected": fake.protected, "required_approvals": fake.approvals,
                "enable_status_check": bool(fake.required), "status_check_contexts": fake.required,
                "user_can_push": fake.rights == "write", "user_can_merge": fake.rights == "write",
            },
        )  # fmt: skip


def _user(name: str) -> dict[str, Any]:
    return {"login": name, "id": sum(name.encode()), "type": "User"}


_SPEAKS: dict[str, Any] = {GITHUB: _GitHub, GITLAB: _GitLab, GITEA: _Gitea}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: Fake

    def __init__(self, *args: Any) -> None:
        self.ended = threading.Event()
        super().__init__(*args)

    def handle_error(self, *_: object) -> None:
        """Whoever went away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._handle()

    do_PUT = do_POST = do_PATCH = do_DELETE = do_GET

    def _handle(self) -> None:
        fake = self.server.fake
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(PREFIX[fake.kind]).removeprefix("/api")
        if fake.kind == GITLAB and f"/projects/{fake.repository}" in parts.path:
            path = "/a project's path is one part, with %2F in it"
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        data = self.rfile.read(int(headers.get("content-length", "0")))
        body = json.loads(data) if data else None
        at = len(fake.log)
        fake.log.append(Call(self.command, path, query, headers, body))
        fault = self._fault(self.command, path)
        if fault is None:
            reply = fake.serve(self.command, path, query, headers, body)
            fake.log[at] = fake.log[at]._replace(status=reply.status, answer=reply.document)
            self._answer(reply.status, _bytes(reply.document), reply.headers)
            return
        if fault.name == "slow":
            self.server.ended.wait(fault.value)
        reply = fake.serve(self.command, path, query, headers, body) if fault.done else _Reply(0, None)
        self._misbehave(fault, reply, path)

    def _fault(self, method: str, path: str) -> Fault | None:
        gone, calls = self.server.fake.gone_from, len(self.server.fake.log)
        if gone is not None and calls >= gone[0]:
            return cut_after() if gone[1] and calls == gone[0] else cut_before()
        faults = self.server.fake.faults
        for at, (wanted, pattern, fault) in enumerate(faults):
            if wanted in (method, "*") and re.search(pattern, path):
                del faults[at]
                return fault
        return None

    def _misbehave(self, fault: Fault, reply: _Reply, path: str) -> None:
        if fault.name in ("status", "but"):
            self._answer(fault.value[0], _bytes(fault.value[1]), fault.more)
        elif fault.name == "raw":
            self._answer(fault.value[0], fault.value[1])
        elif fault.name == "lie":
            self._answer(200, _bytes(_lie(self.server.fake, path)))
        elif fault.name == "slow":
            self._answer(reply.status, _bytes(reply.document), reply.headers)
        elif fault.name == "drip":
            self._answer(reply.status, _bytes(reply.document), reply.headers, apart=fault.value)
        elif fault.name == "half":
            self._answer(reply.status, _bytes(reply.document), reply.headers, half=True)
        self._close()

    def _answer(
        self, code: int, body: bytes, more: dict[str, str] | None = None, half: bool = False, apart: float = 0
    ) -> None:
        with contextlib.suppress(OSError):
            self.send_response(code)
            for name, value in {"Content-Type": "application/json", **(more or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not apart:
                self.wfile.write(body[: len(body) // 2] if half else body)
            for byte in body if apart else b"":
                self.wfile.write(bytes([byte]))
                if self.server.ended.wait(apart):
                    return

    def _close(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _bytes(document: Any) -> bytes:
    return b"" if document is None else json.dumps(document).encode()


def _lie(fake: Fake, path: str) -> Any:
    """What a forge answers to a merge call that succeeded."""
    if fake.kind == GITHUB:
        return {"sha": "1" * 40, "merged": True, "message": "Pull Request successfully merged"}
    return {"iid": 1, "state": "merged"} if fake.kind == GITLAB else None


@pytest.fixture
def forge_of() -> Iterator[Callable[..., Fake]]:
    """Starts forges, `forge_of(kind, bare, **settings of Fake)`, and ends them with the test."""
    with contextlib.ExitStack() as running:
        yield lambda kind, repo, **settings: running.enter_context(Fake(kind, repo, **settings))


def wait_for(true: Any, seconds: float = 5) -> None:
    """Until something is so; fails the test where it never is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
