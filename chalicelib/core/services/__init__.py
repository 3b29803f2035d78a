"""Use cases of core."""
