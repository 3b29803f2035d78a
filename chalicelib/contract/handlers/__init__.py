"""Entry points of contract: HTTP views and Lambda functions."""
