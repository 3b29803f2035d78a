"""Pure rules and values of explain."""
