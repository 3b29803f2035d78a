"""Pure rules of the registry of accounts."""
