"""AWS adapters of explain."""
