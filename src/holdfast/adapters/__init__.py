"""The only rooms that touch the world; they decide nothing."""
