"""AWS adapters of accounts."""
