"""Entry points of access: HTTP views and Lambda functions."""
