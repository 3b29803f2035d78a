"""Services of insight."""
