"""AWS adapters of insight."""
