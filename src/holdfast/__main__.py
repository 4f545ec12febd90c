"""`python -m holdfast` is the `holdfast` command."""

from holdfast.entrypoints.cli import entry

if __name__ == "__main__":
    entry()
