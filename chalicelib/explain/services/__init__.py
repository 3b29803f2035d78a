"""Use cases of explain."""
