"""Pure rules and values of cleanup."""
