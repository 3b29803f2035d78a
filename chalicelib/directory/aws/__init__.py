"""AWS adapters of the directory."""
