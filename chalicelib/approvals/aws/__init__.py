"""AWS adapters of approvals."""
