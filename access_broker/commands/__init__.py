"""The commands, one module per thing they are about."""
