"""Entry points of audit: HTTP views and Lambda functions."""
