"""The guide: what it says, whether it stands in a repository as it should, and the commands that put it there."""
