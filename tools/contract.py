"""Holds what we ask GitHub, and what our fake GitHub answers, against GitHub's own description of its API (`make contract`).

The description is the npm package `@octokit/openapi`, which GitHub publishes; it is fetched into `.contract/` once. Without
npm or network nothing is held, which is said, and no failure.

A scripted run against the fake (`tests/forges.py`) uses every call that the adapter makes. Of each call the path, the method,
the questions and the body must be known; of each answer every field must be known for its status and have a type that fits.

What is relaxed: fields that GitHub always sends may be missing in the fake's answers (a request alone has hundreds that nobody
here reads), `oneOf` is taken for `anyOf` (without those fields several fit), formats are not looked at, and what
`UNDESCRIBED` names may have any body. GraphQL has no OpenAPI.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from forges import GITHUB, Call, Fake  # noqa: E402
from holdfast.adapters.forge.forges import connect  # noqa: E402
from holdfast.adapters.forge.wire import Wire  # noqa: E402
from holdfast.domain.forge import MERGE, SQUASH, Address, Forge, Request  # noqa: E402
from holdfast.domain.problem import Unable  # noqa: E402

PACKAGE = "@octokit/openapi"
MEMBER = "package/generated/api.github.com.json"
FOLDER = ROOT / ".contract"
RULES = "/repos/{owner}/{repo}/rules/branches/{branch}"
UNDESCRIBED = {("", 401), (RULES, 404)}
"""Statuses that are not described: of any path, and of hosts of enterprises that know no rules."""


def main() -> int:
    """Fetch, run, compare; the number of differences is the exit status, at most 1."""
    described = description()
    if described is None:
        print(f"skipped: {PACKAGE} cannot be fetched (npm and network are needed)")
        return 0
    calls = record()
    contract = Contract(described)
    differences = list(dict.fromkeys(line for call in calls for line in contract.differences(call)))
    for line in differences:
        print(line)
    held = {(call.method, contract.template(call)[0], call.status) for call in calls if "graphql" not in call.path}
    print(
        f"{described['info']['title']} {described['info']['version']}: {len(calls)} calls, {len(held)} kinds of them, ",
        end="",
    )
    print(f"{len(differences)} differences")
    return 1 if differences else 0


def description() -> dict[str, Any] | None:
    """GitHub's description of its API, None where it cannot be had."""
    FOLDER.mkdir(exist_ok=True)
    kept = FOLDER / "api.github.com.json"
    if not kept.exists() and not fetch(kept):
        return None
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def fetch(target: Path) -> bool:
    """Put the description at `target`; False where npm is absent or has no access."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        try:
            command = [npm, "pack", "--silent", PACKAGE]
            subprocess.run(command, cwd=folder, check=True, timeout=300, capture_output=True)
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                member = archive.extractfile(MEMBER)
                assert member is not None
                target.write_bytes(member.read())
        except (subprocess.SubprocessError, OSError, StopIteration, KeyError, tarfile.TarError):
            return False
    return True


# The run


def record() -> list[Call]:
    """Every call of the adapter against the fake, with what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        bare = repository(Path(folder))
        with Fake(GITHUB, bare) as fake:
            forge = connect(Address(GITHUB, fake.url, fake.repository), fake.token, Wire(10))
            reads(fake, forge)
            writes(fake, forge)
            refusals(fake, forge)
            return fake.log


def repository(folder: Path) -> Path:
    """A bare repository with `main` and three branches that can be merged."""
    bare = folder / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    fake = Fake(GITHUB, bare)

    def commit(content: str, *parents: str) -> str:
        blob = fake.git("hash-object", "-w", "--stdin", data=content)[1]
        tree = fake.git("mktree", data=f"100644 blob {blob}\t{content}\n")[1]
        return fake.git("commit-tree", tree, *(word for one in parents for word in ("-p", one)), data=content)[1]

    base = commit("base")
    for name, oid in {"main": base, **{name: commit(name, base) for name in ("one", "two", "three")}}.items():
        fake.git("update-ref", f"refs/heads/{name}", oid)
    return bare


def reads(fake: Fake, forge: Forge) -> None:
    """All that is read, under all that can be configured."""
    fake.request("one", title="One", body="Text")
    fake.request("one", fork="eve/project", head=fake.tip("two"))
    fake.reviews[1] = [("bob", "changes"), ("cid", "approved"), ("eve", "comment"), ("dan", "dismissed")]
    for name, word in (("tests", "success"), ("lint", "failure"), ("docs", "pending"), ("slow", "neutral")):
        fake.report("one", name, word)
    fake.required, fake.approvals, fake.page = ["tests", "more"], 1, 2
    for settings in ({}, {"rulesets": False, "protected": True}, {"admin": True}, {"statuses": True}, {"queue": True}):
        for name, value in settings.items():
            setattr(fake, name, value)
        fake.linear = fake.discussions = fake.strict = fake.signatures = bool(settings)
        request = known(forge, 1)
        forge.gates(request)
    fake.rulesets = True
    forge.gates(known(forge, 1))
    fake.mergeable_null = 1
    fake.requests[1].auto_merge = True
    forge.by_branch("one")
    forge.based_on("main")
    assert forge.by_number(99) is None
    fake.requests.pop(2)
    fake.reviews.clear()
    fake.required, fake.approvals, fake.page = [], 0, 100
    fake.linear = fake.discussions = fake.strict = fake.signatures = fake.queue = fake.statuses = False


def writes(fake: Fake, forge: Forge) -> None:
    """All that is made and changed."""
    fake.requests[1].auto_merge = False
    assert forge.merge(known(forge, 1), SQUASH, "One", "Because").meaning == "done"
    made = forge.make("two", "main", "Two", "Text")
    assert forge.merge(forge.change(made, "New", "Text"), MERGE, "Two", "").meaning == "done"
    known(forge, made.number)


