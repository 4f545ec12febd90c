"""What keeps a CI run from putting the plan index right: code, meaning, consequence, way out, who takes it."""

from __future__ import annotations

from holdfast.domain.problem import ERROR, HUMAN, WARNING
from holdfast.domain.rules.catalogue import Rule

CI_RULES: tuple[Rule, ...] = (
    Rule(
        "ci-push-declined",
        ERROR,
        "The remote did not take the plan index that a CI run computed.",
        "The branch keeps a plan index that does not tell what its plans say.",
        "Let the run push: `permissions: contents: write` and a way past protection on GitHub, a token that may push on GitLab.",
        HUMAN,
    ),
    Rule(
        "ci-not-ours",
        WARNING,
        "The plan index is not as its plans make it, on a branch that this CI run cannot push to.",
        "The branch shows a plan index that is behind its plans until it is merged.",
        "Nothing, where the run on the main branch mends it; else `holdfast index --write` on the branch, and commit it.",
    ),
)
