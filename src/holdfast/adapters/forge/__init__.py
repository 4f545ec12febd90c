"""Forges by their HTTP APIs: GitHub, GitLab, and Gitea with Forgejo."""

from __future__ import annotations
