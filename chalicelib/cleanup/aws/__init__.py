"""AWS adapters of cleanup."""
