"""AWS adapters of provisioning."""
