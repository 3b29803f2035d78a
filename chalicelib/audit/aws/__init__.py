"""AWS adapters of audit."""
