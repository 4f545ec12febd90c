"""`migrate`: from hand-kept files and older scripts to Holdfast, one step at a time; each step is a room of its own."""
