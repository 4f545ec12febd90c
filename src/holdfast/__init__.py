"""Holdfast keeps the process around parallel work in one git repository true by construction."""

__version__ = "0.1.0"
