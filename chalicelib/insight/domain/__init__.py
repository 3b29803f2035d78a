"""Pure rules and values of insight."""
