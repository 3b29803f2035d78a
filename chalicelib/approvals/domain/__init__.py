"""Pure rules and values of approvals."""
