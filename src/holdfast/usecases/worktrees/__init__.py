"""Worktrees: who is inside, what is in them; into the trash, and back."""
