"""Pure rules and values of access."""