def refusals(fake: Fake, forge: Forge) -> None:
    """All that is refused."""
    made = forge.make("three", "main", "Three", "")
    forge.merge(made._replace(head="0" * 40), SQUASH, "x", "")
    fake.queue = True
    forge.merge(made, SQUASH, "x", "")
    fake.queue = False
    for rights in ("read", "none"):
        fake.rights = rights
        forge.merge(made, SQUASH, "x", "")
    fake.rights = "write"
    for token in (None, "wrong-token-wrong-token"):
        failing(connect(forge.address, token, Wire(10)))
    try:
        forge.make("three", "main", "Three", "")
    except Unable:
        return
    raise AssertionError("two requests of one branch")


def failing(forge: Forge) -> None:
    try:
        forge.by_number(1)
    except Unable:
        return
    raise AssertionError("read without a token")


def known(forge: Forge, number: int) -> Request:
    found = forge.by_number(number)
    assert found is not None
    return found


# The comparison


class Contract:
    """An OpenAPI description, asked whether calls fit."""

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described
        self._answers = strict_all(described["components"]["schemas"], relaxed=True)
        self._bodies = strict_all(described["components"]["schemas"], relaxed=False)

    def template(self, call: Call) -> tuple[str, dict[str, Any]]:
        """The path of the description that a call's path fits best, and what is said of it; empty for none."""
        fitting = [
            path
            for path in self._described["paths"]
            if re.fullmatch(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path)), call.path)
        ]
        best = min(fitting, key=lambda path: path.count("{"), default="")
        return best, self._described["paths"].get(best, {})

    def differences(self, call: Call) -> Iterator[str]:
        """What of a call or its answer is not as described, in words."""
        if call.path == "/graphql":
            return
        path, item = self.template(call)
        operation = item.get(call.method.lower())
        where = f"{call.method} {path or call.path}"
        if operation is None:
            yield f"{where}: GitHub has no such call"
            return
        yield from self._questions(where, call, [*item.get("parameters", []), *operation.get("parameters", [])])
        if call.body is not None:
            asked = self._followed(operation.get("requestBody", {})).get("content", {}).get("application/json", {})
            yield from self._misfits(
                f"{where} body", call.body, asked.get("schema", False), self._bodies, relaxed=False
            )
        answers = operation["responses"]
        if str(call.status) in answers:
            told = self._followed(answers[str(call.status)]).get("content", {}).get("application/json", {})
            schema = told.get("schema", False)
            yield from self._misfits(f"{where} {call.status}", call.answer, schema, self._answers, relaxed=True)
        elif not {("", call.status), (path, call.status)} & UNDESCRIBED:
            yield f"{where}: {call.status} is not among {', '.join(answers)}"

    def _questions(self, where: str, call: Call, parameters: list[dict[str, Any]]) -> Iterator[str]:
        known = {one["name"]: one for one in map(self._followed, parameters) if one["in"] == "query"}
        for name, value in call.query.items():
            if name not in known:
                yield f"{where}: no question {name!r}"
                continue
            kind = known[name]["schema"].get("type")
            typed = int(value) if kind == "integer" and value.isdigit() else value
            yield from self._misfits(f"{where} ?{name}", typed, known[name]["schema"], self._bodies, relaxed=False)

    def _misfits(self, where: str, value: Any, schema: Any, root: dict[str, Any], *, relaxed: bool) -> Iterator[str]:
        whole = {**root, "allOf": [strict(schema, relaxed=relaxed)]}
        for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
            deep = max(leaves(error), key=lambda one: len(one.absolute_path), default=error)
            yield f"{where} at {'/'.join(map(str, deep.absolute_path)) or 'top'}: {deep.message[:200]}"

    def _followed(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self._described
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            value = found
        return value


def leaves(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """The errors below one that is about alternatives."""
    if not error.context:
        yield error
    for one in error.context or ():
        yield from leaves(one)


def strict_all(schemas: dict[str, Any], *, relaxed: bool) -> dict[str, Any]:
    """All of them where references look for them: each strict, and each as a part of a whole that has more fields."""
    made = {name: strict(one, relaxed=relaxed) for name, one in schemas.items()}
    return {"components": {"schemas": made, "parts": {name: part(one) for name, one in made.items()}}}


def strict(schema: Any, *, relaxed: bool) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema that knows no fields but its own; `relaxed` lets those be missing."""
    if isinstance(schema, list):
        return [strict(one, relaxed=relaxed) for one in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"nullable", "example", "examples", "description", "format", *(("required",) if relaxed else ())}
    found = {
        key: {name: strict(one, relaxed=relaxed) for name, one in value.items()} if key == "properties" else
        strict(value, relaxed=relaxed)
        for key, value in schema.items() if key not in dropped
    }  # fmt: skip
    if "oneOf" in found and relaxed:
        found["anyOf"] = found.pop("oneOf")
    if "properties" in found and "additionalProperties" not in found and not {"allOf", "anyOf", "oneOf"} & found.keys():
        found["additionalProperties"] = False
    if "allOf" in found:
        found = {**found, "allOf": [part(one) for one in found["allOf"]], "unevaluatedProperties": False}
    return {"anyOf": [{"type": "null"}, found]} if schema.get("nullable") else found


def part(schema: Any) -> Any:
    """A strict schema as a part of a whole: the other parts have fields of their own."""
    if "$ref" in schema:
        return {**schema, "$ref": schema["$ref"].replace("/schemas/", "/parts/")}
    return {key: value for key, value in schema.items() if key not in ("additionalProperties", "unevaluatedProperties")}


if __name__ == "__main__":
    sys.exit(main())
