"""Pure rules and values of sessions."""
