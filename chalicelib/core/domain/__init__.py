"""Pure rules and values of core."""
