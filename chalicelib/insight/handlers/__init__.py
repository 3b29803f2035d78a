"""HTTP of insight."""
