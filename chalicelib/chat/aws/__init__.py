"""AWS adapters of chat."""
