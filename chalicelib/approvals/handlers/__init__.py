"""Entry points of approvals: HTTP views and Lambda functions."""
