"""Observe, decide, act: the only place where domain and adapters meet."""
