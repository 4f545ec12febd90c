"""Coding agents: their hooks are written and proven, their calls judged, their sessions known."""
