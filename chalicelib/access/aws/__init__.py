"""AWS adapters of access."""
