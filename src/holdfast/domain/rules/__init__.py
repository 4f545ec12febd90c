"""The rules over plans: one catalogue, and a check for each group of it."""
