"""Pure rules and values of provisioning."""
