"""AWS adapters of core."""
