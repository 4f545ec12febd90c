"""One file for each command: its arguments, its use case, its output."""
