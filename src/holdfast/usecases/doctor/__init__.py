"""`doctor`: everything that should hold against what is, and the repairs that are safe."""
