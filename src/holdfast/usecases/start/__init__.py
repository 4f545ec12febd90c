"""Start: observe, decide, then one step that only one worker can win, and a worktree to work in."""
