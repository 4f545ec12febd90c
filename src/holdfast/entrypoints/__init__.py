"""argv, stdin or a request in; text, JSON or an exit code out."""
