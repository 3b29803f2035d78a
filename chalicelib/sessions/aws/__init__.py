"""AWS adapters of sessions."""
