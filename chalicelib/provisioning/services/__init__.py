"""Use cases of provisioning."""
