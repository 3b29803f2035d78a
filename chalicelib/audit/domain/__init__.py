"""Pure rules and values of audit."""
