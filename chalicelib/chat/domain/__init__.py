"""Pure rules and values of chat."""
