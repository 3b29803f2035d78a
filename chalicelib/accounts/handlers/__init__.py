"""HTTP handlers of accounts."""
