"""Services of the registry of accounts."""
