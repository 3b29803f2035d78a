"""Use cases of cleanup."""
